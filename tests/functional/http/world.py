"""A raw client, the gateway on real sockets, a raw server: nothing between a test and the bytes on the wire."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.functional.pipeline.bench import QUESTIONS, TOKEN, Bench, result, rule
from tests.waiting import PATIENCE

from doorward.core.policy import Mode
from doorward.core.snapshot import Server, Snapshot, Target
from doorward.gateway.conversations import Conversations
from doorward.transports.http1 import HttpServer
from doorward.transports.http1.limits import ServerLimits
from doorward.transports.http_upstream import HttpUpstream
from doorward.transports.legacy_sse import PREFIX, SseListener, SseUpstream
from doorward.transports.streamable_http import Listener

__all__ = ["Answer", "Connection", "Request", "World", "rule"]


class Request:
    """What the server behind the gateway saw."""

    def __init__(self, head: bytes, body: bytes) -> None:
        line, *lines = head.decode("latin-1")[:-4].split("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.fields = [(k.lower(), v) for k, v in (x.split(": ", 1) for x in lines)]
        self.headers = dict(self.fields)
        self.body = body


class Wire:
    """The server's end of one connection, for a script to write on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def whole(self, data: bytes, status: str = "200 OK", *lines: str, kind: str = "application/json") -> None:
        head = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(data)}", *lines]
        await self.raw("\r\n".join(head).encode() + b"\r\n\r\n" + data)

    async def stream(self, *events: bytes, lines: tuple[str, ...] = (), end: bool = True) -> None:
        head = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "transfer-encoding: chunked", *lines]
        await self.raw("\r\n".join(head).encode() + b"\r\n\r\n")
        for data in events:
            await self.event(data)
        if end:
            await self.raw(b"0\r\n\r\n")

    async def event(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def ended(self) -> bool:
        """Whether the gateway closes this connection (waits for it)."""
        try:
            return await asyncio.wait_for(self.reader.read(1), PATIENCE) == b""
        except ConnectionError:
            return True


Script = Callable[[Request, Wire], Awaitable[None]]


class Upstream:
    """A server of few words. ``script`` is called for each request; ``open`` counts its connections."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.open = 0
        self.accepted = 0
        self.script: Script = self._echo
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _echo(self, request: Request, wire: Wire) -> None:
        try:
            message = json.loads(request.body)
        except ValueError:
            message = {}
        if request.method == "POST" and "method" in message and "id" in message:
            await wire.whole(result(message["id"]))
        else:
            await wire.raw(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open += 1
        self.accepted += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), b":0")
                request = Request(head, await reader.readexactly(int(length.split(b":")[1])))
                self.seen.append(request)
                await self.script(request, Wire(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Answer:
    def __init__(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.fields = fields
        self.headers = dict(fields)
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """A client that writes bytes and reads answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader = reader
        self.writer = writer
        self.host = host

    async def send(self, method: str, target: str, data: bytes = b"", **headers: Any) -> None:
        """``Host`` and the token are there unless said otherwise; None leaves a field out, a list repeats it."""
        fields: dict[str, Any] = {"Host": self.host, "X-MCP-Token": TOKEN.decode(), "Content-Length": len(data)}
        if method == "POST":
            fields |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{method} {target} HTTP/1.1"]
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                lines += [f"{name}: {one}"] if one is not None else []
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await self.writer.drain()

    async def head(self) -> tuple[int, list[tuple[str, str]]]:
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        line, *lines = raw.decode("latin-1")[:-4].split("\r\n")
        return int(line.split(" ")[1]), [(k.lower(), v) for k, v in (x.split(": ", 1) for x in lines)]

    async def chunk(self) -> bytes:
        """One chunk; empty is the last one."""
        size = int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), PATIENCE), 16)
        data = await asyncio.wait_for(self.reader.readexactly(size), PATIENCE)
        await self.reader.readexactly(2)
        return data

    async def answer(self) -> Answer:
        status, fields = await self.head()
        headers = dict(fields)
        data = b""
        if headers.get("transfer-encoding") == "chunked":
            while piece := await self.chunk():
                data += piece
        elif "content-length" in headers:
            data = await asyncio.wait_for(self.reader.readexactly(int(headers["content-length"])), PATIENCE)
        return Answer(status, fields, data)

    async def ask(self, data: bytes, **headers: Any) -> Answer:
        await self.send("POST", "/mcp/crm", data, **headers)
        return await self.answer()

    def cut(self) -> None:
        self.writer.transport.abort()


class World:
    """Everything that one test needs, closed behind it; nothing may be left over."""

    def __init__(self) -> None:
        self.upstream = Upstream()
        self.connections: list[Connection] = []
        self.bench: Bench
        self.server: HttpServer
        self.edge: list[tuple[str, str, str]] = []

    async def start(self, mode: Mode = Mode.ENFORCE, *, transport: str = "http", **settings: Any) -> "World":
        await self.upstream.start()
        here = {key: settings.pop(key) for key in list(settings) if key in Server.__struct_fields__}
        path = settings.pop("path", "/mcp")
        target = Target(f"http://127.0.0.1:{self.upstream.port}{path}", transport)
        here.setdefault("server_requests", QUESTIONS)
        here.setdefault("strict_reading", mode.enforcing or any(r.mode for r in here.get("tools", ())))
        self.bench = Bench(mode, crm=Server("crm", target, mode, **here), make=self._make, **settings)
        listener = Listener(
            self.bench.pipeline.serve, lambda: self.bench.live.snapshot, self.bench.clock, self._refused
        )
        talks = Conversations(self.bench.pipeline, self.bench.sealer)
        sse = SseListener(talks.open, talks.post, lambda: self.bench.live.snapshot, self.bench.clock, lambda *_: None)
        listener.mount(PREFIX, sse.handle)
        self.server = HttpServer(listener.handle, ServerLimits(tick=0.02, body_bytes=1 << 22))
        await self.server.start(host="127.0.0.1", port=0)
        self.allow({f"127.0.0.1:{self.server.port}".encode()})
        return self

    def allow(self, hosts: set[bytes], **settings: Any) -> None:
        """Put a snapshot in force that serves these hosts."""
        import msgspec

        self.bench.live.snapshot = msgspec.structs.replace(
            self.bench.live.snapshot, allowed_hosts=frozenset(hosts), **settings
        )

    def _make(self, server: Server, snapshot: Snapshot) -> HttpUpstream:
        kind = SseUpstream if server.target.transport == "sse" else HttpUpstream
        return kind(server, snapshot.limits, snapshot.timeouts)

    def _refused(self, reason: str, client: str, server: str) -> None:
        self.edge.append((reason, client, server))

    async def connect(self) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 24)
        made = Connection(reader, writer, f"127.0.0.1:{self.server.port}")
        self.connections.append(made)
        return made

    async def close(self) -> None:
        for connection in self.connections:
            connection.cut()
        await self.server.drain(1)
        await self.upstream.close()
        await self.bench.upstreams.close()
        assert self.bench.idle()
        assert self.server.connections == 0
