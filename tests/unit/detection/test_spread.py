"""Values found once are found wherever they stand as whole words, and nowhere else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import spread

VALUES = ["Kaito Mori", "Éva Kovács", "Kaito Mori-Lund", "4111111111111111", "Ann Lee"]
PIECES = st.sampled_from([*VALUES, " ", "\n", "x", "é", "_", "(", ".", "Ann ", "Kaito", "9", "ż"])


def _leaves(strings: list[str]) -> list[Leaf]:
    return [Leaf(Text(f"/{index}", string), string, ()) for index, string in enumerate(strings)]


def _naive(string: str) -> list[tuple[int, int]]:
    """The longest value at each word that begins one, from the left."""
    found: list[tuple[int, int]] = []
    for word in re.finditer(r"\w+", string):
        if found and word.start() < found[-1][1]:
            continue
        for value in sorted(VALUES, key=len, reverse=True):
            end = word.start() + len(value)
            first = re.match(r"\w+", value)
            if first is None or first[0] != word[0]:
                continue
            if string.startswith(value, word.start()) and not string[end : end + 1].isalnum():
                found.append((word.start(), end))
                break
    return found


@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=4), st.sampled_from([0, 1 << 17]))
def test_as_one_would_look_by_hand(strings: list[str], one_by_one: int) -> None:
    leaves = _leaves(strings)
    sources = [Leaf(Text(f"/source/{value}", value), value) for value in VALUES]
    known = [
        leaf.finding(0, len(leaf.string), "CREDIT_CARD" if leaf.string.isdigit() else "PERSON", 0.85, "patterns")
        for leaf in sources
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_ONE_BY_ONE", one_by_one)
        more = spread.findings(leaves, known, "patterns", lambda: None)
    expected = [
        (f"/{index}", start, end)
        for index, string in enumerate(strings)
        if len(string) >= 5
        for start, end in _naive(string)
    ]
    assert [(one.text.pointer, one.start, one.end) for one in more] == expected
