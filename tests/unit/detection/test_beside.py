"""Values that only their neighbours can tell the meaning of."""

from doorward.core.finding import Text
from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import beside, people, votes


def decided(
    name: str, values: list[str], found: tuple[str, str] | None, maybe: str = beside.ANY, *others: str
) -> list[tuple[str, str]]:
    """What a column ``name`` of ``values`` is, with ``found`` (entity, string) in each of their records."""
    column, evidence = Column(), votes.Evidence()
    open_ = []
    for index, value in enumerate(values):
        record = Record()
        leaf = Leaf(Text(f"/{index}/{name}", value), value, (name,), record=record, column=column)
        record.leaves = [leaf, *(Leaf(Text(f"/{index}/{n}", ""), "", (n,), record=record) for n in others)]
        column.leaves.append(leaf)
        if found is not None:
            evidence.add(record, *found)
        open_.append(votes.Undecided(leaf, maybe, people.likeness(value)))
    return [(leaf.string, entity) for leaf, entity, _ in beside.decided(open_, evidence)]


MAIL = ("EMAIL_ADDRESS", "runa.velsing@mail.example")
PHONE = ("PHONE_NUMBER", "+47 22 00 00 00")


def test_a_name_that_is_in_the_mail_address() -> None:
    assert decided("grad", ["Velsing, Runa"], MAIL) == [("Velsing, Runa", "PERSON")]
    assert decided("grad", ["runa velsing"], MAIL) == [("runa velsing", "PERSON")]
    assert decided("moniker", ["Velsing"], MAIL) == [("Velsing", "PERSON")]
    assert decided("moniker", ["Night Owl"], MAIL) == []


def test_initials_of_an_address() -> None:
    assert decided("x", ["Runa Velsing"], ("EMAIL_ADDRESS", "rvelsing+news@mail.example")) == [
        ("Runa Velsing", "PERSON")
    ]
    assert decided("x", ["Runa Velsing"], ("EMAIL_ADDRESS", "info@velsing.example")) == []


def test_part_of_the_name_in_the_same_record() -> None:
    assert decided("goes", ["Runa"], ("PERSON", "Runa Velsing")) == [("Runa", "PERSON")]
    assert decided("goes", ["Gold"], ("PERSON", "Runa Velsing")) == []


def test_known_names_beside_somebodys_data_and_not_elsewhere() -> None:
    assert decided("giver", ["Maria Hoffmann"], PHONE) == [("Maria Hoffmann", "PERSON")]
    assert decided("giver", ["Maria Hoffmann"], None) == []
    assert decided("giver", ["Amber Waves"], PHONE) == []


def test_a_column_follows_what_half_of_it_is() -> None:
    found = decided("giver", ["Maria Hoffmann", "Julia Weber", "Runa Velsing"], PHONE)
    assert ("Runa Velsing", "PERSON") in found
    assert decided("posting", ["Lisbon", "Hamburg", "Obervelsing"], PHONE)[-1] == ("Obervelsing", "LOCATION")


def test_towns_and_addresses() -> None:
    assert decided("posting", ["Lisbon"], PHONE) == [("Lisbon", "LOCATION")]
    assert decided("posting", ["Lisbon"], None) == []
    assert decided("visit_at", ["Calle Roble 14, Baza"], PHONE) == [("Calle Roble 14, Baza", "LOCATION")]
    assert decided("remark", ["Oak Chair, 14 kg"], PHONE) == []


def test_where_somebody_travels() -> None:
    towns = ["Obervelsing"]
    assert decided("from", towns, ("PERSON", "Maria Hoffmann"), "PERSON", "to", "seat") == [(towns[0], "LOCATION")]
    assert decided("from", ["Backlog"], ("PERSON", "Maria Hoffmann"), "PERSON", "field") == []
    assert decided("itinerary", ["Baza - Obervelsing"], PHONE) == [("Baza - Obervelsing", "LOCATION")]


def test_small_letters_under_a_role() -> None:
    assert decided("driver", ["maria velsing"], PHONE, "PERSON") == [("maria velsing", "PERSON")]
    assert decided("driver", ["not yet known"], PHONE, "PERSON") == []
