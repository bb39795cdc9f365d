"""Values by the names that they stand under."""

import pytest

from doorward.detection import fields
from doorward.detection.keys import classify


def spans(value: str, *names: str) -> list[tuple[str, str]]:
    return [(c.entity, value[c.start : c.end]) for c in fields.field(value, classify(names)).found]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_name", "maria"),
        ("Nachname", "Wiesner"),
        ("assignee", "Tomás Ibarra"),
        ("reviewed_by", "Priya"),
        ("contact_name", "Wei Zhang"),
    ],
)
def test_people(name: str, value: str) -> None:
    assert spans(value, name) == [("PERSON", value)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("assignee", "Platform Team"),
        ("owner", "billing-service"),
        ("customer_name", "Brightwater Holdings Ltd"),
        ("author", "dependabot[bot]"),
        ("product_name", "Oak Table"),
        ("first_name", "N/A"),
        ("from", "Lisbon Airport"),
        ("agent", "Visual Explorer"),
    ],
)
def test_nobody(name: str, value: str) -> None:
    assert spans(value, name) == []


def test_several_in_one_value() -> None:
    assert spans("Ann Lee, Tom Baxter; Ines Prado", "attendees")[-1] == ("PERSON", "Ines Prado")
    assert spans("Ann Lee, Tom Baxter", "attendees") == [("PERSON", "Ann Lee"), ("PERSON", "Tom Baxter")]
    assert spans("Lee, Ann", "attendee") == [("PERSON", "Lee, Ann")]


def test_a_bare_name_and_a_town_are_left_to_a_vote() -> None:
    assert fields.field("Ann Lee", classify(("name",))).maybe == "NAME"
    assert fields.field("Lisbon", classify(("city",))).maybe == "LOCATION"
    assert fields.field("10115", classify(("zip",))).maybe == "POSTCODE"
    assert fields.field("widget", classify(("name",))) == fields.NOTHING


def test_addresses_and_births() -> None:
    assert spans("12 Mill Lane", "address") == [("LOCATION", "12 Mill Lane")]
    assert spans("1980-02-03", "dob") == [("DATE_OF_BIRTH", "1980-02-03")]
    assert spans("10.0.0.1:80", "address") == []


def test_member_names_among_people() -> None:
    members = classify(("members",))
    assert fields.member("Maria Wiesner", members).found
    assert not fields.member("Home Address", members).found
    assert not fields.member("Maria Wiesner", classify(("settings",))).found
