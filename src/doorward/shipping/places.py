"""The files of ``AUDIT/shipping`` (``core/audit_layout.py``), and how one of them is replaced."""

import os
import re
from contextlib import suppress
from pathlib import Path

from doorward.core import audit_layout

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


def is_name(name: str) -> bool:
    """Whether a sink may be called so: it names its files."""
    return _NAME.fullmatch(name) is not None


class Places:
    """Where the shipper keeps what it knows about the log of ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.log = directory
        self.directory = directory / audit_layout.SHIPPING
        self.lock = self.directory / "lock"
        self.status = self.directory / "status.json"
        self.first_calls = self.directory / "first-calls.json"

    def make(self) -> None:
        """Raises ``OSError``."""
        self.log.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)

    def cursor(self, sink: str) -> Path:
        return self.directory / f"{sink}.cursor.json"

    def ended(self, sink: str) -> Path:
        return self.directory / f"{sink}.ended"

    def dead(self, sink: str) -> Path:
        return self.directory / f"{sink}.dead.jsonl"


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """The file is ``data`` now: whole, or as it was. ``durable``: the disk has it too. Raises ``OSError``."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        if durable:
            os.fsync(opened.fileno())
    beside.rename(path)


def append(path: Path, data: bytes) -> None:
    """Put whole lines behind what is there, and wait for the disk. Raises ``OSError``; then they are taken out
    again, if that is still possible.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as opened:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a crash cut the last line: it stays alone
            data = b"\n" + data
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[opened.write(rest) :]
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):  # it is tried again and again: each time would take more of a disk that is full
                if os.fstat(descriptor).st_size == size + len(data) - len(rest):
                    os.ftruncate(descriptor, size)
            raise
