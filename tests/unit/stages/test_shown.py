"""Names that a peer chose, as a record tells them."""

import pytest

from doorward.stages.record import revision, shown

ORDINARY = [
    "",
    "find",
    "get_customer.v2",
    "list_customer_orders_v2_paged",
    "getCustomerOrdersV2ByRegion",
    "vendor/method",
    "Search the docs",
    "suche_käufer",
    "a:b-c",
]


@pytest.mark.parametrize("name", ORDINARY)
def test_a_name_stays(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ann@example.org", "*"),
        ("get_ann@example.org", "*"),
        ("mail ann@example.org now", "mail * now"),
        ("get_123-45-6789", "get_*"),
        ("call 5550001234", "call *"),
        ("ann%40example.org", "*"),
        ("x" + "aB3dE6fG" * 4, "*"),
        ("line\nbreak", "*"),
    ],
)
def test_what_could_be_data_does_not(name: str, told: str) -> None:
    assert shown(name) == told


def test_revisions_are_dates() -> None:
    assert revision("2025-11-25") == "2025-11-25"
    assert revision("") == ""
    assert revision("ann@example.org") == "*"
    assert revision("2025-11-251234567") == "*"
