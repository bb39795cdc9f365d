"""10,000 calls of every kind of client; afterwards the gateway holds what it held before, and nothing more.

DOORWARD_LEAK_CALLS makes it more (or, while one works on it, less).
"""

import asyncio
import os
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from tests.gateway import Gateway
from tests.hostile.scripted import Scripted
from tests.hostile.setting import AMPLE, echo
from tests.hostile.watch import MIB, descriptors, gauges, records, resident, until, worker_of
from tests.leaks.crowd import KINDS, SCRIPTS, Crowd
from tests.processes import children_of

pytestmark = [pytest.mark.leaks, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

CALLS = int(os.environ.get("DOORWARD_LEAK_CALLS", "10000"))
WARM_UP = 1000
GROWTH = 8 * MIB
SETTLE = 20.0  # seconds, for a time-out of 1 s and the pool's idle life of 3 s on a machine that is busy


def held(worker: int) -> Counter[str]:
    """Descriptors by what they are; the numbers of sockets and pipes do not matter."""
    return Counter(re.sub(r"\d+", "", what) for what in descriptors(worker).values())


def threads(worker: int) -> int:
    return len(os.listdir(f"/proc/{worker}/task"))


async def settle(gateway: Gateway, upstream: Scripted, start: dict[str, float]) -> None:
    def at_rest() -> bool:
        return upstream.connections == 0 and gauges(gateway) == start

    await until(at_rest, lambda: f"{upstream.connections} upstream connections, {gauges(gateway)}, was {start}", SETTLE)


async def test_nothing_is_left_of_ten_thousand_calls(tmp_path: Path) -> None:
    # So little that bytes which are counted and never given back would show.
    sizes = {"request_bytes": "256KiB", "response_bytes": "1MiB", "buffered": "1MiB"}
    limits = AMPLE["limits"] | {"streams_per_identity": 1000} | sizes
    # No other time-out: it would end what a client's end should have ended.
    times = {"connect": "2s", "first_byte": "1s"}
    async with Scripted({"good": echo, **SCRIPTS}) as upstream:
        extra = {"limits": limits, "timeouts": times}
        gateway = Gateway(tmp_path, upstream.servers(), mode="enforce", extra=extra)
        await asyncio.to_thread(gateway.start)
        try:
            await scenario(gateway, upstream)
        finally:
            await asyncio.to_thread(gateway.close)
    assert_each_call_was_recorded_once(gateway)
    assert "Traceback" not in gateway.log()


async def scenario(gateway: Gateway, upstream: Scripted) -> None:
    worker = worker_of(gateway)
    at_start = gauges(gateway)
    warm = Crowd(gateway.port, seed=1)
    await warm.run(WARM_UP)
    await warm.leave()
    await settle(gateway, upstream, at_start)
    before, memory, running = held(worker), resident(worker), threads(worker)

    crowd = Crowd(gateway.port, seed=2)
    await crowd.run(CALLS)
    assert set(crowd.calls) == {kind.__name__ for kind in KINDS}
    assert crowd.answers["result"] > CALLS / 4
    await crowd.leave()
    await settle(gateway, upstream, at_start)

    assert held(worker) == before
    assert threads(worker) == running
    assert children_of(worker) == []
    assert worker_of(gateway) == worker
    assert resident(worker) - memory < GROWTH


def assert_each_call_was_recorded_once(gateway: Gateway) -> None:
    """Fault 17: one outcome for each intent, whatever became of the client."""
    phases: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    for entry in records(gateway):
        if entry["kind"] in ("exchange", "stream") and entry["phase"] in ("intent", "outcome", "opened", "closed"):
            phases[entry["exchange_id"]][entry["phase"]] += 1
            reasons[entry["reason"]] += 1
    wrong = {ident: dict(seen) for ident, seen in phases.items() if not ends_once(seen)}
    assert not wrong, f"{len(wrong)} of {len(phases)}: {list(wrong.items())[:5]}"
    assert {"client.disconnected", "upstream.timeout", "upstream.closed", "message.invalid_utf8"} <= set(reasons)


def ends_once(seen: Counter[str]) -> bool:
    return seen["outcome"] + seen["closed"] == 1 and seen["intent"] <= 1 and seen["opened"] <= 1
