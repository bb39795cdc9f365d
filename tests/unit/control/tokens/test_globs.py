"""Whether one list of globs lies within another: never a wrong yes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.control.tokens.globs import covers, meet
from doorward.core.policy import names

ALPHABET = "ab[]!"
WORDS = ["".join(letters) for size in range(4) for letters in product(ALPHABET, repeat=size)]
globs = st.text(alphabet="ab*?[]!", max_size=6)


@pytest.mark.parametrize(
    ("allowed", "entry"),
    [
        (["*"], "*"),
        (["*"], "get_*"),
        (["get_*"], "get_contacts"),
        (["get_*"], "get_*_all"),
        (["get_*", "put"], "put"),
        (["get_?"], "get_[ab]"),
        (["*a*"], "?a"),
        (["[ab]c"], "ac"),
        (["[ab]c"], "[ab]c"),
        (["a**b"], "a*b"),
    ],
)
def test_what_lies_within(allowed: list[str], entry: str) -> None:
    assert covers(allowed, entry)


@pytest.mark.parametrize(
    ("allowed", "entry"),
    [
        ([], "a"),
        ([], "*"),
        (["get_*"], "*"),
        (["get_*"], "get*"),
        (["get_?"], "get_*"),
        (["a*b"], "a*"),
        (["[ab]"], "?"),
        (["[?a]"], "?"),
        (["[*a]"], "*"),
        (["[ab]"], "[abc]"),
        (["[!a]"], "a"),
        (["get_contacts"], "get_*"),
        (["[]"], "]"),
        (["[]"], "a"),
    ],
)
def test_what_does_not(allowed: list[str], entry: str) -> None:
    assert not covers(allowed, entry)


@given(st.lists(globs, max_size=3), globs)
def test_a_yes_is_true_for_every_name(allowed: list[str], entry: str) -> None:
    if covers(allowed, entry):
        wide, narrow = names(allowed), names([entry])
        assert [word for word in WORDS if word in narrow and word not in wide] == []


@given(st.lists(globs, max_size=3), st.lists(globs, max_size=3))
def test_a_meeting_lies_within_both(first: list[str], second: list[str]) -> None:
    both = names(meet(first, second))
    assert [word for word in WORDS if word in both and (word not in names(first) or word not in names(second))] == []


@given(st.lists(globs, min_size=1, max_size=3))
def test_a_list_lies_within_itself(entries: list[str]) -> None:
    assert all(covers(entries, entry) for entry in entries)
    assert list(meet(entries, entries)) == list(dict.fromkeys(entries))
