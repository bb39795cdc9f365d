"""vCards and calendars inside strings."""

import pytest

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import contentlines
from doorward.detection.walk import leaves

CARD = (
    "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann O\\, Lee\r\nN:Lee;Ann;Q.;;\r\nitem1.TEL;TYPE=cell:+1 555 0101\r\n"
    'ADR;LABEL="12 Main, Sp":;;12 Mill\r\n  Lane;Spring\\;field;;46334;US\r\nEND:VCARD\r\n'
)
EVENT = (
    "BEGIN:VEVENT\nSUMMARY:Visit\nORGANIZER;CN=Bob Ray:mailto:b@mail.example\n"
    'ATTENDEE;ROLE=CHAIR;CN="Cy Fox":mailto:c@mail.example\nBEGIN:VALARM\nACTION:AUDIO\nEND:VALARM\nEND:VEVENT'
)


def made(text: str) -> list[Leaf]:
    return [leaf for leaf in leaves([Text("/t", text)]) if not leaf.name]


def named(text: str) -> list[tuple[str, str]]:
    return [(leaf.names[0], leaf.string) for leaf in made(text)]


def test_a_card_has_the_names_that_fields_have() -> None:
    assert named(CARD) == [
        ("VERSION", "4.0"),
        ("full name", "Ann O, Lee"),
        ("family name", "Lee"),
        ("given name", "Ann"),
        ("middle name", "Q."),
        ("TYPE", "cell"),
        ("phone", "+1 555 0101"),
        ("address", "12 Main, Sp"),
        ("street address", "12 Mill Lane"),
        ("city", "Spring;field"),
        ("postal code", "46334"),
        ("country", "US"),
    ]


def test_folds_and_escapes_lead_back() -> None:
    by = {leaf.string: leaf for leaf in made(CARD)}
    start, end = by["12 Mill Lane"].locate(0, 12)
    assert CARD[start:end] == "12 Mill\r\n  Lane"
    start, end = by["Ann O, Lee"].locate(5, 10)
    assert CARD[start:end] == "\\, Lee"[1:] or CARD[start:end] == "\\, Lee"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("12 Mill Lane\\, Graz", "address"),
        ("Hauptstr. 5\\, 8010 Graz", "address"),
        ("Room 12", "LOCATION"),
        ("Building 3\\, Floor 2", "LOCATION"),
        ("https://meet.example/a,b1", "LOCATION"),
        ("Graz\\, Austria", "LOCATION"),
    ],
)
def test_where_an_event_is_may_be_an_address(value: str, name: str) -> None:
    assert named(f"BEGIN:VEVENT\nLOCATION:{value}\nEND:VEVENT")[0][0] == name


def test_people_of_an_event_are_records_of_their_own() -> None:
    by = {leaf.string: leaf for leaf in made(EVENT)}
    assert by["Bob Ray"].names[0] == by["Cy Fox"].names[0] == "full name"
    assert by["b@mail.example"].names[0] == "email"
    assert by["Bob Ray"].record is by["b@mail.example"].record is not by["Cy Fox"].record


def test_cards_that_follow_each_other_share_columns_and_what_is_around_is_kept() -> None:
    text = "Two:\n\n" + CARD + "\r\n" + CARD.replace("Ann", "Bea") + "Bye"
    by = {leaf.string: leaf for leaf in made(text)}
    assert by["Ann"].column is by["Bea"].column
    assert by["Ann"].record is not by["Bea"].record
    assert any("Two" in string for string in by)
    assert any("Bye" in string for string in by)


def test_a_card_that_is_cut_off_goes_to_the_end() -> None:
    text = CARD[: CARD.index("ADR")]
    assert contentlines.spans(text, lambda: None) == [(0, len(text))]
    assert ("given name", "Ann") in named(text)


def test_what_is_no_content_line_is_seen() -> None:
    text = "BEGIN:VCARD\nx9 without a colon\nX-4111111111111111:y\nTEL;VOICE7654321:z\nBEGIN:Ann Lee\nEND:VCARD"
    strings = [leaf.string for leaf in leaves([Text("/t", text)])]
    for seen in ("x9 without a colon", "X-4111111111111111", "VOICE7654321", "Ann Lee"):
        assert seen in strings
