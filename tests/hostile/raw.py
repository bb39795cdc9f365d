"""An HTTP client that says exactly the bytes it is told to, and reads answers no more kindly than that."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Self

PATIENCE = 10.0  # seconds for what has to come on a machine that does other things too
LIMIT = 1 << 26

Fields = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """One HTTP answer. Header names are in lower case; repeated ones are all in `fields`."""

    status: int
    fields: Fields
    body: bytes

    def __getitem__(self, name: str) -> str:  # type: ignore[override]
        return next((value for key, value in self.fields if key == name), "")

    def json(self) -> Any:
        return json.loads(self.body)

    def messages(self) -> list[Any]:
        """The JSON-RPC messages in it, whether it is JSON or an event stream."""
        if not self["content-type"].startswith("text/event-stream"):
            found = self.json()
            return found if isinstance(found, list) else [found]
        blocks = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        data = (b"\n".join(line[6:] for line in b.split(b"\n") if line.startswith(b"data: ")) for b in blocks)
        return [json.loads(text) for text in data if text]


def post(path: str, body: bytes, *, port: int, fields: Fields = (), version: str | None = "2025-06-18") -> bytes:
    """The bytes of a well-formed POST, with `fields` added."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        f"Content-Length: {len(body)}",
        *([f"MCP-Protocol-Version: {version}"] if version else []),
        *(f"{name}: {value}" for name, value in fields),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Raw:
    """One connection. `async with Raw.to(port) as raw: …` closes it in the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, source: str | None = None) -> Self:
        local = (source, 0) if source else None
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=local, limit=LIMIT))

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Self]:
        raw = await cls.open(port)
        try:
            yield raw
        finally:
            await raw.close()

    async def say(self, data: bytes) -> None:
        """Send; a peer that does not listen any more is not an error, for its answer may be on the way."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self, *, patience: float = PATIENCE) -> Answer:
        """The next answer, whole. Raises `EOFError` (or `ConnectionError`) where there is none."""
        async with asyncio.timeout(patience):
            status, fields = await self.head()
            return Answer(status, fields, await self._body(status, fields))

    async def head(self) -> tuple[int, Fields]:
        """The next answer's status and fields; `100 Continue` is passed over."""
        while True:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200:
                break
        pairs = (line.partition(":") for line in lines[1:] if line)
        return status, tuple((name.lower(), value.strip()) for name, _, value in pairs)

    async def _body(self, status: int, fields: Fields) -> bytes:
        known = dict(fields)
        if known.get("transfer-encoding") == "chunked":
            return b"".join([piece async for piece in self.chunks()])
        if status in (204, 304):
            return b""
        return await self.reader.readexactly(int(known["content-length"]))

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces of a chunked body. A body that is cut short raises `EOFError`."""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)

    async def ended(self, *, patience: float = PATIENCE) -> bool:
        """Whether the peer closes the connection, with nothing more to say."""
        try:
            async with asyncio.timeout(patience):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def reset(self) -> None:
        """Go without a word: RST."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
