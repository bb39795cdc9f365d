"""Calls and bytes a minute, per caller, server and tool, held over all workers of one machine (docs/rollout.md).

One worker alone is exact: a token bucket in its memory. Several share minutes in the store: each leases blocks ahead,
in the background (``bootstrap/leasing.py``), and a call only ever looks at what its own worker holds. So that the first
call of a caller need not wait for a lease, a worker may run a little into debt:

    credit  c = per_minute // (10 * workers)           what one worker may owe
    pool    p = per_minute                             what the store gives out in one minute

A worker spends in one minute at most what it leased and c: it starts with nothing or a debt, and ends with a debt of c
at most. All of them together: p + workers * c <= per_minute + per_minute / 10. Debts are paid out of the next lease,
in the same minute or a later one, so the over-run never adds up.

Limits under 10 * workers have no tenth to lend, so c is 1 and the pool is smaller by what that is too much:
p = per_minute - workers + per_minute // 10. (A caller that stays on one worker can use p + 1 then.) Under one call a
worker c is 0: the first call is refused with "try again in a second", and the lease has come by then.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import ceil
from typing import TypeVar

import msgspec

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.policy import Severity
from doorward.stages.limit import RATE

T = TypeVar("T")

BYTES = Decision(
    Effect.DENY,
    Reason.LIMIT_RATE,
    Severity.HIGH,
    rules=("bytes_per_minute",),
    what="this caller moved more bytes than its limit allows",
    remedy="wait for the time that Retry-After or retry_after_s names and send the call again",
)

WINDOW = 60
"""Seconds, counted from the epoch, so that all workers mean the same minute."""

AGAIN = 1.0
"""Seconds until a key for which the pool had not enough is asked for again."""

IDLE = 5.0
"""Seconds without a call, after which a worker gives back what it holds."""

_KEPT = 10_000
"""Keys in one worker's memory; the least recently used go first."""

_LONGEST_WAIT = 3600
"""Seconds: what is told to a caller whose debt is larger."""

_LONGEST = 256
"""Characters of a tool's name in a key; a client may send any, and keys stay in memory."""


class Share(msgspec.Struct, frozen=True):
    """How one limit is divided: what a worker may owe, what all may lease in a minute, and in what portions."""

    credit: int
    pool: int
    block: int


class Held(msgspec.Struct, frozen=True):
    """What one worker holds for one key: ``left`` of its leases (negative: owed) in the minute ``window``.

    ``used`` is when it was last asked for, in seconds since the epoch; ``asked`` what was refused then, for it must be
    leased whole; before ``dry`` the pool is not asked again.
    """

    per_minute: int
    window: int
    left: int
    used: float
    asked: int = 0
    dry: float = 0.0


class Wish(msgspec.Struct, frozen=True):
    """To be asked of the store (``control.store``). A negative ``want`` gives back. ``row`` names the key there."""

    key: str
    row: str
    window: int
    want: int
    most: int


@lru_cache(maxsize=256)
def share(per_minute: int, workers: int) -> Share:
    """The arithmetic above."""
    block = max(1, per_minute // (4 * workers))
    credit = per_minute // (10 * workers)
    if credit:
        return Share(credit, per_minute, block)
    if per_minute < workers:
        return Share(0, per_minute, block)
    return Share(1, per_minute - workers + per_minute // 10, block)


def turned(held: Held, now: float) -> Held:
    """As it stands in the minute of ``now``: leases end with their minute, debts do not."""
    window = int(now // WINDOW)
    return held if held.window == window else Held(held.per_minute, window, min(held.left, 0), held.used, held.asked)


def spend(held: Held, amount: int, credit: int, now: float) -> tuple[Held, bool]:
    """``amount`` out of what is held and may be owed; all of it or nothing."""
    if held.left - amount >= -credit:
        return Held(held.per_minute, held.window, held.left - amount, now, 0, held.dry), True
    return Held(held.per_minute, held.window, held.left, now, amount, held.dry), False


def wished(held: Held, block: int, now: float) -> int:
    """How much to lease: up to a block when under half of one is left. When nobody calls: all back, or the debt."""
    idle = now - held.used >= IDLE
    if idle and held.left > 0:
        return -held.left
    if now < held.dry:
        return 0
    if idle:
        return -held.left
    enough = 2 * held.left >= block and held.left >= held.asked
    return 0 if enough else max(block, held.asked) - held.left


class Exact(msgspec.Struct):
    """The exact way, for one worker alone: what is left, and when that was counted."""

    left: float
    at: float


class Leases:
    """The limits of one worker. For the event loop alone; ``now`` is in seconds since the epoch.

    ``workers`` 1 (or no store): exact and local. ``wake`` is called when a lease is wanted now.
    """

    __slots__ = ("_exact", "_held", "_local_from", "_local_to", "_wake", "_workers")

    def __init__(self, workers: int = 1, wake: Callable[[], None] = lambda: None) -> None:
        self._workers = workers
        self._wake = wake
        self._exact: OrderedDict[str, Exact] = OrderedDict()
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._local_from: int | None = None  # the minutes in which the store cannot be asked, both inclusive
        self._local_to: int | None = None

    # for calls

    def allow(self, owner: str, server: str, tool: str, per_minute: int, now: float) -> Decision:
        """One call of ``owner`` (``Principal.key``) to a tool; ``tool`` may be empty for all of a server."""
        key = _key("calls", owner, server, tool)
        if self._take(key, 1, per_minute, now):
            return ALLOW
        return _until(RATE, self._wait(key, 1, per_minute, now))

    def allow_bytes(self, owner: str, server: str, tool: str, size: int, per_minute: int, now: float) -> Decision:
        """``size`` bytes that are about to pass: all of them or none."""
        key = _key("bytes", owner, server, tool)
        return (
            ALLOW if self._take(key, size, per_minute, now) else _until(BYTES, self._wait(key, size, per_minute, now))
        )

    def passed(self, owner: str, server: str, tool: str, size: int, per_minute: int, now: float) -> None:
        """``size`` bytes that did pass, such as an answer: counted also where there is not enough, as a debt.

        So the answers under way may come on top of a minute's limit; the next minutes pay for them.
        """
        key = _key("bytes", owner, server, tool)
        if self._workers == 1:
            self._refilled(key, per_minute, now).left -= size
            return
        held = self._current(key, per_minute, now)
        self._keep(key, Held(per_minute, held.window, held.left - size, now, 0, held.dry), now)

    # for the background

    def wishes(self, now: float) -> list[Wish]:
        """What to ask the store for now. What is to be given back is no longer ours from here on."""
        self._find_the_end(now)
        return list(self._wishes(now))

    def given(self, wish: Wish, amount: int, now: float) -> None:
        """What the store gave. A lease that comes after its minute is lost."""
        held = self._held.get(wish.key)
        if wish.want <= 0 or held is None or held.window != wish.window:
            return
        dry = now + AGAIN if amount < wish.want else 0.0
        self._held[wish.key] = msgspec.structs.replace(held, left=held.left + amount, dry=dry)

    def lost(self, now: float) -> None:
        """The store cannot be asked: from the next minute on, each worker keeps to its own part of each limit."""
        self._find_the_end(now)
        if self._local_from is None:
            self._local_from = int(now // WINDOW) + 1
        self._local_to = None

    def found(self, now: float) -> None:
        """The store can be asked again: from the next minute on, limits are shared."""
        if self._local_from is not None and self._local_to is None:
            self._local_to = int(now // WINDOW)
            self._find_the_end(now)

    def _find_the_end(self, now: float) -> None:
        window = int(now // WINDOW)
        if self._local_from is None or self._local_to is None:
            return
        if self._local_to < max(self._local_from, window):
            self._local_from = self._local_to = None

    def _local(self, window: int) -> bool:
        if self._local_from is None or window < self._local_from:
            return False
        return self._local_to is None or window <= self._local_to

    def _wishes(self, now: float) -> Iterator[Wish]:
        for key, before in list(self._held.items()):
            held = turned(before, now)
            if self._local(held.window):
                continue
            part = share(held.per_minute, self._workers)
            want = wished(held, part.block, now)
            self._held[key] = msgspec.structs.replace(held, left=0) if want < 0 else held
            if want:
                yield Wish(key, _digest(key), held.window, want, part.pool)
            elif now - held.used > 2 * WINDOW and held.left >= 0:
                del self._held[key]

    def _take(self, key: str, amount: int, per_minute: int, now: float) -> bool:
        if self._workers == 1:
            exact = self._refilled(key, per_minute, now)
            enough = exact.left >= amount
            if enough:
                exact.left -= amount
            return enough
        held = self._current(key, per_minute, now)
        credit = 0 if self._local(held.window) else share(per_minute, self._workers).credit
        held, enough = spend(held, amount, credit, now)
        self._keep(key, held, now)
        return enough

    def _refilled(self, key: str, per_minute: int, now: float) -> Exact:
        """With what has come by ``now``; nothing where the clock went back."""
        exact = self._exact.get(key)
        if exact is None:
            exact = Exact(per_minute, now)
            _put(self._exact, key, exact)
            return exact
        self._exact.move_to_end(key)
        left = exact.left
        if now > exact.at:
            left += (now - exact.at) * per_minute / WINDOW
        exact.left = left if left < per_minute else per_minute
        exact.at = now
        return exact

    def _wait(self, key: str, amount: int, per_minute: int, now: float) -> int:
        """Whole seconds until there can be enough: the bucket refills, or the next minute begins."""
        if self._workers > 1:
            return int(WINDOW - now % WINDOW) + 1
        exact = self._exact.get(key)
        missing = amount - (exact.left if exact is not None else 0.0)
        return max(1, min(_LONGEST_WAIT, ceil(missing * WINDOW / per_minute - 1e-6)))

    def _current(self, key: str, per_minute: int, now: float) -> Held:
        before = self._held.get(key)
        held = Held(per_minute, int(now // WINDOW), 0, now) if before is None else turned(before, now)
        if held is not before and self._local(held.window):
            return msgspec.structs.replace(held, left=held.left + per_minute // self._workers)
        return held

    def _keep(self, key: str, held: Held, now: float) -> None:
        _put(self._held, key, held)
        if not self._local(held.window) and wished(held, share(held.per_minute, self._workers).block, now) > 0:
            self._wake()


@lru_cache(maxsize=256)
def _until(refused: Decision, wait: int) -> Decision:
    return msgspec.structs.replace(refused, wait=wait)


def _put(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _KEPT:
        kept.popitem(last=False)


def _key(unit: str, owner: str, server: str, tool: str) -> str:
    """Names one key. ``owner`` holds always two NULs and ``server`` none, so no two keys agree."""
    if len(tool) > _LONGEST:
        tool = _digest(tool)
    return f"{unit}\0{owner}\0{server}\0{tool}"


def _digest(text: str) -> str:
    """Of any text: in audit mode a name may hold half of a surrogate pair."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
