"""The detector over whole messages: fields of several languages, catalogues, letters; and its trigger pass."""

import base64
import json
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.core.errors import DetectorFault
from doorward.core.finding import Text, resolve
from doorward.core.leaf import Document
from doorward.detection import context, trigger, walk
from doorward.detectors.patterns import Patterns

DETECTOR = Patterns(Patterns.Options())
TRIGGERS = Compiled((*(DETECTOR.triggers or ()), *trigger.HIDING))


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
    kept = {(f.entity, f.read) for f in resolve((f for f in found if f.score >= 0.5), detector.wholes)}
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


@pytest.mark.parametrize("name", ["full_name", "holder_name", "contact-name"])
def test_the_whole_name_of_a_field_speaks_of_what_is_encoded(name: str) -> None:
    token = base64.b64encode(b"Paula Brandt").decode()
    message = {"text": json.dumps({name: token, "ok": True})}
    assert detect(message) == {("PERSON", "Paula Brandt")}
    assert detect({"text": f"{name}: {token}"}) == {("PERSON", "Paula Brandt")}


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


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"grad": "Runa Velsing", "inbox": "rvelsing@mail.example"}, ("PERSON", "Runa Velsing")),
        ({"shift_lead": "Velsing, Runa", "mail": "runa@mail.example", "wing": "C"}, ("PERSON", "Velsing, Runa")),
        ({"goes": "Runa", "full_name": "Runa Velsing"}, ("PERSON", "Runa")),
        ({"full_name": "Runa Velsing", "posting": "Hamburg"}, ("LOCATION", "Hamburg")),
        ({"Ship To": "Calle Roble 14, Baza", "mail": "runa@mail.example"}, ("LOCATION", "Calle Roble 14, Baza")),
        ({"passenger": "Runa Velsing", "from": "Obervelsing", "to": "Baza"}, ("LOCATION", "Baza")),
        ({"cn": "Runa Velsing", "sn": "Velsing", "mail": "rvel@mail.example"}, ("PERSON", "Velsing")),
        ({"titular de la cuenta": "Runa Velsing"}, ("PERSON", "Runa Velsing")),
        ({"nom_de_famille": "Velsing"}, ("PERSON", "Velsing")),
        ({"preferredFirst": "Runa"}, ("PERSON", "Runa")),
    ],
)
def test_fields_that_may_be_called_anything(row: dict[str, str], found: tuple[str, str]) -> None:
    assert found in detect({"rows": [row]})


@pytest.mark.parametrize(
    "row",
    [
        {"grad": "Runa Velsing", "wing": "C"},
        {"finish": "Amber Waves", "mail": "sales@mail.example"},
        {"product": "Maria Hoffmann", "mail": "sales@mail.example"},
        {"stage": "On Hold", "step": "Phone Screen", "mail": "runa@mail.example"},
        {"said": "He moved to 14 Roble, then on to Baza, by bus", "mail": "runa@mail.example"},
        {"from": "Backlog", "to": "Review", "mail": "runa@mail.example"},
    ],
)
def test_and_what_stays(row: dict[str, str]) -> None:
    assert {entity for entity, _ in detect({"rows": [row]})} <= {"EMAIL_ADDRESS"}


def test_labels_under_people_are_no_names() -> None:
    text = "members:\n  - Member Nm: Runa Velsing\n    Seat Row: 14\n    Full Day: yes\n"
    assert detect(result(text)) == {("PERSON", "Runa Velsing")}
    text = "<r><Residence><Line1>Calle Roble 14</Line1><Town>Baza</Town></Residence></r>"
    assert ("LOCATION", "Line1") not in detect(result(text))


def test_what_a_data_uri_holds_is_no_link() -> None:
    uri = "data:text/plain;base64," + base64.b64encode(b"387.765.745-12").decode()
    assert detect({"attachments": [{"href": uri}]}) == {("BR_CPF", "387.765.745-12")}


def test_a_column_with_numbers_from_abroad_is_one_of_phones() -> None:
    rows = [{"line_b": value} for value in ("+39 392 021 1406", "051 479622", "602 939 001")]
    assert {entity for entity, _ in detect({"rows": rows})} == {"PHONE_NUMBER"}
    assert len(detect({"rows": rows})) == 3
    assert detect({"rows": rows[1:]}) == set()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        # Where somebody works, in a list of people.
        ({"full_name": "Runa Velsing", "mail": "runa@mail.example", "Office": "Obervelsing"}, "Obervelsing"),
        ({"full_name": "Runa Velsing", "Tel": "+47 22 00 00 00", "location": "Bad Velsing"}, "Bad Velsing"),
        ({"displayName": "Runa Velsing", "tel": "+47 22 00 00 00", "l": "Obervelsing"}, "Obervelsing"),
        ({"full_name": "Runa Velsing", "registered_at": "14 Roble Way, Baza 4410"}, "14 Roble Way, Baza 4410"),
        # Who hosts, or comes along.
        ({"speaker": "Kaito Mori", "host": "Runa Velsing"}, "Runa Velsing"),
        ({"guest": "Kaito Mori", "companion": "Runa Velsing"}, "Runa Velsing"),
        ({"Kund": "Runa Velsing", "Postnummer": "123 45"}, "Runa Velsing"),
        # A name with a number.
        ({"ICE": "Runa Velsing +47 22 00 00 00"}, "Runa Velsing"),
        ({"emergency contact": "+47 22 00 00 00 (Runa Velsing)"}, "Runa Velsing"),
        # Lists of people by their names.
        ({"attendance": {"Runa Velsing": True, "Kaito Mori": False}}, "Runa Velsing"),
        ({"grades": {"7B": {"Kovacs, Maria": "A", "Lee, Ann": "B+"}}}, "Kovacs, Maria"),
        # What is looked for about somebody.
        ({"query": "Runa Velsing obituary"}, "Runa Velsing"),
        ({"q": "Maria Hoffmann phone number"}, "Maria Hoffmann"),
        # Other scripts.
        ({"customer": "王小明", "mail": "x@mail.example"}, "王小明"),
        ({"passenger": "김서연"}, "김서연"),
        ({"consignee": "मीना वर्मा"}, "मीना वर्मा"),
        # Part of the name, in a sentence beside it.
        (
            {"customer": {"name": "Runa Velsing", "phone": "+47 22 00 00 00", "notes": "ask for Velsing at 4"}},
            "Velsing",
        ),
        ({"linked_account": "BX-4410287"}, "BX-4410287"),
        ({"fundingAccount": "ABC-4410-2287"}, "ABC-4410-2287"),
    ],
)
def test_what_lists_of_people_hold(value: Any, found: str) -> None:
    assert found in {read for _, read in detect({"rows": [value]})}
    assert found in {read for _, read in detect(result(json.dumps(value, ensure_ascii=False)))}


@pytest.mark.parametrize(
    "value",
    [
        {"label.nachname": "Nachname", "label.ville": "Ville", "hint.surname": "Cognome"},
        {"query": "Home Depot phone number"},
        {"query": "Runa Velsing release notes"},
        {"attendance": {"Total Seats": 4, "status": True}},
        {"payroll": {"Net Pay": 4, "Gross Amount": 5}, "absences": {"Sick Leave": 4}},
        {"scores": {"Red Velvet": 4, "Night Owls": 2}},
        {"linked_account": "github"},
        {"created_at": "2024-01-02 10:11:12", "registered_at": "2024-01-02T10:11:12Z"},
        {"host": "db-1.internal", "Office": "Obervelsing", "l": "Obervelsing"},
        {"user": "高级", "customer": "이용자"},
        {"product": "Runa Chair", "notes": "ask for Runa at 4"},
    ],
)
def test_what_they_do_not_hold(value: dict[str, Any]) -> None:
    assert detect({"rows": [value]}) == set()
    assert detect(result(json.dumps(value, ensure_ascii=False))) == set()


@pytest.mark.parametrize("value", ["Reception", "Remote", "Head Office", "HQ", "Warehouse 4", "Sales", "Floor Two"])
def test_an_office_is_no_town(value: str) -> None:
    found = detect({"rows": [{"full_name": "Runa Velsing", "mail": "runa@mail.example", "office": value}]})
    assert found == {("PERSON", "Runa Velsing"), ("EMAIL_ADDRESS", "runa@mail.example")}


def test_part_of_a_name_is_found_in_sentences_only_and_once() -> None:
    row = {
        "name": "Runa Velsing",
        "mail": "runa@mail.example",
        "org": "Velsing Timber Works",
        "note": "Runa Velsing came",
    }
    found = DETECTOR.detect(Document(walk.leaves(texts({"rows": [row]}))))
    assert sorted((f.text.pointer, f.start) for f in found if f.entity == "PERSON") == [
        ("/rows/0/name", 0),
        ("/rows/0/note", 0),
    ]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"shimei": "Aoi Kondo", "jusho": "Umeda 2-chome 14, Kita-ku, Osaka 530-0001"}, {"PERSON", "LOCATION"}),
        ({"mei": "Aoi", "sei": "Kondo", "shi": "Nara"}, {"PERSON", "LOCATION"}),
        ({"pehla_naam": "Rohan", "upnaam": "Kulkarni", "pata": "14, Sector 9, Nashik 422001"}, {"PERSON", "LOCATION"}),
        ({"nama_lengkap": "Dewi Lestari", "alamat": "Jl. Melati 9, Bandung"}, {"PERSON", "LOCATION"}),
        ({"ho_ten": "Pham Quoc Bao", "tanggal_lahir": "1990-04-12"}, {"PERSON", "DATE_OF_BIRTH"}),
        ({"handlaggare": "Ebba Lindgren"}, {"PERSON"}),
        ({"sachbearbeiterin": "Heike Vogt"}, {"PERSON"}),
        ({"medico_curante": "Ugo Bellini"}, {"PERSON"}),
        ({"privatadresse": "Tannenweg 3, Ulm an der Donau"}, {"LOCATION"}),
        ({"What is your name?": "Tove Ekman"}, {"PERSON"}),
    ],
)
def test_fields_of_further_languages(row: dict[str, str], found: set[str]) -> None:
    assert {entity for entity, _ in detect({"rows": [row]})} == found
    assert {value for _, value in detect({"rows": [row]})} == set(row.values())


@pytest.mark.parametrize("plain", [{"plats": "Hall 12"}, {"kota": "12 Nord"}, {"shi": "Block 7"}])
def test_a_short_word_for_a_place_needs_somebody_beside_it(plain: dict[str, str]) -> None:
    assert detect(plain) == set()


@pytest.mark.parametrize("around", [lambda row: row, lambda row: {"kunde": row}, lambda row: [{"data": row}]])
def test_a_name_beside_a_surname_is_a_given_one(around: Any) -> None:
    assert detect(around({"nome": "Ermelinda", "cognome": "Sartori"})) == {
        ("PERSON", "Ermelinda"),
        ("PERSON", "Sartori"),
    }
    assert detect(around({"nome": "Ermelinda", "prezzo": "12"})) == set()


def test_rows_that_name_their_values_are_no_table() -> None:
    lines = [f"Row {n}: id={n} | nom={nom} | ville={ville} | statut=actif" for n, nom, ville in (
        (2, "Marchais", "Toulouse"), (3, "Delorme", "Le Mans"), (4, "Vasseur", "Lille"),
    )]  # fmt: skip
    text = "\n".join(line.replace("nom=", "prenom=Anne | nom=") for line in lines)
    found = detect(result(text))
    assert {("PERSON", "Delorme"), ("LOCATION", "Le Mans"), ("LOCATION", "Lille"), ("PERSON", "Anne")} <= found


def test_labels_on_one_line_set_apart_by_spaces() -> None:
    text = "DISCHARGE\nName: Orla Fenwick   NHS number: 943 476 5919\nThe patient was well."
    assert ("PERSON", "Orla Fenwick") in detect(result(text))


def test_a_label_in_an_object_beside_the_value() -> None:
    answers = [
        {"type": "text", "text": "Orla Fenwick", "field": {"ref": "full_name", "type": "short_text"}},
        {"type": "text", "text": "Every Tuesday", "field": {"ref": "how_often", "type": "short_text"}},
    ]
    assert detect({"answers": answers}) == {("PERSON", "Orla Fenwick")}
    assert detect(result(json.dumps({"answers": answers}, indent=1))) == {("PERSON", "Orla Fenwick")}


def test_passengers_and_parties_as_airlines_and_banks_write_them() -> None:
    assert detect(result("1.FENWICK/ORLA MRS  2.LEE/TOM INF\n3 LH 714 Y 12OCT")) == {
        ("PERSON", "FENWICK/ORLA"),
        ("PERSON", "LEE/TOM"),
    }
    assert ("PERSON", "ORLA FENWICK") in detect(result(":50K:/12345\nORLA FENWICK\n:70:RENT"))
    assert detect(result("measured INPUT/OUTPUT MS and READ/WRITE INF")) == set()


def test_goods_with_an_honorific_beside_a_price() -> None:
    assert detect({"rows": [{"title": "Dr. Martens 1460", "price": "12.00"}]}) == set()
    assert detect({"rows": [{"title": "Mrs. Fenwick called", "ticket": "T-1"}]}) == {("PERSON", "Fenwick")}


def test_who_is_in_a_directory() -> None:
    assert detect({"directory": {"Chiara Rossi": {"ext": "464"}, "Program Files": {"ext": "1"}}}) == {
        ("PERSON", "Chiara Rossi")
    }


@pytest.mark.parametrize("written", [lambda value: value, lambda value: result(json.dumps(value, indent=1))])
def test_rows_whose_cells_are_objects(written: Any) -> None:
    fields = [{"name": "id", "type": "INT"}, {"name": "last_name", "type": "STRING"}]
    rows = [{"f": [{"v": "7"}, {"v": "Velsing"}]}, {"f": [{"v": None}, {"v": "Kirsch"}]}]
    people = {("PERSON", "Velsing"), ("PERSON", "Kirsch")}
    assert detect(written({"schema": {"fields": fields}, "rows": rows})) == people
    columns = [{"id": "A", "label": "No"}, {"id": "B", "label": "Surname"}]
    cells = [{"c": [{"v": 7}, {"v": "Velsing"}]}, {"c": [{"v": 8}, {"v": "Kirsch"}]}]
    assert detect(written({"cols": columns, "rows": cells})) == people
    first = [{"Data": [{"VarCharValue": "id"}, {"VarCharValue": "last_name"}]}]
    others = [{"Data": [{"VarCharValue": "7"}, {"VarCharValue": name}]} for name in ("Velsing", "Kirsch")]
    assert detect(written({"Rows": first + others})) == people
    goods = {"schema": {"fields": [{"name": "title"}, {"name": "price"}]}, "rows": [{"f": [{"v": "Iris"}, {"v": "7"}]}]}
    assert detect(written(goods)) == set()


VELSING = {"name": "Runa Velsing", "mail": "runa@mail.example"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        # Around a value stands what kind of value it is, or nothing.
        ({"mail": {"S": "runa@mail.example"}, "city": {"S": "Graz"}, "surname": {"S": "Velsing"}}, "Graz"),
        ({"mail": {"value": "runa@mail.example"}, "city": [{"type": "work", "val": "Graz"}]}, "Graz"),
        ({"mail": ["runa@mail.example"], "city": {"current": {"raw": "Graz", "verified": True}}}, "Graz"),
        # The objects of a list are fields of one record.
        ({"fields": [{"name": "mail", "value": "runa@mail.example"}, {"name": "city", "value": "Graz"}]}, "Graz"),
        ({"fields": [{"name": "surname", "value": "Velsing"}, {"name": "city", "data": "Graz"}]}, "Graz"),
        ({"field": "phone", "value": "+43 316 1111 22", "for": "Runa Velsing"}, "Runa Velsing"),
        # Names of members.
        ({"permissions": {"Anna Velsing": ["read"], "Runa Moss": ["write"]}}, "Runa Moss"),
        ({"votesByUser": {"Runa Velsing": 3}}, "Runa Velsing"),
        # Halves of a name.
        ({"first": "Runa", "last": "Velsing", "street": "Main Street 12"}, "Velsing"),
        ({"frst_nm": "Runa", "last": "Velsing", "street": "Main Street 12"}, "Runa"),
        # Ids of accounts.
        (VELSING | {"account_id": "5387444022"}, "5387444022"),
        (VELSING | {"account_id": {"S": "CHK-6411136"}}, "CHK-6411136"),
        ({"account_id": "ACCT-44945126"}, "ACCT-44945126"),
        # Rows of two, or of a name and all its values.
        ([["surname", "Velsing"], ["phone", "+43 316 1111 22"]], "Velsing"),
        ("surname;Velsing;Moss\nphone;+43 316 111122;+43 316 111123", "Moss"),
        ("surname     city     since\nVelsing     Graz     2020\nMoss        Linz     2021", "Moss"),
        ('level=info имя="Runa Velsing" plan="gold"', "Runa Velsing"),
        ("cc;n;ATTN:\n1;2;Runa Velsing\n1;3;Ann Moss", "Ann Moss"),
        # What interrupts a value and shows nothing.
        ("card 4111-1111<wbr>-1111-1111", "4111-1111-1111-1111"),
        ({"fullName": "Runa <!-- -->Velsing"}, "Runa Velsing"),
        ("<p>card 4111 1111 <!-- -->1111 1111</p>", "4111 1111 1111 1111"),
        # A clause between the word and the value.
        ("the full name you asked for is Runa Velsing ok?", "Runa Velsing"),
        ("the full name you asked for is UnVuYSBWZWxzaW5n ok?", "Runa Velsing"),
        ("the social security number you asked for is 396 84 5556 ok?", "396 84 5556"),
        ('<a href="tel:+48 524 103 951">ring</a>', "tel:+48 524 103 951"),
        ("write to runa@velsing.family today", "runa@velsing.family"),
    ],
)
def test_what_stands_apart_from_its_name(value: Any, found: str) -> None:
    assert found in {read for _, read in detect({"rows": [value]} if isinstance(value, dict) else {"rows": value})}
    assert found in {read for _, read in detect(result(value if isinstance(value, str) else json.dumps(value)))}


@pytest.mark.parametrize(
    "value",
    [
        {"account_id": "5387444022", "region": "eu-west-1"},
        {"account_id": "123456789012", "user": {"name": "deploy"}},
        {"settings": {"Total Amount": 3, "Content Type": "x"}},
        {"cities": {"San Jose": 3, "Santa Ana": 2}},
        {"first": "Alpha", "last": "Omega"},
        {"firstName": "required", "lastName": "invalid"},
        {"required": ["owner", "repo"]},
        {"level": "Frozen Keep", "boss": "Ice Golem"},
        "| field | #1 | #2 |\n|---|---|---|\n| sku | 113-44-2983 | 221-08-1177 |\n| price | 4 | 5 |",
        "NAME       READY   STATUS\nweb-7d9f   1/1     Running\napi-55c8   1/1     Running",
    ],
)
def test_what_stands_so_and_is_nobodys(value: Any) -> None:
    assert detect({"rows": [value]} if isinstance(value, dict) else result(value)) == set()
    assert detect(result(value if isinstance(value, str) else json.dumps(value))) == set()


def test_a_name_in_front_of_a_number_says_what_is_numbered() -> None:
    text = "Three rows.\nphone = +43 316 1111 22\nenabled = no\nrowId = 3055999\n"
    assert detect(result(text)) == {("PHONE_NUMBER", "+43 316 1111 22")}


def test_cells_of_a_row_are_no_parts_of_one_number() -> None:
    heads, rows = ["phone", "seat"], [["+43 316 1111 2234", "8343"], ["0316 111 2234", "2916"]]
    assert not {read for _, read in detect({"columns": heads, "rows": rows})} & {"8343", "2916"}


@pytest.mark.parametrize("mark", [",", "|", "\t"])
def test_names_in_tables_without_heads_are_those_of_the_mail_beside_them(mark: str) -> None:
    people = ["Runa Velsing", "Odd Tarnov", "Ise Malk"]
    lines = [mark.join((str(n), who, who.lower().replace(" ", ".") + "@mail.example")) for n, who in enumerate(people)]
    assert {value for entity, value in detect(result("\n".join(lines))) if entity == "PERSON"} == set(people)
    goods = [line.replace("@mail.example", " 7") for line in lines]
    assert detect(result("\n".join(goods))) == set()
