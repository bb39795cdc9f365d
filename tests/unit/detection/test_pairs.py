"""Values that have their names beside them."""

import json

import pytest

from doorward.core.finding import Text
from doorward.detection.walk import leaves


def pairs(text: str) -> list[tuple[str, str]]:
    made = [leaf for leaf in leaves([Text("/t", text)]) if len(leaf.names) > 1]
    for leaf in made:
        start, end = leaf.locate(0, len(leaf.string))
        assert leaf.offsets is not None or text[start:end] == leaf.string
    return [(leaf.names[0], leaf.string) for leaf in made]


@pytest.mark.parametrize(
    "text",
    [
        "Name: Ann Lee\nMail: a@mail.example",
        "Name = Ann Lee\nMail=a@mail.example\n",
        "- **Name:** Ann Lee\n- **Mail**: a@mail.example",
        '"Name": "Ann Lee",\n"Mail": "a@mail.example",',
        "* Name: Ann Lee\n* Mail: a@mail.example",
        "export Name='Ann Lee'\nexport Mail=a@mail.example",
    ],
)
def test_lines(text: str) -> None:
    assert pairs(text) == [("Name", "Ann Lee"), ("Mail", "a@mail.example")]
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)])}
    assert made["Ann Lee"].record is made["a@mail.example"].record


def test_cards_are_records_with_columns() -> None:
    made = {leaf.string: leaf for leaf in leaves([Text("/t", "Name: Ann\nMail: a\n\nName: Bea\nMail: b\nName: Cy\n")])}
    assert made["Ann"].record is made["a"].record is not made["Bea"].record
    assert made["Bea"].record is not made["Cy"].record
    assert made["Ann"].column is made["Bea"].column is made["Cy"].column


def test_yaml() -> None:
    text = "users:\n  - name: Ann\n    mail: a\n  - name: Bea\n    mail: b\nzip: x1\n"
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)])}
    assert made["Ann"].names == ("name", "users", "t")
    assert made["x1"].names == ("zip", "t")
    assert made["Ann"].record is made["a"].record is not made["b"].record


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('10:00 INFO user=ann mail="a b" ok', [("user", "ann"), ("mail", "a b")]),
        ("https://h.example/p?mail=a%40mail.example&x=1#y", [("mail", "a@mail.example"), ("x", "1#y")]),
        ("Name: Ann Lee, Phone: 555 0100", [("Name", "Ann Lee"), ("Phone", "555 0100")]),
        ("Call her. Phone: 555 0100", [("Phone", "555 0100")]),
    ],
)
def test_pairs_in_a_line_come_besides_the_line(text: str, found: list[tuple[str, str]]) -> None:
    assert pairs(text) == found
    assert leaves([Text("/t", text)])[0].locate(0, 1)[0] == 0


def test_prose_is_not_lost_for_a_pair() -> None:
    text = "Hi Bob,\nNote: call me.\nAnn"
    assert text in [leaf.string for leaf in leaves([Text("/t", text)])]
    assert ("Note", "call me.") in pairs(text)


@pytest.mark.parametrize(
    ("name", "value"), [("key", "value"), ("label", "answer"), ("type", "value"), ("Name", "text")]
)
def test_an_object_may_name_its_value(name: str, value: str) -> None:
    message = json.dumps([{name: "Social Security", value: "x1"}, {value: "x2", name: "Phone"}])
    made = {leaf.string: leaf for leaf in leaves([Text("/t", message)]) if not leaf.name}
    assert made["x1"].names[:2] == ("Social Security", value)
    assert made["x2"].names[:2] == ("Phone", value)


def test_the_kind_of_a_block_is_not_the_name_of_its_text() -> None:
    made = leaves([Text("/t", '{"type": "text", "text": "x1"}')])
    assert made[-1].names == ("text", "t")
