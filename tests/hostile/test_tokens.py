"""Tokens that must not work: of a real provider, signed with its keys or with anything but; and the gateway's own.

Each is refused in every mode, with the challenge of RFC 6750 and RFC 9728, is in the journal under its reason, and the
upstream never hears of it.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from joserfc.jws import JWSRegistry
from tests.adapters.clients.browser import visit
from tests.gateway import Mode
from tests.hostile.raw import Answer, Raw, post
from tests.hostile.setting import Setting, message, reason_of, setting, sink
from tests.hostile.watch import records, until
from tests.oidc.provider import PERSON, Provider, machine, running_provider

pytestmark = pytest.mark.peers

IDP = "idp"
MACHINE, MACHINE_SECRET = "a-machine", secrets.token_urlsafe(24)
AGENT, AGENT_SECRET, AGENT_VARIABLE = "agent:desk", secrets.token_urlsafe(24), "DOORWARD_TEST_DESK_SECRET"
REDIRECT = "http://127.0.0.1:3333/callback"
MAX_LIFETIME = 600
SOURCES = itertools.count(2)
"""Last parts of loopback addresses: each case is a source of its own, for refusals of one are counted together."""

Json = dict[str, Any]

POLICY = f"""
@id("the-person")
permit (principal == Doorward::User::"{IDP}|{PERSON}", action, resource);
@id("the-machine")
permit (principal == Doorward::User::"{IDP}|{MACHINE}", action, resource);
"""


class Place(NamedTuple):
    """A gateway with the servers `good` and `sink`, the provider that it trusts, and the mode of both servers."""

    hostile: Setting
    provider: Provider
    mode: Mode

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.hostile.port}"

    def resource(self, server: str = "sink") -> str:
        return f"{self.issuer}/mcp/{server}"

    def claims(self, **changes: Any) -> Json:
        return self.provider.claims(self.resource(), **changes)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    clients = [
        machine(MACHINE, MACHINE_SECRET, []),
        {"client_id": "a-page", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"},
    ]
    with running_provider(tmp_path_factory.mktemp("provider") / "log", clients=clients) as running:
        yield running


@pytest.fixture(scope="module", params=["enforce", "audit"])
def place(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp(f"tokens-{request.param}")
    policies = directory / "policies"
    policies.mkdir()
    (policies / "all.cedar").write_text(POLICY)
    trusted = {"issuer": provider.issuer, "name": IDP, "max_lifetime": f"{MAX_LIFETIME}s"}
    extra = {
        "identity": {"issuers": [{**trusted, "algorithms": ["ES256", "RS256"]}]},
        "policies": str(policies),
        "limits": {"failed_logins_per_minute": 1_000_000},
    }
    with setting(directory / "gateway", {"sink": sink}, mode=request.param, extra=extra) as running:
        yield Place(running, provider, request.param)


# --- how to make a token that must not work


def encoded(value: Json | bytes) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def by_hand(header: Json, claims: Json | bytes, sign: Callable[[bytes], bytes]) -> str:
    """A JWT that no library would make."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def confused(place: Place, kind: str, spelling: str) -> str:
    """HS256, with what everybody knows of the provider's key as the secret."""
    key = place.provider.keys[kind]  # type: ignore[index]
    public = {
        "pem": lambda: key.as_pem(private=False),
        "der": lambda: key.as_der(private=False),
        "jwk": lambda: json.dumps(key.as_dict(private=False)).encode(),
    }[spelling]()
    header = {"typ": "at+jwt", "alg": "HS256", "kid": key.kid}
    return by_hand(header, place.claims(), lambda data: hmac.digest(public, data, hashlib.sha256))


def unsigned(place: Place, spelling: str, signature: bytes = b"") -> str:
    return by_hand({"typ": "at+jwt", "alg": spelling}, place.claims(), lambda data: signature)


def strangers(place: Place, **header: Any) -> str:
    """A right token in all but who signed it."""
    key = ECKey.generate_key("P-256")
    kid = place.provider.keys["ES256"].kid
    return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": kid, **header}, place.claims(), key)


def es256(key: Key) -> Callable[[bytes], bytes]:
    """The bare signature, with which joserfc would not sign what follows."""
    return partial(JWSRegistry.algorithms["ES256"].sign, key=key)


def bringing_its_key(place: Place) -> str:
    key = ECKey.generate_key("P-256")
    return by_hand({"typ": "at+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}, place.claims(), es256(key))


def with_header(place: Place, claims: bytes | None = None, **header: Any) -> str:
    """Signed by the provider, with members in the header that no token may have."""
    key = place.provider.keys["ES256"]
    usual = {"typ": "at+jwt", "alg": "ES256", "kid": key.kid}
    return by_hand({**usual, **header}, claims or place.claims(), es256(key))


def twice_said(place: Place) -> str:
    """Two audiences, one for each reader."""
    claims = json.dumps(place.claims()).replace('"aud"', f'"aud": "{place.resource("good")}", "aud"', 1)
    return with_header(place, claims.encode())


def altered(place: Place) -> str:
    """Other claims under a right signature."""
    header, _, signature = place.provider.sign(place.claims()).split(".")
    return f"{header}.{encoded(place.claims(sub='somebody-else'))}.{signature}"


def identity_token(place: Place) -> str:
    """The provider's own, of a person who logged in."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": "a-page",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "nonce": "a-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    returned = visit(f"{place.provider.issuer}/auth?{urllib.parse.urlencode(asked)}", REDIRECT)
    form = {"grant_type": "authorization_code", "code": returned.code, "redirect_uri": REDIRECT}
    answer = fetch(f"{place.provider.issuer}/token", {**form, "client_id": "a-page", "code_verifier": verifier})
    return str(answer["id_token"])


def fetch(url: str, form: Json) -> Json:
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
        found: Json = json.load(answer)
        return found


def signed(**changes: Any) -> Callable[[Place], str]:
    """The provider's, with other claims; a claim that can be called is asked for its value."""

    def make(place: Place) -> str:
        values = {name: value(place) if callable(value) else value for name, value in changes.items()}
        return place.provider.sign(place.claims(**values))

    return make


def later(seconds: float) -> Callable[[Place], int]:
    return lambda place: int(time.time() + seconds)


class Case(NamedTuple):
    token: Callable[[Place], str]
    reason: str


BAD: dict[str, Case] = {
    # for somebody else
    "for another resource": Case(signed(aud="https://mcp.example.com/mcp/sink"), "auth.audience"),
    "for another server of the gateway": Case(signed(aud=lambda place: place.resource("good")), "auth.audience"),
    "for the gateway as a whole": Case(signed(aud=lambda place: place.issuer), "auth.audience"),
    "for its URL with a slash": Case(signed(aud=lambda place: place.resource() + "/"), "auth.audience"),
    "for its URL in capitals": Case(signed(aud=lambda place: place.resource().upper()), "auth.audience"),
    "for its id alone": Case(signed(aud="sink"), "auth.audience"),
    "for nobody": Case(signed(aud=None), "auth.audience"),
    "for what is no text": Case(signed(aud=lambda place: [{"url": place.resource()}]), "auth.audience"),
    # of somebody else
    "of another issuer": Case(signed(iss="https://idp.example.com"), "auth.issuer"),
    "of the issuer with a slash": Case(signed(iss=lambda place: place.provider.issuer + "/"), "auth.issuer"),
    "of the gateway itself": Case(signed(iss=lambda place: place.issuer), "auth.issuer"),
    "of no issuer": Case(signed(iss=None), "auth.issuer"),
    # out of time
    "expired": Case(signed(iat=later(-120), exp=later(-1)), "auth.expired"),
    "never to expire": Case(signed(exp=None), "auth.invalid"),
    "of tomorrow (nbf)": Case(signed(nbf=later(3600)), "auth.invalid"),
    "of tomorrow (iat)": Case(signed(iat=later(3600), exp=later(3700)), "auth.invalid"),
    "too long-lived": Case(signed(exp=later(MAX_LIFETIME + 60)), "auth.lifetime"),
    "too long-lived, not said since when": Case(signed(iat=None, exp=later(MAX_LIFETIME + 60)), "auth.lifetime"),
    "with a time that is none": Case(signed(exp="tomorrow"), "auth.invalid"),
    # about nobody
    "about nobody": Case(signed(sub=None), "auth.invalid"),
    "about a name that separates": Case(signed(sub="ada\0admin"), "auth.invalid"),
    # signed by nobody, or by anybody
    "alg none": Case(lambda place: unsigned(place, "none"), "auth.invalid"),
    "alg none with a signature": Case(lambda place: unsigned(place, "none", b"x"), "auth.invalid"),
    "alg nOnE": Case(lambda place: unsigned(place, "nOnE", b"x"), "auth.invalid"),
    "HS256 with the RSA key as PEM": Case(lambda place: confused(place, "RS256", "pem"), "auth.invalid"),
    "HS256 with the RSA key as DER": Case(lambda place: confused(place, "RS256", "der"), "auth.invalid"),
    "HS256 with the RSA key as JWK": Case(lambda place: confused(place, "RS256", "jwk"), "auth.invalid"),
    "HS256 with the EC key as PEM": Case(lambda place: confused(place, "ES256", "pem"), "auth.invalid"),
    "signed by a stranger": Case(strangers, "auth.invalid"),
    "signed by a key that is not there": Case(lambda place: strangers(place, kid="unknown"), "auth.invalid"),
    "signed by a key with a path": Case(lambda place: strangers(place, kid="../../dev/null"), "auth.invalid"),
    "bringing its own key": Case(bringing_its_key, "auth.invalid"),
    "saying where its key is (jku)": Case(
        lambda place: with_header(place, jku="http://169.254.169.254/keys"), "auth.invalid"
    ),
    "saying where its key is (x5u)": Case(lambda place: with_header(place, x5u="file:///etc/passwd"), "auth.invalid"),
    "critical to nobody (crit)": Case(lambda place: with_header(place, crit=["b64"], b64=False), "auth.invalid"),
    "named after another algorithm's key": Case(lambda place: with_header(place, kid="rivest"), "auth.invalid"),
    "altered": Case(altered, "auth.invalid"),
    "saying two things": Case(twice_said, "auth.invalid"),
    "without its signature": Case(
        lambda place: place.provider.sign(place.claims()).rpartition(".")[0] + ".", "auth.invalid"
    ),
    # no access token
    "an ID token": Case(identity_token, "auth.kind"),
    "an ID token for this server": Case(
        lambda place: place.provider.sign(place.claims(nonce="n", auth_time=1), typ="JWT"), "auth.kind"
    ),
    "a logout token": Case(lambda place: place.provider.sign(place.claims(), typ="logout+jwt"), "auth.kind"),
    "an ID-JAG": Case(lambda place: place.provider.sign(place.claims(), typ="oauth-id-jag+jwt"), "auth.kind"),
    "a grant that the gateway did not sign": Case(
        lambda place: place.provider.sign(place.claims(iss=place.issuer), typ="doorward-grant+jwt"), "auth.invalid"
    ),
    "no JWT": Case(lambda place: "an-opaque-token-of-somebody", "auth.invalid"),
    "a JWT of 20 kB": Case(signed(padding="x" * 14_000), "auth.invalid"),
}


async def asked(place: Place, *fields: tuple[str, str], server: str = "sink", query: str = "") -> Answer:
    """One call by a source of its own."""
    number = next(SOURCES)
    raw = await Raw.open(place.hostile.port, source=f"127.0.{number // 200}.{number % 200 + 2}")
    try:
        await raw.say(post(f"/mcp/{server}{query}", message(), port=place.hostile.port, fields=fields))
        return await raw.answer()
    finally:
        await raw.close()


async def is_refused(place: Place, status: int, reason: str, *fields: tuple[str, str], query: str = "") -> Answer:
    """Status, reason, record; and the upstream has heard nothing."""
    place.hostile.new_records()
    before = dict(place.hostile.upstream.asked)
    found = await asked(place, *fields, query=query)
    assert (found.status, reason_of(found)) == (status, reason), found
    assert place.hostile.upstream.asked == before
    (entry,) = place.hostile.new_records()
    assert (entry["decision"], entry["reason"], entry["mcp_server"]) == ("deny", reason, "sink")
    assert (entry["kind"], entry["phase"], entry["tool_name"]) == ("exchange", "outcome", None)
    return found


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_in_every_mode(place: Place, name: str) -> None:
    token = await asyncio.to_thread(BAD[name].token, place)
    found = await is_refused(place, 401, BAD[name].reason, ("Authorization", f"Bearer {token}"))
    said = found["www-authenticate"]
    assert said.startswith("Bearer ")
    metadata = f"{place.issuer}/.well-known/oauth-protected-resource/mcp/sink"
    assert f'resource_metadata="{metadata}"' in said
    assert 'error="invalid_token"' in said
    assert "scope=" not in said  # nothing that an SDK would take for a scope, an empty one included
    assert token not in found.body.decode()
    again = await asked(place, ("X-MCP-Token", token))
    assert (again.status, reason_of(again)) == (401, BAD[name].reason)
    async with Raw.to(place.hostile.port) as raw:
        await place.hostile.good_call(raw)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_the_same_token_with_nothing_wrong_is_let_in(place: Place, algorithm: str) -> None:
    """What all the others differ from; else they would prove nothing."""
    key = place.provider.keys[algorithm]  # type: ignore[index]
    before = place.hostile.upstream.asked["sink"]
    header = {"typ": "at+jwt", "alg": algorithm, "kid": key.kid}
    found = await asked(place, ("Authorization", f"Bearer {jwt.encode(header, place.claims(), key)}"))
    assert found.status == 200, found
    assert place.hostile.upstream.asked["sink"] == before + 1
    assert "authorization" not in place.hostile.upstream.last["sink"].fields


async def test_a_machines_own_token_is_let_in_and_not_elsewhere(place: Place) -> None:
    """As the provider issued it; the audience is what it asked for."""
    form = {"grant_type": "client_credentials", "client_id": MACHINE, "client_secret": MACHINE_SECRET}
    basic = base64.b64encode(f"{MACHINE}:{MACHINE_SECRET}".encode()).decode()
    body = urllib.parse.urlencode({"grant_type": form["grant_type"], "resource": place.resource("good")}).encode()
    request = urllib.request.Request(f"{place.provider.issuer}/token", body, {"Authorization": f"Basic {basic}"})

    def issued() -> str:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["access_token"])

    token = await asyncio.to_thread(issued)
    assert (await asked(place, ("X-MCP-Token", token), server="good")).status == 200
    await is_refused(place, 401, "auth.audience", ("X-MCP-Token", token))


async def test_a_token_in_the_address_is_none(place: Place) -> None:
    """OAuth 2.1 section 5.1: addresses end up in logs."""
    token = place.provider.sign(place.claims())
    query = f"?access_token={token}"
    if place.mode == "audit":  # everybody may come in, but not by this, and it goes no further
        await asked(place, query=query)
        assert token not in place.hostile.upstream.last["sink"].path
    else:
        found = await is_refused(place, 401, "auth.required", query=query)
        assert "error=" not in found["www-authenticate"]  # RFC 6750 section 3.1: nothing was sent, so nothing is wrong


@pytest.mark.parametrize("field", ["Authorization", "X-MCP-Token"])
async def test_a_token_that_is_there_twice_is_ambiguous(place: Place, field: str) -> None:
    token = place.provider.sign(place.claims())
    value = token if field == "X-MCP-Token" else f"Bearer {token}"
    found = await is_refused(place, 400, "auth.ambiguous", (field, value), (field, value))
    assert not found["www-authenticate"]


async def test_two_tokens_in_one_field_are_none(place: Place) -> None:
    token = place.provider.sign(place.claims())
    await is_refused(place, 401, "auth.invalid", ("Authorization", f"Bearer {token}, Bearer {token}"))


def test_nothing_of_a_token_is_in_log_or_journal(place: Place) -> None:
    """After all of the above. `eyJ` is how every JWT begins."""
    assert not re.search(r"eyJ|an-opaque-token|Traceback", place.hostile.gateway.log())
    assert "eyJ" not in json.dumps(records(place.hostile.gateway))


# --- the gateway's own grants


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """An agent that may use both servers, and gets its grants from the gateway."""
    agent = {"id": AGENT, "secret": f"env:{AGENT_VARIABLE}", "servers": {"sink": ["*"], "good": ["*"]}}
    os.environ[AGENT_VARIABLE] = AGENT_SECRET
    extra = {"identity": {"agents": [agent]}, "limits": {"failed_logins_per_minute": 1_000_000}}
    directory = tmp_path_factory.mktemp("tokens-own")
    try:
        with setting(directory, {"sink": sink}, mode="enforce", extra=extra) as running:
            yield running
    finally:
        del os.environ[AGENT_VARIABLE]


def granted(own: Setting, **form: str) -> Json:
    asked_for = {"grant_type": "client_credentials", "client_id": AGENT, "client_secret": AGENT_SECRET, **form}
    return fetch(f"http://127.0.0.1:{own.port}/oauth/token", asked_for)


async def with_grant(own: Setting, server: str, token: str) -> Answer:
    field = (("Authorization", f"Bearer {token}"),)
    return await own.ask(post(f"/mcp/{server}", message(), port=own.port, fields=field))


async def test_a_grant_for_one_server_is_refused_by_another(own: Setting) -> None:
    grant = await asyncio.to_thread(granted, own, resource=f"http://127.0.0.1:{own.port}/mcp/good")
    before = own.upstream.asked["sink"]
    assert (await with_grant(own, "good", grant["access_token"])).status == 200
    found = await with_grant(own, "sink", grant["access_token"])
    assert (found.status, reason_of(found)) == (401, "auth.audience")
    assert 'error="invalid_token"' in found["www-authenticate"]
    assert own.upstream.asked["sink"] == before


async def test_a_revoked_grant_is_refused_within_two_seconds(own: Setting) -> None:
    token = (await asyncio.to_thread(granted, own))["access_token"]
    assert (await with_grant(own, "sink", token)).status == 200
    form = {"token": token, "client_id": AGENT, "client_secret": AGENT_SECRET}
    body = urllib.parse.urlencode(form).encode()
    revoke = urllib.request.Request(f"http://127.0.0.1:{own.port}/oauth/revoke", body)

    def revoked() -> int:
        with urllib.request.urlopen(revoke, timeout=20) as answer:
            return int(answer.status)

    assert await asyncio.to_thread(revoked) == 200
    last: list[Answer] = []

    async def refused() -> bool:
        last[:] = [await with_grant(own, "sink", token)]
        return last[0].status == 401

    await until(refused, lambda: f"still let in: {last}", 2.0)
    assert reason_of(last[0]) == "auth.revoked"
    before = own.upstream.asked["sink"]
    assert (await with_grant(own, "sink", token)).status == 401
    assert own.upstream.asked["sink"] == before
    assert [entry for entry in records(own.gateway) if entry["reason"] == "auth.revoked"]


async def test_an_altered_grant_is_refused(own: Setting) -> None:
    token = (await asyncio.to_thread(granted, own))["access_token"]
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    for changed in ({**claims, "exp": claims["exp"] + 600}, {**claims, "client_id": "agent:other"}):
        found = await with_grant(own, "sink", f"{header}.{encoded(changed)}.{signature}")
        assert (found.status, reason_of(found)) == (401, "auth.invalid")
    assert (await with_grant(own, "sink", token)).status == 200
