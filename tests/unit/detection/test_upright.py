"""Tables whose names of fields stand in the first column."""

import pytest

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import upright
from doorward.detection.tables import are_heads
from doorward.detection.walk import leaves


def named(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for leaf in leaves([Text("/t", text)]):
        if len(leaf.names) > 1 and not leaf.name:
            found.setdefault(leaf.names[0], []).append(leaf.string)
    return found


def record_of(text: str, string: str) -> list[str]:
    [leaf] = [leaf for leaf in leaves([Text("/t", text)]) if leaf.string == string and not leaf.name]
    assert leaf.record is not None
    return [one.string for one in leaf.record.leaves]


FIELDS = ("surname", "city", "phone")
PEOPLE = (("Lee", "Graz", "+43 316 1111"), ("Kirby", "Linz", "+43 732 2222"), ("Moss", "Wels", "+43 7242 33"))
ROWS = [[field, *(person[index] for person in PEOPLE)] for index, field in enumerate(FIELDS)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(";".join(row) for row in ROWS),
        "\n".join(",".join(row) for row in ROWS),
        "\n".join("\t".join(row) for row in ROWS),
        "Here it is:\n\n" + "\n".join(";".join(row) for row in ROWS),
        "\n".join(["| field | #1 | #2 | #3 |", "|---|---|---|---|", *("| " + " | ".join(row) + " |" for row in ROWS)]),
        "\n".join(["| | a | b | c |", "|---|---|---|---|", *("| " + " | ".join(row) + " |" for row in ROWS)]),
    ],
)
def test_values_have_the_names_in_front_of_their_rows(text: str) -> None:
    found = named(text)
    assert {field: found[field] for field in FIELDS} == {row[0]: row[1:] for row in ROWS}
    assert record_of(text, "Linz") == ["Kirby", "Linz", "+43 732 2222"] or "b" in text
    assert set(record_of(text, "Linz")) >= {"Kirby", "Linz", "+43 732 2222"}


def test_one_record_below_a_head() -> None:
    assert named("| field | #1 |\n|---|---|\n| seat | 813 |\n| ssn | 123 45 6789 |")["ssn"] == ["123 45 6789"]
    assert named("ref;936\nssn;123 45 6789") == {"ref": ["936"], "ssn": ["123 45 6789"]}


@pytest.mark.parametrize(
    "rows",
    [
        [["name", "phone", "city"], ["Ann", "1", "Graz"], ["Bob", "2", "Linz"]],  # heads above
        [["field", "type", "description"], ["name", "string", "Full name"], ["phone", "string", "Home phone"]],
        [["name", "count"], ["version", "3"], ["status", "5"], ["email", "7"]],
        [["Hello Ann", "thanks"], ["Bob", "see you"]],
        [["name", "Ann"]],
        [["name", "Ann"], ["phone"]],
        [["name", "Ann"], ["name", "Bob"]],
        [],
    ],
)
def test_other_tables_do_not_stand_so(rows: list[list[str]]) -> None:
    assert not upright.is_upright(rows, are_heads)


def test_numbers_of_things_have_their_names() -> None:
    """ "sku" says that what looks like a social security number is none."""
    text = "| field | #1 | #2 |\n|---|---|---|\n| sku | 113-44-2983 | 221-08-1177 |\n| price | 4 | 5 |"
    assert named(text)["sku"] == ["113-44-2983", "221-08-1177"]


def test_quoted_cells_may_hold_the_mark() -> None:
    made: list[Leaf] = leaves([Text("/t", 'surname,"Lee, Ann","Ray, Bob"\ncity,Graz,Linz')])
    assert [leaf.string for leaf in made if leaf.names[:1] == ("surname",)] == ["Lee, Ann", "Ray, Bob"]
