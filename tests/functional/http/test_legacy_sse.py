"""The transport of 2024-11-05 over real sockets."""

import asyncio
import re
from typing import Any

import pytest
from tests.functional.http.world import Request, Wire, World
from tests.functional.pipeline.bench import OTHER, body, call, event, result
from tests.garbage import uncollected
from tests.waiting import PATIENCE, until

from doorward.core.policy import Mode


class Old:
    """A server of that transport: a stream, and the endpoint that it names."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.stream: Wire | None = None
        self.posts: list[Request] = []
        self.left = asyncio.Event()

    async def script(self, request: Request, wire: Wire) -> None:
        if request.method == "GET":
            self.stream = wire
            await wire.stream(b"event: endpoint\ndata: " + self.endpoint.encode() + b"\n\n", end=False)
            await wire.ended()
            self.left.set()
            return
        self.posts.append(request)
        await wire.whole(b"Accepted", "202 Accepted", kind="text/plain")


async def opened(
    world: World, mode: Mode = Mode.ENFORCE, endpoint: str = "/messages/?session_id=abc"
) -> tuple[Any, Old, str]:
    old = Old(endpoint)
    world.upstream.script = old.script
    await world.start(mode, transport="sse", path="/sse")
    client = await world.connect()
    await client.send("GET", "/sse/crm?x=1", Accept="text/event-stream")
    status, fields = await client.head()
    assert (status, dict(fields)["content-type"]) == (200, "text/event-stream")
    first = await client.chunk()
    found = re.fullmatch(rb"event: endpoint\ndata: (/sse/crm/messages\?session=[A-Za-z0-9_-]+)\n\n", first)
    assert found, first
    return client, old, found[1].decode()


@pytest.mark.parametrize(
    "endpoint", ["/messages/?session_id=abc", "messages/?session_id=abc", "{origin}/messages/?session_id=abc"]
)
async def test_both_directions_and_the_endpoint_is_sealed(world: World, endpoint: str) -> None:
    class Late(Old):
        async def script(self, request: Request, wire: Wire) -> None:
            self.endpoint = endpoint.format(origin=f"http://{request.headers['host']}")
            await super().script(request, wire)

    old = Late("")
    world.upstream.script = old.script
    await world.start(transport="sse", path="/sse")
    client, other = await world.connect(), await world.connect()
    await client.send("GET", "/sse/crm", Accept="text/event-stream")
    await client.head()
    place = (await client.chunk()).split(b"data: ")[1].strip().decode()
    assert "abc" not in place
    await other.send("POST", place, call(1))
    assert (await other.answer()).status == 202
    (post,) = old.posts
    assert (post.target, post.body) == ("/messages/?session_id=abc", call(1))
    assert post.headers["content-type"] == "application/json"
    assert "x-mcp-token" not in post.headers
    assert world.upstream.seen[0].target == "/sse"
    assert old.stream is not None
    await old.stream.event(event(body("s", "roots/list")))
    assert await client.chunk() == event(body("s", "roots/list"))
    await old.stream.event(event(result(1)))
    assert await client.chunk() == event(result(1))
    await other.send("POST", place, result("s", {"roots": []}))
    assert (await other.answer()).status == 202
    assert old.posts[1].body == result("s", {"roots": []})


@pytest.mark.parametrize(
    "endpoint",
    [
        *(
            "http://evil.example.com/m",
            "https://127.0.0.1/m",
            "//evil.example.com/m",
            "http://127.0.0.1:1/m",
            "file:///m",
        ),
        *("/a b", "http://[", "/caf\u00e9", "/a\x7f", "/\x01"),
    ],
)
async def test_an_endpoint_elsewhere_or_nowhere_ends_the_stream(world: World, endpoint: str) -> None:
    """And not the first POST, whose caller would wait for an answer for ever."""
    old = Old(endpoint)
    world.upstream.script = old.script
    await world.start(Mode.AUDIT, transport="sse", path="/sse")
    client = await world.connect()
    await client.send("GET", "/sse/crm", Accept="text/event-stream")
    got = await client.answer()
    assert b"endpoint" not in got.body
    assert world.bench.records[-1].reason == "upstream.garbage"


async def test_another_principal_cannot_post(world: World) -> None:
    _, old, place = await opened(world)
    other = await world.connect()
    await other.send("POST", place, call(1), X_MCP_Token=OTHER.decode())
    assert (await other.answer()).status == 404
    await other.send("POST", place.rsplit("=", 1)[0] + "=forged", call(1))
    assert (await other.answer()).status == 404
    await other.send("POST", place.split("?")[0], call(1))
    assert (await other.answer()).status == 404
    await other.send("POST", place, call(1), X_MCP_Token="wrong")
    assert (await other.answer()).status == 401
    await other.send("POST", place, call(1), Origin="http://evil.example.com")
    assert (await other.answer()).status == 403
    assert old.posts == []


async def test_a_client_that_leaves_closes_the_stream_to_the_server(world: World) -> None:
    client, old, _ = await opened(world)
    client.cut()
    async with asyncio.timeout(PATIENCE):
        await old.left.wait()
    await until(lambda: world.bench.records[-1].reason == "client.disconnected")
    await until(world.bench.idle)


@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_conversation_that_is_over_is_not_left_to_the_garbage_collector(world: World, who: str) -> None:
    client, old, place = await opened(world)
    with uncollected() as found:
        other = await world.connect()
        await other.send("POST", place, call(1))
        assert (await other.answer()).status == 202
        other.cut()
        if who == "client":
            client.cut()
        else:
            assert old.stream is not None
            old.stream.writer.transport.abort()
            await client.chunk()
            client.cut()
        await until(lambda: world.bench.idle() and not world.server.connections)
        await world.bench.upstreams.close()
        await until(lambda: not world.upstream.open)
    assert not found


async def test_other_methods_are_refused(world: World) -> None:
    _, _, place = await opened(world)
    client = await world.connect()
    for method, path in (("POST", "/sse/crm"), ("GET", place)):
        await client.send(method, path)
        assert (await client.answer()).status == 405
