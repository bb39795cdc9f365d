"""What a report says, as data; ``--json`` prints it like this. Names are as the records have them."""

import msgspec


class Outcomes(msgspec.Struct, frozen=True):
    """How calls ended. ``watched``: passed, and would have been refused by an enforcing mode; not in ``allowed``."""

    allowed: int = 0
    watched: int = 0
    redacted: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.allowed + self.watched + self.redacted + self.refused + self.failed


class Moment(msgspec.Struct, frozen=True):
    """The calls that ended in one hour, day, week, month or year, by its start."""

    start: str
    outcomes: Outcomes


class Objection(msgspec.Struct, frozen=True):
    """Calls and single messages that were, or would have been, refused for one reason by the same rules."""

    reason: str
    rules: str
    refused: int
    would_have: int
    messages: int


class Caller(msgspec.Struct, frozen=True):
    """One caller whom enforcement would have met."""

    identity: str
    would_have: int
    calls: int


class Use(msgspec.Struct, frozen=True):
    """One caller at one tool (or method) of one server."""

    identity: str
    server: str
    tool: str
    calls: int
    refused: int
    would_have: int
    redacted: int


class Found(msgspec.Struct, frozen=True):
    """Findings of one entity in one direction, by what became of the message that they were in.

    ``partly``: some findings of the message were redacted and some were not; the record does not say which.
    """

    entity: str
    direction: str
    found: int
    refused: int
    redacted: int
    partly: int
    passed: int


class Findings(msgspec.Struct, frozen=True):
    """``redacted`` counts places that were replaced. ``would_redact``: calls that enforcement would have redacted."""

    found: int
    refused: int
    redacted: int
    uninspected: int
    would_redact: int
    rows: tuple[Found, ...]

    @property
    def passed(self) -> int:
        return self.found - self.refused - self.redacted


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds; None: no such calls. ``kind``: gateway, whole, refused."""

    kind: str
    calls: int
    p50: float | None
    p95: float | None
    p99: float | None
    slowest: float | None


class Bar(msgspec.Struct, frozen=True):
    """How many calls took more than ``over`` and up to ``to`` milliseconds."""

    over: float
    to: float
    gateway: int
    whole: int


class Mode(msgspec.Struct, frozen=True):
    """A mode that held for calls to a server."""

    server: str
    mode: str
    first: str
    last: str
    calls: int


class Policy(msgspec.Struct, frozen=True):
    """What decided, by its digest (``policy_digest``)."""

    digest: str
    first: str
    last: str
    calls: int


class Change(msgspec.Struct, frozen=True):
    """What an operator changed from the command line."""

    timestamp: str
    who: str
    what: str
    detail: str


class Token(msgspec.Struct, frozen=True):
    """Requests to the token service that ended alike."""

    method: str
    decision: str
    reason: str
    count: int


class Override(msgspec.Struct, frozen=True):
    """Calls that passed by one override."""

    override: str
    calls: int


class Alerts(msgspec.Struct, frozen=True):
    """Alerts for one reason."""

    reason: str
    sent: int
    given_up: int


class Gap(msgspec.Struct, frozen=True):
    """What the log itself says it does not hold."""

    timestamp: str
    reason: str
    detail: str


class GapSum(msgspec.Struct, frozen=True):
    """Gap records for one reason; ``missing``: the records or refusals that they count, where they do."""

    reason: str
    gaps: int
    missing: int


class Writer(msgspec.Struct, frozen=True):
    """One writer, by its records of the time. ``checkpoint``: its last one's time; nobody looked at the signature."""

    writer: str
    records: int
    first: str
    last: str
    checkpoint: str = ""
    closed: bool = False


class Continuity(msgspec.Struct, frozen=True):
    """What there is of the log. ``unfinished``: begun and without an end when the time was over."""

    records: int
    unreadable: int
    first: str
    last: str
    writers: tuple[Writer, ...]
    more_writers: int
    interrupted: int
    unfinished: int
    gaps: tuple[GapSum, ...]
    latest_gaps: tuple[Gap, ...]
    last_checkpoint: str
    without_checkpoint: int


class Verification(msgspec.Struct, frozen=True):
    """What the verifier said of the whole log; ``done`` False: it was not asked."""

    done: bool = False
    intact: bool = False
    complete: bool = False
    lines: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. ``would_have``: calls that passed and that enforcement would have refused.

    ``inexact``: there were too many different names in places, so rows there are lower bounds.
    """

    made: str
    since: str
    until: str
    log: str
    calls: Outcomes
    tool_calls: int
    messages: int
    streams: int
    callers: int
    servers: int
    step: str
    moments: tuple[Moment, ...]
    undated: int
    objections: tuple[Objection, ...]
    would_have: int
    would_have_callers: int
    top_callers: tuple[Caller, ...]
    findings: Findings
    uses: tuple[Use, ...]
    more_uses: int
    latencies: tuple[Latency, ...]
    bars: tuple[Bar, ...]
    modes: tuple[Mode, ...]
    policies: tuple[Policy, ...]
    changes: tuple[Change, ...]
    more_changes: int
    tokens: tuple[Token, ...]
    overrides: tuple[Override, ...]
    alerts: tuple[Alerts, ...]
    continuity: Continuity
    verification: Verification
    inexact: bool
