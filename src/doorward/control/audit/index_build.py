"""Fills the index with what the journals have got since the last time."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Annotated, Any

import msgspec

from doorward.control.audit.index_schema import IDS, INDEXES, NAMES, NUMBERS, SHAPE, WORDS
from doorward.control.audit.read import Chunk, chunks, segment_file, segments, writers
from doorward.control.audit.terms import ROUGH, decade, packed, some
from doorward.core.audit import milliseconds as milliseconds

BATCH = 20_000
"""Records of one transaction."""

_MOST_KEPT = 200_000
"""Shapes, and names, remembered while building."""

Told = Callable[[int, int], None]
"""Gets bytes done, and bytes in all."""

_Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]


class Seen(msgspec.Struct, gc=False):
    """Of a record what the index needs. Anything that is not like this is no record."""

    timestamp: str
    seq: _Count
    kind: str
    phase: str = ""
    exchange_id: str = ""
    batch_id: str = ""
    trace_id: str = ""
    identity: str = ""
    client: str = ""
    groups: tuple[str, ...] = ()
    client_ip: str = ""
    grant_id: str = ""
    act: tuple[str, ...] = ()
    mcp_server: str = ""
    tool_name: str | None = None
    method: str | None = None
    transport: str = ""
    decision: str = ""
    reason: str = ""
    rules: tuple[str, ...] = ()
    mode: str = ""
    would_have: str | None = None
    severity: str = ""
    override: str | None = None
    sensitivity: str = ""
    facts: tuple[str, ...] = ()
    entities: dict[str, int] = {}
    redaction_count: _Count = 0
    uninspected: _Count = 0
    bytes_in: _Count = 0
    bytes_out: _Count = 0
    upstream_status: _Count | None = None
    latency_ms: float | None = None
    gateway_ms: float | None = None
    interim: _Count = 0


_decode = msgspec.json.Decoder(Seen).decode
_shape = attrgetter(*SHAPE)
_PLAIN_WORDS = tuple(name for name in WORDS if name != "entities")
_words = attrgetter(*_PLAIN_WORDS)
_ids = attrgetter(*IDS)
_names = attrgetter(*NAMES)
_numbers = attrgetter(*NUMBERS)

_Shape = tuple[
    tuple[str | None, ...], tuple[tuple[str, ...], ...], tuple[str, ...], int | None, int, int
]  # texts, words, entities; latency, redactions and uninspected messages roughly

_Intent = tuple[int, int, int, int]
"""ts, writer, seq, shape."""

_SHAPE_COLUMNS = (*SHAPE, *(f"rough_{name}" for name in ROUGH))
_INSERT_SHAPE = (
    f"INSERT INTO shape (count, key, {', '.join(_SHAPE_COLUMNS)}) "
    f"VALUES (0, ?, {', '.join('?' * len(_SHAPE_COLUMNS))}) ON CONFLICT DO NOTHING RETURNING id"
)
_COLUMNS = ("ts", "writer", "seq", "shape", "segment", "offset", "length", *IDS, *NAMES, *NUMBERS)
_EXCHANGE = _COLUMNS.index("exchange_id")
_INSERT = f"INSERT OR IGNORE INTO record ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


def fits(connection: sqlite3.Connection, directory: Path) -> bool:
    """Whether the journals still are what the index was made from: no writer is gone, none has become shorter."""
    for name, segment, offset in connection.execute("SELECT name, segment, offset FROM writer"):
        try:
            if segment_file(directory, name, segment).stat().st_size < offset:
                return False
        except OSError:
            if segment:
                return False
    return True


def fill(connection: sqlite3.Connection, directory: Path, told: Told | None = None) -> None:
    """Read on where the index ends. Each batch is one transaction: whoever asks in between sees whole batches."""
    places = {name: (segment, offset) for name, segment, offset in _places(connection)}
    found = writers(directory)
    whole = sum(_left(directory, name, *places.get(name, (0, 0))) for name in found)
    done = 0
    with _Filling(connection) as filling:
        for name in found:
            number = filling.writer(name)
            for chunk in chunks(directory, name, *places.get(name, (0, 0))):
                filling.take(number, chunk)
                filling.reached(number, chunk.place.segment, chunk.place.offset + len(chunk.data))
                done += len(chunk.data)
                if told is not None:
                    told(done, whole)
    connection.executescript(INDEXES)
    _close_late(connection)


def _places(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    return connection.execute("SELECT name, segment, offset FROM writer").fetchall()


def _left(directory: Path, writer: str, segment: int, offset: int) -> int:
    left = -offset
    for number in segments(directory, writer):
        if number >= segment:
            try:
                left += segment_file(directory, writer, number).stat().st_size
            except OSError:
                continue
    return max(left, 0)


class _Filling:
    """The batch that is being gathered, and what was seen before it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: list[list[Any]] = []
        self._shapes: dict[Any, int] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._reached: dict[int, tuple[int, int]] = {}
        self._opened: dict[str | bytes, list[list[Any]]] = {}  # intents of this batch without an outcome, as rows
        self._open: dict[str | bytes, list[_Intent]] = {}  # those of batches before
        for exchange, *row in connection.execute("SELECT exchange_id, ts, writer, seq, shape FROM open"):
            self._open.setdefault(exchange, []).append((row[0], row[1], row[2], row[3]))
        self._closed: list[tuple[str | bytes, _Intent]] = []

    def __enter__(self) -> "_Filling":
        self._connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def writer(self, name: str) -> int:
        self._connection.execute("INSERT OR IGNORE INTO writer (name, segment, offset) VALUES (?, 0, 0)", (name,))
        (number,) = self._connection.execute("SELECT id FROM writer WHERE name = ?", (name,)).fetchone()
        return int(number)

    def reached(self, writer: int, segment: int, offset: int) -> None:
        """All lines before this position were taken."""
        self._reached[writer] = (segment, offset)
        if len(self._rows) >= BATCH:
            self._flush()
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN IMMEDIATE")

    def take(self, writer: int, chunk: Chunk) -> None:
        segment, offset, row_of = chunk.place.segment, chunk.place.offset, self._row
        for raw in chunk.data.split(b"\n")[:-1]:
            try:
                seen = _decode(raw)
                row = row_of(seen, writer, segment, offset, len(raw))
            except ValueError:
                pass  # no record
            else:
                self._rows.append(row)
                if seen.kind == "exchange" and seen.exchange_id:
                    self._follow(seen, row)
            offset += len(raw) + 1

    def _row(self, seen: Seen, writer: int, segment: int, offset: int, length: int) -> list[Any]:
        """As ``_COLUMNS`` has it."""
        names = self._names
        return [
            milliseconds(seen.timestamp),
            writer,
            seen.seq,
            self._shape_of(seen),
            segment,
            offset,
            length,
            *map(_packed, _ids(seen)),
            *[names.get(name) or self._name(name) for name in zip(NAMES, _names(seen), strict=True)],
            *_numbers(seen),
        ]

    def _follow(self, seen: Seen, row: list[Any]) -> None:
        """Which intents have their outcome."""
        exchange = row[_EXCHANGE]
        if seen.phase == "intent":
            self._opened.setdefault(exchange, []).append(row)
        elif seen.phase == "outcome":
            self._close(exchange)

    def _close(self, exchange: str | bytes) -> None:
        """Its outcome is there: its intents are shown no more."""
        for row in self._opened.pop(exchange, ()):
            row[3] = -row[3]
        for intent in self._open.pop(exchange, ()):
            self._closed.append((exchange, intent))

    def _flush(self) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        many(_INSERT, self._rows)
        for exchange, rows in self._opened.items():
            for row in rows:
                execute("INSERT OR IGNORE INTO open VALUES (?, ?, ?, ?, ?)", (exchange, *row[:4]))
                self._open.setdefault(exchange, []).append((row[0], row[1], row[2], row[3]))
        shapes = Counter(map(itemgetter(3), self._rows))
        for exchange, intent in self._closed:
            hide(self._connection, exchange, intent)
        names: Counter[int] = Counter()
        for at, member in enumerate(_COLUMNS):
            if member in NAMES:
                names.update(map(itemgetter(at), self._rows))
        many(
            "UPDATE shape SET count = count + ? WHERE id = ?", [(count, abs(shape)) for shape, count in shapes.items()]
        )
        many("UPDATE name SET count = count + ? WHERE id = ?", [(count, number) for number, count in names.items()])
        many("UPDATE writer SET segment = ?, offset = ? WHERE id = ?", [(*p, i) for i, p in self._reached.items()])
        self._rows, self._closed = [], []
        self._opened.clear()
        self._reached.clear()
        for kept in (self._shapes, self._names):
            if len(kept) > _MOST_KEPT:
                kept.clear()

    def _shape_of(self, seen: Seen) -> int:
        latency = seen.latency_ms
        key = (
            _shape(seen),
            _words(seen),
            tuple(sorted(seen.entities)) if seen.entities else (),
            None if latency is None else decade(latency),
            some(seen.redaction_count),
            some(seen.uninspected),
        )
        return self._shapes.get(key) or self._shape(key)

    def _shape(self, key: _Shape) -> int:
        """The number of a shape that was not met in this filling."""
        execute = self._connection.execute
        digest = blake2b(msgspec.msgpack.encode(key), digest_size=16).digest()
        made = execute(_INSERT_SHAPE, (digest, *(text or "" for text in key[0]), *key[3:])).fetchone()
        if made is None:
            (number,) = execute("SELECT id FROM shape WHERE key = ?", (digest,)).fetchone()
        else:
            (number,) = made
            words = zip((*_PLAIN_WORDS, "entities"), (*key[1], key[2]), strict=True)
            rows = [(member, word, number) for member, several in words for word in several]
            if rows:
                self._connection.executemany("INSERT OR IGNORE INTO word VALUES (?, ?, ?)", rows)
        self._shapes[key] = number
        return int(number)

    def _name(self, name: tuple[str, str]) -> int:
        execute = self._connection.execute
        execute("INSERT OR IGNORE INTO name (member, text, count) VALUES (?, ?, 0)", name)
        (number,) = execute("SELECT id FROM name WHERE member = ? AND text = ?", name).fetchone()
        self._names[name] = number
        return int(number)


def hide(connection: sqlite3.Connection, exchange: str | bytes, intent: _Intent) -> None:
    """Its outcome is there, so an intent that was shown as open is shown no more."""
    ts, writer, seq, shape = intent
    place = (ts, writer, seq)
    connection.execute("UPDATE record SET shape = ? WHERE ts = ? AND writer = ? AND seq = ?", (-shape, *place))
    connection.execute(
        "DELETE FROM open WHERE exchange_id = ? AND ts = ? AND writer = ? AND seq = ?", (exchange, *place)
    )


def _close_late(connection: sqlite3.Connection) -> None:
    """Intents whose outcome was read before them: it stands with another writer, which closed them."""
    outcome = (
        "SELECT 1 FROM record JOIN shape ON shape.id = record.shape WHERE exchange_id = ? "
        "AND kind = 'exchange' AND phase = 'outcome' LIMIT 1"
    )
    still = connection.execute("SELECT exchange_id, ts, writer, seq, shape FROM open").fetchall()
    for exchange, *rest in still:
        if connection.execute(outcome, (exchange,)).fetchone() is None:
            continue
        connection.execute("BEGIN IMMEDIATE")
        hide(connection, exchange, (rest[0], rest[1], rest[2], rest[3]))
        connection.execute("COMMIT")


def _packed(text: str) -> str | bytes | None:
    return packed(text) if text else None
