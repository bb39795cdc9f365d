"""A gateway that may be killed, calls that go on meanwhile, and what the log says of them afterwards."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.gateway import Gateway, merged
from tests.hostile.raw import Answer, Raw, post
from tests.hostile.scripted import Asked, Line, Script, Scripted, in_background
from tests.hostile.setting import AMPLE, IDENTIFIED, echo, message, reason_of
from tests.hostile.watch import records
from tests.processes import alive, children_of
from tests.waiting import PATIENCE, until


class Killable(Gateway):
    """``kill`` gives it no time for anything; ``start`` may follow."""

    @property
    def workers(self) -> list[int]:
        return [pid for pid in children_of(self.pid) if alive(pid)]

    async def kill(self) -> None:
        """SIGKILL for the supervisor and all workers, in one system call."""
        process, self._process = self._process, None
        assert process is not None
        workers = [pid for pid in children_of(process.pid) if alive(pid)]
        os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        await until(lambda: not any(map(alive, workers)))

    @property
    def exported(self) -> Path:
        return self.directory / "exported"

    def readiness(self) -> tuple[int, str]:
        """The status of ``/readyz`` and what it says; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(self.admin_url("/readyz"), timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    async def ready(self, workers: int) -> None:
        """Return when all workers run and serve."""
        await until(lambda: len(self.workers) == workers and self.readiness()[0] == 200)


class Forwarded:
    """The good upstream, which keeps the trace of each call that reached it."""

    def __init__(self) -> None:
        self.traces: list[str] = []

    async def __call__(self, asked: Asked, line: Line) -> bool:
        self.traces.append(trace_of(asked))
        return await echo(asked, line)


def trace_of(asked: Asked) -> str:
    return asked.fields["traceparent"].split("-")[1]


class Running(NamedTuple):
    """What a test asks and looks at."""

    gateway: Killable
    forwarded: Forwarded

    async def call(self, server: str = "good") -> tuple[str, Answer]:
        """A call on a connection of its own: its trace, and the answer."""
        async with Raw.to(self.gateway.port) as raw:
            return await call(raw, self.gateway.port, server)

    async def verify(self, *more: str) -> dict[str, Any]:
        """What ``doorward audit verify --checkpoints`` says, which must be that the log is intact and complete."""
        gateway = self.gateway
        command = ["-m", "doorward", "audit", "verify", "-c", gateway.config_path, "--checkpoints", gateway.exported]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "--json", "--jobs", "1", *more, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        found: dict[str, Any] = json.loads(said)
        assert (process.returncode, found["intact"], found["complete"]) == (0, True, True), said.decode()
        assert found["with_exported"]
        return found

    def told(self) -> "Told":
        return Told(self)


@contextlib.contextmanager
def running(directory: Path, scripts: Mapping[str, Script] | None = None, *, workers: int) -> Iterator[Running]:
    """A started gateway in mode ``enforce`` before the upstreams."""
    forwarded = Forwarded()
    with in_background(Scripted({"good": forwarded, **(scripts or {})})) as upstream:
        extra = {"listen": {"workers": workers}, "audit": {"checkpoints": str(directory / "exported")}}
        with Killable(directory, upstream.servers(), mode="enforce", extra=merged(AMPLE, extra)) as gateway:
            yield Running(gateway, forwarded)


async def call(raw: Raw, port: int, server: str = "good") -> tuple[str, Answer]:
    """A call that is known by its trace. Raises ``EOFError`` or ``ConnectionError`` where no answer comes."""
    trace = secrets.token_hex(16)
    fields = (*IDENTIFIED, ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01"))
    await raw.say(post(f"/mcp/{server}", message(7, trace=trace), port=port, fields=fields))
    return trace, await raw.answer(patience=PATIENCE)


class Load:
    """Clients that call without a pause, and call again when their connection breaks. ``pause``: seconds, each, where
    the log would grow faster than somebody reads it.

    ``answered``: the traces of the calls whose whole answer a client has. ``refused``: why others were not passed.
    """

    def __init__(self, port: int) -> None:
        self.answered: set[str] = set()
        self.refused: list[str] = []
        self.pause = 0.0
        self._port = port
        self._over = False

    async def answers(self, more: int) -> None:
        """Return when there are so many more than now."""
        enough = len(self.answered) + more
        await until(lambda: len(self.answered) >= enough)

    @contextlib.contextmanager
    def slower(self) -> Iterator[None]:
        self.pause = 0.05
        try:
            yield
        finally:
            self.pause = 0.0

    async def _client(self) -> None:
        while not self._over:
            try:
                async with Raw.to(self._port) as raw:
                    while not self._over:
                        await self._call(raw)
                        await asyncio.sleep(self.pause)
            except TimeoutError:
                raise
            except (OSError, EOFError):
                await asyncio.sleep(0.01)  # nobody listens now

    async def _call(self, raw: Raw) -> None:
        trace, answer = await call(raw, self._port)
        if answer.status == 200 and "result" in answer.json():
            self.answered.add(trace)
        else:
            self.refused.append(reason_of(answer))

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, gateway: Gateway, clients: int = 8) -> AsyncIterator["Load"]:
        """Leaving the block lets the calls under way end."""
        load = cls(gateway.port)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(clients):
                tasks.create_task(load._client())
            try:
                yield load
            finally:
                load._over = True


class Told:
    """What a log of which nobody writes any more says."""

    def __init__(self, of: Running) -> None:
        self.records = records(of.gateway)
        self._calls = [record for record in self.records if record["kind"] == "exchange"]

    def phases(self, trace: str) -> list[tuple[str, str]]:
        """(phase, decision) of the records of a call, the intent first; another writer may have told the outcome."""
        return sorted((record["phase"], record["decision"]) for record in self._of(trace))

    def unrecorded(self, traces: set[str]) -> set[str]:
        """Those of these calls that have no intent."""
        return traces - {record["trace_id"] for record in self._calls if record["phase"] == "intent"}

    def unended(self) -> list[str]:
        """The exchanges that have not exactly one intent and one outcome."""
        phases: dict[str, list[str]] = {}
        for record in self._calls:
            phases.setdefault(record["exchange_id"], []).append(record["phase"])
        return [name for name, found in phases.items() if sorted(found) != ["intent", "outcome"]]

    def passed(self) -> set[str]:
        """The calls whose outcome says that the answer was passed on."""
        outcomes = (record for record in self._calls if record["phase"] == "outcome")
        return {record["trace_id"] for record in outcomes if record["decision"] == "allow"}

    def reasons(self, kind: str) -> set[str]:
        return {record["reason"] for record in self.records if record["kind"] == kind and record["reason"]}

    def _of(self, trace: str) -> list[dict[str, Any]]:
        return [record for record in self._calls if record["trace_id"] == trace]
