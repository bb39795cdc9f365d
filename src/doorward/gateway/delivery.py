"""Brings an upstream's answer to the client: whole, or event by event as it arrives."""

import msgspec

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event, Headers, Reply, message_event
from doorward.core.looking import RESULTS
from doorward.core.message import Batch, Message, Request, Unreadable
from doorward.core.ports import Send
from doorward.gateway import echoes
from doorward.gateway.books import Books
from doorward.gateway.call import Call
from doorward.gateway.meter import UPSTREAM_FAILURES
from doorward.gateway.refusals import decision_of
from doorward.gateway.returning import Returning
from doorward.gateway.screen import is_quiet
from doorward.gateway.turnstile import LARGE, Turnstile
from doorward.stages.refuse import error_body

_FINAL = frozenset({Reason.UPSTREAM_GARBAGE, Reason.UPSTREAM_TOO_LARGE})
"""Ends that no resumption mends: the same event would come again."""

_EVENT = 64  # bytes that one event takes beside its own, so that a flood of tiny ones counts for what it is


class Delivery:
    """The order of things on the way back: screen and record each message, then send it."""

    __slots__ = ("_books", "_returning", "_turnstile")

    def __init__(self, books: Books, returning: Returning, turnstile: Turnstile) -> None:
        self._books = books
        self._returning = returning
        self._turnstile = turnstile

    async def deliver(self, call: Call, answer: Answer, send: Send) -> None:
        """Screen and send everything that one answer holds; returns when it has ended."""
        if answer.unclear and (answer.events is not None or answer.body):
            self._returning.unclear(call)
        answer.headers = echoes.headers(call, call.first, answer.headers)
        await (self._deliver_whole if answer.events is None else self._deliver_stream)(call, answer, send)

    async def _deliver_whole(self, call: Call, answer: Answer, send: Send) -> None:
        begun = self._books.clock.monotonic()
        returning = self._returning
        asked = next(iter(call.pending.values())) if call.pending else None
        is_json = asked is None or _is_json(answer.headers)
        reading, body = None, None
        if answer.body and is_json:
            quiet = asked is not None and answer.status < 400 and is_quiet(call, answer.body, RESULTS)
            reading = await self._read(call, answer.body, glance=quiet)
            body = returning.at_once(call, reading, answer.status) if quiet else None
        if body is None:
            body = await returning.whole(call, answer.body, reading, status=answer.status)
        reading = None  # its values take five times its bytes or more, and a client may take its time to read them
        headers = returning.headers(call, answer, asked.version if asked is not None else None)
        self._conclude_rest(call)
        # Counted first: a fault behind the answer would be answered once more.
        self._books.meter.observe("respond", self._books.clock.monotonic() - begun)
        await self._books.kept(call)
        await send.whole(Reply(answer.status, headers, body))

    def _conclude_rest(self, call: Call) -> None:
        """A GET or DELETE that was answered whole, or a server that answered fewer requests than a batch held."""
        for exchange in call.exchanges:
            if exchange.kind != "message" and not exchange.answered:
                self._books.conclude(call, exchange)

    async def _deliver_stream(self, call: Call, answer: Answer, send: Send) -> None:
        assert answer.events is not None
        held: list[bytes] | None = [] if _initializes(call) and answer.session is not None else None
        size = 0  # of what is held
        if held is None:
            await self._open(call, answer, send)
        try:
            async for event in answer.events:
                out = await self._event(call, event)
                if held is None:
                    if out:
                        await send.event(out)
                    continue
                held.append(out)
                size = _bounded(call, size + len(out) + _EVENT)
                if not call.pending:  # the version is negotiated now, and the session id can be sealed with it
                    await self._release(call, answer, send, held)
                    held = None
        except UpstreamFault as fault:
            if not call.opened:
                raise
            await self._broken(call, send, fault)
        else:
            if held is not None:
                await self._release(call, answer, send, held)
            await self._ended(call, send)
        await self._books.kept(call)  # its end too, before the client sees it
        await send.close()

    async def _open(self, call: Call, answer: Answer, send: Send) -> None:
        version = call.exchanges[0].version
        headers = self._returning.headers(call, answer, version)
        call.opened = True
        await send.open(answer.status, headers)

    async def _release(self, call: Call, answer: Answer, send: Send, held: list[bytes]) -> None:
        await self._open(call, answer, send)
        for out in held:
            if out:
                await send.event(out)

    async def _event(self, call: Call, event: Event) -> bytes:
        """The event's own bytes, or with other data; where the message was dropped, its id and retry lines alone."""
        came, event = event, echoes.event(call, call.first, event)
        if event is not came:
            self._books.note(call, call.first, "message", "", Reason.PII_REDACTED, "a line of an event was left out")
            await self._books.kept(call)
        if event.id:
            self._returning.may_resume(call)
        raw = event.plain() if call.server.strict_reading else event.raw
        if not event.data:
            return raw
        if event.name and event.name != b"message":
            data = await self._returning.aside(call, event.data)
        else:
            data = await self._returning.take(call, event.data, await self._read(call, event.data))
        if data is event.data:
            return raw
        return event.with_data(data or None)

    async def _read(self, call: Call, data: bytes, *, glance: bool = False) -> Message | Batch | Unreadable:
        read = self._returning.glance if glance else self._returning.read
        if len(data) < LARGE:
            return read(call, data)
        async with self._turnstile:
            return read(call, data)

    async def _ended(self, call: Call, send: Send) -> None:
        """The server closed the stream. Unless the client can come back for the rest, every request gets its answer."""
        if call.draining:
            await self._say_goodbye(call, send)
        elif call.pending and not call.resumable:
            await self._broken(call, send, UpstreamFault("the stream ended", code="upstream.no_answer"))
            return
        for exchange in call.exchanges:
            if exchange.kind == "message" or exchange.answered:
                continue
            reason = Reason.UPSTREAM_NO_ANSWER if call.pending and not call.draining else None
            self._books.conclude(call, exchange, reason=reason, detail="may be resumed" if call.resumable else "")

    async def _broken(self, call: Call, send: Send, fault: UpstreamFault) -> None:
        """A stream that cannot go on: one clean error for each request that waits, or a place to resume from."""
        if call.draining:
            await self._ended(call, send)
            return
        decision = decision_of(fault)
        self._books.meter.count(UPSTREAM_FAILURES, call.server.id, fault.code)
        for identifier, exchange in list(call.pending.items()):
            self._books.conclude(call, exchange, effect=Effect.ERROR, reason=decision.reason, detail=fault.detail)
            await self._books.kept(call)
            if not call.resumable or decision.reason in _FINAL:
                await send.event(message_event(error_body(exchange, decision, identifier)))
        call.pending.clear()
        for exchange in call.exchanges:
            if exchange.kind == "stream":
                self._books.conclude(call, exchange, reason=decision.reason, detail=fault.detail)

    async def _say_goodbye(self, call: Call, send: Send) -> None:
        """A listen stream gets its completion, a legacy stream is told when to come back."""
        if not call.modern:
            await send.event(b"retry: 1000\n\n")
            return
        for identifier, exchange in list(call.pending.items()):
            body = b'{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","_meta":{"%s":%s}}}'
            name, number = b"io.modelcontextprotocol/subscriptionId", msgspec.json.encode(identifier)
            self._books.conclude(call, exchange, reason=Reason.GATEWAY_DRAINING)
            await self._books.kept(call)
            await send.event(message_event(body % (number, name, number)))
        call.pending.clear()

    async def abandon(self, call: Call, send: Send, decision: Decision) -> None:
        """The gateway itself cannot go on with an open stream: an error for every request that waits, then the end."""
        for identifier, exchange in call.pending.items():
            await send.event(message_event(error_body(exchange, decision, identifier)))
        await send.close()


def _bounded(call: Call, size: int) -> int:
    """What is held back until a session can be sealed is no more than one answer may be."""
    if size > call.snapshot.limits.response_bytes:
        raise UpstreamFault("the answer to initialize does not come to its end", code="upstream.too_large")
    return size


def _is_json(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value == b"application/json" or value.split(b";", 1)[0].strip().lower() in (b"application/json", b"")
    return True


def _initializes(call: Call) -> bool:
    return isinstance(call.message, Request) and call.message.method == "initialize"
