"""Plays one MCP session as it is told: a step a line on stdin, its outcome a line on stdout, both JSON.

Runs under the interpreter of whichever SDK plays, so it imports none of them. The first line says where the server is;
the outcome of a step is `{"result": …}`, `{"error": {code, message, data}}` (the server's, as the SDK shows it) or
`{"broken": …}` (the SDK gave up). The session ends with stdin.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

PATIENCE = 30.0
Verb = Callable[..., Awaitable[Any]]
Json = dict[str, Any]


class Heard:
    """What the server said unasked, in order of arrival."""

    def __init__(self) -> None:
        self._lines: list[Json] = []
        self._more = asyncio.Event()

    def note(self, kind: str, value: Any) -> None:
        self._lines.append({kind: plain(value)})
        self._more.set()

    async def at_least(self, count: int) -> None:
        while len(self._lines) < count:
            self._more.clear()
            await self._more.wait()

    async def take(self, count: int = 0) -> list[Json]:
        """All that was heard since the last time; waits until that is `count` or more."""
        await self.at_least(count)
        lines, self._lines = self._lines, []
        return lines


def plain(value: Any) -> Any:
    """An SDK's object in its wire form."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return value


def requests(peer: Any, types: Any, heard: Heard) -> dict[str, Verb]:
    """What both generations of the official SDK spell alike."""

    async def call(name: str, arguments: Json | None = None) -> Any:
        return await peer.call_tool(name, arguments or {}, progress_callback=progress(heard))

    async def complete(prompt: str, argument: Json) -> Any:
        return await peer.complete(types.PromptReference(type="ref/prompt", name=prompt), argument)

    return {
        "call": call,
        "complete": complete,
        "level": peer.set_logging_level,
        "ping": peer.send_ping,
        "prompt": peer.get_prompt,
        "prompts": peer.list_prompts,
        "read": peer.read_resource,
        "resources": peer.list_resources,
        "say_progress": lambda message: peer.send_progress_notification("mine", 0.5, 1.0, message),
        "subscribe": peer.subscribe_resource,
        "templates": peer.list_resource_templates,
        "tools": peer.list_tools,
        "unsubscribe": peer.unsubscribe_resource,
    }


def progress(heard: Heard) -> Callable[..., Awaitable[None]]:
    async def note(done: float, total: float | None, message: str | None) -> None:
        heard.note("progress", [done, total, message])

    return note


class Dialogue:
    def __init__(self, verbs: dict[str, Verb], heard: Heard, errors: type[Exception]) -> None:
        self._verbs = {
            **verbs,
            "heard": heard.take,
            "mark": self._mark,
            "together": self._together,
            "cancel": self._cancel,
        }
        self._heard = heard
        self._errors = errors

    async def play(self, step: Json) -> Json:
        arguments = dict(step)
        try:
            async with asyncio.timeout(PATIENCE):
                return {"result": plain(await self._verbs[arguments.pop("do")](**arguments))}
        except self._errors as error:
            return {"error": plain(error.error)}  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001  (whatever an SDK may raise is an outcome to look at)
            return {"broken": f"{type(error).__name__}: {error}"}

    async def _together(self, steps: list[Json]) -> list[Json]:
        return list(await asyncio.gather(*(self.play(step) for step in steps)))

    async def _mark(self, path: str) -> None:
        """Makes a file when something was heard: for who watches from outside while another step goes on."""
        await self._heard.at_least(1)
        Path(path).touch()

    async def _cancel(self, step: Json, after: int) -> Json:
        """Begins a step, and cancels it when `after` things were heard."""
        running = asyncio.ensure_future(self.play(step))
        await self._heard.at_least(after)
        if "withdraw" in self._verbs:
            await self._verbs["withdraw"]()
        else:
            running.cancel()
        (outcome,) = await asyncio.gather(running, return_exceptions=True)
        return {"broken": "cancelled"} if isinstance(outcome, asyncio.CancelledError) else outcome


Connect = Callable[[Json, Heard], AbstractAsyncContextManager[tuple[Json, dict[str, Verb]]]]


async def _run(connect: Connect, errors: type[Exception]) -> None:
    heard = Heard()
    target = json.loads(await asyncio.to_thread(sys.stdin.readline))
    async with connect(target, heard) as (about, verbs):
        _say({"result": about})
        dialogue = Dialogue(verbs, heard, errors)
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(await dialogue.play(json.loads(line)))


def _say(outcome: Json) -> None:
    print(json.dumps(outcome), flush=True)


def run(connect: Connect, errors: type[Exception]) -> None:
    asyncio.run(_run(connect, errors))
