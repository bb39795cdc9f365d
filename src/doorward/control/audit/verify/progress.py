"""How far a long verification is, on a terminal."""

import sys
import time
from typing import TextIO

_WAIT, _EACH = 1.0, 0.1
_WIDTH = 30


class Progress:
    """A bar that appears after a second. It is one line that is written again and again, and removed at the end."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._begun = time.monotonic()
        self._next = self._begun + _WAIT
        self._drawn = False

    def __call__(self, done: int, size: int) -> None:
        now = time.monotonic()
        if now < self._next or not self._out.isatty():
            return
        self._next = now + _EACH
        self._drawn = True
        share = done / size if size else 1.0
        bar = "#" * int(share * _WIDTH)
        left = (now - self._begun) * (1 - share) / share if share else 0.0
        said = f"{share:4.0%}  {done >> 20:,} of {size >> 20:,} MiB, {left:.0f} s left"
        self._out.write(f"\r[{bar:{_WIDTH}}] {said} \033[K")
        self._out.flush()

    def end(self) -> None:
        """Remove it."""
        if self._drawn:
            self._out.write("\r\033[K")
            self._out.flush()
