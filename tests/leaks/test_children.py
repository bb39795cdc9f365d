"""1,000 trivial stdio servers behind `serve`, ended in every way there is: no process, zombie or descriptor is left.

DOORWARD_LEAK_CHILDREN makes it more, or less.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.gateway import Gateway
from tests.hostile.raw import Answer, Fields, Raw, post
from tests.hostile.setting import AMPLE
from tests.hostile.watch import MIB, descriptors, gauges, resident, until, worker_of
from tests.leaks.children import COMMAND, INITIALIZE, MUTE, SH, pid_in
from tests.processes import alive, children_of

pytestmark = [pytest.mark.leaks, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

CHILDREN = int(os.environ.get("DOORWARD_LEAK_CHILDREN", "1000"))
CRASHES = 40  # each under an agent of its own, for a principal whose children crash must wait for the next (back-off)
CALM = range(CRASHES, CRASHES + 20)
AT_ONCE = 8
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
WAIT = b'{"jsonrpc":"2.0","id":2,"method":"wait"}'
EXIT = b'{"jsonrpc":"2.0","id":3,"method":"exit"}'


def token(number: int) -> str:
    return f"a-token-for-agent-{number}"


class Sessions:
    """Opens sessions and ends them, each in the way that is asked for. `pids` are the children that told theirs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pids: list[int] = []
        self.ended: Counter[str] = Counter()

    def said(self, body: bytes, agent: int, session: str = "", verb: str = "POST") -> bytes:
        fields: Fields = (("X-MCP-Token", token(agent)), *([("Mcp-Session-Id", session)] if session else []))
        return post("/mcp/sh", body, port=self.port, fields=fields).replace(b"POST", verb.encode(), 1)

    async def open(self, raw: Raw, agent: int) -> tuple[str, int]:
        await raw.say(self.said(INITIALIZE, agent))
        found = await raw.answer(patience=30)
        assert found.status == 200, found
        pid = pid_in(found.json()["result"])
        self.pids.append(pid)
        return found["mcp-session-id"], pid

    async def one(self, way: str, agent: int) -> None:
        async with Raw.to(self.port) as raw:
            if way == "vanished":  # before anybody can have learnt the session's id
                await raw.say(self.said(INITIALIZE, agent).replace(b"/mcp/sh", b"/mcp/mute", 1))
                await asyncio.sleep(random.random() * 0.02)
                raw.reset()
                self.ended[way] += 1
                return
            session, pid = await self.open(raw, agent)
            await raw.say(self.said(PING, agent, session))
            assert pid_in((await raw.answer()).json()["result"]) == pid
            if way == "deleted":
                await raw.say(self.said(b"", agent, session, "DELETE"))
                assert (await raw.answer()).status in (200, 202, 204)
            elif way == "deleted at work":
                await self._delete_at_work(raw, agent, session)
            elif way == "killed":
                os.kill(pid, signal.SIGKILL)
                await until(lambda: not alive(pid), lambda: "it lives", 10)
            elif way == "exited":
                await raw.say(self.said(EXIT, agent, session))
                assert_crashed(await raw.answer())
            if way != "deleted at work":
                await until(lambda: self._forgotten(agent, session), lambda: f"{way}, and the session goes on", 10)
        self.ended[way] += 1

    async def _delete_at_work(self, raw: Raw, agent: int, session: str) -> None:
        """A call under way when its session ends gets its error."""
        async with Raw.to(self.port) as other:
            await raw.say(self.said(WAIT, agent, session))
            await asyncio.sleep(0.01)  # so that it is, mostly, under way
            await other.say(self.said(b"", agent, session, "DELETE"))
            assert (await other.answer()).status in (200, 202, 204)
        assert_crashed(await raw.answer())

    async def _forgotten(self, agent: int, session: str) -> bool:
        async with Raw.to(self.port) as raw:
            await raw.say(self.said(PING, agent, session))
            found = await raw.answer()
        return found.status == 404 or "error" in found.json()


def assert_crashed(found: Answer) -> None:
    said = found.messages()[-1]
    assert said["error"]["data"]["reason"] == "upstream.crashed", found


def ways(number: int) -> list[tuple[str, int]]:
    """How each session ends, and whose it is."""
    polite = ("deleted", "vanished", "deleted at work", "deleted", "deleted")
    crashes = [("killed" if n % 2 else "exited", n) for n in range(CRASHES)]
    return crashes + [(polite[n % 5], CALM[n % len(CALM)]) for n in range(number - CRASHES)]


def settings() -> tuple[dict[str, object], dict[str, str]]:
    numbers = (*range(CRASHES), *CALM)
    rights = {"sh": ["*"], "mute": ["*"]}
    agents = [{"id": f"agent:{n}", "token": f"env:LEAK_TOKEN_{n}", "servers": rights} for n in numbers]
    limits = AMPLE["limits"] | {"children_per_server": 64, "children_per_principal": 64}
    return {"limits": limits, "identity": {"agents": agents}}, {f"LEAK_TOKEN_{n}": token(n) for n in numbers}


async def test_nothing_is_left_of_a_thousand_children(tmp_path: Path) -> None:
    extra, environment = settings()
    gateway = Gateway(tmp_path, {"sh": SH, "mute": MUTE}, mode="enforce", extra=extra, environment=environment)
    await asyncio.to_thread(gateway.start)
    sessions = Sessions(gateway.port)
    try:
        await come_and_go(gateway, sessions)
        # Those that nobody ends go with the gateway.
        async with Raw.to(gateway.port) as raw:
            abandoned = [(await sessions.open(raw, agent))[1] for agent in CALM]
        assert all(alive(pid) for pid in abandoned)
    finally:
        await asyncio.to_thread(gateway.close)
    left = [pid for pid in sessions.pids if alive(pid)]
    assert not left, f"{len(left)} children outlived the gateway"
    assert "Traceback" not in gateway.log()


async def come_and_go(gateway: Gateway, sessions: Sessions) -> None:
    worker = worker_of(gateway)
    await sessions.one("deleted", CALM[0])
    await at_rest(gateway, worker)
    at_start, before, memory = gauges(gateway), len(descriptors(worker)), resident(worker)
    todo = ways(CHILDREN)

    async def one_after_the_other() -> None:
        while todo:
            await sessions.one(*todo.pop())

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    assert sessions.ended.total() == CHILDREN + 1
    assert len(set(sessions.pids)) > 0.7 * CHILDREN
    await at_rest(gateway, worker)
    await until(lambda: gauges(gateway) == at_start, lambda: f"{gauges(gateway)}, was {at_start}", 10)
    await until(lambda: len(descriptors(worker)) == before, lambda: f"{descriptors(worker)}, {before} at the start", 10)
    assert resident(worker) - memory < 16 * MIB
    assert worker_of(gateway) == worker


async def at_rest(gateway: Gateway, worker: int) -> None:
    """No child of the worker is left, not even as a zombie."""
    await until(lambda: children_of(worker) == [], lambda: f"{len(children_of(worker))} children left", 20)


RUNS = int(os.environ.get("DOORWARD_LEAK_RUNS", "60"))


async def wrapped(directory: Path, way: str) -> tuple[str, int | None, int]:
    """One `doorward run`: (way, its exit code, the child's pid)."""
    command = (sys.executable, "-m", "doorward", "run", "--", *COMMAND)
    pipe = asyncio.subprocess.PIPE
    with (directory / "run.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=log, env=os.environ | {"XDG_STATE_HOME": str(directory)}
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            process.stdin.write(INITIALIZE + b"\n")
            pid = pid_in(json.loads(await process.stdout.readline())["result"])
            assert alive(pid)
            if way == "end of input":
                process.stdin.close()
            elif way == "exit":
                process.stdin.write(EXIT + b"\n")
            else:
                process.send_signal(signal.Signals[way])
            code = await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await until(lambda: not alive(pid), lambda: f"{way}: the child outlived us", 10)
    return way, code, pid


async def test_nothing_is_left_of_runs(tmp_path: Path) -> None:
    codes = {"end of input": 0, "exit": 3, "SIGTERM": 128 + 15, "SIGKILL": -9, "SIGINT": 128 + 2}
    todo = [way for _, way in zip(range(RUNS), list(codes) * RUNS, strict=False)]
    found: list[tuple[str, int | None, int]] = []

    async def one_after_the_other() -> None:
        while todo:
            found.append(await wrapped(tmp_path, todo.pop()))

    await asyncio.gather(*(one_after_the_other() for _ in range(4)))
    assert Counter((way, code) for way, code, _ in found) == Counter((way, codes[way]) for way, _, _ in found)
    assert len(found) == RUNS
    assert not [pid for _, _, pid in found if alive(pid)]
    assert "Traceback" not in (tmp_path / "run.log").read_text()
