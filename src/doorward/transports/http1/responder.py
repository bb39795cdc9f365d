"""The answer to one request: whole in one write, or in chunks with back-pressure."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from .request import HttpRequest
from .wire import Header, Headers

_BODYLESS = frozenset((204, 304))
_JOIN_UP_TO = 64 * 1024  # above it two buffers are cheaper than one copy


class Channel(Protocol):
    """What a responder needs of its connection. `last` tells that no request follows the present one."""

    closed: bool
    congested: bool
    last: bool
    status_line: Callable[[int], bytes]
    header_block: Callable[[Headers], bytes]

    def send(self, data: bytes) -> None: ...
    def send_soon(self, data: bytes) -> None: ...
    def send_two(self, head: bytes, body: bytes) -> None: ...
    async def drained(self) -> None: ...


class Responder(msgspec.Struct, eq=False):
    """Answers one request. A client that is gone shows as ConnectionResetError (and cancels the handler).

    `close` tells that the connection ends behind this answer.
    """

    _channel: Channel
    _method: str
    _minor: bytes
    close: bool
    started: bool = False
    finished: bool = False
    _chunked: bool = False
    _bodyless: bool = False

    @property
    def closed(self) -> bool:
        """True when nothing more can be written: the answer is complete, or the client is gone."""
        return self.finished or self._channel.closed

    async def whole(self, status: int, headers: Iterable[Header], body: bytes = b"") -> None:
        """Sends a complete answer in one write, without switching tasks."""
        self.whole_now(status, headers, body)

    def whole_now(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """The same, for a caller that need not wait.

        `Content-Length`, `Date` and `Connection` are ours. Raises ValueError for headers that would break the framing.
        """
        head = self._head(status, headers)
        channel = self._channel
        self.started = self.finished = True
        if status in _BODYLESS:
            channel.send_soon(head + b"\r\n")
        elif self._method == "HEAD":
            channel.send_soon(b"%bcontent-length: %d\r\n\r\n" % (head, len(body)))
        elif len(body) <= _JOIN_UP_TO:
            channel.send_soon(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        else:
            channel.send_two(b"%bcontent-length: %d\r\n\r\n" % (head, len(body)), body)

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        """Begins a streamed answer: chunked, or ended by the end of the connection for HTTP/1.0."""
        if self._minor == b"0":
            self.close = True
        head = self._head(status, headers)
        self._bodyless = status in _BODYLESS or self._method == "HEAD"
        if status not in _BODYLESS and self._minor == b"1":
            self._chunked = True
            head += b"transfer-encoding: chunked\r\n"
        self.started = True
        self._channel.send(head + b"\r\n")

    async def write(self, data: bytes) -> None:
        """Sends a piece; waits only while the connection's write buffer is over its high-water mark."""
        if not self.started or self.finished:
            raise RuntimeError("write() belongs between start() and end()")
        channel = self._channel
        if channel.closed:
            raise ConnectionResetError("the client is gone")
        if data and not self._bodyless:
            channel.send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if channel.congested:
            await channel.drained()

    def comment(self, data: bytes) -> None:
        """Sends a piece that nobody waits for (a keep-alive); skipped while the client takes nothing or is gone."""
        if self.started and not self.closed and not self._channel.congested and not self._bodyless:
            self._channel.send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self) -> None:
        """Completes a streamed answer; harmless when it is complete already."""
        if self.finished:
            return
        if not self.started:
            raise RuntimeError("end() belongs behind start()")
        self.finished = True
        if self._chunked and not self._bodyless and not self._channel.closed:
            self._channel.send(b"0\r\n\r\n")

    def _head(self, status: int, headers: Iterable[Header]) -> bytes:
        if self.started:
            raise RuntimeError("the answer has begun already")
        if self._channel.closed:
            raise ConnectionResetError("the client is gone")
        block = self._channel.header_block(tuple(headers))
        if self.close or self._channel.last:
            self.close = True
            block += b"connection: close\r\n"
        return self._channel.status_line(status) + block


Handler = Callable[[HttpRequest, Responder], Awaitable[None]]
