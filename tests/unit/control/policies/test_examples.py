"""Every example of docs/policies.md is loaded, and does what the page says."""

import json
import re
from pathlib import Path

import pytest

from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool
from doorward.core.decision import ALLOW
from doorward.core.identity import Grant, Principal
from doorward.core.question import Question, Verdict
from doorward.core.rules import ACTIONS, BUILT_IN
from doorward.core.snapshot import Server, Target

PAGE = (Path(__file__).parents[4] / "docs" / "policies.md").read_text()
SERVERS = {name: Server(name, Target(), sensitivity="critical") for name in ("files", "crm", "mail")}
PERMIT = '@id("all") permit(principal, action, resource);'
STAFF = Grant(Principal("bob", "laptop", "corp", groups=("staff",)), {})
NOON, NIGHT = 1_700_049_600.0, 1_700_006_400.0  # 12:00 and 00:00 UTC


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


def tool(server: str, name: str, destructive: bool = False, **properties: str) -> KnownTool:
    schema = {"properties": {member: {"type": kind} for member, kind in properties.items()}}
    return KnownTool(server, name, json.dumps(schema).encode(), read_only=not destructive, destructive=destructive)


TOOLS = [
    tool("files", "read_file", path="string"),
    tool("files", "wipe", destructive=True),
    tool("crm", "export", rows="integer"),
    tool("mail", "send"),
]


def compiled(*more: str) -> CompiledPolicies:
    files = {"page.cedar": blocks("cedar"), "facts.yaml": blocks("facts")}
    return compile_policies(
        PolicyFiles(files | {f"{number}.cedar": text for number, text in enumerate(more)}), [], SERVERS, TOOLS
    )


def call(policies: CompiledPolicies, server: str, name: str, now: float = NOON, **arguments: object) -> Verdict:
    question = Question(STAFF, server, "tools/call", "Tool", name, now, "10.0.0.1")
    return policies.engine.judge(question, arguments)


def test_the_examples_are_loaded_without_a_notice() -> None:
    policies = compiled()
    assert policies.notices == ()
    assert len(policies.rules) >= 6


def test_reading_below_data() -> None:
    policies = compiled()
    assert call(policies, "files", "read_file", path="/data/a").decision is ALLOW
    assert call(policies, "files", "read_file", path="/data/../etc").rules == ("default-deny",)
    assert call(policies, "files", "read_file", NIGHT, path="/data/a").rules == ("office-hours",)


def test_what_destroys_is_refused_with_its_message() -> None:
    decision = call(compiled(PERMIT), "files", "wipe").decision
    assert decision.rules == ("nothing-destructive",)
    assert decision.remedy == "Ask the platform team to run it for you."


def test_a_trial_is_observed() -> None:
    verdict = call(compiled(PERMIT), "crm", "export", rows=5000)
    assert verdict.decision is ALLOW
    assert [seen.rule for seen in verdict.observed] == ["trial-large-exports"]


def test_facts_about_several_values() -> None:
    policies = compiled(PERMIT)
    assert call(policies, "mail", "send", to=["a@example.com"]).decision is ALLOW
    assert call(policies, "mail", "send", to=["a@example.com", "b@example.com.evil.org"]).rules == ("mail-at-home",)
    paths = ["/data/a", "/data/%2e%2e/etc"]
    assert call(policies, "files", "read_file", paths=paths).rules == ("paths-stay-in-data",)


@pytest.mark.parametrize("word", sorted({*ACTIONS, *BUILT_IN}))
def test_the_page_names_every_action_and_built_in_rule(word: str) -> None:
    assert f"`{word}`" in PAGE
