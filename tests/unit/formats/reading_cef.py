"""A strict reader of CEF:0, written from the specification alone (and docs/formats.md, for values that are JSON)."""

import json
import re

_KEY = re.compile(r"[A-Za-z0-9_.]+")
_ESCAPES = {"\\": "\\", "=": "=", "n": "\n", "r": "\r"}


class Wrong(ValueError):
    """Not CEF."""


def read(line: bytes) -> tuple[list[str], dict[str, str]]:
    """The seven fields of the header, and the extension."""
    text = line.decode()
    if len(text.splitlines()) != 1:
        raise Wrong("not one line")
    fields, rest = _header(text)
    if fields[0] != "CEF:0" or not 0 <= int(fields[6]) <= 10:
        raise Wrong("version or severity")
    return fields, _extension(rest)


def _header(text: str) -> tuple[list[str], str]:
    fields, field, position = [], "", 0
    while len(fields) < 7:
        mark = text[position]
        if mark == "\\":
            position += 1
            if text[position] not in "\\|":
                raise Wrong("an escape that the header does not know")
            field += text[position]
        elif mark == "|":
            fields.append(field)
            field = ""
        elif _controls(mark):
            raise Wrong("a control character")
        else:
            field += mark
        position += 1
    return fields, text[position:]


def _controls(mark: str) -> bool:
    return ord(mark) < 32 or 0x7F <= ord(mark) < 0xA0 or mark in "\u2028\u2029"


def _extension(text: str) -> dict[str, str]:
    """Pairs part where a space, a key and an equals sign follow: in a value every equals sign is escaped."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None or text[key.end() : key.end() + 1] != "=":
            raise Wrong("no key")
        if key[0] in found:
            raise Wrong("a key twice")
        end = _end(text, key.end() + 1)
        found[key[0]] = _value(text[key.end() + 1 : end])
        position = end + 1
    return found


def _end(text: str, position: int) -> int:
    """Where a value ends: at the space before the next key, or with the text."""
    for found in re.finditer(r" (?=[A-Za-z0-9_.]+=)", text[position:]):
        return position + found.start()
    return len(text)


def _value(raw: str) -> str:
    value, position = "", 0
    while position < len(raw):
        mark = raw[position]
        if mark == "\\":
            position += 1
            if raw[position : position + 1] not in _ESCAPES or position == len(raw):
                raise Wrong("an escape that a value does not know")
            mark = _ESCAPES[raw[position]]
        elif mark == "=":
            raise Wrong("an equals sign")
        elif _controls(mark):
            raise Wrong("a control character")
        value += mark
        position += 1
    if value != value.strip(" "):
        raise Wrong("a space at an end")
    if value.startswith('"'):
        decoded = json.loads(value)
        assert isinstance(decoded, str)
        return decoded
    return value
