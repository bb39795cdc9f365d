"""What is known of a text as a whole spares looks at its places, and changes nothing of what is found."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.detection.recognizers import numbering as make

from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import candidates, iban, look, numbers
from doorward.detection.recognizers.look import Look

ALIKE = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Numbers that need a word, that need none, and that are nothing; words that speak, and others.
PIECE = st.sampled_from(
    [
        *("1702027570", "205411196", "046 454 286", "9434765919", "81.529368", "20260710", "00442079460018"),
        *("+44 20 7946 0018", "(212) 555-0123", "212.555.0123", "020 7946 0018", "+1702027570", "+ 1702027570"),
        *(make.luhn("411122334455667"), "4111 2233 4455 6679", "123-45-6789", "GB29NWBK60161331926819", "X1234567"),
        *("AB123456C", "C12345678", "CUST-0012345", "b5dc7c1a3f4422ee", "1702027570 x12", "ann@host.nowhere"),
        *("phone", "call", "card", "account", "passport", "social security", "nhs", "mail", "order no."),
        *("span=", "bytes=", "the", "was", "for", "\n", ", ", " ", " ", "x" * 50, "\n" + "." * 70),
    ]
)
TEXT = st.lists(PIECE, max_size=60).map(" ".join)
KEYS = st.sampled_from(
    [(), ("notes",), ("phone",), ("account_id",), ("trace_id",), ("ssn",), ("created_at", "contact")]
)


@ALIKE
@given(TEXT, KEYS)
def test_a_text_gone_over_as_a_whole_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, text: str, names: tuple[str, ...]
) -> None:
    key = classify(names)
    monkeypatch.setattr(look, "_IN_VAIN", 10**9)
    place_by_place = candidates(text, key, frozenset())
    monkeypatch.setattr(look, "_IN_VAIN", 1)
    assert candidates(text, key, frozenset()) == place_by_place


@ALIKE
@given(st.from_regex(r"\A[A-Za-z0-9]{1,40}\Z") | st.sampled_from(["GB29NWBK60161331926819", "4111223344556679"]))
def test_a_word_under_a_name_for_ids_gives_the_same(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    key = classify(("trace_id",))
    assert key.negative
    with monkeypatch.context() as patched:
        patched.setattr(iban, "may_be", lambda _: True)
        looked_at = candidates(word, key, frozenset())
    assert candidates(word, key, frozenset()) == looked_at


def test_nothing_spoken_of_is_known_after_a_few_looks_in_vain() -> None:
    text = "took 205411196 and " * 20 + "x" * 100 + " phone 5"
    one = Look(text, NOTHING, frozenset())
    assert not one.is_silent(5, 14)
    for start in range(5, 5 + 19 * 8, 19):
        assert one.near(start, start + 9) == frozenset()
    assert one.is_silent(5, 14)
    assert not one.is_silent(len(text) - 1, len(text))
    assert one.near(len(text) - 1, len(text)) == {"PHONE_NUMBER"}


def test_what_speaks_of_something_else_is_not_asked_about_telephones_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Look("IBAN 1234567 " * 20 + "x" * 100 + " phone 5", NOTHING, frozenset())
    places = range(5, 5 + 20 * 13, 13)
    assert [one.level("PHONE_NUMBER", start, start + 7) for start in places[:8]] == [0] * 8
    monkeypatch.setattr(look.context, "hints", None)
    assert [one.level("PHONE_NUMBER", start, start + 7) for start in places[8:]] == [0] * 12
    assert one.is_silent(5, 12, "PHONE_NUMBER")
    assert not one.is_silent(5, 12)
    monkeypatch.undo()
    assert one.level("PHONE_NUMBER", len(one.string) - 1, len(one.string)) == 1


@ALIKE
@given(TEXT, st.integers(0, 120), st.integers(0, 30))
def test_kin_told_apart_are_missed_nowhere(text: str, start: int, size: int) -> None:
    text = f" {text} "
    end = min(start + size, len(text))
    start = min(start, end)
    if text[start - 1 : start + 1].isalpha() or text[end - 1 : end + 1].isalpha():
        return  # no number begins or ends in a word
    if text[max(0, start - 61) : start].isascii() and text[end : end + 31].isascii():
        spoken = look.context.hints(text, start, end)
        for kin in look.context.TOLD_APART:
            if not look.context.Speaking(text, kin).near(start, end):
                assert spoken.isdisjoint(kin)


def test_check_digits_are_not_asked_where_nothing_speaks_for_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(entity: str, number: str) -> bool:
        raise AssertionError(f"{entity} {number}")

    monkeypatch.setattr(numbers, "valid", never)
    assert candidates("took 1702027570 of 205411196", Key(), frozenset()) == []
    with pytest.raises(AssertionError, match="UK_NHS"):
        candidates("her nhs number is 9434765919", Key(), frozenset())


def test_a_place_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    hints = look.context.hints
    monkeypatch.setattr(look.context, "hints", lambda *a: asked.append(a) or hints(*a))
    one = Look("call me at 205411196", NOTHING, frozenset())
    assert one.near(11, 20) == one.near(11, 20) == {"PHONE_NUMBER"}
    assert len(asked) == 1
