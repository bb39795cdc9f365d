"""What records and columns decide."""

from doorward.core.finding import Text
from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import people, votes
from doorward.detection.recognizers import Candidate


def column(name: str, values: list[str], *beside: str) -> tuple[list[Leaf], list[Record]]:
    """A column ``name`` of ``values``, and in each record empty cells called ``beside``."""
    whole = Column()
    leaves, records = [], []
    for index, value in enumerate(values):
        record = Record()
        leaf = Leaf(Text(f"/{index}/{name}", value), value, (name,), record=record, column=whole)
        record.leaves = [leaf, *(Leaf(Text(f"/{index}/{b}", ""), "", (b,), record=record) for b in beside)]
        whole.leaves.append(leaf)
        leaves.append(leaf)
        records.append(record)
    return leaves, records


def undecided(leaves: list[Leaf], maybe: str = "NAME") -> list[votes.Undecided]:
    return [votes.Undecided(leaf, maybe, people.likeness(leaf.string)) for leaf in leaves]


def test_a_sibling_of_somebody_decides_the_column() -> None:
    leaves, records = column("name", ["Kaito Mori", "Ines Prado", "Bo Lund"])
    evidence = votes.Evidence()
    for record in records:
        evidence.add(record, "EMAIL_ADDRESS")
    assert [leaf for leaf, _ in votes.names(undecided(leaves), evidence)] == leaves


def test_without_one_unknown_names_stay() -> None:
    leaves, _ = column("name", ["Trail Runner", "Night Owl", "Sea Breeze"])
    assert votes.names(undecided(leaves), votes.Evidence()) == []


def test_known_given_names_decide_a_column() -> None:
    leaves, _ = column("name", ["Maria Wiesner", "Thomas Abel", "Julia Brandt"])
    assert len(votes.names(undecided(leaves), votes.Evidence())) == 3


def test_goods_are_none_even_with_such_names() -> None:
    leaves, _ = column("name", ["Maria Wiesner", "Thomas Abel", "Julia Brandt"], "price", "sku")
    assert votes.names(undecided(leaves), votes.Evidence()) == []


def test_a_town_is_somebodys_beside_somebody() -> None:
    leaves, records = column("city", ["Lisbon", "Porto"])
    evidence = votes.Evidence()
    evidence.add(records[0], "PERSON")
    asked = [votes.Undecided(leaf, "LOCATION", 0.6) for leaf in leaves]
    assert [leaf for leaf, _ in votes.located(asked, evidence)] == leaves[:1]


def test_what_is_found_after_somebody_asked_is_evidence_too() -> None:
    outer = Record()
    inner, other = Record(outer), Record(outer)
    evidence = votes.Evidence()
    assert not evidence.personal(outer)
    evidence.add(inner, "LOCATION")
    assert evidence.about(outer) == {"LOCATION"}
    assert not evidence.personal(outer)
    evidence.add(other, "EMAIL_ADDRESS", "a@example.com")
    assert evidence.about(outer) == {"LOCATION", "EMAIL_ADDRESS"}
    assert evidence.personal(outer)
    evidence.add(inner, "PERSON", "Ann Lee")
    assert evidence.about(outer) == {"LOCATION", "EMAIL_ADDRESS", "PERSON"}
    assert evidence.own(inner) == evidence.about(inner) == {"LOCATION", "PERSON"}
    assert (evidence.read(inner), evidence.read(other), evidence.read(outer)) == (["Ann Lee"], ["a@example.com"], ())


def test_evidence_reaches_the_record_around_and_inside() -> None:
    outer = Record()
    inner = Record(outer)
    evidence = votes.Evidence()
    evidence.add(inner, "PHONE_NUMBER")
    assert evidence.personal(outer)
    assert evidence.personal(Record(inner))
    assert not evidence.personal(Record())
    assert not evidence.personal(None)


def test_an_address_speaks_for_a_role_and_not_for_a_bare_name() -> None:
    leaves, records = column("name", ["Kaito Morigami"], "country")
    evidence = votes.Evidence()
    evidence.add(records[0], "LOCATION")
    assert votes.names(undecided(leaves, "PERSON"), evidence) == [(leaves[0], 0.75)]
    assert votes.names(undecided(leaves, "NAME"), evidence) == []


def guesses(values: list[str], passing: int) -> list[tuple[Leaf, Candidate]]:
    leaves, _ = column("ref", values)
    return [(leaf, Candidate(0, len(leaf.string), "CREDIT_CARD", 0.4, "luhn")) for leaf in leaves[:passing]]


def test_a_column_that_keeps_the_check_digit_counts() -> None:
    values = [f"400000000000{index:04d}" for index in range(10)]
    assert len(votes.numbers(guesses(values, 8))) == 8
    assert all(c.score >= 0.5 for _, c in votes.numbers(guesses(values, 10)))


def test_one_that_mostly_does_not_stays() -> None:
    values = [f"400000000000{index:04d}" for index in range(10)]
    assert votes.numbers(guesses(values, 7)) == []
    assert votes.numbers(guesses(values[:2], 2)) == []
    assert votes.numbers(guesses(["4000000000000002"] * 5, 5)) == []


def test_a_number_beside_what_is_printed_on_cards_is_one() -> None:
    leaves, _ = column("n", ["4012888888881881"], "cvv")
    [guess] = [(leaf, Candidate(0, 16, "CREDIT_CARD", 0.4, "luhn")) for leaf in leaves]
    assert [c.score for _, c in votes.numbers([guess])] == [0.7]
    other, _ = column("n", ["4012888888881881"], "code")
    assert votes.numbers([(other[0], guess[1])]) == []


def columns(leaves: list[Leaf]) -> list[Column]:
    return [leaf.column for leaf in leaves[:1] if leaf.column is not None]


def test_a_column_of_phones_is_one_in_all_forms() -> None:
    leaves, _ = column("n", ["+39 392 021 1406", "051 479622", "602 939 001", "(33) 9146 8121", "99728870"])
    assert [leaf for leaf, _ in votes.phones(columns(leaves))] == leaves[1:]


def test_a_column_that_is_mostly_something_else_stays() -> None:
    leaves, _ = column("n", ["+39 392 021 1406", "051 479622", "none", "2026-01-02", "A-1"])
    assert votes.phones(columns(leaves)) == []
    many, _ = column("n", ["+39 392 021 1406", *(f"602 939 {index:03}" for index in range(20))])
    assert votes.phones(columns(many)) == []


def test_the_names_of_a_record_are_asked_once_however_many_numbers_it_has() -> None:
    record, whole = Record(), Column()
    values = [f"4{count:015}" for count in range(500)]
    for value in values:
        record.leaves.append(Leaf(Text("/v", value), value, ("v",), record=record, column=whole))
    whole.leaves = record.leaves
    asked: list[str] = []
    evidence = votes.Evidence()
    assert not any(evidence.named(leaf.record, lambda name: bool(asked.append(name))) for leaf in record.leaves[:1])
    assert asked == ["v"]

    def says(name: str) -> bool:
        asked.append(name)
        return name == "cvv"

    assert not any(evidence.named(leaf.record, says) for leaf in record.leaves)
    assert asked == ["v", "v"]
    guesses = [(leaf, Candidate(0, 16, "CREDIT_CARD", 0.4, "card")) for leaf in record.leaves]
    assert len(votes.numbers(guesses, evidence)) == 500  # by their column
    beside = Record()
    beside.leaves = [Leaf(Text("/c", "1"), "1", ("cvv",), record=beside), *record.leaves[:2]]
    assert evidence.named(beside, says)
    assert not evidence.named(None, says)
