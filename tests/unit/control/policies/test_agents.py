from doorward.config import Agent
from doorward.control.policies.agents import agent_rules
from doorward.control.policies.compile import compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool
from doorward.core.decision import ALLOW
from doorward.core.identity import Grant, Principal
from doorward.core.question import Question
from doorward.core.snapshot import Server, Target
from doorward.stages.cedar import CedarPolicies

SERVERS = {"crm": Server("crm", Target()), "files": Server("files", Target())}


def engine(servers: dict[str, tuple[str, ...]], *tools: str) -> CedarPolicies:
    agent = Agent(id="agent:a", servers=servers)
    return compile_policies(PolicyFiles(), [agent], SERVERS, [KnownTool("crm", tool) for tool in tools]).engine


def may(policies: CedarPolicies, tool: str, *, server: str = "crm", agent: str = "agent:a") -> bool:
    question = Question(Grant(Principal(agent), {}), server, "tools/call", "Tool", tool)
    judged = policies.judge(question, {})
    assert policies.bounds(question).upper == (judged.decision is ALLOW)
    return judged.decision is ALLOW


def test_a_list_is_a_policy_of_its_own() -> None:
    [parsed], notices = agent_rules([Agent(id="agent:a", servers={"crm": ("find",)})], {})
    assert parsed.rule.id == "agents:agent:a:crm"
    assert parsed.rule.text == (
        '@id("agents:agent:a:crm")\npermit (\n  principal == Doorward::Agent::"agent:a",\n  action,\n'
        '  resource in Doorward::Server::"crm"\n)\n'
        'when { !(action in Doorward::Action::"tools/call") || resource in [Doorward::Tool::"crm/find"] };'
    )
    assert notices == []


def test_names_are_allowed_seen_or_not() -> None:
    policies = engine({"crm": ("find", "later")}, "find")
    assert may(policies, "find")
    assert may(policies, "later")
    assert not may(policies, "wipe")
    assert not may(policies, "find", server="files")
    assert not may(policies, "find", agent="agent:b")


def test_globs_mean_the_tools_seen_so_far_and_say_so() -> None:
    policies = engine({"crm": ("get_*",)}, "get_one", "put_one")
    assert may(policies, "get_one")
    assert not may(policies, "put_one")
    assert not may(policies, "get_later")
    _, [notice] = agent_rules([Agent(id="agent:a", servers={"crm": ("get_*",)})], {"crm": ["get_one"]})
    assert "'get_*' matches 1 of the tools seen so far" in notice.message
    assert notice.path == "identity.agents[0].servers.crm"


def test_a_star_means_the_whole_server() -> None:
    policies = engine({"crm": ("*",)})
    assert may(policies, "anything")
    assert not may(policies, "anything", server="files")


def test_the_rest_of_the_protocol_comes_with_the_server() -> None:
    policies = engine({"crm": ()})
    grant = Grant(Principal("agent:a"), {})
    assert policies.bounds(Question(grant, "crm", "initialize")).decision is ALLOW
    assert policies.bounds(Question(grant, "crm", "resources/read", "Resource", "x://y")).decision is ALLOW
    assert not may(policies, "find")
    assert policies.bounds(Question(grant, "files", "initialize")).decision is not ALLOW


def test_names_that_no_grammar_foresaw() -> None:
    odd = 'a"b\\c\n\x00*'
    policies = engine({"crm": ("a*",)}, odd)
    assert may(policies, odd)
    assert not may(policies, "ab")
