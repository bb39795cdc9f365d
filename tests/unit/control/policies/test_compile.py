import json
from pathlib import Path

import pytest

from doorward.config import Agent
from doorward.configtypes import InvalidConfiguration
from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles, read_files
from doorward.control.policies.schema import KnownTool
from doorward.core.decision import ALLOW
from doorward.core.identity import Grant, Principal
from doorward.core.question import Question, Verdict
from doorward.core.snapshot import Server, Target

SERVERS = {"f": Server("f", Target())}
READ = KnownTool("f", "read", json.dumps({"properties": {"path": {"type": "string"}}}).encode())
ALL = '@id("all") permit(principal, action, resource);'


def compiled(text: str, *tools: KnownTool, facts: str = "", agents: tuple[Agent, ...] = ()) -> CompiledPolicies:
    return compile_policies(PolicyFiles({"a.cedar": text, "facts.yaml": facts}, "policies"), agents, SERVERS, tools)


def problems(text: str, *tools: KnownTool, facts: str = "") -> list[str]:
    with pytest.raises(InvalidConfiguration) as raised:
        compiled(text, *tools, facts=facts)
    return [str(problem) for problem in raised.value.problems]


def call(policies: CompiledPolicies, tool: str, **arguments: object) -> Verdict:
    return policies.engine.judge(Question(Grant(Principal("agent:a"), {}), "f", "tools/call", "Tool", tool), arguments)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("permit(principal == Agent::\"a\", action, resource);", "unrecognized entity type"),
        ('permit(principal, action == Doorward::Action::"tools/cal", resource);', "unrecognized action"),
        ("permit(principal, action, resource) when { resource.owner == 1 };", "owner"),
        ("permit(principal, action, resource) when { resource.name == 1 };", "type"),
        ('permit(principal, action, resource) when { context.arguments.path == "x" };', "path"),
        ('permit(principal, action, resource) when { context.source_ip.isInRange(ip("::1")) };', "source_ip"),
        ('forbid(principal, action, resource) when { context.facts.contains("none") };', "no fact 'none'"),
        ('permit(principal, action, resource) when { ip(context.client_id).isLoopback() };', "literal"),
    ],
)  # fmt: skip
def test_a_policy_that_does_not_fit_the_schema_is_a_problem(text: str, words: str) -> None:
    [said] = problems('// one\n@id("x") ' + text, READ)
    assert said.startswith('policies/a.cedar:2: policies: @id("x"): ')
    assert words in said


def test_all_problems_are_told_at_once() -> None:
    said = problems(f"permit(;\n{ALL}\n{ALL}", facts="a: 1")
    assert len(said) == 3


def test_arguments_have_the_types_of_their_tool() -> None:
    fits = 'permit(principal, action in Doorward::Action::"tools/call", resource) when'
    policies = compiled(f'@id("x") {fits} {{ context.arguments has path && context.arguments.path == "a" }};', READ)
    assert call(policies, "read", path="a").decision is ALLOW
    assert call(policies, "read", path="b").decision is not ALLOW
    [said] = problems(f'@id("x") {fits} {{ context.arguments has path && context.arguments.path == 1 }};', READ)
    assert "type" in said


def test_a_tool_with_a_known_schema_has_an_action_in_the_group() -> None:
    policies = compiled('@id("x") permit(principal, action == Doorward::Action::"tools/call/f/read", resource);', READ)
    assert call(policies, "read").decision is ALLOW
    assert call(policies, "other").decision is not ALLOW
    group = compiled('@id("x") forbid(principal, action == Doorward::Action::"tools/call", resource);' + ALL, READ)
    assert call(group, "read").rules == ("x",)
    assert call(group, "unseen").rules == ("x",)


# --- tools that are not known


def test_the_action_of_an_unknown_tool_is_a_notice_and_the_tool_stays_denied() -> None:
    rule = '@id("x") permit(principal, action == Doorward::Action::"tools/call/f/late", resource);'
    policies = compiled(ALL + rule)
    assert any("f/late is not known" in notice.message for notice in policies.notices)
    verdict = call(policies, "late")
    assert (verdict.decision.effect, verdict.rules) == ("deny", ("unknown-tool",))
    assert call(policies, "other").decision is ALLOW
    late = KnownTool("f", "late")
    assert call(compiled(ALL + rule, late), "late").decision is ALLOW


def test_a_permit_that_needs_the_unknown_schema_is_left_out() -> None:
    condition = 'context.arguments.n == 1 && action == Doorward::Action::"tools/call/f/late"'
    policies = compiled(f'@id("x") permit(principal, action, resource) when {{ {condition} }};')
    assert policies.rule("x") is None
    assert any("left out" in notice.message for notice in policies.notices)
    assert call(policies, "other").rules == ("default-deny",)


def test_a_forbid_that_needs_the_unknown_schema_forbids_all_that_its_head_covers() -> None:
    condition = 'action == Doorward::Action::"tools/call/f/late" && context.arguments.n == 1'
    head = 'forbid(principal, action in Doorward::Action::"tools/call", resource)'
    policies = compiled(ALL + f'@id("x") {head} when {{ {condition} }};')
    assert call(policies, "other").rules == ("x",)
    assert policies.engine.bounds(Question(Grant(Principal("agent:a"), {}), "f", "ping")).decision is ALLOW


def test_a_tool_that_its_server_does_not_have_stays_denied() -> None:
    rule = '@id("x") permit(principal, action, resource == Doorward::Tool::"f/typo");'
    policies = compiled(rule, READ)
    assert any("has no tool 'typo'" in notice.message for notice in policies.notices)
    assert call(policies, "typo").rules == ("unknown-tool",)


def test_before_a_server_was_ever_reached_its_tools_can_be_named() -> None:
    policies = compiled('@id("x") permit(principal, action, resource == Doorward::Tool::"f/find");')
    assert any("have not been seen yet" in notice.message for notice in policies.notices)
    assert call(policies, "find").decision is ALLOW


def test_a_server_that_is_not_there_is_a_notice() -> None:
    policies = compiled('@id("x") permit(principal, action, resource in Doorward::Server::"nope");')
    assert any("no server 'nope'" in notice.message for notice in policies.notices)


# --- the whole


def test_nothing_at_all_denies_and_says_so() -> None:
    policies = compile_policies(PolicyFiles(), [], SERVERS)
    assert [notice.message for notice in policies.notices] == [
        "nothing permits anything: no policy file and no list of an agent does"
    ]
    verdict = call(policies, "read")
    assert (verdict.decision.reason, verdict.rules, verdict.decision.severity) == (
        "policy.denied",
        ("default-deny",),
        3,
    )
    assert policies.show() == ""


def test_show_prints_every_rule_with_its_place() -> None:
    policies = compiled("\n" + ALL, agents=(Agent(id="agent:a", servers={"f": ("*",)}),))
    assert policies.show().startswith(f"// policies/a.cedar:2\n{ALL}\n\n// identity.agents\n@id(")
    assert policies.rule("all") is policies.rules[0]
    assert [rule.id for rule in policies.rules] == ["all", "agents:agent:a:f"]


def test_the_digest_is_over_all_that_decides() -> None:
    agent = Agent(id="agent:a", servers={"f": ("*",)})
    low = {"f": Server("f", Target(), sensitivity="low")}
    files = PolicyFiles({"a.cedar": ALL})
    digests = [
        compiled(ALL).digest,
        compiled(ALL + " ").digest,
        compiled(ALL, READ).digest,
        compiled(ALL, KnownTool("f", "read", READ.input_schema, read_only=True)).digest,
        compiled(ALL, agents=(agent,)).digest,
        compiled(ALL, facts="a: {pointer: /x, equals: 1}").digest,
        compile_policies(files, [], low).digest,
    ]
    assert len(set(digests)) == len(digests)
    assert compiled(ALL).digest == digests[0]
    assert compiled(ALL).engine.digest == digests[0]


def test_from_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_text(ALL)
    assert call(compile_policies(read_files(tmp_path), [], SERVERS), "x").decision is ALLOW
