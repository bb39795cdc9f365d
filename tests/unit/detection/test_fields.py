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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("guarantor", "Runa Velsing"),
        ("tomador_del_seguro", "Iria Baldomar"),
        ("Darlehensnehmer", "Falk Ottenbruch"),
        ("claimed_by", "Runa Velsing"),
        ("emergencyContact", "Sanne van 't Loo"),
        ("legal_name", "runa velsing"),
        ("preferredFirst", "Runa"),
    ],
)
def test_more_roles_and_forms(name: str, value: str) -> None:
    assert spans(value, name) == [("PERSON", value)]


def test_a_firm_is_nobody_by_itself() -> None:
    assert spans("Louis Moreau", "supplier") == []
    assert fields.field("Louis Moreau", classify(("supplier",))).maybe == "PERSON"


def test_an_address_under_a_role_is_no_list_of_people() -> None:
    assert spans("Calle Roble 14, Baza", "ship_to") == []
    assert fields.field("Calle Roble 14, Baza", classify(("ship_to",))).maybe == "PERSON"


def test_what_a_name_that_says_nothing_may_hold() -> None:
    def maybe(value: str, *names: str) -> str:
        return fields.unnamed(value, classify(names)).maybe

    assert (
        maybe("Runa Velsing", "grad") == maybe("Lisbon", "posting") == maybe("9 Elm Road, Leeds", "visit_at") == "ANY"
    )
    assert maybe("Runa Velsing", "product") == maybe("Runa Velsing", "title") == ""
    assert (maybe("Runa Velsing"), maybe("Runa"), maybe("7 Velsing")) == ("ANY", "", "")  # in a cell without a head
    assert maybe("ready", "state") == maybe("in progress", "stage") == ""
