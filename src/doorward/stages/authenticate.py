"""token -> Grant | Decision."""

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import NOTHING, Grant
from doorward.core.policy import Severity
from doorward.core.shared import NONE_REVOKED, Revocations
from doorward.core.snapshot import Server

_AMBIGUOUS = Decision(
    Effect.DENY,
    Reason.AUTH_AMBIGUOUS,
    Severity.CRITICAL,
    what="the request carries the gateway's token more than once",
    remedy="send exactly one X-MCP-Token header, or exactly one Authorization: Bearer header",
)
_REQUIRED = Decision(
    Effect.DENY,
    Reason.AUTH_REQUIRED,
    Severity.CRITICAL,
    what="this server wants a token and none was sent",
    remedy="send the token as X-MCP-Token or as Authorization: Bearer",
)
_INVALID = Decision(
    Effect.DENY,
    Reason.AUTH_INVALID,
    Severity.CRITICAL,
    what="the token is not one that this gateway knows",
    remedy="get a new token, or check which agent's token the client is configured with",
)
_EXPIRED = Decision(
    Effect.DENY,
    Reason.AUTH_EXPIRED,
    Severity.CRITICAL,
    what="the token has expired",
    remedy="get a new token and send the request again",
)


_AUDIENCE = Decision(
    Effect.DENY,
    Reason.AUTH_AUDIENCE,
    Severity.CRITICAL,
    what="the token is not for this server",
    remedy="ask for a token whose audience is this server's URL (the parameter resource, RFC 8707)",
)
_REVOKED = Decision(
    Effect.DENY,
    Reason.AUTH_REVOKED,
    Severity.CRITICAL,
    what="the token has been revoked",
    remedy="get a new token, if you still may; else ask the operator",
)


def authenticate(
    present: bool,
    ambiguous: bool,
    found: Grant | Decision | None,
    server: Server,
    now: float,
    revocations: Revocations = NONE_REVOKED,
) -> Grant | Decision:
    """Who calls. ``present``: a token came along; ``found`` is what it is worth, None where nobody knows it. ``now`` is
    in seconds since the epoch.

    The decision is final in every mode: a token that is present and bad is never let through (docs/transparency.md).
    """
    if ambiguous:
        return _AMBIGUOUS
    if not present:
        return NOTHING if server.anonymous else _REQUIRED
    if found is None:
        return _INVALID
    if not isinstance(found, Grant):
        return found
    if found.expires is not None and found.expires <= now:
        return _EXPIRED
    if found.audience is not None and server.id not in found.audience:
        return _AUDIENCE
    if revocations is not NONE_REVOKED and revocations.hit(found):
        return _REVOKED
    return found
