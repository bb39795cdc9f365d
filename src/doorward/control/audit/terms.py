"""The terms of a filter: each says of a record whether it fits, and the same as SQL for the index.

Both must agree (``tests/property/test_audit_filter.py``). Nothing in a record makes them raise.
"""

import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from math import inf, nextafter
from typing import Any

import msgspec

from doorward.control.audit.fields import Field, Home

Condition = tuple[str, tuple[Any, ...]]
"""SQL with ``?``, and what stands for them."""

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Glob(msgspec.Struct, frozen=True):
    """A value with ``*`` in it, cut there. It fits no empty text: ``*`` alone says that there is something."""

    parts: tuple[str, ...]

    def fits(self, text: str) -> bool:
        """Linear in ``text``: each part is taken where it first occurs."""
        first, *between, last = self.parts
        if not text or len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for part in between:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    @property
    def sql(self) -> str:
        """For SQLite's GLOB, whose other special characters are made plain."""
        return "*".join(re.sub(r"[\[?*]", r"[\g<0>]", part) for part in self.parts)


class Words(msgspec.Struct, frozen=True):
    """``field=a,b*`` and ``field!=…`` over text."""

    field: Field
    values: tuple[str, ...]
    globs: tuple[Glob, ...]
    negated: bool

    def matches(self, record: Mapping[str, Any]) -> bool:
        return any(map(self._fits, _texts(record, self.field.members))) is not self.negated

    def _fits(self, text: str) -> bool:
        return text in self.values or any(glob.fits(text) for glob in self.globs)

    def sql(self) -> Condition:
        home = self.field.home
        if home is Home.WORD:
            inner, parameters = self._fitting("word")
            member = self.field.members[0]
            inner = f"id IN (SELECT shape FROM word WHERE member = '{member}' AND ({inner}))"
        elif home is Home.ID:
            inner, parameters = self._fitting_id(self.field.members[0])
        elif home is Home.NAME:
            inner, parameters = self._fitting("text")
            inner = f"{self.field.members[0]} IN (SELECT id FROM name WHERE {inner})"
        elif home is Home.WRITER:
            inner, parameters = self._fitting("name")
            inner = f"writer IN (SELECT id FROM writer WHERE {inner})"
        else:
            each = [self._fitting(member) for member in self.field.members]
            inner = " OR ".join(condition for condition, _ in each)
            parameters = tuple(value for _, values in each for value in values)
        return (f"NOT ({inner})" if self.negated else f"({inner})"), parameters

    def exact(self) -> tuple[str, ...] | None:
        """The values, where nothing but these can fit."""
        return self.values if not (self.negated or self.globs or "" in self.values) else None

    def _fitting(self, column: str) -> Condition:
        conditions = [f"{column} IN ({', '.join('?' * len(self.values))})"] if self.values else []
        conditions += [f"({column} <> '' AND {column} GLOB ?)"] * len(self.globs)
        return " OR ".join(conditions), (*self.values, *(glob.sql for glob in self.globs))

    def _fitting_id(self, column: str) -> Condition:
        """Without a value the column is NULL, and ``packed`` what is hexadecimal."""
        there = [packed(value) for value in self.values if value]
        conditions = [f"{column} IS NULL"] if len(there) < len(self.values) else []
        if there:
            conditions.append(f"({column} IS NOT NULL AND {column} IN ({', '.join('?' * len(there))}))")
        shown = f"CASE typeof({column}) WHEN 'blob' THEN lower(hex({column})) ELSE {column} END"
        conditions += [f"({column} IS NOT NULL AND {shown} GLOB ?)"] * len(self.globs)
        return " OR ".join(conditions), (*there, *(glob.sql for glob in self.globs))


class Number(msgspec.Struct, frozen=True):
    """``field=1,2``, ``field!=…``, ``field>5`` and the like. What is not there only fits ``!=``."""

    field: Field
    sign: str
    values: tuple[float, ...]

    def matches(self, record: Mapping[str, Any]) -> bool:
        value = record.get(self.field.members[0])
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return self.sign == "!="
        if self.sign in _COMPARED:
            return _COMPARED[self.sign](value, self.values[0])
        return (value in self.values) is not (self.sign == "!=")

    def sql(self) -> Condition:
        column = self.field.members[0]
        marks = ", ".join("?" * len(self.values))
        if self.sign == "=":
            return f"({column} IS NOT NULL AND {column} IN ({marks}))", self.values
        if self.sign == "!=":
            return f"({column} IS NULL OR {column} NOT IN ({marks}))", self.values
        return f"({column} IS NOT NULL AND {column} {self.sign} ?)", self.values

    def coarse(self) -> Condition | None:
        """What must hold of the shape, which knows a few numbers roughly, for this to hold of a record."""
        rough = ROUGH.get(self.field.members[0])
        if rough is None or self.sign == "!=":
            return None
        column = f"rough_{self.field.members[0]}"
        if self.sign == "=":
            values = tuple(map(rough, self.values))
            return f"{column} IN ({', '.join('?' * len(values))})", values
        nearest = {">": nextafter(self.values[0], inf), "<": nextafter(self.values[0], -inf)}
        return f"{column} {self.sign[0]}= ?", (rough(nearest.get(self.sign, self.values[0])),)


class Time(msgspec.Struct, frozen=True):
    """``since=``: from then on; ``until=``: before then. ``moment`` as records have it, and in milliseconds."""

    field: Field
    moment: str
    milliseconds: int

    def matches(self, record: Mapping[str, Any]) -> bool:
        value = record.get("timestamp")
        return isinstance(value, str) and self.fits(value)

    def fits(self, timestamp: str) -> bool:
        return timestamp >= self.moment if self.field.name == "since" else timestamp < self.moment

    def sql(self) -> Condition:
        return f"ts {'>=' if self.field.name == 'since' else '<'} ?", (self.milliseconds,)


Term = Words | Number | Time


def packed(text: str) -> str | bytes:
    """An id as the index has it: half as long where it is 32 hexadecimal digits."""
    if len(text) == 32 and text.isascii():
        try:
            made = bytes.fromhex(text)
        except ValueError:
            return text
        if made.hex() == text:
            return made
    return text


def _texts(record: Mapping[str, Any], members: tuple[str, ...]) -> Iterator[str]:
    for member in members:
        value = record.get(member)
        if isinstance(value, str):
            yield value
        elif value is None:
            yield ""
        elif isinstance(value, (list, tuple, dict)):
            yield from (each for each in value if isinstance(each, str))


def decade(value: float) -> int:
    """How large a number is, roughly."""
    return bisect_right(_DECADES, value)


def some(value: float) -> int:
    """Whether there is any."""
    return 1 if value > 0 else 0


_DECADES = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)

ROUGH: Mapping[str, Callable[[float], int]] = {"latency_ms": decade, "redaction_count": some, "uninspected": some}
"""Numbers that a shape knows roughly; each function never falls where its argument rises."""
