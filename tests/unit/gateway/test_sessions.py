import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.gateway.sessions import Sealer

OLD, NEW = b"o" * 32, b"n" * 32
OWNER, OTHER = "idp\0alice\0cli", "idp\0bob\0cli"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer((NEW, OLD))


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(text, text, st.sampled_from(["2024-11-05", "2025-11-25", ""]))
def test_what_was_sealed_is_opened_by_its_owner_on_its_server(server: str, upstream_id: str, version: str) -> None:
    sealer = Sealer((NEW,))
    sealed = sealer.seal(server, OWNER, version, upstream_id)
    assert Sealer((NEW,)).open(sealed, server, OWNER) == (version, upstream_id)


def test_it_is_visible_ascii_says_nothing_and_is_another_each_time(sealer: Sealer) -> None:
    sealed = sealer.seal("crm", OWNER, "2025-11-25", "upstream-id")
    assert all(0x21 <= byte <= 0x7E for byte in sealed)  # MCP basic/transports, "Session Management"
    assert b"upstream-id" not in base64.urlsafe_b64decode(sealed + b"==")
    assert sealer.seal("crm", OWNER, "2025-11-25", "upstream-id") != sealed


@pytest.mark.parametrize(
    ("server", "owner"),
    [
        ("crm", OTHER),
        ("other", OWNER),
        ("crm", "idp\0alice\0"),
        ("", ""),
        ("cr", "m" + OWNER),
    ],
)
def test_it_is_nobody_elses_and_of_no_other_server(sealer: Sealer, server: str, owner: str) -> None:
    sealed = sealer.seal("crm", OWNER, "2025-11-25", "id")
    assert sealer.open(sealed, "crm", OWNER) is not None  # also once it is remembered
    if (server, owner) != ("crm", OWNER):
        assert sealer.open(sealed, server, owner) is None


def test_every_changed_byte_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal("crm", OWNER, "2025-11-25", "id")
    for at in range(len(sealed)):
        for bit in (1, 2, 32):
            tampered = sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :]
            assert sealer.open(tampered, "crm", OWNER) is None
        assert sealer.open(sealed[:at], "crm", OWNER) is None
        assert sealer.open(sealed[:at] + b"A" + sealed[at:], "crm", OWNER) is None


@pytest.mark.parametrize("garbage", [b"", b"x", b"=", b"A" * 3000, "é".encode(), b"a b", b"A" * 40 + b"\n"])
def test_garbage_does_not_open(sealer: Sealer, garbage: bytes) -> None:
    assert sealer.open(garbage, "crm", OWNER) is None


def test_there_is_one_spelling_only(sealer: Sealer) -> None:
    for size in range(8):
        sealed = sealer.seal("crm", OWNER, "2025-11-25", "x" * size)
        assert sealer.open(sealed + b"=", "crm", OWNER) is None
        assert sealer.open(sealed.replace(b"-", b"+").replace(b"_", b"/"), "crm", OWNER) in (
            None,
            ("2025-11-25", "x" * size) if not {45, 95} & set(sealed) else None,
        )


def test_a_retired_key_still_opens_and_no_longer_seals(sealer: Sealer) -> None:
    old = Sealer((OLD,)).seal("crm", OWNER, "2025-11-25", "id")
    assert sealer.open(old, "crm", OWNER) == ("2025-11-25", "id")
    assert Sealer((OLD,)).open(sealer.seal("crm", OWNER, "2025-11-25", "id"), "crm", OWNER) is None
    assert Sealer((NEW,)).open(old, "crm", OWNER) is None


def test_what_is_remembered_is_bounded(sealer: Sealer) -> None:
    first = sealer.seal("crm", OWNER, "v", "first")
    sealer.open(first, "crm", OWNER)
    for number in range(4100):
        sealer.open(sealer.seal("crm", OWNER, "v", str(number)), "crm", OWNER)
    assert len(sealer._opened) == 4096
    assert sealer.open(first, "crm", OWNER) == ("v", "first")
