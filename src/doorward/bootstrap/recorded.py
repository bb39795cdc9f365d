"""The journal, with an eye on it: counts what it took, and makes the worker unready while it takes nothing."""

import asyncio
from collections.abc import Callable

from doorward.core.audit import Record
from doorward.core.errors import JournalFault
from doorward.core.ports import Journal
from doorward.gateway.live import Live
from doorward.gateway.meter import JOURNAL_RECORDS, Meter

RETRY_AFTER = 10.0
"""Seconds. Nobody would send calls to an unready worker, and without a call it would never notice that it can again."""


class Recorded:
    """A ``Journal`` around another one. ``offer`` gets every record that was kept."""

    def __init__(
        self, journal: Journal, live: Live, meter: Meter, offer: Callable[[Record], None] = lambda record: None
    ) -> None:
        self._journal = journal
        self._live = live
        self._meter = meter
        self._offer = offer
        self._again: asyncio.TimerHandle | None = None

    def append(self, record: Record) -> None:
        try:
            self._journal.append(record)
        except JournalFault as fault:
            self._failed(fault)
            raise
        self._meter.count(JOURNAL_RECORDS)
        self._offer(record)
        if self._again is not None:
            self._works()

    def close(self) -> None:
        if self._again is not None:
            self._works()
        self._journal.close()

    def _failed(self, fault: JournalFault) -> None:
        if self._again is not None:
            self._again.cancel()
        self._live.trouble("journal", fault.detail)
        self._again = asyncio.get_running_loop().call_later(RETRY_AFTER, self._works)

    def _works(self) -> None:
        assert self._again is not None
        self._again.cancel()
        self._again = None
        self._live.recovered("journal")
