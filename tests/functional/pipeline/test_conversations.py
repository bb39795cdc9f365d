"""The transport of 2024-11-05: like to like, its endpoint sealed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.functional.pipeline.bench import OTHER, SSE, Bench, Client, body, call, event, reason_of, result
from tests.functional.pipeline.on_behalf import ALICE, ANOTHERS, FOR_ALICE, RENEWED, acting, verifier
from tests.tokens import HELPER
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event
from doorward.core.policy import Mode
from doorward.gateway.conversations import Conversations
from doorward.gateway.tokens import TokenCache
from doorward.transports.sse import parse

PLACE = b"/messages/?session_id=abc"


class Talk:
    def __init__(self, mode: Mode = Mode.ENFORCE, **settings: Any) -> None:
        self.bench = Bench(mode, **settings)
        self.queue: asyncio.Queue[Event | UpstreamFault | None] = asyncio.Queue()
        self.posts: list[Any] = []
        self.refuses = self.unclear = False
        self.bench.server.script = self._script
        self.conversations = Conversations(self.bench.pipeline, self.bench.sealer)
        self.client = Client(self.bench.log)
        self.task: asyncio.Task[None] | None = None

    def _script(self, outbound: Any) -> Answer:
        if outbound.verb == "GET":
            return Answer(200, SSE, events=self._events(), unclear=self.unclear)
        self.posts.append(outbound)
        if self.refuses:
            raise UpstreamFault("400", code="upstream.garbage")
        return Answer(202, (), b"Accepted")

    async def _events(self) -> AsyncIterator[Event]:
        yield Event(b"event: endpoint\ndata: " + PLACE + b"\n\n", PLACE, None, b"endpoint")
        while (found := await self.queue.get()) is not None:
            if isinstance(found, UpstreamFault):
                raise found
            yield found

    async def start(self, **fields: Any) -> bytes:
        """Open the stream; the sealed session of its endpoint."""
        accept = ((b"accept", b"text/event-stream"),)
        inbound = self.bench.inbound(verb="GET", transport="sse", headers=accept, **fields)
        self.task = asyncio.ensure_future(self.conversations.open(inbound, self.client))
        await until(lambda: bool(self.client.events))
        found = parse(self.client.events[0])
        assert found.name == b"endpoint"
        assert found.data is not None
        place = urlsplit(found.data.decode())
        assert place.path == "/sse/crm/messages"
        assert b"=abc" not in self.client.events[0]  # three letters alone may be in what is sealed, by chance
        return parse_qs(place.query)["session"][0].encode()

    async def post(self, session: bytes, data: bytes, **fields: Any) -> Any:
        return await self.conversations.post(self.bench.inbound(data, session=session, transport="sse", **fields))

    async def end(self) -> None:
        assert self.task is not None
        await self.queue.put(None)
        await asyncio.wait_for(self.task, 5)
        assert self.bench.idle()


async def test_both_directions() -> None:
    talk = Talk()
    session = await talk.start()
    reply = await talk.post(session, call(1))
    assert reply.status == 202
    (sent,) = talk.posts
    assert (sent.verb, sent.session, sent.body) == ("POST", PLACE.decode(), call(1))
    assert dict(sent.headers)[b"content-type"] == b"application/json"  # real servers refuse a POST without
    asked, answer = event(body("s", "roots/list")), b": c\nevent: message\ndata: " + result(1) + b"\n\n"
    await talk.queue.put(parse(asked))
    await talk.queue.put(parse(answer))
    await until(lambda: len(talk.client.events) == 3)
    assert talk.client.events[1:] == [asked, answer]
    await talk.post(session, result("s", {"roots": []}))
    assert talk.posts[-1].body == result("s", {"roots": []})
    await talk.end()
    assert talk.client.closed
    assert [r.phase for r in talk.bench.records if r.kind == "exchange"] == ["intent", "outcome"]
    assert {r.protocol for r in talk.bench.records if r.kind == "exchange"} == {"2024-11-05"}


@pytest.mark.parametrize(("mode", "shown"), [(Mode.ENFORCE, b": c\ndata: "), (Mode.AUDIT, b"x: 1\r: c\ndata: ")])
async def test_lines_that_readers_do_not_take_alike(mode: Mode, shown: bytes) -> None:
    talk = Talk(mode)
    session = await talk.start()
    await talk.post(session, call(1))
    await talk.queue.put(parse(b"\rfoo: hidden\r\r"))
    await talk.queue.put(parse(b"x: 1\r: c\ndata: " + result(1) + b"\n\n"))
    await until(lambda: bool(talk.client.data) and result(1) in talk.client.data)
    assert talk.client.events[-1] == shown + result(1) + b"\n\n"
    assert any(b"hidden" in event for event in talk.client.events) == (mode is Mode.AUDIT)
    await talk.end()


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_an_event_that_no_client_listens_to_answers_nothing(mode: Mode) -> None:
    talk = Talk(mode)
    session = await talk.start()
    await talk.post(session, call(1))
    other, answer = b"event: x\nretry: 5\ndata: " + result(1) + b"\n\n", event(result(1), b"event: message")
    await talk.queue.put(parse(other))
    await talk.queue.put(parse(answer))
    await until(lambda: len(talk.client.events) == 3)
    left = b"event: x\nretry: 5\n\n"
    assert talk.client.events[1:] == [left if mode is Mode.ENFORCE else other, answer]
    noted = [r for r in talk.bench.records if r.kind == "message"]
    assert [r.reason for r in noted] == ["upstream.garbage"]
    await talk.end()


class _Holding:
    def in_bytes(self, raw: bytes) -> bool:
        return b"held-by-us" in raw

    def find(self, string: str) -> list[tuple[int, int]]:
        at = string.find("held-by-us")
        return [(at, at + 10)] if at >= 0 else []


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_a_credential_of_ours_in_a_comment(mode: Mode) -> None:
    talk = Talk(mode, held=_Holding())
    session = await talk.start()
    await talk.post(session, call(1))
    await talk.queue.put(parse(b": held-by-us\n\n"))
    await talk.queue.put(parse(b": held-by-us\nid: 3\ndata: " + result(1) + b"\n\n"))
    await until(lambda: bool(talk.client.data) and result(1) in talk.client.data)
    told = b"".join(talk.client.events)
    assert (b"held-by-us" in told) == (mode is Mode.AUDIT)
    assert b"id: 3\n" in told
    left_out = [r for r in talk.bench.records if r.reason == "pii.redacted" and r.kind == "message"]
    assert len(left_out) == (2 if mode is Mode.ENFORCE else 0)
    await talk.end()


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_a_stream_that_two_clients_read_as_two(mode: Mode) -> None:
    talk = Talk(mode)
    talk.unclear = True
    if mode is Mode.AUDIT:
        await talk.start()
        await talk.end()
    else:
        await talk.conversations.open(talk.bench.inbound(verb="GET", transport="sse"), talk.client)
        assert talk.client.events == []
    last = talk.bench.records[-1]
    assert (last.reason, last.would_have) == (
        ("upstream.garbage", None) if mode is Mode.ENFORCE else ("upstream.closed", "deny")
    )


async def test_a_post_by_another_principal_or_with_a_forged_session_is_404() -> None:
    talk = Talk()
    session = await talk.start()
    assert (await talk.post(session, call(1), token=OTHER)).status == 404
    assert (await talk.post(b"forged", call(1))).status == 404
    assert (await talk.post(talk.bench.sealed(), call(1))).status == 404
    assert (await talk.post(session, call(1), token=b"wrong")).status == 401
    assert talk.posts == []
    await talk.end()
    assert (await talk.post(session, call(1))).status == 404  # the conversation is over


async def test_a_post_of_the_same_agent_for_somebody_else_is_404() -> None:
    talk = Talk(parts={"tokens": TokenCache(verifier(), lambda: 0)})
    session = await talk.start(token=FOR_ALICE)
    for token in ANOTHERS:
        reply = await talk.post(session, call(1), token=token)
        assert (reply.status, reason_of(json.loads(reply.body))) == (404, "session.unknown")
    assert talk.posts == []
    for token in (FOR_ALICE, RENEWED):
        assert (await talk.post(session, call(1), token=token)).status == 202
    assert [sent.owner for sent in talk.posts] == [acting(ALICE, HELPER).principal.holder] * 2
    await talk.end()


async def test_a_refusal_comes_on_the_stream() -> None:
    talk = Talk(tools=["find"])
    session = await talk.start()
    assert (await talk.post(session, call(1, "wipe"))).status == 202
    await until(lambda: len(talk.client.events) == 2)
    assert reason_of(json.loads(talk.client.data[-1])) == "policy.denied"
    assert talk.posts == []
    await talk.end()


async def test_a_server_that_refuses_the_post_gives_the_request_an_error() -> None:
    talk = Talk()
    session = await talk.start()
    talk.refuses = True
    assert (await talk.post(session, call(1))).status == 202
    await until(lambda: len(talk.client.events) == 2)
    assert reason_of(json.loads(talk.client.data[-1])) == "upstream.garbage"
    await talk.end()


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_end_of_the_stream_answers_what_waits(mode: Mode) -> None:
    talk = Talk(mode)
    session = await talk.start()
    await talk.post(session, call(1))
    await talk.queue.put(UpstreamFault("x", code="upstream.closed"))
    assert talk.task is not None
    await asyncio.wait_for(talk.task, 5)
    assert reason_of(json.loads(talk.client.data[-1])) == "upstream.closed"
    assert talk.client.closed
    assert talk.bench.idle()


async def test_a_stream_that_the_server_ends_answers_what_waits_too() -> None:
    talk = Talk()
    session = await talk.start()
    await talk.post(session, call(1))
    await talk.end()
    assert reason_of(json.loads(talk.client.data[-1])) == "upstream.closed"
    assert [(r.decision, r.reason) for r in talk.bench.records if r.phase == "outcome"] == [
        ("error", "upstream.closed")
    ]


async def test_draining_says_so_and_when_to_come_back() -> None:
    talk = Talk()
    session = await talk.start()
    await talk.post(session, call(1))
    await talk.bench.pipeline.drain()
    await talk.end()
    assert reason_of(json.loads(talk.client.data[1])) == "gateway.draining"
    assert talk.client.events[-1] == b"retry: 1000\n\n"


async def test_a_client_that_leaves_is_recorded_for_the_stream_and_all_that_waits() -> None:
    talk = Talk()
    session = await talk.start()
    await talk.post(session, call(1))
    assert talk.task is not None
    talk.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talk.task
    ends = {(r.kind, r.reason) for r in talk.bench.records if r.phase in ("outcome", "closed")}
    assert ends == {("exchange", "client.disconnected"), ("stream", "client.disconnected")}
    assert talk.bench.idle()
