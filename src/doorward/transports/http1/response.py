"""The answer of an upstream, as a caller sees it: whole, or in pieces."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from .answering import ResponseReader
from .decoding import Inflater, inflater
from .errors import ResponseTooLarge, UpstreamGarbage
from .wire import Headers

_PIECE = 64 * 1024  # decoded bytes handed out at a time

HEAD, SOME, ALL = range(3)  # what a caller waits for


class Source(Protocol):
    """What an answer needs of its connection."""

    @property
    def limit(self) -> int: ...
    async def wait(self, what: int, want: int = 0) -> None: ...
    def took(self, size: int) -> None: ...
    def abort(self) -> None: ...


class UpstreamResponse:
    """An answer whose head is here. Read it to its end or `abort()` it; then its connection is off your hands.

    Header names are in lower case, values without surrounding blanks, in order. A gzip or deflate body is decoded, and
    its `Content-Encoding` and `Content-Length` are then not among the headers.
    """

    __slots__ = ("_connection", "_inflater", "_reader", "headers", "status")

    headers: Headers

    def __init__(self, connection: Source, reader: ResponseReader) -> None:
        headers = reader.headers
        assert headers is not None
        self._connection = connection
        self._reader = reader
        self._inflater: Inflater | None = None
        self.status = reader.status
        if reader.coding:
            self._inflater = inflater(reader.coding)
            gone = (b"content-encoding", b"content-length") if self._inflater else (b"content-encoding",)
            headers = tuple(header for header in headers if header[0] not in gone)
        self.headers = headers

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    async def read(self, limit: int) -> bytes:
        """What is left of the body, whole. Raises ResponseTooLarge above `limit` (or the pool's `max_body`) bytes."""
        reader = self._reader
        limit = min(limit, self._connection.limit)
        if not reader.complete:
            await self._gather(limit)
        body = _joined(reader.parts)
        if self._inflater is not None:
            body = self._inflate(body, limit)
        if len(body) > limit:
            raise ResponseTooLarge("the upstream's answer is too large")
        return body

    async def chunk(self) -> bytes | None:
        """The next bytes of the body as they come, None at its end. Reading pauses while nobody takes them."""
        reader = self._reader
        while True:
            data = self._some()
            if data:
                return data
            if reader.complete and not reader.parts:
                if self._inflater is not None:
                    self._inflater.check_end()
                return None
            if not reader.parts:
                await self._wait(SOME)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (data := await self.chunk()) is not None:
            yield data

    def abort(self) -> None:
        """Closes the upstream connection at once; nothing happens when the answer is complete already."""
        if not self._reader.complete:
            self._connection.abort()

    async def _gather(self, limit: int) -> None:
        reader = self._reader
        while not reader.complete:
            if reader.size > limit or reader.length > limit:
                self._connection.abort()
                raise ResponseTooLarge("the upstream's answer is too large")
            await self._wait(ALL, limit)

    async def _wait(self, what: int, want: int = 0) -> None:
        try:
            await self._connection.wait(what, want)
        except asyncio.CancelledError:
            self.abort()
            raise

    def _some(self) -> bytes:
        reader, machine = self._reader, self._inflater
        if machine is not None and machine.pending:
            return self._decoded(b"")
        if not reader.parts:
            return b""
        data = _joined(reader.parts)
        if not reader.complete:
            self._connection.took(reader.size)
        return data if machine is None else self._decoded(data)

    def _decoded(self, data: bytes) -> bytes:
        assert self._inflater is not None
        try:
            return self._inflater.decode(data, _PIECE)
        except UpstreamGarbage:
            self.abort()
            raise

    def _inflate(self, body: bytes, limit: int) -> bytes:
        assert self._inflater is not None
        out = self._inflater.decode(body, limit + 1)
        if len(out) <= limit:
            self._inflater.check_end()
        return out


def _joined(parts: list[bytes | bytearray]) -> bytes:
    """Takes everything out of `parts`."""
    first = parts[0] if len(parts) == 1 else b""
    data = first if first and type(first) is bytes else b"".join(parts)
    parts.clear()
    return data
