"""Fetches the blocks that ``gateway/leases.py`` wishes for, in the background: no call waits for the store."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Protocol

from doorward.control.store import StoreFault
from doorward.control.store.rows import Lease
from doorward.core.ports import Clock
from doorward.gateway.leases import Leases

log = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two rounds when no call asks for one: debts are paid, what nobody uses is given back."""


class Lessor(Protocol):
    """The store, as far as it is needed here."""

    def leases(self, wishes: Sequence[Lease]) -> list[int]: ...


class Leasing:
    """Runs beside the calls of one worker, for as long as its ``run``. ``leases`` is to be used for the limits.

    With one worker nothing is ever asked of the store.
    """

    def __init__(self, store: Lessor, clock: Clock, workers: int) -> None:
        self._store = store
        self._clock = clock
        self._wanted = asyncio.Event()
        self._failed = False
        self.leases = Leases(workers, self._wanted.set)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._wanted.wait()
            self._wanted.clear()
            await self._round()
            if self._failed:
                await asyncio.sleep(EVERY)  # calls go on wishing; a store that fails is not asked for each

    async def _round(self) -> None:
        wishes = self.leases.wishes(self._clock.wall())
        if not wishes and not self._failed:
            return
        asked = [Lease(wish.row, wish.window, wish.want, wish.most) for wish in wishes]
        try:
            given = await asyncio.to_thread(self._store.leases, asked)
        except StoreFault as fault:
            self._lost(fault)
            return
        now = self._clock.wall()
        if self._failed:
            self._failed = False
            log.info("limits are shared between workers again")
            self.leases.found(now)
        for wish, amount in zip(wishes, given, strict=True):
            self.leases.given(wish, amount, now)

    def _lost(self, fault: StoreFault) -> None:
        self.leases.lost(self._clock.wall())
        if not self._failed:
            self._failed = True
            log.error("limits are not shared between workers, each keeps to its part: %s", fault.detail)
