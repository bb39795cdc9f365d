"""However a call ends, what it held is free at once, and does not wait for the garbage collector."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from tests.functional.http.world import Request, Wire, World
from tests.functional.pipeline.bench import call, result
from tests.garbage import uncollected
from tests.waiting import until

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n"
CUT = {
    "at once": b"",
    "in the head": b"HTTP/1.1 200 OK\r\ncont",
    "in the body": HEAD % (b"application/json", b"content-length: 1000\r\n") + b'{"jsonrpc"',
    "in a chunk": HEAD % (b"application/json", b"transfer-encoding: chunked\r\n") + b'b\r\n{"jsonrpc"',
    "in a stream": HEAD % (b"text/event-stream", b"transfer-encoding: chunked\r\n") + b"5\r\n: x\n\n\r\n",
    "with garbage": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
}


async def _ask(world: World, number: int) -> Any:
    client = await world.connect()
    await client.send("POST", "/mcp/crm", call(number), Mcp_Session_Id=world.bench.sealed().decode())
    return client


async def _ended(world: World, calls: int) -> None:
    await until(lambda: world.bench.idle() and not world.server.connections and not world.upstream.open)
    assert sum(record.phase == "outcome" for record in world.bench.records) == calls


async def test_a_call_that_is_answered(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.whole(result(1), "200 OK", "connection: close")

    world.upstream.script = script
    await world.start()
    with uncollected() as found:
        client = await _ask(world, 1)
        await client.answer()
        client.cut()
        await _ended(world, 1)
    assert not found


@pytest.mark.parametrize("how", CUT)
async def test_a_server_that_breaks_off(world: World, how: str) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.raw(CUT[how])
        wire.writer.transport.abort() if how == "in the head" else wire.writer.close()

    world.upstream.script = script
    await world.start()
    with uncollected() as found:
        client = await _ask(world, 1)
        status, _ = await client.head()
        assert status in (200, 502)
        client.cut()
        await _ended(world, 1)
    assert not found


@pytest.mark.parametrize("when", ["before the answer", "in the stream", "in the record", "without reading"])
async def test_a_client_that_leaves(world: World, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(request: Request, wire: Wire) -> None:
        if when == "in the stream":
            await wire.stream(b": x\n\n", end=False)
        if when == "without reading":
            await wire.stream(end=False)
            with suppress(ConnectionError):
                while True:
                    await wire.event(b": %b\n\n" % (b"x" * 60_000))
        assert await wire.ended()

    world.upstream.script = script
    await world.start()
    kept, waiting = asyncio.Event(), asyncio.Event()

    async def never(*_: object) -> None:
        waiting.set()
        await kept.wait()

    if when == "in the record":
        monkeypatch.setattr(type(world.bench.pipeline.books), "kept", never)
    with uncollected() as found:
        client = await _ask(world, 1)
        if when == "in the record":
            await waiting.wait()
        else:
            await until(lambda: bool(world.upstream.seen))
        if when == "in the stream":
            await client.head()
            await client.chunk()
        if when == "without reading":
            await client.head()
            await until(lambda: any(each.congested for each in world.server._connections))
        client.cut()
        await _ended(world, 1)
    assert not found


async def test_a_client_that_leaves_before_its_call_has_begun(world: World) -> None:
    await world.start()
    with uncollected() as found:
        for _ in range(20):
            client = await _ask(world, 1)
            client.cut()
        await until(lambda: world.bench.idle() and not world.server.connections)
        await world.bench.upstreams.close()
        await until(lambda: not world.upstream.open)
    assert not found
