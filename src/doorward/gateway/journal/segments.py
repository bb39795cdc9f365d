"""The files that a journal's lines go to, one after the other."""

import contextlib
import time

from doorward.core import audit_layout
from doorward.gateway.journal.files import NEW, Files, write_all
from doorward.gateway.journal.home import Home


class Segments:
    """One file is open. ``sealed``: it is never written again, and another must begin before the next line.

    ``torn``: number, place and length of a piece of a line that could not be cut off.
    """

    def __init__(self, home: Home, files: Files) -> None:
        self.number = 0
        self.offset = 0
        self.descriptor = -1
        self.sealed = True
        self.torn: tuple[int, int, int] | None = None
        self._home = home
        self._files = files
        self._begun = 0.0

    def begin(self) -> None:
        """The next file; the one before is not needed any more. Raises ``OSError``."""
        self._cut_again()
        descriptor = self._files.open(self._home.path / audit_layout.segment(self.number + 1), NEW)
        self.release()
        self.descriptor, self.number, self.offset = descriptor, self.number + 1, 0
        self.sealed = False
        self._begun = time.monotonic()

    def full(self, size: int, age: float) -> bool:
        """Whether the next line should go to a new file."""
        return self.offset >= size or (self.offset > 0 and time.monotonic() - self._begun >= age)

    def write(self, data: bytes) -> tuple[int, OSError | None]:
        """How many bytes the file took, and why not all. What is not wanted of them must be ``cut``."""
        return write_all(self._files, self.descriptor, data)

    def cut(self, whole: int, taken: int) -> None:
        """After a failed write: only ``whole`` bytes of it count. What cannot be cut off stays, and nothing follows."""
        end = self.offset + whole
        try:
            self._files.truncate(self.descriptor, end)
        except OSError:
            self.sealed = True
            if taken > whole:
                self.torn = (self.number, end, taken - whole)

    def _cut_again(self) -> None:
        if self.torn is not None:
            with contextlib.suppress(OSError):
                self._files.truncate(self.descriptor, self.torn[1])
                self.torn = None

    def release(self) -> None:
        if self.descriptor >= 0:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                self._files.close(self.descriptor)
            self.descriptor = -1
