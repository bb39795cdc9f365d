"""A client that goes away takes its upstream connection with it, in both eras, whatever it waits for (fault 16)."""

import asyncio
import json
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.gateway import Gateway
from tests.hostile.raw import Fields, Raw, post
from tests.hostile.scripted import Asked, Line, Scripted
from tests.hostile.setting import AMPLE, IDENTIFIED, message
from tests.hostile.watch import gauges, records, until
from tests.leaks.crowd import NOTE

pytestmark = pytest.mark.leaks

EACH = 25
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


class Watched:
    """Upstreams that never come to an end, and when each of their connections was closed."""

    def __init__(self) -> None:
        self.begun = 0
        self.closed: list[float] = []
        self.cancelled = 0

    async def silent(self, asked: Asked, line: Line) -> None:
        await self._wait(asked, line)

    async def streaming(self, asked: Asked, line: Line) -> None:
        await line.events()
        await line.event(NOTE)
        await self._wait(asked, line)

    async def half(self, asked: Asked, line: Line) -> None:
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{")
        await self._wait(asked, line)

    async def _wait(self, asked: Asked, line: Line) -> None:
        self.cancelled += asked.body.count(b"notifications/cancelled")
        self.begun += 1
        try:
            await line.gone()
        finally:
            self.closed.append(time.monotonic())


def call(port: int, server: str, method: str, version: str) -> bytes:
    if method == "GET":
        head = post(f"/mcp/{server}", b"", port=port, fields=IDENTIFIED, version=version)
        return head.replace(b"POST", b"GET", 1)
    if version != MODERN:
        return post(f"/mcp/{server}", message(), port=port, fields=IDENTIFIED, version=version)
    params = {"name": "echo", "arguments": {}, "_meta": META} if method == "tools/call" else {"_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    name: Fields = (("Mcp-Name", "echo"),) if method == "tools/call" else ()
    fields = (*IDENTIFIED, ("Mcp-Method", method), *name)
    return post(f"/mcp/{server}", body, port=port, fields=fields, version=version)


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
@pytest.mark.parametrize(
    ("method", "version"),
    [("tools/call", "2025-06-18"), ("GET", "2025-06-18"), ("tools/call", MODERN), ("subscriptions/listen", MODERN)],
)
async def test_the_upstream_connection_closes_with_the_client(
    tmp_path: Path, method: str, version: str, way: str
) -> None:
    watched = Watched()
    scripts = {"silent": watched.silent, "streaming": watched.streaming, "half": watched.half}
    limits = AMPLE["limits"] | {"streams_per_identity": 1000}
    async with Scripted(scripts) as upstream:
        gateway = Gateway(tmp_path, upstream.servers(), mode="enforce", extra={"limits": limits})
        await asyncio.to_thread(gateway.start)
        try:
            at_start = gauges(gateway)
            clients = []
            for server in scripts:
                for _ in range(EACH):
                    raw = await Raw.open(gateway.port)
                    await raw.say(call(gateway.port, server, method, version))
                    clients.append(raw)
            number = len(clients)
            await until(lambda: watched.begun == number, lambda: f"{watched.begun} of {number} arrived", 10)
            gone = time.monotonic()
            for raw in clients:
                leave(raw, way)
            await until(lambda: len(watched.closed) == number, lambda: f"{len(watched.closed)} of {number} closed", 5)
            assert statistics.median(watched.closed) - gone < 1.0
            await until(lambda: gauges(gateway) == at_start, lambda: f"{gauges(gateway)}, was {at_start}", 10)
            await asyncio.gather(*(raw.close() for raw in clients))
        finally:
            await asyncio.to_thread(gateway.close)
    assert watched.cancelled == 0, "what a disconnect means is the server's to say"
    ends = Counter(entry["reason"] for entry in records(gateway) if entry["phase"] in ("outcome", "closed"))
    assert ends == {"client.disconnected": number}


def leave(raw: Raw, way: str) -> None:
    if way == "close":
        raw.writer.close()
    elif way == "reset":
        raw.reset()
    else:
        raw.writer.write_eof()
