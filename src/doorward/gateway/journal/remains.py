"""What a killed writer left in its directory: how far its chain goes, which exchanges have no end, and what at its tail
is no record.

It is read from the last checkpoint but one on, so that it takes as long after ten million records as after ten. Memory
does not grow with the log.
"""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple

import msgspec

from doorward.core import audit_layout, checkpoint
from doorward.core.checkpoint import Checkpoint
from doorward.core.decision import Reason

MOST_LINE = 8 << 20
"""Bytes; what is longer is no record."""

_CHUNK, _ONE_LINE = 1 << 20, 8 << 10
_FIRST_LOOK = 64 << 10
_LONGEST_LOOK = 32 << 20  # two checkpoints with 100,000 open intents each are 12 MB

Opener = Callable[[Path], BinaryIO]
Late = Callable[[], bool]


class OutOfTime(Exception):
    """The time for it is over."""


class Place(NamedTuple):
    """Where a line begins."""

    segment: int
    offset: int


class Tail(NamedTuple):
    """What is no record behind the last one: ``size`` bytes from ``offset`` on. ``segment`` 0: of the checkpoints."""

    segment: int
    offset: int
    size: int

    @property
    def file(self) -> str:
        """The name of the file that ends with it."""
        return audit_layout.segment(self.segment) if self.segment else audit_layout.CHECKPOINTS


class Start(NamedTuple):
    """Where reading has to begin, and what is known of what is before; ``size``: bytes that are to be read."""

    place: Place
    size: int
    last: Checkpoint | None = None
    tail: Tail | None = None
    damaged: int = 0


class Remains(msgspec.Struct):
    """What was found. ``count`` and ``head``: records, and the hash of the last one's line.

    ``open``: exchange ids without an end, at most as many as asked for; ``uncounted``: how many more there may be.
    ``ended``: ids of other writers' exchanges that this one closed as interrupted; ``told``: what it said of torn
    lines. ``damaged``: lines that are no records and stand before ones that are.
    """

    count: int = 0
    head: str = ""
    open: dict[str, Place] = msgspec.field(default_factory=dict)
    uncounted: int = 0
    ended: set[str] = msgspec.field(default_factory=set)
    told: set[str] = msgspec.field(default_factory=set)
    damaged: int = 0
    tails: list[Tail] = msgspec.field(default_factory=list)


class Line(NamedTuple):
    """A piece of a file up to a line's end. ``raw`` is empty where it is longer than a record can be; ``ended``: it has
    its line end; ``nul``: it holds a NUL, which a file system leaves where data did not get to the disk.
    """

    offset: int
    size: int
    raw: bytes
    ended: bool
    nul: bool


class _Seen(msgspec.Struct):
    """What is looked at of a record."""

    exchange_id: str
    seq: Annotated[int, msgspec.Meta(ge=0, le=audit_layout.MOST_SEQ)]
    kind: str
    phase: str = ""
    reason: str = ""
    detail: str = ""


_seen = msgspec.json.Decoder(_Seen)


def plain(path: Path) -> BinaryIO:
    """A file to read, as it is. A pipe of that name does not hold us, and a link leads nowhere."""
    return open(path, "rb", buffering=0, opener=_opened)


def _opened(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def segments(place: Path) -> list[int]:
    """The numbers of a writer's segments, in order."""
    found = (audit_layout.segment_number(path.name) for path in place.iterdir())
    return sorted(number for number in found if number is not None)


def start(place: Path, opener: Opener = plain) -> Start:
    """Where to begin. Raises ``OSError``.

    ``open`` of a checkpoint holds what was begun before the checkpoint before it, so that one says where to begin.
    """
    numbers = segments(place)
    first = Place(numbers[0] if numbers else 1, 0)
    last, before, tail, damaged = _checkpoints(place, opener)
    found = Place(before.segment, before.offset) if before is not None else first
    if before is not None and not _begins_line(place, found, opener):
        found, damaged = first, damaged + 1
    ahead = [number for number in numbers if number >= found.segment]
    size = sum((place / audit_layout.segment(number)).stat().st_size for number in ahead) - found.offset
    return Start(found, size, last, tail, damaged)


def read(place: Path, begin: Start, *, most: int, late: Late, opener: Opener = plain) -> Remains:
    """What was left. ``most``: open exchanges that are remembered. Raises ``OutOfTime`` and ``OSError``."""
    remains = Remains(damaged=begin.damaged)
    if begin.last is not None:
        remains.count, remains.head = begin.last.count, begin.last.head
        for intent in begin.last.open:
            _begun(remains, intent.exchange_id, Place(intent.segment, intent.offset), most)
    if begin.tail is not None:
        remains.tails.append(begin.tail)
    ahead = [number for number in segments(place) if number >= begin.place.segment]
    for number in ahead:
        offset = begin.place.offset if number == begin.place.segment else 0
        tail, damaged = _segment(remains, place, Place(number, offset), most, late, opener)
        if number != ahead[-1]:
            remains.damaged += damaged  # without an end, the journal left it behind itself, and said so
        elif tail is not None:
            remains.tails.append(tail)
    return remains


def line_at(place: Path, where: Place, opener: Opener = plain) -> bytes:
    """The line that begins there, with its end; empty if none does. Raises ``OSError``."""
    path = place / audit_layout.segment(where.segment)
    if not 0 <= where.offset < path.stat().st_size:
        return b""
    with opener(path) as opened:
        opened.seek(where.offset)
        found = next(_lines(opened, where.offset, lambda: False, _ONE_LINE), None)
    return found.raw if found is not None and found.ended else b""


def _segment(
    remains: Remains, place: Path, begin: Place, most: int, late: Late, opener: Opener
) -> tuple[Tail | None, int]:
    """One segment into ``remains``; what is no record at its end, and how many lines with an end are in that."""
    cut, lines, end, last = -1, 0, begin.offset, b""
    with opener(place / audit_layout.segment(begin.segment)) as opened:
        opened.seek(begin.offset)
        for line in _lines(opened, begin.offset, late):
            end = line.offset + line.size
            seen = _record(line)
            if seen is None and (line.nul or not line.ended):
                cut, lines = cut if cut >= 0 else line.offset, lines + line.ended
                continue
            remains.damaged += lines + (seen is None)  # something that is whole comes after it: it is no tail
            cut, lines = -1, 0
            if seen is not None:
                _note(remains, seen, Place(begin.segment, line.offset), most)
                remains.count, last = seen.seq + 1, line.raw
    if last:
        remains.head = sha256(last).hexdigest()
    return (Tail(begin.segment, cut, end - cut) if cut >= 0 else None), lines


def _note(remains: Remains, seen: _Seen, where: Place, most: int) -> None:
    match seen.kind, seen.phase:
        case ("exchange", "intent") | ("stream", "opened"):
            _begun(remains, seen.exchange_id, where, most)
        case ("exchange", "outcome") | ("stream", "closed"):
            remains.open.pop(seen.exchange_id, None)
            if seen.reason == Reason.JOURNAL_INTERRUPTED:
                remains.ended.add(seen.exchange_id)
        case ("gap", _) if seen.reason == Reason.JOURNAL_TORN:
            remains.told.add(seen.detail)


def _begun(remains: Remains, exchange_id: str, where: Place, most: int) -> None:
    if len(remains.open) < most:
        remains.open[exchange_id] = where
    else:
        remains.uncounted += 1


def _record(line: Line) -> _Seen | None:
    if not line.ended or not line.raw:
        return None
    try:
        return _seen.decode(line.raw)
    except (ValueError, RecursionError):
        return None


def _lines(opened: BinaryIO, offset: int, late: Late, chunk_size: int = _CHUNK) -> Iterator[Line]:
    held, size, nul = b"", 0, False  # of the line that has begun
    while chunk := opened.read(chunk_size):
        if late():
            raise OutOfTime
        *ends, rest = chunk.split(b"\n")
        for part in ends:
            size += len(part) + 1
            raw = held + part + b"\n" if size <= MOST_LINE else b""
            yield Line(offset, size, raw, True, nul or b"\0" in part)
            offset += size
            held, size, nul = b"", 0, False
        size += len(rest)
        nul = nul or b"\0" in rest
        held = held + rest if size <= MOST_LINE else b""
    if size:
        yield Line(offset, size, held, False, nul)


def _begins_line(place: Path, where: Place, opener: Opener) -> bool:
    path = place / audit_layout.segment(where.segment)
    if not path.is_file() or not 0 <= where.offset <= path.stat().st_size:
        return False
    if where.offset == 0:
        return True
    with opener(path) as opened:
        opened.seek(where.offset - 1)
        return opened.read(1) == b"\n"


def _checkpoints(place: Path, opener: Opener) -> tuple[Checkpoint | None, Checkpoint | None, Tail | None, int]:
    """The last checkpoint, one before it, the torn line behind them, and how many damaged ones were passed by."""
    path = place / audit_layout.CHECKPOINTS
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None, None, None, 0
    look = _FIRST_LOOK
    while True:
        begin = max(0, size - look)
        *whole, rest = _bytes(path, begin, size, opener).split(b"\n")
        whole = whole if begin == 0 else whole[1:]
        while whole and b"\0" in whole[-1]:
            rest = whole.pop() + b"\n" + rest
        tail = Tail(0, size - len(rest), len(rest)) if rest else None
        last, before, damaged = _last_two(whole, place.name)
        if before is not None or begin == 0 or look >= _LONGEST_LOOK:
            return last, before, tail, damaged
        look *= 8


def _last_two(lines: list[bytes], writer: str) -> tuple[Checkpoint | None, Checkpoint | None, int]:
    last: Checkpoint | None = None
    damaged = 0
    for line in reversed(lines):
        try:
            found = checkpoint.read(line)
        except (ValueError, RecursionError):
            found = None
        if found is None or found.writer != writer or (last is not None and found.number >= last.number):
            damaged += 1
        elif last is None:
            last = found
        else:
            return last, found, damaged
    return last, None, damaged


def _bytes(path: Path, begin: int, end: int, opener: Opener) -> bytes:
    with opener(path) as opened:
        opened.seek(begin)
        parts = []
        while begin < end and (part := opened.read(min(_CHUNK, end - begin))):
            parts.append(part)
            begin += len(part)
    return b"".join(parts)
