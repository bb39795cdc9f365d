"""What there is in an audit directory, at one moment: writers, their files and sizes. (Names: ``core/audit_layout``.)

The order matters where gateways run: what vouches is looked at before what it vouches for, so that a log that grows
meanwhile is never too short. So: exported checkpoints, then each writer's own, then the openings of all (which name
other writers), then the segments.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from doorward.control.audit.verify.strict import Unclear, is_count, strict

LOCK, CHECKPOINTS, CLOSED, RESERVE = "lock", "checkpoints.jsonl", "closed", "reserve"
BESIDE = frozenset({"shipping"})
"""What other parts keep in the directory of a log: not of the log, and expected there."""
WRITER = re.compile(r"[0-9a-f]{32}", re.ASCII)
# A number is written in one way, and readers of the log open no other: under another name a segment would be verified
# here and never shown.
SEGMENT = re.compile(r"journal-([0-9]{6}|[1-9][0-9]{6,8})\.jsonl", re.ASCII)
LIKE_SEGMENT = re.compile(r"journal-[0-9]{6,9}\.jsonl", re.ASCII)
TORN = re.compile(r"torn-([0-9]{6,9})-([0-9]{1,18})", re.ASCII)
COPY = ".jsonl"


class Unreadable(Exception):
    """The log, or a part of it, cannot be read at all."""


@dataclass(slots=True)
class File:
    """A file, and as much of it as is looked at."""

    path: Path
    size: int


@dataclass(slots=True)
class Segment(File):
    """A segment; ``last``: none comes after it, so that its last line may have no end."""

    number: int
    last: bool = False


@dataclass(slots=True, frozen=True)
class Closed:
    """The mark that a writer has ended and its exchanges are ended too; ``by``: itself, or who found it dead. Nobody
    signs it. ``count`` is -1 where it says nothing of use.
    """

    by: str = ""
    count: int = -1
    head: str = ""


@dataclass(slots=True)
class Place:
    """What a writer left, or is writing. ``live``: it holds its lock."""

    writer: str
    directory: Path
    exported: File | None = None
    live: bool = False
    closed: Closed | None = None
    checkpoints: File | None = None
    segments: list[Segment] = field(default_factory=list)
    torn: list[tuple[int, int]] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)


def writers(directory: Path, copies: dict[str, File]) -> tuple[list[Place], list[str]]:
    """The writers by name, segments not looked for yet; and what lies beside them and is none."""
    found, strange = [], []
    for entry in _entries(directory):
        if WRITER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            found.append(_looked_at(Place(entry.name, Path(entry.path), copies.get(entry.name))))
        elif (
            not entry.name.startswith((".", "index.")) and not entry.name.endswith(".lock") and entry.name not in BESIDE
        ):
            strange.append(entry.name)
    return sorted(found, key=lambda place: place.writer), sorted(strange)


def copies(directory: Path) -> dict[str, File]:
    """The exported checkpoints, by writer. Look at them before anything else."""
    found = {}
    for entry in _entries(directory):
        name = entry.name.removesuffix(COPY)
        if name != entry.name and WRITER.fullmatch(name) and entry.is_file():
            found[name] = File(Path(entry.path), entry.stat().st_size)
    return found


def measure(place: Place) -> None:
    """Look for the segments, and how long they are by now."""
    for entry in _entries(place.directory):
        segment, torn = SEGMENT.fullmatch(entry.name), TORN.fullmatch(entry.name)
        if not entry.is_file(follow_symlinks=False):
            place.strange.append(entry.name)
        elif segment is not None:
            place.segments.append(Segment(Path(entry.path), entry.stat().st_size, int(segment[1])))
        elif torn is not None:
            place.torn.append((int(torn[1]), int(torn[2])))
        elif entry.name not in (LOCK, CHECKPOINTS, CLOSED, f"{CLOSED}.new", RESERVE):
            place.strange.append(entry.name)
    place.strange.sort()
    place.segments.sort(key=lambda segment: segment.number)
    if place.segments:
        place.segments[-1].last = True


def first_lines(place: Place, longest: int) -> tuple[bytes, bytes]:
    """The first two lines of the first segment that has any; empty where there is none."""
    files = [entry for entry in _entries(place.directory) if entry.is_file(follow_symlinks=False)]
    numbers = {SEGMENT.fullmatch(entry.name): entry for entry in files}
    for _, path in sorted((int(found[1]), entry.path) for found, entry in numbers.items() if found is not None):
        with open(path, "rb") as opened:
            lines = opened.readline(longest + 1), opened.readline(longest + 1)
        if lines[0]:
            return lines
    return b"", b""


def _looked_at(place: Place) -> Place:
    place.closed = _closed(place.directory / CLOSED)  # before the lock: who is closed now stays so
    place.live = place.closed is None and _locked(place.directory / LOCK)
    checkpoints = place.directory / CHECKPOINTS
    if checkpoints.is_file() and not checkpoints.is_symlink():
        place.checkpoints = File(checkpoints, checkpoints.stat().st_size)
    return place


def _closed(mark: Path) -> Closed | None:
    try:
        with open(mark, "rb", opener=_opened) as opened:
            said = strict(opened.read(1 << 16))
    except FileNotFoundError:
        return None
    except (OSError, Unclear):
        return Closed()
    by, count, head = said.get("by"), said.get("count"), said.get("head")
    if not isinstance(by, str):
        return Closed()
    if not is_count(count) or not isinstance(head, str):
        return Closed(by)
    return Closed(by, count, head)


def _opened(path: str, flags: int) -> int:
    """A pipe of that name must not keep the verifier waiting, nor a link lead it elsewhere. Raises ``OSError``."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))


def _locked(lock: Path) -> bool:
    try:
        import fcntl  # not on Windows: an auditor's copy, in which nobody writes
    except ImportError:
        return False
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)  # and gives up the lock, if it was to be had


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError as fault:
        raise Unreadable(f"{directory} cannot be read: {fault.strerror}") from None
