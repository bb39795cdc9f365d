"""A pipe where a file should be: whoever waits for its writer gets what a file would have held, and a test fails."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def pipe(path: Path, text: bytes) -> Iterator[Path]:
    """A pipe at ``path`` whose writer waits for a reader, as a file's content to nobody who refuses pipes."""
    os.mkfifo(path, 0o600)
    writer = threading.Thread(target=_write, args=(path, text))
    writer.start()
    try:
        yield path
    finally:
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # lets the writer go that nobody asked
        path.unlink()
        writer.join()
        os.close(reader)


def _write(path: Path, text: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), path.open("wb") as opened:
        opened.write(text)
