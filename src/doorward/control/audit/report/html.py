"""A report as one page that needs nothing else: no script, no fetch, plots and style within.

All text goes through ``_text``; most of it was chosen by peers.
"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from doorward.control.audit.report import charts
from doorward.control.audit.report.model import Report
from doorward.control.audit.report.plain import count, milliseconds, moment, plain
from doorward.control.audit.report.sections import Cell, Column, Figure, Section, Table
from doorward.control.audit.report.style import CSS
from doorward.control.audit.report.wording import figures, sections

_LONGEST_SENTENCE = 1000
_SHORT = 14  # rows of a table that is not to be parted by the end of a page
_WORDY = 40  # characters, from which on words keep some width on a phone: else they are a column of syllables
_NUMBERS = ("count", "milliseconds")
_ON_THE_PAGE_BEFORE = frozenset(("calls", "uses", "alerts", "reading"))  # short: they begin where the one before ends

POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(CSS.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
"""The page's own Content-Security-Policy: its style sheet, and nothing else."""


def page(report: Report) -> str:
    """The whole document."""
    told = list(sections(report))
    return "".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>Audit report {_text(_time(report))}</title>\n<style>{CSS}</style>\n</head>\n<body>\n",
            charts.patterns(),
            _header(report),
            _contents(told),
            "<main>\n",
            *(_section(section) for section in told),
            "</main>\n",
            f"<footer>Made by doorward audit report from {count(report.continuity.records)} records.</footer>\n",
            "</body>\n</html>\n",
        )
    )


def _text(text: str, longest: int = _LONGEST_SENTENCE) -> str:
    return escape(plain(text, longest))


def _time(report: Report) -> str:
    return f"{moment(report.since)} to {moment(report.until)} UTC"


def _header(report: Report) -> str:
    tiles = "".join(_tile(figure) for figure in figures(report))
    return (
        f"<header>\n<h1>Audit report</h1>\n<p><b>{_text(_time(report))}</b></p>\n"
        f"<p>The log at <bdi>{_text(report.log, 300)}</bdi>, read {_text(moment(report.made))} UTC</p>\n"
        f"<dl>{tiles}</dl>\n</header>\n"
    )


def _tile(figure: Figure) -> str:
    return (
        f'<div><dt>{_text(figure.title)}</dt><dd class="value">{_text(figure.value)}</dd>'
        f'<dd class="note">{_text(figure.note)}</dd></div>'
    )


def _contents(told: list[Section]) -> str:
    entries = "".join(f'<li><a href="#{section.name}">{_text(section.title)}</a></li>' for section in told)
    return f'<nav aria-label="Contents"><ol>{entries}</ol></nav>\n'


def _section(section: Section) -> str:
    kind = ' class="on"' if section.name in _ON_THE_PAGE_BEFORE else ""
    parts = [f'<section id="{section.name}"{kind}>\n<h2>{_text(section.title)}</h2>\n']
    parts += [f"<p>{_text(sentence)}</p>\n" for sentence in section.sentences]
    if section.plot is not None:
        parts.append(charts.plot(f"plot-{section.name}", section.plot))
    parts += [_table(table) for table in section.tables]
    return "".join((*parts, "</section>\n"))


def _table(table: Table) -> str:
    if not table.rows:
        return f'<h3>{_text(table.title)}</h3>\n<p class="empty">{_text(table.empty)}</p>\n'
    head = "".join(f'<th scope="col"{_class_of_head(column)}>{_text(column.title)}</th>' for column in table.columns)
    most = _most(table)
    body = "".join(f"<tr>{''.join(_cells(row, table.columns, most))}</tr>\n" for row in table.rows)
    after = f'<p class="after">{_text(table.after)}</p>\n' if table.after else ""
    kind = "scroll short" if len(table.rows) <= _SHORT else "scroll"
    return (
        f'<div class="{kind}"><table>\n<caption>{_text(table.title)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n{after}"
    )


def _class_of_head(column: Column) -> str:
    return ' class="number"' if column.kind in _NUMBERS else ""


def _most(table: Table) -> int:
    """The largest value of all columns with bars: the columns are to be compared."""
    places = [place for place, column in enumerate(table.columns) if column.bar]
    return max((value for row in table.rows for place in places if isinstance(value := row[place], int)), default=0)


def _cells(row: tuple[Cell, ...], columns: tuple[Column, ...], most: int) -> Iterator[str]:
    for cell, column in zip(row, columns, strict=True):
        if isinstance(cell, int):
            bar = charts.bar(cell, most) if column.bar else ""
            yield f'<td class="number">{bar}<span>{count(cell)}</span></td>'
        elif isinstance(cell, float) or cell is None:
            yield f'<td class="number">{milliseconds(cell)}</td>'
        elif column.kind == "moment":
            yield f'<td class="moment">{_text(moment(cell))}</td>'
        else:
            longest = _LONGEST_SENTENCE if column.kind == "words" else 160
            wide = " wide" if column.kind == "words" and len(cell) > _WORDY else ""
            yield f'<td class="{column.kind}{wide}"><bdi>{_text(cell, longest)}</bdi></td>'
