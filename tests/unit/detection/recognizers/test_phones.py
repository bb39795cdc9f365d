"""Phone numbers as countries write them; the numbers are made up, in the ranges of their plans."""

import json

import pytest
from tests.compiled import Compiled

from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import TRIGGERS, candidates
from doorward.detection.recognizers.phones import abroad, at_home
from doorward.detection.trigger import HIDING

PHONE = classify(("phone",))
FIRED = Compiled((*HIDING, *TRIGGERS))


def found(string, key=NOTHING, hints=frozenset()):
    return [
        string[c.start : c.end] for c in candidates(string, key, hints) if c.entity == "PHONE_NUMBER" and c.score >= 0.5
    ]


ABROAD = [
    "+1 415 555 0132", "+14155550132", "+1-415-555-0132", "+1 (415) 555-0132", "+1.415.555.0132", "+44 20 7946 0958",
    "+44 (0)20 7946 0958", "+44 7700 900123", "+49 30 901820", "+49 171 9424594", "+49 (0) 171 / 942 45 94",
    "+33 1 42 68 53 00",
    "+33 6 12 34 56 78", "+34 612 34 56 78", "+39 06 698 1234", "+31 6 12345678", "+32 470 12 34 56",
    "+41 44 668 18 00",
    "+43 1 514440", "+46 70 123 45 67", "+47 22 12 34 56", "+45 32 12 34 56", "+358 40 1234567", "+48 601 234 567",
    "+420 601 123 456", "+351 912 345 678", "+30 21 0123 4567", "+90 532 123 45 67", "+7 912 345-67-89",
    "+380 50 123 4567",
    "+91 98765 43210", "+86 138 1234 5678", "+81 3-1234-5678", "+81 90-1234-5678", "+82 10-1234-5678",
    "+61 412 345 678",
    "+64 21 123 4567", "+55 11 91234-5678", "+52 55 1234 5678", "+54 9 11 1234-5678", "+27 82 123 4567",
    "+234 803 123 4567",
    "+254 712 345678", "+20 100 123 4567", "+971 50 123 4567", "+972 50-123-4567", "+65 9123 4567", "+852 9123 4567",
    "+353 85 123 4567", "+62 812-3456-7890", "(+44) 20 7946 0958",
]  # fmt: skip
HOME = [
    "415-555-0132", "(415) 555-0132", "(415)555-0132", "415.555.0132", "415 555 0132", "4155550132", "1-415-555-0132",
    "555-0132", "020 7946 0958", "07700 900123", "01 42 68 53 00", "06.12.34.56.78", "0612345678", "030 901820",
    "0171/9424594",
    "(030) 901820", "612 34 56 78", "612345678", "06 698 1234", "601 234 567", "03-1234-5678", "090-1234-5678",
    "(02) 9876 5432",
    "0412 345 678", "(11) 91234-5678", "98765 43210", "010-1234-5678", "138 1234 5678", "13812345678",
    "8 (912) 345-67-89",
    "06-12345678", "070-123 45 67", "044 668 18 00", "32 12 34 56", "22 12 34 56", "912 345 678", "0532 123 45 67",
    "011 4123-4567", "415-555-0132 x204", "(415) 555-0132 ext. 12", "415.555.0132 #7", "020 7946 0958 extension 3",
]  # fmt: skip


@pytest.mark.parametrize("string", ABROAD)
def test_international_numbers_need_nothing_else(string):
    assert found(string) == [string]
    assert found(f"see {string}, or write") == [string]


@pytest.mark.parametrize("string", ABROAD + HOME)
def test_a_phones_name_settles_what_looks_like_one(string):
    assert found(string, PHONE) == [string]


@pytest.mark.parametrize("string", HOME)
@pytest.mark.parametrize("sentence", ["call {} today", "Tel. {}", "mobile: {}; thanks", "Telefon {}", "teléfono {}."])
def test_a_word_that_speaks_of_phones_settles_it_in_prose(string, sentence):
    text = sentence.format(string)
    assert found(text) == [string]


@pytest.mark.parametrize(
    "string", ["(415) 555-0132", "415-555-0132", "(11) 91234-5678", "01 42 68 53 00", "020 7946 0958"]
)
def test_forms_of_their_own_count_alone(string):
    assert found(string) == [string]
    assert found(f"Jo ({string})") == [string]


@pytest.mark.parametrize(
    "string", ["415.555.0132", "415 555 0132", "4155550132", "555-0132", "612 34 56 78", "13812345678"]
)
def test_forms_that_others_share_do_not_count_alone(string):
    assert found(string) == []
    assert found(f"see {string} there") == []


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("home 415-555-0132 / work (212) 555-0187", ["415-555-0132", "(212) 555-0187"]),
        ("tel:+14155550132;ext=2", ["+14155550132"]),
        ("call 2 415-555-0132", ["415-555-0132"]),
        ("+1 415 555 0132 2 items", ["+1 415 555 0132"]),
        ("phones: 415-555-0132, 415-555-0133,415-555-0134", ["415-555-0132", "415-555-0133", "415-555-0134"]),
        ("ring 415-555-0132.", ["415-555-0132"]),
        ("phone=4155550132&x=1", ["4155550132"]),
        ("2024-01-15 415-555-0132", ["415-555-0132"]),
    ],
)
def test_exactly_the_number_is_taken(string, expected):
    assert found(string) == expected


@pytest.mark.parametrize("string", ["2024-01-15", "N/A", "12345", "3.14159265", "unknown 1", "1" * 20, ""])
def test_under_a_phones_name_not_everything_is_one(string):
    assert found(string, PHONE) == []


def test_a_hint_beside_it_is_enough():
    assert found("4155550132", Key(), frozenset({"PHONE_NUMBER"})) == ["4155550132"]


def test_a_name_that_settles_something_else_outweighs_a_form():
    assert found("415-555-0132", classify(("ssn",))) == []


@pytest.mark.parametrize(
    ("digits", "zero", "answer"),
    [
        ("14155550132", False, 2),
        ("442079460958", False, 2),
        ("4402079460958", True, 2),
        ("390669812345", False, 2),
        ("444123456789", False, 1),
        ("1415555", False, 0),
        ("9991234567", False, 0),
    ],
)
def test_numbering_plans(digits, zero, answer):
    assert abroad(digits, zero) == answer


def test_numbering_plans_at_home():
    assert at_home("02079460958")
    assert at_home("0669812345")
    assert not at_home("01")


@pytest.mark.parametrize(
    "string",
    ["0(312) 555 01 32", "0 (212) 555 0132", "8 (912) 345-67-89", "+420 086 421 877", "+234-1-066-9568"],
)
def test_what_is_written_as_nothing_else_counts_alone(string):
    assert found(string) == [string]
    assert found(f"the note has {string} in it") == [string]


@pytest.mark.parametrize("string", ["+1 234 567", "+420 086 421", "+12-34-56", "x0(312) 5", "+999 086 421 877"])
def test_sums_with_a_sign_are_none(string):
    assert found(string) == []


@pytest.mark.parametrize("string", ["0813 0176 0670", "21-23-58-09", "02 127 634", "01-234566498", "810.12.42.12"])
def test_after_a_word_dates_sums_and_addresses_are_not_seen_everywhere(string):
    assert found(f"Tel. {string} after noon") == [string]


@pytest.mark.parametrize(
    "sentence",
    [
        "my new number: {}", "meine neue Nummer ist {}", "mi nuevo número es {}", "mon numéro, c'est {}",
        "merci de rappeler Paul au {}", "richiamare Ada al {} grazie", "pode ligar para {}", "bel mij op {}",
        "proszę oddzwonić {}", "ring mig på {}", "soittakaa {}", "zavolejte {}", "позвоните на {}", "καλέστε {}",
        "smsgw: delivery to {} failed", "电话 {}",
    ],
)  # fmt: skip
def test_words_for_calling_in_other_languages(sentence):
    assert found(sentence.format("054-4178753")) == ["054-4178753"]


@pytest.mark.parametrize("number", ["030/429459", "583 111 014", "9745429576", "144.357.0057"])
@pytest.mark.parametrize("label", ["T: ", "M. ", "| P: ", "T:"])
def test_an_initial_in_a_signature(number, label):
    assert found(f"Ann Lee\nHead of Sales\n{label}{number}\nHigh Street 3") == [number]


@pytest.mark.parametrize("line", ["T 91 911 43 95", "M\t0722 184168", "P 583 111 014"])
def test_a_capital_and_a_number_alone_in_a_line(line):
    assert found(f"Ann Lee\nHead of Sales\n{line}\nHigh Street 3") == [line.replace("\t", " ").partition(" ")[2]]
    assert found(f"Ann Lee\n{line}") == [line.replace("\t", " ").partition(" ")[2]]
    assert found(f"Ann Lee\n{line} of it") == []
    assert found(line) == []


def test_an_initial_that_is_none():
    assert found("GET: 583 111 014 of it") == []
    assert found("t: 9745429576\nm: 9745429577") == []
    assert found("9745429576", classify(("t", "sample"))) == []


@pytest.mark.parametrize("name", ["contact", "to", "contactTxt", "emergency_contact", "Rückruf", "T"])
@pytest.mark.parametrize("string", ["210 820 4932", "054-7416764", "(33) 9146 8121", "051 479622"])
def test_the_name_says_whom_one_reaches_by_it(name, string):
    assert found(string, classify((name,))) == [string]


@pytest.mark.parametrize("name", ["dial_setting", "emergency_level", "callback_id", "to_version", "contact_count"])
@pytest.mark.parametrize("string", ["210 820 4932", "054-7416764", "51 479622"])
def test_what_follows_such_a_word_says_what_else_it_is(name, string):
    assert found(string, classify((name,))) == []


@pytest.mark.parametrize(
    "line", ["054-8633243 | ann@example.org", "ann@example.org · 912 345 206", "T 0711/863324, ann@example.org"]
)
def test_a_number_in_the_line_of_a_mailbox(line):
    assert len(found(f"Ann Lee\n{line}\n")) == 1
    assert found(f"Ann Lee\n{line}\n".replace("@", " ")) == []


def test_the_number_of_an_account_is_none():
    assert found("reachable until six. Account 1157812640 is locked") == []


@pytest.mark.parametrize(
    "string",
    [
        "612 34 71 95", "612.34.71.95", "612-34-71-95", "612/34 71 95", "912.345.206", "12/345 41 48", "21-23-58-09",
        "21.2345.6167", "98-76543-2101", "0813 0176 0670", "01-234566498", "0(312) 230 76 49", "(0-612) 37400",
    ],
)  # fmt: skip
def test_what_a_word_makes_a_number_of_fires_without_the_word(string):
    assert found(f"call {string}") == [string]
    assert FIRED.fires(json.dumps({"a": f"call {string}"}).encode())


def test_a_number_with_dots_is_said_to_be_one_or_signs_a_letter():
    assert found("the customer's number is 816.380.8302") == ["816.380.8302"]
    assert found("Kind regards,\nOrla Fenwick\n416.563.5312") == ["416.563.5312"]
    for text in (
        "Article: 226.351.5901",
        "order number 226.351.5901",
        "see 226.351.5901",
        "226.351.5901\n416.563.5312",
    ):
        assert found(text) == []


@pytest.mark.parametrize("text", ["Le llamaremos al 650 87 78 67.", "contactera le fournisseur au 347 5421352"])
def test_who_will_be_called(text):
    assert found(text)
