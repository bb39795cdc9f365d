from xml.etree import ElementTree

import pytest

from doorward.control.audit.report import charts
from doorward.control.audit.report.sections import Plot, Series


def drawn(*values: tuple[int, ...], stacked: bool = True, labels: tuple[str, ...] = ("a", "b")) -> ElementTree.Element:
    looks = ("allowed", "refused")
    series = tuple(Series(look, look, column) for look, column in zip(looks, values, strict=False))
    return ElementTree.fromstring(charts.plot("p", Plot("<Title>", "A & B", labels, series, stacked)))


def bars(figure: ElementTree.Element) -> list[tuple[str, float, float]]:
    """(class, lower edge, height), without the keys of the legend."""
    (plot,) = figure.findall("svg")
    return [
        (r.attrib["class"], float(r.attrib["y"]) + float(r.attrib["height"]), float(r.attrib["height"]))
        for r in plot.iter("rect")
    ]


@pytest.mark.parametrize(
    ("highest", "top", "ticks"),
    [
        (0, 1, 2),
        (1, 1, 2),
        (3, 3, 4),
        (5, 5, 6),
        (6, 6, 4),
        (7, 8, 5),
        (99, 100, 6),
        (3836, 4000, 5),
        (10**9 + 1, 15 * 10**8, 4),
    ],
)
def test_scales_are_round_and_hold_the_highest(highest: int, top: int, ticks: int) -> None:
    found, marks = charts.scale(highest)
    assert found >= highest
    assert marks[0] == 0
    assert marks[-1] == found
    assert 2 <= len(marks) <= 7
    assert (found, len(marks)) == (top, ticks)


def test_stacked_bars_stand_on_each_other() -> None:
    lower, upper = bars(drawn((2,), (3,), labels=("a",)))
    assert lower[0] == "look-allowed"
    assert upper[1] == pytest.approx(lower[1] - lower[2], abs=0.02)
    assert upper[2] == pytest.approx(lower[2] * 1.5, abs=0.02)


def test_other_bars_stand_side_by_side() -> None:
    first, second = bars(drawn((2,), (3,), labels=("a",), stacked=False))
    assert first[1] == pytest.approx(second[1])


def test_what_is_nothing_is_not_drawn() -> None:
    assert [look for look, *_ in bars(drawn((0, 2), (0, 0)))] == ["look-allowed"]


def test_a_plot_has_a_title_and_says_in_words_what_can_be_seen() -> None:
    (plot,) = drawn((1, 2)).findall("svg")
    assert plot.attrib["role"] == "img"
    named = plot.attrib["aria-labelledby"].split()
    said = {child.attrib["id"]: child.text for child in plot if child.tag in ("title", "desc")}
    assert [said[name] for name in named] == ["<Title>", "A & B"]


def test_labels_leave_room_for_each_other() -> None:
    labels = tuple(str(number) for number in range(60))
    (plot,) = drawn((1,) * 60, labels=labels).findall("svg")
    shown = [text.text for text in plot.iter("text") if text.attrib["text-anchor"] == "middle"]
    assert shown[0] == "0"
    assert 5 <= len(shown) <= 9


@pytest.mark.parametrize(
    ("value", "most", "width"), [(5, 10, "50.0"), (0, 0, "0.0"), (-3, 10, "0.0"), (10, 10, "100.0")]
)
def test_bars_in_tables(value: int, most: int, width: str) -> None:
    (rect,) = ElementTree.fromstring(charts.bar(value, most))
    assert rect.attrib["width"] == width
