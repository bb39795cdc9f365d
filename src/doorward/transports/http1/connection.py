"""One client connection: bytes in, requests to the handler one after the other, timeouts, refusals.

States: OPEN (between requests, or inside one) > BUSY (a handler works; later bytes wait unparsed) > OPEN again, or
LINGER (answered for the last time, reading on for a moment) > CLOSED.
"""

import asyncio
import contextvars
import logging
import select
from collections.abc import Callable
from math import inf
from typing import Protocol

from .heads import RequestHeads
from .limits import ServerLimits
from .outbox import Outbox
from .reading import HEAD, READY, RequestReader
from .refusals import BODY_TIMEOUT, HEAD_TIMEOUT, INTERNAL, OVERLOADED, Refusal, error_body, refusal
from .request import HttpRequest
from .responder import Handler, Responder
from .wire import Headers

logger = logging.getLogger(__name__)

OPEN, BUSY, LINGER, CLOSED = range(4)
_HANGUP = getattr(select, "POLLRDHUP", 0)  # POLLERR and POLLHUP are always reported
_DISCARD = 16 * 1024 * 1024  # bytes of a refused body read and dropped before the connection is cut


class Owner(Protocol):
    """What a connection needs of its server."""

    limits: ServerLimits
    handler: Handler
    buffered: int
    draining: bool
    context: contextvars.Context
    heads: RequestHeads
    outbox: Outbox
    status_line: Callable[[int], bytes]
    header_block: Callable[[Headers], bytes]

    def admit(self, connection: "Connection", client: str) -> Refusal | None: ...
    def forget(self, connection: "Connection", client: str, task: "asyncio.Task[None] | None") -> None: ...
    def refused(self, code: str, client: str) -> None: ...
    def hold(self, client: str, size: int) -> None: ...
    def owe(self, connection: "Connection", size: int) -> None: ...
    def crowded_by(self, client: str) -> bool: ...


class Connection(asyncio.Protocol):
    """Server side of one connection; `closed` and `congested` are read by the responder."""

    __slots__ = (
        "_ahead",
        "_deadline",
        "_discarded",
        "_flushed",
        "_flushed_at",
        "_held",
        "_known",
        "_limits",
        "_loop",
        "_owed",
        "_owner",
        "_reader",
        "_reading_paused",
        "_responder",
        "_sent",
        "_state",
        "_task",
        "_tls",
        "_total",
        "_transport",
        "_unsent",
        "_waiters",
        "client",
        "closed",
        "congested",
        "header_block",
        "last",
        "owes_since",
        "status_line",
    )

    _transport: asyncio.Transport

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._loop = loop
        self._state = OPEN
        self._reader = self._fresh_reader()
        self._ahead = b""  # received and not yet parsed
        self._held = 0  # received bytes counted in owner.buffered
        self._known = 0  # of them, those that are counted for our address: of bodies that came in pieces
        self._task: asyncio.Task[None] | None = None
        self._responder: Responder | None = None  # of the last request; it refers back to us
        self._deadline = inf
        self._reading_paused = False
        self._waiters: list[asyncio.Future[None]] = []
        self._owed = 0  # bytes of answers that the client has not taken yet, where they are many
        self._sent = self._flushed = 0
        self._unsent = b""
        self._flushed_at = inf
        self._discarded = 0
        self._total = inf  # when the request under way must be here, however steadily it comes
        self.closed = False  # set by abort() as well: nothing can be written from then on
        self.congested = False
        self.owes_since = inf
        self.last = owner.draining
        self.status_line = owner.status_line
        self.header_block = owner.header_block

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports have no common base class
        peer = transport.get_extra_info("peername")
        self.client = peer[0] if isinstance(peer, tuple) else ""
        self._tls = transport.get_extra_info("sslcontext") is not None
        self._transport.set_write_buffer_limits(self._limits.write_buffer)
        self._deadline = self._loop.time() + self._limits.head_timeout
        unwelcome = self._owner.admit(self, self.client)
        if unwelcome is not None:
            self._answer_refusal(unwelcome)
            self._state = LINGER
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        state = self._state
        if state >= LINGER:
            self._discard(len(data))
            return
        self._held += len(data)
        self._owner.buffered += len(data)
        if state == BUSY:
            self._read_ahead(data)
        else:
            self._advance(self._ahead + data if self._ahead else data)

    def eof_received(self) -> None:
        self.flush()
        # A client that closes its side while we work is gone: MCP ends a call by closing the connection.
        # An answer that is complete is still flushed; the handler may go on with its book-keeping.
        if self._working():
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        working = self._working()
        self._state = CLOSED
        self._responder = None
        self.closed = True
        self._owner.buffered -= self._held
        self._held = 0
        self._tell_held()
        self._owe(0)
        self._ahead = b""
        self._reader = self._fresh_reader()
        self._owner.forget(self, self.client, self._task)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(ConnectionResetError("the client is gone"))
        task, self._task = self._task, None  # once it is cancelled, its error's traceback holds us and the message
        if working and task is not None:
            task.cancel()

    def pause_writing(self) -> None:
        self.congested = True
        self.owes_since = self._loop.time()
        self._owe(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self.congested = False
        self.owes_since = inf
        self._owe(0)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._state == OPEN:
            self._next()

    # The responder's side.

    def send(self, data: bytes) -> None:
        if self._unsent:
            self.flush()
        self._sent += len(data)
        self._transport.write(data)

    def send_two(self, head: bytes, body: bytes) -> None:
        if self._unsent:
            self.flush()
        self._sent += len(head) + len(body)
        self._transport.writelines((head, body))

    def send_soon(self, data: bytes) -> None:
        """Sends a whole answer at the end of this turn of the loop, together with those of other connections; at once
        where no other request is held, for then there is nobody to wait for."""
        if self._owner.buffered <= self._held:
            self.send(data)
            return
        if not self._unsent:
            self._owner.outbox.add(self)
        self._unsent += data

    def flush(self) -> None:
        """Writes what `send_soon` has kept."""
        data, self._unsent = self._unsent, b""
        if data and not self.closed:
            self._sent += len(data)
            self._transport.write(data)

    async def drained(self) -> None:
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)
            del waiter  # it may hold an error, whose traceback holds us

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            self._unsent = b""
            self._transport.abort()
            self._owe(0)

    # Serving.

    def _working(self) -> bool:
        """Whether there is a request whose answer is not complete."""
        return self._state == BUSY and self._responder is not None and not self._responder.finished

    def _fresh_reader(self) -> RequestReader:
        return RequestReader(self._limits, self._owner.heads)

    def _advance(self, data: bytes) -> None:
        """Reads on in the request that `data` begins or continues; what is behind it waits in `_ahead`."""
        reader = self._reader
        begun = reader.scanned
        try:
            if self._owner.buffered > self._limits.buffered_bytes or self._owner.crowded_by(self.client):
                raise refusal(OVERLOADED, self._limits.retry_after)
            self._ahead = reader.feed(data)
        except Refusal as why:
            self._refuse(why)
            return
        phase = reader.phase
        if phase == READY:
            self._dispatch(reader)
        elif phase != HEAD:
            self._await_body(reader)
        elif not begun:
            self._deadline = self._loop.time() + self._limits.head_timeout

    def _await_body(self, reader: RequestReader) -> None:
        self._tell_held()
        now = self._loop.time()
        if self._total == inf:
            self._total = now + self._limits.body_total
        self._deadline = min(now + self._limits.body_timeout, self._total)
        if reader.expects_continue():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _dispatch(self, reader: RequestReader) -> None:
        self._state = BUSY
        self._deadline = self._total = inf
        head = reader.head
        responder = self._responder = Responder(self, head.line.method, head.line.minor, head.framing.close)
        request = reader.request(self.client, self._tls)
        if len(self._ahead) >= self._limits.read_ahead:
            self._pause()
        self._task = self._loop.create_task(self._work(request, responder))

    async def _work(self, request: HttpRequest, responder: Responder) -> None:
        try:
            await self._owner.handler(request, responder)
            if not responder.started and not self.closed:
                logger.error("a handler returned without an answer")
                await self._internal(responder)
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception as fault:  # noqa: BLE001  a handler's fault ends its own request and nothing else
            await self._fault(fault, responder)
        self._answered(responder)

    async def _fault(self, fault: Exception, responder: Responder) -> None:
        if self.closed:
            return
        trace = fault.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
        # Neither the exception's text nor the request: both may repeat what a message holds.
        logger.error("a handler failed: %s at %s", type(fault).__name__, where)
        await self._internal(responder)

    async def _internal(self, responder: Responder) -> None:
        if not responder.started:
            status, code, message = INTERNAL
            await responder.whole(status, ((b"content-type", b"application/json"),), error_body(code, message))

    def _answered(self, responder: Responder) -> None:
        self._task = None
        if self.closed:
            return
        if not responder.finished:
            self.abort()  # cut short: the client must not take it for a complete answer
            return
        ahead = len(self._ahead)
        self._owner.buffered -= self._held - ahead
        self._held = ahead
        if self._known:
            self._tell_held()
        if responder.close or self.last:
            self._finish()
            return
        self._state = OPEN
        self._deadline = self._loop.time() + self._limits.idle_timeout
        if ahead:
            # Not here: the next request must not inherit the context of this task.
            self._loop.call_soon(self._next, context=self._owner.context)

    def _release(self) -> None:
        self._owner.buffered -= self._held - len(self._ahead)
        self._held = len(self._ahead)
        self._tell_held()

    def _tell_held(self) -> None:
        if self._held != self._known:
            self._owner.hold(self.client, self._held - self._known)
            self._known = self._held

    def _owe(self, size: int) -> None:
        """So much of what was sent is still here. A whole answer can be large, and nobody waits for its client."""
        more, self._owed = size - self._owed, size
        self._owner.owe(self, more)

    def _next(self) -> None:
        """Goes on with bytes that waited, unless the client does not even take the last answer."""
        if self._state != OPEN or self.congested:
            return
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        if self._ahead and not self._reader.begun:
            self._advance(self._ahead)

    def _read_ahead(self, data: bytes) -> None:
        self._ahead += data
        if len(self._ahead) >= self._limits.read_ahead or self._owner.buffered > self._limits.buffered_bytes:
            self._pause()

    def _pause(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    # Ending.

    def _refuse(self, why: Refusal) -> None:
        self._answer_refusal(why)
        self._finish(unread=True)

    def _answer_refusal(self, why: Refusal) -> None:
        body = error_body(why.code, why.message)
        retry = b"" if why.retry_after is None else b"retry-after: %d\r\n" % why.retry_after
        self.send(
            b"%bcontent-type: application/json\r\n%bconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            % (self._owner.status_line(why.status), retry, len(body), body)
        )
        self._owner.refused(why.code, self.client)

    def _finish(self, unread: bool = False) -> None:
        """Closes behind an answer; lingers with bytes unread, since a reset could overtake it (RFC 9112 §9.6)."""
        self.flush()
        self._state = LINGER
        self._deadline = self._loop.time() + self._limits.linger
        if not unread and not self._ahead:
            self._transport.close()
            return
        self._ahead = b""
        self._reader = self._fresh_reader()
        self._release()
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > _DISCARD:
            self.abort()

    def close_idle(self) -> bool:
        """Closes the connection if no request is under way on it; otherwise behind the answer to that request."""
        self.last = self._owner.draining
        if self._state != OPEN or self._ahead or self._reader.begun:
            return False
        self.flush()
        self._state = LINGER
        self._deadline = self._loop.time() + self._limits.linger
        self._transport.close()
        return True

    def sweep(self, now: float) -> None:
        """Called each tick: timeouts, and a client that takes nothing of its answer."""
        pending = self._transport.get_write_buffer_size()
        if not pending:
            self._flushed_at = inf
        elif self._sent - pending != self._flushed or self._flushed_at == inf:
            self._flushed, self._flushed_at = self._sent - pending, now
        elif now - self._flushed_at >= self._limits.write_stall:
            self.abort()
            return
        if now - self.owes_since >= self._limits.write_total:
            self.abort()
            return
        if self._deadline <= now and not (pending and self._state == LINGER):
            self._expire()
        elif self._reading_paused and self._state == BUSY and self._hung_up():
            self.abort()

    def _hung_up(self) -> bool:
        """Whether the client has closed, asked of the kernel, since a paused transport does not look."""
        sock = self._transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), _HANGUP)
        return bool(poll.poll(0))

    def _expire(self) -> None:
        if self._state != OPEN:
            self.abort()
        elif not self.close_idle():
            self._refuse(refusal(HEAD_TIMEOUT if self._reader.phase == HEAD else BODY_TIMEOUT))
