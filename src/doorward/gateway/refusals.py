"""What the gateway itself refuses a whole call with, in words for people; the stages have theirs beside their rules."""

from doorward.core.decision import Decision, Effect, Reason
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
