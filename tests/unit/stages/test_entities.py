import json

import pytest

from doorward.core.identity import ANONYMOUS, Grant, Principal
from doorward.core.question import Question
from doorward.core.rules import Shape, ToolFacts, Uid
from doorward.stages.entities import context, entities_json, parties, principal_of

SHAPE = Shape("Record", members={"x": Shape("String")})
TOOLS = {("f", "read"): ToolFacts(SHAPE, read_only=True, destructive=False)}
GRANT = Grant(Principal("agent:a", "client", act=("agent:b", "agent:c")), {})
EVERYTHING = frozenset({"subject", "chain", "time", "source_ip", "client_id"})


@pytest.mark.parametrize(
    ("principal", "uid", "groups"),
    [
        (Principal("agent:a", groups=("g",)), Uid("Agent", "agent:a"), {"g"}),
        (Principal("bob", issuer="corp", groups=("g",)), Uid("User", "corp|bob"), {"corp|g"}),
        (Principal("agent:a", issuer="corp"), Uid("User", "corp|agent:a"), set()),  # an issuer makes nobody our agent
        (Principal("user:eve", "doorward run"), Uid("User", "user:eve"), set()),
        (Principal("corp|bob"), Uid("User", "|corp|bob"), set()),  # nor does a local name anybody an issuer's user
        (Principal("agent:a", groups=("corp|g",)), Uid("Agent", "agent:a"), {"|corp|g"}),
        (ANONYMOUS, Uid("Anonymous", "anonymous"), set()),
        (Principal("anonymous", issuer="corp"), Uid("User", "corp|anonymous"), set()),
    ],
)
def test_who(principal: Principal, uid: Uid, groups: set[str]) -> None:
    found, inside = principal_of(principal)
    assert found == uid
    assert inside == {Uid("Group", group) for group in groups}


def test_a_tool_with_a_known_schema_has_its_own_action() -> None:
    asked = parties(Question(GRANT, "f", "tools/call", "Tool", "read"), TOOLS)
    assert asked.action == Uid("Action", "tools/call/f/read")
    assert asked.actions == {Uid("Action", "tools/call")}
    assert asked.shape == SHAPE
    unknown = parties(Question(GRANT, "g", "tools/call", "Tool", "read"), TOOLS)
    assert (unknown.action, unknown.actions) == (Uid("Action", "tools/call"), frozenset())
    assert not unknown.shape.members


def test_another_method_about_a_tool_has_no_arguments_of_it() -> None:
    asked = parties(Question(GRANT, "f", "sampling/createMessage", "Tool", "read"), TOOLS)
    assert asked.action == Uid("Action", "sampling/createMessage")
    assert not asked.shape.members
    assert asked.facts.read_only


@pytest.mark.parametrize(
    ("kind", "name", "read_only", "destructive"),
    [
        ("Tool", "read", True, False),
        ("Tool", "in no manifest", False, True),
        ("Prompt", "p", True, False),
        ("Resource", "x://y", True, False),
        ("Task", "t", False, True),
    ],
)
def test_what_is_asked_for_is_always_there_in_its_server(
    kind: str, name: str, read_only: bool, destructive: bool
) -> None:
    question = Question(GRANT, "f", "other", kind, name)
    known = json.loads(entities_json(parties(question, TOOLS), question, "high", "low"))
    [server] = [entity for entity in known if entity["uid"]["type"] == "Doorward::Server"]
    [asked] = [entity for entity in known if entity["uid"] == {"type": f"Doorward::{kind}", "id": f"f/{name}"}]
    assert asked["parents"] == [server["uid"]]
    assert asked["attrs"] == {
        "name": name,
        "sensitivity": "high",
        "read_only": read_only,
        "destructive": destructive,
    }
    assert server["attrs"]["sensitivity"] == "low"


def test_without_a_kind_it_is_the_server() -> None:
    question = Question(GRANT, "f", "initialize")
    asked = parties(question, TOOLS)
    assert asked.resource == Uid("Server", "f")
    assert len(json.loads(entities_json(asked, question, "low", "low"))) == 2


def test_the_context_holds_what_is_read() -> None:
    question = Question(GRANT, "f", "other", now=1_700_000_000.25, source_ip="10.0.0.1")
    assert context(question, EVERYTHING) == {
        "subject": "agent:a",
        "chain": ["agent:b", "agent:c"],
        "client_id": "client",
        "time": {"__extn": {"fn": "datetime", "arg": "2023-11-14T22:13:20.250Z"}},
        "source_ip": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}},
    }
    assert context(question, frozenset()) == {}


def test_the_subject_is_for_whom() -> None:
    exchanged = Grant(Principal("agent:a"), {}, subject="corp|bob")
    assert context(Question(exchanged, "f", "other"), frozenset({"subject"})) == {"subject": "corp|bob"}
    user = Grant(Principal("bob", issuer="corp"), {})
    assert context(Question(user, "f", "other"), frozenset({"subject"})) == {"subject": "corp|bob"}


@pytest.mark.parametrize(
    ("written", "read"),
    [("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("", None), ("pipe", None)],
)
def test_addresses(written: str, read: str | None) -> None:
    made = context(Question(GRANT, "f", "other", source_ip=written), frozenset({"source_ip"}))
    assert made == ({"source_ip": {"__extn": {"fn": "ip", "arg": read}}} if read else {})
