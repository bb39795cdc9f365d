"""The audit log of one process: JSON Lines, one ``write`` a record, each naming the hash of the line before.

(Syncing, checkpoints, rotation, fail-over: ``docs/guarantees.md`` G3 to G5, not built yet. The port stays small.)
"""

import contextlib
import fcntl
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from doorward.core.audit import Record
from doorward.core.errors import JournalFault


class FileJournal:
    """One writer: a random id and a directory of its own under a lock, never continued by another (G5)."""

    def __init__(self, directory: Path, observe: Callable[[], None] = lambda: None) -> None:
        self.writer = uuid4().hex
        self._observe = observe
        self._seq = 0
        self._prev = ""
        self._torn = False
        place = directory / self.writer
        try:
            place.mkdir(parents=True, mode=0o700)
            self._lock = os.open(place / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = os.open(
                place / "journal.jsonl", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise JournalFault(f"the audit directory cannot be written: {error.strerror}") from error

    def append(self, record: Record) -> None:
        """Return when the kernel has the record (G1). After a failed or partial write the line is ended before the next
        one.
        """
        line = record.line(self.writer, self._seq, self._prev)
        try:
            if self._torn:
                os.write(self._file, b"\n")
                self._torn = False
            written = os.write(self._file, line)
        except OSError as error:
            raise JournalFault(f"a record could not be written: {error.strerror}") from error
        if written != len(line):
            self._torn = True
            raise JournalFault("a record could not be written whole: the disk is full")
        self._seq += 1
        self._prev = sha256(line).hexdigest()
        self._observe()

    def close(self) -> None:
        for descriptor in (self._file, self._lock):
            with contextlib.suppress(OSError):
                os.close(descriptor)


class NullJournal:
    """Keeps nothing; for tests and for measuring what the journal costs."""

    def append(self, record: Record) -> None:
        return

    def close(self) -> None:
        return
