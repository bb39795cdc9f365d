"""The token service, request by request: what is minted, narrowed, revoked and refused, and that it is recorded."""

import base64
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from joserfc.jwk import ECKey
from tests.clocks import Clock
from tests.tokens import (
    FORM,
    HASHING,
    HELPER,
    ISSUER,
    NOW,
    SALES,
    SECRET,
    URLS,
    basic,
    body,
    ec_key,
    keys,
    signed,
    with_secret,
)

from doorward.config import Agent, Issuer, Match
from doorward.control.federation.external import Accepted
from doorward.control.jose import jws
from doorward.control.jose.claims import InvalidToken
from doorward.control.keys.signing import SigningKeys
from doorward.control.oauth.attempts import Attempts
from doorward.control.oauth.clients import ASSERTION_TYPE, Client, compile_clients
from doorward.control.oauth.documents import CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE, Routes
from doorward.control.oauth.grant_types import ACCESS_TOKEN, ID_JAG, Settings
from doorward.control.oauth.service import TokenService
from doorward.control.store import Store, StoreFault
from doorward.control.tokens import grants
from doorward.core.audit import AuditRecord
from doorward.core.decision import Reason
from doorward.core.errors import JournalFault

CI = "agent:ci"
APP = "agent:app"
KEYED = "agent:keyed"
IDP = "https://idp.example.com"
HOME = "203.0.113.7"


class Idp:
    """Verifies what it is told to: the text of a token -> claims."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, dict[str, Any]]] = {}
        self.rights = "policy"
        self.audience: str | None = None
        self.down = False

    def issue(self, claims: dict[str, Any], typ: str = "jwt") -> str:
        token = signed(claims, ec_key(), typ=typ)
        self.known[token] = (typ, claims)
        return token

    async def verify_assertion(self, jwt: str, now: float) -> Accepted:
        if self.down:
            raise InvalidToken("cannot be checked", Reason.AUTH_UNAVAILABLE)
        if jwt not in self.known:
            raise InvalidToken("is of an issuer that this gateway does not trust", Reason.AUTH_ISSUER)
        typ, claims = self.known[jwt]
        config = Issuer(issuer=IDP, rights=self.rights, audience=self.audience)  # type: ignore[arg-type]
        issuer: Any = SimpleNamespace(config=config, name="idp")
        return Accepted(issuer, claims, typ, float(claims["exp"]))

    async def access_token(self, jws: jws.Jws, now: float) -> Accepted:
        return await self.verify_assertion(f"{jws.signed.decode()}.{_spelt(jws)}", now)


def _spelt(jws: jws.Jws) -> str:
    return base64.urlsafe_b64encode(jws.signature).rstrip(b"=").decode()


class World:
    """A token service with four kinds of client, a real store, and a journal that can break."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock(NOW)
        self.idp = Idp()
        self.records: list[AuditRecord] = []
        self.journal_works = True
        self.store: Any = Store(directory / "state" / "state.db")
        self.keys: SigningKeys = keys(directory)
        self.client_key: ECKey = ec_key()
        self.clients = self._clients(directory)
        self.attempts = Attempts(30)
        self.service = self.made()

    def _clients(self, directory: Path) -> dict[str, Client]:
        shown = {"keys": [self.client_key.as_dict(private=False)]}
        (directory / "keyed.jwks").write_bytes(msgspec.json.encode(shown))
        others = [
            Agent(id=CI, match=Match(issuer=IDP, sub="repo:acme/*"), servers={"files": ("*",)}),
            Agent(id=APP, match=Match(issuer=IDP, claims={"azp": "app"}), servers={"hubspot": ("*",), "files": ("*",)}),
            Agent(id=KEYED, jwks="file:keyed.jwks", servers={"files": ("read_*",)}),
        ]
        made = compile_clients(others, hashing=HASHING, environ={}, base_dir=directory)
        made[SALES] = with_secret(SALES, {"hubspot": ("search", "get_*"), "files": ("*",)}, groups=("people",))
        made[HELPER] = with_secret(HELPER, {"hubspot": ("get_*",)})
        return made

    def made(self, **changes: Any) -> TokenService:
        usual = {
            "keys": self.keys,
            "store": self.store,
            "record": self.record,
            "clock": self.clock,
            "attempts": self.attempts,
            "hashing": HASHING,
            "external": self.idp,
        }
        settings = Settings(ISSUER, self.clients, Routes(URLS, dict.fromkeys(URLS, (IDP, ISSUER))))
        return TokenService(settings, **{**usual, **changes})

    def record(self, entry: AuditRecord) -> int:
        if not self.journal_works:
            raise JournalFault("the disk is full")
        self.records.append(entry)
        return len(self.records)

    async def post(
        self, path: str, content: bytes, *headers: tuple[bytes, bytes], query: str = "", address: str = HOME
    ) -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
        shown = headers if any(name == b"content-type" for name, _ in headers) else (FORM, *headers)
        status, answered, told = await self.service.serve("POST", path, query, shown, content, address)
        return status, dict(answered), msgspec.json.decode(told)

    async def token(self, client: str = SALES, **parameters: Any) -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
        return await self.post("/oauth/token", body(**{"grant_type": CLIENT_CREDENTIALS, **parameters}), basic(client))

    async def exchange(self, token: str, client: str = HELPER, **parameters: Any) -> tuple[int, Any, dict[str, Any]]:
        asked = {"subject_token": token, "subject_token_type": ACCESS_TOKEN, **parameters}
        return await self.token(client, grant_type=TOKEN_EXCHANGE, **asked)

    async def assertion(self, claims: dict[str, Any], typ: str = "jwt", **parameters: Any) -> Any:
        sent = body(grant_type=JWT_BEARER, assertion=self.idp.issue(claims, typ), **parameters)
        return await self.post("/oauth/token", sent)

    async def revoke(self, token: str, client: str = SALES, **more: str) -> tuple[int, Any, dict[str, Any]]:
        return await self.post("/oauth/revoke", body(token=token, **more), basic(client))

    def claims(self, token: str) -> dict[str, Any]:
        return grants.verify_own(token, self.keys, ISSUER, self.clock.now)

    def hit(self, token: str) -> bool:
        grant = grants.to_grant(self.claims(token), {url: name for name, url in URLS.items()})
        return bool(self.store.shared(self.clock.now).revocations.hit(grant))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


async def test_client_credentials_without_wishes_give_all_of_it(world: World) -> None:
    status, headers, told = await world.token()
    assert status == 200
    assert headers[b"cache-control"] == b"no-store"
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert told["scope"] == "hubspot:search hubspot:get_* files:*"
    claims = world.claims(told["access_token"])
    assert claims["aud"] == [URLS["hubspot"], URLS["files"]]
    assert claims["sub"] == claims["client_id"] == SALES
    (entry,) = world.records
    assert (entry.kind, entry.decision, entry.identity, entry.client) == ("token", "allow", SALES, SALES)
    assert (entry.grant_id, entry.client_ip, entry.groups) == (claims["grant_id"], HOME, ("people",))
    assert entry.detail.startswith(f"minted {claims['jti']}")
    (row,) = world.store.grants(NOW)
    assert (row.token_id, row.client, row.expires) == (claims["jti"], SALES, claims["exp"])


async def test_resources_are_exactly_the_audience(world: World) -> None:
    _, _, told = await world.token(resource=[URLS["files"], URLS["hubspot"]])
    assert world.claims(told["access_token"])["aud"] == [URLS["files"], URLS["hubspot"]]
    _, _, told = await world.token(resource=URLS["files"], scope="files:read%20it files:a:b")
    claims = world.claims(told["access_token"])
    assert (claims["aud"], claims["servers"]) == ([URLS["files"]], {"files": ["read it", "a:b"]})
    assert told["scope"] == "files:read%20it files:a:b"
    _, _, told = await world.token(audience="hubspot")
    assert world.claims(told["access_token"])["aud"] == [URLS["hubspot"]]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"resource": URLS["crm"]}, "invalid_target"),
        ({"resource": URLS["files"] + "/"}, "invalid_target"),
        ({"resource": [URLS["files"], "https://other.example/mcp"]}, "invalid_target"),
        ({"audience": "nothing"}, "invalid_target"),
        ({"scope": "hubspot:delete"}, "invalid_scope"),
        ({"scope": "hubspot:*"}, "invalid_scope"),
        ({"scope": "hubspot"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "files:%zz"}, "invalid_scope"),
        ({"scope": "files:%ff"}, "invalid_scope"),
        ({"scope": "files:%00"}, "invalid_scope"),
        ({"scope": "files:a  files:b"}, "invalid_scope"),
        ({"resource": URLS["files"], "scope": "hubspot:search"}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
async def test_what_a_client_may_not_have_is_refused(world: World, parameters: dict[str, Any], error: str) -> None:
    status, headers, told = await world.token(**parameters)
    assert (status, told["error"]) == (400, error)
    assert headers[b"cache-control"] == b"no-store"
    (entry,) = world.records
    assert (entry.decision, entry.client) == ("deny", SALES)
    assert entry.reason == told["reason"] != ""
    assert world.store.grants(NOW) == []


@pytest.mark.parametrize("client", [HELPER, "agent:unknown", KEYED, CI])
async def test_a_wrong_secret_is_401_and_names_nobody(world: World, client: str) -> None:
    wrong = SECRET[:-1]
    sent = body(grant_type=CLIENT_CREDENTIALS)
    status, headers, told = await world.post("/oauth/token", sent, basic(client, wrong))
    assert (status, told["error"]) == (401, "invalid_client")
    assert headers[b"www-authenticate"].startswith(b"Basic")
    (entry,) = world.records
    assert (entry.identity, entry.reason) == ("", "auth.invalid")
    assert wrong not in repr(told) + repr(entry)


async def test_the_secret_may_be_in_the_body(world: World) -> None:
    good = body(grant_type=CLIENT_CREDENTIALS, client_id=SALES, client_secret=SECRET)
    assert (await world.post("/oauth/token", good))[0] == 200
    bad = body(grant_type=CLIENT_CREDENTIALS, client_id=SALES, client_secret="wrong")
    status, headers, _ = await world.post("/oauth/token", bad)
    assert status == 401
    assert b"www-authenticate" not in headers
    assert (await world.post("/oauth/token", body(grant_type=CLIENT_CREDENTIALS, client_id=SALES)))[0] == 401


async def test_a_client_assertion_is_good_once(world: World) -> None:
    shown = signed(
        {"iss": KEYED, "sub": KEYED, "aud": ISSUER, "exp": int(NOW) + 60, "iat": int(NOW), "jti": "1"}, world.client_key
    )
    sent = body(grant_type=CLIENT_CREDENTIALS, client_assertion=shown, client_assertion_type=ASSERTION_TYPE)
    status, _, told = await world.post("/oauth/token", sent)
    assert status == 200
    assert world.claims(told["access_token"])["sub"] == KEYED
    status, _, told = await world.post("/oauth/token", sent + b"&client_id=agent%3Asales")
    assert (status, told["error"]) == (401, "invalid_client")
    assert "client_id" in told["error_description"]
    status, _, told = await world.post("/oauth/token", sent)
    assert (status, told["error"]) == (401, "invalid_client")
    assert "used before" in told["error_description"]
    assert shown not in repr(world.records)


@pytest.mark.parametrize(
    ("parameters", "headers", "status"),
    [
        ({"client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE}, (), 401),
        ({"client_assertion": "a.b.c"}, (), 400),
        ({"client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE}, (basic(SALES),), 400),
        ({"client_secret": SECRET}, (basic(SALES),), 400),
        ({"client_id": HELPER}, (basic(SALES),), 400),
        ({}, (basic(SALES), basic(SALES)), 400),
        ({}, ((b"authorization", b"Bearer abc"),), 401),
        ({}, ((b"authorization", b"\xff"),), 401),
        ({}, (), 401),
    ],
)
async def test_one_clear_proof_is_needed(
    world: World, parameters: dict[str, str], headers: tuple[tuple[bytes, bytes], ...], status: int
) -> None:
    answered = await world.post("/oauth/token", body(grant_type=CLIENT_CREDENTIALS, **parameters), *headers)
    assert answered[0] == status
    assert len(world.records) == 1


@pytest.mark.parametrize(
    ("content", "headers", "query"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", (), ""),
        (b"grant_type=client_credentials&scope=a:b&scope=a:b", (), ""),
        (b"grant_type=client_credentials", ((b"content-type", b"application/json"),), ""),
        (b"grant_type=client_credentials", (FORM, FORM), ""),
        (b"grant_type=client_credentials", (), "client_id=x"),
        (b"grant_type=client_credentials&x=" + b"y" * 70_000, (), ""),
        (b"&".join(b"x%d=1" % number for number in range(65)), (), ""),
        (b"grant_type=%ff", (), ""),
        (b"grant_type=\xff", (), ""),
        (b"grant_type", (), ""),
        (b"", (), ""),
    ],
)
async def test_what_is_not_one_clear_form_is_refused(
    world: World, content: bytes, headers: tuple[tuple[bytes, bytes], ...], query: str
) -> None:
    status, _, told = await world.post("/oauth/token", content, *headers, basic(SALES), query=query)
    assert (status, told["error"]) == (400, "invalid_request")


async def test_a_media_type_may_have_parameters(world: World) -> None:
    form = (b"Content-Type", b"application/x-www-form-urlencoded; charset=UTF-8")
    status, _, _ = await world.service.serve(
        "POST", "/oauth/token", "", (form, basic(SALES)), body(grant_type=CLIENT_CREDENTIALS), HOME
    )
    assert status == 200


# --- exchange


async def test_an_exchange_narrows_and_says_who_acts(world: World) -> None:
    _, _, parent = await world.token()
    world.clock.now += 100
    status, _, told = await world.exchange(parent["access_token"], scope="hubspot:get_contact")
    assert status == 200
    assert told["issued_token_type"] == ACCESS_TOKEN
    assert told["expires_in"] == 800
    before, after = world.claims(parent["access_token"]), world.claims(told["access_token"])
    assert after["act"] == {"sub": HELPER}
    assert (after["sub"], after["grant_id"], after["anc"]) == (SALES, before["grant_id"], [before["jti"]])
    assert after["servers"] == {"hubspot": ["get_contact"]}
    assert world.store.grants(world.clock.now)[-1].parent == before["jti"]
    assert world.records[-1].identity == HELPER
    assert before["jti"] in world.records[-1].detail


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"scope": "hubspot:search"}, "invalid_scope"),
        ({"resource": URLS["files"]}, "invalid_target"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"subject_token": "x.y.z"}, "invalid_request"),
        ({"subject_token": ""}, "invalid_request"),
    ],
)
async def test_an_exchange_that_is_refused(world: World, parameters: dict[str, str], error: str) -> None:
    _, _, parent = await world.token()
    status, _, told = await world.exchange(parent["access_token"], **parameters)
    assert (status, told["error"]) == (400, error)
    assert parent["access_token"] not in repr(told) + repr(world.records)
    assert len(world.store.grants(NOW)) == 1


async def test_an_exchange_needs_a_client_that_authenticates(world: World) -> None:
    _, _, parent = await world.token()
    sent = body(grant_type=TOKEN_EXCHANGE, subject_token=parent["access_token"], subject_token_type=ACCESS_TOKEN)
    assert (await world.post("/oauth/token", sent))[0] == 401
    assert (await world.post("/oauth/token", sent, basic(HELPER, "wrong")))[0] == 401


async def test_an_expired_or_revoked_parent_has_no_children(world: World) -> None:
    _, _, parent = await world.token()
    await world.revoke(parent["access_token"])
    status, _, told = await world.exchange(parent["access_token"])
    assert (status, told["error"], told["reason"]) == (400, "invalid_request", "auth.revoked")
    _, _, other = await world.token()
    world.clock.now += 900
    _, _, told = await world.exchange(other["access_token"])
    assert told["reason"] == "auth.expired"


async def test_a_revoked_client_gets_nothing_more(world: World) -> None:
    world.store.revoke("client", SALES, until=NOW + 900, by="test", at=NOW)
    status, _, told = await world.token()
    assert (status, told["error"], told["reason"]) == (400, "unauthorized_client", "auth.revoked")


def external(**changes: Any) -> dict[str, Any]:
    made = {"iss": IDP, "sub": "alice", "azp": "app", "aud": ISSUER, "exp": int(NOW) + 300, "jti": "e1", **changes}
    return {name: value for name, value in made.items() if value is not ...}


async def test_an_external_token_of_an_agent_is_narrowed(world: World) -> None:
    token = world.idp.issue(external(aud=[URLS["hubspot"]]))
    status, _, told = await world.exchange(token)
    assert status == 200
    claims = world.claims(told["access_token"])
    assert claims["sub"] == "idp|alice"
    assert claims["act"] == {"sub": HELPER, "act": {"sub": APP}}
    assert claims["ext"] == {"issuer": "idp", "sub": "alice", "jti": "e1", "client": "app"}
    assert claims["exp"] == int(NOW) + 300
    assert claims["servers"] == {"hubspot": ["get_*"]}
    assert "anc" not in claims


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"azp": "another"}, "auth.invalid"),
        ({"aud": "https://other.example"}, "auth.audience"),
        ({"aud": ...}, "auth.invalid"),
    ],
)
async def test_an_external_token_that_is_refused(world: World, changes: dict[str, Any], reason: str) -> None:
    status, _, told = await world.exchange(world.idp.issue(external(**changes)))
    assert (status, told["error"], told["reason"]) == (400, "invalid_request", reason)
    assert world.store.grants(NOW) == []


async def test_a_configured_audience_stands_in_place_of_the_servers_urls(world: World) -> None:
    """As where such a token comes with a call."""
    world.idp.audience = "api://mcp"
    status, _, told = await world.exchange(world.idp.issue(external(aud=[URLS["hubspot"]])))
    assert (status, told["reason"]) == (400, "auth.audience")
    status, _, told = await world.exchange(world.idp.issue(external(aud="api://mcp", jti="e2")))
    assert (status, told["scope"]) == (200, "hubspot:get_*")


@pytest.mark.parametrize(
    ("said", "servers"),
    [
        ({"scope": "hubspot:%2A"}, ["[*]"]),  # one tool, of that name
        ({"scope": "hubspot:get_a%3F"}, ["get_a[?]"]),
        ({"scope": "hubspot:get_a* openid"}, ["get_a*"]),
        ({"scp": ["hubspot:get_a", "hubspot:search"]}, ["get_a", "search"]),
        ({"scp": "hubspot:get_a"}, ["get_a"]),
    ],
)
async def test_scopes_give_no_more_in_an_exchange_than_in_a_call(
    world: World, said: dict[str, Any], servers: list[str]
) -> None:
    world.idp.rights = "scopes"
    world.clients[HELPER] = with_secret(HELPER, {"hubspot": ("*",)})
    status, _, told = await world.exchange(world.idp.issue(external(aud=[URLS["hubspot"]], **said)))
    assert status == 200
    assert world.claims(told["access_token"])["servers"] == {"hubspot": servers}


async def test_scopes_that_cannot_be_read_are_not_taken_for_none(world: World) -> None:
    world.idp.rights = "scopes"
    status, _, told = await world.exchange(world.idp.issue(external(aud=[URLS["hubspot"]], scope=7)))
    assert (status, told["error"], told["reason"]) == (400, "invalid_request", "auth.invalid")


async def test_an_external_token_for_one_server_opens_no_other(world: World) -> None:
    status, _, told = await world.exchange(world.idp.issue(external(aud=[URLS["files"]])))
    assert (status, told["error"]) == (400, "invalid_target")


# --- assertions


async def test_a_workloads_assertion_is_its_agent_and_may_be_used_again(world: World) -> None:
    sent = external(sub="repo:acme/x", azp=...)
    token = world.idp.issue(sent)
    for _ in range(2):
        status, _, told = await world.post("/oauth/token", body(grant_type=JWT_BEARER, assertion=token))
        assert status == 200
        claims = world.claims(told["access_token"])
        assert (claims["sub"], claims["client_id"]) == (CI, CI)
        assert claims["aud"] == [URLS["files"]]
        assert "act" not in claims
    assert world.records[-1].identity == CI


@pytest.mark.parametrize(
    ("claims", "parameters"),
    [
        ({"sub": "repo:evil/x", "azp": ...}, {}),
        ({"sub": "repo:acme/x"}, {}),  # it would be two agents
        ({"sub": "repo:acme/x", "azp": ...}, {"client_id": SALES}),
    ],
)
async def test_an_assertion_of_nobody_or_somebody_else(
    world: World, claims: dict[str, Any], parameters: dict[str, str]
) -> None:
    status, _, told = await world.assertion(external(**claims), **parameters)
    assert (status, told["error"]) == (400, "invalid_grant")


async def test_an_issuer_that_is_unknown_or_down(world: World) -> None:
    sent = body(grant_type=JWT_BEARER, assertion=signed(external(), ec_key()))
    assert (await world.post("/oauth/token", sent))[2]["error"] == "invalid_grant"
    world.idp.down = True
    assert (await world.post("/oauth/token", sent))[0] == 503
    world.service = world.made(external=None)
    assert (await world.post("/oauth/token", sent))[2]["reason"] == "auth.issuer"


@pytest.mark.parametrize("what", [("sub", "repo:acme/x"), ("jti", "e1")])
async def test_a_revoked_identity_gets_nothing(world: World, what: tuple[str, str]) -> None:
    world.store.revoke(*what, issuer="idp", until=NOW + 900, by="test", at=NOW)
    _, _, told = await world.assertion(external(sub="repo:acme/x", azp=...))
    assert (told["error"], told["reason"]) == ("invalid_grant", "auth.revoked")


def id_jag(**changes: Any) -> dict[str, Any]:
    return external(**{"azp": ..., "client_id": SALES, "resource": URLS["hubspot"], **changes})


async def jag(world: World, claims: dict[str, Any], client: str | None = SALES, **parameters: Any) -> Any:
    sent = body(grant_type=JWT_BEARER, assertion=world.idp.issue(claims, ID_JAG), **parameters)
    return await world.post("/oauth/token", sent, *([basic(client)] if client else []))


async def test_an_id_jag_lets_a_client_act_for_somebody_once(world: World) -> None:
    claims = id_jag()
    status, _, told = await jag(world, claims, resource=URLS["hubspot"], client_id=SALES)
    assert status == 200
    made = world.claims(told["access_token"])
    assert (made["sub"], made["act"], made["client_id"]) == ("idp|alice", {"sub": SALES}, SALES)
    assert made["aud"] == [URLS["hubspot"]]
    status, _, told = await jag(world, claims)
    assert (status, told["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "parameters", "error"),
    [
        ({"client_id": HELPER}, {}, "invalid_grant"),
        ({"client_id": ...}, {}, "invalid_grant"),
        ({"jti": ...}, {}, "invalid_grant"),
        ({"resource": 7}, {}, "invalid_grant"),
        ({}, {"resource": URLS["files"]}, "invalid_target"),
        ({"resource": URLS["crm"]}, {}, "invalid_target"),
        ({"scope": "mcp.read"}, {}, "invalid_target"),
        ({"scope": "hubspot:get_a"}, {"scope": "hubspot:search"}, "invalid_scope"),
    ],
)
async def test_an_id_jag_that_is_refused(
    world: World, changes: dict[str, Any], parameters: dict[str, str], error: str
) -> None:
    status, _, told = await jag(world, id_jag(**changes), **parameters)
    assert (status, told["error"]) == (400, error)


async def test_an_id_jag_limits_to_its_scopes_and_needs_its_client(world: World) -> None:
    _, _, told = await jag(world, id_jag(scope="hubspot:get_a openid hubspot:delete"))
    assert world.claims(told["access_token"])["servers"] == {"hubspot": ["get_a"]}
    assert (await jag(world, id_jag(jti="e2"), client=None))[0] == 401
    _, _, told = await jag(world, id_jag(jti="e3", scp=["hubspot:get_a"]))
    assert world.claims(told["access_token"])["servers"] == {"hubspot": ["get_a"]}


async def test_scopes_limit_where_the_issuer_has_rights(world: World) -> None:
    world.idp.rights = "scopes"
    _, _, told = await world.assertion(external(sub="repo:acme/x", azp=..., scope="files:read"))
    assert world.claims(told["access_token"])["servers"] == {"files": ["read"]}
    assert (await world.assertion(external(sub="repo:acme/x", azp=...)))[0] == 400


# --- revocation


async def test_a_revoked_token_takes_its_descendants_with_it(world: World) -> None:
    _, _, parent = await world.token()
    _, _, child = await world.exchange(parent["access_token"])
    _, _, sibling = await world.token()
    status, _, told = await world.revoke(parent["access_token"])
    assert (status, told) == (200, {})
    assert world.hit(parent["access_token"])
    assert world.hit(child["access_token"])
    assert not world.hit(sibling["access_token"])
    assert world.records[-1].detail.startswith("revoked token ")


async def test_a_holder_revokes_its_own_and_who_handed_on_too(world: World) -> None:
    _, _, parent = await world.token()
    _, _, child = await world.exchange(parent["access_token"])
    assert (await world.revoke(child["access_token"], HELPER))[0] == 200
    assert world.hit(child["access_token"])
    assert not world.hit(parent["access_token"])
    status, _, told = await world.revoke(parent["access_token"], HELPER)
    assert (status, told["error"]) == (400, "unauthorized_client")
    assert not world.hit(parent["access_token"])
    _, _, other = await world.exchange(parent["access_token"])
    assert (await world.revoke(other["access_token"], SALES))[0] == 200
    assert world.hit(other["access_token"])


async def test_a_family_is_revoked_by_who_stands_at_its_beginning(world: World) -> None:
    _, _, parent = await world.token()
    _, _, child = await world.exchange(parent["access_token"])
    assert (await world.revoke(child["access_token"], HELPER, family="true"))[0] == 400
    assert not world.hit(parent["access_token"])
    assert (await world.revoke(child["access_token"], SALES, family="true"))[0] == 200
    assert world.hit(parent["access_token"])
    assert (await world.revoke(child["access_token"], SALES, family="maybe"))[0] == 400


async def test_what_is_no_valid_token_needs_no_revoking(world: World) -> None:
    assert (await world.revoke("nonsense"))[0] == 200
    assert (await world.revoke(signed(external(), ec_key())))[0] == 200
    assert (await world.post("/oauth/revoke", body(token="x")))[0] == 401
    assert (await world.post("/oauth/revoke", body(), basic(SALES)))[0] == 400


# --- what breaks


async def test_without_a_record_nothing_is_handed_out(world: World) -> None:
    world.journal_works = False
    status, headers, told = await world.token()
    assert (status, told["reason"]) == (503, "journal.unavailable")
    assert "access_token" not in told
    assert headers[b"retry-after"]
    status, _, told = await world.token(scope="crm:x")
    assert (status, told["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("what", ["token", "revocation"])
async def test_a_record_that_is_lost_alone_later_is_none(world: World, what: str) -> None:
    """Others come after it and are kept; it is this one that is asked for."""
    _, _, told = await world.token()

    asked: list[int] = []
    others = world.service

    async def kept(ticket: int) -> None:
        asked.append(ticket)
        world.service = others
        await world.token(HELPER)
        raise JournalFault("the disk was full")

    world.service = world.made(kept=kept)
    status, _, told = await (world.token() if what == "token" else world.revoke(told["access_token"]))
    assert (status, told["reason"], "access_token" in told) == (503, "journal.unavailable", False)
    assert asked == [2]


async def test_without_keys_a_revocation_is_not_said_to_have_happened(world: World, tmp_path: Path) -> None:
    _, _, told = await world.token()
    world.clock.now += 120
    (tmp_path / "keys").chmod(0o755)
    assert (await world.revoke(told["access_token"]))[0] == 503
    assert (await world.exchange(told["access_token"]))[0] == 503


class BrokenStore:
    def shared(self, now: float) -> None:
        raise StoreFault("the disk is gone")


async def test_without_a_store_nothing_is_handed_out(world: World) -> None:
    world.service = world.made(store=BrokenStore())
    status, _, told = await world.token()
    assert (status, told["reason"]) == (503, "state.unavailable")
    assert "access_token" not in told


async def test_a_key_that_others_can_read_signs_nothing(world: World, tmp_path: Path) -> None:
    world.clock.now += 3600
    (tmp_path / "keys" / "signing-1.key").chmod(0o644)
    status, _, told = await world.token()
    assert status == 503
    assert str(tmp_path) not in repr(told)
    assert (await world.service.serve("GET", "/oauth/jwks", "", (), b"", HOME))[0] == 503


# --- limits


async def test_failures_of_one_address_are_limited(world: World) -> None:
    sent = body(grant_type=CLIENT_CREDENTIALS)
    answers = [(await world.post("/oauth/token", sent, basic("agent:no", "x")))[0] for _ in range(31)]
    assert answers == [401] * 30 + [429]
    status, headers, told = await world.token()
    assert (status, headers[b"retry-after"], told["reason"]) == (429, b"2", "limit.rate")
    assert (await world.post("/oauth/token", sent, basic(SALES), address="203.0.113.8"))[0] == 200
    world.clock.now += 2
    assert (await world.token())[0] == 200


async def test_failures_of_one_client_are_limited_over_all_addresses(world: World) -> None:
    sent = body(grant_type=CLIENT_CREDENTIALS)
    for number in range(120):
        await world.post("/oauth/token", sent, basic(SALES, "x"), address=f"198.51.100.{number}")
    assert (await world.token())[0] == 429
    assert (await world.token(HELPER))[0] == 200


async def test_refusals_are_recorded_singly_only_while_there_is_room(world: World) -> None:
    world.service = world.made(room=lambda address, reason: False)
    assert (await world.token(scope="crm:x"))[0] == 400
    assert world.records == []
    assert (await world.token())[0] == 200
    assert len(world.records) == 1


# --- documents


async def get(world: World, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
    status, headers, told = await world.service.serve(method, path, "", (), b"", HOME)
    return status, dict(headers), msgspec.json.decode(told)


async def test_the_jwks_is_what_signs(world: World) -> None:
    status, headers, told = await get(world, "/oauth/jwks")
    assert status == 200
    assert b"max-age=300" in headers[b"cache-control"]
    assert [key["kid"] for key in told["keys"]] == [world.keys.signer(NOW).kid]
    assert all("d" not in key for key in told["keys"])


async def test_nobody_logs_in_here_and_nobody_is_sent_anywhere(world: World) -> None:
    path = "/oauth/authorize"
    query = urlencode({"response_type": "code", "redirect_uri": "https://evil.example"})
    status, headers, told = await world.service.serve("GET", path, query, (), b"", HOME)
    assert status == 400
    assert b"location" not in dict(headers)
    assert msgspec.json.decode(told)["error"] == "unsupported_response_type"


async def test_paths_and_methods(world: World) -> None:
    assert (await get(world, "/.well-known/oauth-authorization-server"))[2]["issuer"] == ISSUER
    assert (await get(world, "/.well-known/oauth-protected-resource/mcp/files"))[2]["resource"] == URLS["files"]
    assert (await get(world, "/.well-known/oauth-protected-resource/mcp/none"))[0] == 404
    assert (await get(world, "/oauth/other"))[0] == 404
    status, headers, _ = await get(world, "/oauth/token")
    assert (status, headers[b"allow"]) == (405, b"POST")
    assert (await get(world, "/oauth/jwks", "POST"))[0] == 405
