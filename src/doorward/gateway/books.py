"""Every exchange is written down: its intent before it is forwarded, its outcome before it is answered (G1)."""

import logging
from collections.abc import Callable
from typing import Protocol

from doorward.core.audit import Record, digest
from doorward.core.decision import Effect, Reason
from doorward.core.errors import JournalFault
from doorward.core.exchange import Exchange
from doorward.core.message import Message, Response, read, span
from doorward.core.methods import METHODS
from doorward.core.ports import Clock, Journal
from doorward.gateway.call import Call, Ids
from doorward.gateway.meter import CALLS, FINDINGS, WOULD_HAVE
from doorward.stages.line import line
from doorward.stages.record import record

log = logging.getLogger(__name__)


_FIRST = {"exchange": "intent", "stream": "opened"}
_LAST = {"exchange": "outcome", "stream": "closed"}


class Meters(Protocol):
    """What is counted (``gateway/meter.py``)."""

    def observe(self, stage: str, seconds: float) -> None: ...

    def count(self, name: str, *labels: str, by: int = 1) -> None: ...


Early = Callable[[str, str], bool]
"""(the caller's address, reason) of a refusal before authentication: whether it is recorded singly (G1)."""

_EARLY = frozenset({reason for reason in Reason if reason.startswith("auth.") and reason is not Reason.AUTH_SCOPE}) | {
    Reason.HTTP_ROUTE,
    Reason.STATE_UNAVAILABLE,
}
"""Refusals before anybody knows who calls: recorded singly only while there is room (G1)."""


def always(client: str, reason: str) -> bool:
    """Record every one of them: for a pipe, where nobody is a stranger."""
    return True


class Books:
    """The journal and the meters, as the pipeline uses them."""

    __slots__ = ("_alert", "_early", "_garbled", "_ids", "_journal", "clock", "meter", "unrecorded")

    def __init__(
        self,
        journal: Journal,
        meter: Meters,
        clock: Clock,
        ids: Ids,
        early: Early = always,
        alert: Callable[[Record], None] = lambda record: None,
        garbled: Early = always,
    ) -> None:
        self._journal = journal
        self._early = early
        self._garbled = garbled
        self._alert = alert
        self._ids = ids
        self.meter = meter
        self.clock = clock
        self.unrecorded = 0

    def intend(self, call: Call) -> None:
        """One record a request before it is forwarded; the only record of a notification, a response, a DELETE."""
        begun = self.clock.monotonic()
        for exchange in call.exchanges:
            self._hash_arguments(call, exchange)
            phase = _FIRST.get(exchange.kind, "")
            self._append(call, exchange, phase)
            if not phase:
                exchange.answered = True  # this is the one record; how the server took it is in the log
                self._close(exchange, begun - call.inbound.received)
        self.meter.observe("journal", self.clock.monotonic() - begun)

    def _hash_arguments(self, call: Call, exchange: Exchange) -> None:
        key, message = call.snapshot.keys.hashing, exchange.message
        if message is not None:
            exchange.args_hash = digest(key, _payload(message))
        elif exchange.bytes_in:
            exchange.args_hash = digest(key, call.inbound.body)

    def conclude(
        self,
        call: Call,
        exchange: Exchange,
        *,
        effect: Effect | None = None,
        reason: Reason | None = None,
        detail: str = "",
    ) -> None:
        """The outcome, once; ``kept`` says when it is there. Raises ``JournalFault``: then the answer must be withheld
        (G4).
        """
        if exchange.answered:
            return
        begun = self.clock.monotonic()
        if effect is not None:
            exchange.effect = effect
        if reason is not None:
            exchange.reason = reason
        latency = begun - call.inbound.received
        # Before it is forwarded all of the time is ours, and no intent has hashed its arguments yet.
        if call.forwarded_at:
            exchange.ours += call.spent
        else:
            exchange.ours = latency
            self._hash_arguments(call, exchange)
        phase = _LAST.get(exchange.kind, "")
        if exchange.reason not in _EARLY or self._early(call.inbound.client_ip, exchange.reason):
            self._append(call, exchange, phase, latency=latency, detail=detail)
        exchange.answered = True
        self.meter.observe("journal", self.clock.monotonic() - begun)
        self._close(exchange, latency)

    def note(self, call: Call, exchange: Exchange, kind: str, phase: str, reason: Reason, detail: str = "") -> None:
        """A record beside the exchange's own: a summary of a long stream, an interim message that was redacted or
        refused.
        """
        self._append(call, exchange, phase, kind=kind, reason=reason, detail=detail)

    def garbage(self, call: Call, exchange: Exchange, reason: Reason, detail: str = "") -> None:
        """A note of what a server says that nobody can read or asked for, while there is room for each. A record is a
        hundred times as long as the shortest of these, and a server may say as many as it likes.
        """
        if self._garbled(f"server {call.server.id}", reason):
            self.note(call, exchange, "message", "", reason, detail)

    async def kept(self, call: Call) -> None:
        """Return when the kernel has every record of a call so far; the disk, where one of its tools is ``strict``.

        Before this nothing may be forwarded, and nothing sent (G1). Raises ``JournalFault`` where records are required.
        """
        if not call.unkept:
            return
        begun = self.clock.monotonic()
        there = self._journal.synced if _strict(call) else self._journal.written
        lost: str | None = None  # not the fault itself: raised from here it would hold us and the call, and we it
        # The last first: when it is there the others are, so one wait is enough. Each is asked for all the same, as one
        # can be lost alone. And it is crossed off only when its fate is known: a wait can be cancelled.
        for ticket in tuple(reversed(call.unkept)):
            try:
                await there(ticket)
            except JournalFault as fault:
                lost = fault.detail
            if ticket in call.unkept:  # a call that stands for a whole pipe is waited for by several
                call.unkept.remove(ticket)
        if lost is not None:
            if call.snapshot.journal_required:
                raise JournalFault(lost)
            self._went_unrecorded()
        self.meter.observe("journal", self.clock.monotonic() - begun)

    def _went_unrecorded(self) -> None:
        self.unrecorded += 1
        log.warning("a call went unrecorded, as audit.on_failure allows (%d so far)", self.unrecorded)

    def _append(
        self,
        call: Call,
        exchange: Exchange,
        phase: str,
        *,
        latency: float | None = None,
        detail: str = "",
        kind: str = "",
        reason: Reason | None = None,
    ) -> None:
        event_id, wall, key = self._ids.next(), self.clock.wall(), call.snapshot.keys.hash_key_id
        entry: Record | None = None
        if not detail and not kind:
            entry = line(exchange, phase, event_id=event_id, wall=wall, hash_key_id=key, latency=latency)
        if entry is None:
            entry = record(
                exchange, phase, event_id=event_id, wall=wall, hash_key_id=key, latency=latency, detail=detail
            )
            entry.kind = kind or entry.kind
            entry.reason = entry.reason if reason is None else reason
        try:
            call.unkept.append(self._journal.append(entry, early=exchange.reason in _EARLY))
            if exchange.alert:
                self._alert(entry)
        except JournalFault:
            if call.snapshot.journal_required:
                raise
            self._went_unrecorded()

    def _close(self, exchange: Exchange, latency: float) -> None:
        meter = self.meter
        meter.observe("total_ours", exchange.ours)
        meter.observe("whole", latency)
        method = exchange.method if exchange.method in METHODS else "other"
        # A name that no configuration has is a stranger's text, and there are as many as strangers like.
        server = exchange.server if exchange.reason is not Reason.HTTP_ROUTE else "other"
        # str() of a StrEnum is its plain text, which hashes faster than the member
        meter.count(CALLS, server, method or "other", str(exchange.effect), str(exchange.reason))
        for (entity, direction), number in exchange.found.items():
            meter.count(FINDINGS, entity, direction, by=number)
        if exchange.would_have is not None:
            meter.count(WOULD_HAVE, exchange.server, exchange.reason.value)
        if exchange.alert:
            log.warning(
                "alert: %s on server %s, exchange %s", exchange.reason.value, exchange.server, exchange.exchange_id
            )

    def hash_answer(self, call: Call, exchange: Exchange, message: Response, delivered: bytes) -> None:
        """``response_hash`` over the received result or error, ``delivered_hash`` over those sent where they differ."""
        key = call.snapshot.keys.hashing
        exchange.response_hash = digest(key, span(message, "error" if message.is_error else "result"))
        if delivered is not message.raw:
            sent = read(delivered, depth=call.snapshot.limits.depth)
            exchange.delivered_hash = digest(key, _payload(sent) if isinstance(sent, Response) else delivered)
        exchange.bytes_out += len(delivered)

    def payload_hash(self, call: Call, message: Message) -> str:
        """Over ``params.arguments`` (or ``params``, ``result``, ``error``) as they go out after a redaction."""
        return digest(call.snapshot.keys.hashing, _payload(message))


def _strict(call: Call) -> bool:
    server = call.server
    return bool(server.tools) and any(server.strict(exchange.name) for exchange in call.exchanges)


def _payload(message: Message) -> bytes | memoryview:
    if isinstance(message, Response):
        return span(message, "error" if message.is_error else "result")
    return span(message, "arguments")
