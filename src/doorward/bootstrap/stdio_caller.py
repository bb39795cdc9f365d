"""Who calls through ``doorward run``, where a token says so: what it is worth at this moment, for this server."""

from hashlib import sha256

from msgspec.structs import replace

from doorward.bootstrap.stdio_token import TokenSource
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant
from doorward.core.policy import Severity
from doorward.core.ports import Clock
from doorward.gateway.live import Live
from doorward.gateway.refusals import BLIND
from doorward.gateway.tokens import TokenCache
from doorward.stages.authenticate import authenticate

NO_GRANT = Decision(
    Effect.DENY,
    Reason.AUTH_EXPIRED,
    Severity.CRITICAL,
    what="doorward run has no valid grant",
    remedy="look at its log, which says why; then send the request again",
)
NO_VERIFIER = Decision(
    Effect.DENY,
    Reason.AUTH_EXPIRED,
    Severity.CRITICAL,
    what="doorward run was given a token and no configuration to check it with",
    remedy="start it with -c FILE, or unset the DOORWARD_TOKEN… and DOORWARD_CLIENT… variables",
)
_OWN_REASON = frozenset({Reason.AUTH_EXPIRED, Reason.AUTH_REVOKED, Reason.AUTH_AUDIENCE, Reason.AUTH_UNAVAILABLE})


class NoCaller:
    """A token, and nothing that it could be held against: nobody may call, least of all the local user."""

    async def current(self) -> tuple[bytes, Grant | Decision]:
        return b"", NO_VERIFIER


class Caller:
    """``gateway.duplex.Caller``, by a source of tokens and whoever verifies them. ``server`` is the one that is run."""

    def __init__(self, source: TokenSource, cache: TokenCache, live: Live, server: str, clock: Clock) -> None:
        self._source = source
        self._cache = cache
        self._live = live
        self._server = server
        self._clock = clock

    async def current(self) -> tuple[bytes, Grant | Decision]:
        token = await self._source.current()
        if token is None:
            return b"", NO_GRANT
        found = await self._found(token)
        if isinstance(found, Grant):
            live = self._live
            server, revocations = live.snapshot.servers[self._server], live.shared.revocations
            found = authenticate(True, False, found, server, self._clock.wall(), revocations)
        return token, _named(found)

    async def _found(self, token: bytes) -> Grant | Decision:
        live = self._live
        fixed = live.snapshot.agents.get(sha256(token).digest())
        if fixed is not None:
            return fixed
        now, shared = self._clock.wall(), live.shared
        found = self._cache.lookup(token, now, shared.epoch, shared.revocations)
        if found is None:
            found = await self._cache.check(token, now, shared.epoch, shared.revocations)
        return BLIND if live.blind and isinstance(found, Grant) else found


def _named(found: Grant | Decision) -> Grant | Decision:
    """A token that is no grant at all reads as expired: all that a client can do is the same. The text says why."""
    if isinstance(found, Grant) or found.reason in _OWN_REASON or not found.reason.startswith("auth."):
        return found
    return replace(found, reason=Reason.AUTH_EXPIRED, remedy=NO_GRANT.remedy)
