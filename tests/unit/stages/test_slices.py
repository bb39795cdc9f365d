from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.parse import parse_files
from doorward.core.identity import Grant, Principal
from doorward.core.question import Question
from doorward.core.rules import ToolFacts
from doorward.stages.entities import Parties, parties
from doorward.stages.slices import Bounded, Slice, Slices, servers_of

TEXT = """
@id("f-all") permit(principal, action, resource in Doorward::Server::"f");
@id("g-all") permit(principal, action, resource in Doorward::Server::"g");
@id("f-read") permit(principal, action == Doorward::Action::"tools/call/f/read", resource);
@id("staff") permit(principal in Doorward::Group::"staff", action, resource);
@id("a") forbid(principal == Doorward::Agent::"agent:a", action, resource is Doorward::Tool);
@id("seen") @mode("warn") forbid(principal, action, resource) when { context.client_id == "x" };
"""
PARSED, _, _ = parse_files(PolicyFiles({"a.cedar": TEXT}))
RULES = [each.rule for each in PARSED]
TOOLS = {("f", "read"): ToolFacts()}


def asked(question: Question) -> Parties:
    return parties(question, TOOLS)


def chosen(slices: Slices, server: str, name: str, agent: str = "agent:b", *groups: str) -> Slice:
    grant = Grant(Principal(agent, groups=groups), {})
    return slices.of(server, asked(Question(grant, server, "tools/call", "Tool", name)))


def ids(found: Slice) -> set[str]:
    return {*found.deciding.rules, *found.observed.rules}


def test_a_slice_holds_what_no_head_excludes() -> None:
    slices = Slices(RULES)
    assert ids(chosen(slices, "f", "read")) == {"f-all", "f-read", "seen"}
    assert ids(chosen(slices, "f", "other")) == {"f-all", "seen"}
    assert ids(chosen(slices, "g", "read", "agent:a", "staff")) == {"g-all", "staff", "a", "seen"}
    assert ids(chosen(slices, "h", "read")) == {"seen"}


def test_observed_rules_are_apart() -> None:
    found = chosen(Slices(RULES), "f", "read")
    assert set(found.observed.rules) == {"seen"}
    assert not found.steady  # it reads the client
    assert not found.open


def test_names_that_no_head_holds_share_a_slice() -> None:
    slices = Slices(RULES)
    first = chosen(slices, "f", "one")
    assert chosen(slices, "f", "two", "agent:c", "unheard-of") is first
    assert chosen(slices, "f", "read") is not first


def test_the_same_rules_are_the_same_slice() -> None:
    slices = Slices([rule for rule in RULES if rule.id != "a"])
    assert chosen(slices, "f", "x", "agent:a") is chosen(slices, "f", "y", "agent:b")


def test_rules_are_kept_by_server() -> None:
    by_id = {rule.id: servers_of(rule) for rule in RULES}
    assert by_id == {"f-all": {"f"}, "g-all": {"g"}, "f-read": {"f"}, "staff": None, "a": None, "seen": None}


def test_what_is_kept_is_bounded() -> None:
    kept: Bounded[int, int] = Bounded(32)
    for number in range(1000):
        kept.put(number, number)
    held = [number for number in range(1000) if kept.get(number) is not None]
    assert len(held) <= 32
    assert held[-1] == 999
