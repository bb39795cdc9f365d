"""A real client in its own interpreter, told step by step what to do (clients/dialogue.py is the other half)."""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from tests import warm
from tests.peers import Environment, python_of

PATIENCE = 40.0  # seconds for one step; the player itself gives up before
CLIENTS = Path(__file__).resolve().parent / "clients"

Json = dict[str, Any]


class Kind(NamedTuple):
    """Which SDK plays, and in which era."""

    environment: Environment
    script: str
    mode: Literal["legacy", "auto", "2026-07-28"]

    @property
    def modern(self) -> bool:
        return self.mode != "legacy"


OLD_SDK = Kind("mcp1", "play_mcp1.py", "legacy")
NEW_SDK_LEGACY = Kind("mcp2", "play_mcp2.py", "legacy")
NEW_SDK_MODERN = Kind("mcp2", "play_mcp2.py", "auto")
FASTMCP_LEGACY = Kind("fastmcp", "play_fastmcp.py", "legacy")
FASTMCP_MODERN = Kind("fastmcp", "play_fastmcp.py", "auto")

SDKS = {"sdk-1.30": OLD_SDK, "sdk-2.3-legacy": NEW_SDK_LEGACY, "sdk-2.3-modern": NEW_SDK_MODERN}
ALL = {**SDKS, "fastmcp-legacy": FASTMCP_LEGACY, "fastmcp-modern": FASTMCP_MODERN}


def over_http(url: str, headers: Mapping[str, str] | None = None) -> Json:
    return {"transport": "http", "url": url, "headers": dict(headers or {})}


def over_sse(url: str, headers: Mapping[str, str] | None = None) -> Json:
    return {"transport": "sse", "url": url, "headers": dict(headers or {})}


def over_stdio(command: list[str], environment: Mapping[str, str] | None = None) -> Json:
    return {"transport": "stdio", "command": command, "env": {**os.environ, **(environment or {})}}


class Player:
    """`with Player(OLD_SDK, over_http(url), log) as player:` is one session; `player.about` is how it began."""

    def __init__(self, kind: Kind, target: Json, log: Path) -> None:
        self.kind = kind
        self._target = {**target, "mode": kind.mode}
        self._log = log
        self._process: warm.Process | None = None
        self._pending = b""
        self.about: Json = {}

    def __enter__(self) -> Self:
        with self._log.open("ab") as errors:
            python, script = python_of(self.kind.environment), CLIENTS / self.kind.script
            self._process = warm.Process(str(python), str(script), stderr=errors)
        try:
            self.about = self._exchange(self._target)["result"]
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        process = self._process
        assert process is not None
        try:
            process.stdin.close()
            code = process.wait(PATIENCE)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._kill()
            raise AssertionError(f"the client did not end by itself:\n{self.log()}") from None
        finally:
            process.stdout.close()
        assert code == 0, f"the client ended with {code}:\n{self.log()}"

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def play(self, do: str, **arguments: Any) -> Json:
        """The outcome of one step: a `result`, an `error`, or what `broke`."""
        return self._exchange({"do": do, **arguments})

    def begin(self, do: str, **arguments: Any) -> Callable[[], Json]:
        """Starts a step; the function that it returns waits for the outcome."""
        self._say({"do": do, **arguments})
        return self._outcome

    def lives(self) -> bool:
        """Whether the session can go on."""
        try:
            return "result" in self.play("tools")
        except AssertionError:
            return False

    def result(self, do: str, **arguments: Any) -> Any:
        """The result of a step that must succeed."""
        outcome = self.play(do, **arguments)
        assert "result" in outcome, f"{do} {arguments}: {outcome}\n{self.log()}"
        return outcome["result"]

    def _exchange(self, line: Json) -> Json:
        self._say(line)
        return self._outcome()

    def _say(self, line: Json) -> None:
        process = self._process
        assert process is not None
        try:
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"the client is gone:\n{self.log()}") from None

    def _outcome(self) -> Json:
        assert self._process is not None
        outcome: Json = json.loads(self._line(self._process))
        return outcome

    def _line(self, process: warm.Process) -> bytes:
        deadline = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"the client said nothing for {PATIENCE} s:\n{self.log()}")
                data = os.read(process.stdout.fileno(), 1 << 20)
                if not data:
                    raise AssertionError(f"the client is gone:\n{self.log()}")
                self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def _kill(self) -> None:
        process = self._process
        assert process is not None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
