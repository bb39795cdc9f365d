"""Many clients with the same ids at the same time: nobody gets what is somebody else's (fault 32)."""

import asyncio
import json
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.gateway import Gateway
from tests.hostile.raw import Raw, post
from tests.hostile.scripted import Asked, Line, Scripted
from tests.hostile.setting import AMPLE, IDENTIFIED
from tests.leaks.children import INITIALIZE, SH

pytestmark = pytest.mark.leaks

CLIENTS = 100
IDS = range(1, 41)  # the same for everybody
NUMBERS: Iterator[int] = count(1)
LATER = random.Random(3)


async def server(asked: Asked, line: Line) -> bool:
    """Sessions of its own; each answer repeats the session and the arguments, and takes an unforeseen while."""
    session = asked.fields.get("mcp-session-id", "")
    if asked.verb == "GET":
        await line.events()
        for number in range(len(IDS)):
            await line.event(
                json.dumps({"jsonrpc": "2.0", "method": "notifications/note", "params": own(session, number)}).encode()
            )
            await asyncio.sleep(LATER.random() * 0.01)
        await line.last()
        return True
    told = json.loads(asked.body)
    ident = json.dumps(told["id"])
    if told["method"] == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
        await line.whole(said(ident, result), more=f"Mcp-Session-Id: session-{next(NUMBERS)}\r\n")
        return True
    await asyncio.sleep(LATER.random() * 0.02)
    answer = said(ident, own(session, told["params"]["arguments"]["nonce"]))
    if LATER.random() < 0.5:
        await line.whole(answer)
        return True
    await line.events()
    await line.event(note(session, 0))
    await asyncio.sleep(LATER.random() * 0.01)
    await line.event(answer)
    await line.last()
    return True


def own(session: str, nonce: object) -> dict[str, object]:
    return {"session": session, "nonce": nonce}


def note(session: str, number: int) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": "notifications/note", "params": own(session, number)}).encode()


def said(ident: str, result: object) -> bytes:
    return f'{{"jsonrpc":"2.0","id":{ident},"result":{json.dumps(result)}}}'.encode()


def message(ident: int, **arguments: str) -> bytes:
    """Compact, as the shell's reader wants it."""
    params = {"name": "echo", "arguments": arguments}
    told = {"jsonrpc": "2.0", "id": ident, "method": "tools/call", "params": params}
    return json.dumps(told, separators=(",", ":")).encode()


class Client:
    """One session; what it gets must be its own, whatever the others do."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.number = number
        self.sealed = ""
        self.upstream = ""  # the upstream's id of this session, as the first answer tells it

    async def ask(self, raw: Raw, body: bytes, server: str = "server") -> list[dict[str, object]]:
        session = (("Mcp-Session-Id", self.sealed),) if self.sealed else ()
        await raw.say(post(f"/mcp/{server}", body, port=self.port, fields=IDENTIFIED + session))
        found = await raw.answer(patience=60)
        assert found.status == 200, found
        self.sealed = self.sealed or found["mcp-session-id"]
        return found.messages()

    async def run(self) -> int:
        async with Raw.to(self.port) as raw:
            await self.ask(raw, INITIALIZE)
            for ident in IDS:
                await self.check(raw, ident, f"{self.number}/{ident}")
            return len(IDS)

    async def check(self, raw: Raw, ident: int, nonce: str) -> None:
        *notes, final = await self.ask(raw, message(ident, nonce=nonce))
        result = final["result"]
        assert final["id"] == ident
        assert isinstance(result, dict)
        self.upstream = self.upstream or str(result["session"])
        assert result == own(self.upstream, nonce)
        assert all(note["params"] == own(self.upstream, 0) for note in notes)

    async def listen(self) -> int:
        async with Raw.to(self.port) as raw:
            head = post("/mcp/server", b"", port=self.port, fields=(*IDENTIFIED, ("Mcp-Session-Id", self.sealed)))
            await raw.say(head.replace(b"POST", b"GET", 1))
            found = await raw.answer(patience=60)
        notes = [said["params"] for said in found.messages()]
        assert notes == [own(self.upstream, number) for number in range(len(IDS))]
        return len(notes)


async def test_a_hundred_clients_with_the_same_ids(tmp_path: Path) -> None:
    limits = AMPLE["limits"] | {"streams_per_identity": 1000}
    async with Scripted({"server": server}) as upstream:
        gateway = Gateway(tmp_path, upstream.servers(), mode="enforce", extra={"limits": limits})
        await asyncio.to_thread(gateway.start)
        try:
            clients = [Client(gateway.port, number) for number in range(CLIENTS)]
            assert sum(await asyncio.gather(*(client.run() for client in clients))) == CLIENTS * len(IDS)
            assert len({client.upstream for client in clients}) == len({client.sealed for client in clients}) == CLIENTS
            await asyncio.gather(*(client.listen() for client in clients))
        finally:
            await asyncio.to_thread(gateway.close)


async def test_sessions_of_a_stdio_server_do_not_share(tmp_path: Path) -> None:
    """Its children have the same ids under way at the same time; each answers with its own process id."""
    limits = AMPLE["limits"] | {"children_per_server": 32, "children_per_principal": 32}
    gateway = Gateway(tmp_path, {"sh": SH}, mode="enforce", extra={"limits": limits})
    await asyncio.to_thread(gateway.start)

    async def one(number: int) -> str:
        client = Client(gateway.port, number)
        async with Raw.to(gateway.port) as raw:
            pids = {str(final["result"]) for final in [(await client.ask(raw, INITIALIZE, "sh"))[-1]]}
            for ident in IDS:
                final = (await client.ask(raw, message(ident), "sh"))[-1]
                assert final["id"] == ident
                pids.add(str(final["result"]))
        assert len(pids) == 1
        return pids.pop()

    try:
        assert len(set(await asyncio.gather(*(one(number) for number in range(24))))) == 24
    finally:
        await asyncio.to_thread(gateway.close)
