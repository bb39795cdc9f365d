"""Words around a candidate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.context import hints


def around(text: str) -> frozenset[str]:
    """The hints at the place of ``@`` in ``text``."""
    at = text.index("@")
    return hints(text, at, at + 1)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("please call me at @ tomorrow", "PHONE_NUMBER"),
        ("Telefonnummer: @", "PHONE_NUMBER"),
        ("teléfono @", "PHONE_NUMBER"),
        ("my social security number is @", "US_SSN"),
        ("codice fiscale @", "IT_FISCAL_CODE"),
        ("numéro de sécurité sociale @", "FR_NIR"),
        ("Kartennummer @", "CREDIT_CARD"),
        ("@ is my card", "CREDIT_CARD"),
        ("reach her: @ (mobile)", "PHONE_NUMBER"),
        ("fecha de nacimiento @", "DATE_OF_BIRTH"),
        ("the tax id @", "ES_NIF"),
        ("passport no. @", "PASSPORT"),
    ],
)
def test_words_hint(text: str, entity: str) -> None:
    assert entity in around(text)


@pytest.mark.parametrize(
    "text",
    [
        "duplicate @",
        "the telephony of buildings @",
        "phone one two three four five six seven @",
        "@\nphone of the next line",
        "@ and that was it, phone: 5",
        "order @",
    ],
)
def test_far_or_other_words_do_not(text: str) -> None:
    assert around(text) == frozenset()


def test_a_word_that_the_window_cuts_is_none() -> None:
    # Sixty characters before the candidate begin inside "microphone".
    text = "microphone" + " " * 55 + "@"
    assert around(text) == frozenset()


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_any_text(text: str, start: int, size: int) -> None:
    start = min(start, len(text))
    assert isinstance(hints(text, start, min(len(text), start + size)), frozenset)
