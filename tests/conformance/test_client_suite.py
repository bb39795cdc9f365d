"""The official suite's client scenarios, all but auth: what passes direct passes through the gateway."""

import functools
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests import warm
from tests.conformance.suite import REVISIONS, Check, client_results, failures, scenarios, worse

pytestmark = pytest.mark.conformance

# auth/* judges a client and its authorization server, with the gateway as the resource server: test_auth.py.
# The collection must not need Node, so the names stand here; a test compares them with the suite's.
SCENARIOS = {
    "2025-03-26": [],
    "2025-06-18": ["initialize", "tools_call"],
    "2025-11-25": [
        "initialize",
        "tools_call",
        "elicitation-sep1034-client-defaults",
        "sse-retry",
        "json-schema-2020-12-preservation",
    ],
    "2026-07-28": [
        "tools_call",
        "request-metadata",
        "sep-2322-client-request-state",
        "http-standard-headers",
        "http-custom-headers",
        "http-invalid-tool-headers",
        "json-schema-ref-no-deref",
        "json-schema-2020-12-preservation",
    ],
}
CLIENT = "tests.conformance.client"
Direct = Callable[[str, str], Sequence[Check]]
CASES = [(revision, scenario) for revision, names in SCENARIOS.items() for scenario in names]


@pytest.fixture(scope="session")
def direct_checks(tmp_path_factory: pytest.TempPathFactory) -> Direct:
    client = warm.command(CLIENT)

    @functools.cache
    def of(revision: str, scenario: str) -> Sequence[Check]:
        return client_results(client, scenario, revision, tmp_path_factory.mktemp("direct"))

    return of


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_scenario_but_auth_is_played(revision: str) -> None:
    offered = [name for name in scenarios("Client", revision) if not name.startswith("auth/")]
    assert sorted(SCENARIOS[revision]) == sorted(offered)


@pytest.mark.parametrize(("revision", "scenario"), CASES)
def test_our_own_client_passes_direct(revision: str, scenario: str, direct_checks: Direct) -> None:
    checks = direct_checks(revision, scenario)
    assert any(check.passed for check in checks)
    assert [str(failure) for failure in failures(checks)] == []


@pytest.mark.parametrize("mode", ["enforce", "audit"])
@pytest.mark.parametrize(("revision", "scenario"), CASES)
def test_nothing_is_lost_through_the_gateway(
    revision: str, scenario: str, mode: str, direct_checks: Direct, out: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "tests.conformance.through_gateway", mode, str(tmp_path), warm.command(CLIENT)]
    through = client_results(shlex.join(words), scenario, revision, out)
    assert worse({scenario: direct_checks(revision, scenario)}, {scenario: through}) == []
