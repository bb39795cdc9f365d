"""Large messages are read one after the other, and others are served between them."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from tests.functional.pipeline.bench import Bench, StoppedClock, call, event, result

from doorward.core.policy import Mode
from doorward.gateway import admission, returning
from doorward.gateway.turnstile import LARGE, Turnstile

TEXT = "x" * LARGE


async def turns(log: list[str]) -> None:
    while True:
        log.append("others")
        await asyncio.sleep(0)


def alone(log: list[str]) -> bool:
    """Whether others were served between any two readings."""
    readings = [at for at, what in enumerate(log) if what == "read"]
    assert len(readings) > 3
    return all("others" in log[a:b] for a, b in pairwise(readings))


@pytest.mark.parametrize("way", ["arguments", "a whole answer", "a stream"])
async def test_who_sends_many_large_messages_at_once_does_not_stop_the_others(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    bench = Bench(Mode.ENFORCE)
    large, small = result(1, {"a": TEXT}), result(1)
    if way == "arguments":
        bench.server.script = lambda _: bench.server.json(small)
    elif way == "a whole answer":
        bench.server.script = lambda _: bench.server.json(large)
    else:
        bench.server.script = lambda _: bench.server.stream(event(large))
    sent = call(1, "find", {"a": TEXT}) if way == "arguments" else call(1)
    module = admission if way == "arguments" else returning
    original = module.read

    def read(raw: bytes, **limits: Any) -> Any:
        log.append("read")
        return original(raw, **limits)

    monkeypatch.setattr(module, "read", read)
    others = asyncio.create_task(turns(log))
    clients = await asyncio.gather(*(bench.send(sent) for _ in range(5)))
    others.cancel()
    assert [client.status for client in clients] == [200] * 5
    assert alone(log)


async def test_behind_a_long_reading_there_is_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StoppedClock()
    turnstile = Turnstile(clock)
    rests: list[float] = []
    loop = asyncio.get_running_loop()
    later = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda delay, *rest: (rests.append(delay), later(0, *rest)))
    for took in (0.0, 0.001, 0.01, 0.5):
        async with turnstile:
            clock.now += took
        assert turnstile._lock.locked()
    assert rests == pytest.approx([0.01, 0.5])


async def test_who_fails_or_leaves_lets_the_next_one_in() -> None:
    turnstile = Turnstile(StoppedClock())
    with pytest.raises(ValueError, match="bad"):
        async with turnstile:
            raise ValueError("bad")
    await turnstile._lock.acquire()
    waiting = asyncio.create_task(turnstile.__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    turnstile._lock.release()
    await asyncio.gather(waiting, return_exceptions=True)
    async with turnstile:
        pass
