import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.names import words


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ("Smith,", ("Smith", ",")),
        ("Smith's", ("Smith", "'s")),
        ("O'Brien", ("O'Brien",)),
        ("Jean-Luc", ("Jean", "-", "Luc")),
        ("J.R.", ("J.", "R.")),
        ("@someone:", ("@someone", ":")),
        ("#topic", ("#topic",)),
        ("https://example.org/Ann", (words.OPAQUE,)),
        ("ann.lee@example.org", (words.OPAQUE,)),
        ("x" * 100, (words.OPAQUE,)),
    ],
)
def test_a_run_is_cut_into_words_and_signs(chunk: str, expected: tuple[str, ...]) -> None:
    assert words.tokens(chunk) == expected


@given(st.text(alphabet=st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=80))
def test_every_token_has_its_place(chunk: str) -> None:
    found, places = words.tokens(chunk), words.place(chunk)

    assert len(found) == len(places)
    if found != (words.OPAQUE,):
        assert [chunk[a:b] for a, b in places] == list(found)
        assert [words.span(chunk, index) for index in range(len(found))] == places


@pytest.mark.parametrize(
    ("word", "look"),
    [
        ("anna", "l"),
        ("Anna", "C"),
        ("ANNA", "A"),
        ("A.", "I"),
        ("McAdam", "C"),
        ("iPhone", "m"),
        ("12", "0"),
        ("x9", "a"),
    ],
)
def test_how_a_word_is_written(word: str, look: str) -> None:
    assert words.case(word) == look


def test_a_line_end_is_a_token_of_its_own() -> None:
    assert words.spread("Thanks,\nAnn") == ["Thanks", ",", words.EDGE, "Ann"]


@given(st.text(max_size=20), st.integers(0, 31))
def test_any_token_has_attributes(text: str, flags: int) -> None:
    for word in words.spread(text):
        here, near, far, kind = words.attributes(word, flags)
        assert here
        assert near
        assert far
        assert kind
        assert not any("\t" in a or "\n" in a or " " in a for a in (*here, *near, *far, kind))
