"""One event, one line, and none larger than sinks take, whatever the record holds."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

CUT = "cut"
"""The member that names what was shortened."""

_encode = msgspec.json.Encoder().encode

_ENDS = {mark.encode(): f"\\u{ord(mark):04x}".encode() for mark in "\u0085\u2028\u2029"}
"""What is no control character to JSON, and still the end of a line to many readers."""

_ENTRIES, _LETTERS = 10, 256
_WHOLE = frozenset({"event_id", "exchange_id", "timestamp", "checkpoint"})
"""Never shortened: ids, and what is signed."""


def json_line(value: Mapping[str, Any]) -> bytes:
    """JSON in one line for every reader. What UTF-8 cannot hold (half of a surrogate pair) is escaped."""
    try:
        made = _encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=msgspec.to_builtins).encode()
    for mark, escaped in _ENDS.items():
        if mark in made:
            made = made.replace(mark, escaped)
    return made


def fitting(record: Mapping[str, Any], made: Callable[[Mapping[str, Any]], list[bytes]], most: int) -> list[bytes]:
    """The lines of a record; where one has more than ``most`` bytes, of the record with less in it, which says so in
    ``cut``.
    """
    lines: list[bytes] = []
    for smaller in _smaller(record):
        lines = made(smaller)
        if all(len(line) <= most for line in lines):
            break
    return lines


def _smaller(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The record, the same without its longest list, and the same with every text and list short."""
    yield record
    if record.get("findings"):
        record = {**record, "findings": [], CUT: ["findings"]}
        yield record
    short = {name: value if name in _WHOLE else _short(value) for name, value in record.items()}
    changed = [name for name, value in short.items() if value != record[name]]
    yield {**short, CUT: [*record.get(CUT, ()), *changed]}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LETTERS]
    if isinstance(value, Mapping):
        return {str(name)[:_LETTERS]: _short(value[name]) for name in list(value)[:_ENTRIES]}
    if isinstance(value, (list, tuple)):
        return type(value)(_short(each) for each in value[:_ENTRIES])
    return value
