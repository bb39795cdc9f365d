"""The transport of 2024-11-05: a GET that stays open, and POSTs whose answers come on it. Like to like, no translation.

The table of open streams lives in this process, so this transport needs ``workers: 1`` (``doorward check`` says so).
"""

import asyncio
from secrets import token_hex

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import Fault, UpstreamFault
from doorward.core.exchange import Answer, Event, Inbound, Reply
from doorward.core.policy import Severity
from doorward.core.ports import Seals, Send
from doorward.core.shared import Shared
from doorward.gateway import echoes
from doorward.gateway.call import Call
from doorward.gateway.duplex import Duplex
from doorward.gateway.pipeline import Pipeline
from doorward.stages.refuse import refusal

REVISION = "2024-11-05"
_UNKNOWN = Decision(
    Effect.DENY,
    Reason.SESSION_UNKNOWN,
    Severity.CRITICAL,
    what="this conversation is not known here, or not to this caller",
    remedy="open a new stream with GET",
)


class Conversations:
    """Every open conversation of this worker, by the random name that is sealed into its endpoint."""

    def __init__(self, pipeline: Pipeline, sealer: Seals) -> None:
        self._pipeline = pipeline
        self._sealer = sealer
        self._open: dict[str, Duplex] = {}

    async def open(self, inbound: Inbound, send: Send) -> None:
        """GET: relay the server's stream until either side ends it."""
        pipeline = self._pipeline
        call = pipeline.begin(inbound)
        try:
            reply = await pipeline.prepare(call)
            if reply is not None:
                await send.whole(reply)
                return
            pipeline.callers.follow(call)
            answer = await pipeline.forward(call)
            if answer.events is None:
                await pipeline.delivery.deliver(call, answer, send)
            else:
                await self._converse(call, answer, send)
        except Fault as fault:
            reply, decision = await pipeline.fault(call, fault)
            await (pipeline.delivery.abandon(call, send, decision) if call.opened else send.whole(reply))
        except asyncio.CancelledError:
            if call.ended is None:
                pipeline.vanished(call)
                raise
            await pipeline.end(call, send)
        except ConnectionError:
            pipeline.vanished(call)
            raise
        finally:
            pipeline.leave(call)

    def revoke(self, shared: Shared) -> None:
        """Requests that wait in a conversation under a grant that was revoked end with an error."""
        for duplex in self._open.values():
            duplex.revoke(shared)

    async def _converse(self, call: Call, answer: Answer, send: Send) -> None:
        assert answer.events is not None
        if answer.unclear:
            self._pipeline.returning.unclear(call)
        name = token_hex(16)
        relay = _Relay(self._pipeline, call, send)
        duplex = Duplex(self._pipeline, call.inbound, relay.to_server, relay.to_client, standing=call)
        self._open[name] = duplex
        call.version = REVISION
        call.opened = True
        await send.open(answer.status, echoes.headers(call, call.first, answer.headers))
        try:
            async for event in answer.events:
                if event.name == b"endpoint" and event.data:
                    await send.event(self._endpoint(call, name, event.data))
                else:
                    await relay.event(duplex, event)
            await self._ended(call, duplex, send, "upstream.closed")
        except UpstreamFault as fault:
            await self._ended(call, duplex, send, fault.code)
        except asyncio.CancelledError:
            if call.ended is None:  # the client left
                self._pipeline.vanished(call)
            else:
                await duplex.closed(call.ended.value)
            raise
        except ConnectionError:
            self._pipeline.vanished(call)
            raise
        finally:
            del self._open[name]
            await duplex.left()
        await send.close()

    async def _ended(self, call: Call, duplex: Duplex, send: Send, code: str) -> None:
        """The server's stream is over, or cut because we are about to stop: nothing that waits will be answered."""
        await duplex.closed("gateway.draining" if call.draining else code)
        if call.draining:
            await send.event(b"retry: 1000\n\n")

    def _endpoint(self, call: Call, name: str, path: bytes) -> bytes:
        """The server's address for POSTs stays with us; the client gets ours, good for nobody else."""
        call.session = path.decode("latin-1")
        sealed = self._sealer.seal(call.server.id, call.holder, REVISION, name)
        return b"event: endpoint\ndata: /sse/%s/messages?session=%s\n\n" % (call.server.id.encode(), sealed)

    async def post(self, inbound: Inbound) -> Reply:
        """POST: one message of the client; its answer, a refusal too, comes on the stream."""
        call = self._pipeline.begin(inbound)
        refused = await self._pipeline.callers.identify(call) or self._pipeline.admission.enter(call)
        if refused is not None:
            await self._pipeline.books.kept(call)
            return refused
        opened = self._sealer.open(inbound.session or b"", call.server.id, call.holder)
        duplex = self._open.get(opened[1]) if opened is not None else None
        if duplex is None:
            self._pipeline.exchanges.open(call, None)
            self._pipeline.exchanges.refuse(call, _UNKNOWN)
            await self._pipeline.books.kept(call)
            return refusal(call.first, _UNKNOWN)
        await duplex.from_client(inbound.body, inbound)
        return Reply(202, ((b"content-type", b"text/plain"),), b"Accepted")


class _Relay:
    """One conversation's two ends, as its ``Duplex`` writes to them. It does not hold the ``Duplex``, which holds it:
    in a cycle, the whole conversation would be left to the garbage collector.
    """

    def __init__(self, pipeline: Pipeline, call: Call, send: Send) -> None:
        self._pipeline = pipeline
        self._call = call
        self._send = send
        self._event: Event | None = None

    async def event(self, duplex: Duplex, event: Event) -> None:
        """One event of the server's stream."""
        event, came = echoes.event(self._call, self._call.first, event), event
        if event is not came:
            books = self._pipeline.books
            books.note(
                self._call, self._call.first, "message", "", Reason.PII_REDACTED, "a line of an event was left out"
            )
            await books.kept(self._call)
        if not event.data:
            if out := self._raw(event):
                await self._send.event(out)
            return
        if event.name and event.name != b"message":
            data = await self._pipeline.returning.aside(self._call, event.data)
            await self._send.event(self._raw(event) if data else event.with_data(None))
            return
        self._event = event
        await duplex.from_server(event.data)
        self._event = None

    def _raw(self, event: Event) -> bytes:
        return event.plain() if self._call.server.strict_reading else event.raw

    async def to_server(self, body: bytes) -> None:
        await self._pipeline.tell(self._call, body)

    async def to_client(self, data: bytes) -> None:
        event = self._event
        if event is not None and data is event.data:
            await self._send.event(self._raw(event))
        else:
            await self._send.event(b"event: message\ndata: " + data + b"\n\n")
