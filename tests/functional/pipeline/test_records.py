"""Records: what is written, when, and what happens when it cannot be."""

import asyncio
import hmac
import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import (
    HASHING,
    JSON,
    MODERN,
    SECRET,
    TOKEN,
    Bench,
    Literal,
    actions,
    body,
    call,
    event,
    reason_of,
    result,
    server,
)
from tests.functional.pipeline.policed import Policed
from tests.waiting import until

from doorward.core.policy import Mode, ToolRule, names


def keyed(data: bytes) -> str:
    return hmac.new(HASHING, data, "sha256").hexdigest()


async def test_intent_before_the_server_sees_a_byte_and_outcome_before_the_client() -> None:
    bench = Bench()
    await bench.send(call())
    assert bench.log == [
        ("record", "exchange", "intent"),
        ("forward", "POST"),
        ("record", "exchange", "outcome"),
        ("whole", 200),
    ]


async def test_the_outcome_before_the_final_event_and_after_the_interim_ones() -> None:
    bench = Bench()
    progress, final = event(body(None, "notifications/progress", {"progress": 1})), event(result())
    bench.server.script = lambda _: bench.server.stream(progress, final)
    await bench.send(call())
    assert bench.log == [
        ("record", "exchange", "intent"),
        ("forward", "POST"),
        ("open", 200),
        ("server", progress),
        ("event", progress),
        ("server", final),
        ("record", "exchange", "outcome"),
        ("event", final),
        ("close",),
    ]
    assert bench.records[-1].interim == 1


async def test_a_refusal_is_recorded_before_it_is_told() -> None:
    bench = Bench(tools=[])
    await bench.send(call())
    assert bench.log == [("record", "exchange", "outcome"), ("whole", 200)]


@pytest.mark.parametrize(
    ("data", "verb"),
    [(body(None, "notifications/initialized"), "POST"), (result(4), "POST"), (b"", "DELETE")],
)
@pytest.mark.parametrize("broken", [False, True])
async def test_one_record_for_what_has_no_answer(data: bytes, verb: str, broken: bool) -> None:
    bench = Bench()

    def script(_: Any) -> Any:
        if broken:
            raise RuntimeError
        return bench.server.json(b"", 202, headers=())

    bench.server.script = script
    client = await bench.send(data, verb=verb, session=bench.sealed())
    assert client.status == (500 if broken and verb == "DELETE" else 202)
    assert bench.shape() == [("message", "")]


async def test_hashes_are_those_of_the_received_bytes() -> None:
    bench = Bench()
    arguments, value = b'{ "a" : 1.50,\t"b":"\\u0041" }', b'{ "content" : [ ],"x": 1e3 }'
    request = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find", "arguments":%b}}' % arguments
    answer = b'{"jsonrpc":"2.0","id":1, "result": %b }' % value
    bench.server.script = lambda _: bench.server.json(answer)
    client = await bench.send(request)
    assert bench.server.seen[0].body == request
    assert client.reply is not None
    assert client.reply.body == answer
    intent, outcome = bench.records
    assert intent.args_hash == outcome.args_hash == keyed(arguments)
    assert intent.response_hash == ""
    assert outcome.response_hash == keyed(value)
    assert outcome.forwarded_hash == outcome.delivered_hash == ""
    assert (outcome.bytes_in, outcome.bytes_out) == (len(request), len(answer))


async def test_without_arguments_the_hash_is_that_of_params_and_an_error_counts_as_answer() -> None:
    bench = Bench()
    error = b'{"code":-32602,"message":"no"}'
    bench.server.script = lambda _: bench.server.json(b'{"jsonrpc":"2.0","id":1,"error":%b}' % error)
    await bench.send(b'{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a://b"}}')
    assert bench.records[0].args_hash == keyed(b'{"uri":"a://b"}')
    assert bench.records[1].response_hash == keyed(error)


async def test_what_redaction_changed_has_hashes_of_its_own() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    bench.server.script = lambda _: bench.server.json(result(1, {"text": SECRET}))
    client = await bench.send(call(1, "find", {"who": SECRET}))
    intent, outcome = bench.records
    assert intent.args_hash == keyed(json.dumps({"who": SECRET}).encode())
    assert intent.forwarded_hash == keyed(b'{"who": "<US_SSN>"}')
    assert client.reply is not None
    delivered = client.reply.body.split(b'"result": ', 1)[1][:-1]
    assert outcome.delivered_hash == keyed(delivered)
    assert outcome.response_hash == keyed(json.dumps({"text": SECRET}).encode())


async def test_the_fields_of_the_contract() -> None:
    bench = Bench()
    await bench.modern("tools/call", {"name": "find"}, client_ip="192.0.2.7")
    intent, outcome = bench.records
    assert intent.exchange_id == outcome.exchange_id
    assert intent.event_id != outcome.event_id
    assert outcome.identity == "doorward|agent:one"
    assert outcome.grant_id == "grant-1"
    assert outcome.client_ip == "192.0.2.7"
    assert (outcome.mcp_server, outcome.tool_name, outcome.method) == ("crm", "find", "tools/call")
    assert (outcome.protocol, outcome.transport, outcome.mode) == (MODERN, "http", "enforce")
    assert (outcome.hash_key_id, outcome.policy_digest) == ("key-1", "digest")
    assert (outcome.upstream_status, outcome.decision) == (200, "allow")
    assert outcome.latency_ms is not None


async def test_no_text_of_a_message_is_in_a_record() -> None:
    bench = Bench(Mode.AUDIT, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    bench.server.script = lambda _: bench.server.json(result(1, {"structuredContent": {f"ssn {SECRET}": SECRET}}))
    await bench.send(call(1, "find", {"quiet words": SECRET}))
    written = str(bench.records)
    assert SECRET not in written
    assert "quiet" not in written
    assert bench.records[-1].entities == {"US_SSN": 3}
    assert {f["pointer"] for f in bench.records[-1].findings} == {
        "/params/arguments/*",
        "/result/structuredContent/*",
    }


@pytest.mark.parametrize("where", ["_meta", "header", "both", "none", "bad"])
async def test_trace_context_is_read_and_forwarded_unchanged(where: str) -> None:
    bench = Bench()
    inner, outer = f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-01"
    meta = {"traceparent": inner} if where in ("_meta", "both") else {"traceparent": "00-xyz"} if where == "bad" else {}
    headers = (*JSON, (b"traceparent", outer.encode())) if where in ("header", "both") else JSON
    data = call(1, "find", None, _meta=meta)
    await bench.send(data, headers=headers)
    expected = {"_meta": "a", "both": "a", "header": "c"}.get(where, "")
    assert bench.records[0].trace_id == expected * 32
    assert bench.server.seen[0].body == data
    assert bench.server.seen[0].headers == headers


# -- the journal fails


async def test_no_intent_no_call() -> None:
    bench = Bench()
    bench.journal.fails = lambda _: True
    client = await bench.send(call(3), session=bench.sealed())
    assert (client.status, client.json["id"], client.reason) == (200, 3, "journal.unavailable")
    modern = await bench.modern("tools/call", {"name": "find"})
    assert (modern.status, modern.reason) == (503, "journal.unavailable")
    assert modern.header(b"retry-after") == b"2"
    assert bench.server.seen == []
    bench.journal.fails = lambda _: False
    assert (await bench.send(call())).json["result"] == {}  # resumes by itself
    assert bench.idle()


@pytest.mark.parametrize("mode", list(Mode))
async def test_no_outcome_no_answer(mode: Mode) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(result(1, {"text": "withheld"}))
    bench.journal.fails = lambda record: record.phase == "outcome"
    client = await bench.send(call())
    assert client.reason == "journal.unavailable"
    assert b"withheld" not in str(client.json).encode()


async def test_no_outcome_no_final_event_but_a_clean_error() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(
        event(body(None, "notifications/progress", {"progress": 1})), event(result(1, {"text": "withheld"}))
    )
    bench.journal.fails = lambda record: record.phase == "outcome"
    client = await bench.send(call())
    assert client.closed
    assert b"withheld" not in b"".join(client.events)
    last = json.loads(client.data[-1])
    assert last["id"] == 1
    assert last["error"]["data"]["reason"] == "journal.unavailable"


@pytest.mark.parametrize("phase", ["intent", "outcome"])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_record_that_the_kernel_never_got_is_none(mode: Mode, phase: str) -> None:
    """The journal took it, and the disk was full when its turn came."""
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(result(1, {"text": "withheld"}))
    bench.journal.fails_later = lambda record: record.phase == phase
    client = await bench.send(call())
    assert client.reason == "journal.unavailable"
    assert b"withheld" not in str(client.json).encode()
    assert bool(bench.server.seen) == (phase == "outcome")
    assert bench.idle()


async def test_nothing_is_forwarded_or_sent_before_its_record_is_written() -> None:
    bench = Bench()
    wait = asyncio.Event()
    bench.journal.hold = wait
    bench.server.script = lambda _: bench.server.json(result(1, {}))
    serving = asyncio.create_task(bench.send(call()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert bench.server.seen == []
    assert not serving.done()
    wait.set()
    assert (await serving).status == 200


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("lost", [0, 1])
async def test_a_batch_waits_for_every_one_of_its_records(lost: int) -> None:
    """One can be lost alone, before others that are kept."""
    bench = Bench()
    bench.journal.fails_later = lambda record: record.tool_name == f"tool-{lost}"
    client = await bench.send(
        b"[" + call(1, "tool-0") + b"," + call(2, "tool-1") + b"]", session=bench.sealed(version="2025-03-26")
    )
    assert bench.server.seen == []
    assert [reason_of(answer) for answer in client.json] == ["journal.unavailable"] * 2


@pytest.mark.parametrize("why", ["draining", "token"])
async def test_the_earliest_refusals_wait_for_their_records(why: str) -> None:
    bench = Bench()
    bench.live.draining = why == "draining"
    bench.journal.hold = asyncio.Event()
    client, serving = bench.start(call(), token=None if why == "token" else TOKEN)
    await turns()
    assert client.reply is None
    bench.journal.hold.set()
    await serving
    assert client.reason == ("auth.required" if why == "token" else "gateway.draining")
    assert bench.shape() == [("exchange", "outcome")]


async def test_an_answer_that_was_interrupted_while_its_record_was_written_still_waits_for_it() -> None:
    """The grant is revoked in that moment: what is sent instead is no reason to wait for nothing."""
    bench = Policed()
    written = asyncio.Event()

    def script(_: Any) -> Any:
        bench.journal.hold = written
        return bench.server.json(result(1, {}))

    bench.server.script = script
    client, serving = bench.start(call())
    await until(lambda: [r.phase for r in bench.records] == ["intent", "outcome"])
    bench.share(tokens=frozenset({"jti-agent:a"}))
    bench.pipeline.callers.revoke(bench.live.shared)
    await turns()
    assert client.reply is None
    written.set()
    await serving
    assert client.reason == "auth.revoked"


async def test_a_refused_question_is_no_mark_on_its_exchange_even_while_it_is_recorded() -> None:
    bench = Bench(crm=server(server_requests=frozenset()))
    written = asyncio.Event()

    def script(_: Any) -> Any:
        bench.journal.hold = written
        return bench.server.stream(event(body(7, "roots/list")))

    bench.server.script = script
    _, serving = bench.start(call())
    await until(lambda: bench.shape() == [("exchange", "intent"), ("message", "")])
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert [(r.phase, r.decision) for r in bench.records] == [("intent", "allow"), ("", "deny"), ("outcome", "allow")]


async def test_a_stream_gets_an_error_for_the_answer_whose_record_is_lost() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(event(result(1, {"text": "withheld"})))
    bench.journal.fails_later = lambda record: record.phase == "outcome"
    client = await bench.send(call())
    assert b"withheld" not in b"".join(client.events)
    last = json.loads(client.data[-1])
    assert (last["id"], last["error"]["data"]["reason"]) == (1, "journal.unavailable")


async def test_a_refusal_waits_for_its_record_too() -> None:
    bench = Bench(Mode.ENFORCE, scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    bench.journal.fails_later = lambda record: record.decision == "deny"
    client = await bench.send(call(arguments={"ssn": SECRET}))
    assert client.reason == "journal.unavailable"


async def test_strict_tools_wait_for_the_disk() -> None:
    bench = Bench(crm=server(tools=(ToolRule("find", names(["find"]), strict=True),)))
    await bench.send(call(1, "find"))
    assert bench.journal.synced_by == [1, 2]  # the intent before it was forwarded, the outcome before the answer
    await bench.send(call(2, "other"))
    assert bench.journal.synced_by == [1, 2]


async def test_on_failure_allow_passes_what_is_lost_later_too() -> None:
    bench = Bench(Mode.AUDIT, journal_required=False)
    bench.journal.fails_later = lambda _: True
    assert (await bench.send(call())).json["result"] == {}
    assert bench.pipeline.books.unrecorded == 2


async def test_on_failure_allow_passes_and_counts() -> None:
    bench = Bench(Mode.AUDIT, journal_required=False)
    bench.journal.fails = lambda _: True
    assert (await bench.send(call())).json["result"] == {}
    assert bench.pipeline.books.unrecorded == 2


# -- clients that leave


async def test_a_client_that_leaves_is_recorded_and_the_server_is_left_at_once() -> None:
    bench = Bench()
    gone = asyncio.Event()

    async def script(_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    bench.server.script = script
    client, task = bench.start(call())
    await until(lambda: bool(bench.server.seen))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone.is_set()
    assert client.reply is None
    assert [(r.phase, r.reason) for r in bench.records] == [("intent", ""), ("outcome", "client.disconnected")]
    assert len(bench.server.seen) == 1  # no notifications/cancelled of ours
    assert bench.idle()


async def test_a_client_that_leaves_in_the_middle_of_a_stream() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(event(body(None, "notifications/message")), event(result()))

    class Leaving(type(await bench.send(body(1, "ping")))):  # type: ignore[misc]
        async def event(self, raw: bytes) -> None:
            raise ConnectionResetError("gone")

    bench.records.clear()
    await bench.pipeline.serve(bench.inbound(call()), Leaving(bench.log))
    assert bench.records[-1].reason == "client.disconnected"
    assert bench.server.aborted >= 1
    assert bench.idle()


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
async def test_a_peer_cannot_fill_the_log_through_a_version(mode: Mode) -> None:
    bench = Bench(mode)
    long = "9" * 5000
    await bench.send(call(1, _meta={"io.modelcontextprotocol/protocolVersion": long}))
    await bench.send(call(1), version=long.encode())
    bench.server.script = lambda _: bench.server.json(result(1, {"protocolVersion": long}), session="up")
    client = await bench.send(body(1, "initialize", {"protocolVersion": long}))
    assert max(len(record.protocol) for record in bench.records) <= 64
    assert len(client.header(b"mcp-session-id") or b"") < 200
