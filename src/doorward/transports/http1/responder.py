"""The answer to one request: whole in one write, or in chunks with back-pressure."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from .request import HttpRequest
from .wire import Header, header_block

_BODYLESS = frozenset((204, 304))
_JOIN_UP_TO = 64 * 1024  # above it two buffers are cheaper than one copy


class Channel(Protocol):
    """What a responder needs of its connection."""

    closed: bool
    congested: bool

    def status_line(self, status: int) -> bytes: ...
    def send(self, data: bytes) -> None: ...
    def send_two(self, head: bytes, body: bytes) -> None: ...
    async def drained(self) -> None: ...
    def closing(self) -> bool: ...


class Responder:
    """Answers one request. A client that is gone shows as ConnectionResetError (and cancels the handler)."""

    __slots__ = ("_bodyless", "_channel", "_chunked", "_close", "_minor", "finished", "started")

    def __init__(self, channel: Channel, method: bytes, minor: bytes, close: bool) -> None:
        self._channel = channel
        self._bodyless = method == b"HEAD"
        self._minor = minor
        self._close = close
        self._chunked = False
        self.started = False
        self.finished = False

    @property
    def closed(self) -> bool:
        """True when nothing more can be written: the answer is complete, or the client is gone."""
        return self.finished or self._channel.closed

    @property
    def close(self) -> bool:
        """True when the connection ends behind this answer."""
        return self._close

    async def whole(self, status: int, headers: Iterable[Header], body: bytes = b"") -> None:
        """Sends a complete answer in one write, without switching tasks.

        `Content-Length`, `Date` and `Connection` are ours. Raises ValueError for headers that would break the framing.
        """
        head = self._head(status, headers)
        if status not in _BODYLESS:
            head = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
        else:
            head += b"\r\n"
            body = b""
        self.started = self.finished = True
        if self._bodyless or not body:
            self._channel.send(head)
        elif len(body) <= _JOIN_UP_TO:
            self._channel.send(head + body)
        else:
            self._channel.send_two(head, body)

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        """Begins a streamed answer: chunked, or ended by the end of the connection for HTTP/1.0."""
        if self._minor == b"0":
            self._close = True
        head = self._head(status, headers)
        if status in _BODYLESS:
            self._bodyless = True
        elif self._minor == b"1":
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
        block = header_block(headers)
        if self._close or self._channel.closing():
            self._close = True
            block += b"connection: close\r\n"
        return self._channel.status_line(status) + block


Handler = Callable[[HttpRequest, Responder], Awaitable[None]]
