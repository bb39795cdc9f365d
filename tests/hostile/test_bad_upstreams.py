"""Upstreams that answer anything but one clear message: the client gets one clean error, soon, and nobody else notices.

In audit mode a body that is whole passes byte for byte; what is no HTTP, too large or too late is an error there too.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.gateway import Mode
from tests.hostile.misbehaving import (
    ALL,
    BODIES,
    HTML,
    MIB,
    NOTE,
    Wrong,
    body,
    own,
    result,
    unannounced,
)
from tests.hostile.raw import Answer, Raw, post
from tests.hostile.scripted import Asked, Line
from tests.hostile.setting import IDENTIFIED, Setting, reason_of, setting
from tests.hostile.watch import records, resident, until, worker_of

IN_BOTH_ERAS = ["garbage", "html", "wrong-id", "reset", "bomb", "endless-body", "silent", "status-401", "status-302"]
FLOODS = ["bomb", "sse-bomb", "endless-body", "sse-flood-of-comments", "sse-giant-event", "endless-headers"]
FIRST_BYTE = IDLE = 1.0
TOTAL = 2.0
BOUND = TOTAL + 8.0  # seconds within which everything must be over: the longest time-out, a tick, and a slow machine
NOTES = 1_000_000


async def many_notes(asked: Asked, line: Line) -> None:
    """Fault 15: a million notifications, then the answer."""
    await line.events()
    block = b"data: " + NOTE + b"\n\n"
    for _ in range(NOTES // 1000):
        await line.chunk(block * 1000)
    await line.event(own(asked))
    await line.last()


async def answers_twice(asked: Asked, line: Line) -> None:
    await line.events()
    for text in ("first", "second"):
        await line.event(result(7, text))
    await line.last()


async def after_the_answer(asked: Asked, line: Line) -> None:
    """Never ends the stream, though all is said."""
    await line.events()
    await line.event(own(asked))
    await line.gone()


async def leaky(asked: Asked, line: Line) -> bool:
    more = "Set-Cookie: a=b\r\nLocation: http://evil.example/\r\nServer: leaky\r\nX-Powered-By: rust\r\nLink: <x>\r\n"
    await line.whole(own(asked), more=more + "Access-Control-Allow-Origin: *\r\nAlt-Svc: h3\r\n")
    return True


async def flooded_session(asked: Asked, line: Line) -> None:
    """The answer to initialize is held back until its version is known; this one never comes."""
    await line.events(more="Mcp-Session-Id: s\r\n")
    while True:
        await line.chunk(b":\n\n" * 20_000)


OTHERS = {
    "flooded-session": flooded_session,
    "nobody": body(b""),  # never asked: the configuration leads elsewhere
    "many-notes": many_notes,
    "answers-twice": answers_twice,
    "after-the-answer": after_the_answer,
    "leaky": leaky,
    "unannounced": unannounced,
    "error-page": body(HTML, status="500 Oops", kind="text/html"),
    "error-with-cookie": body(b"{}", status="401 No", more="Set-Cookie: a=b\r\nWWW-Authenticate: Basic x\r\n"),
}


@pytest.fixture(scope="module", params=["enforce", "audit"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def hostile(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    scripts = {name: wrong.script for name, wrong in ALL.items()} | OTHERS
    times = {"connect": "1s", "first_byte": f"{FIRST_BYTE:.0f}s", "idle": f"{IDLE:.0f}s", "total": f"{TOTAL:.0f}s"}
    # As little as it may be: what is too large is to be seen as such before the time is up, on the slowest machine too.
    extra = {
        "timeouts": times,
        "limits": {"response_bytes": "2MiB"},
        "servers": {"nobody": {"url": "http://127.0.0.1:1/mcp"}},
    }
    with setting(tmp_path_factory.mktemp(f"upstreams-{mode}"), scripts, mode=mode, extra=extra) as running:
        yield running


async def timed(hostile: Setting, server: str, version: str = "2025-06-18") -> Answer:
    """One call to a server that misbehaves; meanwhile the good one is asked on another connection, again and again."""
    begun = time.monotonic()
    async with Raw.to(hostile.port) as good:
        asking = asyncio.create_task(hostile.ask(call(hostile, server, version)))
        try:
            while True:
                await hostile.good_call(good)
                done, _ = await asyncio.wait([asking], timeout=0.2)
                if done:
                    break
        finally:
            asking.cancel()
    assert time.monotonic() - begun < BOUND
    return asking.result()


def call(hostile: Setting, server: str, version: str) -> bytes:
    if version < "2026":
        return hostile.call(server, version=version)
    meta = {"io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": "echo", "arguments": {}, "_meta": meta}
    text = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}).encode()
    fields = (*IDENTIFIED, ("Mcp-Method", "tools/call"), ("Mcp-Name", "echo"))
    return post(f"/mcp/{server}", text, port=hostile.port, fields=fields, version=version)


def assert_one_clean_error(found: Answer, reason: str) -> None:
    finals = [said for said in found.messages() if "id" in said]
    assert len(finals) == 1, found
    error = finals[0]
    assert error["id"] == 7
    assert "error" in error or error["result"]["isError"] is True
    assert reason_of(found) == reason
    assert not {"set-cookie", "location", "www-authenticate"} & {name for name, _ in found.fields}


async def assert_let_go(hostile: Setting) -> None:
    """Nothing towards the upstreams is left of it but connections that may be used again, and those for 3 s."""
    await until(
        lambda: hostile.upstream.connections == 0, lambda: f"{hostile.upstream.connections} connections left", 8
    )


@pytest.mark.parametrize("name", [name for name, wrong in ALL.items() if not wrong.slow])
async def test_one_clean_error_in_bounded_time(hostile: Setting, mode: Mode, name: str) -> None:
    hostile.new_records()
    assert_contained(name, mode, await timed(hostile, name), hostile.new_records())


async def test_one_clean_error_when_the_time_is_up(hostile: Setting, mode: Mode) -> None:
    """All of those together, for each takes its time."""
    names = [name for name, wrong in ALL.items() if wrong.slow]
    hostile.new_records()
    answers = await asyncio.gather(*(timed(hostile, name) for name in names))
    recorded = hostile.new_records()
    for name, found in zip(names, answers, strict=True):
        assert_contained(name, mode, found, recorded)


def assert_contained(name: str, mode: Mode, found: Answer, recorded: list[dict[str, Any]]) -> None:
    wrong: Wrong = ALL[name]
    expected = wrong.enforce if mode == "enforce" else wrong.audit
    outcomes = [entry for entry in recorded if entry["mcp_server"] == name and entry["phase"] == "outcome"]
    assert len(outcomes) == 1, outcomes
    if isinstance(expected, bytes):
        assert found.status == 200
        assert expected in found.body
        assert found.body == expected or name not in BODIES
    else:
        assert found.status in (200, 502)
        assert_one_clean_error(found, expected)
        assert (outcomes[0]["reason"], outcomes[0]["decision"]) == (expected, "error")


@pytest.mark.parametrize("name", IN_BOTH_ERAS)
async def test_a_modern_client_gets_the_status_too(hostile: Setting, mode: Mode, name: str) -> None:
    wrong = ALL[name]
    found = await timed(hostile, name, "2026-07-28")
    expected = wrong.enforce if mode == "enforce" else wrong.audit
    if isinstance(expected, bytes):
        assert (found.status, found.body) == (200, expected)
    else:
        assert found.status == (504 if expected == "upstream.timeout" else 502)
        assert_one_clean_error(found, expected)


async def test_a_server_that_is_not_there(hostile: Setting) -> None:
    found = await timed(hostile, "nobody")
    assert_one_clean_error(found, "upstream.unreachable")
    # From the fifth failure on it is left alone (fault 14).
    for _ in range(4):
        await hostile.ask(hostile.call("nobody"))
    assert_one_clean_error(await timed(hostile, "nobody"), "upstream.breaker")


@pytest.mark.parametrize("status", ["error-page"])
async def test_an_error_page_keeps_its_status_and_its_bytes(hostile: Setting, status: str) -> None:
    found = await timed(hostile, status)
    assert (found.status, found.body, found["content-type"]) == (500, HTML, "text/html")


async def test_headers_of_the_server_stay_with_us(hostile: Setting) -> None:
    found = await timed(hostile, "leaky")
    assert found.status == 200
    assert {name for name, _ in found.fields} <= {"date", "content-type", "content-length", "connection"}


async def test_a_second_answer(hostile: Setting, mode: Mode) -> None:
    """Each id is answered once; in audit the bytes pass, and the record says what enforcement would have done."""
    hostile.new_records()
    found = await timed(hostile, "answers-twice")
    texts = [said["result"]["content"][0]["text"] for said in found.messages()]
    assert texts == (["first"] if mode == "enforce" else ["first", "second"])
    assert "upstream.unsolicited" in {entry["reason"] for entry in hostile.new_records()}


async def test_bytes_behind_an_answer_reach_nobody(hostile: Setting) -> None:
    for _ in range(5):
        found = await timed(hostile, "unannounced")
        assert (found.status, found.json()["id"]) == (200, 7)
    assert hostile.upstream.asked["unannounced"] == 5


async def test_a_stream_that_does_not_end_after_its_answer(hostile: Setting) -> None:
    begun = time.monotonic()
    found = await timed(hostile, "after-the-answer")
    assert [said["id"] for said in found.messages()] == [7]
    assert "result" in found.messages()[0]
    assert time.monotonic() - begun < BOUND


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("name", FLOODS)
async def test_bombs_and_floods_do_not_fill_the_memory(hostile: Setting, name: str) -> None:
    """Fault 19; response_bytes is 2 MiB. The first one is the warm-up."""
    worker = worker_of(hostile.gateway)
    await hostile.ask(hostile.call(name))
    before = resident(worker)
    await hostile.ask(hostile.call(name))
    assert resident(worker) - before < 64 * MIB
    assert worker_of(hostile.gateway) == worker


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_a_session_whose_answer_is_flooded(hostile: Setting, mode: Mode) -> None:
    worker = worker_of(hostile.gateway)
    told = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    text = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": told}).encode()
    before = most = resident(worker)
    asking = asyncio.create_task(hostile.ask(post("/mcp/flooded-session", text, port=hostile.port, fields=IDENTIFIED)))
    while not asking.done():
        await asyncio.wait([asking], timeout=0.02)
        most = max(most, resident(worker))
    assert reason_of(asking.result()) in ("upstream.too_large", "upstream.timeout")
    assert most - before < 64 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_everything_at_once(hostile: Setting, mode: Mode) -> None:
    """All of them together, with good calls all the while; afterwards nothing is held."""
    worker = worker_of(hostile.gateway)
    names = [name for name, wrong in ALL.items() if not wrong.slow]
    async with Raw.to(hostile.port) as good:
        asking = asyncio.gather(*(hostile.ask(hostile.call(name)) for name in names * 2), return_exceptions=True)
        while not asking.done():
            await hostile.good_call(good)
            await asyncio.sleep(0.05)
    answers = await asking
    assert all(isinstance(found, Answer) for found in answers), answers
    await assert_let_go(hostile)
    assert worker_of(hostile.gateway) == worker


def test_the_log_repeats_nothing_and_holds_no_traceback(hostile: Setting) -> None:
    log = hostile.gateway.log()
    assert "Traceback" not in log, log[-3000:]
    assert "It works!" not in log
    assert not any(entry["reason"] == "gateway.fault" for entry in records(hostile.gateway))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_a_million_notifications(hostile: Setting, mode: Mode) -> None:
    """Fault 15. The client reads slowly enough that they would pile up if anything did."""
    worker = worker_of(hostile.gateway)
    before = most = resident(worker)
    async with Raw.to(hostile.port) as raw, Raw.to(hostile.port) as good:
        await raw.say(hostile.call("many-notes"))
        status, _ = await raw.head()
        assert status == 200
        await asyncio.sleep(0.3)  # while nothing is read
        size = 0
        begun = time.monotonic()
        async for piece in raw.chunks():
            size += len(piece)
            if size % 500 == 0:
                most = max(most, resident(worker))
            if time.monotonic() - begun > 1.0:
                begun = time.monotonic()
                await hostile.good_call(good)
    assert most - before < 64 * MIB
    assert size > MIB
