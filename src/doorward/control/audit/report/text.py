"""A report on a terminal: aligned tables, and bars where numbers are to be compared."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from doorward.control.audit.report.model import Report
from doorward.control.audit.report.plain import count, milliseconds, moment, plain
from doorward.control.audit.report.sections import Cell, Column, Table
from doorward.control.audit.report.wording import figures, sections

_NAME, _WORDS, _DIGEST, _BAR = 40, 72, 12, 16
_SENTENCE, _WIDTH = 1000, 100
_RIGHT = ("count", "milliseconds")


def lines(report: Report) -> Iterator[str]:
    """All of it, line by line."""
    yield f"Audit report, {moment(report.since)} to {moment(report.until)}; all times are UTC"
    yield f"Log: {plain(report.log, 200)}"
    yield ""
    at_the_top = figures(report)
    widest = max(len(figure.value) for figure in at_the_top)
    for figure in at_the_top:
        yield f"  {figure.value:>{widest}}  {figure.title}" + (f" ({figure.note})" if figure.note else "")
    for section in sections(report):
        yield from ("", section.title, "=" * len(section.title))
        for sentence in section.sentences:
            yield from wrap(plain(sentence, _SENTENCE), _WIDTH)
        for table in section.tables:
            yield from ("", f"{table.title}:")
            yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield f"  {table.empty}"
        return
    columns = [[column.title, *(shown(row[place], column) for row in table.rows)] for place, column in _places(table)]
    widths = [max(map(len, cells)) for cells in columns]
    right = [column.kind in _RIGHT for column in table.columns]
    bars = _bars(table)
    for number in range(len(table.rows) + 1):
        cells = [
            cell[number].rjust(width) if to_the_right else cell[number].ljust(width)
            for cell, width, to_the_right in zip(columns, widths, right, strict=True)
        ]
        yield f"  {'  '.join(cells)}  {bars[number]}".rstrip()
    if table.after:
        yield f"  {table.after}"


def _places(table: Table) -> Iterator[tuple[int, Column]]:
    return enumerate(table.columns)


def _bars(table: Table) -> Sequence[str]:
    """One bar a row, over the sum of the columns that want one; nothing beside the head."""
    places = [place for place, column in enumerate(table.columns) if column.bar]
    if not places:
        return [""] * (len(table.rows) + 1)
    values = [sum(value for place in places if isinstance(value := row[place], int)) for row in table.rows]
    most = max(*values, 1)
    return ["", *("█" * -(-_BAR * max(value, 0) // most) for value in values)]


def shown(cell: Cell, column: Column) -> str:
    """One cell as text."""
    if isinstance(cell, int):
        return count(cell)
    if isinstance(cell, float) or cell is None:
        return milliseconds(cell)
    if column.kind == "moment":
        return moment(cell)
    return plain(cell, {"digest": _DIGEST, "words": _WORDS}.get(column.kind, _NAME))
