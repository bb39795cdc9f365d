"""One connection to an upstream: a request out, the answer in, and who waits for what of it."""

import asyncio
import select
from math import inf
from typing import Protocol

from .answering import ResponseReader
from .errors import FirstByteTimeout, IdleTimeout, TotalTimeout, UpstreamClosed, UpstreamFault
from .limits import ClientLimits
from .outbox import Outbox
from .response import ALL, HEAD, SOME

_JOIN_UP_TO = 64 * 1024
_JUST_NOW = 0.005
_WATCHED = select.POLLIN | getattr(select, "POLLRDHUP", 0)


class Owner(Protocol):
    """What a connection needs of its pool."""

    limits: ClientLimits
    outbox: Outbox

    @property
    def busy(self) -> int: ...

    def done(self, connection: "UpstreamConnection", keep_alive: bytes | None) -> None: ...
    def lost(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time. `touched` tells whether any byte of the present answer came."""

    __slots__ = (
        "_deadline",
        "_limits",
        "_loop",
        "_lost",
        "_owner",
        "_paused",
        "_poll",
        "_reader",
        "_stream",
        "_taken",
        "_transport",
        "_unsent",
        "_until",
        "_wait_for",
        "_waiter",
        "_want",
        "dead",
        "expires",
        "fault",
        "idle_since",
        "limit",
        "reused",
        "touched",
        "untried",
    )

    _transport: asyncio.Transport

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._loop = loop
        self._reader: ResponseReader | None = None
        self._unsent = b""
        self._waiter: asyncio.Future[None] | None = None
        self._wait_for = HEAD
        self._want = 0
        self._taken = 0
        self._paused = False
        self._stream = False
        self._deadline = inf
        self._poll: select.poll | None = None
        self.fault: UpstreamFault | None = None
        self._until = inf  # when the whole answer must be here
        self._lost = False
        self.dead = False  # closed, or about to be: no request may begin on it
        self.limit = owner.limits.max_body
        self.touched = False
        self.untried = False  # the connection died before the request had gone out
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
        if self._unsent:  # nor can it be the answer to a request that has not gone out yet
            self._fail(UpstreamClosed("the upstream spoke before it was asked"))
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
        self._lost = self.dead = True
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

    def begin(
        self, reader: ResponseReader, head: bytes, body: bytes, stream: bool, total: float
    ) -> asyncio.Future[None]:
        """Sends one request; the answer goes to `reader`. The future is done once its final head is here (and the body
        with it, if it is small and was announced). Who stops waiting calls `abandon()`. Raises UpstreamClosed."""
        if self.dead:
            raise UpstreamClosed("the upstream closed the connection at once")
        self._reader = reader
        self._taken = 0
        self._stream = stream
        self.touched = False
        now = self._loop.time()
        self._deadline = now + self._limits.first_byte
        self._until = now + total
        self._wait_for = HEAD
        waiter = self._waiter = self._loop.create_future()
        if len(body) <= _JOIN_UP_TO and self._owner.busy <= 1:
            self._transport.write(head + body)  # nobody else to wait for
        elif len(body) <= _JOIN_UP_TO:
            self._unsent = head + body
            self._owner.outbox.add(self)
        else:
            self._transport.writelines((head, body))
        return waiter

    def flush(self) -> None:
        """Writes the request that `begin` has kept for the end of this turn of the loop."""
        data, self._unsent = self._unsent, b""
        if data and not self.dead:
            self._transport.write(data)

    def abandon(self, reader: ResponseReader) -> None:
        """Ends the exchange that fills `reader`, unless it is complete: somebody else's may be under way by then."""
        if self._reader is reader:
            self._waiter = None
            self.abort()

    def usable(self, now: float) -> bool:
        """Whether an idle connection can carry a request: not expired, and nothing (bytes, EOF) came in meanwhile."""
        if self.dead or now >= self.expires:
            return False
        # The loop has seen what came in, unless it lags; asking the kernel costs as much as a write, so a connection
        # that has only just been given back is taken on the loop's word.
        return now - self.idle_since < _JUST_NOW or (self._poll is not None and not self._poll.poll(0))

    def abort(self) -> None:
        """Cuts the connection at once."""
        self.dead = True
        self._unsent = b""
        if not self._lost:
            self._transport.abort()

    def close(self) -> None:
        self.dead = True
        if not self._lost:
            self._transport.close()

    def sweep(self, now: float) -> None:
        if self._until <= now:
            self._fail(TotalTimeout("the upstream's answer took too long as a whole"))
        elif self._deadline <= now:
            if self._reader is not None and self._reader.headers is not None:
                self._fail(IdleTimeout("the upstream's answer stopped arriving"))
            else:
                self._fail(FirstByteTimeout("the upstream did not answer in time"))

    # The response's side.

    async def wait(self, what: int, want: int = 0) -> None:
        """Waits for a head, for SOME bytes, or for ALL of them (up to `want`). Raises the connection's fault."""
        if self.fault is not None:
            raise _anew(self.fault)
        if self._paused:
            self._resume()
        self._wait_for, self._want = what, want
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:  # the connection may carry somebody else's exchange by now
                self._waiter = None
            del waiter  # it holds the fault, whose traceback holds us

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
        if self.dead or self._reader is None:
            return
        self._deadline = inf if self._stream else self._loop.time() + self._limits.idle
        self._transport.resume_reading()

    def _complete(self, reader: ResponseReader) -> None:
        self._reader = None
        self._deadline = self._until = inf
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if reader.reusable and not self.dead and not self._transport.get_write_buffer_size():
            self.reused = True
            self._owner.done(self, reader.keep_alive)
        else:
            self.close()

    def _fail(self, fault: UpstreamFault) -> None:
        if self.fault is None:
            self.fault = _anew(fault)
            self.untried = bool(self._unsent)
        if self._reader is not None:
            self._reader.abandon()
            self._reader = None
        self._deadline = self._until = inf
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(_anew(self.fault))
        self.abort()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _anew(fault: UpstreamFault) -> UpstreamFault:
    """A copy of the fault, to be raised. The kept one, once raised, would hold the call and its messages in its
    traceback, and they would hold it, until the garbage collector runs.
    """
    return type(fault)(*fault.args)
