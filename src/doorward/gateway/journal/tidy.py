"""What a recovery changes in the directory of a writer that is dead: each step whole or not at all."""

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from doorward.core import audit_layout
from doorward.gateway.journal import remains
from doorward.gateway.journal.remains import Tail

_TRIES, _PAUSE = 3, 0.005  # who asks whether a writer lives holds its lock for a moment
_CHUNK = 1 << 20
_UNBORN = 3600.0  # seconds; a journal shows itself within a moment
_TORN = re.compile(r"torn-([0-9]{6,9})-([0-9]{1,19})", re.ASCII)
_CUT = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def set_aside(place: Path, tail: Tail) -> None:
    """Copy, sync, cut: killed in between, it is done again."""
    with contextlib.ExitStack() as files:
        opened = files.enter_context(os.fdopen(os.open(place / tail.file, _CUT), "r+b", buffering=0))
        copy = os.open(place / audit_layout.torn(tail.segment, tail.offset), _NEW, 0o600)
        kept = files.enter_context(os.fdopen(copy, "wb"))
        opened.seek(tail.offset)
        while part := opened.read(_CHUNK):
            kept.write(part)
        kept.flush()
        os.fsync(kept.fileno())
        _sync(place)
        opened.truncate(tail.offset)


def torn(place: Path) -> Iterator[str]:
    """What is to be said of each piece that was set aside, now or by a recovery that was killed."""
    for path in place.iterdir():
        if match := _TORN.fullmatch(path.name):
            segment, offset = int(match[1]), int(match[2])
            where, what = (f"segment {segment}", "record") if segment else ("its checkpoints", "checkpoint")
            size = path.stat().st_size
            yield (
                f"writer {place.name}, {where}, offset {offset}: "
                f"{size} bytes of a {what} without its end were set aside"
            )


def synced(place: Path) -> None:
    """What the killed process wrote may be in memory only; nobody else will sync it."""
    for name in (audit_layout.segment(remains.segments(place)[-1]), audit_layout.CHECKPOINTS):
        with contextlib.suppress(FileNotFoundError), remains.plain(place / name) as opened:
            os.fsync(opened.fileno())


def drop_unborn(directory: Path, now: float) -> None:
    """Remove what writers left that were killed before they showed themselves: they have recorded nothing."""
    with os.scandir(directory) as entries:
        hidden = [Path(entry.path) for entry in entries if audit_layout.is_writer(entry.name.removeprefix("."))]
    for place in hidden:
        # One that is just being made may not have its lock yet.
        if place.name.startswith(".") and now - place.stat().st_mtime > _UNBORN:
            with held(place / audit_layout.LOCK) as free:
                if free:
                    shutil.rmtree(place)


def mark(place: Path, content: Mapping[str, object]) -> None:
    """Say that the writer is closed."""
    beside = place / f"{audit_layout.CLOSED}.new"
    with open(os.open(beside, _NEW, 0o600), "wb") as made:
        made.write(msgspec.json.encode(content) + b"\n")
        made.flush()
        os.fsync(made.fileno())
    beside.rename(place / audit_layout.CLOSED)
    _sync(place)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock file, if nobody else does. One that a writer lost is no lock any more: it is made again."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
