"""A supervisor whose workers speak a line protocol, so that the processes are tested without the gateway in them.

``python -m tests.functional.fake_gateway CONFIG PACE`` supervises; CONFIG is JSON, PACE the ``Pace`` as JSON.
A worker answers ``pid``, ``word`` (of its configuration), ``count`` (counts one call), ``hold`` (answers when told to
stop), ``stuck`` (its event loop stands still).
"""

import asyncio
import hashlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from doorward.core.errors import ConfigurationFault
from doorward.gateway.meter import CALLS, CONNECTIONS, IN_FLIGHT, Meter
from doorward.supervisor.pace import Pace
from doorward.supervisor.plan import Plan
from doorward.supervisor.run import Options, serve
from doorward.worker.logs import to_stderr
from doorward.worker.process import run
from doorward.worker.service import Start


def compiled(text: str) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ConfigurationFault("gateway.json:1:1: not JSON") from None
    return settings


def load(path: Path) -> Plan:
    try:
        text = path.read_text()
    except OSError:
        raise ConfigurationFault(f"{path.name}: cannot be read") from None
    settings = compiled(text)
    return Plan(
        path=path,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        listen=settings.get("listen", "127.0.0.1:0"),
        admin=settings.get("admin", "127.0.0.1:0"),
        workers=settings.get("workers", 1),
        drain=settings.get("drain", 5.0),
        keys=path.parent,
        audit=path.parent,
        mode="audit",
        servers={"crm": "enforce"},
    )


class FakeService:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._meter = Meter()
        self._meter.watch(CONNECTIONS, lambda: float(len(self._open)))
        self._meter.watch(IN_FLIGHT, lambda: float(self._holding))
        self._open: set[asyncio.StreamWriter] = set()
        self._holding = 0
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def open(self, bound: socket.socket | None) -> None:
        assert bound is not None
        self._server = await asyncio.start_server(self._client, sock=bound)

    def prepare(self, version: int, text: str) -> dict[str, Any]:
        settings = compiled(text)
        if settings.get("refused_by") == "worker":
            raise ConfigurationFault("gateway.json:1:2: the worker cannot compile this")
        if settings.get("refused_by") == "bug":
            raise RuntimeError("a secret")
        return settings

    async def swap(self, prepared: dict[str, Any]) -> None:
        self._settings = prepared

    async def drop(self, prepared: dict[str, Any]) -> None:
        """Nothing is open."""

    def reasons(self) -> list[str]:
        return list(self._settings.get("reasons", ()))

    def export(self) -> dict[str, Any]:
        return self._meter.export()

    async def drain(self) -> None:
        assert self._server is not None
        self._server.close()
        self._stopping.set()
        while self._holding:
            self._idle.clear()
            await self._idle.wait()

    async def close(self) -> None:
        for writer in self._open:
            writer.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while line := await reader.readline():
                writer.write((await self._answer(line.decode().strip()) + "\n").encode())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, asked: str) -> str:
        match asked:
            case "count":
                self._meter.count(CALLS, "crm", "tools/call", "allow", "")
                self._meter.observe("read", 0.0002)
            case "word":
                return str(self._settings.get("word", ""))
            case "hold":
                await self._hold()
            case "stuck":
                time.sleep(3600)  # noqa: ASYNC251 - the standstill is the point
        return str(os.getpid())

    async def _hold(self) -> None:
        self._holding += 1
        await self._stopping.wait()
        if self._settings.get("never"):
            await asyncio.sleep(3600)
        self._holding -= 1
        self._idle.set()


async def build(start: Start) -> FakeService:
    settings = compiled(start.text)
    if settings.get("start") == "crash":
        os._exit(7)
    if settings.get("start") == "refuse":
        raise ConfigurationFault("gateway.json:3:4: servers.crm.url: nothing there (give one)")
    return FakeService(settings)


def supervise(config: str, pace: str) -> int:
    to_stderr("text")
    options = Options(Path(config), "0.0.test", announce=True)
    command = (sys.executable, "-m", "tests.functional.fake_gateway")
    return serve(options, load, command=command, pace=msgspec.json.decode(pace.encode(), type=Pace))


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), build) if len(sys.argv) == 2 else supervise(*sys.argv[1:]))
