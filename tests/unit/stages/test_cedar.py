import json
from types import SimpleNamespace
from typing import Any

import cedarpy
import pytest

from doorward.control.policies.compile import compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool
from doorward.core.decision import ALLOW
from doorward.core.decode import decode
from doorward.core.identity import ANONYMOUS, Grant, Principal
from doorward.core.policy import Mode, Severity
from doorward.core.question import Observed, Question, Verdict
from doorward.core.snapshot import Server, Target
from doorward.stages import cedar
from doorward.stages.cedar import CedarPolicies

SCHEMA = {
    "properties": {
        "path": {"type": "string"},
        "n": {"type": "integer"},
        "opts": {"type": "object", "properties": {"deep": {"type": "string"}}},
    }
}
TOOLS = [KnownTool("f", "read", json.dumps(SCHEMA).encode())]
SERVERS = {"f": Server("f", Target(), sensitivity="high")}
FACTS = "in-data: {pointer: /path, under_path: /data}\ncheap: {pointer: /n, less_than: 10}\n"
AGENT = Grant(Principal("agent:a", "client-1", groups=("staff",)), {})
QUESTION = Question(AGENT, "f", "tools/call", "Tool", "read", 1_700_000_000.0, "10.0.0.1")
PERMIT = '@id("p") permit(principal, action, resource);'
FORBID_N = '@id("n") forbid(principal, action, resource) when { context.arguments has n && context.arguments.n > 5 };'


def engine(text: str) -> CedarPolicies:
    return compile_policies(PolicyFiles({"a.cedar": text, "facts.yaml": FACTS}), (), SERVERS, TOOLS).engine


def judge(text: str, arguments: str = "{}", question: Question = QUESTION) -> Verdict:
    """With the arguments as the strict reader gives them."""
    policies = engine(text)
    bounds, judged = policies.bounds(question), policies.judge(question, decode(arguments.encode(), 64))
    assert bounds.lower <= (judged.decision is ALLOW) <= bounds.upper
    assert judged.upper == judged.lower == (judged.decision is ALLOW)
    return judged


# --- what allows and what denies


def test_a_permit_allows_and_is_named() -> None:
    verdict = judge(PERMIT)
    assert verdict.decision is ALLOW
    assert verdict.rules == ("p",)
    assert verdict.settled


def test_nothing_that_permits_is_default_deny() -> None:
    verdict = judge(PERMIT.replace("principal,", 'principal == Doorward::Agent::"agent:x",'))
    decision = verdict.decision
    assert (decision.reason, decision.severity, decision.rules) == ("policy.denied", Severity.HIGH, ("default-deny",))
    assert decision.what
    assert decision.remedy


def test_a_deny_names_its_forbids_their_messages_and_the_severest() -> None:
    text = PERMIT + (
        '@id("low") @severity("low") @message("ask Ann") forbid(principal, action, resource);'
        '@id("bad") @severity("critical") @message("ask Bob") forbid(principal, action, resource);'
        '@id("not") forbid(principal, action, resource) when { resource.read_only };'
    )
    decision = judge(text).decision
    assert decision.rules == ("bad", "low")
    assert decision.severity is Severity.CRITICAL
    assert "bad, low" in decision.what
    assert decision.remedy == "ask Bob; ask Ann"


def test_a_forbid_that_is_waived_does_not_open_what_nothing_permits() -> None:
    """An override covers every rule of a decision, so a missing permit must be one of them."""
    forbid = '@id("x") @severity("low") forbid(principal, action, resource);'
    alone = judge(forbid).decision
    assert (alone.rules, alone.severity) == (("x", "default-deny"), Severity.HIGH)
    assert judge(forbid + PERMIT).decision.rules == ("x",)
    bounds = engine(forbid).bounds(QUESTION)
    assert bounds.rules == ("x", "default-deny")


def test_nothing_of_the_arguments_is_in_a_refusal() -> None:
    for arguments in ('{"n": 6, "path": "sesame"}', '{"n": "sesame"}'):
        assert "sesame" not in str(judge(PERMIT + FORBID_N, arguments))


# --- the laws, one by one


@pytest.mark.parametrize(
    ("forbid", "arguments"),
    [
        ("context.arguments has n && context.arguments.n * 4611686018427387904 > 0", '{"n": 5}'),  # overflow
        ('Doorward::Tool::"f/other".read_only', "{}"),  # an entity that is not there
    ],
)
def test_allow_needs_an_empty_error_list(forbid: str, arguments: str) -> None:
    """Cedar skips a forbid that ends in an error, and would allow."""
    verdict = judge(PERMIT + f'@id("f") forbid(principal, action, resource) when {{ {forbid} }};', arguments)
    assert (verdict.decision.effect, verdict.decision.reason) == ("deny", "policy.error")
    assert verdict.rules == ("policy-error", "f")


def test_an_error_beside_an_allow_is_a_deny_whatever_cedar_says(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = engine(PERMIT)
    found = SimpleNamespace(errors=["something"], reasons=["p"])
    answer = SimpleNamespace(decision=cedarpy.Decision.Allow, diagnostics=found)
    fake = SimpleNamespace(**{**vars(cedarpy), "is_authorized": lambda *_: answer})
    monkeypatch.setattr(cedar, "cedarpy", fake)
    assert policies.judge(QUESTION, {}).decision.reason == "policy.error"
    assert policies.bounds(QUESTION).upper is False


def test_no_decision_is_a_deny(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(decision=cedarpy.Decision.NoDecision, diagnostics=SimpleNamespace(errors=[], reasons=[]))
    policies = engine(PERMIT)
    monkeypatch.setattr(cedar, "cedarpy", SimpleNamespace(**{**vars(cedarpy), "is_authorized": lambda *_: answer}))
    assert policies.judge(QUESTION, {}).decision.reason == "policy.error"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("null", "policy.unreadable_argument"),
        ("6.0", "policy.unreadable_argument"),
        ("6e0", "policy.unreadable_argument"),
        ('"6"', "policy.unreadable_argument"),
        ("[6]", "policy.unreadable_argument"),
        ("9223372036854775808", "policy.unreadable_argument"),
        ("1" + "0" * 400, "policy.unreadable_argument"),
        ('{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}', "policy.unreadable_argument"),
        ("9007199254740993", "message.ambiguous_number"),
    ],
)
def test_an_argument_that_is_read_and_unreadable_is_never_absent(value: str, reason: str) -> None:
    verdict = judge(PERMIT + FORBID_N, f'{{"n": {value}}}')
    assert (verdict.decision.effect, verdict.decision.reason) == ("deny", reason)
    assert verdict.rules == ("unreadable-argument",)


@pytest.mark.parametrize("name", ["__entity", "__extn", "__expr"])
def test_members_with_a_meaning_to_cedar_are_refused_where_policies_read(name: str) -> None:
    arguments = f'{{"n": 1, "{name}": {{"type": "Doorward::Agent", "id": "agent:x"}}}}'
    assert judge(PERMIT + FORBID_N, arguments).decision.reason == "policy.unreadable_argument"
    assert judge(PERMIT, arguments).decision is ALLOW  # nothing is read, nothing reaches Cedar


def test_an_argument_that_no_policy_reads_is_no_matter() -> None:
    assert judge(PERMIT + FORBID_N, '{"n": 1, "path": null, "opts": [{"__entity": 1}], "more": 1e999}').settled


def test_an_unreadable_argument_that_could_change_nothing_is_no_matter() -> None:
    extra = '@id("q") permit(principal, action, resource) when { context.arguments has n && context.arguments.n > 5 };'
    assert judge(PERMIT + extra, '{"n": null}').decision is ALLOW
    assert judge(extra, '{"n": null}').decision.reason == "policy.unreadable_argument"


ENFORCED = FORBID_N.replace("forbid", '@mode("enforce") forbid')
OVERFLOWS = FORBID_N.replace("> 5", "* 1000000000 > 5")


@pytest.mark.parametrize("arguments", ['{"n": null}', '{"n": 9007199254740993}', '{"n": 1, "N": 9}', '{"n": "9"}'])
def test_a_rule_that_is_enforced_and_cannot_read_refuses_in_every_mode(arguments: str) -> None:
    verdict = judge(PERMIT + ENFORCED, arguments)
    assert verdict.rules == ("unreadable-argument", "n")
    assert [verdict.mode_over(mode) for mode in Mode] == [Mode.ENFORCE] * 4
    assert judge(PERMIT + FORBID_N, arguments).mode_over(Mode.AUDIT) is Mode.AUDIT
    nothing_permits = judge(ENFORCED, arguments)
    assert (nothing_permits.decision is ALLOW, nothing_permits.mode_over(Mode.AUDIT)) == (False, Mode.ENFORCE)


def test_a_rule_that_is_enforced_is_asked_although_another_one_cannot_read() -> None:
    other = ' @id("o") forbid(principal, action, resource) when { context.facts.contains("in-data") };'
    hidden = '"path": "/data/\\u0000"'
    verdict = judge(PERMIT + ENFORCED + other, f'{{"n": 9, {hidden}}}')
    assert (verdict.rules, verdict.mode_over(Mode.AUDIT)) == (("unreadable-argument", "n"), Mode.ENFORCE)
    verdict = judge(PERMIT + ENFORCED + other, f'{{"n": 1, {hidden}}}')
    assert (verdict.rules, verdict.mode_over(Mode.AUDIT)) == (("unreadable-argument",), Mode.AUDIT)


def test_what_an_enforced_rule_cannot_read_is_no_matter_where_it_could_not_apply() -> None:
    elsewhere = ENFORCED.replace("when {", 'when { resource.name == "write" &&')
    assert judge(PERMIT + elsewhere, '{"n": null}').decision is ALLOW


def test_an_error_takes_the_mode_of_the_enforced_rules_that_had_a_part_in_it() -> None:
    huge = '{"n": 9007199254740991}'
    enforced = OVERFLOWS.replace("forbid", '@mode("enforce") forbid')
    assert judge(PERMIT + enforced, huge).mode_over(Mode.AUDIT) is Mode.ENFORCE
    assert judge(PERMIT + OVERFLOWS, huge).mode_over(Mode.AUDIT) is Mode.AUDIT
    masked = judge(PERMIT + ENFORCED + OVERFLOWS.replace('"n"', '"m"'), huge)
    assert (masked.decision.reason, masked.mode_over(Mode.AUDIT)) == ("policy.error", Mode.ENFORCE)


def test_an_engine_that_breaks_refuses_in_every_mode_where_a_rule_is_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = {text: engine(text) for text in (PERMIT + ENFORCED, PERMIT + FORBID_N)}
    monkeypatch.setattr(cedar, "cedarpy", None)
    modes = [each.judge(QUESTION, {}).mode_over(Mode.AUDIT) for each in policies.values()]
    assert modes == [Mode.ENFORCE, Mode.AUDIT]


def test_a_tool_whose_schema_an_enforced_rule_waits_for_is_refused_in_every_mode() -> None:
    of_tool = ENFORCED.replace("action,", 'action == Doorward::Action::"tools/call/f/unseen",')
    unseen = Question(AGENT, "f", "tools/call", "Tool", "unseen")
    verdict = judge(PERMIT + of_tool, question=unseen)
    assert (verdict.rules, verdict.mode_over(Mode.AUDIT)) == (("unknown-tool",), Mode.ENFORCE)
    assert judge(PERMIT + of_tool.replace('@mode("enforce")', ""), question=unseen).mode_over(Mode.AUDIT) is Mode.AUDIT


def test_the_entity_asked_for_is_there_although_no_manifest_has_it() -> None:
    on_server = '@id("p") permit(principal, action, resource in Doorward::Server::"f");'
    condition = 'resource in Doorward::Server::"f" && resource.destructive && resource.name == "unseen"'
    inside = f'@id("p") permit(principal, action, resource) when {{ {condition} }};'
    unseen = Question(AGENT, "f", "tools/call", "Tool", "unseen")
    assert judge(on_server, question=unseen).decision is ALLOW
    assert judge(inside, question=unseen).decision is ALLOW


def test_a_server_that_is_not_there_is_an_error() -> None:
    assert judge(PERMIT, question=Question(AGENT, "g", "ping")).decision.reason == "policy.error"


@pytest.mark.parametrize("name", ['"', "\\", "\0", "\n", "é|/", "", "x" * 10_000])
def test_names_are_data(name: str) -> None:
    for kind, action in (("Tool", "tools/call"), ("Resource", "resources/read"), ("Task", "tasks/get")):
        assert judge(PERMIT, question=Question(AGENT, "f", action, kind, name)).decision is ALLOW
    who = Grant(Principal(name or "x", issuer="corp", groups=(name,)), {})
    assert judge(PERMIT, question=Question(who, "f", "ping")).decision is ALLOW


# --- facts


def test_facts_are_judged_and_recorded() -> None:
    text = '@id("p") permit(principal, action, resource) when { context.facts.contains("in-data") };'
    verdict = judge(text, '{"path": "/data/x", "n": 1}')
    assert verdict.decision is ALLOW
    assert verdict.facts == ("in-data",)  # the other one is read by nobody
    assert judge(text, '{"path": "/data/../etc"}').rules == ("default-deny",)
    assert judge(text, '{"path": "/data/x\\u0000"}').decision.reason == "policy.unreadable_argument"


def test_a_fact_on_an_ambiguous_number_refuses() -> None:
    text = '@id("p") permit(principal, action, resource) when { context.facts.contains("cheap") };'
    assert judge(text, '{"n": 1.5}').decision is ALLOW
    assert judge(text, '{"n": -9007199254740993}').decision.reason == "message.ambiguous_number"


# --- bounds


@pytest.mark.parametrize(
    ("text", "upper", "lower"),
    [
        (PERMIT, True, True),
        (FORBID_N, False, False),
        (PERMIT + FORBID_N, True, False),
        ('@id("p") permit(principal, action, resource) when { context.arguments has n };', True, False),
        (PERMIT + '@id("q") permit(principal, action, resource) when { context.arguments has n };', True, True),
        (PERMIT + '@id("q") permit(principal, action, resource) when'
         " { context.arguments has n && context.arguments.n * 2 > 1 };", True, False),  # an error would deny
        ('@id("p") permit(principal, action, resource) when { context.arguments has n && resource.read_only };',
         False, False),
        (PERMIT + '@id("f") forbid(principal, action, resource) when'
         " { resource.read_only && context.arguments has n };", True, True),
        (PERMIT + '@id("f") forbid(principal, action, resource) when { context.arguments has n &&'
         " context.arguments.n * 4611686018427387904 > 0 && resource.read_only };", True, False),  # an error too
        (PERMIT + '@id("f") forbid(principal, action, resource) unless { context.facts.contains("in-data") };',
         True, False),
        (PERMIT + '@id("f") forbid(principal, action == Doorward::Action::"other", resource)'
         ' when { context.facts.contains("in-data") };', True, True),
    ],
)  # fmt: skip
def test_bounds(text: str, upper: bool, lower: bool) -> None:
    bounds = engine(text).bounds(QUESTION)
    assert (bounds.upper, bounds.lower) == (upper, lower)
    # What is denied in any case may still be denied by more rules once the arguments are seen.
    assert bounds.settled is (upper == lower and not bounds.open)
    assert upper or bounds.open or "context" not in text


def test_what_is_denied_in_any_case_is_not_settled_where_arguments_add_a_rule() -> None:
    text = '@id("a") forbid(principal, action, resource);' + FORBID_N
    assert not engine(text).bounds(QUESTION).settled
    assert engine('@id("a") forbid(principal, action, resource);').bounds(QUESTION).settled


def test_a_method_without_arguments_is_settled() -> None:
    bounds = engine(PERMIT + FORBID_N).bounds(Question(AGENT, "f", "initialize"))
    assert (bounds.upper, bounds.lower, bounds.settled) == (True, True, True)


# --- what is kept


def asked_of_cedar(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def counted(*args: Any) -> Any:
        calls.append(args)
        return cedarpy.is_authorized(*args)

    monkeypatch.setattr(cedar, "cedarpy", SimpleNamespace(**{**vars(cedarpy), "is_authorized": counted}))
    return calls


def test_what_only_caller_action_and_resource_decide_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = asked_of_cedar(monkeypatch)
    policies = engine('@id("p") permit(principal in Doorward::Group::"staff", action, resource);')
    assert policies.judge(QUESTION, {}).decision is ALLOW
    assert policies.judge(QUESTION, {"n": 1}).decision is ALLOW
    assert policies.bounds(QUESTION).decision is ALLOW
    assert len(calls) == 1
    outsider = Question(Grant(Principal("agent:a", "client-1"), {}), "f", "tools/call", "Tool", "read")
    assert policies.judge(outsider, {}).decision is not ALLOW
    other = Question(AGENT, "f", "tools/call", "Tool", "other")
    assert policies.judge(other, {}).decision is ALLOW
    assert len(calls) == 3


@pytest.mark.parametrize(
    "condition",
    [
        'context.time < datetime("2024-01-01")',
        'context has source_ip && context.source_ip.isInRange(ip("10.0.0.0/8"))',
        'context.subject == "agent:a"',
        'context.chain.contains("agent:z")',
        'context.client_id == "client-1"',
    ],
)
def test_what_reads_the_context_is_not(condition: str) -> None:
    policies = engine(f'@id("p") permit(principal, action, resource) when {{ {condition} }};')
    early, late = QUESTION, Question(AGENT, "f", "tools/call", "Tool", "read", 1_800_000_000.0, "192.0.2.1")
    delegated = Question(
        Grant(Principal("agent:a", "client-1", groups=("staff",)), {}, subject="x"),
        "f", "tools/call", "Tool", "read", 1_800_000_000.0, "192.0.2.1",
    )  # fmt: skip
    verdicts = [policies.judge(question, {}).decision is ALLOW for question in (early, late, delegated)]
    expected = {
        "context.time": [True, False, False],
        "context has source_ip": [True, False, False],
        "context.subject": [True, True, False],
        "context.chain": [False, False, False],
        "context.client_id": [True, True, True],
    }
    assert verdicts == next(value for start, value in expected.items() if condition.startswith(start))


def test_long_names_are_judged_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = asked_of_cedar(monkeypatch)
    policies = engine(PERMIT)
    for _ in range(2):
        assert policies.bounds(Question(AGENT, "f", "resources/read", "Resource", "x" * 513)).decision is ALLOW
    assert len(calls) == 2


def test_an_error_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = engine(PERMIT)
    with monkeypatch.context() as broken:
        broken.setattr(cedar, "cedarpy", SimpleNamespace(Entities=cedarpy.Entities, Schema=cedarpy.Schema))
        assert policies.bounds(QUESTION).decision.reason == "policy.error"
    assert policies.bounds(QUESTION).decision is ALLOW


# --- modes


def test_a_forbid_in_audit_or_warn_is_observed_and_decides_nothing() -> None:
    text = PERMIT + (
        '@id("seen") @mode("warn") @severity("low") @message("soon") forbid(principal, action, resource);'
        '@id("big") @mode("audit") forbid(principal, action, resource)'
        " when { context.arguments has n && context.arguments.n > 5 };"
    )
    verdict = judge(text, '{"n": 1}')
    assert verdict.decision is ALLOW
    assert verdict.observed == (Observed("seen", Mode.WARN, Severity.LOW, "soon"),)
    assert {seen.rule for seen in judge(text, '{"n": 9}').observed} == {"seen", "big"}
    unreadable = judge(text, '{"n": null}')
    assert unreadable.decision is ALLOW
    assert {seen.rule for seen in unreadable.observed} == {"big"}


def test_what_may_still_be_observed_is_not_settled() -> None:
    text = PERMIT + FORBID_N.replace('@id("n")', '@id("n") @mode("audit")')
    bounds = engine(text).bounds(QUESTION)
    assert (bounds.upper, bounds.lower, bounds.settled) == (True, True, False)
    assert judge(text, '{"n": 9}').observed[0].rule == "n"


def test_an_observed_forbid_that_fails_is_observed() -> None:
    text = (
        PERMIT + '@id("x") @mode("warn") forbid(principal, action, resource) when { Doorward::Tool::"f/q".read_only };'
    )
    verdict = judge(text)
    assert verdict.decision is ALLOW
    assert [seen.rule for seen in verdict.observed] == ["x"]


@pytest.mark.parametrize(
    ("marks", "mode", "over_soft", "over_enforce"),
    [
        (["soft"], Mode.SOFT, Mode.SOFT, Mode.SOFT),
        (["enforce", "soft"], Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE),
        ([""], None, Mode.SOFT, Mode.ENFORCE),
        (["soft", ""], Mode.SOFT, Mode.SOFT, Mode.ENFORCE),  # one of them has the tool's mode: the stricter holds
        (["enforce", ""], Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE),
    ],
)
def test_the_mode_of_the_rules_that_decided(
    marks: list[str], mode: Mode | None, over_soft: Mode, over_enforce: Mode
) -> None:
    forbids = "".join(
        f'@id("f{number}") {f"""@mode("{mark}")""" if mark else ""} forbid(principal, action, resource);'
        for number, mark in enumerate(marks)
    )
    verdict = judge(PERMIT + forbids)
    assert verdict.mode == mode
    assert verdict.mode_over(Mode.SOFT) == over_soft
    assert verdict.mode_over(Mode.ENFORCE) == over_enforce


def test_a_missing_permit_has_the_tools_mode() -> None:
    verdict = judge('@id("f") @mode("soft") forbid(principal, action, resource);')
    assert verdict.rules == ("f", "default-deny")
    assert verdict.mode_over(Mode.ENFORCE) is Mode.ENFORCE


# --- who


def test_issuers_speak_for_themselves_only() -> None:
    text = '@id("p") permit(principal in Doorward::Group::"corp|admins", action, resource);'
    for principal, allowed in (
        (Principal("bob", issuer="corp", groups=("admins",)), True),
        (Principal("bob", issuer="other", groups=("admins", "corp|admins")), False),
        (Principal("agent:a", groups=("admins", "corp|admins")), False),
        (ANONYMOUS, False),
    ):
        question = Question(Grant(principal, {}), "f", "ping")
        assert (judge(text, question=question).decision is ALLOW) is allowed


def test_the_operators_sensitivity_is_an_attribute() -> None:
    text = '@id("p") permit(principal, action, resource) when { resource.sensitivity == "high" };'
    assert judge(text).decision is ALLOW
