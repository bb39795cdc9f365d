from pathlib import Path
from typing import Any

import pytest
from tests.issuer import ISSUER, NOW, Provider, compact

from doorward.config import Issuer
from doorward.configtypes import Duration
from doorward.control.federation.external import External
from doorward.control.federation.fetch import FetchFault, FetchReason
from doorward.control.federation.issuers import Issuers
from doorward.control.jose.claims import InvalidToken
from doorward.control.tokens.grants import TYP
from doorward.control.tokens.verifier import Verifier, groups_of, scoped, scopes_of
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Severity
from doorward.core.policy import names as names_of

GATEWAY = "https://gw.example.com"
URLS = {f"{GATEWAY}/mcp/{name}": name for name in ("crm", "files")}
OURS = Grant(Principal("agent:a"), {})


class World:
    def __init__(self, **config: Any) -> None:
        self.provider = Provider()
        self.down = False
        self.asked: list[tuple[str, float]] = []
        config = {"issuer": ISSUER, "name": "corp", "jwks": f"{ISSUER}/keys", **config}
        issuers = Issuers([Issuer(**config)], self, base_dir=Path())
        self.verifier = Verifier(External(issuers, GATEWAY), self.own, URLS)

    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        if self.down:
            raise FetchFault(FetchReason.CONNECT)
        return self.provider.jwks()

    def own(self, token: str, now: float) -> Grant:
        self.asked.append((token, now))
        if now > NOW:
            raise InvalidToken("has expired", Reason.AUTH_EXPIRED)
        return OURS

    async def grant(self, token: bytes) -> Grant:
        result = await self.verifier.verify(token, NOW)
        assert isinstance(result, Grant)
        return result

    async def why(self, token: bytes) -> Reason:
        result = await self.verifier.verify(token, NOW)
        assert isinstance(result, Decision)
        assert (result.effect, result.severity) == (Effect.DENY, Severity.CRITICAL)
        assert result.what
        assert result.remedy
        assert "alice" not in result.what + result.remedy
        return result.reason


async def test_our_own_grants_are_judged_by_us() -> None:
    world = World()
    token = compact({"alg": "ES256", "typ": TYP}, {"iss": "whoever"}, None)
    assert await world.grant(token) is OURS
    assert world.asked == [(token.decode(), NOW)]
    result = await world.verifier.verify(token, NOW + 1)
    assert isinstance(result, Decision)
    assert result.reason is Reason.AUTH_EXPIRED


async def test_what_a_person_is_worth() -> None:
    world = World(groups="roles", step_up=True)
    grant = await world.grant(world.provider.token(roles=["sales", "emea", "sales"]))
    assert grant.principal == Principal("alice", "app", "corp", ("sales", "emea"))
    assert (grant.subject, grant.expires, grant.external) == ("alice", NOW + 600, ("corp", "t-1"))
    assert grant.audience == {"crm"}
    assert (grant.token_id, grant.ancestors, grant.scopes, grant.step_up) == ("", (), None, True)
    assert set(grant.servers) == {"crm"}
    assert "anything" in grant.servers["crm"]


async def test_a_token_for_several_servers() -> None:
    world = World()
    grant = await world.grant(world.provider.token(aud=[*URLS, "https://other.example"]))
    assert grant.audience == {"crm", "files"}
    assert set(grant.servers) == {"crm", "files"}


async def test_scopes_say_which_tools() -> None:
    world = World(rights="scopes")
    grant = await world.grant(world.provider.token(aud=list(URLS), scope="openid crm:find crm:get_* other:x"))
    assert grant.scopes == {"openid", "crm:find", "crm:get_*", "other:x"}
    assert [name in grant.servers["crm"] for name in ("find", "get_one", "drop")] == [True, True, False]
    assert set(grant.servers) == {"crm", "files"}
    assert grant.servers["files"] == names_of([])  # where it may shake hands, and use no tool


async def test_scopes_give_nothing_on_a_server_that_the_token_is_not_for() -> None:
    world = World(rights="scopes")
    grant = await world.grant(world.provider.token(scope="files:read"))
    assert grant.audience == {"crm"}
    assert grant.servers == {"crm": names_of([])}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"iss": "https://evil.example"}, Reason.AUTH_ISSUER),
        ({"aud": "https://gw.example.com/mcp/other"}, Reason.AUTH_AUDIENCE),
        ({"aud": None}, Reason.AUTH_AUDIENCE),
        ({"exp": int(NOW)}, Reason.AUTH_EXPIRED),
        ({"exp": int(NOW) + 86400}, Reason.AUTH_LIFETIME),
        ({"token_use": "id"}, Reason.AUTH_KIND),
        ({"jti": 7}, Reason.AUTH_INVALID),
        ({"client_id": ["app"]}, Reason.AUTH_INVALID),
        ({"client_id": "a\0b"}, Reason.AUTH_INVALID),
    ],
)
async def test_each_way_to_be_refused(more: dict[str, Any], reason: Reason) -> None:
    world = World()
    assert await world.why(world.provider.token(**more)) is reason
    assert world.asked == []


@pytest.mark.parametrize("token", [b"", b"opaque", b"a.b.c", "tökén.a.b".encode(), b"a" * 20_000])
async def test_what_is_no_jwt(token: bytes) -> None:
    assert await World().why(token) is Reason.AUTH_INVALID


async def test_a_provider_that_is_down() -> None:
    world = World()
    world.down = True
    assert await world.why(world.provider.token()) is Reason.AUTH_UNAVAILABLE


async def test_the_client_is_client_id_or_else_azp() -> None:
    world = World()
    assert (await world.grant(world.provider.token(azp="other"))).principal.client == "app"
    assert (await world.grant(world.provider.token(client_id=None, azp="other"))).principal.client == "other"
    assert (await world.grant(world.provider.token(client_id=None))).principal.client == ""


async def test_a_token_is_called_alike_each_time_and_no_two_alike() -> None:
    world = World()
    one = await world.grant(world.provider.token())
    again = await world.grant(world.provider.token())
    assert one.grant_id == again.grant_id
    assert one.grant_id.startswith("ext:")
    assert len(one.grant_id) == 20
    for more in ({"jti": "t-2"}, {"sub": "bob"}, {"client_id": "other"}, {"jti": None}):
        assert (await world.grant(world.provider.token(**more))).grant_id != one.grant_id
    assert (await world.grant(world.provider.token(jti=None))).external is None


async def test_a_configured_audience_opens_all_servers() -> None:
    world = World(audience="api://gateway")
    grant = await world.grant(world.provider.token(aud="api://gateway"))
    assert grant.audience == {"crm", "files"}
    assert await world.why(world.provider.token()) is Reason.AUTH_AUDIENCE


async def test_max_lifetime_is_that_of_the_issuer() -> None:
    world = World(max_lifetime=Duration.parse("5m"))
    assert await world.why(world.provider.token()) is Reason.AUTH_LIFETIME


# --- groups and scopes


def test_groups_are_read_only_where_they_are_configured() -> None:
    assert groups_of({"groups": 7}, Issuer(issuer=ISSUER)) == ()
    config = Issuer(issuer=ISSUER, groups="groups")
    assert groups_of({}, config) == ()
    assert groups_of({"groups": "one"}, config) == ("one",)
    assert groups_of({"_claim_names": {"other": "x"}}, config) == ()


@pytest.mark.parametrize(
    "more",
    [
        {"groups": 7},
        {"groups": None},
        {"groups": {"a": 1}},
        {"groups": ["a", 7]},
        {"groups": ["a\0b"]},
        {"groups": [""]},
        {"groups": ["g"] * 1001},
        {"_claim_names": {"groups": "src1"}},
    ],
)
def test_groups_that_cannot_be_read_are_not_taken_for_none(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        groups_of(more, Issuer(issuer=ISSUER, groups="groups"))


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ""}, set()),
        ({}, set()),
        ({"scp": ["a", "b"]}, {"a", "b"}),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
    ],
)
def test_scopes(said: dict[str, Any], scopes: set[str]) -> None:
    assert scopes_of(said) == scopes


@pytest.mark.parametrize("value", [7, {}, ["a", 7], None])
def test_scopes_that_cannot_be_read(value: object) -> None:
    with pytest.raises(InvalidToken):
        scopes_of({"scope": value})


@pytest.mark.parametrize(
    ("scope", "tools", "others"),
    [
        ("crm:find", ["find"], ["find2", "FIND", ""]),
        ("crm:a:b", ["a:b"], ["a"]),
        ("crm:get%20it", ["get it"], ["get%20it"]),
        ("crm:%C3%A9", ["é"], []),
        ("crm:*", ["x", "a/b"], []),
        ("crm:%2A", ["*"], ["x"]),
        ("crm:get_*", ["get_x"], ["set_x"]),
        ("crm:get_*%2A", ["get_x*", "get_*"], ["get_x"]),
        ("crm:%5Ba%5D", ["[a]"], ["a"]),
        ("crm:a%3f", ["a?"], ["ab"]),
        ("crm:[ab]%20c", ["a c", "b c"], ["[ab] c"]),
    ],
)
def test_a_scope_names_tools(scope: str, tools: list[str], others: list[str]) -> None:
    names = scoped([scope], frozenset(("crm",)))["crm"]
    assert all(tool in names for tool in tools)
    assert not any(other in names for other in others)


@pytest.mark.parametrize(
    "scope",
    [
        "crm",
        "crm:",
        ":find",
        "CRM:find",
        "files:x",
        "crm:%zz",
        "crm:a%2",
        "crm:%FF",
        'crm:"',
        "crm:a%00",
        "crm:[%21a]",
        "crm:[a%2Dz]",
        "crm:[a%5D]",
        "crm:[a%2A]",
    ],
)
def test_what_names_no_tool_of_the_server_gives_nothing(scope: str) -> None:
    given = scoped([scope], frozenset(("crm",)))
    assert all(not names.exact and names.pattern is None for names in given.values())
