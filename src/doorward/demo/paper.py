"""How the demo prints: aligned plain text, with a little colour on a terminal only."""

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

_COLOURS = {"bold": "1", "good": "32", "bad": "31", "faint": "2"}
_WIDTH = 80


class Paper:
    """Writes sections, tables and facts to a stream."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._number = 0
        self._coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, text: str = "", colour: str = "") -> None:
        """One line, indented."""
        print(f"   {self._paint(text, colour)}".rstrip(), file=self._stream, flush=True)

    def section(self, title: str) -> None:
        """A numbered heading."""
        self._number += 1
        print(f"\n{self._paint(f'{self._number}  {title}', 'bold')}", file=self._stream, flush=True)

    def title(self, text: str) -> None:
        """The first line."""
        print(self._paint(text, "bold"), file=self._stream, flush=True)

    def table(self, rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
        """Rows in aligned columns."""
        rows = list(rows)
        widths = [max(map(len, column)) for column in zip(*([head] if head else []), *rows, strict=True)]
        if head:
            self.line(_row(head, widths), "faint")
        for row in rows:
            self.line(_row(row, widths))

    def paragraph(self, label: str, text: str) -> None:
        """A label, and beside it a text over as many lines as it takes."""
        for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False) or [""]:
            self.line(f"{label:<16}{line}")
            label = ""

    def verdict(self, good: bool, text: str) -> None:
        """What the lines above show."""
        self.line(text, "good" if good else "bad")

    def _paint(self, text: str, colour: str) -> str:
        if not colour or not self._coloured:
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
