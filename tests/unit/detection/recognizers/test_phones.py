"""Phone numbers as countries write them; the numbers are made up, in the ranges of their plans."""

import pytest

from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import candidates
from doorward.detection.recognizers.phones import abroad, at_home

PHONE = classify(("phone",))


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
