"""Cards and national numbers: what counts alone, what with a word, what under its name, and what never."""

import pytest
from tests.unit.detection.recognizers import numbering as make

from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import candidates
from doorward.detection.recognizers.cards import is_card, issued
from doorward.detection.recognizers.cards import luhn as passes


def found(string, key=NOTHING, hints=frozenset(), least=0.5):
    return [(c.entity, string[c.start : c.end]) for c in candidates(string, key, hints) if c.score >= least]


CARDS = {
    "visa": make.luhn("411122334455667"),
    "visa 19": make.luhn("411122334455667788"),
    "mastercard": make.luhn("530011223344556"),
    "mastercard 2": make.luhn("222112345678901"),
    "amex": make.luhn("37112233445566"),
    "discover": make.luhn("601112345678901"),
    "diners": make.luhn("3612345678901"),
    "jcb": make.luhn("353012345678901"),
    "unionpay": make.luhn("621234567890123"),
    "maestro": make.luhn("501812345678901"),
    "mir": make.luhn("220012345678901"),
}


def grouped(digits, separator):
    if len(digits) == 15:
        return separator.join((digits[:4], digits[4:10], digits[10:]))
    if len(digits) == 14:
        return separator.join((digits[:4], digits[4:10], digits[10:]))
    return separator.join(digits[i : i + 4] for i in range(0, len(digits), 4))


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS.keys())
@pytest.mark.parametrize("separator", [" ", "-", ".", " - "])
def test_a_card_in_groups_counts_anywhere(number, separator):
    string = grouped(number, separator)
    assert found(string) == [("CREDIT_CARD", string)]
    assert found(f"charged {string}, exp 12/28") == [("CREDIT_CARD", string)]
    assert found(string, classify(("order_id",))) == [("CREDIT_CARD", string)]


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS.keys())
def test_a_card_in_one_run_is_a_guess_until_something_speaks_for_it(number):
    assert found(number) == []
    assert found(number, least=0.4) == [("CREDIT_CARD", number)]
    assert found(number, classify(("card_number",))) == [("CREDIT_CARD", number)]
    assert found(number, Key(), frozenset({"CREDIT_CARD"})) == [("CREDIT_CARD", number)]
    assert found(f"my card {number} was declined") == [("CREDIT_CARD", number)]
    assert found(number, classify(("trace_id",))) == []


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS.keys())
def test_a_wrong_check_digit_is_no_card(number):
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_card(wrong)
    assert found(grouped(wrong, " "), least=0.4) == []
    assert found(f"card {wrong}", least=0.4) == []


def test_luhn_agrees_with_its_definition():
    for stem in ("7992739871", "0", "123456789012345", "99999"):
        right = make.luhn(stem)
        assert [d for d in "0123456789" if passes(stem + d)] == [right[-1]]


def test_no_issuer_no_card():
    assert not issued("0000000000000000")
    assert found("0000 0000 0000 0000") == []
    assert found("1234 5678 9012 3452") == []


@pytest.mark.parametrize("string", ["123-45-6789", "001-01-0001", "899-99-9999"])
def test_a_social_security_number_with_dashes(string):
    assert found(string) == [("US_SSN", string)]
    assert found(f"SSN on file for Jo Doe: {string}") == [("US_SSN", string)]
    assert found(string, classify(("ssn",))) == [("US_SSN", string)]
    assert found(string, classify(("sku",))) == []
    assert found(f"part no. {string}") == []
    assert found(string, classify(("phone",)))[:1] != [("US_SSN", string)]


@pytest.mark.parametrize("string", ["000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", "912-34-5678"])
def test_numbers_that_are_never_given_out(string):
    assert found(string) == []
    assert found(f"ssn {string}") == [] or found(f"ssn {string}")[0][0] == "US_ITIN"


@pytest.mark.parametrize("string", ["123456789", "12345678", "123 45 6789", "912-34-5678"])
def test_under_its_name_a_social_security_number_need_not_be_right(string):
    assert [entity for entity, _ in found(string, classify(("ssn",)))] == ["US_SSN"]


def test_bare_nine_digits_need_a_word():
    assert found("123456789") == []
    assert found("social security number 123456789") == [("US_SSN", "123456789")]


def test_a_social_security_number_with_points_after_words():
    number = "512.46" + ".7039"
    assert found(f"my social security number is {number}") == [("US_SSN", number)]
    assert found(f"build {number}") == []


NATIONAL = [
    ("UK_NHS", make.nhs("943476591"), "nhs_number", "NHS number {}"),
    ("UK_NHS", "943 476 5919", "nhsNo", "NHS no {}"),
    ("CA_SIN", make.luhn("13069254"), "sin", "social insurance number {}"),
    ("CA_SIN", "130 692 544", "social_insurance_number", "social insurance number {}"),
    ("PL_PESEL", make.pesel("9001011234"), "pesel", "PESEL {}"),
    ("BR_CPF", make.cpf("529982247"), "cpf", "CPF {}"),
    ("NL_BSN", make.bsn("11122233"), "bsn", "BSN {}"),
    ("ES_NIF", make.nif("12345678"), "dni", "DNI {}"),
    ("ES_NIF", make.nif("54362315"), "nif", "NIF: {}"),
    ("ES_NIE", "X" + make.nif("01234567")[1:], "nie", "NIE {}"),
    ("UK_NINO", "AB123456C", "nino", "National Insurance AB123456C"),
    ("IN_PAN", "ABCPD1234F", "pan_number", "PAN card {}"),
    ("IN_AADHAAR", "2341 2341 2346", "aadhaar", "Aadhaar {}"),
    ("DE_TAX_ID", "36 574 261 809", "steuer_id", "Steuer-ID {}"),
    ("AU_TFN", "123 456 782", "tfn", "TFN {}"),
    ("US_ITIN", "912-70-1234", "itin", "ITIN {}"),
    ("FR_NIR", make.nir("1850578006084"), "nir", "NIR {}"),
    ("IT_FISCAL_CODE", "RSSMRA85T10A562S", "codice_fiscale", "codice fiscale {}"),
]


@pytest.mark.parametrize(("entity", "string", "name", "sentence"), NATIONAL)
def test_national_numbers_under_their_name_and_after_a_word(entity, string, name, sentence):
    assert (entity, string) in found(string, Key(entity, True, hints=frozenset({entity})))
    assert (entity, string) in found(string, Key(), frozenset({entity}))
    assert (entity, string) in found(sentence.format(string))


@pytest.mark.parametrize(
    "string",
    [
        make.nhs("943476591"),
        make.luhn("13069254"),
        make.bsn("11122233"),
        make.pesel("9001011234"),
        make.nif("12345678"),
    ],
)
def test_a_weak_check_digit_never_suffices_alone(string):
    assert found(string) == []
    assert found(f"see {string} there") == []


@pytest.mark.parametrize(
    ("entity", "string"),
    [
        ("BR_CPF", "529.982.247-25"),
        ("FR_NIR", make.nir("1850578006084")),
        ("FR_NIR", "1 85 05 78 006 084 91"),
        ("FR_NIR", "2 69 05 2A 588 157 " + f"{97 - (2690519588157) % 97:02d}"),
        ("IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("UK_NINO", "AB 12 34 56 C"),
    ],
)
def test_a_strong_check_or_a_form_of_its_own_counts_alone(entity, string):
    if "2A" in string:
        stem = 2690519588157
        assert f"{97 - stem % 97:02d}" == string[-2:]
    assert found(f"for {string}.") == [(entity, string)]


@pytest.mark.parametrize("string", ["529.982.247-26", "RSSMRA85T10A562T", "BG123456A", "1850578006084" + "00"])
def test_a_wrong_check_digit_is_nothing(string):
    assert found(f"for {string}.") == []


IBANS = [
    make.iban("DE", "370400440532013000"),
    make.iban("GB", "WEST12345698765432"),
    make.iban("FR", "20041010050500013M02606"),
    make.iban("NL", "ABNA0417164300"),
    make.iban("ES", "21000418450200051332"),
    make.iban("IT", "X0542811101000000123456"),
    make.iban("PL", "109010140000071219812874"),
    make.iban("NO", "86011117947"),
    make.iban("MT", "MALT011000012345MTLCAST001S"),
    make.iban("BR", "00360305000010009795493C1"),
]


@pytest.mark.parametrize("number", IBANS)
def test_bank_accounts_count_alone_in_any_grouping(number):
    spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    for string in (number, spaced, spaced.replace(" ", "-"), number.lower()):
        assert found(string) == [("IBAN_CODE", string)]
    for string in (number, spaced):
        assert found(f"pay {string} EUR 12, BIC X") == [("IBAN_CODE", string)]
        assert found(f"to {string}.") == [("IBAN_CODE", string)]


@pytest.mark.parametrize("number", IBANS)
def test_a_wrong_remainder_counts_only_under_the_name(number):
    wrong = number[:2] + f"{(int(number[2:4]) + 1) % 97:02d}" + number[4:]
    assert ("IBAN_CODE", wrong) not in found(wrong)
    assert found(wrong, classify(("iban",)))[0][0] == "IBAN_CODE"


@pytest.mark.parametrize(
    "string", ["DE8937040044053201300", "ZZ89370400440532013000", "DE89 3704 0044", "xDE89370400440532013000"]
)
def test_other_lengths_and_countries_are_no_bank_accounts(string):
    assert [entity for entity, _ in found(string) if entity == "IBAN_CODE"] == []


@pytest.mark.parametrize(
    ("string", "entity"),
    [("449206683", "US_SSN"), ("5130723929152204", "CREDIT_CARD"), ("372586923808941", "CREDIT_CARD")],
)
def test_numbers_of_json_are_read_like_strings(string, entity):
    name = "ssn" if entity == "US_SSN" else "card"
    assert found(string, classify((name,))) == [(entity, string)]


@pytest.mark.parametrize("string", ["GB 07 08 95 D", "GB070895D"])
def test_a_made_up_national_insurance_number_counts_under_its_name_only(string):
    assert [c.entity for c in candidates(string, classify(("nino",)), frozenset()) if c.score >= 0.5] == ["UK_NINO"]
    assert [c for c in candidates(string, NOTHING, frozenset()) if c.score >= 0.5] == []


@pytest.mark.parametrize(
    "string", ["my card 3590730093437731 is lost", "cc 4288471682657067", "card no 213175197796454"]
)
def test_what_somebody_calls_a_card_and_passes_the_check_is_one(string):
    assert [c.entity for c in candidates(string, NOTHING, frozenset()) if c.score >= 0.5] == ["CREDIT_CARD"]


def test_a_number_of_no_known_range_is_no_card_by_itself():
    assert [c for c in candidates("order 3590730093437731 shipped", NOTHING, frozenset()) if c.score >= 0.4] == []


PAID = "4012888888881881"


@pytest.mark.parametrize(
    "sentence",
    [
        "booked it with {} btw", "You took the money twice from {}.", "refund {} please", "abgebucht von {} am Montag",
        "se cobró dos veces a {} ayer", "débité deux fois sur {} hier", "foi pago com {} ontem", "pagato con {} ieri",
        "er is betaald met {} gisteren", "zapłacono z {} wczoraj", "den betalades med {} i dag", "оплата с {} прошла",
    ],
)  # fmt: skip
def test_who_speaks_of_paying_speaks_of_a_card(sentence):
    assert found(sentence.format(PAID)) == [("CREDIT_CARD", PAID)]
    assert found(sentence.format(PAID[:-1] + "2")) == []


def test_a_name_that_speaks_of_paying():
    assert found(PAID, classify(("paid_with_no",))) == [("CREDIT_CARD", PAID)]
    assert found(PAID, classify(("worker",))) == []
    assert found(f"refund for order {PAID}") == []


@pytest.mark.parametrize(
    ("string", "entity"),
    [
        ("SIN 123 456 782 on the T4", "CA_SIN"),
        ("gave her SIN as 123-456-782", "CA_SIN"),
        ("NI number AB-12-34-56-C was quoted", "UK_NINO"),
        ("N.I. no AB123456C", "UK_NINO"),
        ("DNI X1234567L, Madrid", "ES_NIE"),
        ("con NIF Y1234567X y domicilio", "ES_NIE"),
    ],
)
def test_words_for_national_numbers(string, entity):
    assert [name for name, _ in found(string)] == [entity]


def test_without_in_spanish_is_no_number():
    assert found("sin 123456782 unidades") == []


def test_a_field_for_either_number_of_spain_holds_both():
    assert found("X1234567L", classify(("nif",))) == [("ES_NIE", "X1234567L")]
    assert found("12345678Z", classify(("documento_nie",))) == [("ES_NIF", "12345678Z")]


@pytest.mark.parametrize("string", ["909103898124791", "186134398124758"])
def test_no_french_number_has_such_a_sex_or_month(string):
    key = 97 - int(string[:13]) % 97
    assert found(f"{string[:13]}{key:02}") == []
