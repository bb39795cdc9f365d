import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.waiting import until

from doorward.bootstrap import leasing
from doorward.bootstrap.leasing import Leasing
from doorward.control.store import Store, StoreFault
from doorward.control.store.rows import Lease
from doorward.core.decision import ALLOW
from doorward.core.identity import Principal

ME = Principal("agent:a", "agent:a").key


class Clock:
    def __init__(self) -> None:
        self.seconds = 60_000.0
        self.readings = 0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        self.readings += 1
        return self.seconds


class Lessor:
    def __init__(self) -> None:
        self.asked: list[list[Lease]] = []
        self.broken = False

    def leases(self, wishes: Sequence[Lease]) -> list[int]:
        self.asked.append(list(wishes))
        if self.broken:
            raise StoreFault("the store cannot be written: disk I/O error")
        return [wish.want for wish in wishes]


@asynccontextmanager
async def running(made: Leasing) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def calls(made: Leasing, many: int, per_minute: int, now: float) -> int:
    return sum(made.leases.allow(ME, "crm", "t", per_minute, now) is ALLOW for _ in range(many))


async def test_a_wish_is_fetched_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leasing, "EVERY", 3600.0)
    lessor, clock = Lessor(), Clock()
    made = Leasing(lessor, clock, 2)
    async with running(made):
        assert calls(made, 100, 100, clock.seconds) == 5
        await until(lambda: bool(lessor.asked))
        await until(lambda: calls(made, 1, 100, clock.seconds) == 1)


async def test_one_worker_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leasing, "EVERY", 0.001)
    lessor, clock = Lessor(), Clock()
    made = Leasing(lessor, clock, 1)
    async with running(made):
        assert calls(made, 200, 100, clock.seconds) == 100
        await until(lambda: clock.readings > 3)  # rounds
    assert lessor.asked == []


async def test_a_store_that_fails_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(leasing, "EVERY", 0.002)
    caplog.set_level("INFO", leasing.__name__)
    lessor, clock = Lessor(), Clock()
    lessor.broken = True
    made = Leasing(lessor, clock, 2)
    async with running(made):
        calls(made, 1, 100, clock.seconds)
        await until(lambda: len(lessor.asked) >= 3)
        clock.seconds += 60
        assert calls(made, 100, 100, clock.seconds) == 49  # half, and one is owed
        lessor.broken = False
        await until(lambda: any("again" in record.message for record in caplog.records))
        clock.seconds += 60
        calls(made, 1, 100, clock.seconds)
        await until(lambda: bool(lessor.asked[-1]))
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


async def test_two_workers_over_one_file_keep_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leasing, "EVERY", 0.002)
    clock = Clock()
    stores = [Store(tmp_path / "state" / "state.db") for _ in range(2)]
    workers = [Leasing(store, clock, 2) for store in stores]
    passed = 0
    async with running(workers[0]), running(workers[1]):
        async with asyncio.timeout(20):
            while passed < 40:
                for made in workers:
                    passed += calls(made, 1, 40, clock.seconds)
                await asyncio.sleep(0.001)
        for _ in range(100):
            passed += sum(calls(made, 1, 40, clock.seconds) for made in workers)
            await asyncio.sleep(0.001)
    assert 40 <= passed <= 44
    for store in stores:
        store.close()
