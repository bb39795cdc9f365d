"""Policies on the way of a call: what they deny, in which mode, and what the records say of it."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from tests.functional.pipeline.bench import SECRET, Literal, actions, body, call, result, rule, server
from tests.functional.pipeline.policed import EVERYTHING, GRANT, SECOND, Policed, compiled, grant
from tests.waiting import until

from doorward.core.identity import Principal
from doorward.core.policy import Mode
from doorward.core.snapshot import Server

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
PERMIT = '@id("all") permit(principal, action, resource);'
PATHS = (
    PERMIT
    + """
@id("no-etc") forbid(principal, action, resource == Doorward::Tool::"crm/find")
  when { context.arguments has path && context.arguments.path like "/etc*" };
"""
)


def kept_to(name: str, mode: str = "", severity: str = "") -> str:
    marks = (f'@mode("{mode}")' if mode else "") + (f'@severity("{severity}")' if severity else "")
    return PERMIT + f'@id("{name}") {marks} forbid(principal, action, resource == Doorward::Tool::"crm/find");'


@pytest.mark.parametrize("mode", ENFORCING)
async def test_arguments_decide(mode: Mode) -> None:
    bench = Policed(mode, PATHS)
    assert (await bench.send(call(1, arguments={"path": "/data"}))).json == json.loads(result(1))
    client = await bench.send(call(2, arguments={"path": "/etc/shadow"}))
    assert client.reason == "policy.denied"
    assert "no-etc" in client.json["result"]["_meta"]["io.doorward/decision"]["rules"]
    assert len(bench.server.seen) == 1
    assert bench.records[-1].rules == ("no-etc",)
    assert (await bench.send(call(3, arguments={"path": "/data"}))).json == json.loads(result(3))


@pytest.mark.parametrize("mode", WATCHING)
async def test_watching_modes_pass_and_say_so(mode: Mode) -> None:
    bench = Policed(mode, PATHS)
    data = call(2, arguments={"path": "/etc/shadow"})
    assert (await bench.send(data)).json == json.loads(result(2))
    assert bench.server.seen[0].body == data
    assert {(r.would_have, r.reason, r.rules) for r in bench.records} == {("deny", "policy.denied", ("no-etc",))}


@pytest.mark.parametrize("mode", ENFORCING)
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", {"name": "find"}),
        ("resources/read", {"uri": "file:///x"}),
        ("resources/subscribe", {"uri": "file:///x"}),
        ("prompts/get", {"name": "p"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}}),
        ("tasks/get", {"taskId": "mine"}),
    ],
)
async def test_without_a_permit_everything_is_denied_but_the_handshake(mode: Mode, method: str, params: Any) -> None:
    bench = Policed(mode, "")
    bench.catalogue.tasks.remember("crm", "mine", "\0agent:a\0agent:a")
    client = await bench.send(body(1, method, params))
    assert client.reason == "policy.denied"
    assert bench.records[-1].rules == ("default-deny",)
    assert not bench.server.seen
    assert (await bench.send(body(2, "initialize", {"protocolVersion": "2025-11-25"}))).json["result"] == {}
    assert bench.records[-1].rules == ()  # what is allowed was not denied by a rule


@pytest.mark.parametrize("mode", WATCHING)
async def test_an_enforcing_rule_enforces_where_the_server_only_watches(mode: Mode) -> None:
    bench = Policed(mode, kept_to("hard", "enforce"))
    assert (await bench.send(call(1))).reason == "policy.denied"
    assert (await bench.send(call(2, "read"))).json == json.loads(result(2))


async def test_an_enforcing_rule_holds_for_callers_without_a_name_too() -> None:
    bench = Policed(crm=server(Mode.AUDIT, anonymous=True), text=kept_to("hard", "enforce"))
    assert (await bench.send(call(1), token=None)).reason == "policy.denied"
    assert not bench.server.seen
    assert (await bench.send(call(2, "read"), token=None)).json == json.loads(result(2))


@pytest.mark.parametrize("mode", ENFORCING)
@pytest.mark.parametrize("own", ["audit", "warn"])
async def test_a_watching_rule_decides_nothing_and_is_recorded(mode: Mode, own: str) -> None:
    bench = Policed(mode, kept_to("tried", own))
    assert (await bench.send(call(1))).json == json.loads(result(1))
    assert {r.would_have for r in bench.records} == {"deny"}
    assert all("tried" in r.rules for r in bench.records)


async def test_soft_lets_a_mild_rule_pass_and_enforce_does_not() -> None:
    text = kept_to("mild", severity="low")
    bench = Policed(Mode.SOFT, text)
    assert (await bench.send(call(1))).json == json.loads(result(1))
    assert bench.records[-1].would_have == "deny"
    assert (await Policed(Mode.ENFORCE, text).send(call(1))).reason == "policy.denied"
    unpermitted = Policed(Mode.SOFT, text.removeprefix(PERMIT))
    assert (await unpermitted.send(call(1))).reason == "policy.denied"


@pytest.mark.parametrize("value", [None, 1.5, 2**70, ["x"]])
async def test_an_argument_that_no_policy_can_read_is_a_violation(value: Any) -> None:
    bench = Policed(text=PATHS)
    assert (await bench.send(call(1, arguments={"path": value}))).reason.startswith(("policy.", "message."))
    assert not bench.server.seen


async def test_it_is_asked_again_when_redaction_changed_the_arguments() -> None:
    text = PATHS.replace("/etc*", "*<US_SSN>*")
    bench = Policed(text=text, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    assert (await bench.send(call(1, arguments={"path": SECRET}))).reason == "policy.denied"
    assert not bench.server.seen
    got = (await bench.send(call(1, arguments={"q": SECRET}))).json["result"]
    said = {"count": 0, "entities": [], "arguments": {"count": 1, "entities": ["US_SSN"]}}
    assert got == {"_meta": {"io.doorward/redaction": said}}  # the client is told what the server did not get
    assert all(record.rules.count("all") == 1 for record in bench.records[-2:])  # asked twice, said once


async def test_one_message_may_ask_for_several_things_and_needs_all() -> None:
    text = PERMIT + '@id("no") forbid(principal, action, resource == Doorward::Resource::"crm/file:///b");'
    bench = Policed(text=text)
    params = {"notifications": {"resourceSubscriptions": ["file:///a", "file:///b"]}}
    assert (await bench.modern("subscriptions/listen", params)).reason == "policy.denied"
    assert not bench.server.seen


async def test_groups_and_names_of_issuers_do_not_speak_for_each_other() -> None:
    text = '@id("corp") permit(principal in Doorward::Group::"corp|staff", action, resource);'
    worth = {
        GRANT: grant(who=Principal("bob", issuer="corp", groups=("staff",))),
        SECOND: grant(who=Principal("bob", issuer="else", groups=("staff",))),
    }
    bench = Policed(text=text, worth=worth)
    assert (await bench.send(call(1))).json == json.loads(result(1))
    assert (await bench.send(call(1), token=SECOND)).reason == "policy.denied"


@pytest.mark.parametrize("crm", [server(), server(Mode.SOFT), server(Mode.AUDIT, tools=(rule("drop", Mode.ENFORCE),))])
@pytest.mark.parametrize(
    ("method", "params"),
    [("tools/call", {"name": "drop"}), ("resources/read", {"uri": "file:///x"}), ("tasks/cancel", {"taskId": "t"})],
)
async def test_a_request_without_an_id_is_no_way_around_the_policies(crm: Server, method: str, params: Any) -> None:
    """Servers may well act on it, and to policies, tasks and limits it would be a mere notification."""
    bench = Policed(text="", crm=crm)
    assert (await bench.send(body(None, method, params))).reason == "message.invalid_envelope"
    assert not bench.server.seen
    watched = Policed(Mode.AUDIT, "")
    await watched.send(body(None, method, params))
    assert len(watched.server.seen) == 1
    assert watched.records[0].would_have == "deny"


@pytest.mark.parametrize("crm", [server(), server(Mode.AUDIT, strict_reading=True)])
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/read", {"uri": ["file:///secret"]}),
        ("prompts/get", {"name": ["secret"]}),
        ("tools/call", {"name": ["drop"], "arguments": {}}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": ["secret"]}, "argument": {}}),
        ("tasks/get", {"taskId": ["theirs"]}),
        ("tasks/cancel", {"taskId": 5}),
    ],
)
async def test_a_name_that_is_no_text_is_no_way_around_the_policies(crm: Server, method: str, params: Any) -> None:
    """JavaScript takes a list of one text for that text, in keys and in URLs; and 5 for "5"."""
    text = EVERYTHING + "".join(
        f'@id("{kind}") forbid(principal, action, resource == Doorward::{kind}::"crm/{name}");'
        for kind, name in (("Resource", "file:///secret"), ("Prompt", "secret"), ("Tool", "drop"))
    )
    bench = Policed(text=text, crm=crm)
    bench.catalogue.tasks.remember("crm", "theirs", "somebody else")
    assert (await bench.send(body(1, method, params))).reason == "message.invalid_params"
    assert not bench.server.seen
    watched = Policed(Mode.AUDIT, text)
    await watched.send(body(1, method, params))
    assert len(watched.server.seen) == 1
    assert (watched.records[0].would_have, watched.records[-1].reason) == ("deny", "message.invalid_params")


# -- the digest that it was decided with


@pytest.mark.parametrize("sse", [False, True])
async def test_every_record_has_the_digest_it_was_decided_with_also_over_a_reload(sse: bool) -> None:
    bench = Policed()
    release = asyncio.Event()
    note = b"data: " + body("s-1", "sampling/createMessage", {}) + b"\n\n"
    strict = msgspec.structs.replace(bench.snapshot.servers["crm"], server_requests=None)
    bench.live.snapshot = msgspec.structs.replace(bench.snapshot, servers={"crm": strict})

    async def script(sent: Any) -> Any:
        await release.wait()
        if sse and b"tools/call" in sent.body:
            return bench.server.stream(note, b"data: " + result(1) + b"\n\n")
        return bench.server.json(result(1))

    bench.server.script = script
    client, task = bench.start(call(1))
    await until(lambda: len(bench.server.seen) == 1)
    nothing = compiled("", bench.snapshot.servers["crm"]).engine
    bench.live.swap(msgspec.structs.replace(bench.live.snapshot, version=2, policy_digest="newer", policies=nothing))
    release.set()
    await task
    assert {record.policy_digest for record in bench.records} == {"digest"}
    assert len(bench.records) == (3 if sse else 2)  # the refused question of the server among them
    assert (client.data if sse else [client.reply and client.reply.body]) == [result(1)]
    first = len(bench.records)
    assert (await bench.send(call(1))).reason == "policy.denied"
    assert {record.policy_digest for record in bench.records[first:]} == {"newer"}


async def test_a_faulty_reading_of_a_list_that_refines_the_policies_mid_call_changes_nothing_of_it() -> None:
    """``refine`` keeps the version: a call under way still ends with what it began with."""
    bench = Policed()
    release = asyncio.Event()

    async def script(_: Any) -> Any:
        await release.wait()
        return bench.server.json(result(1))

    bench.server.script = script
    _, task = bench.start(call(1))
    await until(lambda: len(bench.server.seen) == 1)
    bench.live.refine(msgspec.structs.replace(bench.snapshot, policy_digest="refined"))
    release.set()
    await task
    assert [record.policy_digest for record in bench.records] == ["digest", "digest"]
