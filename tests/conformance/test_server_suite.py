"""The official suite's server scenarios: what passes direct passes through the gateway, at every revision."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.detecting import DETECTING
from tests.conformance.suite import REVISIONS, Results, failures, scenarios, server_results, worse
from tests.gateway import Gateway, Mode

pytestmark = pytest.mark.conformance

# How many scenarios the suite has per revision: fewer would show less than is claimed.
SCENARIOS = {"2025-03-26": 1, "2025-06-18": 27, "2025-11-25": 33, "2026-07-28": 40}


@pytest.mark.parametrize("revision", REVISIONS)
def test_our_own_server_passes_direct(revision: str, direct_results: Callable[[str], Results]) -> None:
    results = direct_results(revision)
    assert sorted(results) == sorted(scenarios("Server", revision))
    assert len(results) >= SCENARIOS[revision]
    assert [str(failure) for checks in results.values() for failure in failures(checks)] == []


@pytest.mark.parametrize("mode", ["enforce", "audit"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_nothing_is_lost_through_the_gateway(
    revision: str,
    mode: Mode,
    everything_url: str,
    direct_results: Callable[[str], Results],
    out: Path,
    tmp_path: Path,
) -> None:
    direct = direct_results(revision)
    servers = {"everything": {"url": everything_url}}
    strict = mode == "enforce"
    extra = DETECTING if strict else None
    with Gateway(tmp_path / "gateway", servers, mode=mode, with_token=strict, extra=extra) as gateway:
        through = server_results(gateway.url("everything"), revision, out, direct)
        log = gateway.log()
    assert worse(direct, through) == [], log
