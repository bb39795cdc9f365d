"""``audit.directory`` and ``audit.checkpoints``: that they can be written to, and how much room there is."""

import os
import stat
import time
from pathlib import Path

from doorward.bootstrap.configured import directories
from doorward.bootstrap.doctor.line import Line, fail, ok, size, span, warn
from doorward.configfile import Loaded
from doorward.control.audit.read import writers
from doorward.core import audit_layout

EACH_WORKER = 2 << 20
"""Bytes that must be free for each worker, or calls are refused (docs/operations.md)."""

LITTLE = 1 << 30
"""Bytes under which it is time to make room: some 400,000 calls."""

BEHIND = 60.0
"""Seconds after which a checkpoint should have been copied."""


def audit(loaded: Loaded) -> list[Line]:
    """The directory of the log."""
    directory = directories(loaded)[1]
    if not directory.exists():
        return [to_be_made("audit", directory)]
    if (wrong := unusable("audit", directory)) is not None:
        return [wrong]
    if directory.stat().st_mode & 0o022:
        return [fail("audit", f"others can write to {directory}", f"chmod go-w {directory}, then verify the log")]
    found = writers(directory)
    closed = sum((directory / writer / audit_layout.CLOSED).exists() for writer in found)
    return [ok("audit", f"{directory}: can be written to; {_many(len(found), 'writer')}, {closed} closed")]


def room(loaded: Loaded) -> list[Line]:
    """Free space for the log."""
    place = _there(directories(loaded)[1])
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    part = free / max(found.f_blocks * found.f_frsize, 1)
    said = f"{size(free)} free where the log is ({part:.0%})"
    if free < loaded.config.listen.workers * EACH_WORKER:
        return [fail("room", f"{said}: calls are refused", "make room; service resumes by itself")]
    if found.f_files and not found.f_favail:
        return [fail("room", f"{said}, and no inode is: no file can be made", "remove files on that disk")]
    if free < LITTLE:
        return [warn("room", f"{said}; a call takes about 2.5 KB", "make room, or move old logs away")]
    return [ok("room", said)]


def checkpoints(loaded: Loaded) -> list[Line]:
    """The second place of the checkpoints, and whether all are there."""
    about = "checkpoints"
    directory = directories(loaded)[1]
    if loaded.config.audit.checkpoints is None:
        remedy = "set audit.checkpoints to a directory that this host can add to and not take from"
        return [warn(about, "are kept beside the log only: who can cut the log off can cut them off too", remedy)]
    place = loaded.base_dir / loaded.config.audit.checkpoints
    if not place.exists():
        return [to_be_made(about, place)]
    if (wrong := unusable(about, place)) is not None:
        return [wrong]
    late = [writer for writer in writers(directory) if _is_behind(directory / writer, place / f"{writer}.jsonl")]
    if late:
        said = f"{place}: of {_many(len(late), 'writer')} the newest are missing, {late[0]} for one"
        return [warn(about, said, "see the log of the gateway; a running one makes up for it")]
    if place.stat().st_dev == _there(directory).stat().st_dev:
        remedy = "name a directory on another disk or, better, another host"
        return [warn(about, f"{place}: all are there, but on the same disk as the log", remedy)]
    return [ok(about, f"{place}: all are there, {_newest(directory)}")]


def to_be_made(about: str, path: Path) -> Line:
    """A file or directory that is not there: whether the gateway will be able to make it."""
    above = _there(path.parent)
    if not os.access(above, os.W_OK | os.X_OK):
        return fail(about, f"{path} is not there, and {above} cannot be written to", "make it, owned by this user")
    return ok(about, f"{path} is not there yet; the first start makes it")


def unusable(about: str, directory: Path) -> Line | None:
    """What is wrong with a directory that is there and must be written to."""
    if not stat.S_ISDIR(directory.stat().st_mode):
        return fail(about, f"{directory} is no directory", "name a directory")
    if not os.access(directory, os.W_OK | os.X_OK):
        return fail(about, f"{directory} cannot be written to", "check its owner, its permissions and the disk")
    return None


def _is_behind(writer: Path, copy: Path) -> bool:
    """Whether checkpoints of a writer should have been in the copy for a while."""
    try:
        own = (writer / audit_layout.CHECKPOINTS).stat()
    except OSError:
        return False  # it has signed none yet
    try:
        copied = copy.stat().st_size
    except OSError:
        copied = 0
    return copied < own.st_size and time.time() - own.st_mtime > BEHIND


def _newest(directory: Path) -> str:
    times = [
        path.stat().st_mtime
        for writer in writers(directory)
        if (path := directory / writer / audit_layout.CHECKPOINTS).exists()
    ]
    return f"the last was signed {span(time.time() - max(times))} ago" if times else "none was signed yet"


def _there(path: Path) -> Path:
    """``path``, or what is there of it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _many(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
