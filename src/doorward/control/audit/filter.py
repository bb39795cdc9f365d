"""The language that ``audit query``, ``tail``, ``export`` and ``/api/v1/events`` are asked in (docs/query.md).

Terms with spaces between them, all of which must fit: ``server=crm tool=get_*,search decision!=allow since=24h``.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from doorward.configtypes import Refused
from doorward.control.audit.fields import ALIASES, FIELDS, Field, Home
from doorward.control.audit.period import seconds
from doorward.control.audit.terms import Condition, Glob, Number, Term, Time, Words
from doorward.core.audit import timestamp

LONGEST = 4000
"""Characters of a filter."""

MOST_TERMS = 32
MOST_VALUES = 200

_SIGNS = ("!=", ">=", "<=", "=", ">", "<")
_HEAD = re.compile(r"([A-Za-z_]+)(!=|>=|<=|=|>|<)")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)


class FilterError(ValueError):
    """A filter that says nothing clear. ``position``: of the term, the first character being 1."""

    def __init__(self, term: str, position: int, problem: str) -> None:
        super().__init__(f"{term} (at {position}): {problem}" if term else problem)
        self.term = term
        self.position = position
        self.problem = problem


class Where(msgspec.Struct, frozen=True):
    """A filter as conditions on the index: on the shapes of records, and on the records themselves."""

    shape: Condition
    record: Condition


class Filter(msgspec.Struct, frozen=True):
    """A question, read. Without terms it fits every record."""

    terms: tuple[Term, ...] = ()

    def matches(self, record: Mapping[str, Any]) -> bool:
        return all(term.matches(record) for term in self.terms)

    def sql(self) -> Where:
        shape: list[Condition] = []
        rest: list[Condition] = []
        for term in self.terms:
            of_shape = term.field.home in (Home.SHAPE, Home.WORD)
            (shape if of_shape else rest).append(term.sql())
            coarse = term.coarse() if isinstance(term, Number) else None
            if coarse is not None:
                shape.append(coarse)
        return Where(_all(shape), _all(rest))

    def exact(self, name: str) -> tuple[str, ...] | None:
        """The values of a field that alone can fit, where a term says so."""
        found = [term.exact() for term in self.terms if isinstance(term, Words) and term.field.name == name]
        return next((values for values in found if values is not None), None)

    def asks_for(self, name: str) -> bool:
        return any(term.field.name == name for term in self.terms)

    @property
    def times(self) -> tuple[Time, ...]:
        return tuple(term for term in self.terms if isinstance(term, Time))


def _all(conditions: list[Condition]) -> Condition:
    text = " AND ".join(condition for condition, _ in conditions) or "1"
    return text, tuple(value for _, values in conditions for value in values)


def parse(text: str, now: float) -> Filter:
    """Read a filter; ``now`` is what ``since=24h`` counts from. Raises ``FilterError``."""
    if len(text) > LONGEST:
        raise FilterError("", 1, f"a filter has at most {LONGEST} characters, this has {len(text)}")
    terms = tuple(_term(written, position, now) for written, position in _cut(text))
    if len(terms) > MOST_TERMS:
        raise FilterError("", 1, f"a filter has at most {MOST_TERMS} terms, this has {len(terms)}")
    return Filter(terms)


def _cut(text: str) -> Iterator[tuple[str, int]]:
    """The terms as they are written, each with its position."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start, quoted = at, False
        while at < len(text) and (quoted or not text[at].isspace()):
            if text[at] == "\\" and quoted:
                at += 1
            elif text[at] == '"':
                quoted = not quoted
            at += 1
        if quoted:
            raise FilterError(text[start:at], start + 1, "the quotation is not closed")
        yield text[start:at], start + 1


def _term(written: str, position: int, now: float) -> Term:
    head = _HEAD.match(written)
    if head is None:
        quote = f'; a value with spaces is quoted: who="{written}"' if "=" not in written else ""
        raise FilterError(written, position, f"a term is FIELD=VALUE, or with {', '.join(_SIGNS)}{quote}")
    name, sign = head[1], head[2]
    field = FIELDS.get(ALIASES.get(name, name))
    if field is None:
        raise FilterError(written, position, f"there is no field {name}; {_nearest(name, tuple(FIELDS))}")
    values = _values(written[head.end() :])
    try:
        return _made(field, sign, values, now)
    except ValueError as problem:
        raise FilterError(written, position, str(problem)) from None


def _made(field: Field, sign: str, values: list["_Value"], now: float) -> Term:
    """Raises ``ValueError`` with what is wrong."""
    if len(values) > MOST_VALUES:
        raise ValueError(f"a term has at most {MOST_VALUES} values")
    if sign not in ("=", "!=") and len(values) > 1:
        raise ValueError(f"{sign} takes one value; a comma within a value is quoted")
    if field.home is Home.TIME:
        return _time(field, sign, values, now)
    if field.home is Home.NUMBER:
        return _number(field, sign, values)
    if any(not value.text and not value.quoted for value in values):
        raise ValueError(f'a value is missing; what is empty is {field.name}=""')
    if sign not in ("=", "!="):
        values, sign = _compared(field, sign, values[0]), "="
    for value in values:
        if field.known and value.text and value.glob is None and value.text not in field.known:
            raise ValueError(f"{field.name} is never {value.text}; {_nearest(value.text, field.known)}")
    exact = tuple(dict.fromkeys(value.text for value in values if value.glob is None))
    globs = tuple(dict.fromkeys(value.glob for value in values if value.glob is not None))
    return Words(field, exact, globs, sign == "!=")


def _compared(field: Field, sign: str, value: "_Value") -> list["_Value"]:
    """``severity>=high`` as the values that it means."""
    if not field.ordered:
        raise ValueError(f"{field.name} is text: it takes = and !=")
    if value.text not in field.known:
        raise ValueError(f"{field.name} is never {value.text}; {_nearest(value.text, field.known)}")
    at = field.known.index(value.text)
    meant = {">": field.known[at + 1 :], ">=": field.known[at:], "<": field.known[:at], "<=": field.known[: at + 1]}
    if not meant[sign]:
        raise ValueError(f"nothing is {sign} {value.text}")
    return [_Value(text, False, None) for text in meant[sign]]


def _number(field: Field, sign: str, values: list["_Value"]) -> Number:
    for value in values:
        if _NUMBER.fullmatch(value.text) is None:
            raise ValueError(f"{field.name} is a number, as {field.name}{sign}5")
    return Number(field, sign, tuple(float(value.text) for value in values))


def _time(field: Field, sign: str, values: list["_Value"], now: float) -> Time:
    if sign != "=" or len(values) != 1:
        raise ValueError(f"it is {field.name}=24h or {field.name}=2026-11-01T13:00Z, with one value")
    try:
        milliseconds = round(seconds(values[0].text, now) * 1000)
    except Refused as refused:
        raise ValueError(f"{refused}: {refused.remedy}") from None
    return Time(field, timestamp((milliseconds + 0.5) / 1000), milliseconds)


class _Value(msgspec.Struct, frozen=True):
    """One of the values of a term. ``glob``: it has a ``*`` that was not quoted."""

    text: str
    quoted: bool
    glob: Glob | None


def _values(written: str) -> list[_Value]:
    """Cut at commas; within quotes nothing is special but the backslash before a quote or a backslash."""
    values: list[_Value] = []
    parts: list[str] = []
    text, quoted, any_quoted, at = "", False, False, 0
    while at < len(written):
        mark = written[at]
        if quoted and mark == "\\" and written[at + 1 : at + 2] in ('"', "\\"):
            at += 1
            text += written[at]
        elif mark == '"':
            quoted, any_quoted = not quoted, True
        elif mark == "," and not quoted:
            values.append(_value([*parts, text], any_quoted))
            parts, text, any_quoted = [], "", False
        elif mark == "*" and not quoted:
            parts.append(text)
            text = ""
        else:
            text += mark
        at += 1
    return [*values, _value([*parts, text], any_quoted)]


def _value(parts: list[str], quoted: bool) -> _Value:
    return _Value("*".join(parts), quoted, Glob(tuple(parts)) if len(parts) > 1 else None)


def _nearest(text: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(text, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
