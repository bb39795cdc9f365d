"""Tells people in the background: takes records off the call path, gathers them by the minute, sends them with retries.

Each plug-in has its own queue and thread: one that hangs or fails holds up nobody else. Everything is bounded, and what
finds no room is counted and said. Each alert that was sent or given up is itself a record (docs/alerts.md).
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from doorward.core.alerting import Channel, tells
from doorward.core.audit import AuditRecord, Line, Record
from doorward.core.ports import Clock
from doorward.gateway.alert_sender import FIRST_WAIT, PATIENCE, Keep, Sender, Told

log = logging.getLogger(__name__)

MOST_RECORDS = 2000
"""Records that wait to be looked at."""
LOOK = 1.0
"""Seconds between two looks at the minutes that end."""
GRACE = 5.0
"""Seconds that ``close`` gives to what is still to be told."""


class Alerting:
    """``offer`` takes a record; the rest happens in tasks between ``start`` and ``close``.

    ``record`` keeps what became of each alert, and may raise ``JournalFault``. ``chance`` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        clock: Clock,
        record: Keep,
        ids: Callable[[], str],
        *,
        chance: Callable[[], float] = random.random,
        look: float = LOOK,
        patience: float = PATIENCE,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        told = Told(clock, record, ids)
        self._senders = [Sender(channel, told, chance, patience, first_wait) for channel in channels]
        self._clock = clock
        self._look = look
        self._records: deque[tuple[AuditRecord, bool]] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Records that nobody looked at yet."""
        return len(self._records)

    @property
    def lost(self) -> int:
        """Alerts that found no room, before all plug-ins."""
        return sum(sender.lost for sender in self._senders)

    def offer(self, record: Record, *, alert: bool = False) -> None:
        """Take one record, on the event loop. Never waits and never raises. ``alert``: the exchange's own flag."""
        if not self._senders or isinstance(record, Line) or not tells(record, alert=alert):
            return
        if len(self._records) >= MOST_RECORDS:
            self._drop()
            return
        self._records.append((record, alert))
        self._news.set()

    def start(self) -> None:
        """Begin to look and to send. Needs a running event loop."""
        if self._senders and self._task is None:
            self._task = asyncio.create_task(self._run(), name="alerting")
            for sender in self._senders:
                sender.start()

    async def close(self, grace: float = GRACE) -> None:
        """Tell what is left, for at most ``grace`` seconds; what is not told then is given up, and recorded so."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        self._turn(self._clock.monotonic())
        await asyncio.gather(*(sender.close(grace) for sender in self._senders))

    def _drop(self) -> None:
        if self.dropped & (self.dropped + 1) == 0:  # 0, 1, 3, 7, …: said ever more rarely
            log.warning("alerting: records come faster than they can be looked at, %d dropped", self.dropped + 1)
        self.dropped += 1

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look):  # wait_for of 3.11 can swallow a cancellation
                    await self._news.wait()
            self._news.clear()
            self._turn(self._clock.monotonic())

    def _turn(self, now: float) -> None:
        while self._records:
            record, alert = self._records.popleft()
            for sender in self._senders:
                sender.take(record, now, alert=alert)
        for sender in self._senders:
            sender.turn(now)
