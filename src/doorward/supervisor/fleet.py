"""All workers: as many as configured, each replaced when it dies, all on one configuration version."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from doorward.supervisor.child import Child, StartFault
from doorward.supervisor.pace import Pace, pause
from doorward.supervisor.totals import Export, Totals
from doorward.worker.channel import ChannelClosed
from doorward.worker.service import Start

log = logging.getLogger(__name__)

MakeStart = Callable[[int], Start]
"""Worker number -> what to tell it, of the version in force at that moment."""


class Slot(msgspec.Struct):
    """The place of one worker; ``child`` is None between a death and the next start."""

    number: int
    child: Child | None = None
    restarts: int = 0
    streak: int = 0  # quick deaths in a row


class Fleet:
    """``run`` keeps them alive until ``stop``; ``first`` is set when each was ready once."""

    def __init__(self, command: Sequence[str], size: int, start: MakeStart, pace: Pace) -> None:
        self.slots = [Slot(number) for number in range(size)]
        self.first = asyncio.Event()
        self._command = command
        self._start = start
        self._pace = pace
        self._totals = Totals()
        self._stopping = asyncio.Event()
        self._never_ready = set(range(size))

    async def run(self) -> None:
        """Returns after ``stop``. Raises StartFault if workers cannot be started in the first place."""
        try:
            async with asyncio.TaskGroup() as group:
                for slot in self.slots:
                    group.create_task(self._keep(slot))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def stop(self, drain: float) -> None:
        """Drain all at once; returns when all are gone."""
        self._stopping.set()
        await asyncio.gather(*(child.stop(drain, self._pace.grace) for child in self._children()))

    def cut(self) -> None:
        """No more patience: kill what is left."""
        self._stopping.set()
        for child in self._children():
            child.kill()

    async def adopt(self, version: int, text: str, commit: Callable[[], None]) -> list[str]:
        """Bring all workers to a version, or none: compile everywhere, ``commit``, swap. Returns what is against it.

        ``commit`` puts the version in force for workers that start from then on.
        """
        ready = [child for child in self._children() if child.ready]
        problems = await asyncio.gather(*(self._prepared(child, version, text) for child in ready))
        if found := [problem for each in problems for problem in each]:
            return list(dict.fromkeys(found))
        commit()
        await asyncio.gather(*(self._swapped(child, version) for child in ready))
        return []

    async def scrape(self) -> tuple[Export, dict[int, bool]]:
        """The sum over all workers, living and dead, and who answered in time."""
        up = dict(zip(range(len(self.slots)), await asyncio.gather(*map(self._answers, self.slots)), strict=True))
        return self._totals.over(child.export for child in self._children()), up

    def restarts(self) -> int:
        return sum(slot.restarts for slot in self.slots)

    def status(self) -> list[dict[str, Any]]:
        """For people: number, process id, version, restarts, and what is wrong."""
        return [_described(slot) for slot in self.slots]

    async def _keep(self, slot: Slot) -> None:
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            await self._one_life(slot)
            if self._stopping.is_set():
                return
            lived = asyncio.get_running_loop().time() - began
            slot.streak = 1 if lived > self._pace.settled else slot.streak + 1
            slot.restarts += 1
            wait = pause(slot.streak)
            log.warning("worker %d is started again in %g s", slot.number, wait)
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _one_life(self, slot: Slot) -> None:
        child = slot.child = await Child.spawn(slot.number, self._command)
        if self._stopping.is_set():
            child.kill()
        try:
            await self._begin(child)
            await child.watch(self._pace)
            if not self._stopping.is_set():
                log.error("worker %d (%d) ended: %s", slot.number, child.pid, _ending(child.process.returncode))
        except StartFault as fault:
            self._failed(slot, fault)
        finally:
            child.kill()
            await child.ended()
            self._totals.retire(child.export)
            slot.child = None

    async def _begin(self, child: Child) -> None:
        await child.start(self._start(child.number), self._pace.start)
        while child.version < (now := self._start(child.number)).version:  # a reload while it was starting
            await self._catch_up(child, now)
        log.info("worker %d (%d) is ready with version %d", child.number, child.pid, child.version)
        self._never_ready.discard(child.number)
        if not self._never_ready:
            self.first.set()

    async def _catch_up(self, child: Child, now: Start) -> None:
        within = self._pace.prepare
        try:
            if problems := await child.prepare(now.version, now.text, within):
                raise StartFault(problems)
            await child.swap(now.version, within)
        except (TimeoutError, ChannelClosed):
            raise StartFault([f"worker {child.number} did not take version {now.version}"]) from None

    def _failed(self, slot: Slot, fault: StartFault) -> None:
        if self._stopping.is_set():
            return
        for problem in fault.problems:
            log.error("worker %d: %s", slot.number, problem)
        if not self.first.is_set() and (fault.configuration or slot.streak + 1 >= self._pace.attempts):
            raise fault

    async def _prepared(self, child: Child, version: int, text: str) -> list[str]:
        try:
            return await child.prepare(version, text, self._pace.prepare)
        except (TimeoutError, ChannelClosed):
            child.kill()  # the next one starts with the version in force
            return []

    async def _swapped(self, child: Child, version: int) -> None:
        try:
            await child.swap(version, self._pace.prepare)
        except (TimeoutError, ChannelClosed):
            child.kill()

    async def _answers(self, slot: Slot) -> bool:
        child = slot.child
        if child is None or not child.ready:
            return False
        try:
            await child.pulse(self._pace.scrape)
        except (TimeoutError, ChannelClosed):
            return False
        return True

    def _children(self) -> list[Child]:
        return [slot.child for slot in self.slots if slot.child is not None]


def _described(slot: Slot) -> dict[str, Any]:
    child = slot.child
    about: dict[str, Any] = {"worker": slot.number, "restarts": slot.restarts}
    if child is None:
        return about | {"pid": None, "version": None, "reasons": ["not running: waits for its next start"]}
    return about | {"pid": child.pid, "version": child.version, "reasons": child.reasons}


def _ending(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
