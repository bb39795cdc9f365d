"""Many clients that take their time or a place: they are shown the door, and the good ones never notice.

The crowds come from further addresses of the loopback network, as one address may hold 256 connections only.
"""

import asyncio
import contextlib
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hostile.raw import Answer, Raw
from tests.hostile.setting import Setting, reason_of, setting
from tests.hostile.watch import descriptors, gauges, until, worker_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and all of 127.0.0.0/8")

HEAD_TIMEOUT = 10.0  # transports/http1/limits.py, and the issue's own number
SLOW = 500
SILENT = 100
BEGINNING = b"POST /mcp/good HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with setting(tmp_path_factory.mktemp("crowds"), {}, mode="enforce") as running:
        yield running


def address(number: int) -> str:
    """Far fewer than 256 on each."""
    return f"127.0.0.{2 + number % 8}"


async def slow(port: int, number: int) -> tuple[str, float]:
    """One byte now and then: (what came of it, seconds until then)."""
    begun = time.monotonic()
    raw = await Raw.open(port, address(number))
    try:
        await raw.say(BEGINNING)
        answer = asyncio.create_task(raw.answer(patience=2 * HEAD_TIMEOUT))
        while not answer.done():
            await raw.say(b"x")
            await asyncio.wait([answer], timeout=0.7)
        return f"{answer.result().status} {reason_of(answer.result())}", time.monotonic() - begun
    finally:
        await raw.close()


async def silent(port: int, number: int) -> tuple[str, float]:
    begun = time.monotonic()
    raw = await Raw.open(port, address(number))
    try:
        closed = await raw.ended(patience=2 * HEAD_TIMEOUT)
        return "closed" if closed else "open", time.monotonic() - begun
    finally:
        await raw.close()


async def test_500_slow_clients(hostile: Setting) -> None:
    """Fault 18: 408 when the head is due, and good clients go on all the while."""
    at_start = gauges(hostile.gateway)
    crowd = [asyncio.create_task(slow(hostile.port, number)) for number in range(SLOW)]
    crowd += [asyncio.create_task(silent(hostile.port, number)) for number in range(SILENT)]
    everybody = asyncio.gather(*crowd)
    good = longest = 0.0
    async with Raw.to(hostile.port) as kept:
        while not everybody.done():
            begun = time.monotonic()
            await hostile.good_call(kept)
            async with Raw.to(hostile.port) as fresh:
                await hostile.good_call(fresh)
            longest = max(longest, time.monotonic() - begun)
            good += 2
            await asyncio.sleep(0.02)
    found = await everybody
    assert Counter(what for what, _ in found) == {"408 http.head_timeout": SLOW, "closed": SILENT}
    times = sorted(seconds for _, seconds in found)
    assert times[0] >= HEAD_TIMEOUT - 0.5
    assert times[-1] < HEAD_TIMEOUT + 5.0
    assert good > 50
    assert longest < 5.0
    await until(
        lambda: gauges(hostile.gateway) == at_start, lambda: f"{gauges(hostile.gateway)}, at the start {at_start}", 10
    )


async def test_one_address_cannot_take_every_place(hostile: Setting) -> None:
    at_start = gauges(hostile.gateway)
    crowd = await asyncio.gather(*(Raw.open(hostile.port, "127.0.0.99") for _ in range(300)))
    asking = {asyncio.create_task(raw.answer()) for raw in crowd}
    refused: list[Answer] = []
    while len(refused) < 44:
        done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        refused += [task.result() for task in done]
    assert {(found.status, reason_of(found)) for found in refused} == {(503, "http.too_many_from_address")}
    assert all(found["retry-after"] for found in refused)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert len(asking) == 256
    async with Raw.to(hostile.port) as raw:
        await hostile.good_call(raw)
    await asyncio.gather(*(raw.close() for raw in crowd))
    await until(lambda: gauges(hostile.gateway) == at_start, lambda: f"{gauges(hostile.gateway)}", 10)


async def test_out_of_descriptors(hostile: Setting) -> None:
    """Fault 23: those who are in stay in, the worker lives, and all is well once there is room again."""
    worker = worker_of(hostile.gateway)
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    async with Raw.to(hostile.port) as kept:
        await hostile.good_call(kept)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (len(descriptors(worker)) + 10, limits[1]))
        try:
            crowd = await asyncio.gather(*(Raw.open(hostile.port) for _ in range(40)))
            for _ in range(20):
                await hostile.good_call(kept)
        finally:
            resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
        with contextlib.suppress(OSError):
            await asyncio.gather(*(raw.close() for raw in crowd))
        async with Raw.to(hostile.port) as fresh:
            await hostile.good_call(fresh)
    assert worker_of(hostile.gateway) == worker


async def test_a_proxy_holds_the_connections_of_many_clients(tmp_path: Path) -> None:
    proxy = {"listen": {"trusted_proxies": ["127.0.0.1"]}}
    with setting(tmp_path, {}, mode="enforce", extra=proxy) as running:
        async with contextlib.AsyncExitStack() as stack:
            raws = [await stack.enter_async_context(Raw.to(running.port)) for _ in range(260)]
            for raw in (raws[0], raws[-1]):
                await running.good_call(raw)
