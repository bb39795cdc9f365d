"""What the demo starts: the sample server and the gateway before it, each a process, all files in one directory."""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from doorward.demo.client import crm_command
from doorward.demo.customers import CUSTOMERS

SOMEBODY = CUSTOMERS[0]["id"]
CUSTOMER = CUSTOMERS[1]
CLEAN = "get_products"
DETECTORS = ("patterns", "secrets", "names")
AGENT = "agent:sales-assistant"
HELPER = "agent:helper"
REFUSED = "create_note"
RULE = "people-write-notes"

_POLICY = f"""\
@id("{RULE}")
@message("give the note to a person of the sales team, who writes it")
forbid (principal is Doorward::Agent, action in Doorward::Action::"tools/call", resource)
when {{ resource.name == "{REFUSED}" }};
"""
_SECRETS = {AGENT: "DOORWARD_DEMO_SALES", HELPER: "DOORWARD_DEMO_HELPER"}
_START_S = 30.0  # of which compiling what the detectors look for is most
_STOP_S = 5.0


class DemoError(Exception):
    """The demo cannot go on; the text says why, in words for people."""


@dataclass(frozen=True)
class Setting:
    """Where things are. ``enforced``, ``softer`` and ``audited`` are routes of the gateway to the same server.

    ``token`` is the agent's grant; empty until it has one.
    """

    home: Path
    direct: str
    port: int
    token: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(
        default_factory=lambda: {agent: secrets.token_urlsafe(24) for agent in _SECRETS}, repr=False
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def enforced(self) -> str:
        return f"{self.url}/mcp/crm"

    @property
    def softer(self) -> str:
        return f"{self.url}/mcp/crm-soft"

    @property
    def audited(self) -> str:
        return f"{self.url}/mcp/crm-audit"

    @property
    def log(self) -> Path:
        """What the gateway keeps; the wrapped stdio servers keep theirs elsewhere."""
        return self.home / "audit"

    @property
    def configuration(self) -> Path:
        return self.home / "doorward.yaml"

    def wrapped(self, command: list[str]) -> list[str]:
        """The command of a stdio server with Doorward in its place."""
        return [sys.executable, "-m", "doorward", "run", "--", *command]

    def environment(self) -> Mapping[str, str]:
        """For every process: the agents' secrets, and a state directory of the demo's own."""
        named = {variable: self.secrets[agent] for agent, variable in _SECRETS.items()}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        return clean | named | {"XDG_STATE_HOME": str(self.home / "state")}

    def records(self) -> list[dict[str, Any]]:
        """All that was written to the journals so far, in order of time."""
        lines = [line for file in self.home.rglob("journal-*.jsonl") for line in file.read_bytes().splitlines()]
        return sorted((json.loads(line) for line in lines), key=lambda record: (record["timestamp"], record["seq"]))

    def last_outcome(self, server: str) -> dict[str, Any]:
        """The newest record of how a call to this server ended."""
        wanted = (server, "tools/call", "outcome")
        found = [r for r in self.records() if (r["mcp_server"], r["method"], r["phase"]) == wanted]
        if not found:
            raise DemoError(f"the journal holds no outcome of a call to {server}")
        return found[-1]

    async def doorward(self, *arguments: str, ends_with: int = 0) -> str:
        """What a verb of ``doorward`` says about this gateway's configuration, run as an operator would.

        ``ends_with``: the exit code that it is to have.
        """
        command = [sys.executable, "-m", "doorward", *arguments, "-c", str(self.configuration)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=self.environment(), start_new_session=True
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), _START_S)
        finally:
            await _stop(process)
        if process.returncode != ends_with:
            raise DemoError(f"doorward {' '.join(arguments[:2])} ended with {process.returncode}: {said.decode()}")
        return said.decode()


def prepared(home: Path) -> Setting:
    """Places and secrets; nothing is started."""
    return Setting(home, f"http://127.0.0.1:{_free_port()}/mcp", _free_port())


@asynccontextmanager
async def started(setting: Setting) -> AsyncIterator[None]:
    """Both processes, started side by side and ready; ended by their ids on leaving."""
    async with _server(setting) as server_ready, _gateway(setting) as gateway_ready:
        await asyncio.gather(server_ready, gateway_ready)
        yield


@asynccontextmanager
async def _server(setting: Setting) -> AsyncIterator[Coroutine[None, None, None]]:
    log = setting.home / "crm.log"
    port = str(urlsplit(setting.direct).port)
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *crm_command("--port", port), stdin=DEVNULL, stdout=PIPE, stderr=errors, start_new_session=True
        )
    ready = _first_line(process, log)
    try:
        yield ready
    finally:
        ready.close()
        await _stop(process)


async def _first_line(process: Process, log: Path) -> None:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
    except TimeoutError:
        line = b""
    if not line:
        raise DemoError(f"the sample server did not start:\n{tail(log)}")


@asynccontextmanager
async def _gateway(setting: Setting) -> AsyncIterator[Coroutine[None, None, None]]:
    log = setting.home / "gateway.log"
    setting.configuration.write_text(json.dumps(_configuration(setting), indent=2))  # JSON is YAML
    (setting.home / "policies").mkdir()
    (setting.home / "policies" / "notes.cedar").write_text(_POLICY)
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "doorward", "serve", "-c", str(setting.configuration)),
            stdin=DEVNULL,
            stdout=out,
            stderr=out,
            env=setting.environment(),
            start_new_session=True,
        )
    ready = _listening(setting.port, process, log)
    try:
        yield ready
    finally:
        ready.close()
        await _stop(process)


async def _listening(port: int, process: Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _START_S
    while process.returncode is None and asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise DemoError(f"the gateway did not start:\n{tail(log)}")


async def _stop(process: Process) -> None:
    """Politely, then with the whole group that it leads."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _agent(name: str, routes: Sequence[str], tools: Sequence[str]) -> dict[str, Any]:
    return {"id": name, "secret": f"env:{_SECRETS[name]}", "servers": dict.fromkeys(routes, tools)}


def _configuration(setting: Setting) -> dict[str, Any]:
    routes = ["crm", "crm-soft", "crm-audit"]
    return {
        "listen": {"address": f"127.0.0.1:{setting.port}", "drain": "1s"},
        "admin": {"address": f"127.0.0.1:{_free_port()}"},
        "keys": {"directory": str(setting.home / "keys")},
        "policies": "policies",
        "state": {"url": f"sqlite:{setting.home / 'state.db'}"},
        "audit": {"directory": str(setting.log), "checkpoints": str(setting.home / "checkpoints")},
        "identity": {"anonymous": False, "agents": [_agent(AGENT, routes, ["*"]), _agent(HELPER, ["crm"], ["*"])]},
        "servers": {
            "crm": {"url": setting.direct, "mode": "enforce", "sensitivity": "high"},
            "crm-soft": {"url": setting.direct, "mode": "soft"},
            "crm-audit": {"url": setting.direct, "mode": "audit"},
        },
        "inspect": {"detectors": [{"use": name} for name in DETECTORS]},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def said(home: Path) -> str:
    """The last words of the gateway, for the report of a failure."""
    log = home / "gateway.log"
    return f"the gateway's log ends with:\n{tail(log)}" if log.exists() else "the gateway was not started yet"


def tail(log: Path) -> str:
    """The end of a log file, for people."""
    return log.read_text(errors="replace")[-1500:].strip() or "(it said nothing)"
