"""Raw sockets on both sides of the HTTP edge: nothing between a test and the bytes on the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvloop
from tests.waiting import PATIENCE

from doorward.transports.http1 import HttpRequest, HttpServer, Origin, Pool, Responder
from doorward.transports.http1.limits import ClientLimits, ServerLimits


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """Both loops: uvloop is what runs in production, asyncio what is left where uvloop is not to be had."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def code(self) -> str:
        return json.loads(self.body)["error"]["code"]


class Raw:
    """A client connection on which a test writes bytes and reads answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        async with asyncio.timeout(PATIENCE):
            raw = await self.reader.readuntil(b"\r\n\r\n")
        line, *lines = raw.decode("latin-1")[:-4].split("\r\n")
        return int(line.split(" ")[1]), {k.lower(): v for k, v in (x.split(": ", 1) for x in lines)}

    async def answer(self) -> Answer:
        status, headers = await self.head()
        async with asyncio.timeout(PATIENCE):
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(status, headers, body)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def ended(self) -> bool:
        return await self.rest() == b""

    def cut(self) -> None:
        self.writer.transport.abort()


Handler = Callable[[HttpRequest, Responder], Awaitable[None]]


async def echo(request: HttpRequest, responder: Responder) -> None:
    seen: dict[str, Any] = {
        "method": request.method,
        "target": request.target,
        "path": request.path,
        "query": request.query,
        "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.headers],
        "body": request.body.decode("latin-1"),
        "client": request.client,
        "tls": request.tls,
    }
    await responder.whole(200, [(b"content-type", b"application/json")], json.dumps(seen).encode())


class Edge:
    """Servers and raw connections that one test opens; everything is closed behind it."""

    def __init__(self) -> None:
        self.servers: list[HttpServer] = []
        self.raws: list[Raw] = []
        self.refused: list[tuple[str, str]] = []

    async def serve(
        self,
        handler: Handler = echo,
        *,
        sock: Any = None,
        ssl: Any = None,
        proxies: tuple[str, ...] = (),
        **limits: Any,
    ) -> HttpServer:
        limits = {"tick": 0.02, **limits}
        server = HttpServer(
            handler,
            ServerLimits(**limits),
            on_refused=lambda code, client: self.refused.append((code, client)),
            is_proxy=lambda client: client in proxies,
        )
        if sock is not None:
            await server.start(sock=sock, ssl=ssl)
        else:
            await server.start(host="127.0.0.1", port=0, ssl=ssl)
        self.servers.append(server)
        return server

    async def connect(self, server: HttpServer, **options: Any) -> Raw:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", server.port, **options))
        self.raws.append(raw)
        return raw

    async def close(self) -> None:
        for raw in self.raws:
            raw.cut()
        for server in self.servers:
            await server.drain(0.05)
            assert server.connections == 0
            assert server.buffered == 0


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    made = Edge()
    yield made
    await made.close()


class Conversation:
    """One connection that an upstream accepted: `asked` holds the requests read on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.gone = asyncio.Event()

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        return head + await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_gone(self) -> None:
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


Script = Callable[[Conversation], Awaitable[None]]


class Upstream:
    """A scripted server: each connection plays `script`, then closes."""

    def __init__(self) -> None:
        self.connections = 0
        self.gone = 0
        self.asked: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, script: Script, ssl: Any = None) -> None:
        self._script = script
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=ssl)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._script(Conversation(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.gone += 1
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def upstream() -> AsyncIterator[Callable[..., Awaitable[Upstream]]]:
    made: list[Upstream] = []

    async def make(script: Script, ssl: Any = None) -> Upstream:
        one = Upstream()
        await one.start(script, ssl)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


@pytest.fixture
async def pool() -> AsyncIterator[Callable[..., Pool]]:
    made: list[Pool] = []

    def make(port: int, *, scheme: str = "http", host: str = "127.0.0.1", ssl: Any = None, **limits: Any) -> Pool:
        limits = {"tick": 0.02, "connect": 2.0, "first_byte": 5.0, "idle": 5.0, **limits}
        made.append(Pool(Origin.parse(f"{scheme}://{host}:{port}", ssl), ClientLimits(**limits)))
        return made[-1]

    yield make
    for one in made:
        await one.close()
        assert (one.idle, one.busy) == (0, 0)
