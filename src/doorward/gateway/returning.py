"""The answering side of the pipeline: all that comes back from a server goes through here, message by message."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import JournalFault, UpstreamFault
from doorward.core.exchange import Answer, Exchange, Headers
from doorward.core.looking import RESULTS
from doorward.core.message import (
    SHORTEST_GLANCE,
    Batch,
    Message,
    Notification,
    Request,
    Response,
    Unreadable,
    glance,
    read,
)
from doorward.core.methods import allows_batches
from doorward.core.policy import strictness
from doorward.core.ports import Seals
from doorward.gateway.admission import LONGEST_VERSION, OVER_LIMITS
from doorward.gateway.answers import Answers, objection
from doorward.gateway.books import Books
from doorward.gateway.call import Call, is_whole, weigh
from doorward.gateway.leases import Leases
from doorward.gateway.mirrored import Mirrored
from doorward.gateway.refusals import GARBAGE, decision_of
from doorward.gateway.screen import batched, screen, screen_text
from doorward.gateway.unexpected import Unexpected
from doorward.stages.mark import mark
from doorward.stages.refuse import error_body, refusal

log = logging.getLogger(__name__)

_OF_TASKS = "notifications/tasks"
"""How the state of a task is told beside an answer: whole, with its result."""
_READABLE = (Response, Request, Notification, Batch)
Tell = Callable[[Call, bytes], Awaitable[None]]


class Returning:
    """Reads, correlates, screens and records what a server sends."""

    __slots__ = ("_answers", "_books", "_leases", "_mirrored", "_sealer", "_tell", "_unexpected")

    def __init__(
        self, books: Books, mirrored: Mirrored, sealer: Seals, tell: Tell, answers: Answers, leases: Leases
    ) -> None:
        self._books = books
        self._answers = answers
        self._leases = leases
        self._mirrored = mirrored
        self._unexpected = Unexpected(books, answers, self.read)
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
            sealed = self._sealer.seal(call.server.id, call.holder, version or call.version, answer.session)
        return (*answer.headers, (b"mcp-session-id", sealed))

    def unclear(self, call: Call) -> None:
        """An answer of which two clients could read two bodies, for all that its headers say: recorded, or
        ``UpstreamFault`` where anything of the server is enforced.
        """
        if call.server.strict_reading:
            raise UpstreamFault("clients may differ about its Content-Type", code="upstream.garbage")
        weigh(call.first, GARBAGE)

    # -- a whole body

    def read(self, call: Call, body: bytes) -> Message | Batch | Unreadable:
        """What a body of the server says."""
        return read(body, depth=call.snapshot.limits.depth, batches=allows_batches(call.version))

    def glance(self, call: Call, body: bytes) -> Message | Batch | Unreadable:
        """``read`` for a body that is quiet: nobody asks for the fractions in what a tool answers."""
        if len(body) < SHORTEST_GLANCE or call.first.method != "tools/call":
            return self.read(call, body)
        return glance(body, depth=call.snapshot.limits.depth) or self.read(call, body)

    def at_once(self, call: Call, reading: Message | Batch | Unreadable | None, status: int) -> bytes | None:
        """``whole`` where nothing needs to wait: an answer to one of our requests, and it is quiet. None: it is
        something else.
        """
        if type(reading) is not Response or reading.id not in call.pending or status >= 400:
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
        if isinstance(reading, Response) and not reading.exact:
            reading = self.read(call, body)
        if status >= 400 and isinstance(reading, Response) and reading.is_error:
            return await self._failed(call, reading, body)
        if call.pending and (reading is None or (status >= 400 and isinstance(reading, Unreadable))):
            return await self._no_message(call, body, status)
        if call.pending or isinstance(reading, _READABLE):
            taken = await self.take(call, body, reading or self.read(call, body))
            return self._complete(call, taken) if call.pending else taken
        if body and status < 400 and call.inbound.verb == "GET":
            self.unclear(call)  # not every client asks for the media type before it reads events
        screened = await screen_text(call, call.first, body)
        return b"" if screened.refusal is not None else screened.raw

    async def _failed(self, call: Call, message: Response, body: bytes) -> bytes:
        """An HTTP error with a JSON-RPC error in it answers what was asked, whatever id it has: servers that refuse
        before they have read the body send none, or one of their own making.
        """
        if message.id in call.pending:
            return await self.message(call, body)
        refused = self._answers.question(call, call.first, message)  # -32042 asks, whatever its id is
        screened = await screen(call, call.first, message, RESULTS, "")
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
        return await self.take(call, raw, self.read(call, raw))

    async def take(self, call: Call, raw: bytes, reading: Message | Batch | Unreadable) -> bytes:
        """``message`` for one that has been read."""
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
        exchange = _strictest(call)
        if call.stream and isinstance(message, Notification) and message.method.startswith(_OF_TASKS):
            held = exchange.mode, exchange.entry
            mode = self._answers.mode_of_task(call, message.params.get("taskId"))
            exchange.mode, exchange.entry = max(exchange.mode, mode, key=strictness), None
            try:
                return await self._interim(call, exchange, message, begun)
            finally:
                exchange.mode, exchange.entry = held
        return await self._interim(call, exchange, message, begun)

    async def _interim(self, call: Call, exchange: Exchange, message: Request | Notification, begun: float) -> bytes:
        refused = self._answers.beside(call, exchange, message)
        screened = await screen(call, exchange, message, RESULTS, message.method)
        refused = refused or screened.refusal
        exchange.interim += 1
        exchange.bytes_out += len(screened.raw)
        self._passed(call, len(screened.raw))
        if refused is not None:
            goes_on = exchange.effect, exchange.rules  # this one record is about the message alone
            exchange.effect, exchange.rules = refused.effect, refused.rules
            self._books.note(call, exchange, "message", "", refused.reason, "an interim message was refused")
            exchange.effect, exchange.rules = goes_on
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

    async def _batch(self, call: Call, batch: Batch, raw: bytes, begun: float) -> bytes:
        parts = [await self.one(call, message, begun) for message in batch.messages]
        return batched(raw, [message.raw for message in batch.messages], parts)

    def _unread(self, call: Call, raw: bytes, reason: Reason) -> bytes:
        exchange = call.first
        exchange.uninspected += 1
        if call.server.strict_reading or reason in OVER_LIMITS:  # also where only another tool of it is enforced
            if not call.stream:
                raise UpstreamFault("a message that has no single reading", code="upstream.garbage")
            self._books.garbage(call, exchange, Reason.UPSTREAM_GARBAGE, "an event was dropped")
            return b""
        weigh(exchange, GARBAGE)
        exchange.bytes_out += len(raw)
        if is_whole(call):
            for waiting in list(call.pending.values()):
                self._books.conclude(call, waiting)
            call.pending.clear()
        return raw

    async def aside(self, call: Call, data: bytes) -> bytes:
        """The data of an event of a type to which no client of MCP listens, as of a heartbeat: no message, whatever
        stands there, and no answer. Where anything of the server is enforced it goes no further.
        """
        exchange = call.first
        stays = not call.server.strict_reading
        if stays:
            exchange.uninspected += 1
            exchange.bytes_out += len(data)
        if not call.aside:
            call.aside = True
            before = exchange.effect, exchange.would_have
            if stays:
                exchange.would_have = Effect.DENY
            else:
                exchange.effect = Effect.DENY
            detail = "an event of another type than message"
            self._books.garbage(call, exchange, Reason.UPSTREAM_GARBAGE, detail)
            exchange.effect, exchange.would_have = before
            await self._books.kept(call)
        return data if stays else b""

    async def _response(self, call: Call, message: Response, begun: float) -> bytes:
        exchange = self._answered(call, message)
        if exchange is None:
            return await self._unexpected.take(call, message)
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
        self._mirrored.learn(call.server.id, call.owner, message)
        await self._answers.learn(call, exchange, message)
        shown = message if raw is message.raw else self.read(call, raw)
        if not isinstance(shown, Response):
            return raw, GARBAGE
        try:
            return await self._answers.cut(call, exchange.method or "", shown), None
        except ValueError as why:
            refused = objection(why)
            weigh(exchange, refused)
            return raw, refused

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

    def may_resume(self, call: Call) -> None:
        """From now on the client can come back for what is missing."""
        self._unexpected.may_resume(call)

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


def _strictest(call: Call) -> Exchange:
    """What a message belongs to that answers nothing: of a batch the exchange whose mode is the strictest."""
    return max(call.exchanges, key=lambda exchange: strictness(exchange.mode)) if call.batch else call.first
