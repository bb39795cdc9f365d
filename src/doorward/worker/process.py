"""One worker process: it runs one ``Service`` and answers the supervisor (``python -m doorward.worker KIND FD``)."""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
from typing import Any

from doorward.core.errors import ConfigurationFault, Fault
from doorward.worker import logs
from doorward.worker.channel import Channel, Fields
from doorward.worker.collector import spare_the_collector
from doorward.worker.descriptors import make_room
from doorward.worker.service import Build, Service, Start
from doorward.worker.sockets import listener

log = logging.getLogger(__name__)

CLOSE_WITHIN = 2.0
"""Seconds for closing connections and children once it is decided to end."""

_SWITCH = 0.001
"""Seconds that a thread waits for a busy loop. Each call waits for the thread that writes the log, twice or more: with
Python's 5 ms a loop that never rests, because one peer floods it, makes everybody's calls slow.
"""

_PR_SET_PDEATHSIG = 1


def run(descriptor: int, build: Build, *, listens: bool = True) -> int:
    """Run until the supervisor says stop (0) or is gone (1). ``listens``: the service gets a socket to accept on."""
    _leave_signals_to_the_supervisor()
    _die_with_the_supervisor()
    make_room()
    end = socket.socket(fileno=descriptor)
    end.set_inheritable(False)  # a server that we start must not hold the line open after our death
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(Worker(build, listens=listens).live(end))


class Worker:
    """Answers the supervisor: ``start``, ``pulse``, ``prepare``, ``swap``, ``drop``, ``stop``."""

    def __init__(self, build: Build, *, listens: bool = True) -> None:
        self._build = build
        self._listens = listens
        sys.setswitchinterval(_SWITCH)
        self._service: Service | None = None
        self._prepared: dict[int, Any] = {}
        self._version = 0
        self._channel: Channel | None = None
        self._ending: asyncio.Task[None] | None = None

    async def live(self, end: socket.socket) -> int:
        self._channel = await Channel.over(end, self._handle)
        await self._channel.run()
        if self._ending is not None and self._ending.done():
            return 0
        log.warning("the supervisor is gone: this worker ends")
        if self._ending is not None:
            self._ending.cancel()
        await self._close()
        return 1

    async def _handle(self, what: str, fields: Fields) -> Fields:
        match what:
            case "start":
                return await self._start(Start.of(fields))
            case "pulse":
                return self._pulse()
            case "prepare":
                return self._prepare(fields["version"], fields["text"])
            case "swap":
                return await self._swap(fields["version"])
            case "drop":
                return await self._drop(fields["version"])
            case "stop":
                return self._stop(fields["drain"])
        raise ValueError(f"the supervisor asks for {what!r}")

    async def _start(self, start: Start) -> Fields:
        form: logs.Format = "json" if start.log_format == "json" else "text"
        logs.to_stderr(form, start.log_level, f"{start.name}-{start.worker}")
        try:
            service = await self._build(start)
            await service.open(listener(start.listen, shared=True) if self._listens else None)
        except ConfigurationFault as fault:
            return {"failed": "configuration", "problems": told(fault)}
        except Fault as fault:
            return {"failed": fault.code, "problems": [fault.detail]}
        except OSError as error:
            return {"failed": "start", "problems": [f"{start.listen}: {error.strerror or type(error).__name__}"]}
        self._service, self._version = service, start.version
        spare_the_collector()
        return self._pulse()

    def _pulse(self) -> Fields:
        if self._service is None:
            return {"version": 0, "reasons": ["starting"], "meter": {}}
        return {"version": self._version, "reasons": self._service.reasons(), "meter": self._service.export()}

    def _prepare(self, version: int, text: str) -> Fields:
        assert self._service is not None
        try:
            self._prepared[version] = self._service.prepare(version, text)
        except ConfigurationFault as fault:
            return {"failed": "configuration", "problems": told(fault)}
        except Exception as error:  # whatever a file does to the compiler, the last good version serves on
            log.exception("version %d cannot be compiled", version)
            return {"failed": "fault", "problems": [f"{type(error).__name__} while compiling; see the log"]}
        return {}

    async def _swap(self, version: int) -> Fields:
        assert self._service is not None
        if version > self._version:
            await self._service.swap(self._prepared[version])
            self._version = version
            self._prepared = {later: one for later, one in self._prepared.items() if later > version}
            spare_the_collector()
        return {"version": self._version}

    async def _drop(self, version: int) -> Fields:
        prepared = self._prepared.pop(version, None)
        if prepared is not None:
            assert self._service is not None
            await self._service.drop(prepared)
        return {}

    def _stop(self, drain: float) -> Fields:
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(drain))
        return {}

    async def _end(self, drain: float) -> None:
        assert self._channel is not None
        if self._service is not None:
            try:
                async with asyncio.timeout(drain):
                    await self._service.drain()
            except TimeoutError:
                log.warning("calls were still open after %g s and are cut", drain)
        await self._close()
        self._channel.tell("bye", **self._pulse())
        await self._channel.flush()
        asyncio.get_running_loop().call_soon(self._channel.close)

    async def _close(self) -> None:
        if self._service is None:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._service.close()
        except TimeoutError:
            log.warning("not all was closed within %g s", CLOSE_WITHIN)


def told(fault: ConfigurationFault) -> list[str]:
    """The lines of a configuration fault, one per problem."""
    return [str(problem) for problem in getattr(fault, "problems", ())] or [fault.detail]


def _loop_factory() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop  # not to be had on Windows

    return uvloop.new_event_loop


def _leave_signals_to_the_supervisor() -> None:
    """A terminal and a service manager signal the whole group; only the supervisor decides what it means.

    Handlers that do nothing, for ignored signals would stay ignored in the servers that we start.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def _die_with_the_supervisor() -> None:
    """On Linux the kernel ends us with our parent, even if stuck (prctl(2)); elsewhere the channel's end does."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
