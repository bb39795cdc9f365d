"""What the gateway itself refuses with, and what broke as a refusal, in words for people; the stages have theirs beside
their rules.
"""

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.errors import Fault
from doorward.core.policy import Severity

NO_ROUTE = Decision(
    Effect.DENY,
    Reason.HTTP_ROUTE,
    Severity.HIGH,
    what="there is no such server behind this gateway",
    remedy="check the server's name in the URL",
)
NO_SESSION = Decision(
    Effect.DENY,
    Reason.SESSION_UNKNOWN,
    Severity.CRITICAL,
    what="this session is not known here, or not to this caller",
    remedy="initialize a new session",
)
DRAINING = Decision(
    Effect.DENY,
    Reason.GATEWAY_DRAINING,
    Severity.CRITICAL,
    what="the gateway is about to stop",
    remedy="send the request again in a moment",
)
TOO_MANY_BAD = Decision(
    Effect.DENY,
    Reason.LIMIT_RATE,
    Severity.CRITICAL,
    rules=("auth",),
    what="too many bad tokens came from this address",
    remedy="wait for the time that Retry-After names, and check which token the client is configured with",
)
BLIND = Decision(
    Effect.DENY,
    Reason.STATE_UNAVAILABLE,
    Severity.CRITICAL,
    rules=("revocation",),
    what="nobody can say whether this token has been revoked meanwhile",
    remedy="try again in a moment; if it stays so, tell the operator of the gateway",
)
BATCH_REFUSED = Decision(
    Effect.DENY,
    Reason.MESSAGE_BATCH_REFUSED,
    Severity.HIGH,
    rules=("batch",),
    what="another message of the same batch was refused, so none was forwarded",
    remedy="send the messages one by one",
)
NOT_IN_BATCH = Decision(
    Effect.DENY,
    Reason.MESSAGE_BATCH_NOT_ALLOWED,
    Severity.HIGH,
    rules=("batch",),
    what="this protocol version has no batches, or two requests of the batch share an id",
    remedy="send the messages one by one, each request with an id of its own",
)
RESPONSE_IN_MODERN = Decision(
    Effect.DENY,
    Reason.MESSAGE_RESPONSE_NOT_ALLOWED,
    Severity.HIGH,
    rules=("one-reading",),
    what="a client of this protocol version sends no responses",
    remedy="answer in inputResponses of the next request",
)
RELAY = Decision(
    Effect.DENY,
    Reason.POLICY_RELAY_ENFORCED,
    Severity.CRITICAL,
    rules=("relay",),
    what="this server still relays its callers' own credentials, which an enforcing mode does not allow",
    remedy="ask the operator to give the server credentials of its own",
)

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
