"""The official SDK's own OAuth clients, both generations, the whole way: a challenge without a token, the metadata, a
real provider or the gateway's token service, a token for this one resource, the call; and more scopes when needed."""

import base64
import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.adapters.journal import Journal
from tests.adapters.player import Json, Kind, Player
from tests.adapters.servers import faulty_server
from tests.gateway import Gateway
from tests.oidc.provider import PERSON, Provider, machine, running_provider

pytestmark = pytest.mark.peers

OLD_SDK = Kind("mcp1", "oauth_mcp1.py", "legacy")
NEW_SDK_LEGACY = Kind("mcp2", "oauth_mcp2.py", "legacy")
NEW_SDK_MODERN = Kind("mcp2", "oauth_mcp2.py", "auto")
SDKS = {"sdk-1.30": OLD_SDK, "sdk-2.3-legacy": NEW_SDK_LEGACY, "sdk-2.3-modern": NEW_SDK_MODERN}

IDP = "idp"
MACHINE, MACHINE_SECRET = "nightly-report", secrets.token_urlsafe(24)
AGENT, AGENT_SECRET, AGENT_VARIABLE = "agent:desk", secrets.token_urlsafe(24), "DOORWARD_TEST_DESK_SECRET"
SIGNERS = {"ES256": "agent:elliptic", "RS256": "agent:rivest"}
SCOPES = ("crm:echo", "crm:test_simple_text")
ECHO: Json = {"do": "call", "name": "echo", "arguments": {"x": 1}}
TEXT: Json = {"do": "call", "name": "test_simple_text", "arguments": {}}
UNKNOWN: Json = {"do": "call", "name": "test_image_content", "arguments": {}}  # no scope of the provider's

POLICY = f"""
@id("the-person")
permit (principal == Doorward::User::"{IDP}|{PERSON}", action, resource in Doorward::Server::"crm");

@id("the-machine")
permit (principal == Doorward::User::"{IDP}|{MACHINE}", action, resource in Doorward::Server::"crm");
"""


class Place(NamedTuple):
    """A gateway that trusts a provider; `keys` are those of the agents that sign."""

    gateway: Gateway
    provider: Provider
    journal: Journal
    keys: Mapping[str, ECKey | RSAKey]

    @property
    def url(self) -> str:
        return self.gateway.url("crm")

    @property
    def issuer(self) -> str:
        return self.url.removesuffix("/mcp/crm")

    def player(self, client: str, oauth: Json, log: Path) -> Player:
        self.journal.mark()
        return Player(SDKS[client], {"transport": "http", "url": self.url, "oauth": oauth}, log)

    def decided(self, decision: str, **members: Any) -> list[Json]:
        return self.journal.of(decision=decision, **members)


def agents(directory: Path, keys: Mapping[str, ECKey | RSAKey]) -> list[Json]:
    """One agent with a secret, and one for each algorithm of client assertions; all may do everything."""
    directory.mkdir(parents=True)
    made: list[Json] = [{"id": AGENT, "secret": f"env:{AGENT_VARIABLE}", "servers": {"crm": ["*"]}}]
    for algorithm, client_id in SIGNERS.items():
        path = directory / f"{algorithm}.json"
        path.write_text(json.dumps({"keys": [keys[algorithm].as_dict(private=False)]}))
        made.append({"id": client_id, "jwks": f"file:{path}", "servers": {"crm": ["*"]}})
    return made


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with faulty_server(tmp_path_factory.mktemp("upstream") / "server.log") as url:
        yield url


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider") / "log", scopes=SCOPES) as running:
        yield running


@pytest.fixture(scope="module")
def provider_of_machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Names no scopes: the SDKs would ask for `openid`, which a machine does not get."""
    clients = [machine(MACHINE, MACHINE_SECRET, SCOPES)]
    with running_provider(
        tmp_path_factory.mktemp("machines") / "log", scopes=SCOPES, advertised=None, clients=clients, algorithm="RS256"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def keys() -> dict[str, ECKey | RSAKey]:
    return {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048)}


def place(directory: Path, upstream: str, provider: Provider, keys: Mapping[str, Any], **issuer: Any) -> Place:
    """Not started yet."""
    (directory / "policies").mkdir(parents=True)
    (directory / "policies" / "people.cedar").write_text(POLICY)
    trusted = {"issuer": provider.issuer, "name": IDP, "max_lifetime": "10m", **issuer}
    identity = {"issuers": [trusted], "agents": agents(directory / "agents", keys)}
    gateway = Gateway(
        directory / "gateway",
        {"crm": {"url": upstream}, "other": {"url": upstream}},
        mode="enforce",
        extra={"identity": identity, "policies": str(directory / "policies")},
        environment={**os.environ, AGENT_VARIABLE: AGENT_SECRET},
    )
    return Place(gateway, provider, Journal(gateway.audit_path), keys)


@pytest.fixture(scope="module")
def by_policy(
    upstream: str, provider: Provider, keys: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    made = place(tmp_path_factory.mktemp("policy"), upstream, provider, keys)
    with made.gateway:
        yield made


@pytest.fixture(scope="module")
def by_scopes(
    upstream: str, provider: Provider, keys: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    made = place(tmp_path_factory.mktemp("scopes"), upstream, provider, keys, rights="scopes", step_up=True)
    with made.gateway:
        yield made


@pytest.fixture(scope="module")
def for_machines(
    upstream: str, provider_of_machines: Provider, keys: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("for-machines")
    made = place(directory, upstream, provider_of_machines, keys, rights="scopes", step_up=True)
    with made.gateway:
        yield made


@pytest.fixture(params=SDKS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "client.log"


def claims_in(token: str) -> Json:
    part = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def echoes(player: Player) -> None:
    assert player.result(**ECHO)["structuredContent"] == {"x": 1}


# --- people, at a provider


def test_a_person_comes_in_through_the_provider_that_the_metadata_name(
    by_policy: Place, client: str, log: Path
) -> None:
    with by_policy.player(client, {"flow": "code"}, log) as player:
        echoes(player)
        (asked,) = player.result("asked")
        held = claims_in(player.result("token")["access_token"])
    assert asked["resource"] == by_policy.url
    assert asked["code_challenge_method"] == "S256"
    assert (held["iss"], held["sub"], held["aud"]) == (by_policy.provider.issuer, PERSON, by_policy.url)
    challenged = by_policy.decided("deny")
    assert {record["reason"] for record in challenged} == {"auth.required"}
    assert {record["phase"] for record in challenged} == {"outcome"}  # nothing was forwarded
    (call,) = by_policy.decided("allow", phase="outcome", method="tools/call")
    assert PERSON in call["identity"]
    assert call["client"] == held["client_id"]
    assert call["rules"] == ["the-person"]


def test_scopes_are_asked_for_when_a_call_needs_them(by_scopes: Place, client: str, log: Path) -> None:
    with by_scopes.player(client, {"flow": "code"}, log) as player:
        player.result("tools")
        assert len(player.result("asked")) == 1
        echoes(player)
        assert "content" in player.result(**TEXT)
        echoes(player)
        first, second, third = (asked.get("scope", "").split() for asked in player.result("asked"))
    assert set(first).isdisjoint(SCOPES)
    assert set(second) & set(SCOPES) == {SCOPES[0]}
    assert set(third) & set(SCOPES) == set(SCOPES)  # what the token had is not lost over what it lacked
    missing = by_scopes.decided("deny", reason="auth.scope")
    assert [record["tool_name"] for record in missing] == ["echo", "test_simple_text"]
    assert {record["phase"] for record in missing} == {"outcome"}


def test_a_scope_that_the_provider_does_not_give_is_refused_and_the_session_goes_on(
    by_scopes: Place, client: str, log: Path
) -> None:
    with by_scopes.player(client, {"flow": "code"}, log) as player:
        echoes(player)
        outcome = player.play(**UNKNOWN)
        assert outcome.get("result", {}).get("isError") is True, outcome
        again = player.play(**UNKNOWN)
        assert again.get("result", {}).get("isError") is True, again
        echoes(player)
        asked = player.result("asked")
    assert len(asked) == 3, asked  # in, for echo, and once for what is not given


# --- machines, at a provider


def test_a_machine_of_the_provider_comes_in(for_machines: Place, client: str, log: Path) -> None:
    oauth = {"flow": "secret", "client_id": MACHINE, "secret": MACHINE_SECRET, "issuer": for_machines.provider.issuer}
    with for_machines.player(client, oauth, log) as player:
        echoes(player)
        held = claims_in(player.result("token")["access_token"])
    assert (held["sub"], held["client_id"], held["aud"]) == (MACHINE, MACHINE, for_machines.url)
    (call,) = for_machines.decided("allow", phase="outcome", method="tools/call")
    assert call["rules"] == ["the-machine"]


# --- agents, at the gateway's own token service


def own_grant(place: Place, player: Player, client_id: str) -> None:
    """The call was made with a grant of the gateway's own, for this one server."""
    echoes(player)
    held = claims_in(player.result("token")["access_token"])
    assert (held["iss"], held["aud"], held["client_id"]) == (place.issuer, [place.url], client_id)
    assert held["servers"] == {"crm": ["*"]}
    assert 0 < held["exp"] - held["iat"] <= 15 * 60
    (call,) = place.decided("allow", phase="outcome", method="tools/call")
    assert call["identity"] == client_id
    assert call["grant_id"] == held["grant_id"]
    assert place.journal.of(kind="token", client=client_id, decision="allow")


# 1.30 leaves client_id out of client_secret_post, so nobody could know whose secret it is.
@pytest.mark.parametrize(
    ("client", "method"),
    [
        *((client, "client_secret_basic") for client in SDKS),
        ("sdk-2.3-legacy", "client_secret_post"),
        ("sdk-2.3-modern", "client_secret_post"),
    ],
)
def test_an_agent_comes_in_with_its_secret(by_policy: Place, client: str, method: str, log: Path) -> None:
    oauth = {"flow": "secret", "client_id": AGENT, "secret": AGENT_SECRET, "issuer": by_policy.issuer}
    with by_policy.player(client, {**oauth, "method": method}, log) as player:
        own_grant(by_policy, player, AGENT)


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_an_agent_comes_in_with_its_key(by_policy: Place, client: str, algorithm: str, log: Path) -> None:
    key = by_policy.keys[algorithm].as_pem(private=True).decode()
    oauth = {"flow": "key", "client_id": SIGNERS[algorithm], "key": key, "algorithm": algorithm}
    with by_policy.player(client, {**oauth, "issuer": by_policy.issuer}, log) as player:
        own_grant(by_policy, player, SIGNERS[algorithm])


@pytest.mark.parametrize("client", ["sdk-2.3-legacy", "sdk-2.3-modern"])  # 1.30 has no such client
def test_an_agent_comes_in_for_a_person_with_the_providers_word(by_policy: Place, client: str, log: Path) -> None:
    """Cross-application access: an ID-JAG of the provider (draft-ietf-oauth-identity-assertion-authz-grant)."""
    provider = by_policy.provider
    word = provider.claims(by_policy.issuer, client_id=AGENT, resource=by_policy.url, exp=int(time.time()) + 120)
    oauth = {
        "flow": "assertion",
        "client_id": AGENT,
        "secret": AGENT_SECRET,
        "issuer": by_policy.issuer,
        "assertion": provider.sign(word, typ="oauth-id-jag+jwt"),
    }
    with by_policy.player(client, oauth, log) as player:
        own_grant(by_policy, player, AGENT)
        held = claims_in(player.result("token")["access_token"])
    assert held["sub"] == f"{IDP}|{PERSON}"
    assert held["act"]["sub"] == AGENT


def test_a_revoked_grant_is_replaced_in_the_same_session(by_policy: Place, client: str, log: Path) -> None:
    oauth = {"flow": "secret", "client_id": AGENT, "secret": AGENT_SECRET, "issuer": by_policy.issuer}
    with by_policy.player(client, oauth, log) as player:
        echoes(player)
        first = player.result("token")["access_token"]
        revoke(by_policy, first)
        by_policy.journal.until(lambda: status_with(by_policy, first) == 401)
        echoes(player)
        assert player.result("token")["access_token"] != first
    assert by_policy.decided("deny", reason="auth.revoked")


def revoke(place: Place, token: str) -> None:
    form = {"token": token, "client_id": AGENT, "client_secret": AGENT_SECRET}
    request = urllib.request.Request(f"{place.issuer}/oauth/revoke", urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def status_with(place: Place, token: str) -> int:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(place.url, body, headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
