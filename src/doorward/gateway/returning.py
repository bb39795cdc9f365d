"""The answering side of the pipeline: all that comes back from a server goes through here, message by message."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import Fault, JournalFault, UpstreamFault
from doorward.core.exchange import Answer, Exchange, Headers
from doorward.core.looking import RESULTS
from doorward.core.message import Batch, Message, Notification, Request, Response, Unreadable, read
from doorward.core.methods import allows_batches
from doorward.core.policy import Severity
from doorward.core.ports import Seals
from doorward.gateway.admission import LONGEST_VERSION, OVER_LIMITS
from doorward.gateway.answers import TWO_LISTS, Answers
from doorward.gateway.books import Books
from doorward.gateway.call import Call, weigh
from doorward.gateway.leases import Leases
from doorward.gateway.schemas import Schemas
from doorward.gateway.screen import is_quiet, rejoined, screen, screen_text
from doorward.stages.mark import mark
from doorward.stages.refuse import error_body, refusal

log = logging.getLogger(__name__)

_WHAT: dict[Reason, tuple[str, str]] = {
    Reason.UPSTREAM_GARBAGE: (
        "the server's answer is not one clear message",
        "try again; if it stays so, the server is at fault",
    ),
    Reason.UPSTREAM_TOO_LARGE: ("the server's answer is larger than the gateway may hold", "ask for less"),
    Reason.UPSTREAM_NO_ANSWER: (
        "the server ended without an answer",
        "check whether the call had its effect, then try again",
    ),
    Reason.UPSTREAM_TIMEOUT: (
        "the server did not answer in time",
        "check whether the call had its effect, then try again",
    ),
    Reason.UPSTREAM_CLOSED: (
        "the server closed the connection before it had answered",
        "check whether the call had its effect, then try again",
    ),
    Reason.UPSTREAM_CRASHED: ("the server's process ended", "start a new session and try again"),
    Reason.UPSTREAM_UNREACHABLE: ("the server cannot be reached", "try again in a moment"),
    Reason.UPSTREAM_BREAKER: (
        "the server failed several times and is being left alone for a moment",
        "try again in a moment",
    ),
    Reason.UPSTREAM_UNAUTHORIZED: (
        "the server wants a credential that the gateway has not got",
        "ask the operator to configure credentials for this server",
    ),
    Reason.UPSTREAM_REDIRECT: (
        "the server answered with a redirect, which the gateway does not follow",
        "ask the operator to configure the address that it points to",
    ),
    Reason.UPSTREAM_UNSOLICITED: ("the server answered something that was not asked", "none: it was dropped"),
    Reason.AUTH_REVOKED: ("the token has been revoked meanwhile", "get a new token, if you still may"),
    Reason.AUTH_EXPIRED: ("the token has expired", "get a new token and open the stream again"),
    Reason.JOURNAL_UNAVAILABLE: ("the audit log cannot take a record, so nothing passes", "try again in a moment"),
    Reason.CREDENTIAL_UNAVAILABLE: (
        "no credential for the server could be had",
        "try again in a moment, or ask the operator",
    ),
    Reason.LIMIT_OVERLOAD: ("the server has as many callers as it may", "try again in a moment"),
    Reason.GATEWAY_DRAINING: ("the gateway is about to stop", "send the request again in a moment"),
}


def decision_of(fault: Fault) -> Decision:
    """A fault as the refusal that the client gets. Its own detail stays in the log: it may name hosts and files."""
    try:
        reason = Reason(fault.code)
    except ValueError:
        reason = Reason.GATEWAY_FAULT
    what, remedy = _WHAT.get(
        reason, ("something broke in the gateway", "try again, and give the operator the exchange id")
    )
    return Decision(Effect.ERROR, reason, Severity.CRITICAL, what=what, remedy=remedy)


UNSOLICITED = Decision(
    Effect.DENY,
    Reason.UPSTREAM_UNSOLICITED,
    Severity.HIGH,
    rules=("response-table",),
    what=_WHAT[Reason.UPSTREAM_UNSOLICITED][0],
    remedy=_WHAT[Reason.UPSTREAM_UNSOLICITED][1],
)
GARBAGE = Decision(
    Effect.DENY,
    Reason.UPSTREAM_GARBAGE,
    Severity.CRITICAL,
    rules=("one-reading",),
    what=_WHAT[Reason.UPSTREAM_GARBAGE][0],
)


_READABLE = (Response, Request, Notification, Batch)
Tell = Callable[[Call, bytes], Awaitable[None]]


class Returning:
    """Reads, correlates, screens and records what a server sends."""

    __slots__ = ("_answers", "_books", "_leases", "_schemas", "_sealer", "_tell")

    def __init__(
        self, books: Books, schemas: Schemas, sealer: Seals, tell: Tell, answers: Answers, leases: Leases
    ) -> None:
        self._books = books
        self._answers = answers
        self._leases = leases
        self._schemas = schemas
        self._sealer = sealer
        self._tell = tell  # sends a message of our own to the call's server

    # -- heads

    def headers(self, call: Call, answer: Answer, version: str | None = None) -> Headers:
        """The answer's headers with the server's session id sealed, if it gave one."""
        if answer.session is None or call.modern:
            return answer.headers
        if answer.session == call.session and call.inbound.session is not None:
            sealed = call.inbound.session
        else:
            sealed = self._sealer.seal(call.server.id, call.owner, version or call.version, answer.session)
        return (*answer.headers, (b"mcp-session-id", sealed))

    # -- a whole body

    def read(self, call: Call, body: bytes) -> Message | Batch | Unreadable:
        """What a body of the server says."""
        return read(body, depth=call.snapshot.limits.depth, batches=allows_batches(call.version))

    def at_once(self, call: Call, reading: Message | Batch | Unreadable | None, status: int) -> bytes | None:
        """``whole`` where nothing needs to wait: an answer to one of our requests in which nothing can be found.
        None: it is something else.
        """
        if type(reading) is not Response or reading.id not in call.pending or status >= 400:
            return None
        if not is_quiet(call, reading.raw, RESULTS):
            return None
        begun = self._books.clock.monotonic()
        exchange = call.pending[reading.id]
        if exchange.redacted_arguments:
            return None
        if self._answers.lists(exchange):
            return None
        del call.pending[reading.id]
        self._learn(exchange, reading)
        refused = self._answers.judge(call, exchange, reading)
        raw = reading.raw if refused is None else refusal(exchange, refused).body
        self._settle(call, exchange, reading, raw, begun)
        return self._complete(call, raw) if call.pending else raw

    async def whole(
        self, call: Call, body: bytes, reading: Message | Batch | Unreadable | None, *, status: int
    ) -> bytes:
        """What goes to the client for a whole body; ``reading`` None: it is empty, or no JSON. Raises ``UpstreamFault``
        where there is no answer in it.
        """
        if status >= 400 and isinstance(reading, Response) and reading.is_error:
            return await self._failed(call, reading, body)
        if call.pending and (reading is None or (status >= 400 and isinstance(reading, Unreadable))):
            return await self._no_message(call, body, status)
        if call.pending or isinstance(reading, _READABLE):
            taken = await self._take(call, body, reading or self.read(call, body))
            return self._complete(call, taken) if call.pending else taken
        screened = await screen_text(call, call.first, body)
        return b"" if screened.refusal is not None else screened.raw

    async def _failed(self, call: Call, message: Response, body: bytes) -> bytes:
        """An HTTP error with a JSON-RPC error in it answers what was asked, whatever id it has: servers that refuse
        before they have read the body send none, or one of their own making.
        """
        if message.id in call.pending:
            return await self.message(call, body)
        refused = self._answers.question(call, call.first, message)  # -32042 asks, whatever its id is
        screened = await screen(call, call.first, message, "results", "")
        raw, refused = screened.raw, refused or screened.refusal
        if refused is not None:
            raw = error_body(call.first, refused, message.id)
        for exchange in list(call.pending.values()):
            self._books.hash_answer(call, exchange, message, raw)
            self._books.conclude(call, exchange)
        call.pending.clear()
        return raw

    async def _no_message(self, call: Call, body: bytes, status: int) -> bytes:
        """An error page, or nothing: passed with its status; but a success without an answer is none."""
        if status < 400 and call.server.strict_reading and call.first.mode.enforcing:
            code = "upstream.garbage" if body else "upstream.no_answer"
            raise UpstreamFault("a success without a JSON-RPC answer", code=code)
        screened = await screen_text(call, call.first, body)
        if screened.refusal is not None:
            raise UpstreamFault("an error page that may not pass", code="upstream.garbage")
        for exchange in list(call.pending.values()):
            exchange.bytes_out += len(screened.raw)
            self._books.conclude(call, exchange)
        call.pending.clear()
        return screened.raw

    def _complete(self, call: Call, taken: bytes) -> bytes:
        """What a whole body leaves unanswered gets an error of ours where its mode enforces: nothing more will come."""
        waiting = {ident: exchange for ident, exchange in call.pending.items() if exchange.mode.enforcing}
        if waiting and not call.batch:
            code = "upstream.no_answer" if taken else "upstream.garbage"  # garbage: an answer, but to something else
            raise UpstreamFault("the body does not hold the answer", code=code)
        decision = decision_of(UpstreamFault(code="upstream.no_answer"))
        errors: list[bytes] = []
        for ident, exchange in waiting.items():
            self._books.conclude(call, exchange, effect=Effect.ERROR, reason=decision.reason, detail="not in the body")
            errors.append(error_body(exchange, decision, ident))
            del call.pending[ident]
        if not errors:
            return taken
        answers = taken.strip()
        answers = answers[1:-1] if answers.startswith(b"[") else answers
        return b"[" + b",".join([answers, *errors] if answers else errors) + b"]"

    # -- one message

    async def message(self, call: Call, raw: bytes) -> bytes:
        """A body or an event's data that must hold answers: screened, recorded, ready to send; empty where it was
        dropped.
        """
        return await self._take(call, raw, self.read(call, raw))

    async def _take(self, call: Call, raw: bytes, reading: Message | Batch | Unreadable) -> bytes:
        begun = self._books.clock.monotonic()
        if isinstance(reading, Unreadable):
            passed = self._unread(call, raw, Reason(reading.reason))
            await self._books.kept(call)
            return passed
        if isinstance(reading, Batch):
            return await self._batch(call, reading, raw, begun)
        return await self.one(call, reading, begun)

    async def one(self, call: Call, message: Message, begun: float) -> bytes:
        """One message of any kind. ``begun`` is when its handling began (monotonic seconds)."""
        if isinstance(message, Response):
            return await self._response(call, message, begun)
        exchange = call.first
        refused = self._beside(call, exchange, message)
        screened = await screen(call, exchange, message, "results", message.method)
        refused = refused or screened.refusal
        exchange.interim += 1
        exchange.bytes_out += len(screened.raw)
        self._passed(call, len(screened.raw))
        if refused is not None:
            goes_on, exchange.effect = exchange.effect, refused.effect  # this one record is about the message alone
            self._books.note(call, exchange, "message", "", refused.reason, "an interim message was refused")
            exchange.effect = goes_on
            await self._books.kept(call)
            if isinstance(message, Request):
                await self._refuse_server(call, message, refused)
            call.spent += self._books.clock.monotonic() - begun
            return b""
        if screened.redacted:
            self._books.note(call, exchange, "message", "", Reason.PII_REDACTED, "an interim message was redacted")
            await self._books.kept(call)
        call.spent += self._books.clock.monotonic() - begun
        return screened.raw

    def _beside(self, call: Call, exchange: Exchange, message: Message) -> Decision | None:
        """Whether the server may ask that. A question that is refused is no end of the exchange that it came in."""
        before = exchange.decision, exchange.reason, exchange.refused, exchange.effect
        refused = self._answers.question(call, exchange, message)
        if refused is not None:
            exchange.decision, exchange.reason, exchange.refused, exchange.effect = before
        return refused

    async def _batch(self, call: Call, batch: Batch, raw: bytes, begun: float) -> bytes:
        """An array: the original bytes where no element was changed."""
        parts = [await self.one(call, message, begun) for message in batch.messages]
        if all(part is message.raw for part, message in zip(parts, batch.messages, strict=True)):
            return raw
        if all(parts):
            return rejoined(raw, [message.raw for message in batch.messages], parts)
        kept = [part for part in parts if part]
        return b"[" + b",".join(kept) + b"]" if kept else b""

    def _unread(self, call: Call, raw: bytes, reason: Reason) -> bytes:
        exchange = call.first
        exchange.uninspected += 1
        if call.server.strict_reading or reason in OVER_LIMITS:  # also where only another tool of it is enforced
            if not call.stream:
                raise UpstreamFault("a message that has no single reading", code="upstream.garbage")
            self._books.note(call, exchange, "message", "", Reason.UPSTREAM_GARBAGE, "an event was dropped")
            return b""
        weigh(exchange, GARBAGE)
        exchange.bytes_out += len(raw)
        for waiting in list(call.pending.values()) if not call.opened else ():
            self._books.conclude(call, waiting)
        if not call.opened:
            call.pending.clear()
        return raw

    async def _response(self, call: Call, message: Response, begun: float) -> bytes:
        exchange = self._answered(call, message)
        if exchange is None:
            return await self._unexpected(call, message)
        self._learn(exchange, message)
        refused = self._answers.judge(call, exchange, message)
        fitting = partial(self._answers.fitting, call, exchange, message)
        screened = await screen(call, exchange, message, RESULTS, exchange.method or "", fitting)
        raw, refused = screened.raw, refused or screened.refusal
        if refused is None and exchange.redacted_arguments and raw is message.raw:
            raw = mark(raw, {}, exchange.redacted_arguments)
        if refused is None and self._answers.lists(exchange):
            raw, refused = await self._list(call, exchange, message, raw)
        if refused is not None:
            raw = refusal(exchange, refused).body
        self._settle(call, exchange, message, raw, begun)
        try:
            await self._books.kept(call)  # no record, no answer (G1)
        except JournalFault:
            self._still_waits(call, exchange)
            raise
        return raw

    async def _list(
        self, call: Call, exchange: Exchange, message: Response, raw: bytes
    ) -> tuple[bytes, Decision | None]:
        """A list, learnt from as the server said it, and then cut for the caller as it is after redaction."""
        self._schemas.learn(call.server.id, call.owner, message)
        await self._answers.learn(call, exchange, message)
        shown = message if raw is message.raw else self.read(call, raw)
        if not isinstance(shown, Response):
            return raw, GARBAGE
        try:
            return self._answers.cut(call, exchange.method or "", shown), None
        except ValueError:
            weigh(exchange, TWO_LISTS)
            return raw, TWO_LISTS

    def _learn(self, exchange: Exchange, message: Response) -> None:
        """What an answer says that later messages depend on."""
        if exchange.method == "initialize" and isinstance(message.result, dict):
            negotiated = message.result.get("protocolVersion")
            if isinstance(negotiated, str) and len(negotiated) <= LONGEST_VERSION:
                exchange.version = negotiated

    def _settle(self, call: Call, exchange: Exchange, message: Response, raw: bytes, begun: float) -> None:
        """The outcome, before ``raw`` goes to the client."""
        self._books.hash_answer(call, exchange, message, raw)
        call.spent += self._books.clock.monotonic() - begun
        self._passed(call, len(raw))
        try:
            self._books.conclude(call, exchange)
        except JournalFault:
            self._still_waits(call, exchange)
            raise

    def _still_waits(self, call: Call, exchange: Exchange) -> None:
        """Its answer was withheld, so it waits for an error."""
        if isinstance(exchange.message, Request):
            call.pending[exchange.message.id] = exchange

    def _passed(self, call: Call, size: int) -> None:
        """What a server sent counts against its caller's bytes when it has passed; the next call pays for it."""
        limit, now = call.snapshot.limits.bytes_per_minute, self._books.clock.wall()
        self._leases.passed(call.owner, "", "", size, limit, now)

    def _answered(self, call: Call, message: Response) -> Exchange | None:
        """The request that a response answers: on a POST's stream only that POST's ids, each once."""
        first = call.first
        if first.message is None and first.kind == "exchange" and not first.answered:
            return first  # the request passed unread, so nobody knows its id
        if message.id is not None:
            return call.pending.pop(message.id, None)
        # An error without an id answers the one request there is: the server could not read what it answers.
        if message.is_error and len(call.pending) == 1 and not call.opened:
            return call.pending.popitem()[1]
        return None

    async def _unexpected(self, call: Call, message: Response) -> bytes:
        """A second answer, or one for another's id. A resumed stream carries answers of earlier requests, by its
        nature.
        """
        exchange = call.first
        resumed = call.stream and call.inbound.last_event_id is not None
        if not resumed:
            act = weigh(exchange, UNSOLICITED)
            if exchange.mode.enforcing and act.value == "refuse":
                exchange.refused = False  # the answer was dropped, the exchange itself goes on
                exchange.effect = Effect.ALLOW
                self._books.note(call, exchange, "message", "", Reason.UPSTREAM_UNSOLICITED, "a response was dropped")
                await self._books.kept(call)
                return b""
        refused = self._beside(call, exchange, message)
        screened = await screen(call, exchange, message, "results", "")
        raw, refused = screened.raw, refused or screened.refusal
        if refused is None:
            shown = message if raw is message.raw else self.read(call, raw)
            try:
                raw = self._answers.cut_unasked(call, shown) if isinstance(shown, Response) else b""
            except ValueError:
                refused = TWO_LISTS
        if refused is not None:
            raw = error_body(exchange, refused, message.id) if message.id is not None else b""
        self._books.hash_answer(call, exchange, message, raw)
        reason = Reason.RESUMED if resumed else Reason.UPSTREAM_UNSOLICITED
        self._books.note(call, exchange, "message", "", reason)
        for waiting in list(call.pending.values()) if not call.opened and not call.stream else ():
            self._books.conclude(call, waiting)
            call.pending.clear()
        await self._books.kept(call)
        return raw

    async def _refuse_server(self, call: Call, message: Request, decision: Decision) -> None:
        """A legacy server waits for the answer to its question: it gets one from us, and the client never sees the
        question.
        """
        if call.modern:
            return
        try:
            await self._tell(call, error_body(call.first, decision, message.id))
        except UpstreamFault:
            log.info("a refusal could not be delivered to server %s", call.server.id)
