"""Space on the disk that is kept back."""

import contextlib
import os

from doorward.core import audit_layout
from doorward.gateway.journal.files import Files
from doorward.gateway.journal.home import Home


class Reserve:
    """Space that is given up when the disk is full, so that the stop itself can be recorded."""

    def __init__(self, home: Home, size: int, files: Files) -> None:
        self._home = home
        self._size = size
        self._files = files

    def make(self, *, sync: bool) -> None:
        """Take it (again), on a file that no sync has failed on. Raises ``OSError``.

        Twice as much must be free, or the first records would fill the disk once more. ``sync``: the disk must prove
        that it works.
        """
        self._files.remove(self._home.path / audit_layout.RESERVE)
        descriptor = self._files.open(
            self._home.path / audit_layout.RESERVE, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        )
        try:
            self._files.allocate(descriptor, 2 * self._size)
            self._files.truncate(descriptor, self._size)
            if sync:
                self._files.sync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                self._files.truncate(descriptor, 0)
            raise
        finally:
            self._files.close(descriptor)

    def free(self) -> None:
        with contextlib.suppress(OSError):  # then the stop is not recorded; nothing else depends on it
            self._files.remove(self._home.path / audit_layout.RESERVE)
