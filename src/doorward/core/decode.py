"""JSON text to values, strictly: nothing that two JSON parsers could read differently becomes a value.

jiter refuses duplicate names (escaped ones too), bad UTF-8, byte order marks, lone surrogates, NaN and trailing bytes,
keeps floats as spelt and integers exact. What is ours: an exact nesting limit, limits on the length of numbers and the
count of values, names that a wrong parser misreads, and a stable reason for each refusal. Offsets and payload never
leave this module.
"""

import re
from functools import partial
from typing import Any

import jiter

_COUNTED = 2048  # bytes; above, stepping from bracket to bracket is cheaper than counting them
_JITER_DEPTH = 200  # jiter refuses a value with more than this many containers around it
_MAX_NUMBER = 4300  # characters; jiter's own limit for integers (and CPython's, for int to str)
_STRIDE = 128
_UNCOUNTED = 1 << 20  # bytes; a smaller text cannot hold enough values to hurt
_MAX_VALUES = 1_000_000  # each takes some 80 bytes of memory and half a microsecond, and a value can be two bytes long

# Names are cached between calls, values are not: a process-wide cache is no place for other people's text.
_from_json = partial(
    jiter.from_json, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="lossless-float", cache_mode="keys"
)

# _MAX_NUMBER characters hold 33 samples, of which at most '.', 'e' and a sign are no digits: 8 digits stand together.
_SAMPLED_NUMBER = re.compile(rb"[0-9]{8}")
_LONG_RUN = re.compile(rb"(?<![-+.0-9eE])[-+.0-9eE]{%d}" % (_MAX_NUMBER + 1))

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_QUOTED = re.compile(_STRING, re.DOTALL)
_NAME = re.compile(rb"(" + _STRING + rb")[ \t\r\n]*+(:?)", re.DOTALL)
_WORD_ESCAPE = rb"\\u00(?:3[0-9]|[46][1-9a-fA-F]|5[0-9aAfF]|7[0-9aA])"
_PERHAPS_ESCAPED_WORD = re.compile(_WORD_ESCAPE)
_ESCAPED_WORD = re.compile(rb"(?<!\\)(?:\\\\)*+" + _WORD_ESCAPE)
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_JITER_REASONS = (
    ("Detected duplicate key", "message.duplicate_key"),
    ("recursion limit exceeded", "message.too_deep"),
    ("number out of range", "message.number_too_long"),
)
_SURROGATE_PROBLEMS = ("lone leading surrogate", "unexpected end of hex escape")


class UndecodableError(ValueError):
    """The text has no single reading; `reason` is a key of READER_REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode(raw: bytes, depth: int) -> Any:
    """The JSON value in `raw`, with at most `depth` (1 to 200) containers nested. Raises UndecodableError only."""
    if len(raw) > _UNCOUNTED and has_too_many_values(raw):
        raise UndecodableError("message.too_large")
    try:
        if _is_shallow(raw, depth):
            value = _from_json(raw)
        else:
            value = _decode_padded(raw, min(depth, _JITER_DEPTH))
    except UndecodableError:
        raise
    except (ValueError, RecursionError, MemoryError) as problem:
        raise UndecodableError(_reason(raw, str(problem))) from None
    if len(raw) > _MAX_NUMBER and _has_long_number(raw, value):
        raise UndecodableError("message.number_too_long")
    # `find`, for `in` first asks whether it looks for a number: an exception, made and dropped.
    if raw.find(b"\\") >= 0 and _PERHAPS_ESCAPED_WORD.search(raw) and _has_escaped_name(raw):
        raise UndecodableError("message.escaped_name")
    return value


def _is_shallow(raw: bytes, depth: int) -> bool:
    """Whether the text opens so few containers that it cannot nest them too deep; most messages are long texts in few.

    False says nothing: rows of many objects are no deeper.
    """
    if len(raw) <= _COUNTED:
        return raw.count(b"{") + raw.count(b"[") <= depth
    for bracket in (b"{", b"["):
        found = raw.find(bracket)
        while found >= 0:
            depth -= 1
            if depth < 0:
                return False
            found = raw.find(bracket, found + 1)
    return True


def _has_escaped_name(raw: bytes) -> bool:
    """Whether a member name spells an ASCII letter, digit or underscore as an escape.

    No writer does that, and V8 12.8 to 14.6 (Node 24 to 26) can be made to read such a name as another one:
    nodejs/node issue 63785. A server there would miss a member that we have judged.
    """
    return any(found[2] and _ESCAPED_WORD.search(found[1]) for found in _NAME.finditer(raw))


def has_too_many_values(raw: bytes) -> bool:
    """Whether a JSON text holds more values than anybody should make of it, by its punctuation."""
    if _most_values(raw) <= _MAX_VALUES:
        return False
    return _most_values(_QUOTED.sub(b"", raw)) > _MAX_VALUES  # text may well be full of commas


def _most_values(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"{") + raw.count(b"[")


def _decode_padded(raw: bytes, depth: int) -> Any:
    """Decode with jiter's fixed limit moved to `depth`, by arrays put around the text.

    jiter counts the containers around a value, so an empty container passes one level deeper than a full one. The
    first padding admits full ones to depth - 1 and empty ones to depth: enough for all but a message that really
    goes to its limit. That one is parsed again, and looked at for empty containers beyond the limit.
    """
    try:
        return _from_padded(raw, _JITER_DEPTH + 1 - depth)
    except ValueError as problem:
        if not str(problem).startswith("recursion limit exceeded"):
            raise
    value = _from_padded(raw, _JITER_DEPTH - depth)
    if _is_deeper(value, depth):
        raise UndecodableError("message.too_deep")
    return value


def _from_padded(raw: bytes, padding: int) -> Any:
    value = _from_json(b"[" * padding + raw + b"]" * padding)
    # Text such as `1],[2` closes our arrays and opens its own; one of them then holds
    # more or less than one value, and unpacking it is a ValueError.
    for _ in range(padding):
        [value] = value
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
    return bool(level)


def may_hold_long_number(raw: bytes) -> bool:
    """Whether so many characters of numbers stand together, be it in a string."""
    return _SAMPLED_NUMBER.search(raw[::_STRIDE]) is not None and _LONG_RUN.search(raw) is not None


def _has_long_number(raw: bytes, value: Any) -> bool:
    """Whether a float is spelt with more than _MAX_NUMBER characters (jiter bounds integers itself)."""
    if not may_hold_long_number(raw):
        return False
    waiting = [value]  # the run may be text in a string: look at the numbers themselves
    while waiting:
        current = waiting.pop()
        if type(current) is dict:
            waiting += current.values()
        elif type(current) is list:
            waiting += current
        elif type(current) is jiter.LosslessFloat and len(bytes(current)) > _MAX_NUMBER:
            return True
    return False


def _reason(raw: bytes, problem: str) -> str:
    if raw.startswith(_BOM):
        return "message.bom"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "message.invalid_utf8"
    for start, reason in _JITER_REASONS:
        if problem.startswith(start):
            return reason
    if problem.startswith(_SURROGATE_PROBLEMS) and _SURROGATE.search(raw):
        return "message.lone_surrogate"
    return "message.invalid_json"
