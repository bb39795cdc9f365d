"""The journals of all writers, read line by line: forwards, backwards, in the order of time, and as they grow.

It proves nothing (that is the verifier's work). What follows the last line end of a segment is being written, or torn,
and is no line. What is longer than ``LONGEST_LINE`` is an empty line on the way forwards, so that who must leave
nothing out learns of it, and left out on the way back.
"""

import errno
import heapq
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from doorward.core import audit_layout

LONGEST_LINE = 1 << 20

_PIECE = 32 << 10
_CHUNK = 1 << 20

_TIME = b'"timestamp":"'
"""Stands nowhere else in a line: within a string its quotes would be escaped."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a line begins: offset in a segment of a writer."""

    writer: str
    segment: int
    offset: int


class Line(msgspec.Struct, frozen=True):
    """One line of a journal, without its end."""

    place: Place
    raw: bytes

    @property
    def timestamp(self) -> bytes:
        """As the line has it; empty where it has none."""
        start = self.raw.find(_TIME)
        if start < 0:
            return b""
        start += len(_TIME)
        return self.raw[start : self.raw.find(b'"', start)]


class Chunk(msgspec.Struct, frozen=True):
    """Whole lines that follow each other; ``data`` ends with a line end."""

    place: Place
    data: bytes

    def lines(self) -> Iterator[Line]:
        writer, segment, offset = self.place.writer, self.place.segment, self.place.offset
        for raw in self.data.split(b"\n")[:-1]:
            yield Line(Place(writer, segment, offset), raw)
            offset += len(raw) + 1


def writers(directory: Path) -> list[str]:
    """The names of all writers there, in order. No directory: none."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if audit_layout.is_writer(entry.name))
    except OSError:
        return []


def segments(directory: Path, writer: str) -> list[int]:
    """The numbers of a writer's segments, in order."""
    try:
        names = os.listdir(directory / writer)
    except OSError:
        return []
    return sorted(number for number in map(audit_layout.segment_number, names) if number is not None)


def readable(directory: Path) -> None:
    """For readers that must not leave anything out: raises ``OSError`` where a segment cannot be opened. All else in
    this file passes over such a segment.
    """
    for writer in writers(directory):
        for name in os.listdir(directory / writer):
            number = audit_layout.segment_number(name)
            if number is not None:
                with opened(segment_file(directory, writer, number)):
                    pass


def segment_file(directory: Path, writer: str, number: int) -> Path:
    return directory / writer / audit_layout.segment(number)


def opened(file: Path) -> IO[bytes]:
    """A segment, to be read. Raises ``OSError``: a pipe or a device of that name would hold us, or have no end."""
    return open(file, "rb", buffering=0, opener=_regular)


def _regular(name: str, flags: int) -> int:
    descriptor = os.open(name, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no regular file", name)
    return descriptor


def line_at(directory: Path, place: Place, length: int) -> bytes | None:
    """``length`` bytes that begin there; None where they cannot be had."""
    try:
        with opened(segment_file(directory, place.writer, place.segment)) as file:
            found = os.pread(file.fileno(), length, place.offset)
    except OSError:
        return None
    return found if len(found) == length else None


def chunks(directory: Path, writer: str, segment: int = 0, offset: int = 0) -> Iterator[Chunk]:
    """All that a writer has written from a position on, in pieces. A file is not kept open between two."""
    for number in segments(directory, writer):
        if number >= segment:
            start = offset if number == segment else 0
            yield from _chunks(segment_file(directory, writer, number), Place(writer, number, start))


def lines(directory: Path, writer: str, segment: int = 0, offset: int = 0) -> Iterator[Line]:
    """The same, line by line."""
    for chunk in chunks(directory, writer, segment, offset):
        yield from chunk.lines()


def _chunks(file: Path, place: Place) -> Iterator[Chunk]:
    offset, wanted, skipping = place.offset, _CHUNK, False
    while True:
        try:
            with opened(file) as segment:
                data = os.pread(segment.fileno(), wanted, offset)
        except OSError:
            return
        end = data.rfind(b"\n") + 1
        if end == 0:
            if len(data) < wanted:
                return  # what is there is no whole line yet
            if len(data) < LONGEST_LINE:
                wanted *= 2
            else:
                offset, skipping = offset + len(data), True
            continue
        start = data.find(b"\n") if skipping else 0  # of a line that is too long its end is left: no record, for all
        yield Chunk(Place(place.writer, place.segment, offset + start), data[start:end])
        offset, wanted, skipping = offset + end, _CHUNK, False


def in_order(directory: Path) -> Iterator[Line]:
    """The lines of all writers in the order of time, the oldest first; of each writer in the order of its chain.

    Where a writer's clock was set back, its lines stand behind the one that they follow.
    """
    waiting = []  # a writer is opened when its first line's turn has come, so that not all are held at once
    for writer in writers(directory):
        first = next(lines(directory, writer), None)
        if first is not None:
            waiting.append((first.timestamp, writer))
    heapq.heapify(waiting)
    running: list[tuple[bytes, str, Line, Iterator[tuple[bytes, Line]]]] = []
    while waiting or running:
        if waiting and (not running or waiting[0] <= running[0][:2]):
            _, writer = heapq.heappop(waiting)
            _advance(running, writer, _rising(lines(directory, writer)))
        else:
            _, writer, line, rest = heapq.heappop(running)
            yield line
            _advance(running, writer, rest)


def _advance(
    running: list[tuple[bytes, str, Line, Iterator[tuple[bytes, Line]]]],
    writer: str,
    rest: Iterator[tuple[bytes, Line]],
) -> None:
    following = next(rest, None)
    if following is not None:
        heapq.heappush(running, (following[0], writer, following[1], rest))


def _rising(found: Iterator[Line]) -> Iterator[tuple[bytes, Line]]:
    floor = b""
    for line in found:
        floor = max(floor, line.timestamp)
        yield floor, line


def everything(size: int) -> int:
    """A bound for ``backwards`` that lets it read all."""
    return size


def newest_first(directory: Path, ends: Mapping[str, Place] | None = None) -> Iterator[Line]:
    """The lines of all writers in the order of time, the newest first. ``ends``: only what was written before these."""
    found = []
    for writer in writers(directory) if ends is None else ends:
        end = ends[writer] if ends is not None else None
        last = next(lines_back(directory, writer, end=end), None)
        if last is not None:
            found.append((last.timestamp, writer, partial(lines_back, directory, writer, end=end)))
    yield from latest_first(found)


def latest_first(found: Iterable[tuple[bytes, str, Callable[[], Iterator[Line]]]]) -> Iterator[Line]:
    """The same of some writers: each with the time of its last line, and how to read it backwards.

    Of each writer in the order of its chain: what was written before a clock was set back stands behind what follows.
    """
    waiting = [_Latest(newest, writer, read) for newest, writer, read in found]
    heapq.heapify(waiting)
    running: list[_Latest] = []
    while waiting or running:
        if waiting and (not running or waiting[0] < running[0]):
            opened = heapq.heappop(waiting)
            opened.lines = _falling(opened.read())
            following = opened
        else:
            following = heapq.heappop(running)
            assert following.line is not None
            yield following.line
        if following.advance():
            heapq.heappush(running, following)


class _Latest:
    """One writer on its way back; the one with the newest line is the least."""

    def __init__(self, newest: bytes, writer: str, read: Callable[[], Iterator[Line]]) -> None:
        self.newest = newest
        self.writer = writer
        self.read = read
        self.lines: Iterator[tuple[bytes, Line]] = iter(())
        self.line: Line | None = None

    def __lt__(self, other: "_Latest") -> bool:
        return (self.newest, self.writer) > (other.newest, other.writer)

    def advance(self) -> bool:
        following = next(self.lines, None)
        if following is None:
            return False
        self.newest, self.line = following
        return True


def _falling(found: Iterator[Line]) -> Iterator[tuple[bytes, Line]]:
    ceiling = b"~"  # after every digit
    for line in found:
        ceiling = min(ceiling, line.timestamp)
        yield ceiling, line


def lines_back(
    directory: Path, writer: str, take: Callable[[int], int] = everything, *, end: Place | None = None
) -> Iterator[Line]:
    """The lines of a writer, the last first. ``end``: only those that begin before it."""
    for number in reversed(segments(directory, writer)):
        if end is not None and number > end.segment:
            continue
        until = end.offset if end is not None and number == end.segment else None
        try:
            for offset, raw in backwards(segment_file(directory, writer, number), take, until):
                yield Line(Place(writer, number, offset), raw)
        except OSError:
            continue


def backwards(file: Path, take: Callable[[int], int], end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file from its end (or ``end``), each with where it begins and without its line end;
    ``take(n)`` says how much of ``n`` bytes may be read.
    """
    with opened(file) as segment:
        size = segment.seek(0, os.SEEK_END)
        place = size if end is None else min(end, size)
        rest: bytes | None = None  # the beginning of the line that the pieces read so far cut; None: it is left out
        while place:
            length = take(min(_PIECE, place))
            if length == 0:
                return
            place -= length
            head, *whole = os.pread(segment.fileno(), length, place).split(b"\n")
            if whole:
                at = place + length - len(whole[-1])
                if rest is not None:
                    yield at, whole[-1] + rest
                for line in reversed(whole[:-1]):
                    at -= len(line) + 1
                    yield at, line
                rest = head
            elif rest is not None:
                rest = head + rest if len(rest) < LONGEST_LINE else None
        if rest is not None:
            yield 0, rest


class Follower:
    """What is written from now on, by writers of now and of later. ``poll`` looks; it never waits."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.places: dict[str, Place] = {}
        self._ended: set[str] = set()
        for writer in writers(directory):
            ended = self._closed(writer)
            self.places[writer] = self._end(writer)
            if ended:
                self._ended.add(writer)

    def poll(self) -> list[Line]:
        """The lines that came since the last time, in the order of time."""
        found: list[tuple[bytes, Line]] = []
        for writer in writers(self._directory):
            if writer in self._ended:
                continue
            ended = self._closed(writer)  # before its last lines are read: none comes behind it
            found += _rising(self._grown(writer))
            if ended:
                self._ended.add(writer)
        found.sort(key=lambda each: each[0])  # stable: each writer's lines stay in order
        return [line for _, line in found]

    def _grown(self, writer: str) -> Iterator[Line]:
        at = self.places.get(writer, Place(writer, 0, 0))
        for chunk in chunks(self._directory, writer, at.segment, at.offset):
            end = chunk.place.offset + len(chunk.data)
            self.places[writer] = Place(writer, chunk.place.segment, end)
            yield from chunk.lines()

    def _end(self, writer: str) -> Place:
        numbers = segments(self._directory, writer)
        if not numbers:
            return Place(writer, 0, 0)
        for offset, raw in backwards(segment_file(self._directory, writer, numbers[-1]), everything):
            return Place(writer, numbers[-1], offset + len(raw) + 1)
        return Place(writer, numbers[-1], 0)

    def _closed(self, writer: str) -> bool:
        return (self._directory / writer / audit_layout.CLOSED).exists()
