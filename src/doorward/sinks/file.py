"""JSON Lines in a file of the operator's, on the disk before a delivery counts; rotated by size and age."""

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from doorward.configtypes import Duration, Refused, Size
from doorward.core.delivery import ALL, Delivered, Event, Limits, SinkFault
from doorward.sinks.options import SinkOptions

_DAY = 86400
_NOT_OURS = "let the gateway's user write there"
_TODO = {
    errno.EAGAIN: "give each a file of its own",
    errno.ENOENT: "make its directory, and let the gateway's user write there",
    errno.ENOTDIR: "name a file in a directory",
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
    errno.EROFS: _NOT_OURS,
    errno.ENOSPC: "make room on that disk",
    errno.EDQUOT: "make room on that disk",
}
_LEAVE = 0.5
"""Seconds that a write under way has before the file is left to it."""


class File:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``path``: the file; its directory must be there. ``size`` and ``age``: when it becomes ``PATH.000001``, the
        next ``PATH.000002``, and a new one begins; 0: never for that. The age counts from the first line, or from
        when it was opened. ``keep``: so many of these stay, the newest; 0: all, nothing is ever removed.
        """

        path: Path
        size: Size = Size(100 << 20)
        age: Duration = Duration(_DAY)
        keep: int = 0

    limits = Limits(events=5000, bytes=4 << 20, overhead=1)

    def __init__(self, options: Options) -> None:
        if options.keep < 0:
            raise Refused("keep is below 0", "0 keeps all")
        if options.path.exists() and not options.path.is_file():
            raise Refused("path is not a file", "name a file of its own, or use: stdout")
        self.options = options
        self._at_work = Lock()
        self._written = _Written(options.path)

    def deliver(self, events: Sequence[Event]) -> Delivered:
        data = b"".join(event.data + b"\n" for event in events)
        with self._at_work:
            try:
                self._written.ready()
                if self._due(len(data)):
                    self._written.rotate(self.options.keep)
                self._written.append(data)
            except OSError as fault:
                self._written.close()
                why = fault.strerror or type(fault).__name__
                raise SinkFault(f"{self.options.path}: {why}", remedy=_TODO.get(fault.errno or 0, "")) from None
        return ALL

    def close(self) -> None:
        """Let another one have the file. Where a disk hangs in a write, the file stays with that."""
        if self._at_work.acquire(timeout=_LEAVE):
            try:
                self._written.close()
            finally:
                self._at_work.release()

    def _due(self, more: int) -> bool:
        size, age = self.options.size, self.options.age
        written = self._written
        too_large = size > 0 and written.size + more > size
        return written.size > 0 and (too_large or (age > 0 and time.time() - written.since >= age))


class _Written:
    """The file at a path, held open. Its methods raise ``OSError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: int | None = None
        self.size = 0
        self.since = 0.0

    def ready(self) -> None:
        """Open the file unless it is open; again where somebody else has moved it away."""
        if self._opened is not None:
            with suppress(FileNotFoundError):
                here, held = os.stat(self._path), os.fstat(self._opened)
                if (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino):
                    return
            self.close()
        self._open()

    def append(self, data: bytes) -> None:
        """All of ``data``, and on the disk; of what fails, at most whole lines stay."""
        assert self._opened is not None
        if not self.size:
            self.since = time.time()
        sent = 0
        try:
            while sent < len(data):
                sent += os.write(self._opened, data[sent:])
        except OSError:
            os.ftruncate(self._opened, self.size + data.rfind(b"\n", 0, sent) + 1)
            raise
        os.fsync(self._opened)
        self.size += sent

    def rotate(self, keep: int) -> None:
        """Give it the next number, begin a new one, and keep the newest ``keep`` (0: all)."""
        older = self._numbered()
        number = older[-1][0] + 1 if older else 1
        self.close()
        os.rename(self._path, f"{self._path}.{number:06d}")
        self._open()
        older = self._numbered()
        for _, path in older[:-keep] if keep else ():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            os.close(opened)

    def _open(self) -> None:
        opened = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        self._opened = opened
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a file")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(errno.EAGAIN, "another process or sink writes this file") from None
        self.size = _whole(opened, found.st_size)
        if self.size != found.st_size:
            os.ftruncate(opened, self.size)  # killed in the middle of a line, which is therefore sent again
        self.since = found.st_mtime if self.size else time.time()
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # a file whose name is lost is lost
        finally:
            os.close(directory)

    def _numbered(self) -> list[tuple[int, Path]]:
        """What was rotated away, by number."""
        name = re.compile(re.escape(self._path.name) + r"\.([0-9]{6,9})", re.ASCII)
        found = ((name.fullmatch(path.name), path) for path in self._path.parent.iterdir())
        return sorted((int(match[1]), path) for match, path in found if match)


def _whole(opened: int, size: int) -> int:
    """How many bytes of the file are whole lines."""
    end = size
    while end:
        begin = max(0, end - (64 << 10))
        found = os.pread(opened, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
