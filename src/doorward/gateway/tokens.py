"""Verified tokens, kept by hash: a token is verified once, then looked up in microseconds.

An entry dies with its token, with the keys it was verified by (``version``), and after five minutes, so that keys past
their age judge nothing through it. Revocations are asked again whenever they have changed. Refusals are kept apart and
for a moment only: a flood of bad tokens neither costs a verification each nor drives out the good ones.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Protocol

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant
from doorward.core.policy import Severity
from doorward.core.shared import Revocations

HOLD = 300.0  # seconds until a good token is verified again (control/federation/key_cache.py counts on it)
REMEMBERED = 10_000  # good tokens
REFUSED_FOR = 5.0  # seconds until a bad token is looked at again
UNAVAILABLE_FOR = 1.0  # seconds, where not the token was at fault
REFUSED = 2_000  # bad tokens

REVOKED = Decision(
    Effect.DENY,
    Reason.AUTH_REVOKED,
    Severity.CRITICAL,
    what="the token has been revoked",
    remedy="get a new token; if that is refused too, ask the operator",
)
EXPIRED = Decision(
    Effect.DENY,
    Reason.AUTH_EXPIRED,
    Severity.CRITICAL,
    what="the token has expired",
    remedy="get a new token and send the request again",
)


class Verifies(Protocol):
    """``control/tokens/verifier.py``; ``now`` in seconds since the epoch."""

    async def verify(self, token: bytes, now: float) -> Grant | Decision: ...


class _Kept:
    """One good token. ``epoch``: the revocations that it was last held against."""

    __slots__ = ("epoch", "grant", "since")

    def __init__(self, grant: Grant, since: float) -> None:
        self.grant = grant
        self.epoch: int | None = None
        self.since = since


class TokenCache:
    """Bounded, least recently used out first. ``version`` is that of configuration and issuers' keys together.

    The audience is no part of it: a grant says for which servers it is, and ``stages/authenticate.py`` asks per call.
    """

    def __init__(self, verifier: Verifies, version: Callable[[], Hashable], *, remembered: int = REMEMBERED) -> None:
        self._verifier = verifier
        self._version = version
        self._seen: Hashable = version()
        self._most = remembered
        self._good: OrderedDict[bytes, _Kept] = OrderedDict()
        self._bad: OrderedDict[bytes, tuple[Decision, float]] = OrderedDict()
        self._under_way: dict[tuple[bytes, Hashable], asyncio.Task[Grant | Decision]] = {}

    def lookup(self, token: bytes, now: float, epoch: int, revocations: Revocations) -> Grant | Decision | None:
        """What is known of a token, or None: then ``check`` it. ``epoch`` is that of ``revocations``."""
        return self._known(sha256(token).digest(), now, epoch, revocations)

    async def check(self, token: bytes, now: float, epoch: int, revocations: Revocations) -> Grant | Decision:
        """What a token is worth. Whoever brings the same token meanwhile waits for the same verification."""
        key = sha256(token).digest()
        known = self._known(key, now, epoch, revocations)
        if known is not None:
            return known
        once = key, self._seen
        task = self._under_way.get(once)
        if task is None:
            task = self._under_way[once] = asyncio.create_task(self._verify(key, token, now, self._seen))
            task.add_done_callback(lambda _: self._under_way.pop(once, None))
        result = await asyncio.shield(task)  # one caller's end is not the others'
        if isinstance(result, Grant) and revocations.hit(result):
            return REVOKED
        return result

    def clear(self) -> None:
        """Forget all."""
        self._good.clear()
        self._bad.clear()

    def _known(self, key: bytes, now: float, epoch: int, revocations: Revocations) -> Grant | Decision | None:
        version = self._version()
        if version != self._seen:
            self._seen = version
            self.clear()
            return None
        kept = self._good.get(key)
        if kept is None:
            return self._refusal(key, now)
        grant = kept.grant
        if grant.expires is not None and grant.expires <= now:
            del self._good[key]
            return EXPIRED
        if not 0 <= now - kept.since < HOLD:  # a clock that was set back makes no entry live longer
            del self._good[key]
            return None
        if kept.epoch != epoch:
            if revocations.hit(grant):
                return REVOKED  # the entry stays, and is asked again each time: no second verification
            kept.epoch = epoch
        self._good.move_to_end(key)
        return grant

    def _refusal(self, key: bytes, now: float) -> Decision | None:
        found = self._bad.get(key)
        if found is None:
            return None
        decision, since = found
        if not 0 <= now - since < (UNAVAILABLE_FOR if decision.reason is Reason.AUTH_UNAVAILABLE else REFUSED_FOR):
            del self._bad[key]
            return None
        return decision

    async def _verify(self, key: bytes, token: bytes, now: float, version: Hashable) -> Grant | Decision:
        result = await self._verifier.verify(token, now)
        if version != self._version():
            return result  # true for this call; the keys have changed meanwhile, so it is not kept
        if isinstance(result, Grant):
            self._good[key] = _Kept(result, now)
            if len(self._good) > self._most:
                self._good.popitem(last=False)
        else:
            self._bad[key] = (result, now)
            if len(self._bad) > REFUSED:
                self._bad.popitem(last=False)
        return result
