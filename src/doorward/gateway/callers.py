"""Who brings a token that is no fixed one, and what happens to calls whose grant ends before they do."""

import asyncio
from hashlib import sha256

from doorward.core.decision import ALLOW, Decision, Reason
from doorward.core.errors import Fault
from doorward.core.exchange import Reply
from doorward.core.identity import Grant
from doorward.core.ports import Clock
from doorward.core.shared import NONE_REVOKED, Shared
from doorward.gateway.call import Call
from doorward.gateway.exchanges import Exchanges
from doorward.gateway.flow import Flow
from doorward.gateway.live import Live
from doorward.gateway.refusals import BLIND, TOO_MANY_BAD
from doorward.gateway.tokens import TokenCache
from doorward.stages.limit import source


class Callers:
    """One for a worker. ``tokens`` None: fixed tokens alone are known."""

    __slots__ = ("_clock", "_ending", "_exchanges", "_flow", "_live", "_tokens")

    def __init__(self, live: Live, exchanges: Exchanges, flow: Flow, clock: Clock, tokens: TokenCache | None) -> None:
        self._live = live
        self._exchanges = exchanges
        self._flow = flow
        self._clock = clock
        self._tokens = tokens
        self._ending: set[Call] = set()  # calls whose grant may end before they do

    async def identify(self, call: Call) -> Reply | None:
        """What a token is worth that is no fixed one: cached, or verified now, which may wait for an issuer's keys.

        None: ``admission`` may ask who calls. Otherwise what the client gets.
        """
        token, tokens, shared = call.inbound.token, self._tokens, self._live.shared
        if token is None or tokens is None:
            return None
        call.found = call.snapshot.agents.get(sha256(token).digest())
        if call.found is not None:
            return None
        now = self._clock.wall()
        call.found = tokens.lookup(token, now, shared.epoch, shared.revocations)
        if call.found is None:
            client, limits = source(call.inbound.client_ip), call.snapshot.limits
            allowed = self._flow.may_try(client, limits.failed_logins_per_minute, self._clock.monotonic())
            if allowed is not ALLOW:
                return self._exchanges.refuse(call, TOO_MANY_BAD)
            call.found = await tokens.check(token, now, shared.epoch, shared.revocations)
            if isinstance(call.found, Decision):
                self._flow.failed(client, limits.failed_logins_per_minute, self._clock.monotonic())
        if isinstance(call.found, Grant) and self._live.blind:
            return self._exchanges.refuse(call, BLIND)
        return None

    def follow(self, call: Call) -> None:
        """Its grant may end before it does: then the task that serves it is cancelled, and ``call.ended`` says why."""
        if call.inbound.token is not None:
            revocations = self._live.shared.revocations
            if revocations is not NONE_REVOKED and revocations.hit(call.grant):  # while it was being looked through
                raise Fault("revoked before it was forwarded", code=Reason.AUTH_REVOKED.value)
            call.task = asyncio.current_task()
            self._ending.add(call)

    def leave(self, call: Call) -> None:
        """The call is over."""
        self._ending.discard(call)
        call.task = None  # if it was cancelled it holds the call, which would hold it

    def revoke(self, shared: Shared) -> None:
        """Calls and streams of what has just been revoked end with an error."""
        for call in list(self._ending):
            if shared.revocations.hit(call.grant):
                self.cut(call, Reason.AUTH_REVOKED)

    def cut(self, call: Call, reason: Reason) -> None:
        """End what serves a call; ``Pipeline.end`` tells the client."""
        if call.ended is None and call.task is not None:
            call.ended = reason
            call.task.cancel()
