"""A disk that fails when it is told to, for the journal: full, broken, slow without end, or taking half."""

import errno
import os
import threading
from collections import Counter
from pathlib import Path

from doorward.gateway.journal import Files

CALLS = ("open", "write", "sync", "truncate", "allocate", "sync_directory")


class Hang:
    """Calls stand still in ``entered`` (how many have come so far) until ``release``."""

    def __init__(self) -> None:
        self._turned = threading.Condition()
        self._released = False
        self.entered = 0

    def release(self) -> None:
        with self._turned:
            self._released = True
            self._turned.notify_all()

    def enter(self) -> None:
        with self._turned:
            self.entered += 1
            self._turned.wait_for(lambda: self._released)


class FaultyFiles(Files):
    """Works until told otherwise. ``name`` narrows a fault to files whose name begins so.

    ``called`` counts the calls by (call, file name), ``synced`` holds the descriptors' names in order.
    """

    def __init__(self) -> None:
        self.called: Counter[tuple[str, str]] = Counter()
        self.short = 0
        self._lock = threading.Lock()
        self._left: int | None = None
        self._limited = ""
        self._names: dict[int, str] = {}
        self._sizes: Counter[str] = Counter()
        self._faults: dict[str, tuple[int, int, str]] = {}
        self._hangs: dict[str, tuple[Hang, str]] = {}

    # -- what is told ----------------------------------------------------------------------------------------------

    def full(self, left: int = 0, *, name: str = "") -> None:
        """The disk has room for so many more bytes of such files."""
        with self._lock:
            self._left, self._limited = left, name

    def room(self) -> None:
        """There is space again."""
        with self._lock:
            self._left = None

    def fail(self, call: str, code: int = errno.EIO, *, times: int = -1, name: str = "") -> None:
        """The next ``times`` calls fail (-1: all)."""
        assert call in CALLS
        with self._lock:
            self._faults[call] = (code, times, name)

    def mend(self, call: str) -> None:
        with self._lock:
            self._faults.pop(call, None)

    def hang(self, call: str, *, name: str = "") -> Hang:
        """All calls stand still until they are released; those that come then pass."""
        assert call in CALLS
        with self._lock:
            hang = Hang()
            self._hangs[call] = (hang, name)
            return hang

    def count(self, call: str, name: str = "") -> int:
        """How many calls there were."""
        with self._lock:
            return sum(number for (made, file), number in self.called.items() if made == call and file.startswith(name))

    # -- the calls -------------------------------------------------------------------------------------------------

    def open(self, path: Path, flags: int) -> int:
        self._meet("open", path.name)
        descriptor = super().open(path, flags)
        with self._lock:
            self._names[descriptor] = path.name
            if flags & os.O_TRUNC:
                self._resize(path.name, 0)
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        name = self._names[descriptor]
        self._meet("write", name)
        with self._lock:
            left = self._room(name)
            most = len(data) if left is None else min(left, len(data))
            if most == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self.short:
                most = min(most, self.short)
            taken = super().write(descriptor, data[:most])
            self._resize(name, self._sizes[name] + taken)
            return taken

    def sync(self, descriptor: int) -> None:
        self._meet("sync", self._names[descriptor])
        super().sync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        name = self._names[descriptor]
        self._meet("truncate", name)
        super().truncate(descriptor, size)
        with self._lock:
            self._resize(name, size)

    def allocate(self, descriptor: int, size: int) -> None:
        name = self._names[descriptor]
        self._meet("allocate", name)
        with self._lock:
            left = self._room(name)
            if left is not None and size > left:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._resize(name, size)
        super().allocate(descriptor, size)

    def sync_directory(self, path: Path) -> None:
        self._meet("sync_directory", path.name)
        super().sync_directory(path)

    def remove(self, path: Path) -> None:
        super().remove(path)
        with self._lock:
            self._resize(path.name, 0)

    def _meet(self, call: str, name: str) -> None:
        with self._lock:
            self.called[call, name] += 1
            hang, whose = self._hangs.get(call, (None, ""))
        if hang is not None and name.startswith(whose):
            hang.enter()
        with self._lock:
            code, times, whose = self._faults.get(call, (0, 0, ""))
            if times and name.startswith(whose):
                self._faults[call] = (code, times - 1, whose)
                raise OSError(code, os.strerror(code))

    def _room(self, name: str) -> int | None:
        return self._left if name.startswith(self._limited) else None

    def _resize(self, name: str, size: int) -> None:
        if self._left is not None and name.startswith(self._limited):
            self._left += self._sizes[name] - size
        self._sizes[name] = size
