"""What goes on beside the calls of one process: what has been revoked, what servers say about tools, whose tasks are
whose. ``serve`` and ``run -c`` use it alike.

A part that breaks must not go unnoticed: from then on nobody knows what has been revoked meanwhile, so grants that
could have been are refused.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from doorward.bootstrap.catalogue import Catalogue, Recompile
from doorward.bootstrap.watching import Watch
from doorward.control.store import Store, StoreFault
from doorward.core.ports import Clock
from doorward.core.shared import Shared
from doorward.gateway.live import Live

log = logging.getLogger(__name__)

KEEP_EVERY = 1.0
"""Seconds between two writes of what the store should know and no call waits for."""


class Following:
    """``start`` before the first call, ``begin`` with it, ``close`` after the last. The store is closed with it."""

    def __init__(self, store: Store, live: Live, clock: Clock, recompile: Recompile) -> None:
        self._store = store
        self._live = live
        self._watched = Store(store.path)
        self._watch = Watch(self._watched, clock, self._changed, self._trouble, self._blind)
        self._on_change: Callable[[Shared], None] = lambda shared: None
        self._beside: list[asyncio.Task[None]] = []
        self._has_news = False
        self.catalogue = Catalogue(store, clock, recompile)

    async def start(self, servers: Iterable[str]) -> None:
        """The first reading. Raises ``StoreFault``: no call may be served then."""
        self.catalogue.seed(servers)
        await self._watch.start()

    def begin(self, on_change: Callable[[Shared], None], *more: Coroutine[Any, Any, None]) -> None:
        """Follow the store. ``on_change`` is told what has been revoked, now and later; ``more`` runs beside it."""
        self._on_change = on_change
        on_change(self._live.shared)
        self._beside = [asyncio.create_task(part) for part in (self._watch.run(), self._keep(), *more)]
        for task in self._beside:
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._keep_once()
        self._watched.close()
        self._store.close()

    def _changed(self, shared: Shared) -> None:
        self._has_news = True  # of revocations and overrides, or of tools
        self._live.shared = shared
        self._on_change(shared)

    def _trouble(self, reason: str | None) -> None:
        if reason is None:
            self._live.recovered("state")
        else:
            self._live.trouble("state", reason)

    def _blind(self, blind: bool) -> None:
        self._live.blind = blind

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task.exception() is None:  # one of ``more`` may have no more to do
            return
        log.error("what goes on beside the calls has broken", exc_info=task.exception())
        self._live.blind = True
        self._live.trouble("beside", "what goes on beside the calls has broken: restart it, and see the log")

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            await self._keep_once()
            await self._look_once()

    async def _look_once(self) -> None:
        """What other workers were told of tools. What waits here for its turn has it now, whether somebody lists or
        not.
        """
        had, self._has_news = self._has_news, False
        try:
            if had:
                await self.catalogue.look()
        except StoreFault as fault:
            self._has_news = True
            log.error("what other workers were told of tools is not known: %s", fault.detail)
        if self.catalogue.unsettled:
            await self.catalogue.settle()

    async def _keep_once(self) -> None:
        try:
            await self.catalogue.flush()
        except StoreFault as fault:
            log.error("owners of tasks are not kept: %s", fault.detail)
