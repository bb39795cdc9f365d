"""Records in the formats that other programs read, one after the other in the order of time."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doorward.control.audit.filter import Filter
from doorward.control.audit.read import Line, in_order, readable
from doorward.core.audit import AuditRecord
from doorward.formats import ocsf
from doorward.formats.one_line import json_line

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

COLUMNS = AuditRecord.__struct_fields__
"""The columns of the CSV: the members of a record, in their order."""


class Unreadable(ValueError):
    """A line of the journal is no record: what is exported would lack it."""


def fitting(directory: Path, asked: Filter) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Every record that fits, the oldest first. Raises ``Unreadable``, or ``OSError`` where a segment cannot be had."""
    readable(directory)
    times = asked.times
    for line in in_order(directory):
        if times:
            # Most of a long log is not of the time that is asked for: that is seen without reading the record.
            written = line.timestamp.decode("ascii", "replace")
            if written and not all(time.fits(written) for time in times):
                continue
        try:
            record = _decode(line.raw)
        except msgspec.DecodeError as fault:
            place = line.place
            raise Unreadable(
                f"writer {place.writer}, segment {place.segment}, offset {place.offset}: {fault}"
            ) from None
        if asked.matches(record):
            yield line, record


def jsonl(found: Iterator[tuple[Line, dict[str, Any]]]) -> Iterator[bytes]:
    """The lines as they are in the journal."""
    for line, _ in found:
        yield line.raw + b"\n"


def ocsf_lines(found: Iterator[tuple[Line, dict[str, Any]]]) -> Iterator[bytes]:
    """One OCSF event a line; a record with findings is two."""
    for line, record in found:
        try:
            yield b"".join(json_line(event) + b"\n" for event in ocsf.events(record))
        except ValueError as fault:
            raise Unreadable(f"writer {line.place.writer}, offset {line.place.offset}: {fault}") from None


def csv_lines(found: Iterator[tuple[Line, dict[str, Any]]]) -> Iterator[bytes]:
    """A header, then one row a record; RFC 4180."""
    yield _row(COLUMNS)
    for _, record in found:
        yield _row([_cell(record.get(column)) for column in COLUMNS])


FORMATS: Mapping[str, Callable[[Iterator[tuple[Line, dict[str, Any]]]], Iterator[bytes]]] = {
    "jsonl": jsonl,
    "csv": csv_lines,
    "ocsf": ocsf_lines,
}


def _row(cells: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it, behind a semicolon as well: where
    a comma is the decimal sign, a new cell begins there.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _encode(value).decode()
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        value = ";".join(value)
    elif not isinstance(value, str):
        value = _encode(value).decode() if value else ""
    if ";" in value:
        value = _BEHIND.sub("'", value)
    return f"'{value}" if value[:1] in _BEGINS and _FORMULA.match(value) else value


_BEGINS = frozenset(" \xa0=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_FORMULA = re.compile(r"[ \xa0]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a formula begins. The last four are the full-width forms of = + - @, which some spreadsheets take for them."""
_BEHIND = re.compile(rf"(?<=;)(?={_FORMULA.pattern})")
