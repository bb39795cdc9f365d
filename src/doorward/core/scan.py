"""Offsets in JSON text: where members, elements and values begin and end. Nothing here decodes a value.

The text is valid JSON when a splice walks it. The reader also looks for an id in text that it refused, so every step
stops with ValueError instead of running astray. Each byte is looked at once: the possessive quantifiers keep the
patterns linear, and without a backtracking stack, on hostile text.
"""

import re
from collections.abc import Callable

import msgspec

_SPACE = rb"[ \t\n\r]*+"
_QUOTED = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PLAIN = rb'[^"\[\]{}]*+'

_LEADING = re.compile(_SPACE)
_MEMBER = re.compile(_SPACE + rb"(" + _QUOTED + rb")" + _SPACE + rb":" + _SPACE, re.DOTALL)
_STRING = re.compile(_QUOTED, re.DOTALL)
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]++")
_BRACKET = re.compile(_PLAIN + rb"(?:" + _QUOTED + _PLAIN + rb")*+[\[\]{}]", re.DOTALL)
_AFTER = re.compile(_SPACE + rb"([,\]}])" + _SPACE)


def holds(raw: bytes, short: bytes) -> bool:
    """`short in raw`, for a long text that hardly ever does. From its end CPython skips what cannot match; from its
    start, with few bytes to look for, it looks at every place, and takes three times as long.
    """
    return raw.rfind(short) >= 0


def holds_escapes(raw: bytes) -> bool:
    """Whether `\\u` stands in it: a letter could be spelt in another way."""
    return b"\\" in raw and holds(raw, b"\\u")


def start(raw: bytes, position: int = 0) -> int:
    """The offset of the first byte at or after `position` that is no whitespace."""
    found = _LEADING.match(raw, position)
    return found.end() if found else position


def is_object(raw: bytes, position: int) -> bool:
    """Whether the value at `position` is an object."""
    return raw[position : position + 1] == b"{"


def is_array(raw: bytes, position: int) -> bool:
    """Whether the value at `position` is an array."""
    return raw[position : position + 1] == b"["


def skip(raw: bytes, position: int) -> int:
    """The offset behind the value that starts at `position`."""
    if is_object(raw, position) or is_array(raw, position):
        return _skip_container(raw, position)
    found = (_STRING if raw[position : position + 1] == b'"' else _SCALAR).match(raw, position)
    if found is None:
        raise ValueError("no JSON value at this offset")
    return found.end()


def _skip_container(raw: bytes, position: int) -> int:
    level = 0
    while found := _BRACKET.match(raw, position):
        position = found.end()
        level += 1 if raw[position - 1] in b"{[" else -1
        if level == 0:
            return position
    raise ValueError("an object or array without an end")


def each_member(raw: bytes, position: int, visit: Callable[[int, int, int], int]) -> int:
    """Walk the object at `position`; return the offset behind it.

    `visit` gets the offsets of the quoted name (from, to) and of the value, and returns the offset behind the value.
    """
    position = start(raw, position + 1)
    if raw[position : position + 1] == b"}":
        return position + 1
    while True:
        member = _MEMBER.match(raw, position)
        if member is None:
            raise ValueError("no member at this offset")
        position, more = _after(raw, visit(member.start(1), member.end(1), member.end()))
        if not more:
            return position


def each_element(raw: bytes, position: int, visit: Callable[[int, int], int]) -> int:
    """Walk the array at `position`; return the offset behind it.

    `visit` gets the index and the offset of the element, and returns the offset behind the element.
    """
    position = start(raw, position + 1)
    if raw[position : position + 1] == b"]":
        return position + 1
    index = 0
    while True:
        position, more = _after(raw, visit(index, position))
        if not more:
            return position
        index += 1


def _after(raw: bytes, end: int) -> tuple[int, bool]:
    found = _AFTER.match(raw, end)
    if found is None:
        raise ValueError("no separator at this offset")
    if found[1] == b",":
        return found.end(), True
    return found.end(1), False


def name_of(quoted: bytes) -> str:
    """The member name that a quoted string spells."""
    if b"\\" in quoted:
        return msgspec.json.decode(quoted, type=str)
    return quoted[1:-1].decode()
