"""How the demo prints: aligned plain text, with a little colour on a terminal only."""

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

_COLOURS = {"bold": "1", "good": "32", "bad": "31", "faint": "2"}
_WIDTH = 80
_LABEL = 16


class Paper:
    """Writes sections, tables and facts to a stream. All but tables fits into 80 columns, as far as words do."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._number = 0
        self._coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, text: str = "", colour: str = "") -> None:
        """One line, indented; more where it does not fit."""
        for part in _wrapped(text, _WIDTH - 3):
            self._put(part, colour)

    def section(self, title: str) -> None:
        """A numbered heading."""
        self._number += 1
        number = f"{self._number}  "
        print(file=self._stream)
        for part in _wrapped(title, _WIDTH - len(number)):
            print(self._paint(number + part, "bold"), file=self._stream, flush=True)
            number = " " * len(number)

    def title(self, text: str) -> None:
        """The first line."""
        for part in _wrapped(text, _WIDTH):
            print(self._paint(part, "bold"), file=self._stream, flush=True)

    def table(self, rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
        """Rows in aligned columns."""
        rows = list(rows)
        widths = [max(map(len, column)) for column in zip(*([head] if head else []), *rows, strict=True)]
        if head:
            self._put(_row(head, widths), "faint")
        for row in rows:
            self._put(_row(row, widths))

    def paragraph(self, label: str, text: str) -> None:
        """A label, and beside it a text over as many lines as it takes."""
        for part in _wrapped(text, _WIDTH - 3 - _LABEL):
            self._put(f"{label:<{_LABEL}}{part}")
            label = ""

    def verdict(self, good: bool, text: str) -> None:
        """What the lines above show."""
        self.line(text, "good" if good else "bad")

    def _put(self, text: str, colour: str = "") -> None:
        print(f"   {self._paint(text, colour)}".rstrip(), file=self._stream, flush=True)

    def _paint(self, text: str, colour: str) -> str:
        if not colour or not self._coloured:
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)
