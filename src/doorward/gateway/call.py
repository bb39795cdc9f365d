"""One ``Inbound`` on its way through the pipeline: what is known of it so far. State, and no rule."""

from asyncio import Task, TimerHandle
from collections.abc import Awaitable, Callable
from itertools import chain, count
from secrets import token_hex
from typing import Any

from doorward.core.decision import Act, Decision, Effect, Reason, under
from doorward.core.exchange import Answer, Exchange, Inbound, Outbound
from doorward.core.identity import NOTHING, Grant
from doorward.core.message import Message, MessageId, Notification, Request, Response
from doorward.core.policy import Mode
from doorward.core.snapshot import Server, Snapshot


class Ids:
    """Ids that nobody else makes: a random beginning for this process, then a count. ``next()`` gives one."""

    __slots__ = ("next",)

    def __init__(self) -> None:
        base = token_hex(10)
        pages = (f"{base}{page:010x}" for page in count())
        # The last two digits are put on without formatting a number, several times a call.
        self.next: Callable[[], str] = chain.from_iterable(map(page.__add__, _LOW) for page in pages).__next__


_LOW = tuple(f"{number:02x}" for number in range(256))


Waives = Callable[["Call", Exchange, Decision], bool]


def never(call: "Call", exchange: Exchange, decision: Decision) -> bool:
    """No exception to anything."""
    return False


class Call:
    """State of one ``Pipeline.serve``. ``pending`` holds the requests in it that have no answer yet, by their JSON-RPC
    id.
    """

    __slots__ = (
        "answer",
        "aside",
        "batch",
        "body",
        "counted",
        "counted_for",
        "draining",
        "ended",
        "exchanges",
        "expiry",
        "forwarded_at",
        "found",
        "grant",
        "headers",
        "holder",
        "inbound",
        "modern",
        "opened",
        "outbound",
        "owner",
        "pending",
        "resumable",
        "rewritten",
        "scopes",
        "server",
        "session",
        "snapshot",
        "spent",
        "stream",
        "task",
        "tell",
        "timer",
        "unkept",
        "version",
        "waives",
    )

    def __init__(self, snapshot: Snapshot, inbound: Inbound) -> None:
        self.snapshot = snapshot  # taken once, kept to the end
        self.inbound = inbound
        self.server: Server = _NOWHERE
        self.found: Grant | Decision | None = None  # what the token is worth, once somebody has looked
        self.grant: Grant = NOTHING
        self.owner = ""  # what its limits are counted by
        self.holder = ""  # what its session, tasks and processes are bound to
        self.session: str | None = None  # the upstream's own id
        self.version = ""
        self.modern = False
        self.body = inbound.body  # what will be forwarded
        self.headers = inbound.headers
        self.batch = False  # the body is an array, be it of one
        self.exchanges: list[Exchange] = []
        self.pending: dict[MessageId, Exchange] = {}
        self.rewritten: Message | None = None  # the reading of ``body`` where redaction changed it
        self.outbound: Outbound | None = None
        self.tell: Callable[[bytes], Awaitable[None]] | None = None  # to the server, where it is no upstream but a pipe
        self.answer: Answer | None = None
        self.timer: TimerHandle | None = None  # of the next summary of a long stream
        self.stream = False  # GET or subscriptions/listen: long-lived
        self.opened = False  # the head of an event stream has gone to the client
        self.resumable = False  # an event with an id has gone by, so the client can come back for the rest
        self.aside = False  # an event that is no message has gone by, and that is in the log
        self.draining = False
        self.task: Task[Any] | None = None  # what serves it, where its grant can end before it does
        self.scopes = ""  # what a token would need, for the challenge
        self.waives: Waives = never  # whether there is an exception to what was found
        self.ended: Reason | None = None  # why its grant ended meanwhile
        self.expiry: TimerHandle | None = None  # of the grant, while a long stream is open
        self.counted = ""  # "call" or "stream" while it counts against the limits
        self.counted_for = ""  # of whom: the owner, or of those without a name the address
        self.spent = 0.0  # seconds of our own, before forwarding and in screening
        self.forwarded_at = 0.0
        self.unkept: list[int] = []  # tickets of its records that the kernel may not have yet

    @property
    def first(self) -> Exchange:
        return self.exchanges[0]

    @property
    def message(self) -> Message | None:
        """The one message of the body; None for a batch, a body that nobody read, a GET or a DELETE."""
        return None if self.batch else self.exchanges[0].message


_NOWHERE = Server(id="", target=None)  # type: ignore[arg-type]


def weigh(exchange: Exchange, decision: Decision, *, mode: Mode | None = None, overridden: bool = False) -> Act:
    """Note a decision on its exchange, seen through a mode, and say what is to be done.

    ``mode``: the rule's own, where it has one; else the exchange's holds. ``overridden``: a justified exception covers
    it.
    """
    if decision.effect is Effect.ALLOW:
        return Act.PASS
    ruling = under(mode or exchange.mode, decision, overridden=overridden)
    if ruling.act is Act.REFUSE or exchange.decision is None:
        exchange.decision = decision
        exchange.reason = decision.reason
    if ruling.would_have is not None and exchange.would_have is not Effect.DENY:
        exchange.would_have = ruling.would_have
    exchange.alert = exchange.alert or ruling.alert
    if ruling.act is Act.REFUSE:
        exchange.refused = True
        exchange.effect = Effect.DENY
    return ruling.act


def shed(call: Call) -> None:
    """What was sent is not kept until it is answered, if it ever is: from now on its ids and names alone are asked for.
    The values that were read from a body can take thirty times its bytes, and nothing counts them.
    """
    call.rewritten = None
    for exchange in call.exchanges:
        if exchange.message is not None:
            exchange.message = _named(exchange.message)


def _named(message: Message) -> Message:
    if isinstance(message, Request):
        return Request(b"", message.id, message.method, {}, {})
    if isinstance(message, Notification):
        return Notification(b"", message.method, {}, {})
    return Response(b"", message.id, None, message.error and {}, {})


def is_whole(call: Call) -> bool:
    """Whether the answer is one body, so that nothing comes behind what is in it."""
    return call.answer is not None and call.answer.events is None


def is_listen(message: Message | None) -> bool:
    """A request whose answer is a stream that stays open (MCP 2026-07-28, ``subscriptions/listen``)."""
    return isinstance(message, Request) and message.method == "subscriptions/listen"
