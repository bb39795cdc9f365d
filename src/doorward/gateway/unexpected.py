"""Responses that answer no request of their own call: a second answer, one with another's id, or one on a stream that
was resumed, which carries the answers of earlier requests by its nature.
"""

from collections.abc import Callable
from functools import partial

from doorward.core.decision import Act, Effect, Reason
from doorward.core.exchange import Exchange
from doorward.core.looking import RESULTS
from doorward.core.message import Batch, Message, Response, Unreadable
from doorward.gateway.answers import Answers, objection
from doorward.gateway.books import Books
from doorward.gateway.call import Call, is_whole, weigh
from doorward.gateway.refusals import UNSOLICITED
from doorward.gateway.resumed import Resumed
from doorward.gateway.screen import screen
from doorward.stages.refuse import error_body

Read = Callable[[Call, bytes], Message | Batch | Unreadable]


class Unexpected:
    """Screens and records them; drops them where they are neither expected nor let pass. ``read`` reads a body of the
    call's server.
    """

    __slots__ = ("_answers", "_books", "_read", "_resumed")

    def __init__(self, books: Books, answers: Answers, read: Read) -> None:
        self._books = books
        self._answers = answers
        self._read = read
        self._resumed = Resumed()

    def may_resume(self, call: Call) -> None:
        """From now on the client can come back for what is missing."""
        if not call.resumable:
            call.resumable = True
            self._resumed.remember(call)

    async def take(self, call: Call, message: Response) -> bytes:
        """What goes to the client of one; empty where it was dropped. Where it is not known of which tool it is, it may
        be that of any, so what is strictest of all holds for it.
        """
        exchange = call.first
        held = exchange.mode, exchange.entry, exchange.method, exchange.name
        tool = self._resumed.tool(call, message.id) if _resumes(call) else None
        if tool is None:
            mode = call.server.strictest(exchange.mode)
        else:
            mode, exchange.method, exchange.name = call.server.mode_of(tool), "tools/call", tool
        if tool is not None or mode is not exchange.mode:
            exchange.mode, exchange.entry = mode, None
        try:
            return await self._judged(call, exchange, message, tool)
        finally:
            exchange.mode, exchange.entry, exchange.method, exchange.name = held

    async def _judged(self, call: Call, exchange: Exchange, message: Response, tool: str | None) -> bytes:
        resumed = _resumes(call)
        if not resumed:
            act = weigh(exchange, UNSOLICITED)
            if exchange.mode.enforcing and act is Act.REFUSE:
                exchange.refused = False  # the answer was dropped, the exchange itself goes on
                exchange.effect = Effect.ALLOW
                self._books.garbage(call, exchange, Reason.UPSTREAM_UNSOLICITED, "a response was dropped")
                await self._books.kept(call)
                return b""
        refused = self._answers.beside(call, exchange, message, of_its_tool=tool is not None)
        looking = call.snapshot.looking_at_any(call.server) if tool is None else None
        fitting = partial(self._answers.fitting, call, exchange, message)
        method = "tools/call" if tool is not None else ""
        screened = await screen(call, exchange, message, RESULTS, method, fitting, looking)
        raw, refused = screened.raw, refused or screened.refusal
        if refused is None:
            shown = message if raw is message.raw else self._read(call, raw)
            try:
                raw = await self._answers.cut_unasked(call, shown) if isinstance(shown, Response) else b""
            except ValueError as why:
                refused = objection(why)
        if refused is not None:
            raw = error_body(exchange, refused, message.id) if message.id is not None else b""
        self._books.hash_answer(call, exchange, message, raw)
        if resumed:
            self._books.note(call, exchange, "message", "", Reason.RESUMED)
        else:
            self._books.garbage(call, exchange, Reason.UPSTREAM_UNSOLICITED)
        if is_whole(call) and not call.stream:
            for waiting in list(call.pending.values()):
                self._books.conclude(call, waiting)
            call.pending.clear()
        await self._books.kept(call)
        return raw


def _resumes(call: Call) -> bool:
    return call.stream and call.inbound.last_event_id is not None
