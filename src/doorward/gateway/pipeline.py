"""READ FIRST: the order of the stages, for every message, both ways.

A request:   admit (server > authenticate > session > read > headers > limit > authorize)   gateway/admission.py
             > inspect > redact > authorize again if anything changed                       gateway/screen.py
             > our trace context, where the server wants it > journal the intent > mint a credential > forward
An answer:   read > whose is it > inspect > redact > journal the outcome > send             gateway/returning.py

A refusal is a ``Decision``; a fault is an exception, and ``Pipeline.serve`` is the one place that catches it, and
refuses.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from doorward.core.audit import Record
from doorward.core.decision import ALLOW, Act, Decision, Effect, Reason
from doorward.core.errors import Fault, JournalFault, UpstreamFault
from doorward.core.exchange import Answer, Exchange, Inbound, Outbound, Reply
from doorward.core.identity import NO_CREDENTIAL, Credential
from doorward.core.looking import ARGUMENTS
from doorward.core.message import Request, Response
from doorward.core.methods import method_entry
from doorward.core.policy import strictness
from doorward.core.ports import Clock, Journal, Seals, Send
from doorward.core.rules import TOOL_CALL
from doorward.core.tracing import trace_id_of
from doorward.gateway.admission import Admission
from doorward.gateway.answers import Answers
from doorward.gateway.books import Books, Early, Meters, always
from doorward.gateway.call import Call, Ids, shed, weigh
from doorward.gateway.callers import Callers
from doorward.gateway.catalogue import Catalogue, NoCatalogue
from doorward.gateway.deciding import Deciding
from doorward.gateway.delivery import Delivery
from doorward.gateway.exchanges import Exchanges, named_tool
from doorward.gateway.flow import Flow
from doorward.gateway.leases import Leases
from doorward.gateway.live import Live
from doorward.gateway.long_streams import LongStreams
from doorward.gateway.meter import UPSTREAM_FAILURES
from doorward.gateway.mirrored import Mirrored
from doorward.gateway.refusals import DRAINING, decision_of
from doorward.gateway.returning import Returning
from doorward.gateway.screen import is_quiet, rejoined, screen
from doorward.gateway.task_owners import Task, task_mode, used_tasks
from doorward.gateway.task_owners import judge as judge_task
from doorward.gateway.tokens import TokenCache
from doorward.gateway.turnstile import LARGE, Turnstile
from doorward.gateway.upstreams import Upstreams
from doorward.stages.asks import answers
from doorward.stages.mirrors import remirrored
from doorward.stages.propagate import propagate
from doorward.stages.refuse import DROPPED, JSON, error_body, refusal

log = logging.getLogger(__name__)

_OWN = frozenset({b"accept", b"content-type"})
_POSTED = ((b"accept", b"application/json, text/event-stream"), JSON)
_LIGHT = 4096  # bytes of a body whose values may wait for the answer: making a call forget them costs a microsecond


class Pipeline:
    """Takes every message through the stages. One for a worker; knows no wire."""

    def __init__(
        self,
        live: Live,
        journal: Journal,
        upstreams: Upstreams,
        clock: Clock,
        meter: Meters,
        sealer: Seals,
        early: Early = always,
        *,
        tokens: TokenCache | None = None,
        catalogue: Catalogue | None = None,
        leases: Leases | None = None,
        alert: Callable[[Record], None] = lambda record: None,
        garbled: Early = always,
    ) -> None:
        self._live = live
        self._upstreams = upstreams
        self._clock = clock
        ids = Ids()
        mirrored = Mirrored()
        self._catalogue = catalogue if catalogue is not None else NoCatalogue()
        self.flow = Flow()
        self.books = Books(journal, meter, clock, ids, early, alert, garbled)
        self.deciding = Deciding(live, self._catalogue.schemas, clock.wall)
        leases = leases if leases is not None else Leases()
        self.exchanges = Exchanges(self.books, ids)
        self.admission = Admission(
            live, self.books, self.flow, ids, self.exchanges, mirrored, sealer, self.deciding, leases
        )
        self.callers = Callers(live, self.exchanges, self.flow, clock, tokens)
        judging = Answers(self._catalogue, self.deciding, clock)
        self.returning = Returning(self.books, mirrored, sealer, self.tell, judging, leases)
        self._turnstile = Turnstile(clock)
        self.delivery = Delivery(self.books, self.returning, self._turnstile)
        self._streams = LongStreams(self.books, self.callers, clock)

    async def serve(self, inbound: Inbound, send: Send) -> None:
        """Answer one thing a client sent. Never raises, but for the cancellation by which a transport says: the client
        left.
        """
        call = self.begin(inbound)
        try:
            reply = await self.prepare(call)
            if reply is not None:
                await send.whole(reply)
                return
            self.callers.follow(call)
            answer = await self.forward(call)
            await self.delivery.deliver(call, answer, send)
        except asyncio.CancelledError:
            if call.ended is None:
                self.vanished(call)
                raise
            await self.end(call, send)
        except ConnectionError:  # the client went away between two writes; its task is about to be cancelled
            self.vanished(call)
        except Fault as fault:
            await self._fail(call, send, fault)
        except Exception:  # the one broad except of the data plane: whatever broke, nothing passes
            log.exception("a fault in the gateway, exchange %s", call.first.exchange_id if call.exchanges else "-")
            await self._fail(call, send, Fault(code="gateway.fault"))
        finally:
            self.leave(call)

    def begin(self, inbound: Inbound) -> Call:
        """A new call, with the snapshot that it keeps to its end."""
        call = Call(self._live.snapshot, inbound)
        call.waives = self.deciding.waives
        return call

    # -- towards the server

    async def prepare(self, call: Call) -> Reply | None:
        """Everything before forwarding, the intent's record included. None: forward ``call.body``."""
        reply = await self._prepare(call)
        await self.books.kept(call)  # before a byte of it is forwarded, or refused (G1)
        return reply

    async def _prepare(self, call: Call) -> Reply | None:
        verb = call.inbound.verb
        if self._live.draining and (verb == "GET" or (verb == "POST" and call.inbound.session is None)):
            return self.exchanges.refuse(call, DRAINING)
        reply = await self.callers.identify(call)
        if reply is not None:
            return reply
        if len(call.body) < LARGE:
            reply = self.admission.admit(call)
        else:
            async with self._turnstile:
                reply = self.admission.admit(call)
        if reply is None:
            reply = await self._whose_tasks(call)
        if reply is None and call.body and not is_quiet(call, call.body, ARGUMENTS):
            reply = await self._inspect(call)
        if reply is None:
            if call.server.propagate:
                _propagate(call)
            if call.server.broker is not None:
                for exchange in call.exchanges:
                    exchange.credential = call.server.broker.name
            self.books.intend(call)
        elif reply.status == DROPPED:
            await self._decline(call)
        return reply

    # -- what must be looked up, and what ends before the call does

    async def _whose_tasks(self, call: Call) -> Reply | None:
        """A task is its maker's, and what is done with it has the mode of its tool too; only ids that nobody here knows
        are looked up in the store.
        """
        for exchange in call.exchanges:
            message = exchange.message
            if message is None:
                continue
            before = exchange.mode
            for task_id in used_tasks(message):
                task = await self._task(call, task_id)
                mode = max(exchange.mode, task_mode(call.server, task), key=strictness)
                decision = judge_task(call.holder, None if task is None else task.owner)
                if decision is not ALLOW and weigh(exchange, decision, mode=mode) is Act.REFUSE:
                    return self.exchanges.refuse(call, decision)
                if exchange.method != TOOL_CALL:
                    exchange.mode, exchange.entry = mode, None
                    if task is not None and task.tool and exchange.method != "subscriptions/listen":
                        exchange.name, exchange.sensitivity = task.tool, call.server.sensitivity_of(task.tool)
            if exchange.mode is not before:  # it was judged by another one
                refused = self.deciding.questions(call, exchange, answers(message))
                refused = refused or self.deciding.decide(call, exchange, message)
                if refused is not None:
                    return self.exchanges.refuse(call, refused)
        return None

    async def _task(self, call: Call, task_id: str) -> Task | None:
        tasks, server = self._catalogue.tasks, call.server.id
        task = tasks.task(server, task_id)
        if task is None:
            task = await self._catalogue.task(server, task_id)
            if task is not None:
                tasks.adopt(task)
        return task

    async def end(self, call: Call, send: Send) -> None:
        """Its grant has ended: whoever waits is told."""
        assert call.ended is not None
        if call.task is not None:
            call.task.uncancel()
        await self._fail(call, send, Fault(code=call.ended.value))

    async def _decline(self, call: Call) -> None:
        """A server whose question was answered with what may not pass must not wait for ever: it gets our error."""
        for exchange in call.exchanges:
            message = exchange.message
            if exchange.decision is None or not isinstance(message, Response) or message.id is None:
                continue
            if not exchange.decision.reason.startswith(("pii.", "detector.")):
                continue  # who may not speak to the server does not make us speak to it either
            try:
                await self.tell(call, error_body(exchange, exchange.decision, message.id))
            except Fault as fault:
                log.info("a refusal could not be delivered to server %s: %s", call.server.id, fault.code)

    async def _inspect(self, call: Call) -> Reply | None:
        begun = self._clock.monotonic()
        parts: list[bytes] = []
        refused: Decision | None = None
        for exchange in call.exchanges:
            if exchange.message is None:
                continue
            fitting = partial(self.deciding.fitting, call, exchange)
            screened = await screen(call, exchange, exchange.message, ARGUMENTS, exchange.method or "", fitting)
            refused = screened.refusal or refused
            parts.append(screened.raw)
            if screened.redacted and screened.refusal is None:
                refused = self._after_redaction(call, exchange, screened.raw) or refused
        self.books.meter.observe("inspect", self._clock.monotonic() - begun)
        if refused is not None:
            return self.exchanges.refuse(call, refused)
        if any(exchange.redactions for exchange in call.exchanges):
            call.body = rejoined(call.body, [e.message.raw for e in call.exchanges if e.message is not None], parts)
        return None

    def _after_redaction(self, call: Call, exchange: Exchange, raw: bytes) -> Decision | None:
        """Authorization is asked again after anything has changed the arguments, and the mirrored headers follow the
        body.
        """
        reading = self.admission.reread(call, raw)
        if reading is None:
            return decision_of(Fault(code="gateway.fault"))
        call.headers = remirrored(call.headers, exchange.message, reading)
        call.rewritten = None if call.batch else reading
        exchange.forwarded_hash = self.books.payload_hash(call, reading)
        exchange.name = named_tool(reading)
        # The name may have been redacted too: then the stricter of the two modes holds.
        exchange.mode = max(exchange.mode, call.server.mode_of(exchange.name), key=strictness)
        return self.deciding.decide(call, exchange, reading)

    async def forward(self, call: Call) -> Answer:
        """Send what was prepared, with the credential minted for it."""
        credential = NO_CREDENTIAL
        if call.server.broker is not None:
            credential = await self._credential(call)
        for exchange in call.exchanges:
            exchange.credential = credential.label
        call.outbound = _outbound(call)
        if len(call.inbound.body) > _LIGHT:
            shed(call)
        call.forwarded_at = self._clock.monotonic()
        call.spent += call.forwarded_at - call.inbound.received
        if call.stream:
            self._streams.begin(call)
        call.answer = await self._upstreams.get(call.server).forward(call.outbound, credential)
        for exchange in call.exchanges:
            exchange.upstream_status = call.answer.status
        if call.draining:  # it began while we waited for the head
            call.answer.abort()
        return call.answer

    async def _credential(self, call: Call) -> Credential:
        broker = call.server.broker
        return NO_CREDENTIAL if broker is None else await broker.mint(call.grant, call.inbound.relayed)

    async def tell(self, call: Call, body: bytes) -> None:
        """One message to the server of a call, beside the call's own."""
        await self.books.kept(call)
        if call.tell is not None:
            await call.tell(body)
            return
        kept = tuple(field for field in call.headers if field[0] not in _OWN and not field[0].startswith(b"mcp-"))
        outbound = Outbound("POST", body, kept + _POSTED, call.version, call.modern, call.holder, session=call.session)
        answer = await self._upstreams.get(call.server).forward(outbound, await self._credential(call))
        answer.abort()

    # -- ends

    async def _fail(self, call: Call, send: Send, fault: Fault) -> None:
        reply, decision = await self.fault(call, fault)
        try:
            if call.opened:
                await self.delivery.abandon(call, send, decision)
            else:
                await send.whole(reply)
        except ConnectionError:
            log.debug("the client left before it could be told")

    async def fault(self, call: Call, fault: Fault) -> tuple[Reply, Decision]:
        """A fault becomes a refusal with a reason, recorded; if even that cannot be recorded, it says so instead."""
        if isinstance(fault, UpstreamFault):
            self.books.meter.count(UPSTREAM_FAILURES, call.server.id, fault.code)
            log.info("server %s: %s (%s)", call.server.id, fault.code, fault.detail)
        elif not isinstance(fault, JournalFault):
            log.warning("%s: %s", fault.code, fault.detail)
        decision = decision_of(fault)
        if not call.exchanges:
            self.exchanges.open(call, None)
        try:
            for exchange in call.exchanges:
                self.books.conclude(call, exchange, effect=Effect.ERROR, reason=decision.reason, detail=fault.detail)
            await self.books.kept(call)
        except JournalFault as error:
            decision = decision_of(error)
        if decision.reason in (Reason.AUTH_REVOKED, Reason.AUTH_EXPIRED) and not call.batch:
            return self.exchanges.worded(call, decision), decision
        return _failure(call, decision), decision

    def vanished(self, call: Call) -> None:
        """The client went away: close towards the server at once; what that means is the server's to say."""
        for exchange in call.exchanges:
            if exchange.kind == "message":
                continue
            try:
                self.books.conclude(call, exchange, reason=Reason.DISCONNECTED)
            except JournalFault:
                log.error("the end of exchange %s could not be recorded", exchange.exchange_id)

    def leave(self, call: Call) -> None:
        if call.answer is not None:
            call.answer.abort()
        self.callers.leave(call)
        if call.expiry is not None:
            call.expiry.cancel()
        if call.stream:
            self._streams.leave(call)
        if call.counted == "call":
            self.flow.leave(call.counted_for)
        elif call.counted == "stream":
            self.flow.shut(call.counted_for)
        call.counted = ""

    async def drain(self) -> None:
        """End the long streams politely; calls under way go on (the transport waits for them)."""
        self._streams.drain()


def _propagate(call: Call) -> None:
    """Our trace context goes on in the place of the caller's; a trace that begins so is in the records too."""
    call.body, call.headers = propagate(call.body, call.headers, call.exchanges, batch=call.batch)
    for exchange in call.exchanges:
        if not exchange.trace_id and isinstance(exchange.message, Request):
            exchange.trace_id = trace_id_of(exchange.exchange_id)


def _outbound(call: Call) -> Outbound:
    message = call.rewritten or call.message
    # Only a modern server on stdio is asked for it: what its headers must repeat is ours to compare.
    waits = len(call.inbound.body) > _LIGHT and not (call.modern and call.server.target.transport == "stdio")
    stream = call.stream
    return Outbound(
        verb=call.inbound.verb,
        body=call.body,
        headers=call.headers,
        version=call.inbound.version.decode("latin-1") if call.inbound.version is not None else "",
        modern=call.modern,
        owner=call.holder,
        session=call.session,
        message=None if waits else message,
        last_event_id=None if call.modern else call.inbound.last_event_id,
        resend=call.inbound.verb == "GET"
        or (isinstance(message, Request) and not stream and method_entry(message.method).safe),
        endless=stream,
    )


def _failure(call: Call, decision: Decision) -> Reply:
    exchanges = [e for e in call.exchanges if isinstance(e.message, Request)]
    if call.batch and exchanges:
        bodies = [error_body(e, decision, e.message.id) for e in exchanges if isinstance(e.message, Request)]
        return Reply(200, (JSON,), b"[" + b",".join(bodies) + b"]")
    return refusal(call.first, decision)
