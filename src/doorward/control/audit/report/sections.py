"""The parts of a report that terminal and page have in common: headings, sentences, tables, plots as data."""

from typing import Literal

import msgspec

from doorward.control.audit.report.plain import counted

MOST_ROWS = 64
"""Rows of one table. A series over time never has more."""

Cell = str | int | float | None
"""Text is a name or words; an int a count; a float milliseconds; None: nothing to say."""


class Column(msgspec.Struct, frozen=True):
    """``kind``: a name that somebody chose, words, a number, a time of day, a digest. ``bar``: drawn, too."""

    title: str
    kind: Literal["name", "words", "count", "milliseconds", "moment", "digest"] = "name"
    bar: bool = False


class Table(msgspec.Struct, frozen=True):
    """``after``: what is to be said beneath it. A table without rows says ``empty`` instead."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    after: str = ""


def tabled(
    title: str, columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...], empty: str, after: str = ""
) -> Table:
    """A table of at most ``MOST_ROWS``; it says how many it leaves out."""
    left = len(rows) - MOST_ROWS
    if left > 0:
        after = f"{counted(left, 'more row')}: --json has them. {after}".strip()
    return Table(title, columns, rows[:MOST_ROWS], empty, after)


class Series(msgspec.Struct, frozen=True):
    """One colour of a plot. ``look`` names it in the style sheet."""

    title: str
    look: str
    values: tuple[int, ...]


class Plot(msgspec.Struct, frozen=True):
    """Bars over ``labels``: on top of each other, or side by side. ``description`` says in words what can be seen."""

    title: str
    description: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    stacked: bool = True


class Section(msgspec.Struct, frozen=True):
    """``name`` is its anchor."""

    name: str
    title: str
    sentences: tuple[str, ...]
    plot: Plot | None = None
    tables: tuple[Table, ...] = ()


class Figure(msgspec.Struct, frozen=True):
    """A number that stands at the top, and what it is."""

    value: str
    title: str
    note: str = ""
