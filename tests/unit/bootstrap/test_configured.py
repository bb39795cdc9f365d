import json
from pathlib import Path

import pytest

from doorward import configfile
from doorward.bootstrap.configured import compiled
from doorward.configtypes import InvalidConfiguration
from doorward.control.policies.schema import KnownTool
from doorward.core.identity import Grant, Principal
from doorward.core.policy import names
from doorward.core.question import Question
from doorward.core.snapshot import Keys

POLICY = """\
@id("few") forbid(principal, action == Doorward::Action::"tools/call/crm/get", resource)
    when { context.arguments has n && context.arguments.n > 5 };
@id("all") permit(principal, action, resource);
"""
TOLD = KnownTool("crm", "get", json.dumps({"type": "object", "properties": {"n": {"type": "string"}}}).encode())
KEYS = Keys(b"h" * 32, "1", (b"s" * 32,))


def loaded(tmp_path: Path) -> configfile.Loaded:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "rules.cedar").write_text(POLICY)
    file = tmp_path / "doorward.yaml"
    file.write_text("servers: {crm: {url: http://127.0.0.1:3001/mcp, mode: enforce}}\npolicies: policies\n")
    return configfile.load(file)


def test_at_a_start_a_policy_that_does_not_fit_what_servers_told_leaves_that_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = compiled(loaded(tmp_path), KEYS, version=1, known_tools=[TOLD], lenient=True)
    assert "a policy does not fit what a server says about its tools, which stay unknown" in caplog.text
    policies = made.snapshot.policies
    assert policies is not None
    grant = Grant(Principal("agent:a"), {"crm": names(["*"])})
    verdict = policies.bounds(Question(grant, "crm", "tools/call", "Tool", "get", 0.0))
    assert "unknown-tool" in verdict.decision.rules
    assert not verdict.upper


def test_at_a_reload_it_is_a_problem_of_the_policies(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration):
        compiled(loaded(tmp_path), KEYS, version=2, known_tools=[TOLD])
