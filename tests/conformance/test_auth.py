"""The official suite's auth scenarios: what passes direct passes with the gateway as the resource server.

In these scenarios the suite is an MCP server, its authorization server and the judge of a client. The gateway takes
the server's place (auth_through_gateway.py); the suite's server stands behind it.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests import warm
from tests.conformance.suite import (
    REVISIONS,
    Check,
    authorization_server_results,
    client_results,
    failures,
    scenarios,
    worse,
)
from tests.gateway import Gateway

pytestmark = pytest.mark.conformance

# The collection must not need Node, so the names stand here; a test compares them with the suite's.
_SINCE_2025_06_18 = ["token-endpoint-auth-basic", "token-endpoint-auth-post", "token-endpoint-auth-none"]
_SINCE_2025_11_25 = [
    *_SINCE_2025_06_18,
    "metadata-default",
    "metadata-var1",
    "metadata-var2",
    "metadata-var3",
    "basic-cimd",
    "scope-omitted-when-undefined",
    "scope-retry-limit",
    "pre-registration",
]
PLAYED = {
    "2025-03-26": [],
    "2025-06-18": _SINCE_2025_06_18,
    "2025-11-25": _SINCE_2025_11_25,
    "2026-07-28": [
        *_SINCE_2025_11_25,
        "offline-access-scope",
        "offline-access-not-supported",
        "iss-supported",
        "iss-not-advertised",
        "iss-supported-missing",
        "iss-wrong-issuer",
        "iss-unexpected",
        "iss-normalized",
        "metadata-issuer-mismatch",
    ],
}
# Of no revision: machines as clients, with a secret, with keys, with another provider's word.
EXTENSIONS = [
    "client-credentials-basic",
    "client-credentials-jwt",
    "enterprise-managed-authorization",
    "wif-jwt-bearer",
]
ERAS = ("2025-11-25", "2026-07-28")

_OWN_SCOPES = (
    "the suite's server demands scopes that it made up; those of a gateway are SERVER:TOOL, and what a server behind "
    "it demands is no challenge to the client (upstream.unauthorized). Step-up with our own: "
    "tests/adapters/test_oauth_client.py"
)
_BEFORE_RESOURCE_METADATA = (
    "a server of 2025-03-26 is its own authorization server and has no resource metadata; a gateway has them at every "
    "revision, and clients that ask for them find them"
)
_PROOF_OF_POSSESSION = (
    "an extension (SEP-1932) that the gateway does not offer and does not announce: it takes bearer tokens only. The "
    "SDK's clients do not have it either, so nothing could be played"
)
DOES_NOT_APPLY = {
    "scope-from-www-authenticate": _OWN_SCOPES,
    "scope-step-up": _OWN_SCOPES,
    "scope-from-scopes-supported": (
        "is about a client that asks for all scopes that the resource's metadata name; ours name none, so that clients "
        "do not ask for all of them at once"
    ),
    "resource-mismatch": (
        "is about a client that meets metadata of another resource; a gateway makes its own, from its configuration, "
        "and passes on none of a server behind it"
    ),
    "authorization-server-migration": (
        "the suite's server names another authorization server from the second request on; a gateway's come from its "
        "configuration, and what a server behind it says of its own is not passed on"
    ),
    "2025-03-26-oauth-metadata-backcompat": _BEFORE_RESOURCE_METADATA,
    "2025-03-26-oauth-endpoint-fallback": _BEFORE_RESOURCE_METADATA,
    "dpop": _PROOF_OF_POSSESSION,
    "dpop-nonce": _PROOF_OF_POSSESSION,
}
AUTHORIZATION_SERVER_DOES_NOT_APPLY = {
    "authorization-code-grant": "nobody logs in at the gateway: its token service serves machines, and says so",
    "authorization-server-metadata-endpoint": (
        "demands the metadata of a server with an authorization code flow. All else that it asks of them holds: below"
    ),
}
# What the last one misses, in its own words: the two promises of a code flow.
CODE_FLOW = (
    'Response body does not include valid "response_types_supported" claim',
    'Response body does not include valid "code_challenge_methods_supported" claim',
)

# A scenario that later revisions have too is played at the newest alone: the challenge, the metadata and the judgement
# of a token know no revision. Two are played in both eras, for what is around them does: with a person, and without.
IN_BOTH_ERAS = ("metadata-default", "client-credentials-basic")
CASES = [(ERAS[-1], name) for name in [*PLAYED[ERAS[-1]], *EXTENSIONS]]
CASES += [(ERAS[0], name) for name in IN_BOTH_ERAS]
Direct = Callable[[str, str], Sequence[Check]]


@pytest.fixture(scope="module")
def direct_checks(tmp_path_factory: pytest.TempPathFactory) -> Direct:
    @functools.cache
    def of(revision: str, name: str) -> Sequence[Check]:
        client = warm.command("tests.conformance.auth_client")
        return client_results(client, f"auth/{name}", revision, tmp_path_factory.mktemp("direct"))

    return of


def offered(revision: str | None = None) -> list[str]:
    return [name.removeprefix("auth/") for name in scenarios("Client", revision) if name.startswith("auth/")]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_scenario_of_a_revision_is_played_or_has_a_reason(revision: str) -> None:
    assert set(offered(revision)) - DOES_NOT_APPLY.keys() == set(PLAYED[revision])


def test_no_scenario_is_of_an_old_revision_alone() -> None:
    assert {name for names in PLAYED.values() for name in names} == set(PLAYED[ERAS[-1]])


def test_every_scenario_at_all_is_played_or_has_a_reason() -> None:
    played = {name for names in PLAYED.values() for name in names} | set(EXTENSIONS)
    assert played.isdisjoint(DOES_NOT_APPLY)
    assert set(offered()) == played | DOES_NOT_APPLY.keys()
    assert set(scenarios("Authorization server")) == AUTHORIZATION_SERVER_DOES_NOT_APPLY.keys()


@pytest.mark.parametrize(("revision", "name"), CASES)
def test_our_own_client_passes_direct(revision: str, name: str, direct_checks: Direct) -> None:
    checks = direct_checks(revision, name)
    assert [str(failure) for failure in failures(checks)] == []
    assert sum(check.passed for check in checks) > 1  # one is ours: that the client ended well


@pytest.mark.parametrize(("revision", "name"), CASES)
def test_nothing_is_lost_with_the_gateway_as_the_resource(
    revision: str, name: str, direct_checks: Direct, out: Path, tmp_path: Path
) -> None:
    gateway = warm.command("tests.conformance.auth_through_gateway", str(tmp_path))
    through = client_results(gateway, f"auth/{name}", revision, out)
    assert worse({name: direct_checks(revision, name)}, {name: through}) == []


def test_the_metadata_of_the_token_service_lack_the_code_flow_and_nothing_else(out: Path, tmp_path: Path) -> None:
    with Gateway(tmp_path / "gateway", {}, mode="enforce") as gateway:
        issuer = gateway.url("").removesuffix("/mcp/")
        checks = authorization_server_results(issuer, "authorization-server-metadata-endpoint", out)
    (metadata,) = (check for check in checks if check.id == "authorization-server-metadata")
    assert metadata.message == ", ".join(CODE_FLOW)
