"""An upstream that does what a script says, byte by byte; the first part of the path names the script."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """One request as it came. Header names are in lower case."""

    verb: str
    path: str
    fields: dict[str, str]
    body: bytes


class Line:
    """The connection that a script answers on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def whole(
        self, body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = ""
    ) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        await self.say(head.encode("latin-1") + body)

    async def events(self, *, more: str = "") -> None:
        """The head of an event stream, chunked."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
        await self.say(head.encode("latin-1"))

    async def chunk(self, data: bytes) -> None:
        await self.say(b"%x\r\n%b\r\n" % (len(data), data))

    async def event(self, data: bytes) -> None:
        await self.chunk(b"data: " + data + b"\n\n")

    async def last(self) -> None:
        await self.say(b"0\r\n\r\n")

    async def gone(self) -> None:
        """Waits until the gateway closes."""
        while await self.reader.read(65536):
            pass


Script = Callable[[Asked, Line], Awaitable[bool | None]]
"""Answers one request. True: the connection may carry another one; else it is closed."""


class Scripted:
    """`connections` is how many are open now, `asked` how many requests came to each script."""

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self.scripts = dict(scripts)
        self.connections = 0
        self.asked: dict[str, int] = dict.fromkeys(scripts, 0)
        self.last: dict[str, Asked] = {}
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def servers(self) -> dict[str, dict[str, str]]:
        """One server of the configuration for each script."""
        return {name: {"url": self.url(name)} for name in self.scripts}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0, limit=1 << 26, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> "Scripted":
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        line = Line(reader, writer)
        try:
            while await self._one(line):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the gateway has closed, which is what most scripts wait for
        finally:
            self.connections -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _one(self, line: Line) -> bool:
        head = (await line.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        verb, path, _ = head[0].split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in head[1:] if text)}
        asked = Asked(verb, path, fields, await line.reader.readexactly(int(fields.get("content-length", 0))))
        name = path.split("/")[1]
        self.asked[name] += 1
        self.last[name] = asked
        return bool(await self.scripts[name](asked, line))


@contextlib.contextmanager
def in_background(scripted: Scripted) -> Iterator[Scripted]:
    """Runs it in a thread, so that it outlives the event loop of one test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="scripted upstream")
    thread.start()

    def run(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(20)

    try:
        run(scripted.start())
        try:
            yield scripted
        finally:
            run(scripted.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
