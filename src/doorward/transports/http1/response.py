"""The answer of an upstream, as a caller sees it: whole, or in pieces."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from .answering import ResponseReader
from .decoding import Inflater, inflater
from .errors import ResponseTooLarge, UpstreamGarbage
from .wire import Headers

_PIECE = 64 * 1024  # decoded bytes handed out at a time

HEAD, SOME, ALL = range(3)  # what a caller waits for


class Source(Protocol):
    """What an answer needs of its connection."""

    limit: int

    async def wait(self, what: int, want: int = 0) -> None: ...
    def took(self, size: int) -> None: ...
    def abort(self) -> None: ...


class UpstreamResponse(msgspec.Struct, eq=False):
    """An answer whose head is here. Read it to its end or `abort()` it; then its connection is off your hands.

    Header names are in lower case, values without surrounding blanks, in order. A gzip or deflate body is decoded, and
    its `Content-Encoding` and `Content-Length` are then not among the headers.
    """

    _connection: Source
    _reader: ResponseReader
    status: int
    headers: Headers
    _inflater: Inflater | None = None

    @property
    def notes(self) -> dict[str, Any]:
        """For what the caller concludes from the head alone: the next answer with the same head may come with them."""
        return self._reader.notes

    @property
    def complete(self) -> bool:
        """Whether all of the body is here: `read()` then waits for nothing."""
        return self._reader.complete

    @property
    def ready(self) -> bool:
        """Whether `chunk()` would return at once."""
        reader = self._reader
        return bool(reader.parts) or reader.complete or (self._inflater is not None and self._inflater.pending)

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    async def read(self, limit: int) -> bytes:
        """What is left of the body, whole. Raises ResponseTooLarge above `limit` (or the pool's `max_body`) bytes."""
        if not self._reader.complete:
            await self._gather(min(limit, self._connection.limit))
        return self.body_now(limit)

    def body_now(self, limit: int) -> bytes:
        """`read()` without waiting, once the answer is `complete`."""
        reader = self._reader
        if not reader.complete:
            raise RuntimeError("the answer is not complete")
        if limit > self._connection.limit:
            limit = self._connection.limit
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


def answer(connection: Source, reader: ResponseReader) -> UpstreamResponse:
    """What `reader` has read, for the caller. Raises UpstreamGarbage for a content coding that we do not know."""
    headers = reader.headers
    assert headers is not None
    if not reader.coding:
        return UpstreamResponse(connection, reader, reader.status, headers)
    machine = inflater(reader.coding)
    gone = (b"content-encoding", b"content-length") if machine else (b"content-encoding",)
    headers = tuple(header for header in headers if header[0] not in gone)
    return UpstreamResponse(connection, reader, reader.status, headers, machine)


def _joined(parts: list[bytes | bytearray]) -> bytes:
    """Takes everything out of `parts`."""
    if len(parts) == 1 and type(parts[0]) is bytes:
        return parts.pop()  # type: ignore[return-value]  # it was looked at on the line above
    data = b"".join(parts)
    parts.clear()
    return data
