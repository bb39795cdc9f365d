"""``doorward serve``: the parent process. ``Supervisor.run`` says what it starts, waits for and stops, in order."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from doorward.control.admin import application
from doorward.control.api import Api
from doorward.control.store import Store
from doorward.core.errors import ConfigurationFault
from doorward.supervisor.admin_server import served
from doorward.supervisor.child import StartFault
from doorward.supervisor.exposition import Shipping, View, render
from doorward.supervisor.fleet import Fleet
from doorward.supervisor.pace import Pace
from doorward.supervisor.plan import Load, Plan
from doorward.supervisor.reload import Reloads
from doorward.worker.logs import Format
from doorward.worker.process import told
from doorward.worker.service import Start
from doorward.worker.sockets import Place, listener, reserve, resolve

log = logging.getLogger(__name__)

LAST_DELIVERY = 3.0
"""Seconds that the shipper has at the end (``shipping.target.Pace.flush`` of them for the sinks); what they do not take
then, they get after the next start.
"""

DONE, CUT_OFF, WRONG_CONFIGURATION, OUTSIDE_FAILED = 0, 1, 2, 3

WORKER = (sys.executable, "-m", "doorward.worker", "serve")
SHIPPER = (sys.executable, "-m", "doorward.worker", "ship")


class Options(msgspec.Struct, frozen=True):
    """How ``serve`` was called. ``announce``: print one JSON line with the addresses on stdout when all is ready."""

    config: Path
    version: str
    announce: bool = False
    log_format: Format = "text"
    log_level: str = "INFO"


def serve(
    options: Options,
    load: Load,
    *,
    first: Load | None = None,
    command: Sequence[str] = WORKER,
    pace: Pace = Pace(),  # noqa: B008 - frozen
) -> int:
    """Serve until a signal; the exit code. ``command`` starts a worker, with the number of a descriptor added."""
    try:
        plan = (first or load)(options.config)
    except ConfigurationFault as fault:
        return _complain(told(fault), WRONG_CONFIGURATION)
    with contextlib.ExitStack() as held:
        try:
            listen = _hold(held, "listen.address", plan.listen)
            admin, place = _admin(held, plan.admin)
        except ConfigurationFault as fault:
            return _complain(told(fault), WRONG_CONFIGURATION)
        except OSError as error:
            return _complain([str(error)], OUTSIDE_FAILED)
        supervisor = Supervisor(options, Reloads(plan, load), listen, place, command, pace)
        return asyncio.run(supervisor.run(admin))


class Supervisor:
    """The workers, the shipper, the admin address, and the configuration file, together. It is the admin application's
    ``Board``.
    """

    def __init__(
        self, options: Options, reloads: Reloads, listen: Place, admin: Place, command: Sequence[str], pace: Pace
    ) -> None:
        self._options = options
        self._reloads = reloads
        self._listen = listen
        self._admin = admin
        self._pace = pace
        self._fleet = Fleet(command, reloads.plan.workers, self._start, pace)
        self._shipping = Fleet(SHIPPER, int(reloads.plan.ships), self._ship, pace, "shipper", aside=True)
        self._signals = 0
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self, admin: socket.socket) -> int:
        """Until a signal or a worker that cannot start; the exit code."""
        plan = self._reloads.plan
        with self._signalled(), contextlib.ExitStack() as held:
            api = self._api(plan, held)
            async with served(application(self, plan.admin_hosts, api.routes() if api is not None else ()), admin):
                workers = asyncio.create_task(self._fleet.run())
                shipper = asyncio.create_task(self._shipping.run())
                others = [asyncio.create_task(part) for part in (self._greet(), self._follow(), self._hang_ups())]
                stop = asyncio.create_task(self._stop.wait())
                ends = (workers, stop, shipper) if plan.ships else (workers, stop)
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                await _cancelled([stop, *others])
                if api is not None:
                    api.close()  # streams of events, or the admin server would wait for them
                return await self._end(workers, shipper)

    def _api(self, plan: Plan, held: contextlib.ExitStack) -> Api | None:
        if plan.store is None:
            return None
        store = held.enter_context(contextlib.closing(Store(plan.store)))
        return Api(store, plan.audit, lambda: self._reloads.plan.modes, time.time)

    async def _end(self, workers: asyncio.Task[None], shipper: asyncio.Task[None]) -> int:
        if not workers.done():
            drain = self._reloads.plan.drain
            log.info("stopping: calls in flight have %g s to end; a second signal cuts them off", drain)
            await self._fleet.stop(drain)
        await self._shipping.stop(LAST_DELIVERY)  # after the workers: their last records too
        try:
            await workers
            await shipper
        except StartFault as fault:
            return _complain(fault.problems, WRONG_CONFIGURATION if fault.configuration else OUTSIDE_FAILED)
        log.info("stopped")
        return DONE if self._signals < 2 else CUT_OFF

    # what the admin address shows

    async def metrics(self) -> bytes:
        total, up = await self._fleet.scrape()
        reloads = self._reloads
        view = View(total, up, self._fleet.restarts(), reloads.version, bool(reloads.problems))
        if self._shipping.slots:
            _, shipping = await self._shipping.scrape()
            sinks = [sink for export in self._shipping.exports() for sink in export.get("sinks", ())]
            shipper = Shipping(shipping[0], self._shipping.restarts(), sinks)
            view = msgspec.structs.replace(view, shipping=shipper)
        return render(view)

    async def unready(self) -> list[str]:
        if self._stop.is_set():
            return ["draining: the gateway is about to stop"]
        _, up = await self._fleet.scrape()
        workers = self._fleet.status()
        if any(up[about["worker"]] and not about["reasons"] for about in workers):
            return []
        return [f"worker {about['worker']}: {_reason(about, up[about['worker']])}" for about in workers]

    def status(self) -> dict[str, Any]:
        plan = self._reloads.plan
        return {
            "version": self._options.version,
            "pid": os.getpid(),
            "listen": str(self._listen),
            "admin": str(self._admin),
            "draining": self._stop.is_set(),
            "workers": self._fleet.status(),
            "shipper": self._shipping.status(),
            "mode": plan.mode,
            "servers": [{"id": server, "mode": mode} for server, mode in plan.servers.items()],
            "config": {"path": str(plan.path), "version": self._reloads.version, "digest": plan.digest},
            "reload": self._reloads.status(),
        }

    # what runs beside

    def _ship(self, shipper: int) -> Start:
        return msgspec.structs.replace(self._start(shipper), name="shipper")

    async def _adopt(self, version: int, text: str, commit: Callable[[], None]) -> list[str]:
        """Bring all processes to a version, or none: compile everywhere, ``commit``, swap. What is against it.

        ``commit`` puts the version in force for those that start from then on.
        """
        fleets = (self._fleet, self._shipping)
        problems = await asyncio.gather(*(fleet.prepare(version, text) for fleet in fleets))
        if found := [problem for each in problems for problem in each]:
            for fleet in fleets:
                fleet.drop(version)
            return found
        commit()
        await asyncio.gather(*(fleet.swap(version) for fleet in fleets))
        return []

    def _start(self, worker: int) -> Start:
        plan = self._reloads.plan
        return Start(
            worker=worker,
            version=self._reloads.version,
            path=plan.path,
            text=plan.text,
            listen=self._listen,
            keys=plan.keys,
            audit=plan.audit,
            store=plan.store,
            workers=plan.workers,
            log_format=self._options.log_format,
            log_level=self._options.log_level,
            policies=plan.policy_files,
            policies_from=str(plan.policies) if plan.policy_files else "",
        )

    async def _greet(self) -> None:
        await self._fleet.first.wait()
        plan = self._reloads.plan
        for notice in plan.notices:
            log.warning("%s", notice)
        many = f"{plan.workers} worker{'s' if plan.workers > 1 else ''}"
        log.info("doorward %s listens on %s (%s), admin on %s", self._options.version, self._listen, many, self._admin)
        if self._options.announce:
            about = {"event": "ready", "version": self._options.version, "pid": os.getpid(), "workers": plan.workers}
            print(json.dumps(about | {"listen": str(self._listen), "admin": str(self._admin)}), flush=True)

    async def _follow(self) -> None:
        await self._reloads.follow(self._adopt, self._pace.watch)

    async def _hang_ups(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            log.info("SIGHUP: reading %s again", self._reloads.plan.path)
            await self._reloads.attempt(self._adopt, unchanged=True)

    @contextlib.contextmanager
    def _signalled(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._told_to_stop)
        loop.add_signal_handler(signal.SIGINT, self._told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _told_to_stop(self) -> None:
        self._signals += 1
        if self._signals > 1:
            self._fleet.cut()
            self._shipping.cut()
        self._stop.set()


def _hold(held: contextlib.ExitStack, setting: str, address: str) -> Place:
    try:
        reserved, place = reserve(resolve(address))
    except ValueError as error:
        raise ConfigurationFault(f"{setting}: {error} (write HOST:PORT, as 127.0.0.1:8080)") from None
    except OSError as error:
        raise OSError(_taken(setting, address, error)) from None
    held.enter_context(reserved)
    return place


def _admin(held: contextlib.ExitStack, address: str) -> tuple[socket.socket, Place]:
    try:
        place = resolve(address)
        bound = held.enter_context(listener(place, shared=False))
    except ValueError as error:
        raise ConfigurationFault(f"admin.address: {error} (write HOST:PORT, as 127.0.0.1:8081)") from None
    except OSError as error:
        raise OSError(_taken("admin.address", address, error)) from None
    return bound, msgspec.structs.replace(place, port=bound.getsockname()[1])


def _taken(setting: str, address: str, error: OSError) -> str:
    return f"{setting}: cannot bind {address}: {error.strerror} (choose another address, or stop who has this one)"


def _reason(about: dict[str, Any], answered: bool) -> str:
    if about["reasons"]:
        return "; ".join(about["reasons"])
    return "ready" if answered else "gives no sign of life"


def _complain(problems: Sequence[str], code: int) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return code


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
