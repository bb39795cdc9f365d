"""Where the store is, and that nobody else can write to it: ``state.url``, its directory, its file."""

import os
import stat
from pathlib import Path

from doorward.configtypes import InvalidConfiguration, Problem

SCHEME = "sqlite:"


def location(url: str, base_dir: Path) -> Path:
    """The file that ``state.url`` names; relative to ``base_dir``. Raises ``InvalidConfiguration``."""
    if not url.startswith(SCHEME):
        scheme = url.partition(":")[0][:20]
        raise invalid(f"the store {scheme!r} is not available in this build", "write sqlite:PATH")
    path = url.removeprefix(SCHEME)
    if not path or path.startswith((":", "//")) or "\0" in path:
        raise invalid(
            "names no file", "write sqlite:PATH, such as sqlite:.doorward/state.db; one slash at most before it"
        )
    return base_dir / path


def prepare(path: Path) -> None:
    """Make directory (0700) and file (0600) if they are not there; refuse what others could change or read.

    Raises ``InvalidConfiguration``.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_directory(path.parent)
        _make(path)
        _check_files(path)
    except OSError as fault:
        raise _unusable(path, fault) from None


def examine(path: Path) -> None:
    """The same for what is there already; nothing is made. For ``doorward check``."""
    try:
        if path.parent.exists():
            _check_directory(path.parent)
            _check_files(path)
    except OSError as fault:
        raise _unusable(path, fault) from None


def companions(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a database in WAL mode."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def invalid(message: str, remedy: str) -> InvalidConfiguration:
    return InvalidConfiguration([Problem(path="state.url", message=message, remedy=remedy)])


def _make(path: Path) -> None:
    """An empty file of ours before SQLite opens it: SQLite would make it with the mode that umask leaves."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        return


def _unusable(path: Path, fault: OSError) -> InvalidConfiguration:
    return invalid(f"{path} cannot be used: {fault.strerror}", "check its owner, its permissions and the disk")


def _check_directory(directory: Path) -> None:
    """Who can write to it can put another file in the store's place. (Its own mode keeps others from reading it.)"""
    found = os.stat(directory)
    if found.st_mode & 0o022:
        raise invalid(f"others can write to {directory}", f"chmod go-w {directory}, or name a directory of its own")
    _check_owner(directory, found)


def _check_files(path: Path) -> None:
    for file in (path, *companions(path)):
        _check_file(file)


def _check_file(path: Path) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return  # SQLite makes -wal and -shm with the mode of the file itself
    if not stat.S_ISREG(found.st_mode):
        raise invalid(f"{path} is of the wrong kind", "it must be a plain file, no link")
    if found.st_mode & 0o077:
        raise invalid(f"{path} is open to others", f"chmod go= {path}; if others had access, look at what it holds")
    _check_owner(path, found)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in (os.geteuid(), 0):
        raise invalid(f"{path} belongs to somebody else", "let the user that runs Doorward own it")
