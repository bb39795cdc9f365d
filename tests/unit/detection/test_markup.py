"""XML and HTML inside strings."""

import pytest

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import markup
from doorward.detection.walk import leaves


def found(text: str) -> dict[str, Leaf]:
    return {leaf.string: leaf for leaf in leaves([Text("/t", text)])}


def test_elements_and_attributes_are_names() -> None:
    by = found("<users><user id='x7'><name>Ann &amp; Co</name><mail>a</mail></user><user><mail>b</mail></user></users>")
    assert by["Ann & Co"].names == ("name", "user", "users", "t")
    assert by["x7"].names == ("id", "user", "users", "t")
    assert by["Ann & Co"].record is by["a"].record is by["x7"].record is not by["b"].record
    assert by["a"].column is by["b"].column


def test_tags_in_a_sentence_are_taken_out() -> None:
    text = "<p>Dear <b>Ann</b> Lee, <i>hi</i></p>"
    leaf = found(text)["Dear Ann Lee, hi"]
    start = leaf.string.index("Ann")
    begin, end = leaf.locate(start, start + 3)
    assert text[begin:end] == "Ann"
    begin, end = leaf.locate(start, start + 7)
    assert text[begin:end] == "Ann</b> Lee"


def test_heads_of_html_tables_are_names() -> None:
    text = "<table><tr><th>Name</th><th>Phone</th></tr><tr><td>Ann</td><td>555</td></tr></table>"
    by = found(text)
    assert by["Ann"].names[0] == "Name"
    assert by["555"].names[0] == "Phone"
    assert found("<dl><dt>Phone:</dt><dd>555</dd></dl>")["555"].names[0] == "Phone"
    assert found("<table><tr><th>Phone</th><td>555</td></tr></table>")["555"].names[0] == "Phone"


def test_comments_and_declarations_are_seen() -> None:
    by = found("<?xml x1?><!-- by Ann --><![CDATA[z9]]><a>b</a>")
    assert {"xml x1?", "by Ann", "z9", "b"} <= set(by)


@pytest.mark.parametrize("text", ["if (a<b && c>d) return", "List<String> x", "a < b", "mail <ann@mail.example> now"])
def test_what_only_looks_like_markup_stays_whole(text: str) -> None:
    assert text in found(text)


def test_what_is_no_attribute_is_seen() -> None:
    by = found("<a ann@mail.example x=1>y</a>")
    assert any("ann@mail.example" in string for string in by)


@pytest.mark.parametrize(
    "text",
    [
        "<table><tr><td>Phone:</td><td>555</td></tr></table>",
        "<table><tr><td><b>Phone</b></td><td>555</td></tr></table>",
        "<table><tr><td>id</td><td>Phone</td><td>e-mail</td></tr><tr><td>1</td><td>555</td><td>a</td></tr></table>",
        "<r><field name='Phone'>555</field></r>",
        "<dict><key>Phone</key><string>555</string></dict>",
        "<r><entry id='x1'><Phone>555</Phone></entry></r>",
        "<r><Phone id='x1'>555</Phone></r>",
    ],
)
def test_a_value_has_the_name_that_stands_before_it(text: str) -> None:
    assert found(text)["555"].names[0] == "Phone"


def test_names_of_elements_are_no_values() -> None:
    made = leaves([Text("/t", "<Residence><Line1>x</Line1></Residence>")])
    assert [leaf.name for leaf in made if leaf.string == "Line1"] == [True]


def test_space_around_a_text_is_none_of_it() -> None:
    text = "<a><city>\n  Graz \t</city><n> \n</n><who> Ann Lee</who><b>x</b><to>Bea </to></a>"
    made = found(text)
    assert {"Graz", "Ann Lee", "Bea"} <= made.keys()
    for value in ("Graz", "Ann Lee", "Bea"):
        start, end = made[value].locate(0, len(value))
        assert text[start:end] == value


def test_ids_that_are_numbers_are_not_read_as_names(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    classify = markup.classify
    monkeypatch.setattr(markup, "classify", lambda names: read.append(names[0]) or classify(names))
    assert (
        found("<people><person id='482734'><field id='email'>x@y</field></person></people>")["x@y"].names[0] == "email"
    )
    assert read == ["email"]


def test_elements_may_be_named_in_any_letters() -> None:
    made = leaves([Text("/t", "<r><氏名>伊藤 愛</氏名><Größe>x7</Größe></r>")])
    assert {leaf.string: leaf.names[0] for leaf in made if len(leaf.names) > 2} == {"伊藤 愛": "氏名", "x7": "Größe"}
