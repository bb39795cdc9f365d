"""All workers: as many as configured, each replaced when it dies, all on one configuration version. The one that ships
records to sinks is a fleet of its own.
"""

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
    """``run`` keeps them alive until ``stop``; ``first`` is set when each was ready once. ``name``: what one of them is
    called. ``aside``: no call needs them, so only a configuration that is wrong from the beginning ends ``run``; and
    their stdout is ours, for the sink of that name.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: int,
        start: MakeStart,
        pace: Pace,
        name: str = "worker",
        *,
        aside: bool = False,
    ) -> None:
        self.slots = [Slot(number) for number in range(size)]
        self.first = asyncio.Event()
        self._command = command
        self._name = name
        self._aside = aside
        self._stdout: tuple[None, ...] = (None,) if aside else ()
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

    async def prepare(self, version: int, text: str) -> list[str]:
        """Have all workers compile a version. The problems that they found, each once; empty: it can be used."""
        problems = await asyncio.gather(*(self._prepared(child, version, text) for child in self._ready()))
        return list(dict.fromkeys(problem for each in problems for problem in each))

    def drop(self, version: int) -> None:
        """Have all workers drop what they prepared: the version will not be used."""
        for child in self._ready():
            child.drop(version)

    async def swap(self, version: int) -> None:
        """Put what was prepared in force. One that began meanwhile has it, or catches up."""
        await asyncio.gather(*(self._swapped(child, version) for child in self._ready()))

    async def scrape(self) -> tuple[Export, dict[int, bool]]:
        """The sum over all workers, living and dead, and who answered in time."""
        up = dict(zip(range(len(self.slots)), await asyncio.gather(*map(self._answers, self.slots)), strict=True))
        return self._totals.over(child.export for child in self._children()), up

    def exports(self) -> list[Export]:
        """The latest answer of each worker that lives."""
        return [child.export for child in self._children()]

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
            log.warning("%s %d is started again in %g s", self._name, slot.number, wait)
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _one_life(self, slot: Slot) -> None:
        try:
            child = slot.child = await Child.spawn(slot.number, self._command, self._name, *self._stdout)
        except OSError as error:  # no memory, no process, no descriptor: that may pass
            return self._failed(slot, StartFault([f"cannot be started: {error.strerror}"]))
        if self._stopping.is_set():
            child.kill()
        try:
            await self._begin(child)
            await child.watch(self._pace)
            if not self._stopping.is_set():
                log.error("%s (%d) ended: %s", child.name, child.pid, _ending(child.process.returncode))
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
        log.info("%s (%d) is ready with version %d", child.name, child.pid, child.version)
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
            raise StartFault([f"{child.name} did not take version {now.version}"]) from None

    def _failed(self, slot: Slot, fault: StartFault) -> None:
        if self._stopping.is_set():
            return
        for problem in fault.problems:
            log.error("%s %d: %s", self._name, slot.number, problem)
        given_up = slot.streak + 1 >= self._pace.attempts and not self._aside
        if not self.first.is_set() and (fault.configuration or given_up):
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

    def _ready(self) -> list[Child]:
        return [child for child in self._children() if child.ready]


def _described(slot: Slot) -> dict[str, Any]:
    child = slot.child
    about: dict[str, Any] = {"worker": slot.number, "restarts": slot.restarts}
    if child is None:
        return about | {"pid": None, "version": None, "reasons": ["not running: waits for its next start"]}
    return about | {"pid": child.pid, "version": child.version, "reasons": child.reasons}


def _ending(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
