"""Keys that are kept for a stated time, fetched once for all who wait, and not more often than the pace allows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from doorward.control.federation.fetch import FetchFault, FetchReason
from doorward.control.jose.public_keys import KeySet

REFRESH = 300.0  # seconds; older keys are served, and fetched again in the background
USABLE = 3300.0  # seconds; older keys judge nothing. With the five minutes of gateway/tokens.py: one hour
FIRST_GAP = 5.0
LONGEST_GAP = 60.0
_FILE_REFRESH = 1.0

Load = Callable[[bool], Awaitable[KeySet]]
"""Gets the keys. ``True``: from the beginning; ``False``: only what may hold a new key. Raises ``FetchFault``."""

_log = logging.getLogger(__name__)


class Pace:
    """How often to ask: the gap doubles from 5 s to 60 s for as long as asking brings nothing new.

    So a flood of unknown key ids costs the provider three fetches in the first half minute, then one a minute.
    """

    def __init__(self, first: float = FIRST_GAP, longest: float = LONGEST_GAP) -> None:
        self._first = first
        self._longest = longest
        self._gap = 0.0
        self._last = float("-inf")

    def due(self, now: float) -> bool:
        return now - self._last >= self._gap

    def asked(self, now: float, *, fruitful: bool) -> None:
        rested = now - self._last > 2 * self._longest
        self._gap = self._first if fruitful or rested else min(max(2 * self._gap, self._first), self._longest)
        self._last = now


class KeyCache:
    """The keys of one issuer. ``changes`` counts how often they became others.

    ``local``: they are in a file, which is looked at once a second, and whoever needs them waits for it; otherwise they
    are fetched behind everybody's back, every five minutes. ``monotonic`` gives seconds that never go back.
    """

    def __init__(self, label: str, load: Load, *, monotonic: Callable[[], float], local: bool = False) -> None:
        self.changes = 0
        self._label = label
        self._load = load
        self._monotonic = monotonic
        self._refresh = _FILE_REFRESH if local else REFRESH
        self._local = local
        self._keys: KeySet | None = None
        self._loaded = float("-inf")
        self._pace = Pace(_FILE_REFRESH, _FILE_REFRESH) if local else Pace()
        self._reason: FetchReason | None = None
        self._task: asyncio.Task[None] | None = None

    async def current(self) -> KeySet:
        """Keys that may be used. Raises ``FetchFault`` if there are none: never got, or too old to be believed."""
        age = self._age()
        if age >= self._refresh:
            task = self._reload(full=True)
            if task is not None and (self._local or age >= USABLE):
                await asyncio.shield(task)  # others wait for it too
        return self._usable()

    async def newer(self) -> KeySet:
        """For a key id that ``current`` does not hold: the keys after another fetch, if one is due."""
        task = self._reload(full=False)
        if task is not None:
            await asyncio.shield(task)
        return self._usable()

    def inherit(self, older: "KeyCache") -> None:
        """Go on with the keys, their age and the pace of a cache that is no longer used."""
        self.changes = older.changes
        self._keys, self._loaded, self._pace, self._reason = older._keys, older._loaded, older._pace, older._reason

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _age(self) -> float:
        return self._monotonic() - self._loaded

    def _usable(self) -> KeySet:
        if self._keys is None or self._age() >= USABLE:
            raise FetchFault(self._reason or FetchReason.KEYS, self._label)
        return self._keys

    def _reload(self, *, full: bool) -> asyncio.Task[None] | None:
        """The fetch that is under way, a new one, or None where it is too early for one."""
        if self._task is not None and not self._task.done():
            return self._task
        if not self._pace.due(self._monotonic()):
            return None
        self._task = asyncio.create_task(self._run(full or self._keys is None))
        return self._task

    async def _run(self, full: bool) -> None:
        fruitful = False
        try:
            keys = await self._load(full)
            fruitful = self._keys is None or keys.digest != self._keys.digest
            self.changes += fruitful
            self._keys, self._loaded, self._reason = keys, self._monotonic(), None
        except FetchFault as fault:
            if fault.reason is not self._reason:  # once, not at every attempt
                _log.warning("the keys of %s could not be had: %s", self._label, fault.detail)
            self._reason = fault.reason
        finally:
            self._pace.asked(self._monotonic(), fruitful=fruitful)
