"""What passes between a transport and the pipeline, and the record of one request on its way.

client ──bytes──▶ transport ──Inbound──▶ pipeline ──Outbound──▶ Upstream ──bytes──▶ server
client ◀──bytes── transport ◀─Send────── pipeline ◀──Answer──── Upstream ◀──bytes── server
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from doorward.core.audit import AuditRecord
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import ANONYMOUS, Principal
from doorward.core.message import Message
from doorward.core.policy import Mode

Headers = tuple[tuple[bytes, bytes], ...]
"""Header fields in order; names in lower case."""


class Inbound(msgspec.Struct, frozen=True):
    """One thing a client sent, as a transport read it; no rule has been applied yet.

    ``headers`` are those that the transport's allow-list lets through to the upstream; ``session``, ``version`` and
    ``last_event_id`` are set apart from them, for the pipeline decides whether they go on. ``mirrors`` are the
    ``mcp-method``, ``mcp-name`` and ``mcp-param-*`` fields, with duplicates. ``relayed`` are the fields that the
    ``relay`` broker names. ``other_charset``: its Content-Type says that the body is not UTF-8. ``received`` is
    ``Clock.monotonic()`` in seconds.
    """

    transport: str  # "http", "sse" or "stdio"
    verb: str  # "POST", "GET" or "DELETE"
    server: str
    body: bytes = b""
    headers: Headers = ()
    mirrors: Headers = ()
    relayed: Headers = ()
    token: bytes | None = None
    token_ambiguous: bool = False
    session: bytes | None = None
    version: bytes | None = None
    version_count: int = 1
    last_event_id: bytes | None = None
    traceparent: bytes | None = None
    other_charset: bool = False
    client_ip: str = ""
    received: float = 0.0


class Outbound(msgspec.Struct, frozen=True):
    """What goes to the upstream. ``session`` is the upstream's own id. ``owner`` is
    ``Principal.holder``.

    ``message`` is the reading of ``body``, before our trace context came in; None for a GET, a DELETE, a batch, or a
    body that audit mode passes unread.
    ``resend``: no side effect is possible, so the transport may try again once if no byte came back.
    ``endless``: a stream without idle and total limits (GET, ``subscriptions/listen``).
    """

    verb: str
    body: bytes
    headers: Headers
    version: str
    modern: bool
    owner: str
    session: str | None = None
    message: Message | None = None
    last_event_id: bytes | None = None
    resend: bool = False
    endless: bool = False


class Event(msgspec.Struct, frozen=True):
    """One server-sent event. ``raw`` is its exact bytes up to and with the blank line; ``data`` its joined data, or
    None.

    A block of comments or of ``id``/``retry`` lines alone has ``data`` None (or empty: a priming event). ``odd``: a
    line of it is left out by some readers and read as a message by others.
    """

    raw: bytes
    data: bytes | None = None
    id: bytes | None = None
    name: bytes = b""
    odd: bool = False

    def plain(self) -> bytes:
        """The event's bytes without odd lines; its own bytes where there are none."""
        return self.with_data(self.data) if self.odd else self.raw

    def without(self, holds: Callable[[bytes], bool]) -> tuple["Event", int]:
        """The event without those lines beside its data that hold something, and how many they are."""
        lines = _LINE.split(self.raw.removeprefix(_BOM))
        gone = {at for at, line in enumerate(lines) if line.partition(b":")[0] != b"data" and holds(line)}
        kept = [line for at, line in enumerate(lines) if line and at not in gone]
        raw = b"\n".join(kept) + b"\n\n" if kept else b""
        ids = [line for line in kept if line.partition(b":")[0] == b"id"]
        return Event(raw, self.data, self.id if ids else None, self.name, self.odd), len(gone)

    def with_data(self, data: bytes | None) -> bytes:
        """The event's bytes with other data, or with none: then only its other lines, ``id`` and ``retry`` among them,
        stay. Odd ones never do.
        """
        lines: list[bytes] = []
        placed = data is None
        for line in _LINE.split(self.raw.removeprefix(_BOM)):  # a mark before `data` would hide the line
            field = line.partition(b":")[0]
            if field != b"data":
                lines.extend([line] if line and not is_odd(field, line) else [])
            elif not placed and data is not None:
                lines.extend(b"data: " + part for part in data.split(b"\n"))
                placed = True
        return b"\n".join(lines) + b"\n\n" if lines else b""


def is_odd(field: bytes, line: bytes) -> bool:
    """Whether a line beside ``data`` is one that readers do not take alike: of a field that is none, which is data to
    those for whom a lone CR ends no line, or with a byte at which some readers begin another line.
    """
    return (
        field not in _FIELDS
        or len(line.translate(None, _BREAKS)) < len(line)
        or (not line.isascii() and (b"\xe2\x80\xa8" in line or b"\xe2\x80\xa9" in line))  # U+2028, U+2029
    )


def message_event(data: bytes) -> bytes:
    """A new event that carries one message of ours, which is one line."""
    return b"event: message\ndata: " + data + b"\n\n"


_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"\r\n|\n|\r")  # WHATWG HTML, "Parsing an event stream"
_FIELDS = frozenset({b"", b"id", b"event", b"retry"})  # beside data; no name: a comment
_BREAKS = b"\x0b\x0c\x1c\x1d\x1e\x85"  # Unicode's other line ends (and Latin-1's: 85 is the last byte of UTF-8's)


class Answer:
    """What an upstream answered: a whole ``body``, or ``events`` as they arrive.

    ``abort`` closes towards the upstream at once and may be called at any time, also twice. ``unclear``: its headers
    let two clients read two bodies.
    """

    __slots__ = ("abort", "body", "events", "headers", "session", "status", "unclear")

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes = b"",
        events: AsyncIterator[Event] | None = None,
        session: str | None = None,
        abort: Callable[[], None] = lambda: None,
        unclear: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers  # those that the response allow-list lets through to the client, without the session id
        self.body = body
        self.events = events
        self.session = session
        self.abort = abort
        self.unclear = unclear


class Reply(msgspec.Struct, frozen=True):
    """A whole answer to the client. Transports without status and headers send the body alone."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class Exchange(msgspec.Struct):
    """One request, all that answers it, and what was decided on the way. Filled as it goes; recorded at its end."""

    exchange_id: str
    inbound: Inbound
    kind: str = "exchange"
    server: str = ""
    sensitivity: str = ""
    mode: Mode = Mode.AUDIT
    principal: Principal = ANONYMOUS
    grant_id: str = ""
    credential: str = "none"
    version: str = ""
    modern: bool = False
    message: Message | None = None
    method: str | None = None
    name: str | None = None  # the tool, prompt, resource or task that the method names
    batch_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    policy_digest: str = ""
    # judgements
    decision: Decision | None = None  # the one that decided: the first refusal, else the first redaction
    refused: bool = False
    effect: Effect = Effect.ALLOW  # what was done in the end
    reason: Reason = Reason.NONE
    would_have: Effect | None = None
    alert: bool = False
    rules: tuple[str, ...] = ()  # the policies that matched, whichever way
    facts: tuple[str, ...] = ()
    override: str | None = None  # the id of the justified exception that let it pass
    entities: dict[str, int] = {}
    found: dict[tuple[str, str], int] = {}
    findings: list[dict[str, Any]] = []
    redactions: int = 0
    redacted_arguments: dict[str, int] = {}  # entity -> how many were replaced on the way to the server
    uninspected: int = 0
    # bytes and hashes (hexadecimal HMAC-SHA-256)
    args_hash: str = ""
    response_hash: str = ""
    forwarded_hash: str = ""
    delivered_hash: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    interim: int = 0  # messages released before the final response
    upstream_status: int | None = None
    answered: bool = False
    # seconds: received is monotonic; ours is what the gateway itself took
    ours: float = 0.0
    entry: AuditRecord | None = None  # what every record of this exchange has in common
