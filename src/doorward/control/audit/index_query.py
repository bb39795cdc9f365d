"""How a question is put to the index.

The shapes that fit are few and known with their counts, so it is known beforehand what each way costs: the rows of an
id, the newest rows of each fitting shape (or grant, or address) side by side, or all rows by time until there are
enough.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from doorward.control.audit.filter import Filter
from doorward.control.audit.index_schema import IDS, NAMES
from doorward.control.audit.terms import Condition, packed

MERGED = 500
"""Shapes, or names, that are read side by side."""

SORTED = 500_000
"""Records that are sorted for one question, where there are more shapes than that."""

Row = tuple[int, int, int, int, int, int]
"""ts, writer, seq, segment, offset, length."""

Key = tuple[int, str, int]
"""Milliseconds, writer, sequence: where a page ends. Within a millisecond writers are in the index's own order."""

_FIELD_OF = {
    "exchange_id": "exchange",
    "batch_id": "batch",
    "trace_id": "trace",
    "grant_id": "grant",
    "client_ip": "ip",
}


def rows(
    connection: sqlite3.Connection, asked: Filter, limit: int, edge: Key | None, *, all_records: bool, newest: bool
) -> list[Row]:
    """The first ``limit`` that fit, beyond ``edge``; the newest first, or the oldest."""
    where = asked.sql()
    shape = _Shapes(where.shape, all_records)
    query = _Query(connection, _and(where.record, _beyond(connection, edge, newest)), limit, newest)
    for member in IDS:
        named = asked.exact(_FIELD_OF[member])
        if named is not None:
            wanted = (f"{member} IN ({_marks(named)})", tuple(map(packed, named)))
            return query.select(_and(wanted, shape.fitting("+")), member)
    return min((_by_shape(query, shape), *_by_names(query, asked, shape)), key=lambda way: way[0])[1]()


class _Shapes:
    """Those that fit; records of theirs, and with ``hidden`` intents whose outcome is there."""

    def __init__(self, condition: Condition, hidden: bool) -> None:
        self.condition = condition
        self._hidden = hidden
        self.all = condition[0] == "1"

    def keys(self, connection: sqlite3.Connection) -> list[int]:
        """As records have them."""
        text, values = self.condition
        found = [key for (key,) in connection.execute(f"SELECT id FROM shape WHERE {text}", values)]
        return [*found, *(-key for key in found)] if self._hidden else found

    def fitting(self, unused: str = "") -> Condition:
        """The same of a record. ``unused``: "+" keeps SQLite from going by the shape."""
        text, values = self.condition
        if self.all:
            return ("1", ()) if self._hidden else (f"{unused}shape > 0", ())
        if not self._hidden:
            return f"{unused}shape IN (SELECT id FROM shape WHERE {text})", values
        both = f"SELECT id FROM shape WHERE {text} UNION ALL SELECT -id FROM shape WHERE {text}"
        return f"{unused}shape IN ({both})", (*values, *values)


Way = tuple[float, Callable[[], list[Row]]]
"""How many rows may have to be looked at, and how it is done."""


def _by_shape(query: "_Query", shape: _Shapes) -> Way:
    text, values = shape.condition
    many, total = query.connection.execute(f"SELECT COUNT(*), TOTAL(count) FROM shape WHERE {text}", values).fetchone()
    if many <= MERGED:
        return total, lambda: query.merged("shape", shape.keys(query.connection), ("1", ()))
    if total <= SORTED and not shape.all:
        return total, lambda: query.select(shape.fitting(), "shape")
    return total, lambda: query.select(shape.fitting("+"), None)


def _by_names(query: "_Query", asked: Filter, shape: _Shapes) -> Iterator[Way]:
    for member in NAMES:
        named = asked.exact(_FIELD_OF[member])
        if named is not None:
            posted = query.connection.execute(
                f"SELECT id, count FROM name WHERE member = ? AND text IN ({_marks(named)})", (member, *named)
            ).fetchall()
            yield sum(count for _, count in posted), _merging(query, member, [key for key, _ in posted], shape)


def _merging(query: "_Query", member: str, keys: list[int], shape: _Shapes) -> Callable[[], list[Row]]:
    return lambda: query.merged(member, keys, shape.fitting("+"))


class _Query:
    """What all ways of asking share: conditions on the records, their order, how many are wanted."""

    def __init__(self, connection: sqlite3.Connection, record: Condition, limit: int, newest: bool) -> None:
        self.connection = connection
        self._record = record
        self._limit = limit
        self._newest = newest
        self._indexes = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}

    def select(self, wanted: Condition, index: str | None) -> list[Row]:
        """By one index, or None: by time."""
        return self._run(wanted, index).fetchall()

    def merged(self, column: str, keys: Sequence[int], wanted: Condition) -> list[Row]:
        """Each key's rows are in order already; read no further than needed."""
        each = [self._run(_and((f"{column} = ?", (key,)), wanted), column) for key in keys]
        merged = heapq.merge(*each, key=lambda row: row[:3], reverse=self._newest)
        return [row for row, _ in zip(merged, range(self._limit), strict=False)]

    def _run(self, wanted: Condition, index: str | None) -> sqlite3.Cursor:
        # Before the first filling has ended there are no indexes.
        by = (
            "NOT INDEXED"
            if index is None
            else f"INDEXED BY record_{index}"
            if f"record_{index}" in self._indexes
            else ""
        )
        text, values = _and(wanted, self._record)
        way = "DESC" if self._newest else "ASC"
        return self.connection.execute(
            f"SELECT ts, writer, seq, segment, offset, length FROM record {by} WHERE {text} "
            f"ORDER BY ts {way}, writer {way}, seq {way} LIMIT ?",
            (*values, self._limit),
        )


def _beyond(connection: sqlite3.Connection, edge: Key | None, newest: bool) -> Condition:
    if edge is None:
        return "1", ()
    ts, name, seq = edge
    found = connection.execute("SELECT id FROM writer WHERE name = ?", (name,)).fetchone()
    writer = found[0] if found is not None else (1 << 62 if newest else -1)
    way, sign = ("<=", "<") if newest else (">=", ">")
    return f"ts {way} ? AND (ts, writer, seq) {sign} (?, ?, ?)", (ts, ts, writer, seq)


def _and(first: Condition, second: Condition) -> Condition:
    if first[0] == "1":
        return second
    if second[0] == "1":
        return first
    return f"{first[0]} AND {second[0]}", (*first[1], *second[1])


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
