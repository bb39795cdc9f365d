"""What names of fields say, in several languages and spellings, and when the trigger pass hears them."""

from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.detection import keys, keywords, naming, trigger
from doorward.detection.keys import classify, words


def entity(*names: str) -> tuple[str, bool, bool]:
    key = classify(names)
    return key.entity, key.sure, key.negative


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("first_name firstName FNAME Vorname prénom apellidos cognome achternaam nazwisko efternamn soyadı", "PERSON"),
        ("full_name contactName billing_name cardholderName nombre_completo name_on_card emp_name 氏名", "PERSON"),
        ("phone phone_2 custTelNo numéro-de-téléphone Telefonnummer homePhone msisdn celular mobiel", "PHONE_NUMBER"),
        ("email E-Mail-Adresse correo email_id work_email eposta workEmail", "EMAIL_ADDRESS"),
        ("address1 street Straße dirección endereço shipping_address ADDRESS_LINE_2 indirizzo", "LOCATION"),
        ("ssn SSN socialSecurityNumber social_security_no", "US_SSN"),
        ("pan cc_num cardNumber credit_card Kreditkartennummer", "CREDIT_CARD"),
        ("dob birth_date dateOfBirth Geburtsdatum fecha_nacimiento data_nascimento", "DATE_OF_BIRTH"),
        ("account_number acct_no Kontonummer mrn", "ACCOUNT_ID"),
        ("passport_no passportNumber Reisepass", "PASSPORT"),
        ("drivers_license driving-licence-number Führerschein", "DRIVER_LICENSE"),
        ("password senha contraseña Passwort api_key client_secret", "SECRET"),
        ("PESEL pesel_number", "PL_PESEL"),
        ("nhs_no nhsNumber", "UK_NHS"),
    ],
)
def test_a_name_says_what_it_holds(names: str, expected: str) -> None:
    assert {name: classify((name,)).entity for name in names.split()} == dict.fromkeys(names.split(), expected)
    assert all(classify((name,)).sure for name in names.split())


@pytest.mark.parametrize(
    "name",
    [
        "customer_id",
        "order_number",
        "trackingNumber",
        "sha256",
        "created_at",
        "card_last4",
        "ssn_last4",
        "phone_id",
        "latitude",
        "retryCount",
        "isbn",
        "email_verified",
        "account_id",
        "serial_no",
        "token_count",
        "next_page_token",
        "priceTotal",
    ],
)
def test_ids_counts_times_and_codes_are_negative(name: str) -> None:
    assert entity(name) == ("", False, True)


@pytest.mark.parametrize(
    "name",
    [
        "product_name",
        "fileName",
        "company_name",
        "host_name",
        "event-name",
        "className",
        "bucket_name",
        "mobileApp",
    ],
)
def test_names_of_things_are_no_people(name: str) -> None:
    assert classify((name,)).entity == ""


def test_the_name_of_a_town_is_one() -> None:
    for name in ("city_name", "cityNm", "lives_in", "BASED_IN", "Ili"):
        assert classify((name,)).entity == "LOCATION"


def test_a_bare_name_is_ambiguous_and_roles_ask_the_value() -> None:
    assert entity("name") == ("NAME", False, False)
    assert entity("display_name") == ("NAME", False, False)
    assert entity("assignee") == ("PERSON", False, False)
    assert entity("signed_by") == ("PERSON", False, False)


def test_what_carries_is_looked_through() -> None:
    assert classify(("value", "phone")).entity == "PHONE_NUMBER"
    assert classify(("number", "phone")).entity == "PHONE_NUMBER"
    assert classify(("text", "content", "result")) == keys.NOTHING
    assert classify(()) == keys.NOTHING


def test_the_name_around_decides_what_a_bare_name_is_of() -> None:
    assert entity("name", "assignee") == ("PERSON", True, False)
    assert entity("name", "customer") == ("PERSON", False, False)
    assert entity("name", "products") == ("", False, False)
    assert entity("first", "name") == ("PERSON", True, False)
    assert entity("p95", "metrics") == ("", False, True)


def test_a_national_number_without_a_country_hints_at_all() -> None:
    key = classify(("tax_id",))
    assert key.entity == ""
    assert not key.negative
    assert {"ES_NIF", "BR_CPF", "DE_TAX_ID"} <= key.hints


def test_hints_come_from_all_names() -> None:
    assert "PHONE_NUMBER" in classify(("note", "phones")).hints


@given(st.lists(st.text(max_size=200), max_size=12).map(tuple))
def test_no_name_is_refused(names: tuple[str, ...]) -> None:
    key = classify(names)
    assert key == classify(names)
    assert not (key.negative and key.entity)


def _searches(raw: bytes) -> bool:
    return _TRIGGERS.fires(raw)


_TRIGGERS = Compiled(naming.PERSONAL)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"assignee":"ann lee"}',
        b'{"text":"{\\"first_name\\": \\"Ann\\"}"}',
        b'{"text":"id,customer_name\\n1,Ann Lee"}',
        b'{"text":"| id | patient |\\n|--|--|"}',
        b'{"text":"Reviewer: Ann Lee"}',
        b'{"text":"<guest>Ann Lee</guest>"}',
        b'{"created_by":"Ann Lee"}',
        b'{"name":"Ann Lee"}',
        b'{"homeAddress":"1 Mill Lane"}',
        b'{"dob":"1980-01-01"}',
        b'{"passport":"K12345"}',
        b'{"acct":"AB-1234"}',
        b'{"attendees":["Ann Lee"]}',
        b'{"custname":"Ann"}',
        b'{"UPDATED_BY":"Ann"}',
        b'{"text":"Owned by: ann lee"}',
        b'{"columns":["id","guest"],"rows":[[1,"Ann"]]}',
        b'{"rows":[["id","guest"],[1,"Ann"]]}',
        b'{"text":"\\"id\\",\\"guest\\"\\n1,Ann"}',
        b'{"text":"<th>guest</th>"}',
        b'{"name":{"value":"Ann van der Berg"}}',
        b'{"contact":{"type":"person","primary":"ann lee"}}',
        b'{"owner":{"type":"string","default":"ann lee"}}',
        b'{"text":"the account of Ann is AB-1234"}',
        b'{"name":{"first":"Ann"}}',  # inside of a name these are somebody's
        b'{"name":{"id":3,"family":"Lee"}}',
        b'{"name":[{"given":["Ann"]}]}',
        b'{"name":{"title":"Ms","first":"Ann"}}',
        b'{"text":"name:\\n  first: Ann"}',
        b'{"text":"name:\\n- first: Ann"}',
        b'{"text":"name:\\n  id: 3\\n  family: Lee"}',
        b'{"text":"**name**:\\n  **first**: Ann"}',
        b'{"name":[{"id":3},{"family":"Lee"}]}',
        b'{"text":"<name><first>Ann</first></name>"}',
        b'{"text":"name.first=Ann"}',
        b"{\"text\":\"{'customer': {'first': 'Ann'}}\"}",
        b'{"text":"str: mill lane 5"}',
        b'{"text":"Str = mill lane 5"}',
        b"{\"text\":\"f(a: str = 'Mill Lane', b: str = 'Oak Street')\"}",
        b"{\"text\":\"f(a: str = 'mill lane 5', b: str = 'oak street 3')\"}",
        b'{"text":"f(a: str = \\"mill lane 5\\", b: str = \\"it\'s at 3\\")"}',
        b'{"text":"f(a: str = mill)"}',
    ],
)
def test_what_a_name_can_find_fires(raw: bytes) -> None:
    assert _searches(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather","arguments":{"unit":"C"}}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"The build is green."}],"isError":false}}',
        b'{"tools":[{"name":"get_weather","description":"Gets it","inputSchema":{"type":"object","properties":{}}}]}',
        b'{"method":"notifications/progress","params":{"progressToken":"abc","progress":1,"message":"Working on it"}}',
        b'{"method":"tools/call","params":{"name":"search_contacts","arguments":{"query":"open tickets"}}}',
        b'{"messages":[{"role":"user","content":{"type":"text","text":"The customer asked, the owner agreed."}}]}',
        b'{"properties":{"owner":{"type":"string","title":"Who"},"phone":{"type":"string"}},"required":["owner"]}',
        b'{"enum":["client","server"],"role":"assistant"}',
        b'{"properties":{"name":{"type":"string"},"first":{"type":"string"}}}',
        b'{"text":"class Window:\\n  title: str = \'untitled\'\\n  size: str = \\"small\\"\\n  width: int = 640"}',
    ],
)
def test_ordinary_traffic_does_not_fire(raw: bytes) -> None:
    assert not _searches(raw)


def test_the_expressions_are_those_of_both_engines() -> None:
    for expression in keys.TRIGGERS:
        re2.compile(expression)
    # Hyperscan refuses long lists; of one it has the words that say where RE2 must be asked.
    assert trigger.Triggers(naming.PERSONAL, engine="hyperscan").size == 0
    assert 0 < trigger.Triggers(naming.PERSONAL).size < 1 << 20


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("nhs_id", "UK_NHS"),
        ("ssnId", "US_SSN"),
        ("cardOnFile", "CREDIT_CARD"),
        ("drawn_on_account", "ACCOUNT_ID"),
        ("telemóvel", "PHONE_NUMBER"),
        ("ICE_NUMBER", "PHONE_NUMBER"),
        ("E Addr", "EMAIL_ADDRESS"),
        ("Příjmení", "PERSON"),
        ("Vezetéknév", "PERSON"),
        ("nombre de pila", "PERSON"),
        ("Nome e cognome", "PERSON"),
        ("Jméno a příjmení", "PERSON"),
    ],
)
def test_more_words_of_more_languages(name: str, entity: str) -> None:
    assert classify((name,)).entity == entity


def test_an_id_of_spain_is_either() -> None:
    assert {"ES_NIF", "ES_NIE"} <= classify(("nif",)).hints


def test_a_contact_may_be_a_number() -> None:
    assert "PHONE_NUMBER" in classify(("contactTxt",)).hints


def constants(code: CodeType) -> Iterator[str]:
    """All strings that a function compares with."""
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from (one for one in constant if isinstance(one, str))
        elif isinstance(constant, CodeType):
            yield from constants(constant)


RULES: list[Callable[..., Any]] = [
    keys._specific,
    keys._secret,
    keys._place,
    keys._negative,
    keys._whose,
    keys._role,
    keys._last_digits,
]


SPECIFIC: list[Callable[..., Any]] = [keys._specific, keys._secret, keys._place, keys._last_digits]
# What only takes from what other words say, or is asked for glued together alone.
TAKES = {"FILLER", "NO_PLACE", "NO_SECRET", "NATIONAL_ALL", "NAME", "WHOLE"}


def test_every_word_that_a_rule_asks_for_by_itself_is_one_that_says_something() -> None:
    asked = {word for rule in RULES for word in constants(rule.__code__) if word.isalpha() and word.islower()}
    assert len(asked) > 60
    assert asked - {"hints", "thing", "words", "negative", "role", "part"} <= keys._SAYING
    specific = {word for rule in SPECIFIC for word in constants(rule.__code__) if word.isalpha() and word.islower()}
    beside = {"holder", "name", "owner", "contact", "info", "detail", "details"}  # behind or beside such a word
    assert specific - {"hints", "words", "negative", "role", *beside} <= keys._SPECIFIC


def test_every_table_that_a_rule_asks_is_one_of_them() -> None:
    tables = {name for rule in SPECIFIC for name in rule.__code__.co_names if name.isupper() and name in vars(keywords)}
    assert len(tables) > 15
    assert tables - TAKES == keys._TABLES_OF_SPECIFIC


NAMES_OF_WORDS = st.lists(
    st.sampled_from(sorted(keys._GLUED | {"4", "E", "Mail", "qzx", "id", "last", "at", "7B", "a1f0"})), max_size=4
)


@settings(max_examples=1000, deadline=None)
@given(
    st.one_of(
        st.text(max_size=20),
        st.uuids().map(str),
        st.from_regex(r"[a-f0-9]{8}(-[a-f0-9]{4}){1,3}", fullmatch=True),
        st.builds(str.join, st.sampled_from(["", "_", "-", " ", "1"]), NAMES_OF_WORDS),
    )
)
def test_a_name_without_such_a_word_says_what_the_rules_make_of_it(name: str) -> None:
    said = words(name)
    gated = keys._one.__wrapped__(name)
    if said and not gated.carries and gated.words == said and name not in keys._TYPES:
        joined = "".join(said)
        ruled = keys._specific(said, joined, name) or keys._negative(said, joined) or keys._whose(said, joined)
        assert gated == (keys._foreign(said, joined) or ruled)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_the_parts_of_a_name_in_ascii_are_those_of_any(name: str) -> None:
    parts = name.encode().translate(keys._SPACED).decode().split()
    assert parts == keys._PARTS.findall(keys.fold(name))


def test_of_every_word_the_rules_that_are_asked_are_those_that_say_something() -> None:
    compare = test_a_name_without_such_a_word_says_what_the_rules_make_of_it.hypothesis.inner_test  # type: ignore[attr-defined]
    for word in keys._GLUED | keys._OWN:
        for name in (word, f"{word}_a", f"{word} id", f"x_{word}", f"{word}4", f"{word}_by", f"e_{word}_qzx"):
            compare(name)


def test_ids_as_names_go_through_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    for rule in ("_specific", "_negative", "_whose"):
        monkeypatch.setattr(keys, rule, never)
    for name in ("0be2c1f4-e7a0-4d21-9b55-81d2a3cf0f9e", "item_17", "srv-a1-b2", "zq9"):
        assert keys._one.__wrapped__(name).entity == ""


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(sorted(keys._GLUED | {"api", "key", "s", "zq9", "n"})), min_size=1, max_size=4))
def test_whatever_says_that_it_is_a_secret_may_be_one(names: list[str]) -> None:
    if classify(tuple(names)).entity == "SECRET":
        assert keys.may_be_secret(tuple(names))


def test_below_ids_only_the_nearest_name_is_asked_for_secrets() -> None:
    assert keys.may_be_secret(("password", "0be2c1f4"))
    assert keys.may_be_secret(("value", "password"))
    assert keys.may_be_secret(("number", "password"))
    assert not keys.may_be_secret(("status", "0be2c1f4"))


@pytest.mark.parametrize(
    ("names", "entity"),
    [
        (
            "имя_клиента|Фамилия|ПІБ|имя пациента|Ονοματεπώνυμο|όνομα|이름|성명|고객명|수령인이름|担当者名",
            "PERSON",
        ),
        ("الاسم الكامل|نام خانوادگی|שם משפחה|पूरा नाम|ชื่อ-นามสกุล|Контактное лицо|联系人|예금주|患者", "PERSON"),
        (
            "номер телефона|тел.|Моб. телефон|κινητό|휴대폰번호|联系电话|携帯電話番号|رقم الجوال|מס' טלפון|मोबाइल नंबर",
            "PHONE_NUMBER",
        ),
        ("адрес доставки|Почтовый адрес|διεύθυνση|배송 주소|收货地址|お届け先住所|עיר|Город|城市|ที่อยู่", "LOCATION"),
        ("Адрес эл. почты|эл_адрес|电子邮箱地址|이메일 주소|メールアドレス|ایمیل|דוא״ל", "EMAIL_ADDRESS"),
        ("пароль|登录密码|비밀번호|סיסמה", "SECRET"),
        (
            "имя файла|тип телефона|адрес сайта|MAC-адрес|服务器地址|IP地址|商品名称|제품명|ファイル名",
            "",
        ),
    ],
)
def test_names_in_other_letters_say_the_same(names: str, entity: str) -> None:
    for name in names.split("|"):
        assert classify((name,)).entity == entity, name


@pytest.mark.parametrize("name", ["Part_Name", "partName", "COMPONENT_NAME"])
def test_parts_are_things_whatever_is_around(name: str) -> None:
    assert classify((name, "person", "people")).entity == ""


def test_tenants_live_in_flats_or_are_firms_that_a_program_serves() -> None:
    said = classify(("tenantName",))
    assert (said.entity, said.sure) == ("PERSON", False)
