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
        # any street, where the postcode of a country follows
        "8 Harbour Parade, Whitby YO21 3PU",
        "41 Queen's Gate, Leeds LS7 0AB",
        "4 County Road 12, Des Moines, IA 50390",
        "19c Cedar Creek Ln Apt 3, Chattanooga, TN 37499",
        "Lindenallee 8, 79113 Freiburg im Breisgau",
        "Barbaros Cad. No: 27, 35381 Konak/İzmir",
        "Zafer Mahallesi Gül Sk. No: 9, 35558 Konak/İzmir",
        "Umeda 2-chome 14, Kita-ku, Osaka 530-0001",
        "Sakura-cho 12, Chuo-ku, Osaka 548-0053",
        "Rua do Ouro, 11, Porto - Porto, 4025-201",
    ],
)
def test_one_line_addresses(address: str) -> None:
    assert found(f"please send it to {address}, she said") == [address]


@pytest.mark.parametrize(
    "text",
    [
        "5 March 2020 was a Sunday",
        "in 2020 Wall Street fell",
        "Model 5 Blue Widget, Size AB1 2CD",
        "rev 3 Fix Build, QQ 50390",
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


@pytest.mark.parametrize(
    "address",
    [
        "Rua das Flores 8, 1º Dto, 4682-147 Porto",
        "Calle Mayor 21, bajo, 43320 Sevilla",
        "Calle Mayor 48, 2º izq., 49657 Bilbao",
        "Oudegracht 257-hs, 3647 MF Utrecht",
        "Kerkstraat 112 bte 4, 9000 Gent",
        "Vestergade 92, 3. tv., 2200 København N",
        "135 Patrick Street, Galway, V21 K34L",
        "Am Markt 165, 54092 Halle (Saale)",
    ],
)
def test_a_flat_between_the_house_and_its_town(address: str) -> None:
    text = f"Send it to {address} as of today."
    [(start, end, _, _)] = places.in_prose(text)
    assert text[start:end].rstrip(")") == address.rstrip(")")


@pytest.mark.parametrize(
    ("line", "goes_on"),
    [
        ("1070 Wien", True),
        ("  3. tv.", True),
        ("2200 København N", True),
        ("Springfield, IL 62701", True),
        ("Graz 8010", True),
        ("Total 3000", False),
        ("Invoice 100234", False),
        ("Terms are thirty days", False),
        ("", False),
    ],
)
def test_a_line_that_goes_on_with_an_address(line: str, goes_on: bool) -> None:
    assert places.goes_on(line) is goes_on


def test_streets_with_postcodes_are_compared_with_those_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    is_new = places._is_new
    monkeypatch.setattr(places, "_is_new", lambda match, found: compared.append(len(found)) or is_new(match, found))
    string = "".join(f"{n} Queen's Gate, Leeds LS7 {n % 10}AB\n" for n in range(1, 400))
    assert len(places.in_prose(string)) == 399
    assert len(compared) >= 399
    assert max(compared) < 100


@pytest.mark.parametrize("label", ["Ciudad", "Adresse", "Città", "Straße", "Miasto"])
def test_what_places_are_called_is_no_place(label: str) -> None:
    assert not places.is_city(label)
    assert not places.is_address(label)


def test_towns_that_are_called_like_a_field_are_towns() -> None:
    assert places.is_city("Colonia del Sacramento")
