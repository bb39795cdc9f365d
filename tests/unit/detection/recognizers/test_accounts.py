"""Numbers that only their name tells."""

import pytest

from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import candidates


def found(string, key=NOTHING, hints=frozenset()):
    return [(c.entity, string[c.start : c.end]) for c in candidates(string, key, hints) if c.score >= 0.5]


ACCOUNT, PASSPORT, LICENSE = (
    Key(entity, True, hints=frozenset({entity})) for entity in ("ACCOUNT_ID", "PASSPORT", "DRIVER_LICENSE")
)


@pytest.mark.parametrize(
    "string", ["ACCT-00123456", "acct_719201", "Acct#9907860942", "ACC-1234567", "konto:1234567890", "A/C-00112233"]
)
def test_what_says_account_itself(string):
    assert found(string) == [("ACCOUNT_ID", string)]
    assert found(f"Refund {string}, please") == [("ACCOUNT_ID", string)]


@pytest.mark.parametrize(
    "word",
    [
        "acc",
        "acct",
        "acnt",
        "accnt",
        "account",
        "KONTO",
        "kto",
        "cuenta",
        "conta",
        "compte",
        "rekening",
        "a/c",
        "\u212aonto",
    ],
)
def test_each_word_that_says_account(word):
    assert found(f"Refund {word}-00123456, please") == [("ACCOUNT_ID", f"{word}-00123456")]


@pytest.mark.parametrize(
    "string", ["00123456", "CUST-0012345", "POL 99-881-22", "MBR0012345", "12345", "1234 5678 90", "#A-77120-X"]
)
def test_an_accounts_name_settles_it(string):
    assert found(string, ACCOUNT) == [("ACCOUNT_ID", string)]


@pytest.mark.parametrize(
    "string",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "2024-01-15",
        "none",
        "active",
        "42",
        "2024",
        "Jo Doe",
        "x" * 60 + "123456",
    ],
)
def test_under_an_accounts_name_not_everything_is_one(string):
    assert found(string, ACCOUNT) == []


@pytest.mark.parametrize(
    ("key", "string", "entity"),
    [
        (PASSPORT, "X1234567", "PASSPORT"),
        (PASSPORT, "C01X00T47", "PASSPORT"),
        (PASSPORT, "123456789", "PASSPORT"),
        (LICENSE, "D123-4567-8901", "DRIVER_LICENSE"),
        (LICENSE, "MORGA753116SM9IJ", "DRIVER_LICENSE"),
    ],
)
def test_passports_and_licences_by_their_name(key, string, entity):
    assert (entity, string) in found(string, key)
    assert entity not in [found_entity for found_entity, _ in found(string)]


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("account number 00123456", ("ACCOUNT_ID", "00123456")),
        ("Kontonummer 1234567890", ("ACCOUNT_ID", "1234567890")),
        ("passport X1234567 was shown", ("PASSPORT", "X1234567")),
        ("driving licence S530-4601-2345", ("DRIVER_LICENSE", "S530-4601-2345")),
    ],
)
def test_a_word_before_it_is_enough(string, expected):
    assert expected in found(string)


@pytest.mark.parametrize(
    "string", ["account locked since 2024-01-15", "passport photo 35x45", "license MIT-0", "account plan v2"]
)
def test_a_word_alone_makes_nothing(string):
    assert found(string) == []


@pytest.mark.parametrize("string", ["20-00-00 55779911", "25044574506", "8458-53322-07", "GB 12345678"])
def test_a_bare_account_holds_a_number_that_looks_like_one(string):
    assert found(string, classify(("account",))) == [("ACCOUNT_ID", string)]


@pytest.mark.parametrize(
    "string", ["acme-prod", "123456789012", "46.160.546", "2026-01-02", "0x123456789", "ops 2", "0xdeadbeef99"]
)
def test_and_also_other_things(string):
    assert found(string, classify(("account",))) == []


def test_a_number_of_a_program_is_no_passport():
    assert found("ADD COLUMN passport_no TEXT; const magic = 0x5f3759df;") == []
