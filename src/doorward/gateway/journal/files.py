"""What the journal asks of the operating system, in one place, so that tests can give it a faulty disk."""

import errno
import fcntl
import os
from pathlib import Path

NEW = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
"""Flags for a file of the writer's own: nobody else names files in its directory."""

_BLOCK = b"\0" * (64 << 10)
_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: its fsync does not reach the disk


class Files:
    """Each call is one of the system's, and raises ``OSError`` as it does."""

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """How many bytes were taken, which may be fewer."""
        return os.write(descriptor, data)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def size(self, descriptor: int) -> int:
        return os.fstat(descriptor).st_size

    def sync(self, descriptor: int) -> None:
        """What was written, and the length of the file, are on the disk (fdatasync)."""
        if _FULL_SYNC is not None:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        else:
            os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def allocate(self, descriptor: int, size: int) -> None:
        """Real blocks for the first ``size`` bytes of an empty file."""
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(descriptor, 0, size)
                return
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                    raise
        while size > 0:
            size -= self.write(descriptor, _BLOCK[:size])

    def sync_directory(self, path: Path) -> None:
        """What was made, renamed or removed in it is on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)


def write_all(files: Files, descriptor: int, data: bytes) -> tuple[int, OSError | None]:
    """How many bytes the file took, and the error if it did not take all. To raise that error, raise a copy: the same
    object would hold the frame that raises it, with all that was to be written, and that frame would hold the error,
    until the garbage collector runs.
    """
    done = 0
    rest: bytes | memoryview = data
    try:
        while done < len(data):
            taken = files.write(descriptor, rest)
            if not taken:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += taken
            if done < len(data):
                rest = memoryview(data)[done:]
    except OSError as error:
        return done, error.with_traceback(None)
    return done, None
