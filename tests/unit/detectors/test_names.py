import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding, Text
from doorward.core.leaf import Document, Leaf
from doorward.detection.walk import leaves
from doorward.detectors.names import Names


def leaf(string: str, *names: str, number: bool = False, name: bool = False) -> Leaf:
    return Leaf(Text("/result/x", string), string, names, number=number, name=name)


def detect(*leaves: Leaf, **options: object) -> list[Finding]:
    return Names(Names.Options(**options)).detect(Document(leaves))  # type: ignore[arg-type]


def test_a_person_in_a_note_is_found() -> None:
    (found,) = detect(leaf("The customer spoke with Jennifer Robinson on Monday.", "notes"))

    assert found.read == "Jennifer Robinson"
    assert (found.entity, found.detector, found.rule) == ("PERSON", "names", "names")
    assert found.text.string[found.start : found.end] == "Jennifer Robinson"


@pytest.mark.parametrize(
    "other",
    [
        leaf("Jennifer Robinson and others were there", "notes", number=True),
        leaf("Jennifer Robinson and others were there", "notes", name=True),
        leaf("Jennifer Robinson Blender", "product"),
        leaf("Jennifer Robinson", "email"),
        leaf("the quick brown fox", "notes"),
        leaf("Ann", "notes"),
    ],
)
def test_what_is_no_prose_is_left_alone(other: Leaf) -> None:
    assert detect(other) == []


def test_who_a_field_names_is_known_in_the_note_beside_it() -> None:
    note = leaf("Told us that Thornbury would come on Monday", "notes")
    alone = {f.read for f in detect(note)}
    beside = {f.read for f in detect(leaf("Elizabeth Thornbury", "full_name"), note)}

    assert "Thornbury" in alone | beside
    assert "Thornbury" in beside


def test_a_long_text_under_a_telling_name_is_read() -> None:
    text = "Please leave it with the neighbour, or call Jennifer Robinson when you are there."
    assert [f.read for f in detect(leaf(text, "contact"))] == ["Jennifer Robinson"]


def test_places_are_reported_only_when_wanted() -> None:
    note = leaf("They moved from Chicago to Amsterdam last week.", "notes")

    assert detect(note) == []
    assert {f.read for f in detect(note, locations=True)} == {"Chicago", "Amsterdam"}


def test_directions_are_chosen() -> None:
    assert Names(Names.Options()).directions == {"arguments", "results"}
    assert Names(Names.Options(directions=("results",))).directions == {"results"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"directions": ["sideways"]}, Names.Options)


def test_time_is_looked_at_between_leaves_that_are_no_prose() -> None:
    looks = []
    Names(Names.Options()).detect(Document([leaf("x")] * 1000, check=lambda: looks.append(1)))

    assert len(looks) == 4


def test_time_is_looked_at_between_pieces() -> None:
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise DetectorFault("out of time")

    text = "We waited for Jennifer Robinson at the station for hours. " * 400
    with pytest.raises(DetectorFault):
        Names(Names.Options()).detect(Document([leaf(text)], check=check))


SOME = st.lists(
    st.sampled_from(
        ['"Anna"', "Smith", "**Bob**", "jennifer", "Robinson,", "said", "the", "to", "Hi", "(Bob)", "order", "-", "7"]
    ),
    max_size=8,
)


@given(SOME, st.sampled_from([" ", "\n", "  "]), st.integers(0, 2))
def test_nothing_is_found_where_no_trigger_fires(parts: list[str], between: str, nested: int) -> None:
    names = Names(Names.Options())
    raw = msgspec.json.encode(between.join(parts))
    for _ in range(nested):
        raw = msgspec.json.encode(raw.decode())
    assert names.triggers is not None
    if not any(re.search(trigger.encode(), raw) for trigger in names.triggers):
        assert names.detect(Document([leaf(between.join(parts))])) == []


@given(st.text(max_size=200))
def test_any_string_is_survived(string: str) -> None:
    for found in detect(leaf(string)):
        assert string[found.start : found.end] == found.value


@pytest.mark.parametrize("suggested", ["default", "example", "examples", "placeholder"])
def test_a_name_that_a_form_suggests_is_nobodys(suggested: str) -> None:
    assert detect(leaf("John Doe", suggested)) == []
    assert detect(leaf("John Doe", "note")) != []


def chat(*lines: str) -> list[Leaf]:
    text = Text("/result/content/0/text", "\n".join(lines))
    return list(leaves([text]))


def test_who_speaks_is_found() -> None:
    found = detect(*chat("Maria: I'll have a look at it.", "Terrence: thanks, that would be great", "Ok: fine with me"))
    assert [f.read for f in found if f.rule == "names-speaker"] == ["Maria", "Terrence"]


@pytest.mark.parametrize(
    "line", ["Error: could not open the file", "Status: waiting for parts", "Gmail: two new mails"]
)
def test_what_stands_before_a_value_is_nobody(line: str) -> None:
    assert detect(*chat(line, line)) == []


@pytest.mark.parametrize(
    ("title", "persons"),
    [
        ("Add tests for Newton solver", []),
        ("Fix crash in Kalman filter", []),
        ("Ask Maria about the invoice", ["Maria"]),
        ("Call Jennifer Robinson tomorrow", ["Jennifer Robinson"]),
    ],
)
def test_a_lone_name_before_a_noun_is_a_things(title: str, persons: list[str]) -> None:
    assert [f.read for f in detect(leaf(title, "title"), leaf(title, "note"))][: len(persons) or 1] == persons


def record(*lines: str) -> list[Leaf]:
    return list(leaves([Text("/result/content/0/text", "\n".join(lines))]))


@pytest.mark.parametrize(
    "text",
    [
        '{"Melder": "Jennifer Robinson", "Verlauf": "Bitte melden"}',
        "Giver: 12 boxes\nMelder: kommt heute wieder",
        '[{"item": "Jackson Soloist", "sku": "77"}, {"item": "Oliver Comfort", "sku": "78"}]',
        '[{"title": "Harper Jasmine", "price": 4}, {"title": "Oliver Madison", "price": 5}]',
        "sku,item,qty\n7,Martin Oliver,4\n8,Jackson Soloist,5",
        '{"item": {"S": "Martin Oliver"}, "n": {"N": "4"}}',
    ],
)
def test_names_of_fields_and_of_goods_are_nobody(text: str) -> None:
    found = [f.read for f in detect(*record(text)) if not f.read.startswith("Jennifer")]
    assert found == []


def test_a_field_that_may_name_somebody_does_where_the_model_is_sure() -> None:
    found = detect(*record("from,sent,body", "Terrence Robinson,10:11,lol no", "The Kitchen,10:12,ok then"))
    assert [f.read for f in found if f.rule == "names-field"] == ["Terrence Robinson"]


def test_who_wrote_is_found_without_the_verb() -> None:
    found = detect(*chat("- Terrence wrote: the keys are here", "- Thistlewick wrote: ok then"))
    assert {f.read for f in found} == {"Terrence", "Thistlewick"}


def test_a_word_alone_that_is_a_part_of_a_known_name_is_known_again() -> None:
    text = (
        "**Attendees:** Terrence Thistlewick, Jennifer Robinson\n\n| task | who |\n|---|---|\n| chairs | Thistlewick |"
    )
    assert [f.read for f in detect(*record(text))].count("Thistlewick") == 1
    assert detect(*record("| task | who |\n|---|---|\n| chairs | Thistlewick |")) == []


def test_a_supplier_does_not_make_words_known() -> None:
    assert detect(leaf("Harrison Thornbury", "supplier"), leaf("Thornbury", "label")) == []
