"""One alert plug-in: what is gathered for it, what waits to be sent by it, and its attempts."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread

from doorward.core.alerting import Alert, Channel, Notice, Sent, State, end, take, turn
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.errors import JournalFault
from doorward.core.ports import Clock

log = logging.getLogger(__name__)

MOST_WAITING = 200
"""Alerts that wait for one plug-in."""
TRIES = 8
"""How often one notice is tried: with the waits between about two minutes, longer where the other side asks for it."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
PATIENCE = 30.0
"""Seconds after which an attempt counts as failed, whatever the plug-in is doing."""

Keep = Callable[[AuditRecord], object]


class Told:
    """What became of each alert, as records."""

    def __init__(self, clock: Clock, record: Keep, ids: Callable[[], str]) -> None:
        self.clock = clock
        self.ids = ids
        self._record = record

    def note(self, alert: Alert, channel: str, *, sent: bool, why: str = "") -> None:
        """Record one alert: ``decision`` is allow where it was sent, error where it was given up."""
        calls = f"{alert.count} {'call' if alert.count == 1 else 'calls'}"
        record = AuditRecord(
            event_id=self.ids(),
            exchange_id=alert.exchanges[0] if alert.exchanges else "",
            kind="alert",
            timestamp=timestamp(self.clock.wall()),
            mcp_server=alert.server,
            tool_name=alert.tool or None,
            decision="allow" if sent else "error",
            reason=alert.reason,
            rules=alert.rules,
            mode=alert.mode,
            severity=alert.severity,
            detail=f"sent by {channel}, {calls}" if sent else f"given up by {channel}, {calls}: {why}",
        )
        try:
            self._record(record)
        except JournalFault as fault:
            log.error("an alert went unrecorded: %s", fault.detail)


class Sender:
    """One plug-in, what is gathered for it, and what waits to be sent by it."""

    def __init__(
        self, channel: Channel, told: Told, chance: Callable[[], float], patience: float, first_wait: float
    ) -> None:
        self._channel = channel
        self._told = told
        self._chance = chance
        self._patience = patience
        self._first_wait = first_wait
        self._state: State = {}
        self._waiting: deque[Alert] = deque()
        self._sending: tuple[Alert, ...] = ()
        self._busy: tuple[str, asyncio.Future[Sent]] | None = None  # whose attempt has not ended
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsaid = 0  # lost and not yet said in a notice
        self.lost = 0

    def take(self, record: AuditRecord, now: float, *, alert: bool) -> None:
        self._state, due = take(self._state, self._channel.rules, record, now, alert=alert)
        self._queue(due)

    def turn(self, now: float) -> None:
        self._state, due = turn(self._state, now)
        self._queue(due)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"alerts by {self._channel.name}")

    async def close(self, grace: float) -> None:
        self._queue(end(self._state))
        if self._task is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._idle.wait()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for alert in (*self._sending, *self._waiting):
            self._told.note(alert, self._channel.name, sent=False, why="the gateway stops")
        self._sending = ()
        self._waiting.clear()

    def _queue(self, due: Sequence[Alert]) -> None:
        for alert in due:
            if len(self._waiting) >= MOST_WAITING:
                self.lost += 1
                self._unsaid += 1
                self._told.note(self._waiting.popleft(), self._channel.name, sent=False, why="too many wait")
            self._waiting.append(alert)
            self._idle.clear()
            self._news.set()

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                self._idle.set()
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._tell()

    async def _tell(self) -> None:
        """One notice, until it is sent or given up. New alerts gather meanwhile, for the next."""
        most = max(1, self._channel.most)
        self._sending = tuple(self._waiting.popleft() for _ in range(min(most, len(self._waiting))))
        lost, self._unsaid = self._unsaid, 0
        notice = Notice(self._told.ids(), self._sending, lost)
        sent = Sent(False, again=True)
        tries = 0
        while not sent.done and sent.again and tries < TRIES:
            if tries:
                await asyncio.sleep(self._wait(tries, sent.after))
            sent = await self._attempt(notice)
            tries += 1
        why = f"{sent.detail} after {tries} {'try' if tries == 1 else 'tries'}"
        if not sent.done:
            log.error("alerts by %s: %d given up: %s", self._channel.name, len(self._sending), why)
            self._unsaid += lost
        alerts, self._sending = self._sending, ()
        for alert in alerts:
            self._told.note(alert, self._channel.name, sent=sent.done, why=why)

    def _wait(self, tries: int, asked: float | None) -> float:
        """Back-off with jitter, so that workers do not come back in step; never sooner than the other side asked."""
        wait: float = self._first_wait * 2 ** (tries - 1) * (0.5 + self._chance())
        return min(LONGEST_WAIT, max(wait, asked or 0.0))

    async def _attempt(self, notice: Notice) -> Sent:
        """One attempt in a thread of its own; a plug-in that hangs is waited for again, never called a second time."""
        if self._busy is None:
            self._busy = (notice.id, self._thread(notice))
        whose, ended = self._busy
        try:
            async with asyncio.timeout(self._patience):
                sent = await asyncio.shield(ended)
        except TimeoutError:
            return Sent(False, again=True, detail=f"no end within {self._patience:g} s")
        self._busy = None
        return sent if whose == notice.id else Sent(False, again=True, detail="busy with an earlier notice")

    def _thread(self, notice: Notice) -> asyncio.Future[Sent]:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Sent] = loop.create_future()

        def settle(sent: Sent) -> None:
            if not ended.done():
                ended.set_result(sent)

        def work() -> None:
            sent = _sent(self._channel, notice, self._told.clock.wall())
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, sent)

        # Not of a pool: pools are joined at the end of the process, and a plug-in that hangs would hold it up.
        Thread(target=work, name=f"alerts-{self._channel.name}", daemon=True).start()
        return ended


def _sent(channel: Channel, notice: Notice, at: float) -> Sent:
    try:
        return channel.send(notice, at)
    except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, and its text may hold a secret
        return Sent(False, again=True, detail=type(error).__name__)
