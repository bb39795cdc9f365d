"""The detector over whole messages: fields of several languages, catalogues, letters; and its trigger pass."""

import base64
import json
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.errors import DetectorFault
from doorward.core.finding import Text, resolve
from doorward.core.leaf import Document
from doorward.detection import context, trigger, walk
from doorward.detectors.patterns import Patterns

DETECTOR = Patterns(Patterns.Options())
TRIGGERS = trigger.Triggers((*(DETECTOR.triggers or ()), *trigger.HIDING))


def texts(value: Any, pointer: str = "") -> list[Text]:
    if isinstance(value, dict):
        found = []
        for name, inner in value.items():
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            found += [Text(place, name, key=True), *texts(inner, place)]
        return found
    if isinstance(value, list):
        return [text for index, inner in enumerate(value) for text in texts(inner, f"{pointer}/{index}")]
    if isinstance(value, str):
        return [Text(pointer, value)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [Text(pointer, json.dumps(value), number=True)]
    return []


def detect(value: Any, detector: Patterns = DETECTOR) -> set[tuple[str, str]]:
    """(entity, value) of what counts. Whatever counts must have fired."""
    found = detector.detect(Document(walk.leaves(texts(value))))
    kept = {(f.entity, f.read) for f in resolve(f for f in found if f.score >= 0.5)}
    if kept and detector is DETECTOR:
        assert TRIGGERS.fires(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
    return kept


def result(text: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text}], "isError": False}}


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Kaito Mori", "email": "k.mori@example.com", "city": "Osaka"},
        {"nombre": "Inés Prado", "correo": "ines@example.com", "ciudad": "Sevilla"},
        {"Name": "Uwe Brandt", "E-Mail": "uwe@example.com", "Ort": "Kassel"},
        {"nome": "Rui Tavares", "e-mail": "rui@example.com", "cidade": "Braga"},
        {"nom": "Léa Marchand", "courriel": "lea@example.com", "ville": "Lille"},
        {"naam": "Sanne Mulder", "e-mailadres": "sanne@example.com", "woonplaats": "Zwolle"},
    ],
)
@pytest.mark.parametrize("layout", ["json", "csv", "md"])
def test_rows_of_people(row: dict[str, str], layout: str) -> None:
    name, mail, city = row.values()
    if layout == "json":
        text = json.dumps([row], ensure_ascii=False)
    elif layout == "csv":
        text = ",".join(row) + "\n" + ",".join(row.values())
    else:
        text = "\n".join(f"| {' | '.join(cells)} |" for cells in (list(row), ["---"] * 3, list(row.values())))
    assert detect(result(text)) == {("PERSON", name), ("EMAIL_ADDRESS", mail), ("LOCATION", city)}


@pytest.mark.parametrize(
    "value",
    [
        [{"name": "Trail Runner", "price": 12.5, "sku": "861-48-1846"}, {"name": "Dr. Pepper", "price": 2, "sku": "1"}],
        [{"product": "Maria Biscuits", "brand": "Henri Willig", "stock": 4}],
        [{"name": "Berlin", "country": "Germany", "population": 3600000}],
        [{"title": "Senior Data Engineer", "department": "Core Platform"}],
        [{"name": "octo/gateway", "full_name": "octo-org/gateway", "stars": 12}],
        [{"company_name": "Brightwater Holdings", "industry": "Water", "city": "Denver"}],
        [{"city": "Lisbon", "temperature": 21.5, "summary": "Clear Sky"}],
        {"jobs": [{"name": "Nightly Build", "owner": "Platform Team", "status": "Passed"}]},
        {"tools": [{"name": "find_person", "description": "Finds a person by name", "title": "Find Person"}]},
        {"metrics": [{"ts": 1700000000, "p95": 4111111111111111}]},
    ],
)
def test_things_stay(value: Any) -> None:
    assert detect(value) == set()


def test_a_git_author_and_a_letter() -> None:
    log = "commit 1f3a\nAuthor: Ines Prado <ines@example.com>\n\n    Fix Jenkins job"
    assert detect(result(log)) == {("PERSON", "Ines Prado"), ("EMAIL_ADDRESS", "ines@example.com")}
    assert ("PERSON", "Tom Baxter") in detect(result("The files are there.\n\nKind regards,\nTom Baxter"))


def test_who_is_in_a_field_is_found_in_the_note() -> None:
    found = DETECTOR.detect(
        Document(walk.leaves(texts({"patient": "Kaito Mori", "note": "Spoke with Kaito Mori, and KaitoMori."})))
    )
    assert sorted((f.text.pointer, f.start) for f in found if f.entity == "PERSON") == [("/note", 11), ("/patient", 0)]


def test_member_names_are_looked_at() -> None:
    value = {"members": {"ines@example.com": {"role": "x"}, "Maria Wiesner": {"role": "y"}}}
    assert detect(value) == {("EMAIL_ADDRESS", "ines@example.com"), ("PERSON", "Maria Wiesner")}


def test_a_column_of_cards_counts_and_one_card_like_number_does_not() -> None:
    cards = ["4111111111111111", "5555555555554444", "4012888888881881", "4222222222222220"]
    assert len(detect({"rows": [{"ref_value": card} for card in cards[:3]]})) == 3
    assert detect({"rows": [{"ref_value": cards[0]}]}) == set()


def test_the_parts_of_a_split_number_are_found() -> None:
    value = {"content": [{"type": "text", "text": "card 4111 1111"}, {"type": "text", "text": "1111 1111 ok"}]}
    assert {entity for entity, _ in detect(value)} == {"CREDIT_CARD"}


def test_addresses_of_machines_only_where_wanted() -> None:
    value = {"client_ip": "203.0.113.7"}
    assert detect(value) == set()
    assert detect(value, Patterns(Patterns.Options(ip_addresses=True))) == {("IP_ADDRESS", "203.0.113.7")}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("person is {}", "PERSON"),
        ("The patient's name: data:text/plain;base64,{}", "PERSON"),
        ("please charge credit card {}", "CREDIT_CARD"),
        ("Kreditkarte ist data:text/plain;base64,{}", "CREDIT_CARD"),
    ],
)
def test_the_words_before_what_is_encoded_speak_of_it(text: str, entity: str) -> None:
    value = "Kaito Mori" if entity == "PERSON" else "5369480294355548"
    token = base64.b64encode(value.encode()).decode()
    assert detect(result(text.format(token))) == {(entity, value)}
    assert detect(result(f"build {token}")) == set()


def test_the_example_of_a_form_is_nobody() -> None:
    form = {"properties": {"name": {"type": "string", "title": "Full Name", "default": "John Doe"}}}
    assert detect(form) == set()
    form["properties"]["name"]["default"] = "Kaito Mori"
    assert detect({"customer_name": form["properties"]["name"]}) == {("PERSON", "Kaito Mori")}
    assert detect({"customer_name": "John Doe"}) == {("PERSON", "John Doe")}


def test_a_biography_is_no_date_of_birth() -> None:
    assert detect(result("The painter was born on 3 March 1980 in a village.")) == set()
    assert detect(result("Her DOB: 1980-03-03, so she can join.")) == {("DATE_OF_BIRTH", "1980-03-03")}


def test_the_clock_is_looked_at() -> None:
    def late() -> None:
        raise DetectorFault("no time left")

    with pytest.raises(DetectorFault):
        DETECTOR.detect(Document(walk.leaves(texts({"a": "b"})), check=late))


NAMES = st.sampled_from(
    [
        "name",
        "first_name",
        "assignee",
        "customer",
        "email",
        "phone",
        "address",
        "city",
        "dob",
        "note",
        "passport",
        "account",
        "owner",
        "created_by",
        "q",
    ]
)
VALUES = st.sampled_from(
    [
        "Maria Wiesner",
        "maria",
        "Kaito Mori",
        "12 Mill Lane, Fairview, OH 44001",
        "Lisbon",
        "1980-02-03",
        "K123456",
        "AB-1234",
        "ann@example.com",
        "Dear Mrs Hartley, hello",
        "born on 3 March 1980",
        "+1 202 555 0143",
        "widget",
        "Ann Lee <ann@example.com>",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=3), st.booleans())
def test_nothing_counts_that_did_not_fire(rows: list[dict[str, str]], nested: bool) -> None:
    detect(result(json.dumps(rows, indent=2)) if nested else {"rows": rows})


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=4))
def test_any_message(value: dict[str, str]) -> None:
    for finding in DETECTOR.detect(Document(walk.leaves(texts(value)))):
        assert 0 <= finding.start < finding.end <= len(finding.text.string)


def test_what_is_loaded_is_not_compiled_with_the_first_message(monkeypatch: pytest.MonkeyPatch) -> None:
    context._automaton.cache_clear()
    DETECTOR.load()

    def never(*_: object) -> None:
        raise AssertionError("compiled late")

    monkeypatch.setattr(re2, "compile", never)
    assert detect("took 205411196 ms of 1702027570 and then again " * 20) == set()
