"""Clients of every kind, good and bad, each as one coroutine that says how many calls it made."""

import asyncio
import contextlib
import json
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from tests.hostile.raw import Raw, post
from tests.hostile.scripted import Asked, Line, Script
from tests.hostile.setting import IDENTIFIED, echo, message

LARGE = b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"' + b"x" * 200_000 + b'"}]}}'
NOTE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
CANCEL = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}'
LATE = [f"late-{number}" for number in range(16)]  # several, for after five time-outs in a row a server is left alone
MOST_IDLE = 60


async def stream(asked: Asked, line: Line) -> bool:
    """Three notes, then the answer."""
    await line.events()
    for _ in range(3):
        await line.event(NOTE)
        await asyncio.sleep(0)
    ident = json.loads(asked.body)["id"]
    await line.event(b'{"jsonrpc":"2.0","id":%d,"result":{"content":[]}}' % ident)
    await line.last()
    return True


async def endless(asked: Asked, line: Line) -> None:
    """A note now and then, for ever."""
    await line.events()
    while True:
        await line.event(NOTE)
        await asyncio.sleep(0.02)


async def flood(asked: Asked, line: Line) -> None:
    """More notes than anybody takes."""
    await line.events()
    while True:
        await line.chunk((b"data: " + NOTE.replace(b"x", b"x" * 10_000) + b"\n\n") * 20)


async def large(asked: Asked, line: Line) -> bool:
    await line.whole(LARGE % json.loads(asked.body)["id"])
    return True


async def half(asked: Asked, line: Line) -> None:
    """The beginning of an answer, and no more."""
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
    await line.gone()


async def hang(asked: Asked, line: Line) -> None:
    if json.loads(asked.body).get("method") == "notifications/cancelled":
        await line.say(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
    await line.gone()


async def reset(asked: Asked, line: Line) -> None:
    line.writer.transport.abort()


async def two_eras(asked: Asked, line: Line) -> bool:
    """Closes every other connection behind its answer, as some servers do."""
    if asked.body.count(b"close"):
        await line.whole(b'{"jsonrpc":"2.0","id":7,"result":{}}', more="Connection: close\r\n")
        return False
    return await echo(asked, line)


SCRIPTS: dict[str, Script] = {
    "stream": stream,
    "endless": endless,
    "flood": flood,
    "large": large,
    "half": half,
    "hang": hang,
    "reset": reset,
    "closing": two_eras,
    **dict.fromkeys(LATE, hang),
}


class Crowd:
    """The clients of one gateway. `kept` are connections that stay open, idle, until `leave`."""

    def __init__(self, port: int, seed: int) -> None:
        self.port = port
        self.random = random.Random(seed)
        self.calls: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.kept: list[Raw] = []

    async def run(self, calls: int, at_once: int = 48) -> None:
        """Everybody, in an order of chance, until `calls` were made."""
        order = self._order()

        async def one_after_the_other() -> None:
            while self.calls.total() < calls:
                kind = next(order)
                made = await kind(self)
                self.calls[kind.__name__] += made

        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))

    async def leave(self) -> None:
        await asyncio.gather(*(raw.close() for raw in self.kept))
        self.kept.clear()

    def _order(self) -> Iterator[Callable[["Crowd"], Awaitable[int]]]:
        while True:
            block = [kind for kind, share in KINDS.items() for _ in range(share)]
            self.random.shuffle(block)
            yield from block

    def call(self, server: str, ident: int = 7, **arguments: object) -> bytes:
        return post(f"/mcp/{server}", message(ident, **arguments), port=self.port, fields=IDENTIFIED)

    async def opened(self) -> Raw:
        return await Raw.open(self.port)

    async def expect(self, raw: Raw, ident: int = 7) -> None:
        """One answer with this id, an error or not."""
        found = await raw.answer(patience=30)
        finals = [said["id"] for said in found.messages() if "id" in said]
        assert finals == [ident], (found.status, found.body[:300])
        self.answers["result" if "result" in found.messages()[-1] else "error"] += 1


async def keep_alive(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        for ident in range(20):
            await raw.say(crowd.call(crowd.random.choice(["good", "good", "stream", "closing"]), ident))
            await crowd.expect(raw, ident)
    finally:
        await raw.close()
    return 20


async def pipeline(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        await raw.say(b"".join(crowd.call("good", ident) for ident in range(10)))
        for ident in range(10):
            await crowd.expect(raw, ident)
    finally:
        await raw.close()
    return 10


async def pipeline_and_vanish(crowd: Crowd) -> int:
    raw = await crowd.opened()
    await raw.say(b"".join(crowd.call("stream", ident) for ident in range(10)))
    await crowd.expect(raw, 0)
    raw.reset()
    return 10


async def vanish_in_the_request(crowd: Crowd) -> int:
    raw = await crowd.opened()
    data = crowd.call("good", text="x" * 20_000)
    await raw.say(data[: crowd.random.randrange(1, len(data))])
    raw.reset() if crowd.random.random() < 0.5 else await raw.close()
    return 1


async def vanish_before_the_answer(crowd: Crowd) -> int:
    raw = await crowd.opened()
    await raw.say(crowd.call(crowd.random.choice(["hang", "half", "good", "large"])))
    await asyncio.sleep(crowd.random.random() * 0.02)
    raw.reset() if crowd.random.random() < 0.5 else await raw.close()
    return 1


async def vanish_in_the_answer(crowd: Crowd) -> int:
    raw = await crowd.opened()
    await raw.say(crowd.call("large"))
    await raw.reader.readexactly(1000)
    raw.reset()
    return 1


async def vanish_in_the_stream(crowd: Crowd) -> int:
    raw = await crowd.opened()
    await raw.say(crowd.call("endless"))
    await raw.head()
    pieces = 0
    async for _ in raw.chunks():
        pieces += 1
        if pieces == 3:
            break
    raw.reset() if crowd.random.random() < 0.5 else await raw.close()
    return 1


async def vanish_under_pressure(crowd: Crowd) -> int:
    """Takes so little that the gateway has to wait for it, then goes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", crowd.port))
    raw = Raw(*await asyncio.open_connection(sock=sock, limit=1024))
    await raw.say(crowd.call("flood"))
    await asyncio.sleep(0.3)
    raw.reset()
    return 1


async def listen_and_vanish(crowd: Crowd) -> int:
    """A GET stream."""
    raw = await crowd.opened()
    text = crowd.call("endless").replace(b"POST", b"GET").partition(b"Content-Length")[0]
    await raw.say(text + b"MCP-Protocol-Version: 2025-06-18\r\nX-MCP-Token: " + IDENTIFIED[0][1].encode() + b"\r\n\r\n")
    status, _ = await raw.head()
    assert status == 200
    raw.reset()
    return 1


async def cancel(crowd: Crowd) -> int:
    """A call, its cancellation on another connection, and the end of the first one."""
    raw, other = await crowd.opened(), await crowd.opened()
    try:
        await raw.say(crowd.call("hang"))
        await other.say(post("/mcp/hang", CANCEL, port=crowd.port, fields=IDENTIFIED))
        assert (await other.answer()).status == 202
    finally:
        await raw.close()
        await other.close()
    return 2


async def half_close(crowd: Crowd) -> int:
    """A client that ends its side is gone: it gets an answer or an end, and soon."""
    raw = await crowd.opened()
    try:
        await raw.say(crowd.call(crowd.random.choice(["good", "hang", "endless"])))
        raw.writer.write_eof()
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                while await raw.reader.read(65536):
                    pass
    finally:
        await raw.close()
    return 1


async def garbage(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        await raw.say(crowd.random.randbytes(crowd.random.randrange(1, 3000)) + b"\r\n\r\n")
        with contextlib.suppress(EOFError, ConnectionError):
            assert (await raw.answer()).status >= 400
    finally:
        await raw.close()
    return 1


async def garbage_as_message(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        for _ in range(5):
            text = bytearray(message(7, text="garbage"))
            text[crowd.random.randrange(len(text))] = 0xFF
            await raw.say(post("/mcp/good", bytes(text), port=crowd.port, fields=IDENTIFIED))
            assert (await raw.answer()).status == 400
        await raw.say(crowd.call("good"))
        await crowd.expect(raw)
    finally:
        await raw.close()
    return 6


async def read_slowly(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        await raw.say(crowd.call("large"))
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await crowd.expect(raw)
    finally:
        await raw.close()
    return 1


async def stay_idle(crowd: Crowd) -> int:
    raw = await crowd.opened()
    await raw.say(crowd.call("good"))
    await crowd.expect(raw)
    crowd.kept.append(raw)
    if len(crowd.kept) > MOST_IDLE:
        await crowd.kept.pop(0).close()
    return 1


async def call_who_resets(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        for ident in range(3):
            await raw.say(crowd.call("reset", ident))
            await crowd.expect(raw, ident)
        await raw.say(crowd.call("good"))
        await crowd.expect(raw)
    finally:
        await raw.close()
    return 4


async def call_who_hangs(crowd: Crowd) -> int:
    raw = await crowd.opened()
    try:
        await raw.say(crowd.call(crowd.random.choice(LATE)))
        await crowd.expect(raw)
        await raw.say(crowd.call("good"))
        await crowd.expect(raw)
    finally:
        await raw.close()
    return 2


# How many of each in a hundred and some.
KINDS: dict[Callable[[Crowd], Awaitable[int]], int] = {
    keep_alive: 20,
    pipeline: 10,
    pipeline_and_vanish: 5,
    vanish_in_the_request: 10,
    vanish_before_the_answer: 15,
    vanish_in_the_answer: 8,
    vanish_in_the_stream: 10,
    vanish_under_pressure: 2,
    listen_and_vanish: 5,
    cancel: 6,
    half_close: 6,
    garbage: 6,
    garbage_as_message: 4,
    read_slowly: 5,
    stay_idle: 5,
    call_who_resets: 4,
    call_who_hangs: 1,
}
