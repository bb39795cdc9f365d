"""What one line says by itself."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorward.detection import lines

_PIECES = st.sampled_from(
    [
        *"=:\"'?&;,|([{)]}<>+% \t*_-.é97x",
        "key",
        "a_b",
        "Ann Lee",
        "No",
        "%20",
        "a+b",
        " = ",
        ": ",
        "**",
        "==",
        "....",
        "- ",
        "1. ",
        "___",
        "x" * 47,
    ]
)
_TEXTS = st.lists(_PIECES, max_size=16).map("".join)


def ungated(line: str, find: re.Pattern[str]) -> list[tuple[str, int, int]]:
    found = [(one[1], *lines.bare(line, *one.span(one.lastindex or 0))) for one in find.finditer(line)]
    return [place for place in found if place[1] < place[2]]


@given(_TEXTS)
@example("?q=x" + "y" * 47 + "=1&" + "x" * 48 + "=2")
def test_lines_that_are_not_searched_for_keys_and_labels_hold_none(line: str) -> None:
    if not lines._may_be_keyed(line):
        assert not ungated(line, lines._KEYED)
        assert not ungated(line, lines._KEYED_APART)
        assert not list(lines._MEMBER.finditer(line))
    if not lines._may_be_inline(line):
        assert not lines._INLINE_FIRST.match(line)
        assert not list(lines._INLINE.finditer(line))


@given(_TEXTS)
def test_keys_are_found_from_the_first_place_on_where_one_may_begin(line: str) -> None:
    whole, cut = (lines._KEYED.finditer(line, place) for place in (0, lines._first_key(line)))
    assert [one.regs for one in whole] == [one.regs for one in cut]
    if "'" not in line and '"' not in line and "=" in line:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(lines, "_first_key", lambda _: 0)
            everything = lines._members(line)
        assert lines._members(line) == everything


@given(_TEXTS, _TEXTS)
def test_a_line_says_the_same_amid_others(before: str, line: str) -> None:
    text = f"{before}\n{line}\n{before}"
    begin, end = len(before) + 1, len(before) + 1 + len(line)
    for find in (lines._LINE, lines._LEADER):
        alone, amid = find.match(line), find.match(text, begin, end)
        assert (alone and alone.groups()) == (amid and amid.groups())
    alone, amid = lines._INLINE_FIRST.match(line), lines._INLINE_FIRST.match(text, begin, end)
    assert (alone and alone.groups()) == (amid and amid.groups())
    for find in (lines._KEYED, lines._KEYED_APART, lines._MEMBER, lines._INLINE):
        found = [[(a + begin, b + begin) for a, b in one.regs if a >= 0] for one in find.finditer(line)]
        assert found == [[span for span in one.regs if span[0] >= 0] for one in find.finditer(text, begin, end)]


@given(_TEXTS)
def test_values_stand_where_a_line_says(line: str) -> None:
    said = lines._read(line)
    assert said.pair is None or not said.places
    for label, value, start in said.places:
        assert value
        assert line.startswith(value, start)
        assert label in line
    if said.pair is not None:
        assert line.startswith(said.pair.label, said.pair.first)
        assert line.startswith(said.pair.value, said.pair.start)


def test_a_line_that_comes_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(line: str) -> lines.Line:
        read.append(line)
        return whole(line)

    whole = lines._read
    monkeypatch.setattr(lines, "_read", counted)
    monkeypatch.setattr(lines, "_known", lines._Known())
    for line in ("name: web", "image: main", "name: web"):
        assert lines.read(line) == whole(line)
    assert read == ["name: web", "image: main"]


def test_few_lines_are_kept_and_no_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_KEPT", 4096)
    known = lines._Known()
    monkeypatch.setattr(lines, "_known", known)
    for number in range(2048):
        lines.read(f"a: {number}")
        assert known
        assert sum(map(len, known)) == known.characters <= lines._KEPT
    known.clear()
    assert lines.read("a: " + "b" * lines._LONGEST).pair is not None
    assert not known


@given(_TEXTS)
@example("a: b")
@example("> - a: b  c: d")
@example("No: 3, a: b. c: d - e: f")
def test_labels_in_a_line_are_those_of_one_expression(line: str) -> None:
    """Of which the first part is asked apart, and the others begin with a set."""
    begins = rf"(?:(?m:^)[ \t>]*+(?:{lines.BULLET})?|[,;|(\[{{•·]|[.!?](?= )| [–—-](?= )|[ ]{{2}}|\t)"
    every = [one for one in re.finditer(begins + lines._SPOKEN, line) if one[1] not in lines._NO_LABELS]
    stops = [*(one.start() for one in every[1:]), len(line)]
    places = [(one[1], *lines.bare(line, one.end(), stop)) for one, stop in zip(every, stops, strict=False)]
    assert lines._inline(line) == [(label, line[begin:end], begin) for label, begin, end in places if begin < end]


@given(_TEXTS)
@example('a:b="c"d:"e" f=g h')
@example("a[b='c'] d => 'e'")
def test_keys_in_a_line_are_those_of_one_expression(line: str) -> None:
    if not lines._may_be_keyed(line):
        return
    apart = re.search(r"[=:] [\"']|=>|[\"']\]", line) is not None
    assert lines._is_apart(line) == apart
    if not apart and "'" not in line and '"' not in line and any(mark in line for mark in ",|([{;"):
        return  # members
    places = ungated(line, lines._KEYED_APART if apart else lines._KEYED)
    assert lines._keyed(line) == [(key, line[begin:end], begin) for key, begin, end in places]
