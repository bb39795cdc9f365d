"""The exchanges of a call: one for each message in it; and how a whole call is refused."""

from doorward.core.decision import Decision, Effect
from doorward.core.exchange import Exchange, Reply
from doorward.core.message import Message, Notification, Request
from doorward.core.tracing import ids_of
from doorward.gateway.books import Books
from doorward.gateway.call import Call, Ids
from doorward.gateway.refusals import BATCH_REFUSED, NO_SESSION
from doorward.stages.refuse import JSON, error_body, refusal, tool_refusal


class Exchanges:
    """Opens and refuses them. One for a worker."""

    __slots__ = ("_books", "_ids")

    def __init__(self, books: Books, ids: Ids) -> None:
        self._books = books
        self._ids = ids

    def open(self, call: Call, message: Message | None) -> Exchange:
        """A new exchange of this call, with all that is known by now."""
        inbound, server = call.inbound, call.server
        named = named_tool(message)
        trace_id, span_id = ids_of(message, inbound.traceparent)
        exchange = Exchange(
            exchange_id=self._ids.next(),
            inbound=inbound,
            server=server.id or inbound.server[:63],
            sensitivity=server.sensitivity_of(named),
            mode=server.mode_of(named),
            principal=call.grant.principal,
            grant_id=call.grant.grant_id,
            version=call.version,
            modern=call.modern,
            message=message,
            name=named,
            trace_id=trace_id,
            span_id=span_id,
            policy_digest=call.snapshot.policy_digest,
            bytes_in=len(message.raw if message is not None else inbound.body),
        )
        if isinstance(message, Request):
            exchange.method = message.method[:200]
            call.pending[message.id] = exchange
        elif message is not None:
            exchange.kind = "message"
            exchange.method = message.method[:200] if isinstance(message, Notification) else None
        call.exchanges.append(exchange)
        return exchange

    def refuse(self, call: Call, decision: Decision) -> Reply:
        """Record the refusal of a whole call, and word it."""
        if not call.exchanges:
            self.open(call, None)
        if call.batch:  # each its own reason, if it has one
            reply = self.refuse_batch(call, None if any(e.refused for e in call.exchanges) else decision)
            return refusal(call.first, decision) if decision is NO_SESSION else reply
        exchange = call.first
        exchange.decision, exchange.reason = decision, decision.reason
        exchange.effect, exchange.refused = Effect.DENY, True
        self._books.conclude(call, exchange)
        return self.worded(call, decision)

    def worded(self, call: Call, decision: Decision) -> Reply:
        """What the client gets for a whole call that was refused."""
        return refusal(call.first, decision, challenge=challenge(call))

    def refuse_batch(self, call: Call, decision: Decision | None) -> Reply:
        """None is forwarded, and each request gets an error: its own, or that of the element that was refused."""
        errors: list[bytes] = []
        for exchange in call.exchanges:
            reason = decision or (exchange.decision if exchange.refused and exchange.decision else BATCH_REFUSED)
            exchange.decision, exchange.reason = reason, reason.reason
            exchange.effect, exchange.refused = Effect.DENY, True
            self._books.conclude(call, exchange)
            message = exchange.message
            if isinstance(message, Request):
                as_result = message.method == "tools/call" and reason.reason.startswith(("policy.", "pii.", "schema."))
                errors.append((tool_refusal if as_result else error_body)(exchange, reason, message.id))
        if not errors:
            return refusal(call.first, call.first.decision or BATCH_REFUSED)
        return Reply(200, (JSON,), b"[" + b",".join(errors) + b"]")


def challenge(call: Call) -> bytes:
    """WWW-Authenticate of a 401 (RFC 9728 §5.1), or of a 403 that names the scopes to ask for (RFC 6750 §3.1)."""
    metadata = f"{call.snapshot.public_url}/.well-known/oauth-protected-resource/mcp/{call.server.id}"
    if call.scopes:
        return f'Bearer error="insufficient_scope", scope="{call.scopes}", resource_metadata="{metadata}"'.encode()
    problem = ', error="invalid_token"' if call.inbound.token is not None else ""
    return f'Bearer resource_metadata="{metadata}"{problem}'.encode("latin-1")


def named_tool(message: Message | None) -> str | None:
    """The tool that a request names. (A resource's URI is payload, and stays out of the records.)"""
    if isinstance(message, Request) and message.method == "tools/call":
        name = message.params.get("name")
        return name if isinstance(name, str) else None
    return None
