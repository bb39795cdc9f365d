"""Words around a candidate."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doorward.detection import keywords
from doorward.detection.context import ASKED, Speaking, hints


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


def test_a_word_that_the_window_cuts_behind_is_read_as_a_whole() -> None:
    # The thirtieth character behind the candidate is inside of "accessible", and would leave "acc".
    assert around("@" + " " * 27 + "accessible") == frozenset()
    assert around("@" + " " * 27 + "account") == {"ACCOUNT_ID"}


SAID = """
phone Card CC acc pan mrn ring teléfono sécurité телефон é ß ? x ab social security e mail national id tax s n soc
socialsecurity Steuer nummer password born address for while . _ - 7 12 , @
"""
WORDS = st.sampled_from([*SAID.split(), " ", " ", " ", "\n", ": "])


@settings(deadline=None, max_examples=1000)
@given(st.lists(WORDS, max_size=40).map("".join), st.integers(0, 120), st.integers(0, 12))
def test_where_nothing_speaks_no_hint_is_missed(text: str, start: int, size: int) -> None:
    start = min(start, len(text))
    end = min(len(text), start + size)
    assume(not text[max(0, start - 1) : start + 1].isalpha() or start in (0, len(text)))
    assume(not text[max(0, end - 1) : end + 1].isalpha() or end in (0, len(text)))
    said = hints(text, start, end)
    for entities in (ASKED, frozenset(("ACCOUNT_ID", "PASSPORT", "DRIVER_LICENSE")), frozenset(("IN_PAN",))):
        assert said.isdisjoint(entities) or Speaking(text, entities).near(start, end)


@pytest.mark.parametrize("name", sorted(keywords.NATIONAL))
def test_names_of_numbers_speak_also_in_parts(name: str) -> None:
    for cut in range(1, len(name)):
        text = f"{name[:cut].upper()} 7 {name[cut:]}: 5"
        at = text.index("5")
        if hints(text, at, at + 1):
            assert Speaking(text, ASKED).near(at, at + 1)


def test_elsewhere_nothing_speaks() -> None:
    text = "the phone" + " of nobody" * 20 + " 5 " + "telephony of cards" * 20
    at = text.index("5")
    assert not Speaking(text, ASKED).near(at, at + 1)
    assert Speaking(text, ASKED).near(20, 21)


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_any_text(text: str, start: int, size: int) -> None:
    start = min(start, len(text))
    assert isinstance(hints(text, start, min(len(text), start + size)), frozenset)
