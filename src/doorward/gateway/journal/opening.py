"""The first record of a writer: the heads of the others that it found (docs/guarantees.md, G5).

Each writer that has ended is named once at its end, and each that lives by every one that begins meanwhile: so a
writer that is removed as a whole is missed.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import msgspec

from doorward.core import audit_layout
from doorward.core.audit import Opening, timestamp

Head = tuple[int, str]
"""How many records, and the SHA-256 of the last one's line."""

_PIECE = 64 << 10
_LONGEST = 8 << 20


class _First(msgspec.Struct):
    heads: dict[str, Head] = {}


class _Last(msgspec.Struct):
    seq: Annotated[int, msgspec.Meta(ge=0, le=audit_layout.MOST_SEQ)]


_first = msgspec.json.Decoder(_First).decode
_last = msgspec.json.Decoder(_Last).decode
_UNREADABLE = (OSError, ValueError, RecursionError)
"""What reading files that anybody may have changed can raise: it must not keep a writer from beginning."""


def opening(directory: Path, wall: float) -> Opening:
    """Raises ``OSError`` where the directory cannot be read."""
    return Opening(
        event_id=uuid4().hex,
        exchange_id=uuid4().hex,
        kind="checkpoint",
        phase="opened",
        timestamp=timestamp(wall),
        heads=unnamed(directory),
    )


def unnamed(directory: Path) -> dict[str, Head]:
    """The writers that live, and those whose end no other has named."""
    writers = sorted(name for name in os.listdir(directory) if audit_layout.is_writer(name))
    named: set[tuple[str, Head]] = set()
    for writer in writers:
        named.update(_named(f"{directory}/{writer}").items())
    heads: dict[str, Head] = {}
    for writer in writers:
        place = f"{directory}/{writer}"
        alive = _alive(place)  # before its last line is read: what ends meanwhile counts as living, not as named
        head = _head(place)
        if alive or (writer, head) not in named:
            heads[writer] = head
    return heads


def _named(place: str) -> dict[str, Head]:
    with contextlib.suppress(*_UNREADABLE), _opened(f"{place}/{audit_layout.segment(1)}") as file:
        line = b""
        while len(line) < _LONGEST and (piece := os.pread(file, _PIECE, len(line))):
            line += piece
            end = line.find(b"\n", len(line) - len(piece))
            if end >= 0:
                return _first(line[:end]).heads
    return {}


def _alive(place: str) -> bool:
    with contextlib.suppress(OSError), _opened(f"{place}/{audit_layout.LOCK}") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _head(place: str) -> Head:
    """Of the last whole line, whichever segment it is in. What cannot be read has none; the verifier says why."""
    with contextlib.suppress(*_UNREADABLE):
        numbers = filter(None, map(audit_layout.segment_number, os.listdir(place)))
        for number in sorted(numbers, reverse=True):
            line = _last_line(f"{place}/{audit_layout.segment(number)}")
            if line:
                return _last(line).seq + 1, sha256(line).hexdigest()
    return 0, ""


def _last_line(path: str) -> bytes:
    with _opened(path) as file:
        place = os.fstat(file).st_size
        tail, end = b"", -1
        while place and len(tail) < _LONGEST:
            size = min(_PIECE, place)
            place -= size
            tail = os.pread(file, size, place) + tail
            end = tail.rfind(b"\n")
            start = tail.rfind(b"\n", 0, end) if end > 0 else -1
            if start >= 0:
                return tail[start + 1 : end + 1]
        return tail[: end + 1] if not place else b""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would hold us
    try:
        yield file
    finally:
        os.close(file)
