"""Files that verbs write for people: whole or not at all, and for their owner alone, for they name callers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """What is written into it is in ``file`` when no exception left it; else ``file`` is as it was. What is there and
    is no plain file (a pipe, a terminal) gets it as it comes. Raises ``OSError``, which names ``file``.
    """
    target = file.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as opened:
            yield opened
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(_made(beside, file), "wb") as opened:
            yield opened
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _made(beside: Path, file: Path) -> int:
    """``beside``, opened. A fault speaks of the file that somebody asked for, and not of one that nobody knows."""
    try:
        return os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(file)) from None
