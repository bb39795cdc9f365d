"""Event streams: released as they come, screened message by message, ended cleanly."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.functional.pipeline.bench import (
    MODERN,
    SECRET,
    SSE,
    Bench,
    Literal,
    actions,
    body,
    call,
    event,
    result,
    rule,
    server,
)
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event
from doorward.core.policy import Mode
from doorward.gateway import long_streams
from doorward.transports.sse import parse

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
LEGACY_REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25"]


class Slow:
    """A stream that the test feeds, event by event."""

    def __init__(self, bench: Bench) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.aborted = asyncio.Event()
        bench.server.script = lambda _: Answer(200, SSE, events=self.events(), abort=self.aborted.set)

    async def events(self) -> AsyncIterator[Event]:
        while True:
            getter, abort = asyncio.ensure_future(self.queue.get()), asyncio.ensure_future(self.aborted.wait())
            try:
                await asyncio.wait({getter, abort}, return_when=asyncio.FIRST_COMPLETED)
                if abort.done():
                    raise UpstreamFault("cut", code="upstream.closed")
                raw = getter.result()
            finally:
                for future in (getter, abort):
                    future.cancel()
            if raw is None:
                return
            yield parse(raw)


async def test_an_event_is_released_before_the_server_sends_the_next() -> None:
    bench = Bench()
    slow = Slow(bench)
    client, task = bench.start(call())
    first = event(body(None, "notifications/progress", {"progress": 1}), b"id: 7", b"retry: 100")
    await slow.queue.put(first)
    await until(lambda: client.events == [first])
    assert not task.done()
    await slow.queue.put(event(result()))
    await slow.queue.put(None)
    await task
    assert client.events == [first, event(result())]
    assert client.closed


@pytest.mark.parametrize("mode", list(Mode))
async def test_bytes_of_every_event_survive(mode: Mode) -> None:
    bench = Bench(mode, scanner=Literal(US_SSN="nowhere"), actions=actions("redact"))
    raws = [
        b": hello\n\n",
        b"id: 0\ndata: \n\n",
        b"retry: 500\r\n\r\n",
        b"event: message\rid: 1\rdata: " + body(None, "notifications/x") + b"\r\r",
        b'data: {"jsonrpc":"2.0",\ndata: "id":1,"result":{}}\nid: 2\n\n',
    ]
    bench.server.script = lambda _: bench.server.stream(*raws)
    client = await bench.send(call(1))
    assert client.events == raws
    assert bench.records[-1].decision == "allow"


@pytest.mark.parametrize("version", LEGACY_REVISIONS)
@pytest.mark.parametrize("verb", ["POST", "GET"])
async def test_the_servers_request_and_the_clients_answer(version: str, verb: str) -> None:
    bench = Bench()
    slow = Slow(bench)
    stream_script = bench.server.script
    sealed = bench.sealed(version=version)
    client, task = bench.start(call(1) if verb == "POST" else b"", verb=verb, session=sealed)
    await until(lambda: bool(bench.server.seen))
    asked = event(body("s-1", "sampling/createMessage", {"messages": []}))
    await slow.queue.put(asked)
    await until(lambda: client.events == [asked])
    bench.server.script = lambda _: bench.server.json(b"", 202, headers=())
    answered = await bench.send(result("s-1", {"role": "assistant"}), session=sealed, version=version.encode())
    assert answered.status == 202
    assert bench.server.seen[-1].body == result("s-1", {"role": "assistant"})
    bench.server.script = stream_script
    if verb == "POST":
        await slow.queue.put(event(result(1)))
    await slow.queue.put(None)
    await task
    assert client.closed
    assert bench.idle()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("extra", [result(1), result("other"), b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}'])
async def test_a_second_answer_or_one_for_another(mode: Mode, extra: bytes) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.stream(event(result(1)), event(extra, b"id: 9"))
    client = await bench.send(call(1))
    if mode.enforcing:
        assert client.events == [event(result(1)), b"id: 9\n\n"]
    else:
        assert client.events == [event(result(1)), event(extra, b"id: 9")]
    assert "upstream.unsolicited" in {r.reason for r in bench.records}
    assert [r.phase for r in bench.records].count("outcome") == 1


# Resumable or not: what cannot be read would only come again.
@pytest.mark.parametrize("first", [b": x\n\n", b"id: 4\ndata: \n\n"])
@pytest.mark.parametrize("mode", ENFORCING)
async def test_a_garbage_event_ends_the_stream_with_one_clean_error(mode: Mode, first: bytes) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.stream(first, event(b"{garbage"), event(result(1)))
    client = await bench.send(call(1))
    assert client.closed
    (last,) = client.data
    assert json.loads(last)["error"]["data"]["reason"] == "upstream.garbage"
    assert bench.server.aborted >= 1


async def test_a_garbage_event_on_a_get_stream_is_dropped_and_recorded() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(
        event(b"{garbage", b"id: 4"), event(body(None, "notifications/x"))
    )
    client = await bench.send(verb="GET", session=bench.sealed())
    assert client.events == [b"id: 4\n\n", event(body(None, "notifications/x"))]
    assert ("message", "") in bench.shape()


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_flood_of_garbage_is_not_a_flood_of_records(mode: Mode) -> None:
    asked: list[tuple[str, str]] = []

    def room(source: str, reason: str) -> bool:
        asked.append((source, reason))
        return len(asked) <= 4

    bench = Bench(mode, parts={"garbled": room})
    note = event(body(None, "notifications/x"))
    bad = [event(b"{garbage"), event(result(41))] * 10
    bench.server.script = lambda _: bench.server.stream(*bad, note)
    client = await bench.send(verb="GET", session=bench.sealed())
    assert client.events == ([note] if mode.enforcing else [*bad, note])
    assert [r.kind for r in bench.records].count("message") == 4
    assert set(asked) <= {("server crm", "upstream.garbage"), ("server crm", "upstream.unsolicited")}
    assert len(asked) == (20 if mode.enforcing else 10)  # what passes unread is counted by the stream's own record


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.WARN])
async def test_garbage_events_pass_in_audit(mode: Mode) -> None:
    bench = Bench(mode)
    raws = [event(b"{garbage"), event(result(1))]
    bench.server.script = lambda _: bench.server.stream(*raws)
    assert (await bench.send(call(1))).events == raws
    assert bench.records[-1].uninspected == 1


# What clients listen to are events of the type `message`; a server's heartbeat, say, is another one.
OTHERS = [b'event: ping\ndata: {"now":1}\n\n', b"event: heartbeat\nid: 3\ndata: alive\n\n", b"event: x\ndata: "]
OTHERS[-1] += result(1) + b"\n\n"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("other", OTHERS)
async def test_an_event_of_another_type_is_no_message_and_answers_nothing(mode: Mode, other: bytes) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.stream(other, event(result(1), b"event: message"))
    client = await bench.send(call(1))
    left = b"".join(line for line in other.splitlines(keepends=True) if not line.startswith(b"data"))
    assert client.events == [left if mode.enforcing else other, event(result(1), b"event: message")]
    outcome = bench.records[-1]
    assert (outcome.phase, outcome.decision, outcome.reason, outcome.would_have) == ("outcome", "allow", "", None)
    (noted,) = [r for r in bench.records if r.kind == "message"]
    assert noted.reason == "upstream.garbage"
    assert (noted.decision, noted.would_have) == (("deny", None) if mode.enforcing else ("allow", "deny"))
    assert outcome.uninspected == noted.uninspected == (0 if mode.enforcing else 1)


@pytest.mark.parametrize("mode", list(Mode))
async def test_an_answer_in_an_event_that_no_client_listens_to_is_none(mode: Mode) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.stream(OTHERS[-1])
    client = await bench.send(call(1))
    assert json.loads(client.data[-1])["error"]["data"]["reason"] == "upstream.no_answer"


@pytest.mark.parametrize("end", [None, UpstreamFault("x", code="upstream.timeout")])
async def test_a_stream_that_ends_without_its_answer(end: Any) -> None:
    bench = Bench()
    raws = [event(body(None, "notifications/x"))] + ([end] if end else [])
    bench.server.script = lambda _: bench.server.stream(*raws)
    client = await bench.send(call(1))
    error = json.loads(client.data[-1])
    assert (error["id"], error["error"]["data"]["reason"]) == (1, end.code if end else "upstream.no_answer")
    assert client.closed
    assert bench.records[-1].phase == "outcome"


@pytest.mark.parametrize("end", [None, UpstreamFault("x", code="upstream.closed")])
async def test_a_stream_that_can_be_resumed_just_ends(end: Any) -> None:
    bench = Bench()
    priming = b"id: 1\nretry: 10\ndata: \n\n"
    bench.server.script = lambda _: bench.server.stream(priming, *([end] if end else []))
    client = await bench.send(call(1), session=bench.sealed())
    assert client.events == [priming]
    assert client.closed
    assert [r.phase for r in bench.records] == ["intent", "outcome"]


async def test_a_resumed_stream_carries_earlier_answers_screened_and_recorded() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    bench.server.script = lambda _: bench.server.stream(event(result(41, {"text": SECRET}), b"id: 8"))
    client = await bench.send(verb="GET", session=bench.sealed(), last_event_id=b"7")
    assert bench.server.seen[0].last_event_id == b"7"
    assert json.loads(client.data[0])["result"]["text"] == "<US_SSN>"
    assert b"id: 8\n" in client.events[0]
    assert "stream.resumed" in {r.reason for r in bench.records}


@pytest.mark.parametrize("mode", ENFORCING)
async def test_a_get_stream_that_was_not_resumed_carries_no_answers(mode: Mode) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.stream(event(result(41)))
    assert (await bench.send(verb="GET", session=bench.sealed())).data == []


# -- where only some tools are enforced, an answer to nobody knows what may be theirs


def mixed() -> Bench:
    crm = server(Mode.AUDIT, tools=(rule("wipe", Mode.ENFORCE),))
    return Bench(crm=crm, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))


async def test_who_resumes_gets_no_more_than_who_waits() -> None:
    bench = mixed()
    bench.server.script = lambda _: bench.server.stream(
        event(result(41, {"text": SECRET}), b"id: 8"), event(body(None, "notifications/x"))
    )
    client = await bench.send(verb="GET", session=bench.sealed(), last_event_id=b"7")
    assert json.loads(client.data[0])["result"]["text"] == "<US_SSN>"
    assert client.data[1] == body(None, "notifications/x")
    assert bench.records[-1].mode == "audit"  # the stream itself is no tool's


async def test_an_answer_on_another_stream_is_nobodys() -> None:
    bench = mixed()
    bench.server.script = lambda _: bench.server.stream(event(result(41, {"text": SECRET})))
    assert (await bench.send(verb="GET", session=bench.sealed())).data == []
    assert "upstream.unsolicited" in {r.reason for r in bench.records}


async def test_a_batch_is_as_strict_as_the_strictest_in_it() -> None:
    bench = mixed()
    note, again = body(None, "notifications/message", {"data": SECRET}), result(2, {"text": SECRET})
    bench.server.script = lambda _: bench.server.stream(
        event(note), event(result(2)), event(again), event(result(1, {"text": SECRET}))
    )
    client = await bench.send(b"[" + call(1) + b"," + call(2, "wipe") + b"]", version=b"2025-03-26")
    assert [SECRET.encode() in data for data in client.data] == [False, False, True]
    assert client.data[1:] == [result(2), result(1, {"text": SECRET})]


# -- screening on streams


async def test_a_redacted_event_keeps_its_other_lines_even_behind_a_byte_order_mark() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    secret = result(1, {"text": SECRET})
    bench.server.script = lambda _: bench.server.stream(b"\xef\xbb\xbfdata: " + secret + b"\nid: 3\n\n")
    client = await bench.send(call(1))
    assert SECRET.encode() not in b"".join(client.events)
    assert client.events[0].endswith(b"id: 3\n\n")
    assert json.loads(client.data[0])["result"]["text"] == "<US_SSN>"


async def test_a_refused_notification_leaves_its_id_and_retry_lines() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    note = body(None, "notifications/message", {"data": SECRET})
    bench.server.script = lambda _: bench.server.stream(
        b"event: message\nid: 5\nretry: 20\ndata: " + note + b"\n\n", event(result(1))
    )
    client = await bench.send(call(1))
    assert client.events == [b"event: message\nid: 5\nretry: 20\n\n", event(result(1))]
    refused = [r for r in bench.records if r.kind == "message"]
    assert [r.reason for r in refused] == ["pii.blocked"]


@pytest.mark.parametrize("verb", ["POST", "GET"])
async def test_a_servers_request_that_is_refused_is_answered_by_us(verb: str) -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    asked = body("s-1", "elicitation/create", {"message": f"is it {SECRET}?"})
    stream = bench.server.stream(event(asked), event(result(1)))
    replies = [stream, bench.server.json(b"", 202, headers=())]
    bench.server.script = lambda _: replies.pop(0)
    headers = ((b"accept", b"text/event-stream"), (b"mcp-method", b"tools/call"), (b"user-agent", b"x"))
    client = await bench.send(
        call(1) if verb == "POST" else b"", verb=verb, session=bench.sealed(), headers=headers, version=b"2025-11-25"
    )
    assert b"s-1" not in b"".join(client.events)
    told = bench.server.seen[1]
    assert (told.verb, told.session, told.version) == ("POST", "upstream-1", "2025-11-25")
    assert json.loads(told.body)["id"] == "s-1"
    assert json.loads(told.body)["error"]["data"]["reason"] == "pii.blocked"
    fields = dict(told.headers)
    assert fields[b"content-type"] == b"application/json"  # a GET had none, and servers insist on it
    assert fields[b"accept"] == b"application/json, text/event-stream"
    assert b"mcp-method" not in fields
    assert len(fields) == len(told.headers)


# -- long streams


async def test_a_listen_stream_counts_as_a_stream_and_is_endless() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(
        event(body(None, "notifications/subscriptions/acknowledged")), event(result(1))
    )
    client = await bench.modern("subscriptions/listen", {"notifications": {}})
    assert bench.server.seen[0].endless
    assert len(client.events) == 2
    assert bench.idle()


async def test_get_streams_are_recorded_opened_and_closed() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.stream(event(body(None, "notifications/x")))
    await bench.send(verb="GET", session=bench.sealed())
    assert bench.shape() == [("stream", "opened"), ("stream", "closed")]


async def test_a_long_stream_is_summarised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_streams, "_SUMMARY", 0.005)
    bench = Bench()
    slow = Slow(bench)
    _, task = bench.start(verb="GET", session=bench.sealed())
    await until(lambda: bench.shape().count(("stream", "summary")) >= 2)
    monkeypatch.undo()
    so_far = len(bench.shape())
    await until(lambda: len(bench.shape()) > so_far)  # the next is far off, however long the end takes
    await slow.queue.put(None)
    await task
    assert bench.shape()[-1] == ("stream", "closed")


async def test_draining_completes_listen_streams_and_tells_legacy_ones_to_come_back() -> None:
    for modern in (True, False):
        bench = Bench()
        Slow(bench)
        if modern:
            meta = {"io.modelcontextprotocol/protocolVersion": MODERN}
            client, task = bench.start(
                body("l-1", "subscriptions/listen", {"_meta": meta}),
                version=MODERN.encode(),
                mirrors=((b"mcp-method", b"subscriptions/listen"),),
            )
        else:
            client, task = bench.start(verb="GET", session=bench.sealed())
        await until(lambda client=client: bool(client.status))
        await bench.pipeline.drain()
        await asyncio.wait_for(task, 5)
        assert client.closed
        if modern:
            done = json.loads(client.data[0])
            assert done["id"] == "l-1"
            assert done["result"]["resultType"] == "complete"
            assert done["result"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": "l-1"}
        else:
            assert client.events == [b"retry: 1000\n\n"]
        assert bench.idle()


async def test_a_stream_whose_head_comes_while_draining_is_ended_too() -> None:
    bench = Bench()
    slow = Slow(bench)
    ready = asyncio.Event()
    make = bench.server.script

    async def late(outbound: Any) -> Answer:
        await ready.wait()
        answer = make(outbound)
        assert isinstance(answer, Answer)
        return answer

    bench.server.script = late
    client, task = bench.start(verb="GET", session=bench.sealed())
    await until(lambda: bool(bench.server.seen))
    await bench.pipeline.drain()
    ready.set()
    await asyncio.wait_for(task, 5)
    assert client.closed
    assert slow.aborted.is_set()


async def test_a_disconnect_closes_the_stream_to_the_server() -> None:
    bench = Bench()
    slow = Slow(bench)
    client, task = bench.start(call(1))
    await until(lambda: bool(client.status))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.aborted.is_set()
    assert bench.records[-1].reason == "client.disconnected"
    assert bench.idle()
