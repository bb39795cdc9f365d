"""Dates of birth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection import dates


@pytest.mark.parametrize(
    "value",
    ["1980-02-03", "03/02/1980", "3.2.1980", "3 March 1980", "March 3, 1980", "19800203", "1980-02-03T00:00:00Z"],
)
def test_values(value: str) -> None:
    assert dates.value(value) is not None


@pytest.mark.parametrize("value", ["", "unknown", "1980", "12345678", "2026-13-41", "x" * 100])
def test_values_that_are_no_date(value: str) -> None:
    assert dates.value(value) is None


def test_the_time_is_not_part_of_it() -> None:
    assert dates.value(" 1980-02-03T00:00:00Z") == (1, 11)


@pytest.mark.parametrize(
    "text",
    [
        "DOB: 1980-02-03",
        "she was born on 1980-02-03",
        "geb. 1980-02-03",
        "né le 1980-02-03",
        "data di nascita: 1980-02-03",
    ],
)
def test_behind_words(text: str) -> None:
    assert [text[start:end] for start, end, _, _ in dates.in_prose(text)] == ["1980-02-03"]


@pytest.mark.parametrize("text", ["due on 2026-02-03", "the reborn 1.2.3", "released 2026-02-03"])
def test_other_dates(text: str) -> None:
    assert dates.in_prose(text) == []


@given(st.text(max_size=100))
def test_any_text(text: str) -> None:
    assert isinstance(dates.in_prose(text), list)
    dates.value(text)
