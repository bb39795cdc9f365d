"""Stdio servers behind `serve` that misbehave: one clean error, bounded time and memory, and the others go on."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway import Gateway
from tests.hostile.raw import Raw, post
from tests.hostile.scripted import Scripted, in_background
from tests.hostile.setting import AMPLE, IDENTIFIED, Setting, echo, message
from tests.hostile.watch import MIB, resident, until, worker_of
from tests.processes import children_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# Each is the body of a loop that has just read one line of the client; `say` writes a line, `ident` is the line's id.
PROGRAM = """
import json, os, sys, time
out = sys.stdout.buffer
def say(data):
    out.write(data if isinstance(data, bytes) else json.dumps(data).encode())
    out.write(b"\\n")
    out.flush()
def answer(ident, **more):
    say({"jsonrpc": "2.0", "id": ident, "result": {"content": [], **more}})
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}
for line in sys.stdin.buffer:
    asked = json.loads(line)
    ident = asked.get("id")
    if asked.get("method") == "initialize":
        answer(ident, **HELLO)
        continue
"""
NOTE = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'

# name -> (what it does, what the call gets: a reason, or "" for its own answer)
CHILDREN: dict[str, tuple[str, str]] = {
    "dies": ("os._exit(5)", "upstream.crashed"),
    "dies-in-its-answer": ("out.write(b'{\"jsonrpc\":\"2.0\",'); out.flush(); os._exit(0)", "upstream.crashed"),
    "closes-its-output": ("os.close(1); time.sleep(60)", "upstream.crashed or upstream.timeout"),
    "is-silent": ("pass", "upstream.timeout"),
    "babbles": ("say(b'blurb')", "upstream.timeout"),
    "answers-another": ("answer(99)", "upstream.timeout"),
    "logs-to-its-output": ("say(b'hello'); say(b''); say(b'\\xff\\xfe'); answer(ident)", ""),
    "answers-another-first": ("answer(99); answer(ident)", ""),
    "answers-with-nan": ("say(b'{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"x\":NaN}}')", "upstream.garbage"),
    "answers-in-latin-1": ("say(b'{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"caf\\xe9\"}')", "upstream.garbage"),
    "answers-twice": ("answer(ident); answer(ident)", ""),
    "floods-its-errors": ("[os.write(2, b'e' * 4096) for _ in range(2000)]; answer(ident)", ""),
    "floods-notes": (f"[out.write({NOTE!r}.encode() + b'\\n') for _ in range(50000)]; answer(ident)", ""),
    "never-ends-its-line": ("[out.write(b'x' * 65536) for _ in range(2000)]; answer(ident)", "upstream.too_large"),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    directory: Path = tmp_path_factory.mktemp("children")
    commands = {
        name: {"command": sys.executable, "args": ["-I", "-S", "-c", f"{PROGRAM}    {code}\n".replace("${", "$${")]}
        for name, (code, _) in CHILDREN.items()
    }
    times = {"first_byte": "2s", "idle": "2s", "total": "20s"}
    with (
        in_background(Scripted({"good": echo})) as upstream,
        Gateway(
            directory, {**upstream.servers(), **commands}, mode="enforce", extra={**AMPLE, "timeouts": times}
        ) as gateway,
    ):
        yield Setting(gateway, upstream)


INITIALIZE = (
    b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"c","version":"1"}}}'
)


async def session_call(hostile: Setting, name: str) -> list[dict[str, Any]]:
    """A session, one call in it, and the session's end; all that the call was answered."""
    async with Raw.to(hostile.port) as raw, Raw.to(hostile.port) as good:
        await raw.say(post(f"/mcp/{name}", INITIALIZE, port=hostile.port, fields=IDENTIFIED))
        opened = await raw.answer()
        assert "result" in opened.json(), opened
        fields = (*IDENTIFIED, ("Mcp-Session-Id", opened["mcp-session-id"]))
        await raw.say(post(f"/mcp/{name}", message(7), port=hostile.port, fields=fields))
        answer = asyncio.create_task(raw.answer(patience=30))
        while not answer.done():
            await hostile.good_call(good)
            await asyncio.wait([answer], timeout=0.1)
        found = answer.result()
        assert found.status == 200
        await raw.say(post(f"/mcp/{name}", b"", port=hostile.port, fields=fields).replace(b"POST", b"DELETE", 1))
        assert (await raw.answer()).status in (200, 202, 204, 404)
        return found.messages()


@pytest.mark.parametrize("name", CHILDREN)
async def test_a_child_that_misbehaves(hostile: Setting, name: str) -> None:
    worker = worker_of(hostile.gateway)
    before, begun = resident(worker), time.monotonic()
    said = await session_call(hostile, name)
    finals = [one for one in said if "id" in one]
    assert [one["id"] for one in finals] == [7]
    reason = CHILDREN[name][1]
    assert finals[0].get("error", {}).get("data", {}).get("reason", "") in reason.split(" or "), finals
    assert time.monotonic() - begun < 15
    assert resident(worker) - before < 64 * MIB
    await until(lambda: children_of(worker) == [], lambda: f"{children_of(worker)} left", 15)
    assert worker_of(hostile.gateway) == worker


def test_the_log_says_what_happened_without_its_text(hostile: Setting) -> None:
    log = hostile.gateway.log()
    assert "Traceback" not in log, log[-3000:]
    assert "blurb" not in log
