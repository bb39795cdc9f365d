"""A token that lacks a scope which its issuer could give: the client is told once, with the scopes to ask for.

MCP basic/authorization, "Scope Challenge Handling". Only once for each caller and scope, whatever token it brings,
until it comes with the scope: an issuer that does not give the scope would send the client round for ever, and a client
of the first SDK generation loses its session at the second 403. After that the refusal is an answer like any other.
"""

from collections import OrderedDict
from urllib.parse import quote

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.message import Request
from doorward.core.policy import Severity
from doorward.gateway.call import Call

REMEMBERED = 10_000


class StepUp:
    """Who was told what; bounded, the longest ago told first forgotten. One for a worker."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    def instead(self, call: Call, refused: Decision) -> Decision:
        """``refused``, or the challenge that comes before it."""
        grant, message = call.grant, call.message
        if refused.rules != ("grant",) or not grant.step_up or grant.scopes is None or call.inbound.transport != "http":
            return refused
        if not isinstance(message, Request) or message.method != "tools/call":
            return refused
        name = message.params.get("name")
        if not isinstance(name, str) or not name:
            return refused
        missing = _scope(call, name)
        key = (call.owner, missing)
        if key in self._told:
            return refused
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        call.scopes = " ".join([*sorted(grant.scopes), missing])
        return _MISSING

    def given(self, call: Call) -> None:
        """The caller has come back with the scope, so its issuer gives it: a session without it is told again."""
        if self._told and call.grant.step_up and call.first.name:
            self._told.pop((call.owner, _scope(call, call.first.name)), None)


def _scope(call: Call, name: str) -> str:
    return f"{call.server.id}:{quote(name, safe='-._~')}"


_MISSING = Decision(
    Effect.DENY,
    Reason.AUTH_SCOPE,
    Severity.HIGH,
    rules=("grant",),
    what="the token does not hold the scope that this tool needs",
    remedy="ask the issuer for a token with the scopes that the challenge names",
)
