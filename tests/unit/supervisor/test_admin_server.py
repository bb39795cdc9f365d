"""The admin address answers, whoever else holds connections to it."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from doorward.supervisor import admin_server
from doorward.supervisor.admin_server import MOST, served

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ASKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def healthz(_: Request) -> Response:
    return PlainTextResponse("well")


async def events(_: Request) -> Response:
    async def forever() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    return StreamingResponse(forever())


def torrent(ended: asyncio.Event | None = None) -> Route:
    """More than any buffer holds; ``ended`` is set when it is over."""

    async def answer(_: Request) -> Response:
        async def pouring() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(1 << 20)
                    await asyncio.sleep(0)
            finally:
                if ended is not None:
                    ended.set()

        return StreamingResponse(pouring())

    return Route("/torrent", answer)


async def unread(bound: socket.socket, path: str = "/torrent") -> socket.socket:
    """Who asks, and takes nothing of the answer."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(asking, bound.getsockname())
    await loop.sock_sendall(asking, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return asking


async def head(pair: Pair) -> bytes:
    async with asyncio.timeout(10):
        return await pair[0].readuntil(b"\r\n")


async def test_silent_connections_keep_nobody_out() -> None:
    application = Starlette(routes=[Route("/healthz", healthz), Route("/events", events)])
    bound = socket.create_server(("127.0.0.1", 0))
    open_: list[Pair] = []

    async def connected(said: bytes) -> Pair:
        pair = await asyncio.open_connection(*bound.getsockname())
        open_.append(pair)
        pair[1].write(said)
        return pair

    async with served(application, bound):
        stream = await connected(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await head(stream) == b"HTTP/1.1 200 OK\r\n"
        answered = await connected(ASKED)
        assert await head(answered) == b"HTTP/1.1 200 OK\r\n"
        silent = [await connected(said) for said in (b"", b"GET /hea") * (MOST // 2)]
        for _ in range(2):
            assert await head(await connected(ASKED)) == b"HTTP/1.1 200 OK\r\n"
        # Who had waited the longest had to go, and nobody whose request is under way.
        async with asyncio.timeout(10):
            await answered[0].read()
            assert await silent[0][0].read() == b""
        await stream[0].readuntil(b"first")
        assert not stream[0].at_eof()
        for _, writer in open_:
            writer.transport.abort()


async def test_who_takes_nothing_of_an_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_server, "STALL", 0.01)
    ended = asyncio.Event()
    application = Starlette(routes=[Route("/events", events), torrent(ended)])
    bound = socket.create_server(("127.0.0.1", 0))
    async with served(application, bound):
        stream = await asyncio.open_connection(*bound.getsockname())
        stream[1].write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await stream[0].readuntil(b"first")
        asking = await unread(bound)
        async with asyncio.timeout(20):
            await ended.wait()
        assert not stream[0].at_eof()  # nothing waits to be read there, however long nothing comes
        asking.close()
        stream[1].transport.abort()


async def test_unread_answers_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_server, "GIVES_WAY", 0.01)
    application = Starlette(routes=[Route("/healthz", healthz), torrent()])
    bound = socket.create_server(("127.0.0.1", 0))
    async with served(application, bound):
        unreading = [await unread(bound) for _ in range(MOST)]
        status = b""
        async with asyncio.timeout(20):
            while b"200" not in status:
                pair = await asyncio.open_connection(*bound.getsockname())
                pair[1].write(ASKED)
                status = await pair[0].readline()
                pair[1].transport.abort()
        for asking in unreading:
            asking.close()
