"""Values in SQL that stand apart from the names of their columns: ``INSERT INTO t (name, …) VALUES ('Ann', …)``.

What stands beside its name (``SET name = 'Ann'``) is read with the other pairs (pairs.py).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from doorward.core.leaf import Leaf
from doorward.detection.shape import Draft, Shape
from doorward.detection.tables import Cell, grid

_STRIDE = 64  # rows between two looks at the clock
_COLUMNS = (
    r"""\(([^()'\n]{1,2000}+(?:\n[^()'\n]{0,400}+){0,64}+)\)\s*+"""
    r"""(?:(?i:values?)\s*+(?=\()|(?P<copied>(?i:from\s++stdin)\s*+;[ \t\r]*+\n))"""
)
_INTO = re.compile(r"""(?:INTO|into|COPY|copy)\s++[\w."`\[\]]++\s*+(?=""" + _COLUMNS + ")")
_NAMES = re.compile(_COLUMNS)
_HEAD = re.compile(r"""[^,\s"`\[\]](?:[^,"`\[\]\n]*[^,\s"`\[\]])?""")
_ROW = re.compile(r"""\s*+,?\s*+\(""")
# A quoted value, with quotes doubled or escaped inside; a call around it; anything else up to a comma.
_QUOTED = r"'((?:[^'\\]++|''|\\.)*+)'"
_VALUE = re.compile(
    rf"\s*+(?:[A-Za-z_]{{1,24}}\(\s*+{_QUOTED}\s*+\)|[A-Za-z_]{{0,2}}{_QUOTED})(?:::[a-z]{{1,24}})?\s*+([,)])"
    r"|\s*+([^,()']*+(?:\([^()']*+\))?[^,()']*+)([,)])",
    re.DOTALL,
)
_UNQUOTED = 5  # the last group, with a value that is not quoted
_COPIED = re.compile(r"([^\t\n]*+)(\t|\r?\n|\Z)")
_MOST_COLUMNS = 256


class Put(NamedTuple):
    """Rows that are put into a table: where they begin and end, with the names of the columns, and these themselves."""

    start: int
    end: int
    names: tuple[int, int]
    rows: list[list[Cell]]


def find(text: str, check: Callable[[], None]) -> list[Put]:
    """The rows that are put into tables in ``text``."""
    found: list[Put] = []
    position = 0
    while (into := _INTO.search(text, position)) is not None:
        check()
        names = _NAMES.match(text, into.end())
        assert names is not None
        rows, position = _rows(text, names, check)
        if position > names.end():
            found.append(Put(names.start(), position, names.span(1), rows))
    return found


def read(leaf: Leaf, shape: Shape, put: Put, check: Callable[[], None]) -> Draft:
    """The cells of what ``find`` found in ``leaf.string``."""
    heads = [(*head.span(), False) for head in _HEAD.finditer(leaf.string, *put.names)]
    return grid(leaf, shape, heads, put.rows, check)


def _rows(text: str, names: re.Match[str], check: Callable[[], None]) -> tuple[list[list[Cell]], int]:
    rows: list[list[Cell]] = []
    position = names.end()
    copied = names["copied"] is not None
    while True:
        if not len(rows) % _STRIDE:
            check()
        row, position = _copied(text, position) if copied else _row(text, position)
        if row is None:
            return rows, position
        rows.append(row)


def _row(text: str, position: int) -> tuple[list[Cell] | None, int]:
    """(the cells of the row in brackets that begins there, where it ends); None: no row does."""
    opening = _ROW.match(text, position)
    if opening is None:
        return None, position
    cells: list[Cell] = []
    at = opening.end()
    while len(cells) < _MOST_COLUMNS and (found := _VALUE.match(text, at)) is not None:
        if found.lastindex == _UNQUOTED:
            start = found.start(4)
            end = start + len(found[4].rstrip())
        else:
            start, end = found.span(1 if found[1] is not None else 2)
        cells.append((start, end, False))
        at = found.end()
        if text[at - 1] == ")":
            return cells, at
    return None, position


def _copied(text: str, position: int) -> tuple[list[Cell] | None, int]:
    """The same for a line of ``COPY``, with tabs."""
    if position >= len(text) or text.startswith("\\.", position):
        return None, position
    cells: list[Cell] = []
    while (found := _COPIED.match(text, position)) is not None:
        cells.append((*found.span(1), False))
        position = found.end()
        if found[2] != "\t":
            break
    return cells, position
