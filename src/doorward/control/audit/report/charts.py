"""Plots as SVG: no script, no style of their own; looks and patterns come from the style sheet by class.

Every series has a pattern beside its colour, so that a black and white print can be read.
"""

from collections.abc import Iterator, Sequence
from html import escape

from doorward.control.audit.report.plain import count
from doorward.control.audit.report.sections import Plot

_WIDTH, _HEIGHT = 720, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 14, 34
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_MOST_LABELS = 9
_WIDEST = 56.0

PATTERNED = {
    "watched": '<path d="M0 6 6 0" class="ink"/>',
    "redacted": '<circle cx="3" cy="3" r="1.2" class="dot"/>',
    "failed": '<path d="M0 0 6 6M0 6 6 0" class="ink"/>',
    "whole": '<path d="M0 6 6 0" class="ink"/>',
}
"""Looks that are more than a plain colour -> what is drawn over it, in a square of six."""


def patterns() -> str:
    """The patterns of all looks, once a page."""
    tiles = "".join(
        f'<pattern id="p-{look}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" class="base-{look}"/>{drawn}</pattern>'
        for look, drawn in PATTERNED.items()
    )
    return f'<svg class="defs" width="0" height="0" aria-hidden="true"><defs>{tiles}</defs></svg>'


def plot(name: str, drawn: Plot) -> str:
    """One plot with its legend; ``name`` makes its ids unique on the page."""
    heights = [sum(column) if drawn.stacked else max(column) for column in _columns(drawn)]
    top, ticks = scale(max(heights, default=0))
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{escape(drawn.title)}</title><desc id="{name}-d">{escape(drawn.description)}</desc>',
        *_grid(top, ticks),
        *_bars(drawn, top),
        *_labels(drawn.labels),
        "</svg>",
    ]
    return f"<figure>{_legend(drawn)}{''.join(parts)}<figcaption>{escape(drawn.description)}</figcaption></figure>"


def bar(value: int, most: int) -> str:
    """A bar in a cell of a table: decoration, for the number stands beside it."""
    width = 100 * max(value, 0) / most if most > 0 else 0
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width:.1f}" height="10"/></svg>'
    )


def scale(highest: int) -> tuple[int, list[int]]:
    """(top of the axis, its ticks): round numbers, three to six of them, and whole."""
    if highest <= 0:
        return 1, [0, 1]
    step = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= 5 * step * factor:
                ticks = list(range(0, highest + step * factor, step * factor))
                return ticks[-1], ticks
        step *= 10


def _columns(drawn: Plot) -> list[tuple[int, ...]]:
    return list(zip(*(series.values for series in drawn.series), strict=True))


def _legend(drawn: Plot) -> str:
    shown = [series for series in drawn.series if any(series.values)] or list(drawn.series)
    keys = "".join(
        '<li><svg viewBox="0 0 14 14" aria-hidden="true">'
        f'<rect width="14" height="14" class="look-{series.look}"/></svg>'
        f"{escape(series.title)} <b>{count(sum(series.values))}</b></li>"
        for series in shown
    )
    return f'<ul class="legend">{keys}</ul>'


def _grid(top: int, ticks: Sequence[int]) -> Iterator[str]:
    for tick in ticks:
        y = _TOP + _INNER_HEIGHT * (1 - tick / top)
        kind = "axis" if tick == 0 else "grid"
        yield f'<path class="{kind}" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 7}" y="{y + 3.5:.1f}" text-anchor="end">{count(tick)}</text>'


def _bars(drawn: Plot, top: int) -> Iterator[str]:
    """Stacked: one bar a label. Else one bar a series and label, side by side."""
    slot = _INNER_WIDTH / max(len(drawn.labels), 1)
    breadth = min(slot * 0.78, _WIDEST)
    each = breadth if drawn.stacked else breadth / max(len(drawn.series), 1)
    for place, column in enumerate(_columns(drawn)):
        left = _LEFT + slot * place + (slot - breadth) / 2
        floor = float(_TOP + _INNER_HEIGHT)
        for number, (series, value) in enumerate(zip(drawn.series, column, strict=True)):
            height = _INNER_HEIGHT * max(value, 0) / top
            if height <= 0:
                continue
            x = left if drawn.stacked else left + each * number
            yield (
                f'<rect class="look-{series.look}" x="{x:.2f}" y="{floor - height:.2f}" '
                f'width="{each:.2f}" height="{height:.2f}"/>'
            )
            if drawn.stacked:
                floor -= height


def _labels(labels: Sequence[str]) -> Iterator[str]:
    """As many as there is room for, evenly; the first always."""
    slot = _INNER_WIDTH / max(len(labels), 1)
    every = -(-len(labels) // _MOST_LABELS)
    y = _TOP + _INNER_HEIGHT + 16
    for place in range(0, len(labels), max(every, 1)):
        x = _LEFT + slot * (place + 0.5)
        for line, text in enumerate(_halves(labels[place])):
            yield f'<text x="{x:.1f}" y="{y + 12 * line}" text-anchor="middle">{escape(text)}</text>'


def _halves(label: str) -> Sequence[str]:
    """A date with an hour takes two lines."""
    date, _, hour = label.partition(" ")
    return (hour, date) if hour.endswith(":00") else (label,)
