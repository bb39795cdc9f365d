"""The directory of one writer: its own under a lock, and never continued by another (docs/guarantees.md, G5)."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

import msgspec

from doorward.core import audit_layout
from doorward.core.audit import timestamp
from doorward.gateway.journal.files import NEW, Files, write_all


class Home:
    """``path`` is where it is. It is made under a hidden name: whoever sees a writer's directory finds its lock held
    and its first record there, or knows that it has ended.
    """

    def __init__(self, directory: Path, writer: str, files: Files) -> None:
        """Raises ``OSError``."""
        self.path = directory / f".{writer}"
        self._shown = directory / writer
        self._writer = writer
        self._files = files
        self._lock = -1
        self.path.mkdir(mode=0o700)
        try:
            self._lock = files.open(self.path / audit_layout.LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.drop()
            raise

    def show(self) -> None:
        """Give it its name. Raises ``OSError``."""
        self.path.rename(self._shown)
        self.path = self._shown

    def drop(self) -> None:
        """Remove it again: the writer could not begin."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def close(self, count: int, head: str, wall: float) -> None:
        """Say that the writer has ended and owes nothing. Raises ``OSError``."""
        said = {"by": self._writer, "at": timestamp(wall), "count": count, "head": head}
        file = self._files.open(self.path / audit_layout.CLOSED, NEW)
        try:
            _, fault = write_all(self._files, file, msgspec.json.encode(said) + b"\n")
            if fault is not None:
                raise fault
            self._files.sync(file)
        finally:
            self._files.close(file)
        self._files.sync_directory(self.path)

    def release(self) -> None:
        """Let go of the lock."""
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self._files.close(self._lock)
            self._lock = -1
