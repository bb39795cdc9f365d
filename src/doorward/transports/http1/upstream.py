"""One connection to an upstream, and the answer that arrives on it."""

import asyncio
import select
from collections.abc import AsyncIterator
from math import inf
from typing import Protocol

from .answering import ResponseReader
from .decoding import Inflater, inflater
from .errors import FirstByteTimeout, IdleTimeout, ResponseTooLarge, UpstreamClosed, UpstreamFault, UpstreamGarbage
from .limits import ClientLimits
from .wire import Headers

_JOIN_UP_TO = 64 * 1024
_JUST_NOW = 0.005
_PIECE = 64 * 1024  # decoded bytes handed out at a time
_WATCHED = select.POLLIN | getattr(select, "POLLRDHUP", 0)

HEAD, SOME, ALL = range(3)  # what a consumer waits for


class Owner(Protocol):
    """What a connection needs of its pool."""

    limits: ClientLimits

    def done(self, connection: "UpstreamConnection", keep_alive: bytes | None) -> None: ...
    def lost(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time. `touched` tells whether any byte of the present answer came."""

    __slots__ = (
        "_deadline",
        "_limits",
        "_loop",
        "_owner",
        "_paused",
        "_poll",
        "_reader",
        "_stream",
        "_taken",
        "_transport",
        "_wait_for",
        "_waiter",
        "_want",
        "closed",
        "expires",
        "fault",
        "idle_since",
        "reused",
        "touched",
    )

    _transport: asyncio.Transport

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._loop = loop
        self._reader: ResponseReader | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._wait_for = HEAD
        self._want = 0
        self._taken = 0
        self._paused = False
        self._stream = False
        self._deadline = inf
        self._poll: select.poll | None = None
        self.fault: UpstreamFault | None = None
        self.closed = False
        self.touched = False
        self.reused = False
        self.idle_since = self.expires = 0.0

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports have no common base class
        sock = transport.get_extra_info("socket")
        if sock is not None:
            self._poll = select.poll()
            self._poll.register(sock.fileno(), _WATCHED)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            self.abort()  # nobody asked: whatever it is, it is not the answer to the next request
            return
        self.touched = True
        try:
            reader.feed(data)
        except UpstreamFault as fault:
            self._fail(fault)
            return
        if reader.complete:
            self._complete(reader)
        elif reader.headers is not None:
            self._progress(reader)

    def eof_received(self) -> None:
        self._end(clean=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._poll = None
        self._end(clean=exc is None)
        self._owner.lost(self)

    def _end(self, clean: bool) -> None:
        reader = self._reader
        if reader is None:
            self.abort()
        elif clean and reader.eof():
            self._complete(reader)
        else:
            self._fail(UpstreamClosed("the upstream closed the connection before its answer was complete"))

    # The pool's side.

    async def exchange(self, head: bytes, body: bytes, *, head_only: bool, stream: bool) -> "UpstreamResponse":
        """Sends one request and waits for its final head (and the body with it, if it is small and was announced)."""
        reader = self._reader = ResponseReader(self._limits, head_only)
        self._taken = 0
        self._stream = stream
        self.touched = False
        self._deadline = self._loop.time() + self._limits.first_byte
        try:
            if self.closed:
                raise UpstreamClosed("the upstream closed the connection at once")
            if len(body) <= _JOIN_UP_TO:
                self._transport.write(head + body if body else head)
            else:
                self._transport.writelines((head, body))
            await self.wait(HEAD)
            return UpstreamResponse(self, reader)
        except BaseException:
            self.abort()
            raise

    def usable(self, now: float) -> bool:
        """Whether an idle connection can carry a request: not expired, and nothing (bytes, EOF) came in meanwhile."""
        if self.closed or now >= self.expires:
            return False
        # The loop has seen what came in, unless it lags; asking the kernel costs as much as a write, so a connection
        # that has only just been given back is taken on the loop's word.
        return now - self.idle_since < _JUST_NOW or (self._poll is not None and not self._poll.poll(0))

    def abort(self) -> None:
        """Cuts the connection at once."""
        if not self.closed:
            self._transport.abort()

    def close(self) -> None:
        if not self.closed:
            self._transport.close()

    def sweep(self, now: float) -> None:
        if self._deadline <= now:
            begun = self._reader is not None and self._reader.headers is not None
            if begun:
                self._fail(IdleTimeout("the upstream's answer stopped arriving"))
            else:
                self._fail(FirstByteTimeout("the upstream did not answer in time"))

    # The response's side.

    @property
    def limit(self) -> int:
        return self._limits.max_body

    async def wait(self, what: int, want: int = 0) -> None:
        """Waits for a head, for SOME bytes, or for ALL of them (up to `want`). Raises the connection's fault."""
        if self.fault is not None:
            raise self.fault
        if self._paused:
            self._resume()
        self._wait_for, self._want = what, want
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:  # the connection may carry somebody else's exchange by now
                self._waiter = None

    def took(self, size: int) -> None:
        """The consumer has taken the first `size` bytes of the body."""
        self._taken = size
        if self._paused:
            self._resume()

    # Inside.

    def _progress(self, reader: ResponseReader) -> None:
        self._deadline = inf if self._stream else self._loop.time() + self._limits.idle
        waits = self._waiter is not None
        if waits and self._satisfied(reader):
            self._wake()
        if reader.size - self._taken > self._limits.stream_buffer and not (waits and self._wait_for == ALL):
            # The consumer is slower than the upstream; its time does not count against the upstream.
            self._paused = True
            self._deadline = inf
            self._transport.pause_reading()

    def _satisfied(self, reader: ResponseReader) -> bool:
        if self._wait_for == HEAD:
            return self._stream or not reader.short
        if self._wait_for == SOME:
            return bool(reader.parts)
        return reader.size > self._want

    def _resume(self) -> None:
        self._paused = False
        if self.closed or self._reader is None:
            return
        self._deadline = inf if self._stream else self._loop.time() + self._limits.idle
        self._transport.resume_reading()

    def _complete(self, reader: ResponseReader) -> None:
        self._reader = None
        self._deadline = inf
        self._wake()
        if reader.reusable and not self.closed and not self._transport.get_write_buffer_size():
            self.reused = True
            self._owner.done(self, reader.keep_alive)
        else:
            self.close()

    def _fail(self, fault: UpstreamFault) -> None:
        if self.fault is None:
            self.fault = fault
        self._reader = None
        self._deadline = inf
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(self.fault)
        self.abort()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class UpstreamResponse:
    """An answer whose head is here. Read it to its end or `abort()` it; then its connection is off your hands.

    Header names are in lower case, values without surrounding blanks, in order. A gzip or deflate body is decoded, and
    its `Content-Encoding` and `Content-Length` are then not among the headers.
    """

    __slots__ = ("_connection", "_inflater", "_reader", "headers", "status")

    headers: Headers

    def __init__(self, connection: UpstreamConnection, reader: ResponseReader) -> None:
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
        parts = reader.parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
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
        parts = reader.parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
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
