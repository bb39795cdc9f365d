"""One worker process, from outside: start it, ask it, end it."""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from doorward.supervisor.pace import Pace
from doorward.supervisor.totals import Export
from doorward.worker.channel import Channel, ChannelClosed, Fields
from doorward.worker.service import Start

log = logging.getLogger(__name__)

_SETTINGS = {"PYTHONNODEBUGRANGES": "1"}
"""The columns of a traceback, which our log does not show, would take a megabyte."""

_STDERR = 2  # our own stdout is for the one line of --json


class StartFault(Exception):
    """A worker could not start. ``problems`` are its own words; ``configuration``: another try would not help."""

    def __init__(self, problems: Sequence[str], *, configuration: bool = False) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
        self.configuration = configuration


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: what the operator has set wins. Servers that it starts get none of ours."""
    return {**_SETTINGS, **base}


class Child:
    """A worker that was spawned; ``name``: in what is said of it. ``export`` and ``reasons`` are its latest answer;
    ``version`` what it serves.
    """

    def __init__(self, number: int, process: asyncio.subprocess.Process, name: str = "worker") -> None:
        self.number = number
        self.name = f"{name} {number}"
        self.process = process
        self.ready = False
        self.version = 0
        self.reasons: list[str] = ["starting"]
        self.export: Export = {}
        self._channel: Channel | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def spawn(
        cls, number: int, command: Sequence[str], name: str = "worker", stdout: int | None = _STDERR
    ) -> "Child":
        """``stdout``: a descriptor; None: ours. Raises ``OSError``."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    str(theirs.fileno()),
                    pass_fds=[theirs.fileno()],
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=stdout,
                    env=environment(os.environ),
                )
            except BaseException:
                ours.close()
                raise
        child = cls(number, process, name)
        child._channel = await Channel.over(ours, child._handle)
        child._reading = asyncio.create_task(child._channel.run())
        return child

    @property
    def pid(self) -> int:
        return self.process.pid

    async def start(self, start: Start, within: float) -> None:
        """Have it compile and listen. Raises StartFault."""
        try:
            answer = await self._ask("start", within=within, **start.plain())
        except ChannelClosed:
            code = await self.process.wait()
            raise StartFault([f"{self.name} ended with {code} while starting; its words are above"]) from None
        except TimeoutError:
            raise StartFault([f"{self.name} was not ready within {within:g} s"]) from None
        if "failed" in answer:
            raise StartFault(answer["problems"], configuration=answer["failed"] == "configuration")
        self._pulsed(answer)
        self.ready = True

    async def pulse(self, within: float) -> None:
        """Ask for a sign of life, with its counts. Raises TimeoutError or ChannelClosed."""
        self._pulsed(await self._ask("pulse", within=within))

    async def watch(self, pace: Pace) -> None:
        """Return when the process has ended; kill it when its event loop stands still."""
        assert self._reading is not None
        try:
            while not self._reading.done():
                await self.pulse(pace.stuck)
                await asyncio.wait([self._reading], timeout=pace.pulse)  # its end is noticed at once
        except TimeoutError:
            log.error("%s (%d) gave no sign of life for %g s and is killed", self.name, self.pid, pace.stuck)
            self.kill()
        except ChannelClosed:
            pass
        await self._ended_within(pace.grace)

    async def prepare(self, version: int, text: str, within: float) -> list[str]:
        """The problems of this version; empty when it is compiled and waits for ``swap``."""
        answer = await self._ask("prepare", within=within, version=version, text=text)
        return list(answer.get("problems", ())) if "failed" in answer else []

    async def swap(self, version: int, within: float) -> None:
        """Let it serve a prepared version; nothing happens if it already has a later one."""
        self.version = (await self._ask("swap", within=within, version=version))["version"]

    def drop(self, version: int) -> None:
        """Let it forget a version that was prepared."""
        assert self._channel is not None
        self._channel.tell("drop", version=version)

    async def stop(self, drain: float, grace: float) -> None:
        """Let it finish its calls for ``drain`` seconds; kill it ``grace`` seconds later."""
        assert self._channel is not None
        self._channel.tell("stop", drain=drain)
        await self._ended_within(drain + grace)

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()

    async def ended(self) -> int:
        """Wait for the end; what it said last has been read by then."""
        code = await self.process.wait()
        self.ready = False
        if self._reading is not None:
            await asyncio.wait([self._reading])
        return code

    async def _ended_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.ended()
        except TimeoutError:
            log.error("%s (%d) did not end in time and is killed", self.name, self.pid)
            self.kill()
            await self.ended()

    async def _ask(self, what: str, *, within: float, **fields: Any) -> Fields:
        assert self._channel is not None
        return await self._channel.ask(what, within=within, **fields)

    async def _handle(self, what: str, fields: Fields) -> Fields | None:
        if what == "bye":
            self._pulsed(fields)
        return None

    def _pulsed(self, answer: Fields) -> None:
        self.version, self.reasons, self.export = answer["version"], answer["reasons"], answer["meter"]
