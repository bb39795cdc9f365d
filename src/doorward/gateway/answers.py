"""What an answer of a server may hold: questions for the client, a result that fits its schema, a list cut for the
caller; and what is remembered of it. No await, but for a list that the policies must get to know first.
"""

import asyncio
from collections.abc import Callable

from doorward.core.decision import ALLOW, Act, Decision, Effect, Reason
from doorward.core.exchange import Exchange
from doorward.core.message import Message, Response, read
from doorward.core.methods import fold
from doorward.core.policy import Mode, Severity
from doorward.core.ports import Clock
from doorward.gateway.call import Call, weigh
from doorward.gateway.catalogue import Catalogue
from doorward.gateway.deciding import Deciding
from doorward.gateway.task_owners import MAX_TASKS_PER_OWNER, made_task, task_mode
from doorward.stages.asks import asked
from doorward.stages.listing import LISTS, MOST_ENTRIES, TooMany, entries, filter_list
from doorward.stages.questions import OTHER, Asked
from doorward.stages.schema import Schema, Unusable
from doorward.stages.validate import refuse_unchecked, validate_result

_KINDS = {
    "tools/list": ("tools/call", "Tool"),
    "prompts/list": ("prompts/get", "Prompt"),
    "resources/list": ("resources/read", "Resource"),
    "resources/templates/list": ("resources/read", "Resource"),
}

TWO_LISTS = Decision(
    Effect.DENY,
    Reason.UPSTREAM_GARBAGE,
    Severity.CRITICAL,
    rules=("one-reading",),
    what="the server's list could be read in two ways",
    remedy="ask the operator: the server is at fault",
)

TOO_MANY = Decision(
    Effect.DENY,
    Reason.UPSTREAM_TOO_LARGE,
    Severity.HIGH,
    what=f"the server's list has more than {MOST_ENTRIES:,} entries on one page",
    remedy="ask the operator: the server should list them in pages",
)

_TURN = 0.002
"""Seconds of judging entries of a list until others are served."""


class Answers:
    """Judges and cuts; one for a worker."""

    __slots__ = ("_catalogue", "_clock", "_deciding")

    def __init__(self, catalogue: Catalogue, deciding: Deciding, clock: Clock) -> None:
        self._catalogue = catalogue
        self._deciding = deciding
        self._clock = clock

    def question(self, call: Call, exchange: Exchange, message: Message) -> Decision | None:
        """Whether the server may ask the client what this message asks; the refusal, or None."""
        kinds = asked(message)
        if not kinds:
            return None
        return self._deciding.questions(call, exchange, kinds)

    def judge(self, call: Call, exchange: Exchange, message: Response) -> Decision | None:
        """The questions and the structured result of one answer; the first refusal, or None."""
        task = made_task(exchange.method or "", message)
        if task is not None:
            self._catalogue.tasks.remember(call.server.id, task, call.holder, exchange.name or "")
        return self.question(call, exchange, message) or self._by_schema(call, exchange, message)

    def beside(self, call: Call, exchange: Exchange, message: Message, *, of_its_tool: bool = False) -> Decision | None:
        """Whether the server may say that beside the answer that is waited for; the refusal, which is no end of the
        exchange that it came in, or None. ``of_its_tool``: it is an answer, and one of the tool of the exchange.
        """
        before = exchange.decision, exchange.reason, exchange.refused, exchange.effect, exchange.rules
        if of_its_tool and isinstance(message, Response):
            refused = self.judge(call, exchange, message)
        else:
            refused = self.question(call, exchange, message)
        if refused is not None:
            exchange.decision, exchange.reason, exchange.refused, exchange.effect, exchange.rules = before
        return refused

    def _by_schema(self, call: Call, exchange: Exchange, message: Response) -> Decision | None:
        schema = self._schema(call, exchange, message)
        if schema is None:
            return None
        if isinstance(schema, Unusable):
            if not call.server.strict(exchange.name):
                exchange.uninspected += 1
                return None
            return _refused(exchange, refuse_unchecked(Reason.SCHEMA_RESULT, schema))
        if schema.surely_fits(message.raw):
            return None
        exact = message if message.exact else read(message.raw, depth=call.snapshot.limits.depth)
        assert isinstance(exact, Response)
        assert isinstance(exact.result, dict)
        return _refused(exchange, validate_result(schema, exact.result["structuredContent"]))

    def mode_of_task(self, call: Call, task_id: object) -> Mode:
        """What holds for the state of a task that comes beside an answer: the mode of its tool, or the strictest."""
        known = self._catalogue.tasks.task(call.server.id, task_id) if isinstance(task_id, str) else None
        return task_mode(call.server, known)

    def fitting(self, call: Call, exchange: Exchange, message: Response) -> Schema | None:
        """What the structured result must still be valid against once it has been redacted, if anything."""
        schema = self._schema(call, exchange, message)
        return schema if isinstance(schema, Schema) else None

    def _schema(self, call: Call, exchange: Exchange, message: Response) -> Schema | Unusable | None:
        result = message.result
        if exchange.method != "tools/call" or not isinstance(result, dict) or "structuredContent" not in result:
            return None
        if result.get("isError") is True:
            return None  # MCP server/tools: the schema is about results, not about errors
        checks = self._catalogue.schemas.checks(call.server.id, call.owner, exchange.name)
        return checks.results() if checks is not None else None

    # -- lists

    def lists(self, exchange: Exchange) -> bool:
        """Whether the answer is a list, which is learnt from and cut."""
        return exchange.method in LISTS

    async def cut_unasked(self, call: Call, message: Response) -> bytes:
        """An answer without a known request, as a resumed stream carries them: a list in it is cut like any other.

        Raises ValueError (``objection`` says which) as ``cut`` does, and where it could be the answer to two lists.
        """
        result = message.result
        folded = {fold(name) for name in result} if isinstance(result, dict) else set()
        methods = [method for method, (member, _) in LISTS.items() if fold(member) in folded]
        if not methods or not call.server.strict_reading:
            return message.raw
        if len(methods) > 1:
            raise ValueError("it could be the answer to two lists")
        return await self.cut(call, methods[0], message)

    async def learn(self, call: Call, exchange: Exchange, message: Response) -> None:
        """What a list of tools says about them; returns when the policies know it."""
        if exchange.method == "tools/list":
            self._catalogue.schemas.learn(call.server.id, call.owner, message)
            if self._catalogue.unsettled:
                await self._catalogue.settle()
                self._deciding.refine(call, exchange)
        elif exchange.method == "tasks/list" and call.server.strict_reading:
            await self._adopt(call.server.id, message)

    async def _adopt(self, server: str, message: Response) -> None:
        """Tasks that another worker saw being made are in the store; without it their maker would not be shown them."""
        listed = message.result.get("tasks") if isinstance(message.result, dict) else None
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        ids = [entry["taskId"] for entry in entries if isinstance(entry.get("taskId"), str)]
        tasks = self._catalogue.tasks
        for task_id in [each for each in dict.fromkeys(ids) if tasks.known(server, each) is None][:MAX_TASKS_PER_OWNER]:
            task = await self._catalogue.task(server, task_id)
            if task is not None:
                tasks.adopt(task)

    async def cut(self, call: Call, method: str, message: Response) -> bytes:
        """The list as this caller may see it: ``message.raw`` where nothing is hidden.

        Raises ValueError (``objection`` says which) where two clients could read two lists, or it is too long.
        """
        if not call.server.strict_reading or message.is_error:
            return message.raw  # nothing of this server is enforced
        sieve = await self._sieve(call, method, message)
        # Modes differ from tool to tool alone: another list of a server that only watches stays as it came, unless a
        # rule with an enforcing mode of its own hides something in it.
        watching = not call.server.mode.enforcing and method != "tools/list"
        if watching and filter_list(message, method, sieve, modern=False) is message.raw:
            return message.raw
        expires = call.grant.expires
        left = None if expires is None else max(0, int((expires - self._clock.wall()) * 1000))
        return filter_list(message, method, sieve, modern=call.modern, ttl_ms=left)

    async def _sieve(self, call: Call, method: str, message: Response) -> Callable[[str], bool]:
        """Whether an entry is shown, judged for all that there are. Others are served meanwhile: a list is as long as
        its server likes.
        """
        judge = self._judge_of(call, method)
        shown: dict[str, bool] = {}
        begun = self._clock.monotonic()
        for name in entries(message, method):
            if name not in shown:
                shown[name] = judge(name)
                if self._clock.monotonic() - begun >= _TURN:
                    await asyncio.sleep(0)
                    begun = self._clock.monotonic()
        return shown.__getitem__

    def _judge_of(self, call: Call, method: str) -> Callable[[str], bool]:
        if method == "tasks/list":
            tasks, server, holder = self._catalogue.tasks, call.server, call.holder

            def is_shown(task_id: str) -> bool:
                task = tasks.task(server.id, task_id)
                return not task_mode(server, task).enforcing or (task is not None and task.owner == holder)

            return is_shown
        action, kind = _KINDS.get(method, (OTHER, ""))
        return lambda name: self._deciding.visible(call, name, Asked(action, kind, name))


def objection(why: ValueError) -> Decision:
    """What ``cut`` has against a list."""
    return TOO_MANY if isinstance(why, TooMany) else TWO_LISTS


def _refused(exchange: Exchange, decision: Decision) -> Decision | None:
    if decision is ALLOW:
        return None
    return decision if weigh(exchange, decision) is Act.REFUSE else None
