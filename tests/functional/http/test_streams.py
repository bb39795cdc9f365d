"""Streams over real sockets: at once, with back-pressure, closed on both sides when either goes."""

import asyncio
import json

import pytest
from tests.functional.http.world import Request, Wire, World
from tests.functional.pipeline.bench import META, MODERN, Bench, body, call, event, result
from tests.waiting import PATIENCE, at_rest, until

from doorward.core.policy import Mode
from doorward.core.snapshot import Limits
from doorward.transports import http_send

MODERN_FIELDS = {"Mcp_Protocol_Version": MODERN, "Mcp_Method": "tools/call", "Mcp_Name": "find"}


async def test_interim_messages_before_the_final_one_is_sent(world: World) -> None:
    proceed = asyncio.Event()
    note = event(body(None, "notifications/progress", {"progress": 1}), b"id: 1")

    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(note, end=False)
        await proceed.wait()
        await wire.event(event(result(1)))
        await wire.raw(b"0\r\n\r\n")

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.send("POST", "/mcp/crm", call(1))
    status, fields = await client.head()
    assert (status, dict(fields)["content-type"]) == (200, "text/event-stream")
    assert await client.chunk() == note
    proceed.set()
    assert await client.chunk() == event(result(1))
    assert await client.chunk() == b""


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
@pytest.mark.parametrize("verb", ["POST", "GET"])
async def test_the_server_asks_and_the_client_answers(world: World, version: str, verb: str) -> None:
    answered = asyncio.Event()
    asked = event(body("s-1", "sampling/createMessage", {"messages": []}))

    async def script(request: Request, wire: Wire) -> None:
        if b'"s-1"' in request.body:
            answered.set()
            await wire.raw(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            return
        await wire.stream(asked, end=False)
        await answered.wait()
        await wire.event(event(result(1)) if verb == "POST" else event(body(None, "notifications/x")))
        await wire.raw(b"0\r\n\r\n")

    world.upstream.script = script
    await world.start()
    sealed = world.bench.sealed(version=version).decode()
    fields = {"Mcp_Session_Id": sealed, "Mcp_Protocol_Version": version}
    client, other = await world.connect(), await world.connect()
    await client.send(verb, "/mcp/crm", call(1) if verb == "POST" else b"", **fields)
    await client.head()
    assert await client.chunk() == asked
    got = await other.ask(result("s-1", {"role": "assistant"}), **fields)
    assert got.status == 202
    assert (await client.chunk()).startswith(b"data: ")
    assert await client.chunk() == b""
    assert {r.headers["mcp-session-id"] for r in world.upstream.seen} == {"upstream-1"}


async def test_neither_streams_nor_calls_that_wait_leave_no_connection_for_the_rest(world: World) -> None:
    """Streams count apart from calls, and an answer to a server's question is none: neither may find no room."""
    answered = asyncio.Event()

    async def script(request: Request, wire: Wire) -> None:
        if request.method == "GET":
            await wire.stream(event(body(None, "notifications/x")), end=False)
        elif b'"s-1"' in request.body:
            answered.set()
            await wire.raw(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        else:
            await wire.stream(event(body("s-1", "roots/list")), end=False)
            await answered.wait()
            await wire.event(event(result(1)))
            await wire.raw(b"0\r\n\r\n")

    world.upstream.script = script
    await world.start(limits=Limits(in_flight=1))
    fields = {"Mcp_Session_Id": world.bench.sealed().decode()}
    for _ in range(3):
        stream = await world.connect()
        await stream.send("GET", "/mcp/crm", **fields)
        assert (await stream.head())[0] == 200
    client, other = await world.connect(), await world.connect()
    await client.send("POST", "/mcp/crm", call(1), **fields)
    assert (await client.head())[0] == 200
    assert await client.chunk() == event(body("s-1", "roots/list"))
    assert (await other.ask(result("s-1", {"roots": []}), **fields)).status == 202
    assert await client.chunk() == event(result(1))


async def test_a_get_on_a_connection_that_has_just_died_is_sent_again(world: World) -> None:
    """It has no side effect; many simple servers close behind every stream without a word."""
    note = event(body(None, "notifications/x"))

    async def script(request: Request, wire: Wire) -> None:
        if request.method == "POST":
            await wire.whole(result(1))
        elif len(world.upstream.seen) == 2:
            wire.writer.close()
        else:
            await wire.stream(note)

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    assert (await client.ask(call(1))).status == 200
    await client.send("GET", "/mcp/crm", Mcp_Session_Id=world.bench.sealed().decode())
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, note)
    assert [request.method for request in world.upstream.seen] == ["POST", "GET", "GET"]


async def test_a_resumed_stream_takes_its_last_event_id_along(world: World) -> None:
    priming = b"id: 9\nretry: 50\ndata: \n\n"

    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(priming, event(result(1), b"id: 10"))

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.send("GET", "/mcp/crm", Mcp_Session_Id=world.bench.sealed().decode(), Last_Event_ID="8")
    got = await client.answer()
    assert got.body == priming + event(result(1), b"id: 10")
    assert world.upstream.seen[0].headers["last-event-id"] == "8"


@pytest.mark.parametrize("cut", [1, 2, 7])
async def test_events_are_put_together_however_the_server_cuts_them(world: World, cut: int) -> None:
    whole = b": c\r\n\r\nid: 1\r\ndata: \r\n\r\nevent: message\rdata: " + result(1) + b"\r\r" + b"retry: 5\n\n"

    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(*[whole[i : i + cut] for i in range(0, len(whole), cut)])

    world.upstream.script = script
    await world.start()
    got = await (await world.connect()).ask(call(1))
    assert got.body == whole


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("when", ["before the head", "in the stream"])
async def test_a_client_that_leaves_closes_the_servers_connection_at_once(world: World, era: str, when: str) -> None:
    closed = asyncio.Event()

    async def script(request: Request, wire: Wire) -> None:
        if when == "in the stream":
            await wire.stream(b": x\n\n", end=False)
        assert await wire.ended()
        closed.set()

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    if era == "modern":
        await client.send("POST", "/mcp/crm", call(1, _meta=META), **MODERN_FIELDS)
    else:
        await client.send("POST", "/mcp/crm", call(1), Mcp_Session_Id=world.bench.sealed().decode())
    await until(lambda: bool(world.upstream.seen))
    if when == "in the stream":
        await client.head()
        await client.chunk()
    client.cut()
    async with asyncio.timeout(3):  # three times the second that is promised, for other tests run beside this one
        await closed.wait()
    await until(lambda: world.bench.records[-1].phase == "outcome")
    assert world.bench.records[-1].reason == "client.disconnected"
    assert len(world.upstream.seen) == 1  # no notifications/cancelled of ours
    await until(world.bench.idle)


async def test_a_slow_reader_slows_the_server_down(world: World) -> None:
    sent = 0
    piece = event(body(None, "notifications/message", {"data": "x" * 60_000}))

    async def script(request: Request, wire: Wire) -> None:
        nonlocal sent
        wire.writer.transport.set_write_buffer_limits(1)
        await wire.stream(end=False)
        for _ in range(400):
            await wire.event(piece)
            sent += 1
        await wire.event(event(result(1)))
        await wire.raw(b"0\r\n\r\n")

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    client.reader._limit = 1000  # type: ignore[attr-defined]  # this client takes next to nothing
    await client.send("POST", "/mcp/crm", call(1))
    await client.head()
    await at_rest(lambda: sent)
    assert sent < 390, "24 MB went into a client that reads nothing"
    assert world.upstream.seen
    total = 0
    while piece_read := await asyncio.wait_for(client.reader.read(1 << 20), PATIENCE):
        total += len(piece_read)
        if piece_read.endswith(b"0\r\n\r\n"):
            break
    assert total > 400 * 60_000  # and nothing was lost


async def test_a_stream_that_idles_gets_comments_and_one_that_talks_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_send, "_KEEP_ALIVE", 0.02)
    proceed = asyncio.Event()

    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(end=False)
        await proceed.wait()
        await wire.event(event(result(1)))
        await wire.raw(b"0\r\n\r\n")

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.send("POST", "/mcp/crm", call(1))
    await client.head()
    assert await client.chunk() == b":\n\n"
    assert await client.chunk() == b":\n\n"
    proceed.set()
    seen = []
    while piece := await client.chunk():
        seen.append(piece)
    assert [p for p in seen if p != b":\n\n"] == [event(result(1))]


async def test_a_server_that_leaves_in_the_middle(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(event(body(None, "notifications/x")), end=False)
        wire.writer.transport.abort()

    world.upstream.script = script
    await world.start()
    got = await (await world.connect()).ask(call(1))
    error = json.loads(got.body.split(b"data: ")[-1])
    assert error["id"] == 1
    assert error["error"]["data"]["reason"] == "upstream.closed"


async def test_initialize_over_sse_gives_a_sealed_session(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        answer = result(0, {"protocolVersion": "2025-06-18"})
        await wire.stream(b"id: 1\ndata: \n\n", event(answer), lines=("mcp-session-id: up",))

    world.upstream.script = script
    await world.start()
    got = await (await world.connect()).ask(body(0, "initialize", {"protocolVersion": "2025-11-25"}))
    opened = world.bench.sealer.open(got.headers["mcp-session-id"].encode(), "crm", "doorward\0agent:one\0")
    assert opened == ("2025-06-18", "up")
    assert got.body.startswith(b"id: 1\ndata: \n\n")


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_draining_ends_streams_politely(world: World, era: str) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(b": x\n\n", end=False)
        assert await wire.ended()

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    if era == "modern":
        fields = {"Mcp_Protocol_Version": MODERN, "Mcp_Method": "subscriptions/listen"}
        await client.send("POST", "/mcp/crm", body("l", "subscriptions/listen", {"_meta": META}), **fields)
    else:
        await client.send("GET", "/mcp/crm", Mcp_Session_Id=world.bench.sealed().decode())
    await client.head()
    assert await client.chunk() == b": x\n\n"
    world.bench.live.draining = True
    await asyncio.gather(world.server.drain(PATIENCE), world.bench.pipeline.drain())
    last = await client.chunk()
    if era == "modern":
        assert json.loads(last.split(b"data: ")[1])["result"]["resultType"] == "complete"
    else:
        assert last == b"retry: 1000\n\n"
    assert await client.chunk() == b""


async def test_a_call_under_way_is_finished_while_draining(world: World) -> None:
    proceed = asyncio.Event()

    async def script(request: Request, wire: Wire) -> None:
        await proceed.wait()
        await wire.whole(result(1))

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.send("POST", "/mcp/crm", call(1))
    await until(lambda: bool(world.upstream.seen))
    world.bench.live.draining = True
    draining = asyncio.gather(world.server.drain(PATIENCE), world.bench.pipeline.drain())
    proceed.set()
    got = await client.answer()
    await draining
    assert got.body == result(1)
    assert got.headers["connection"] == "close"


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_thousand_calls_leave_nothing(world: World, mode: Mode) -> None:
    await world.start(mode, limits=Bench().snapshot.limits.__class__(calls_per_minute=10_000))
    client = await world.connect()
    for i in range(250):
        assert (await client.ask(call(i))).body == result(i)
    assert world.upstream.accepted == 1
    assert world.bench.idle()
