"""grant x server x tool -> Decision."""

from functools import lru_cache

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.identity import ANONYMOUS, Grant
from doorward.core.policy import Severity
from doorward.core.snapshot import Server

_ANONYMOUS = Decision(
    Effect.DENY,
    Reason.AUTH_REQUIRED,
    Severity.HIGH,
    rules=("auth",),
    what="the caller did not say who it is, and this needs a grant",
    remedy="send a token as X-MCP-Token or as Authorization: Bearer",
)


def authorize(grant: Grant, server: Server, method: str | None, name: str | None) -> Decision:
    """Whether the grant names this server and, for ``tools/call``, this tool. ``method`` None: an unread body."""
    if grant.principal is ANONYMOUS:
        return _ANONYMOUS
    tools = grant.servers.get(server.id)
    if tools is None:
        return _denied(f"the grant of this caller does not name the server {server.id!r}", _rule(grant))
    if method == "tools/call" and name not in tools:
        return _denied("the grant of this caller does not name this tool", _rule(grant))
    return ALLOW


def _rule(grant: Grant) -> str:
    """A fixed credential stands for the agent's list, to which there may be an exception; a token that was made for
    certain tools never gets more than those (docs/rollout.md).
    """
    return "default-deny" if grant.audience is None else "grant"


@lru_cache(maxsize=256)
def _denied(what: str, rule: str) -> Decision:
    return Decision(
        Effect.DENY,
        Reason.POLICY_DENIED,
        Severity.HIGH,
        rules=(rule,),
        what=what,
        remedy="use a tool that tools/list offers and the grant names, or ask the operator to extend the agent's list",
    )
