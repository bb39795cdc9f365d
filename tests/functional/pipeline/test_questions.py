"""What servers ask of clients, and what clients answer: refused where enforced unless configured, in both eras."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import LEGACY, Bench, body, call, event, result, server
from tests.functional.pipeline.policed import EVERYTHING, Policed

from doorward.core.policy import Mode

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
METHODS = {"sampling": "sampling/createMessage", "elicitation": "elicitation/create", "roots": "roots/list"}
ASKS = {"method": "elicitation/create", "params": {"message": "who are you?"}}
HOLDS = [
    {"resultType": "input_required", "inputRequests": {"a": ASKS}},
    {"inputRequests": {"a": ASKS}},
    {"resultType": "task", "taskId": "t", "inputRequests": {"a": ASKS}},
    {"task": {"taskId": "t", "inputRequests": {"a": ASKS}}},
]


def asking(bench: Bench, method: str) -> bytes:
    question = event(body("s-1", method, {"messages": []}), b"id: 7")
    answers = bench.server.stream(question, event(result(1)))
    bench.server.script = lambda sent: bench.server.json(b"", 202, headers=()) if b'"error"' in sent.body else answers
    return question


@pytest.mark.parametrize("mode", ENFORCING)
@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("allowed", [None, frozenset(), "others"])
async def test_a_legacy_question_is_answered_by_us_and_never_shown(mode: Mode, kind: str, allowed: Any) -> None:
    others = frozenset(METHODS) - {kind} if allowed == "others" else allowed
    bench = Bench(crm=server(mode, server_requests=others))
    asking(bench, METHODS[kind])
    client = await bench.send(call(1), session=bench.sealed(), version=LEGACY.encode())
    assert client.data == [result(1)]
    assert client.events[0] == b"id: 7\n\n"
    told = json.loads(bench.server.seen[1].body)
    assert (told["id"], told["error"]["data"]["reason"]) == ("s-1", "policy.server_request")
    assert bench.server.seen[1].session == "upstream-1"
    assert [(r.kind, r.reason) for r in bench.records] == [
        ("exchange", ""), ("message", "policy.server_request"), ("exchange", ""),
    ]  # fmt: skip
    assert bench.records[-1].decision == "allow"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", METHODS)
async def test_what_is_configured_passes_byte_for_byte(mode: Mode, kind: str) -> None:
    bench = Bench(crm=server(mode, server_requests=frozenset({kind})))
    question = asking(bench, METHODS[kind])
    client = await bench.send(call(1))
    assert client.events == [question, event(result(1))]
    assert all(record.would_have is None for record in bench.records)


@pytest.mark.parametrize("mode", WATCHING)
@pytest.mark.parametrize("kind", METHODS)
async def test_watching_modes_pass_a_question_and_say_so(mode: Mode, kind: str) -> None:
    bench = Bench(crm=server(mode, server_requests=None))
    question = asking(bench, METHODS[kind])
    client = await bench.send(call(1))
    assert client.events == [question, event(result(1))]
    assert (bench.records[-1].would_have, bench.records[-1].reason) == ("deny", "policy.server_request")
    assert len(bench.server.seen) == 1


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("held", HOLDS)
async def test_a_modern_question_makes_the_result_a_refusal(mode: Mode, held: Any) -> None:
    bench = Bench(crm=server(mode, server_requests=frozenset({"roots"})))
    data = result(1, held)
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.modern("tools/call", {"name": "find"})
    assert client.reply is not None
    if mode.enforcing:
        assert client.reason == "policy.server_request"
        assert b"who are you" not in client.reply.body
    else:
        assert client.reply.body == data
        assert bench.records[-1].would_have == "deny"
    allowed = Bench(crm=server(mode, server_requests=frozenset({"elicitation"})))
    allowed.server.script = lambda _: allowed.server.json(data)
    reply = (await allowed.modern("tools/call", {"name": "find"})).reply
    assert reply is not None
    assert reply.body == data


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("identifier", [1, None, "server-error"])
async def test_the_error_that_asks_is_a_question_whatever_its_id(mode: Mode, status: int, identifier: Any) -> None:
    bench = Bench(crm=server(mode, server_requests=None))
    error = {"code": -32042, "message": "go there", "data": {"elicitations": [{"url": "https://x.example"}]}}
    data = json.dumps({"jsonrpc": "2.0", "id": identifier, "error": error}).encode()
    bench.server.script = lambda _: bench.server.json(data, status)
    client = await bench.send(call(1))
    assert client.reply is not None
    if mode.enforcing:
        assert b"x.example" not in client.reply.body
        assert bench.records[-1].decision in ("deny", "error")
    else:
        assert client.reply.body == data


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_state_of_a_task_that_asks(mode: Mode) -> None:
    bench = Bench(crm=server(mode, server_requests=None))
    state = body(None, "notifications/tasks", {"taskId": "t", "inputRequests": {"a": ASKS}})
    bench.server.script = lambda _: bench.server.stream(event(state), event(result(1)))
    client = await bench.modern("tools/call", {"name": "find"})
    assert client.data == ([result(1)] if mode.enforcing else [state, result(1)])


@pytest.mark.parametrize("mode", list(Mode))
async def test_an_answer_to_what_may_not_be_asked_goes_no_further(mode: Mode) -> None:
    bench = Bench(crm=server(mode, server_requests=None))
    answer = json.dumps({"jsonrpc": "2.0", "id": "s-1", "result": {"action": "accept", "content": {}}}).encode()
    legacy = await bench.send(answer, session=bench.sealed())
    assert bool(bench.server.seen) is not mode.enforcing
    assert bench.records[0].reason == "policy.server_request"
    assert legacy.reply is not None
    params = {"name": "find", "inputResponses": {"a": {"action": "accept", "content": {}}}}
    bench.server.seen.clear()
    modern = await bench.modern("tools/call", params)
    assert bool(bench.server.seen) is not mode.enforcing
    if mode.enforcing:
        assert modern.reason == "policy.server_request"
    else:
        assert bench.records[-1].would_have == "deny"
    allowed = Bench(crm=server(mode, server_requests=frozenset({"elicitation"})))
    assert (await allowed.send(answer, session=allowed.sealed())).reply is not None
    assert allowed.server.seen[0].body == answer
    assert (await allowed.modern("tools/call", params)).json["result"] == {}


async def test_a_question_on_a_stream_that_stays_open_is_answered_by_us_too() -> None:
    bench = Bench(crm=server(server_requests=None))
    question = event(body("s-1", "roots/list"))
    bench.server.script = lambda sent: (
        bench.server.stream(question) if sent.verb == "GET" else bench.server.json(b"", 202, headers=())
    )
    client = await bench.send(verb="GET", session=bench.sealed(), version=LEGACY.encode())
    assert client.data == []
    assert json.loads(bench.server.seen[1].body)["error"]["data"]["reason"] == "policy.server_request"


# -- policies: what is configured for the server may still be forbidden to a caller


def forbidding(method: str, mode: Mode, annotation: str = "", who: str = "agent:a", **more: Any) -> Policed:
    head = f'principal == Doorward::Agent::"{who}", action == Doorward::Action::"{method}", resource'
    text = f'{EVERYTHING}\n@id("no-asking") {annotation} forbid({head});'
    return Policed(mode, text, crm=server(mode, server_requests=frozenset(METHODS), **more))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", METHODS)
async def test_a_policy_forbids_a_legacy_question_to_one_caller(mode: Mode, kind: str) -> None:
    bench = forbidding(METHODS[kind], mode)
    question = asking(bench, METHODS[kind])
    client = await bench.send(call(1), session=bench.sealed(), version=LEGACY.encode())
    outcome = bench.records[-1]
    if not mode.enforcing:
        assert client.events == [question, event(result(1))]
        assert (outcome.would_have, outcome.reason) == ("deny", "policy.denied")
        assert "no-asking" in outcome.rules
        return
    assert client.data == [result(1)]
    told = json.loads(bench.server.seen[1].body)
    assert (told["id"], told["error"]["data"]["reason"]) == ("s-1", "policy.denied")
    assert told["error"]["data"]["rules"] == ["no-asking"]
    (note,) = (record for record in bench.records if record.kind == "message")
    assert (note.decision, note.reason, note.rules) == ("deny", "policy.denied", ("no-asking",))
    assert (outcome.decision, outcome.rules) == ("allow", ("all",))
    other = forbidding(METHODS[kind], mode, who="agent:b")
    question = asking(other, METHODS[kind])
    assert (await other.send(call(1))).events == [question, event(result(1))]


@pytest.mark.parametrize("held", HOLDS)
async def test_a_policy_forbids_a_modern_question(held: Any) -> None:
    bench = forbidding("elicitation/create", Mode.ENFORCE)
    data = result(1, held)
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.modern("tools/call", {"name": "find"})
    assert client.reason == "policy.denied"
    assert bench.records[-1].rules[0] == "no-asking"
    others = forbidding("roots/list", Mode.ENFORCE)
    others.server.script = lambda _: others.server.json(data)
    reply = (await others.modern("tools/call", {"name": "find"})).reply
    assert reply is not None
    assert reply.body == data


async def test_a_policy_forbids_the_answer_too() -> None:
    bench = forbidding("elicitation/create", Mode.ENFORCE)
    answer = {"a": {"action": "accept", "content": {"name": "x"}}}
    assert (await bench.modern("tools/call", {"name": "find", "inputResponses": answer})).reason == "policy.denied"
    posted = json.dumps({"jsonrpc": "2.0", "id": "s-1", "result": answer["a"]}).encode()
    await bench.send(posted, session=bench.sealed(), version=LEGACY.encode())
    assert (bench.records[-1].decision, bench.records[-1].reason) == ("deny", "policy.denied")
    assert not bench.server.seen
    roots = {"a": {"roots": [{"uri": "file:///x"}]}}
    await bench.modern("tools/call", {"name": "find", "inputResponses": roots})
    assert len(bench.server.seen) == 1


async def test_a_rule_with_a_mode_of_its_own_forbids_a_question_where_the_server_is_watched() -> None:
    bench = forbidding("sampling/createMessage", Mode.AUDIT, '@mode("enforce")', strict_reading=True)
    asking(bench, "sampling/createMessage")
    assert (await bench.send(call(1), session=bench.sealed(), version=LEGACY.encode())).data == [result(1)]
    tried = forbidding("sampling/createMessage", Mode.ENFORCE, '@mode("audit")')
    question = asking(tried, "sampling/createMessage")
    assert (await tried.send(call(1))).events == [question, event(result(1))]
    assert (tried.records[-1].would_have, tried.records[-1].rules) == ("deny", ("all", "no-asking"))


async def test_what_a_server_may_ask_needs_no_permit() -> None:
    crm = server(Mode.ENFORCE, server_requests=frozenset(METHODS))
    bench = Policed(text='@id("calls") permit(principal, action in Doorward::Action::"tools/call", resource);', crm=crm)
    question = asking(bench, "sampling/createMessage")
    assert (await bench.send(call(1))).events == [question, event(result(1))]
    assert bench.records[-1].rules == ("calls",)
