"""Files in ``keys.directory``: private, plain, made whole or not at all, by whichever process comes first."""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from doorward.configtypes import InvalidConfiguration, Problem

MAX_BYTES = 4 << 10


def private(directory: Path) -> None:
    """Raise ``InvalidConfiguration`` unless ``directory`` is one that only its owner, ours, can look into."""
    _check(directory, os.stat(directory), stat.S_ISDIR)


def checked(path: Path) -> None:
    """The same for a file whose content is not needed now. Raises ``FileNotFoundError``, too."""
    _check(path, os.lstat(path), stat.S_ISREG)


def content(path: Path) -> bytes:
    """What is in a private file, at most 4 KiB of it. Raises ``FileNotFoundError``, else ``InvalidConfiguration``."""
    # Without O_NONBLOCK a pipe in its place would hold us up before we saw what it is.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as fault:
        raise invalid(
            path, f"cannot be read: {fault.strerror}", "it must be a plain file of yours, mode 0600"
        ) from None
    with os.fdopen(descriptor, "rb") as opened:
        _check(path, os.fstat(opened.fileno()), stat.S_ISREG)
        return opened.read(MAX_BYTES)


def make(path: Path, text: str) -> None:
    """Put ``text`` into a new file at ``path``: written beside it, synced, then linked. One that is there stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w") as made:
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its key is the key
            os.link(name, path)
    finally:
        os.unlink(name)


def destroy(path: Path) -> None:
    """Overwrite a file and remove it; when this returns, the disk has been told. One that is gone is well.

    It is renamed first, so that nobody reads what it was overwritten with. What the medium or a backup kept of it is
    beyond our reach (docs/keys.md).
    """
    doomed = doomed_path(path)
    with contextlib.suppress(FileNotFoundError):
        path.rename(doomed)
    try:
        descriptor = os.open(doomed, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "wb", buffering=0) as opened:
        opened.write(bytes(os.fstat(opened.fileno()).st_size))
        os.fsync(opened.fileno())
    doomed.unlink(missing_ok=True)
    sync(path.parent)


def doomed_path(path: Path) -> Path:
    """Where a file is while it is being destroyed; one that stayed there is for ``destroy`` to try again."""
    return path.with_name(f"{path.name}.gone")


def sync(directory: Path) -> None:
    """Names made and removed in ``directory`` are on the disk when this returns."""
    descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; waits for who has it. For what two processes must not make twice."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def invalid(path: Path, message: str, remedy: str) -> InvalidConfiguration:
    """What to raise about one file."""
    return InvalidConfiguration([Problem(path="keys.directory", message=f"{path} {message}", remedy=remedy)])


def _check(path: Path, found: os.stat_result, right_kind: Callable[[int], bool]) -> None:
    if not right_kind(found.st_mode):
        raise invalid(path, "is of the wrong kind", "keys are plain files in a directory of their own")
    if os.name != "posix":
        return
    if found.st_mode & 0o077:
        raise invalid(
            path, "can be read by others", f"chmod go= {path}; if others had access, remove the keys in it too"
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise invalid(path, "belongs to somebody else", "let the user that runs Doorward own it")
