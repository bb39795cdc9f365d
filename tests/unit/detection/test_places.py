"""Addresses in fields and in prose of several countries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection import places


def found(text: str) -> list[str]:
    return [text[start:end] for start, end, _, _ in places.in_prose(text)]


@pytest.mark.parametrize(
    "address",
    [
        "14 Mill Lane",
        "2207 Cedar Hollow Apt. 9, Fairview, OH 44001",
        "221B Baker Street, London NW1 6XE",
        "Lindenstraße 12, 10969 Berlin",
        "Am Stadtpark 3, 12167 Berlin",
        "14 rue des Lilas, 69003 Lyon",
        "Calle Mayor 12, 28013 Madrid",
        "Via Garibaldi, 10, 20121 Milano",
        "Rua das Flores, 123",
        "Kerkstraat 5, 1017 GA Amsterdam",
        "ul. Polna 5, 00-238 Warszawa",
        "PO Box 123, Springfield, IL 62701",
        "Storgatan 4",
    ],
)
def test_one_line_addresses(address: str) -> None:
    assert found(f"please send it to {address}, she said") == [address]


@pytest.mark.parametrize(
    "text",
    [
        "5 March 2020 was a Sunday",
        "in 2020 Wall Street fell",
        "3 of 4 tests passed",
        "version 12 Release Candidate",
        "ran 12 Test Runs",
        "see section 4 Road map",
        "100 Percent of Points",
        "error 500 at line 12",
    ],
)
def test_numbers_beside_words_are_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("value", ["12 Mill Lane", "Lindenstr. 4", "Apt 5B", "Springfield", "1-2-3 Shibuya, Tokyo"])
def test_values_of_address_fields(value: str) -> None:
    assert places.is_address(value)


@pytest.mark.parametrize(
    "value",
    ["0xdeadbeefdeadbeef00", "10.0.0.1:80", "ann@example.com", "https://example.com/a", "N/A", "12345", "string"],
)
def test_values_that_are_no_address(value: str) -> None:
    assert not places.is_address(value)


def test_towns_and_postcodes() -> None:
    assert places.is_city("São Paulo")
    assert places.is_city("s-Hertogenbosch")
    assert not places.is_city("12345")
    assert places.is_postcode("10115")
    assert places.is_postcode("SW1A 1AA")
    assert not places.is_postcode("pending")


@given(st.text(alphabet="1 Aab,.-'ß/\nStreetRd", max_size=300))
def test_any_text(text: str) -> None:
    assert all(0 <= start < end <= len(text) for start, end, _, _ in places.in_prose(text))
    assert places.is_address(text) in (True, False)
