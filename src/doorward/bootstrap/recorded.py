"""The journal, with an eye on it: counts what it took, and makes the worker unready while it takes nothing."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from doorward.core.audit import Record
from doorward.gateway.journal import FileJournal
from doorward.gateway.live import Live
from doorward.gateway.meter import (
    JOURNAL_CHECKPOINTS,
    JOURNAL_COPIES_FAILED,
    JOURNAL_QUEUED,
    JOURNAL_RECORDS,
    JOURNAL_STOPS,
    JOURNAL_SYNC,
    JOURNAL_SYNCS,
    JOURNAL_WINDOW,
    Meter,
)

Make = Callable[[Callable[[str], None]], FileJournal]
"""Makes the journal. What it gets is told, from whichever thread, why the journal takes nothing; "": it does again."""


class Recorded:
    """A ``Journal`` around ``journal``. ``offer`` gets every record that found its place."""

    def __init__(
        self, make: Make, live: Live, meter: Meter, offer: Callable[[Record], None] = lambda record: None
    ) -> None:
        """Raises ``JournalFault``."""
        self._loop = asyncio.get_running_loop()
        self._live = live
        self._meter = meter
        self._offer = offer
        self.journal = make(self._changed)
        for name, figure in (
            (JOURNAL_QUEUED, "queued"),
            (JOURNAL_STOPS, "failures"),
            (JOURNAL_CHECKPOINTS, "checkpoints"),
            (JOURNAL_COPIES_FAILED, "copy_failed"),
            (JOURNAL_WINDOW, "unsynced_seconds_max"),
            (JOURNAL_SYNCS, "syncs"),
            (JOURNAL_SYNC, "sync_seconds"),
        ):
            meter.watch(name, partial(getattr, self.journal, figure))

    @property
    def writer(self) -> str:
        return self.journal.writer

    def append(self, record: Record, *, early: bool = False) -> int:
        ticket = self.journal.append(record, early=early)
        self._meter.count(JOURNAL_RECORDS)
        self._offer(record)
        return ticket

    async def written(self, ticket: int | None = None) -> None:
        await self.journal.written(ticket)

    async def synced(self, ticket: int | None = None) -> None:
        await self.journal.synced(ticket)

    def flush(self, timeout: float = 10.0) -> None:
        self.journal.flush(timeout)

    def close(self) -> None:
        self.journal.close()

    def _changed(self, why: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody asks any more
            self._loop.call_soon_threadsafe(self._tell, why)

    def _tell(self, why: str) -> None:
        if why:
            self._live.trouble("journal", why)
        else:
            self._live.recovered("journal")
