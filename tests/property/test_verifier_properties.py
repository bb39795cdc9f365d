"""Whatever a token holds: a grant or a refusal, never an exception; a grant only for what its issuer said."""

import asyncio
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuer import ISSUER, NOW, Provider, claims

from doorward.config import Issuer
from doorward.control.federation.egress import permitted
from doorward.control.federation.external import External
from doorward.control.federation.issuers import Issuers
from doorward.control.jose.claims import InvalidToken
from doorward.control.tokens.verifier import Verifier
from doorward.core.decision import Decision
from doorward.core.identity import Grant

GATEWAY = "https://gw.example.com"
URLS = {f"{GATEWAY}/mcp/{name}": name for name in ("crm", "files")}
PROVIDER = Provider()

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "client_id",
        "azp",
        "scope",
        "scp",
        "groups",
        "_claim_names",
        "nonce",
        "typ",
        "token_use",
        "events",
        "cnf",
        "act",
    ]
)
times = st.integers(int(NOW) - 7000, int(NOW) + 7000)
near = st.fixed_dictionaries(
    {}, optional={"exp": times, "iat": times, "nbf": times, "aud": st.sampled_from([*URLS, "x"])}
)
headers = st.dictionaries(
    st.sampled_from(["typ", "kid", "crit", "jku", "x"]),
    anything | st.sampled_from(["JWT", "at+jwt", "k-1"]),
    max_size=2,
)


class Keys:
    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        return PROVIDER.jwks()


def no_grant_of_ours(token: str, now: float) -> Grant:
    raise InvalidToken("is not ours")


def judged(token: bytes) -> Grant | Decision:
    config = Issuer(issuer=ISSUER, jwks=f"{ISSUER}/keys", groups="groups", rights="scopes")
    issuers = Issuers([config], Keys(), base_dir=Path())
    return asyncio.run(Verifier(External(issuers, GATEWAY), no_grant_of_ours, URLS).verify(token, NOW))


@settings(max_examples=150, deadline=None)
@given(header=headers, wild=st.dictionaries(names, anything, max_size=3), tame=near)
def test_any_claims(header: dict[str, Any], wild: dict[str, Any], tame: dict[str, Any]) -> None:
    said = claims(**{**tame, **wild})
    result = judged(PROVIDER.token(header, **{**tame, **wild}))
    assert isinstance(result, Grant | Decision)
    if isinstance(result, Grant):
        aud = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
        assert result.audience == {URLS[url] for url in aud if url in URLS} != set()
        assert set(result.servers) <= result.audience
        assert said["iss"] == ISSUER
        assert NOW < said["exp"] == result.expires
        assert said["exp"] - said.get("iat", NOW) <= 5400
        assert header.get("crit") is header.get("jku") is None
        assert not {"events", "cnf"} & said.keys()
        assert "nonce" not in said or header.get("typ", "at+jwt") == "at+jwt"
        assert result.principal.subject == said["sub"] != ""


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_any_changed_byte(at: int, byte: int) -> None:
    token = bytearray(PROVIDER.token())
    at %= len(token)
    changed = token[at] != byte
    token[at] = byte
    assert isinstance(judged(bytes(token)), Decision if changed else Grant)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text("abcAB.-_=", max_size=60).map(str.encode))
def test_any_bytes(token: bytes) -> None:
    assert isinstance(judged(token), Decision)


@given(st.integers(0xA9FE0000, 0xA9FEFFFF))
def test_no_spelling_of_a_link_local_address_is_reached(number: int) -> None:
    spellings = [
        str(IPv4Address(number)),
        *(str(IPv6Address(prefix | number)) for prefix in (0xFFFF << 32, 0xFFFF << 48, 0, 0x64FF9B << 96)),
        str(IPv6Address(0x26064700 << 96 | 0x5EFE << 32 | number)),
        str(IPv6Address(0x2002 << 112 | number << 80)),
        str(IPv6Address(0x20010000 << 96 | number << 64)),
        str(IPv6Address(0x20010000 << 96 | (number ^ 0xFFFFFFFF))),
    ]
    assert not any(permitted([spelling], written=True, allow=()) for spelling in spellings)
