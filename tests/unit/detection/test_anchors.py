"""The quick look for anchors loses nothing: what an exact form finds alone is found in the middle of a long text."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.detection import dates, people, places
from doorward.detection.anchors import Anchors

PEOPLE = [
    "Dear Mrs Hartley,\n",
    "ask Herrn Weber",
    "dijo el Sr. Muñoz ayer",
    "from Zoë Ćwik <zoe@example.com>",
    "Regards,\nTom Baxter\n",
    "Mit freundlichen Grüßen\n\nUwe Brandt\n",
    "my name is Ines Prado",
    "the patient is Prado, Ines",
    "nazywam się Łucja Nowak",
]
PLACES = [
    "12 Mill Lane, Fairview, OH 44001",
    "5, rue Noémi Torres, 26807 Marion",
    "Calle Mayor 12, 28013 Madrid",
    "ul. Długa 5, 00-238 Warszawa",
    "Lindenstraße 12, 10115 Berlin",
    "Atatürk Caddesi No: 3",
    "PO Box 1234, Salem",
    "Unit 4567 Box 8901, DPO AP 12345",
]
DATES = ["born on 3 March 1980", "date of birth: 1980-02-03", "geb. 3.2.1980", "nacido el 3 de marzo de 1980"]
FILLER = "what was here before goes on, with 3 or 4 parts; "


@pytest.mark.parametrize(
    ("look", "string"),
    [
        (look, string)
        for look, strings in ((people.in_prose, PEOPLE), (places.in_prose, PLACES), (dates.in_prose, DATES))
        for string in strings
    ],
)
@pytest.mark.parametrize("before", ["", "\n", FILLER * 90 + "\n", "ż" * 5000 + "\n"])
def test_the_same_in_a_long_text(
    look: Callable[[str], list[tuple[int, int, float, str]]], string: str, before: str
) -> None:
    alone = [(string[start:end], rule) for start, end, _, rule in look(string)]
    assert alone
    text = f"{before}{string}\n{FILLER * 90}"
    assert [(text[start:end], rule) for start, end, _, rule in look(text)] == alone


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(0, 9), st.integers(0, 9))
def test_regions_are_in_order_and_inside(string: str, before: int, after: int) -> None:
    regions = list(Anchors(["a+", r"\?"], before, after).regions(string))
    assert bool(regions) is any(character in "a?" or character > "\xff" for character in string)
    assert bool(regions) is Anchors(["a+", r"\?"]).any(string)
    last = 0
    for begin, behind, end in regions:
        assert last <= begin < behind
        assert begin <= end <= len(string)
        last = behind


def test_large_regions_are_cut() -> None:
    regions = list(Anchors(["a"], 0, 10).regions("a" * 10_000))
    assert max(behind - begin for begin, behind, _ in regions) <= 1024
    assert regions[0][0] == 0
    assert regions[-1][2] == 10_000


@pytest.mark.parametrize(
    "string", ["à vous", "À VOUS", "abc à vous", "thanks", "thanKS", "thankſ", "namn är", "NAMN ÄR"]
)
def test_letters_that_are_folded_may_be_an_anchor(string: str) -> None:
    assert Anchors(["(?i:à vous|thanks|namn är)"]).may_be(string)


@pytest.mark.parametrize("string", ["", "a vous", "Ann Müller <ann@example.com>", "Ł"])
def test_others_may_not(string: str) -> None:
    assert not Anchors(["(?i:à vous|thanks|namn är)"]).may_be(string)


@pytest.mark.parametrize("before", ["", "Bob Ray <bob@example.com>, 12 Oak Street\n"])
@pytest.mark.parametrize(
    ("look", "string", "rule"),
    [
        (people.in_prose, "Best regards,\nAnn Lee\n", "closing"),
        (people.in_prose, "THANKS\nAnn Lee\n", "closing"),
        (people.in_prose, "my name is Ann Lee.", "called"),
        (people.in_prose, "Ich heiße Ann Lee.", "called"),
        (places.in_prose, "Calle Mayor 12, 28013 Madrid", "street"),
        (places.in_prose, "ul. Łódzka 5, 00-950 Warszawa", "street"),
        (places.in_prose, "Musterstraße 12, 10115 Berlin", "street"),
        (places.in_prose, "Am Markt 3, 10115 Berlin", "street"),
        (places.in_prose, "Kungsgränd Nr. 4, 111 22 Stockholm", "street"),
    ],
)
def test_a_form_with_an_anchor_of_its_own_is_tried_beside_others(
    look: Callable[[str], list[tuple[int, int, float, str]]], string: str, rule: str, before: str
) -> None:
    begin = len(before)
    assert any(start >= begin and said == rule for start, _, _, said in look(before + string))
