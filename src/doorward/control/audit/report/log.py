"""The log on disk, as far as the report needs it: lines of a time, and how each writer's directory ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

from doorward.control.audit import read
from doorward.control.audit.report.continuity import Seal
from doorward.core import audit_layout, checkpoint

Advanced = Callable[[int, int], None]
"""Told of bytes that are read, and of how many there are."""


def lines(directory: Path, since: str = "", advanced: Advanced = lambda done, size: None) -> Iterator[bytes]:
    """Every line from ``since`` on, and some before it: writer by writer, of each the oldest first.

    The writer that began first comes first, for what a killed writer left open is closed by one that began later.
    Raises ``OSError`` where a writer cannot be read: a report that leaves it out would be wrong.
    """
    begins = [(writer, _first_segment(directory, writer, since.encode())) for writer in _by_age(directory)]
    size, done = sum(_size(directory, *begin) for begin in begins), 0
    for writer, segment in begins:
        for chunk in read.chunks(directory, writer, segment):
            yield from chunk.data.split(b"\n")[:-1]
            done += len(chunk.data)
            advanced(done, size)


def _size(directory: Path, writer: str, first: int) -> int:
    numbers = read.segments(directory, writer)
    return sum(read.segment_file(directory, writer, number).stat().st_size for number in numbers if number >= first)


def _by_age(directory: Path) -> list[str]:
    read.readable(directory)
    ages = []
    for writer in read.writers(directory):
        first = next(read.lines(directory, writer), None)
        ages.append((first.timestamp if first is not None else b"", writer))
    return [writer for _, writer in sorted(ages)]


def _first_segment(directory: Path, writer: str, since: bytes) -> int:
    """The oldest that must be read: all before it end before ``since``."""
    segments = read.segments(directory, writer)
    first = segments[-1] + 1 if segments else 0
    for number in reversed(segments):
        last = next(read.lines_back(directory, writer, end=read.Place(writer, number + 1, 0)), None)
        if last is not None and last.place.segment == number and b"" < last.timestamp < since:
            break
        first = number
    return first


def seals(directory: Path) -> dict[str, Seal]:
    """How the writers' directories end. A checkpoint that cannot be read is none; no signature is looked at."""
    return {writer: _seal(directory / writer) for writer in read.writers(directory)}


def _seal(directory: Path) -> Seal:
    closed = (directory / audit_layout.CLOSED).exists()
    try:
        _, last = next(read.backwards(directory / audit_layout.CHECKPOINTS, read.everything))
        return Seal(checkpoint.read(last).timestamp, closed)
    except (OSError, StopIteration, ValueError):
        return Seal("", closed)
