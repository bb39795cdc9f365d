"""Values that have their names beside them."""

import base64
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import lines
from doorward.detection import pairs as pairs_module
from doorward.detection.shape import ROLES, VALUE, Shape
from doorward.detection.trigger import STRUCTURES, Triggers
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
        "- [x] Name: Ann Lee\n- [ ] Mail: a@mail.example",
        "**Name** – Ann Lee\n**Mail** - a@mail.example",
        "Name ........ Ann Lee\nMail ........ a@mail.example",
        "Name ______ Ann Lee\nMail ...... : a@mail.example",
        "Name: ____Ann Lee____\nMail: [ a@mail.example ]",
        "Name …… Ann Lee\nMail ···· a@mail.example",
        ":Name: Ann Lee\n:Mail: a@mail.example",
        "Name:: Ann Lee\nMail:: a@mail.example",
        "[Name] => Ann Lee\n[Mail] => a@mail.example",
        "👤 Name: Ann Lee\n📧 Mail: a@mail.example",
        "---\nName: Ann Lee\nMail: a@mail.example\n---",
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
        ("1. Name = Lee, Ann, Phone = 555 0100", [("Name", "Lee, Ann"), ("Phone", "555 0100")]),
        ("Hi\n- **Name:** Ann Lee, **Phone:** 555 0100", [("Name", "Ann Lee"), ("Phone", "555 0100")]),
        ("User(name=Ann Lee, mail=a b)", [("name", "Ann Lee"), ("mail", "a b")]),
        ("name=Ann Lee;mail=a b", [("name", "Ann Lee"), ("mail", "a b")]),
        ("UPDATE t SET name = 'Ann Lee', mail='a b'", [("name", "Ann Lee"), ("mail", "a b")]),
        ("df[df['name'] == 'Ann Lee']", [("name", "Ann Lee")]),
        ("{:name=>\"Ann Lee\", :mail => 'a b'}", [("name", "Ann Lee"), ("mail", "a b")]),
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name:\n  Ann Lee\nZip: x1", [("Name", "Ann Lee"), ("Zip", "x1")]),
        ("Address:\n1 Mill Lane\nGraz\n\nNote that.", [("Address", "1 Mill Lane\nGraz")]),
        ("names:\n- Ann Lee\n- Bea\nzip: x1", [("names", "Ann Lee"), ("names", "Bea"), ("zip", "x1")]),
        ("names:\n  - Ann Lee\n  - Bea\nzip: x1", [("names", "Ann Lee"), ("names", "Bea"), ("zip", "x1")]),
        ("note: >-\n  Ann\n  Lee\nzip: x1", [("note", "Ann\n  Lee"), ("zip", "x1")]),
        (
            "home: {city: Graz, zip: x1}\nb: [Ann Lee, Bea]",
            [("city", "Graz"), ("zip", "x1"), ("b", "Ann Lee"), ("b", "Bea")],
        ),
    ],
)
def test_a_value_may_stand_below_its_name(text: str, found: list[tuple[str, str]]) -> None:
    assert [pair for pair in pairs(text) if pair[1] not in ("city", "zip")] == found


def test_values_of_a_query_end_where_they_end_before_they_are_decoded() -> None:
    text = "/p?name=Ann%20Lee&note=a+b&mail=a+c@mail.example HTTP"
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)])}
    assert made["Ann Lee"].names[0] == "name"
    assert made["a b"].names[0] == "note"
    start, end = made["a b"].locate(0, 3)
    assert text[start:end] == "a+b"
    assert made["a+c@mail.example"].names[0] == "mail"


def test_what_code_announces_is_no_value() -> None:
    made = leaves([Text("/t", "class Window(Frame):\n    def close(self):\n        pass\nelse:\n    x")])
    assert [leaf.string for leaf in made if not leaf.name and len(leaf.names) > 1] == []


def test_names_inside_another_are_not_read_as_its_values() -> None:
    made = leaves([Text("/t", "members:\n  - Home Town: Graz\n    Tier: gold\n")])
    assert [leaf.string for leaf in made if not leaf.name and leaf.names[:1] == ("members",)] == []


def test_what_a_data_uri_is_called() -> None:
    token = base64.b64encode(b"Ann Lee of Graz").decode()
    message = json.dumps([{"title": "guest", "href": f"data:text/plain;base64,{token}"}, {"title": "x", "href": token}])
    made = [leaf.names[:2] for leaf in leaves([Text("/t", message)]) if leaf.string == "Ann Lee of Graz"]
    assert made == [("guest", "href"), ("href", "t")]


def test_members_of_values_fire_as_shapes_have_them() -> None:
    fires = Triggers(STRUCTURES)
    for name in ROLES:
        if ROLES[name] == VALUE and name.isascii():
            assert fires.fires(json.dumps({"label": "x", name: "Ann"}).encode())


@pytest.mark.parametrize(
    "text",
    [
        "Name ..... Ann Lee",
        "Name ____ Ann Lee",
        "**Name** | Ann Lee",
        "**Name** - Ann Lee",
        "[name] => Ann Lee",
        "name:: Ann Lee",
        "name: >-\n  Ann Lee",
        "df['name'] == 'Ann Lee'",
        "u['name'] = 'Ann Lee'",
        "insert into t (id, name)\nvalues (1, 'Ann Lee')",
        "<b>Name:</b> Ann Lee",
        "<tr><td>Name:</td><td>Ann Lee</td></tr>",
        "<input name='name' value='Ann Lee'>",
        "<field name='name'>Ann Lee</field>",
        "BEGIN:VCARD\nN:Lee;Ann",
    ],
)
def test_names_that_stand_otherwise_fire(text: str) -> None:
    assert Triggers(STRUCTURES).fires(json.dumps({"text": text}).encode())
    assert Triggers(STRUCTURES).fires(json.dumps({"text": json.dumps({"text": text})}).encode())


def test_an_address_goes_on_below_its_label() -> None:
    text = "name: Ann Lee\naddress: Main Street 4\n8010 Graz\nterms: net 30\n8020 Graz\n"
    made = [leaf.string for leaf in leaves([Text("/t", text)]) if leaf.names[:1] == ("address",) and not leaf.name]
    assert made == ["Main Street 4", "8010 Graz"]


def test_names_of_other_letters_stand_before_an_equals_sign() -> None:
    made = leaves([Text("/t", 'level=info имя="Ann Lee" plan="gold"')])
    assert [leaf.string for leaf in made if leaf.names[:1] == ("имя",)] == ["Ann Lee"]


_PIECES = st.sampled_from(
    [*"=:\"'?&;,|([{)>+% \t*_-.é9x", "key", "a_b", "Ann Lee", "%20", "%3B", "a+b", " = ", ": ", "**", "==", "x" * 47]
)
_TEXTS = st.lists(_PIECES, max_size=16).map("".join)


@given(_TEXTS)
@example("a=b%20c?d=e%2Ff&g=h+i")
def test_parameters_are_those_behind_a_mark_or_at_the_beginning(text: str) -> None:
    either = re.compile(r"(?:^|[?&;\s\"'])([A-Za-z_][\w.\[\]-]{0,47}+)=([^&\s\"'<>#;]++)")
    found = [(one.span(1), one.span(2)) for one in pairs_module._parameters(text)]
    assert found == [(one.span(1), one.span(2)) for one in either.finditer(text)]
    encoded = re.compile(r"%(?:20|2[267Cc]|3[BbCcEe]|0[9AaDd])|(?<=\w)\+(?=\w)")
    assert (pairs_module._ENCODED(text) is None) == (encoded.search(text) is None)


def test_what_is_other_than_it_seems_is_not_read_to_its_end_as_it_seems(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(line: str) -> lines.Line:
        read.append(line)
        return lines.read(line)

    monkeypatch.setattr(pairs_module, "read_line", counted)
    text = "a: b%41\nhttps://c.example/d?e=f\n" + "g: h\n" * 9
    assert ("a", "bA") in pairs(text)
    assert read.count("g: h") == 9


def test_a_part_is_read_only_where_it_is_wanted() -> None:
    leaf = Leaf(Text("/t", "a: b\nc\nd: e"), "a: b\nc\nd: e")
    part, covers = pairs_module.whole(leaf, Shape(()), lambda: None)
    assert part is not None
    assert [one.string for one in part.leaves] == ["a", "b", "d", "e"]
    assert not covers
    assert pairs_module.whole(leaf, Shape(()), lambda: None, partly=False) == (None, False)


def test_names_beside_their_values_in_a_line_may_have_points() -> None:
    named = {
        leaf.string: leaf.names[0] for leaf in leaves([Text("/t", "1. a.b.first: x7; a.b.last: y7; Order No.: 77")])
    }
    assert (named["x7"], named["y7"], named["77"]) == ("a.b.first", "a.b.last", "Order No.")
