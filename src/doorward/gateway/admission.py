"""The request side of the pipeline: who calls, what the body says, and whether it may go on. No await, no I/O.

``admit`` is the order: server > authenticate > session > read > headers > limit > authorize. What comes after, because
it may wait, is in ``pipeline.py``.
"""

from hashlib import sha256

from doorward.core.decision import ALLOW, Act, Decision, Effect, Reason
from doorward.core.envelope import INVALID_REQUEST, PARSE_ERROR
from doorward.core.exchange import Exchange, Reply
from doorward.core.identity import NOTHING, Grant
from doorward.core.message import Batch, Message, Notification, Request, Response, Unreadable, read
from doorward.core.methods import allows_batches
from doorward.core.policy import Mode, Severity
from doorward.core.ports import Seals
from doorward.gateway.books import Books
from doorward.gateway.call import Call, Ids, is_listen, weigh
from doorward.gateway.deciding import Deciding
from doorward.gateway.exchanges import Exchanges
from doorward.gateway.flow import Flow
from doorward.gateway.leases import Leases
from doorward.gateway.live import Live
from doorward.gateway.mirrored import Mirrored
from doorward.gateway.refusals import NO_ROUTE, NO_SESSION, NOT_IN_BATCH, RELAY, RESPONSE_IN_MODERN
from doorward.gateway.step_up import StepUp
from doorward.stages.asks import answers
from doorward.stages.authenticate import authenticate
from doorward.stages.limit import source
from doorward.stages.mirrors import compare, stated_version, states_modern
from doorward.stages.refuse import JSON, error_body, unreadable
from doorward.stages.validate import validate_size

ASSUMED_VERSION = "2025-03-26"  # MCP 2025-06-18 basic/transports, "Protocol Version Header": what no header means

LONGEST_VERSION = 64  # of a version that a peer chose: it is recorded, and sealed into session ids

OVER_LIMITS = frozenset({Reason.MESSAGE_TOO_DEEP, Reason.MESSAGE_TOO_LARGE})
"""What no mode lets through unread: it costs too much to be carried (docs/transparency.md)."""

OTHER_CHARSET = Unreadable(
    "message.invalid_utf8", PARSE_ERROR, None, "the Content-Type names a charset in which the body says something else"
)
STRAY_BODY = Unreadable("message.invalid_envelope", INVALID_REQUEST, None, "a GET or DELETE has a body")


class Admission:
    """Everything that is decided about a request before its text is looked at."""

    __slots__ = (
        "_books",
        "_deciding",
        "_exchanges",
        "_flow",
        "_ids",
        "_leases",
        "_live",
        "_mirrored",
        "_sealer",
        "_step_up",
    )

    def __init__(
        self,
        live: Live,
        books: Books,
        flow: Flow,
        ids: Ids,
        exchanges: Exchanges,
        mirrored: Mirrored,
        sealer: Seals,
        deciding: Deciding,
        leases: Leases,
    ) -> None:
        self._live = live
        self._books = books
        self._deciding = deciding
        self._step_up = StepUp()
        self._leases = leases
        self._flow = flow
        self._ids = ids
        self._exchanges = exchanges
        self._mirrored = mirrored
        self._sealer = sealer

    def admit(self, call: Call) -> Reply | None:
        """None: go on. Otherwise what the client gets; the refusal has been recorded."""
        clock, meter = self._books.clock, self._books.meter
        begun = clock.monotonic()
        refused = self.enter(call)
        entered = clock.monotonic()
        meter.observe("authenticate", entered - begun)
        if refused is not None:
            return refused
        reply = self._read(call) if call.inbound.verb == "POST" else self._bodyless(call)
        done = clock.monotonic()
        meter.observe("read", done - entered)
        if reply is None:
            reply = self._judge(call)
            meter.observe("authorize", clock.monotonic() - done)
        return reply

    # -- who calls, and which session

    def enter(self, call: Call) -> Reply | None:
        """Who calls, which server, which session; recorded if refused."""
        inbound, snapshot = call.inbound, call.snapshot
        server = snapshot.servers.get(inbound.server)
        if server is None:
            return self._exchanges.refuse(call, NO_ROUTE)
        call.server = server
        token = inbound.token
        if token is not None and call.found is None:
            call.found = snapshot.agents.get(sha256(token).digest())
        shared, now = self._live.shared, self._books.clock.wall()
        grant = authenticate(token is not None, inbound.token_ambiguous, call.found, server, now, shared.revocations)
        if not isinstance(grant, Grant):
            return self._exchanges.refuse(call, grant)
        call.grant = grant
        principal = grant.principal
        call.owner = principal.key
        call.counted_for = call.owner if grant is not NOTHING else f"{call.owner}\0{source(inbound.client_ip)}"
        call.holder = principal.holder if principal.act else call.owner
        decision = validate_size(len(inbound.body), snapshot.limits.request_bytes)
        if decision is not ALLOW:
            return self._exchanges.refuse(call, decision)
        self._open_session(call)
        return None

    def _open_session(self, call: Call) -> None:
        """The sealed version decides the era and whether batches are allowed; without a session the header does."""
        inbound = call.inbound
        if inbound.session is not None:
            opened = self._sealer.open(inbound.session, call.server.id, call.holder)
            if opened is not None:
                call.version, call.session = opened
                return
        header = inbound.version
        call.version = header.decode("latin-1")[:LONGEST_VERSION] if header is not None else ASSUMED_VERSION

    # -- what the body says

    def _read(self, call: Call) -> Reply | None:
        inbound = call.inbound
        if inbound.other_charset:
            return self._unread(call, OTHER_CHARSET)
        reading = read(inbound.body, depth=call.snapshot.limits.depth, batches=allows_batches(call.version))
        if isinstance(reading, Unreadable):
            return self._unread(call, reading)
        if isinstance(reading, Batch):
            call.batch = True
            batch_id = self._ids.next()
            for message in reading.messages:
                self._exchanges.open(call, message).batch_id = batch_id
            ids = [m.id for m in reading.messages if isinstance(m, Request)]
            if len(ids) != len(set(ids)) or any(states_modern(stated_version(m)) for m in reading.messages):
                acts = [weigh(exchange, NOT_IN_BATCH) for exchange in call.exchanges]
                if Act.REFUSE in acts:
                    return self._exchanges.refuse_batch(call, None)
            return self._known_session(call)
        self._settle_era(call, reading)
        self._exchanges.open(call, reading)
        return self._known_session(call)

    def _settle_era(self, call: Call, message: Message) -> None:
        """A message that states its version is of that era; ``_compare`` holds it against the headers later."""
        stated = stated_version(message)
        if stated is not None and call.inbound.version is None and call.session is None:
            call.version = stated[:LONGEST_VERSION]
        # The sealed version decides the era of a session, whatever its messages say.
        call.modern = states_modern(call.version) or (call.session is None and states_modern(stated))
        if call.session is None and call.inbound.version is None and isinstance(message, Request):
            asked = message.params.get("protocolVersion") if message.method == "initialize" else None
            if isinstance(asked, str) and not call.modern:
                call.version = asked[:LONGEST_VERSION]

    def _known_session(self, call: Call) -> Reply | None:
        """A session id that does not open is refused, but ignored where the revision has no sessions (2026-07-28)."""
        if call.inbound.session is None or call.session is not None or call.modern:
            return None
        return self._exchanges.refuse(call, NO_SESSION)

    def _unread(self, call: Call, reading: Unreadable) -> Reply | None:
        """Audit and warn pass even this, unless some tool of the server is enforced (docs/transparency.md)."""
        return self._unclear(call, self._exchanges.open(call, None), reading)

    def _unclear(self, call: Call, exchange: Exchange, reading: Unreadable) -> Reply | None:
        if call.server.strict_reading:
            strictest = call.server.strictest(exchange.mode)
            # If neither the server nor a tool of it is enforced, some rule is: nobody knows what that one would say.
            exchange.mode = strictest if strictest.enforcing else Mode.ENFORCE
        decision = Decision(
            Effect.DENY,
            Reason(reading.reason),
            Severity.CRITICAL,
            rules=("one-reading",),
            what=reading.detail,
            remedy="send one JSON-RPC message that every parser reads alike",
        )
        exchange.uninspected += 1
        if weigh(exchange, decision) is not Act.REFUSE and decision.reason not in OVER_LIMITS:
            return self._known_session(call)
        exchange.refused, exchange.effect = True, Effect.DENY
        self._books.conclude(call, exchange)
        if len(reading.requests) > 1:
            bodies = [error_body(exchange, decision, identifier) for identifier in reading.requests]
            return Reply(400, (JSON,), b"[" + b",".join(bodies) + b"]")
        return unreadable(exchange, decision, reading.rpc_code, reading.id, in_session=call.session is not None)

    def _bodyless(self, call: Call) -> Reply | None:
        """GET opens a stream, DELETE ends a session; both belong to the legacy era and are the server's to refuse."""
        call.modern = states_modern(call.version) and call.session is None
        exchange = self._exchanges.open(call, None)
        exchange.kind = "stream" if call.inbound.verb == "GET" else "message"
        exchange.method = call.inbound.verb
        call.stream = call.inbound.verb == "GET"
        return self._unclear(call, exchange, STRAY_BODY) if call.inbound.body else self._known_session(call)

    def stand(self, call: Call) -> None:
        """Open the long-lived exchange of a pipe, for what belongs to none of its requests."""
        self.enter(call)
        call.stream = True
        exchange = self._exchanges.open(call, None)
        exchange.kind, exchange.method = "stream", None

    # -- what may be done

    def _judge(self, call: Call) -> Reply | None:
        snapshot, inbound = call.snapshot, call.inbound
        refusal_found: Decision | None = None
        for exchange in call.exchanges:
            decision = self._judge_one(call, exchange)
            if decision is not None:
                refusal_found = decision
        if refusal_found is not None:
            return self._exchanges.refuse(
                call, refusal_found if call.batch else self._step_up.instead(call, refusal_found)
            )
        self._step_up.given(call)
        if inbound.verb == "GET" or is_listen(call.message):
            call.stream = True
            decision = self._flow.open(call.counted_for, snapshot.limits)
            call.counted = "stream" if decision is ALLOW else ""
        elif not call.pending and all(exchange.kind == "message" for exchange in call.exchanges):
            decision = ALLOW  # waits for nothing; and an answer that found no room would never end the call that asked
        else:
            decision = self._flow.enter(call.counted_for, snapshot.limits)
            call.counted = "call" if decision is ALLOW else ""
        return None if decision is ALLOW else self._exchanges.refuse(call, decision)

    def _judge_one(self, call: Call, exchange: Exchange) -> Decision | None:
        """The first decision that refuses, each seen through the mode."""
        message = exchange.message
        if message is not None or call.inbound.verb != "POST":
            decision = self._compare(call, exchange, message)
            if decision is not ALLOW and weigh(exchange, decision) is Act.REFUSE:
                return decision
            answered = answers(message) if message else ()
            refused = self._deciding.questions(call, exchange, answered) if answered else None
            if refused is not None:
                return refused
            if call.modern and isinstance(message, Response):
                decision = RESPONSE_IN_MODERN
                if weigh(exchange, decision) is Act.REFUSE:
                    return decision
        if isinstance(message, Request):
            decision = self._within_limits(call, exchange)
            if decision is not ALLOW and weigh(exchange, decision) is Act.REFUSE:
                return decision
        return self._deciding.decide(call, exchange, message) or self._relay_enforced(call, exchange)

    def _within_limits(self, call: Call, exchange: Exchange) -> Decision:
        """Calls a minute of this caller in all and, where that is set, of this tool; and the bytes that it moves."""
        limits, leases, owner, now = call.snapshot.limits, self._leases, call.owner, self._books.clock.wall()
        decision = leases.allow(owner, "", "", limits.calls_per_minute, now)
        rate = call.server.rate_of(exchange.name) if decision is ALLOW else None
        if rate is not None:
            decision = leases.allow(owner, call.server.id, exchange.name or "", rate, now)
        if decision is ALLOW:
            decision = leases.allow_bytes(owner, "", "", exchange.bytes_in, limits.bytes_per_minute, now)
        return decision

    def _compare(self, call: Call, exchange: Exchange, message: Message | None) -> Decision:
        if call.inbound.transport != "http":
            return ALLOW  # there are no headers
        params = self._mirrored.params(call.server.id, call.owner, exchange.name) if call.inbound.mirrors else None
        return compare(call.inbound, message, call.version if call.session is not None else None, params)

    def _relay_enforced(self, call: Call, exchange: Exchange) -> Decision | None:
        """``relay`` hands a client's own credential on: audit and warn only (docs/configuration.md)."""
        if call.server.relay and exchange.mode.enforcing and weigh(exchange, RELAY) is Act.REFUSE:
            return RELAY
        return None

    def reread(self, call: Call, raw: bytes) -> Message | None:
        """A message of ours, after redaction, through the same reader; None if it has lost its one reading."""
        reading = read(raw, depth=call.snapshot.limits.depth)
        return reading if isinstance(reading, Request | Notification | Response) else None
