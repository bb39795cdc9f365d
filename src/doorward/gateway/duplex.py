"""One two-way pipe between one client and one server: stdio ``run``, and the transport of 2024-11-05.

Here an answer does not come back on the call that asked: both directions are streams of their own, correlated by one
table. Each direction is handled strictly in order by one task of the transport's.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import Fault, JournalFault, UpstreamFault
from doorward.core.exchange import Inbound, Reply
from doorward.core.identity import Grant
from doorward.core.message import Batch, Message, MessageId, Notification, Request, Response, Unreadable, read
from doorward.core.methods import allows_batches
from doorward.core.salvage import answered
from doorward.core.shared import NONE_REVOKED, Shared
from doorward.gateway.admission import OVER_LIMITS
from doorward.gateway.call import Call, shed, weigh
from doorward.gateway.meter import UPSTREAM_FAILURES
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.refusals import GARBAGE, decision_of
from doorward.gateway.screen import batched
from doorward.gateway.waiting import Waiting
from doorward.stages.refuse import error_body

Write = Callable[[bytes], Awaitable[None]]


class Caller(Protocol):
    """Who is at the client's end of a pipe, where that changes while it is open."""

    async def current(self) -> tuple[bytes, Grant | Decision]:
        """The token as it is now, and what it is worth here: the same or an equal object while nothing has changed."""


class Duplex:
    """Screens and records every message of a pipe. ``template`` says who the client is; its ``body`` is replaced by
    each message, its ``token`` by what ``caller`` says, where there is one.

    ``to_server`` and ``to_client`` take one whole message each, without a newline.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        template: Inbound,
        to_server: Write,
        to_client: Write,
        standing: Call | None = None,
        caller: Caller | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._template = template
        self._to_server = to_server
        self._to_client = to_client
        self._waiting = Waiting()
        self._standing = standing  # the exchange of all that belongs to no request; made when needed
        self._caller = caller
        self._found: Grant | Decision | None = None  # what the caller's token is worth
        self._revocations = NONE_REVOKED
        self._ends: set[asyncio.Task[None]] = set()
        self._late: asyncio.TimerHandle | None = None  # when the one that waits longest has waited too long

    # -- client to server

    async def from_client(self, data: bytes, inbound: Inbound | None = None) -> None:
        """One message: forwarded, or answered with a refusal. ``inbound``: where each comes on its own."""
        pipeline = self._pipeline
        if inbound is None:
            if self._caller is not None:
                await self._ask(self._caller)
            inbound = replace(self._template, body=data, received=pipeline.books.clock.monotonic())
        call = pipeline.begin(inbound)
        call.tell = self._to_server
        call.found = self._found
        try:
            reply = await pipeline.prepare(call)
        except Fault as fault:
            reply, _ = await pipeline.fault(call, fault)
        if reply is not None:
            pipeline.leave(call)
            body = _addressed(call, reply)
            if body:
                await self._to_client(body)
            return
        self._register(call)
        if self._revocations is not NONE_REVOKED and self._revocations.hit(call.grant):
            await self._finish(call, _grant_ended(Reason.AUTH_REVOKED))  # while it was being looked at
            return
        call.forwarded_at = pipeline.books.clock.monotonic()
        call.spent += call.forwarded_at - call.inbound.received
        try:
            await self._to_server(call.body)
        except Fault as fault:
            await self._undelivered(call, fault)
        _shed(call)

    async def _undelivered(self, call: Call, fault: Fault) -> None:
        """The server did not take it: every request in it gets an error."""
        for identifier in list(call.pending):
            _, decision = await self._pipeline.fault(call, fault)
            self._waiting.take(identifier)
            await self._to_client(error_body(call.pending[identifier], decision, identifier))
            self._forget(call, {identifier})

    def _register(self, call: Call) -> None:
        for exchange in call.exchanges:
            message = exchange.message
            if isinstance(message, Request):
                self._replace(message, call)
            elif isinstance(message, Notification) and message.method == "notifications/cancelled":
                self._cancel(message.params.get("requestId"))
        if not call.pending:
            self._pipeline.leave(call)
            return
        self._watch(call)
        if call.stream and call.grant.expires is not None:
            left = max(0.0, call.grant.expires - self._pipeline.books.clock.wall())
            call.expiry = asyncio.get_running_loop().call_later(left, self._end, call, Reason.AUTH_EXPIRED)

    def _replace(self, request: Request, call: Call) -> None:
        """An id used while its first request waits: nobody can tell whose the answer is; it is the last one's."""
        old = self._waiting.add(request, call)
        if old is not None and old is not call and request.id in old.pending:
            self._pipeline.books.conclude(old, old.pending[request.id], detail="its id was used again")
            self._forget(old, {request.id})

    def _cancel(self, identifier: object) -> None:
        """A cancelled request may get an answer or not (MCP basic/utilities/cancellation): its exchange ends here."""
        if not isinstance(identifier, str | int):
            return
        call = self._waiting.cancel(identifier)
        if call is None:
            return
        self._pipeline.books.conclude(call, call.pending[identifier], reason=Reason.CANCELLED)
        self._forget(call, {identifier})

    # -- server to client

    async def from_server(self, data: bytes) -> None:
        """One message of the server: screened, recorded, delivered, or dropped."""
        reading: Message | Batch | Unreadable | None = None
        try:
            if self._caller is not None:
                await self._ask(self._caller)
                if isinstance(self._found, Decision):
                    await self._from_server_to_nobody(data, self._found)
                    return
            standing = await self._stood()
            reading = read(data, depth=standing.snapshot.limits.depth, batches=allows_batches(standing.version))
            if isinstance(reading, Unreadable):
                out = await self._unread(standing, data, reading)
            elif isinstance(reading, Batch):
                out = await self._batch(reading)
            else:
                out = await self._one(reading)
        except Fault as fault:
            out = await self._withheld(reading or read(data), fault)
        if out:
            await self._to_client(out)

    async def _one(self, message: Message) -> bytes:
        if self._waiting.came_too_late(message):
            return b""
        call = self._waiting.of(message) or self._stand()  # what belongs to no request is the pipe's own
        out = await self._pipeline.returning.one(call, message, self._pipeline.books.clock.monotonic())
        if self._waiting.came_too_late(message):
            return b""
        if isinstance(message, Response) and message.id is not None:
            self._waiting.answered(message.id)
            self._forget(call, {message.id})
            self._learn_version(call)
        return out

    async def _batch(self, batch: Batch) -> bytes:
        parts = [await self._one(message) for message in batch.messages]
        return batched(batch.raw, [message.raw for message in batch.messages], parts)

    async def _unread(self, standing: Call, data: bytes, reading: Unreadable) -> bytes:
        """A line that is no message: to nobody in enforcing modes, recorded in all. Where it is plain whose answer it
        should be, there will be no other, and that request ends with it.
        """
        identifier = answered(data)
        call = self._waiting.take(identifier)
        if call is None and self._waiting.is_over(identifier):
            return b""
        if call is None or identifier is None:
            out = self._garbage(standing, data)
            await self._pipeline.books.kept(standing)
            return out
        books, exchange = self._pipeline.books, call.pending[identifier]
        exchange.uninspected += 1
        if call.server.strict_reading or reading.reason in OVER_LIMITS:
            fault = UpstreamFault("a message that has no single reading", code="upstream.garbage")
            decision = decision_of(fault)
            books.meter.count(UPSTREAM_FAILURES, call.server.id, fault.code)
            books.conclude(call, exchange, effect=Effect.ERROR, reason=decision.reason, detail=fault.detail)
            data = error_body(exchange, decision, identifier)
        else:
            weigh(exchange, GARBAGE)
            exchange.bytes_out += len(data)
            books.conclude(call, exchange)
        await books.kept(call)
        self._forget(call, {identifier})
        return data

    def _garbage(self, call: Call, data: bytes) -> bytes:
        exchange = call.first
        exchange.uninspected += 1
        weigh(exchange, GARBAGE)
        exchange.refused, exchange.effect = False, Effect.ALLOW
        self._pipeline.books.garbage(call, exchange, Reason.UPSTREAM_GARBAGE, "a line that is no message")
        return b"" if call.server.strict_reading else data

    async def _withheld(self, reading: Message | Batch | Unreadable, fault: Fault) -> bytes:
        """The journal cannot take the outcome, say: the answer is withheld, and the client told why."""
        if not isinstance(reading, Response) or reading.id is None:
            return b""
        call = self._waiting.take(reading.id)
        if call is None:
            return b""
        reply, decision = await self._pipeline.fault(call, fault)
        self._forget(call, {reading.id})
        return error_body(call.first, decision, reading.id) if reply.body else b""

    # -- the pipe itself

    def _stand(self) -> Call:
        """The exchange of everything that belongs to no request: notifications and the server's own requests."""
        if self._standing is None:
            inbound = replace(self._template, verb="GET", body=b"", received=self._pipeline.books.clock.monotonic())
            call = self._pipeline.begin(inbound)
            call.tell = self._to_server
            call.found = self._found
            self._pipeline.admission.stand(call)
            self._pipeline.books.intend(call)
            self._standing = call
        return self._standing

    async def _stood(self) -> Call:
        """The same, when its beginning is in the log; where that was lost, the next message begins it anew."""
        call = self._stand()
        try:
            await self._pipeline.books.kept(call)
        except JournalFault:
            if self._standing is call:
                self._standing = None
            raise
        return call

    def _learn_version(self, call: Call) -> None:
        """What ``initialize`` negotiated holds for every later message of the pipe."""
        exchange = call.first
        if exchange.method == "initialize" and exchange.version:
            self._template = replace(self._template, version=exchange.version.encode("latin-1", "replace"))
            if self._standing is not None:
                self._standing.version = self._standing.first.version = exchange.version

    def _forget(self, call: Call, identifiers: set[MessageId]) -> None:
        for identifier in identifiers:
            call.pending.pop(identifier, None)
        if call.pending:
            return
        self._waiting.forget(call)
        self._pipeline.leave(call)

    # -- who calls, where that changes

    async def _ask(self, caller: Caller) -> None:
        """Who calls from now on. What belongs to no request is the new caller's."""
        token, found = await caller.current()
        if found == self._found:
            return
        self._found = found
        self._template = replace(self._template, token=token)
        self._dismiss(found.reason if isinstance(found, Decision) else None)

    async def _from_server_to_nobody(self, data: bytes, why: Decision) -> None:
        """Nobody may call at this moment: what was asked before is still answered, and nothing else delivered."""
        reading = read(data, depth=self._pipeline.begin(self._template).snapshot.limits.depth, batches=True)
        messages = reading.messages if isinstance(reading, Batch) else [reading]
        for message in messages:
            if isinstance(message, Response) and message.id in self._waiting:
                out = await self._one(message)
                if out:
                    await self._to_client(out)
                continue
            call = self._pipeline.begin(replace(self._template, verb="GET", body=b""))
            call.found = why
            self._pipeline.admission.enter(call)  # which records it
            await self._pipeline.books.kept(call)
            if isinstance(message, Request):  # a server that asked must not wait for ever
                await self._to_server(error_body(call.first, why, message.id))

    def revoke(self, shared: Shared) -> None:
        """What has been revoked by now: requests that wait under such a grant end with an error."""
        self._revocations = shared.revocations
        for call in self._waiting.calls():
            if shared.revocations.hit(call.grant):
                self._end(call, Reason.AUTH_REVOKED)

    def _end(self, call: Call, reason: Reason) -> None:
        self._finish_soon(call, _grant_ended(reason))

    def _finish_soon(self, call: Call, fault: Fault) -> None:
        task = asyncio.get_running_loop().create_task(self._finish(call, fault))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    def _watch(self, call: Call) -> None:
        """No request waits for ever: nothing else would ever end it, and it counts against the limits as long."""
        if self._late is None:
            total = call.snapshot.timeouts.total
            self._late = asyncio.get_running_loop().call_later(total, self._give_up)

    def _give_up(self) -> None:
        """End what has waited for longer than ``timeouts.total``, and look again when the next one has."""
        self._late = None
        now, following = self._pipeline.books.clock.monotonic(), float("inf")
        for call in self._waiting.calls():
            left = call.inbound.received + call.snapshot.timeouts.total - now
            if call.stream:
                continue
            if left <= 0:
                self._finish_soon(call, UpstreamFault("the server did not answer in time", code="upstream.timeout"))
            else:
                following = min(following, left)
        if following < float("inf"):
            self._late = asyncio.get_running_loop().call_later(following, self._give_up)

    async def _finish(self, call: Call, fault: Fault) -> None:
        """A call ends before its answer has come: all in it that waits is told, once."""
        identifiers = self._waiting.under(call)
        if not identifiers:
            return
        exchanges = {identifier: call.pending[identifier] for identifier in identifiers}
        for identifier in identifiers:
            self._waiting.end(identifier)  # before anything is awaited: what the server says from now on is too late
        _, decision = await self._pipeline.fault(call, fault)
        self._forget(call, set(identifiers))
        try:
            for identifier, exchange in exchanges.items():
                await self._to_client(error_body(exchange, decision, identifier))
        except BrokenPipeError:
            return  # the client is gone; its own direction says so

    async def too_large(self, head: bytes) -> None:
        """The server wrote a message that is too long to be read. Whoever waits for it gets one clean error: the
        request whose id it begins with, else the only one there is, else all, for nobody can say whose answer is lost.
        """
        found = _ID_IN_HEAD.search(head)
        ids = self._waiting.ids()
        if found is not None:
            identifier = msgspec.json.decode(found[1])
            ids = [identifier] if identifier in self._waiting else ids
        elif b'"method"' in head:
            ids = []  # a notification or a question of the server's own
        for waiting in ids:
            call = self._waiting.take(waiting)
            if call is None:
                continue
            _, decision = await self._pipeline.fault(call, UpstreamFault("one message", code="upstream.too_large"))
            await self._to_client(error_body(call.first, decision, waiting))
            self._forget(call, {waiting})

    async def closed(self, code: str = "upstream.crashed", *, in_order: bool = False) -> None:
        """The server's side has ended: every request that waits gets its error, and the pipe's stream is closed.
        ``in_order``: because the client's side had, so that the record of the stream has no ``code``.
        """
        for identifier, call in self._waiting.items():
            _, decision = await self._pipeline.fault(call, UpstreamFault("the server ended", code=code))
            await self._to_client(error_body(call.first, decision, identifier))
            self._forget(call, {identifier})
        self._waiting.clear()
        await self.left(None if in_order else Reason(code))

    async def left(self, reason: Reason | None = None) -> None:
        """The client's side has ended: what waits is recorded as disconnected."""
        for identifier, call in self._waiting.items():
            self._pipeline.vanished(call)
            self._forget(call, {identifier})
        self._waiting.clear()
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self._dismiss(reason)

    def _dismiss(self, reason: Reason | None) -> None:
        if self._standing is not None:
            standing, self._standing = self._standing, None
            try:
                self._pipeline.books.conclude(standing, standing.first, reason=reason)
            except JournalFault:
                return


_ID_IN_HEAD = re.compile(rb'^\s*\{(?:\s*"jsonrpc"\s*:\s*"2\.0"\s*,)?\s*"id"\s*:\s*(-?[0-9]{1,16}|"[^"\\]{1,200}")\s*,')


def _grant_ended(reason: Reason) -> Fault:
    return Fault("its grant ended", code=reason.value)


def _addressed(call: Call, reply: Reply) -> bytes:
    """A refusal as a line of its own: on a pipe nothing but its id says which request it answers.

    Who may not call at all is refused before the message is read; so it is read here, for its ids.
    """
    exchange, decision = call.first, call.first.decision
    if exchange.message is not None or decision is None or not decision.reason.startswith(("auth.", "state.")):
        return b"" if _wants_none(call) else reply.body
    reading = read(call.inbound.body, depth=call.snapshot.limits.depth, batches=True)
    if isinstance(reading, Unreadable):
        return reply.body
    if isinstance(reading, Batch):
        errors = [error_body(exchange, decision, one.id) for one in reading.messages if isinstance(one, Request)]
        return b"[" + b",".join(errors) + b"]" if errors else b""
    return error_body(exchange, decision, reading.id) if isinstance(reading, Request) else b""


def _shed(call: Call) -> None:
    """A pipe may hold many calls that wait or were cancelled, and no connection counts their bytes any more."""
    call.body = b""
    call.inbound = replace(call.inbound, body=b"")
    for exchange in call.exchanges:
        exchange.inbound = call.inbound
    shed(call)


def _wants_none(call: Call) -> bool:
    """Whether nobody waits for an answer: notifications and responses are dropped in silence."""
    messages = [exchange.message for exchange in call.exchanges]
    return bool(messages) and all(isinstance(message, Notification | Response) for message in messages)
