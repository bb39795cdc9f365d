import ipaddress
import re
from datetime import date, datetime
from importlib import import_module

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doorward.stages.surrogate import MOST_KEPT, Form, surrogate, surrogate_number

KEY = b"k" * 32


def make(value: str, entity: str = "X", form: Form = Form.MEANT, shown: str | None = None) -> str:
    return surrogate(value, value if shown is None else shown, entity, form, KEY, value.encode())


@pytest.mark.parametrize(
    ("value", "entity", "expected"),
    [
        ("jane.roe@shop.org", "EMAIL_ADDRESS", r"[a-z][0-9a-f]{7}@example\.invalid"),
        ("jane.roe@example.com", "EMAIL_ADDRESS", r"[a-z][0-9a-f]{7}@(redacted\.test|hidden\.example)"),
        ("4539 5781-1234 0004", "CREDIT_CARD", r"[1-9]\d{3} \d{4}-\d{4} \d{4}"),
        ("219-09-9999", "US_SSN", r"9\d\d-[0-4][1-9]-\d{4}"),
        ("219099999", "US_SSN", r"9\d\d[0-4][1-9]\d{4}"),
        ("(415) 867-5309", "PHONE_NUMBER", r"\([2-9]\d\d\) 555-01\d\d"),
        ("+1 415 867 5309", "PHONE_NUMBER", r"\+1 [2-9]\d\d 555 01\d\d"),
        ("+49 30 901820", "PHONE_NUMBER", r"\+99 9\d \d{6}"),
        ("98765 43210", "PHONE_NUMBER", r"[2-5]\d{2}55 501\d\d"),
        ("030 901 8200", "PHONE_NUMBER", r"999 \d{3} \d{4}"),
        ("12345", "PHONE_NUMBER", r"[1-9]\d{4}"),
        ("Jane van Roe", "PERSON", r"[A-Z][a-z]{3} [a-z]{3} [A-Z][a-z]{2}"),
        ("JOSÉ", "PERSON", r"[A-Z]{4}"),
        ("李小龍", "PERSON", r"[a-z]{3}"),
        ("12 High St, Leeds", "LOCATION", r"[1-9]\d [A-Z][a-z]{3} [A-Z][a-z], [A-Z][a-z]{4}"),
        ("AB 12 34 56 C", "UK_NINO", r"QQ [1-9]?\d{1,2} \d\d \d\d [A-Z]"),
        ("GB29 NWBK 6016 1331 9268 19", "IBAN_CODE", r"GB\d\d [A-Z]{4} \d{4} \d{4} \d{4} \d\d"),
        ("https://shop.org/u/jane", "URL", r"https://example\.invalid/[a-z][0-9a-f]{7}"),
        ("postgres://u:pw@db.shop.org/x", "URL", r"postgres://example\.invalid/[a-z][0-9a-f]{7}"),
        ("db7.shop.org", "HOSTNAME", r"[a-z][0-9a-f]{7}\.example\.invalid"),
        ("sk_live_9aB", "SECRET", r"xx_[a-z]{4}_\d[a-z][A-Z]"),
        ("deadbeef00112233", "SECRET", r"aaaaaaaa\d{8}"),
        ("!!!???", "SECRET", r"x{6}|[a-z]{6}"),
        ("---", "ACCOUNT_ID", r"x{3}"),
        ("xxx", "SECRET", r"[a-z]{3}"),
    ],
)
def test_the_shape_of_each_entity(value: str, entity: str, expected: str) -> None:
    made = make(value, entity)
    assert re.fullmatch(expected, made), made
    assert made != value


@pytest.mark.parametrize("value", ["10.20.30.40", "192.0.2.77", "2a00:1450::8a", "::1"])
def test_addresses_are_of_the_networks_for_documentation(value: str) -> None:
    made = ipaddress.ip_address(make(value, "IP_ADDRESS"))
    nets = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]
    assert any(made in ipaddress.ip_network(net) for net in nets)
    assert str(made) != value


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d%m%Y", "%d %B %Y", "%b %d, %Y", "%d/%m/%y"]
)
@pytest.mark.parametrize("day", [date(1987, 3, 12), date(1999, 12, 31), date(2001, 6, 5)])
def test_a_date_stays_a_date(form: str, day: date) -> None:
    value = day.strftime(form)
    made = make(value, "DATE_OF_BIRTH")
    assert datetime.strptime(made, form).date() != day
    assert len(made) == len(value) or "%B" in form


@pytest.mark.parametrize("value", ["1987-03-12T10:20:30Z", "1987-03-12T10:20:30.123+02:00", "1987-03-12 10:20"])
def test_a_time_stays_a_time(value: str) -> None:
    made = make(value, "DATE_TIME")
    assert datetime.fromisoformat(made).year < 2000
    assert len(made) == len(value)


def test_a_uuid_keeps_its_version() -> None:
    made = make("0b5f3c1e-9a7d-4c2b-8e1f-77aa01bc23de", "ACCOUNT_ID")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", made)


CHECKED = {
    "CREDIT_CARD": ("stdnum.luhn", "4539578112340004"),
    "UK_NHS": ("stdnum.gb.nhs", "943 476 5919"),
    "CA_SIN": ("stdnum.ca.sin", "046 454 286"),
    "BR_CPF": ("stdnum.br.cpf", "390.533.447-05"),
    "PL_PESEL": ("stdnum.pl.pesel", "44051401359"),
    "IBAN_CODE": ("stdnum.iban", "GB82WEST12345698765432"),
    "ES_NIF": ("stdnum.es.nif", "54362315K"),
    "IT_FISCAL_CODE": ("stdnum.it.codicefiscale", "RCCMNL83S18D969H"),
}


@pytest.mark.parametrize("entity", CHECKED)
@pytest.mark.parametrize("form", [Form.MEANT, Form.SHAPE, Form.HEAD])
def test_no_surrogate_is_somebodys_number(entity: str, form: Form) -> None:
    module, value = CHECKED[entity]
    for at in range(40):
        made = surrogate(value, value, entity, form, KEY, b"%d" % at)
        assert not import_module(module).is_valid("".join(filter(str.isalnum, made)))


def test_no_sign_that_needs_an_escape() -> None:
    assert not set('"\\\n|<`') & set(make('12 "High"\\St|\n<Leeds`', "LOCATION"))


def test_a_sign_that_was_hidden_in_the_message_is_not_written_out() -> None:
    assert make("Roe, Jane", "PERSON", shown="Um9lLCBKYW5l").count(",") == 0


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("data:text/plain;base64,MjE5LTA5LTk5OTk=", r"data:text/plain;base64,[A-Za-z0-9]{15}="),
        ("3231392d30392d39393939", r"[0-9a-f]{22}"),
    ],
)
def test_an_encoded_token_stays_one(shown: str, expected: str) -> None:
    made = make("219-09-9999", "US_SSN", Form.TOKEN, shown)
    assert re.fullmatch(expected, made), made


@pytest.mark.parametrize("value", ["aB3/" * 1000, "x" * 2000, "=" * 2000, "x" * 2000 + "=" * 8])
def test_a_long_value(value: str) -> None:
    made = make(value, "SECRET")
    assert made != value
    assert len(made) == len(value)
    assert "aB3" not in made


def test_a_head_may_stay() -> None:
    assert make("GB29NWBK60161331926819", "IBAN_CODE", Form.HEAD).startswith("GB29")
    assert make("+493090182000", "PHONE_NUMBER", Form.HEAD).startswith("+49")


def test_an_address_of_the_same_length_is_in_nobodys_domain() -> None:
    assert re.fullmatch(r"[a-z]@[a-z]\.zz", make("a@b.co", "EMAIL_ADDRESS", Form.SHAPE))


@pytest.mark.parametrize("shown", ["219099999", "-4539578112340004", "4.539578112340004e15", "0.4155550199", "7", "0"])
@pytest.mark.parametrize("entity", ["US_SSN", "CREDIT_CARD", "PHONE_NUMBER", "X"])
@pytest.mark.parametrize("form", list(Form))
def test_a_number_stays_a_number(shown: str, entity: str, form: Form) -> None:
    made = surrogate_number(shown, entity, form, KEY, b"label")
    assert re.sub(r"[0-9]", "0", made) == re.sub(r"[0-9]", "0", shown)
    assert made != shown
    assert made.partition("e")[2] == shown.partition("e")[2]
    assert float(made)


def test_an_integer_that_is_spelt_as_a_float_stays_an_integer() -> None:
    made = surrogate_number("4539578112340004.0", "CREDIT_CARD", Form.MEANT, KEY, b"card")
    assert made == surrogate_number("4539578112340004", "CREDIT_CARD", Form.MEANT, KEY, b"card") + ".0"


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        surrogate_number("1,5", "X", Form.MEANT, KEY, b"")


def test_both_spellings_of_a_value_have_the_same_digits() -> None:
    spelt = surrogate("219-09-9999", "219-09-9999", "US_SSN", Form.MEANT, KEY, b"one")
    assert surrogate_number("219099999", "US_SSN", Form.MEANT, KEY, b"one") == spelt.replace("-", "")


ENTITIES = ["PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "SECRET", "DATE_OF_BIRTH", "IBAN_CODE"]
ENTITIES += ["UK_NINO", "IP_ADDRESS", "URL", "ACCOUNT_ID", "ES_NIE"]


@given(
    st.text(st.sampled_from('aeXz019 -./:@"\\é李�\u200d\n,'), min_size=1, max_size=40)
    | st.text(min_size=1, max_size=20),
    st.sampled_from(ENTITIES),
    st.sampled_from(list(Form)),
    st.booleans(),
)
def test_whatever_the_value_it_differs_and_little_of_it_stays(value: str, entity: str, form: Form, same: bool) -> None:
    shown = value if same else "QUJD"
    made = surrogate(value, shown, entity, form, KEY, b"label")
    assert made
    assert made != value
    assert re.fullmatch(r"[A-Za-z0-9./:+()@_'#,;&= -]+", made)
    assume("://" not in value and not value.startswith("data:"))
    old, new = ("".join(filter(str.isalnum, text.casefold())) for text in (value, made))
    most = MOST_KEPT + 1
    assert not any(old[at : at + most] in new for at in range(len(old) - MOST_KEPT))
    assert made == surrogate(value, shown, entity, form, KEY, b"label")
