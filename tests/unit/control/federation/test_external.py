from pathlib import Path
from typing import Any

import jiter
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OctKey, RSAKey
from tests.issuer import ISSUER, NOW, Provider, claims, compact

from doorward.config import Issuer
from doorward.configtypes import Duration
from doorward.control.federation.external import LEEWAY, External, audience, is_id_token, moment
from doorward.control.federation.fetch import FetchFault, FetchReason
from doorward.control.federation.issuers import Issuers
from doorward.control.jose.claims import InvalidToken
from doorward.control.jose.jws import Jws, read
from doorward.core.decision import Reason

OURS = "https://gw.example.com"


class World:
    def __init__(self, **config: Any) -> None:
        self.provider = Provider()
        self.down = False
        self.fetches = 0
        config = {"issuer": ISSUER, "jwks": f"{ISSUER}/keys", "max_lifetime": Duration.parse("90m"), **config}
        self.issuers = Issuers([Issuer(**config)], self, base_dir=Path(), monotonic=lambda: 1000.0)
        self.external = External(self.issuers, OURS)

    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        self.fetches += 1
        if self.down:
            raise FetchFault(FetchReason.CONNECT)
        return self.provider.jwks()

    async def access(self, token: bytes, now: float = NOW) -> Reason | None:
        """Why an access token is refused; None if it is not."""
        detail = ""
        try:
            await self.external.access_token(parsed(token), now)
            return None
        except InvalidToken as fault:
            detail, reason = fault.detail, fault.reason
        assert not any(word in detail for word in ("alice", "https", "app"))
        return reason

    async def assertion(self, token: bytes, now: float = NOW) -> Reason | None:
        try:
            await self.external.verify_assertion(token.decode(), now)
        except InvalidToken as fault:
            return fault.reason
        return None


def parsed(token: bytes) -> Jws:
    jws = read(token)
    assert jws is not None
    return jws


# --- whose it is


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP"])
async def test_a_good_token_of_each_kind_of_key(kind: str) -> None:
    world = World()
    world.provider.rotate("k", kind)
    accepted = await world.external.access_token(parsed(world.provider.token()), NOW)
    assert (accepted.subject, accepted.client, accepted.expires) == ("alice", "app", NOW + 600)
    assert accepted.issuer.name == "idp.example.com"
    assert "alice" not in repr(accepted)


@pytest.mark.parametrize(
    "iss", ["https://evil.example", f"{ISSUER}/", "https://IDP.example.com", OURS, 7, None, [ISSUER]]
)
async def test_an_issuer_that_nobody_configured(iss: object) -> None:
    world = World()
    assert await world.access(world.provider.token(iss=iss)) is Reason.AUTH_ISSUER
    assert world.fetches == 0


async def test_a_token_signed_by_somebody_else() -> None:
    world, other = World(), Provider()
    assert await world.access(other.token()) is Reason.AUTH_INVALID


async def test_a_changed_claim_breaks_the_signature() -> None:
    world = World()
    header, _, signature = world.provider.token().split(b".")
    _, payload, _ = world.provider.token(sub="mallory").split(b".")
    assert await world.access(b".".join((header, payload, signature))) is Reason.AUTH_INVALID


# --- confused algorithms


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "HS512", "ES256K", "", "RS1"])
async def test_no_algorithm_and_symmetric_ones_are_refused(alg: str) -> None:
    world = World()
    token = compact({"alg": alg, "typ": "at+jwt", "kid": "k-1"}, claims(), None)
    assert await world.access(token) is Reason.AUTH_INVALID
    assert world.fetches == 0


async def test_a_header_without_algorithm() -> None:
    assert await World().access(compact({"typ": "at+jwt"}, claims(), None)) is Reason.AUTH_INVALID


async def test_a_public_key_is_no_symmetric_secret() -> None:
    world = World(algorithms=("RS256",))
    key = world.provider.rotate("k", "RSA", keep=False)
    assert isinstance(key, RSAKey)
    public = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # `import_key` refuses a PEM, which is what an attacker uses: so its bytes are put in as they are.
    secret = OctKey(public, {"kty": "oct", "k": "AAAA"})
    forged = compact({"alg": "HS256", "typ": "at+jwt", "kid": "k"}, claims(), secret)
    assert await world.access(forged) is Reason.AUTH_INVALID
    assert await world.access(world.provider.token()) is None


async def test_a_symmetric_key_in_the_key_set_is_no_key() -> None:
    world = World()
    secret = OctKey.generate_key(256)
    document = world.provider.jwks()
    document["keys"].append({**secret.as_dict(private=True), "kid": "oct"})
    world.provider.jwks = lambda: document  # type: ignore[method-assign]
    for algorithm in ("HS256", "ES256"):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": "oct"}
        token = compact(header, claims(), secret if algorithm == "HS256" else None)
        assert await world.access(token) is Reason.AUTH_INVALID


async def test_an_algorithm_that_the_configuration_does_not_name() -> None:
    world = World(algorithms=("RS256",))
    assert await world.access(world.provider.token()) is Reason.AUTH_INVALID


async def test_a_key_is_used_for_its_own_kind_of_algorithm_alone() -> None:
    world = World()
    world.provider.rotate("k", "RSA")
    assert await world.access(world.provider.token({"kid": "k-1"})) is Reason.AUTH_INVALID


@pytest.mark.parametrize(
    "header", [{"crit": ["x"], "x": 1}, {"jku": "https://evil.example"}, {"jwk": {}}, {"x5u": "u"}, {"x5c": ["c"]}]
)
async def test_a_header_that_brings_keys_or_extensions_is_refused_also_when_signed(header: dict[str, Any]) -> None:
    world = World()
    assert await world.access(world.provider.token(header)) is Reason.AUTH_INVALID
    assert await world.assertion(world.provider.token({**header, "typ": "JWT"}, aud=OURS)) is Reason.AUTH_INVALID
    assert world.fetches == 0


# --- what it is


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT", "JWT", None])
async def test_kinds_of_access_tokens(typ: str | None) -> None:
    world = World()
    assert await world.access(world.provider.token({"typ": typ})) is None


@pytest.mark.parametrize("typ", ["dpop+jwt", "logout+jwt", "secevent+jwt", "oauth-id-jag+jwt", "id+jwt", "x"])
async def test_other_kinds_are_no_access_tokens(typ: str) -> None:
    world = World()
    assert await world.access(world.provider.token({"typ": typ})) is Reason.AUTH_KIND


@pytest.mark.parametrize(
    "more",
    [
        {"nonce": "n"},
        {"at_hash": "h"},
        {"c_hash": "h"},
        {"token_use": "id"},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"events": {}},
        {"aud": "app", "scope": None},
        {"aud": ["app"], "azp": "app", "client_id": None, "scope": None},
    ],
)
async def test_an_id_token_is_no_access_token(more: dict[str, Any]) -> None:
    world = World()
    assert await world.access(world.provider.token({"typ": "JWT"}, **more)) is Reason.AUTH_KIND


@pytest.mark.parametrize(
    "more", [{"token_use": "access"}, {"typ": "Bearer"}, {"aud": "app"}, {"scope": None}, {"auth_time": 1}]
)
def test_an_access_token_is_not_taken_for_an_id_token(more: dict[str, Any]) -> None:
    assert not is_id_token(parsed(Provider().token({"typ": "JWT"}, **more)))


async def test_a_token_that_wants_a_proof_is_not_taken_without_one() -> None:
    world = World()
    assert await world.access(world.provider.token(cnf={"jkt": "x"})) is Reason.AUTH_KIND


async def test_what_calls_itself_an_id_token_is_one_whatever_its_header_says() -> None:
    world = World()
    assert await world.access(world.provider.token(token_use="id")) is Reason.AUTH_KIND


# --- when


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"exp": NOW}, Reason.AUTH_EXPIRED),
        ({"exp": NOW - 1}, Reason.AUTH_EXPIRED),
        ({"exp": NOW + 1}, None),
        ({"exp": NOW + 0.5}, None),
        ({"exp": None}, Reason.AUTH_INVALID),
        ({"exp": "soon"}, Reason.AUTH_INVALID),
        ({"exp": True}, Reason.AUTH_INVALID),
        ({"exp": -1}, Reason.AUTH_INVALID),
        ({"exp": 1 << 60}, Reason.AUTH_INVALID),
        ({"exp": {}}, Reason.AUTH_INVALID),
        ({"iat": NOW + LEEWAY}, None),
        ({"iat": NOW + LEEWAY + 1}, Reason.AUTH_INVALID),
        ({"nbf": NOW + LEEWAY}, None),
        ({"nbf": NOW + LEEWAY + 1}, Reason.AUTH_INVALID),
        ({"nbf": "x"}, Reason.AUTH_INVALID),
        ({"iat": NOW - 4800, "exp": NOW + 600}, None),
        ({"iat": NOW - 4801, "exp": NOW + 600}, Reason.AUTH_LIFETIME),
        ({"iat": None, "exp": NOW + 5400}, None),
        ({"iat": None, "exp": NOW + 5401}, Reason.AUTH_LIFETIME),
        ({"exp": NOW + 86400}, Reason.AUTH_LIFETIME),
    ],
)
async def test_times(more: dict[str, Any], reason: Reason | None) -> None:
    world = World()
    assert await world.access(world.provider.token(**more)) is reason


def test_a_moment_is_a_number_of_any_spelling() -> None:
    assert moment({}, "exp") is None
    assert moment({"exp": jiter.LosslessFloat(b"1.5e9")}, "exp") == 1.5e9
    for value in (None, "1", [], {}, True, jiter.LosslessFloat(b"1e400"), jiter.LosslessFloat(b"-0.1")):
        with pytest.raises(InvalidToken):
            moment({"exp": value}, "exp")


@pytest.mark.parametrize("sub", [None, "", 7, ["alice"], "a\0b", "a" * 1025])
async def test_a_token_says_whom_it_is_about(sub: object) -> None:
    world = World()
    assert await world.access(world.provider.token(sub=sub)) is Reason.AUTH_INVALID


# --- for whom


URLS = {"https://gw.example.com/mcp/crm": "crm", "https://gw.example.com/mcp/files": "files"}


@pytest.mark.parametrize(
    ("aud", "servers"),
    [
        ("https://gw.example.com/mcp/crm", {"crm"}),
        (["https://gw.example.com/mcp/crm", "https://gw.example.com/mcp/files", "x"], {"crm", "files"}),
        ("https://gw.example.com/mcp/crm/", set()),
        ("https://GW.example.com/mcp/crm", set()),
        ("https://gw.example.com/mcp", set()),
        ("https://gw.example.com", set()),
        ([], set()),
        (None, set()),
        (["https://gw.example.com/mcp/crm", 7], set()),
        ({"https://gw.example.com/mcp/crm": 1}, set()),
    ],
)
def test_the_audience_is_compared_byte_for_byte(aud: object, servers: set[str]) -> None:
    assert audience({"aud": aud}, URLS, Issuer(issuer=ISSUER)) == servers


def test_a_configured_audience_is_good_for_every_server_and_replaces_their_urls() -> None:
    config = Issuer(issuer=ISSUER, audience="api://gateway")
    assert audience({"aud": ["api://gateway"]}, URLS, config) == {"crm", "files"}
    assert audience({"aud": "https://gw.example.com/mcp/crm"}, URLS, config) == set()


# --- assertions


async def test_a_good_assertion() -> None:
    world = World(max_lifetime=Duration.parse("1m"))
    for typ in ("JWT", None, "oauth-id-jag+jwt"):
        for aud in (OURS, [OURS]):
            token = world.provider.token({"typ": typ}, aud=aud, exp=NOW + 3600)
            assert await world.assertion(token) is None
    accepted = await world.external.verify_assertion(token.decode(), NOW)
    assert (accepted.claims["sub"], accepted.claims["iss"], accepted.typ) == ("alice", ISSUER, "oauth-id-jag+jwt")


@pytest.mark.parametrize(
    ("header", "more", "reason"),
    [
        ({}, {"aud": [OURS, "https://other.example"]}, Reason.AUTH_AUDIENCE),
        ({}, {"aud": f"{OURS}/"}, Reason.AUTH_AUDIENCE),
        ({}, {"aud": f"{OURS}/oauth/token"}, Reason.AUTH_AUDIENCE),
        ({}, {"aud": None}, Reason.AUTH_AUDIENCE),
        ({}, {"exp": NOW + 3601}, Reason.AUTH_LIFETIME),
        ({}, {"iat": None, "exp": NOW + 3601}, Reason.AUTH_LIFETIME),
        ({}, {"exp": NOW}, Reason.AUTH_EXPIRED),
        ({}, {"sub": None}, Reason.AUTH_INVALID),
        ({}, {"iss": "https://evil.example"}, Reason.AUTH_ISSUER),
        ({"typ": "at+jwt"}, {}, Reason.AUTH_KIND),
        ({}, {"cnf": {"jkt": "AAAA"}}, Reason.AUTH_KIND),
        ({"typ": "oauth-id-jag+jwt"}, {"cnf": {}}, Reason.AUTH_KIND),
        ({"typ": "doorward-grant+jwt"}, {}, Reason.AUTH_KIND),
        ({"typ": "client-authentication+jwt"}, {}, Reason.AUTH_KIND),
        ({"alg": "none"}, {}, Reason.AUTH_INVALID),
    ],
)
async def test_an_assertion_that_is_refused(header: dict[str, Any], more: dict[str, Any], reason: Reason) -> None:
    world = World()
    if header.get("alg") == "none":
        token = compact({"alg": "none"}, claims(aud=OURS), None)
    else:
        token = world.provider.token({"typ": "JWT", **header}, **{"aud": OURS, **more})
    assert await world.assertion(token) is reason


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "tökén"])
async def test_what_is_no_jwt_is_no_assertion(text: str) -> None:
    with pytest.raises(InvalidToken):
        await World().external.verify_assertion(text, NOW)


# --- the provider


async def test_a_rotated_key_is_fetched_when_a_token_names_it() -> None:
    world = World()
    assert await world.access(world.provider.token()) is None
    issuer = world.issuers.named(ISSUER)
    assert issuer is not None
    issuer.cache._monotonic = lambda: 1010.0
    world.provider.rotate("k-2", keep=False)
    assert await world.access(world.provider.token()) is None
    assert world.fetches == 2


async def test_a_provider_that_is_down_is_an_outage_and_no_bad_token() -> None:
    world = World()
    world.down = True
    assert await world.access(world.provider.token()) is Reason.AUTH_UNAVAILABLE
    assert await world.assertion(world.provider.token({"typ": "JWT"}, aud=OURS)) is Reason.AUTH_UNAVAILABLE
