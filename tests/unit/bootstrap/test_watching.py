import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.clocks import Clock
from tests.waiting import until

from doorward.bootstrap import watching
from doorward.bootstrap.watching import BEARABLE, Watch
from doorward.control.store import Store, StoreFault
from doorward.core.shared import Override, Revocations, Shared

EMPTY = Shared(1)


class Shelf:
    def __init__(self) -> None:
        self.shared_now = EMPTY
        self.fault = ""
        self.readings = 0
        self.looks = 0
        self.gate = threading.Event()
        self.gate.set()

    def changed(self) -> int:
        self.looks += 1
        self.gate.wait(30)
        if self.fault:
            raise StoreFault(self.fault)
        return self.shared_now.epoch

    def shared(self, now: float) -> Shared:
        self.changed()
        self.readings += 1
        return self.shared_now


class World:
    def __init__(self, shelf: Shelf | Store) -> None:
        self.clock = Clock()
        self.changes: list[Shared] = []
        self.troubles: list[str | None] = []
        self.blindness: list[bool] = []
        self.watch = Watch(shelf, self.clock, self.changes.append, self.troubles.append, self.blindness.append)


@asynccontextmanager
async def running(watch: Watch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.002)


def test_the_promise_leaves_room_for_a_look_and_a_reading() -> None:
    assert watching.LATE + 2 * 0.5 <= 2.0


async def test_the_first_reading_comes_before_the_first_call() -> None:
    world = World(Shelf())
    assert world.watch.blind
    assert not world.watch.readable
    await world.watch.start()
    assert (world.changes, world.troubles) == ([EMPTY], [None])
    assert world.watch.readable
    assert not world.watch.blind


async def test_without_a_first_reading_there_is_no_start() -> None:
    shelf = Shelf()
    shelf.fault = "the store is gone"
    world = World(shelf)
    with pytest.raises(StoreFault):
        await world.watch.start()
    assert not world.watch.readable


async def test_a_change_is_handed_on_once() -> None:
    shelf = Shelf()
    world = World(shelf)
    await world.watch.start()
    async with running(world.watch):
        shelf.shared_now = Shared(2, Revocations(frozenset({"t"})))
        await until(lambda: len(world.changes) == 2)
        looks = shelf.looks
        await until(lambda: shelf.looks > looks + 3)
    assert world.changes == [EMPTY, shelf.shared_now]
    assert shelf.readings == 2  # a look alone is no reading


async def test_what_expires_is_read_again_though_nothing_was_written() -> None:
    shelf = Shelf()
    world = World(shelf)
    shelf.shared_now = Shared(1, overrides=(Override("o", "r", "a", "s", "t", world.clock.now + 5),))
    await world.watch.start()
    async with running(world.watch):
        shelf.shared_now = Shared(1)
        looks = shelf.looks
        await until(lambda: shelf.looks > looks + 3)
        assert len(world.changes) == 1
        world.clock.now += 5
        await until(lambda: len(world.changes) == 2)
    assert world.changes[1].overrides == ()


async def test_a_fault_is_told_once_and_the_last_good_stays(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    shelf.shared_now = Shared(1, Revocations(frozenset({"t"})))
    world = World(shelf)
    await world.watch.start()
    async with running(world.watch):
        shelf.fault = "the store cannot be read: disk I/O error"
        await until(lambda: not world.watch.readable)
        looks = shelf.looks
        await until(lambda: shelf.looks > looks + 3)
        assert world.troubles == [None, shelf.fault]
        assert len(world.changes) == 1
        assert not world.watch.blind
        assert world.blindness == []
        world.clock.now += BEARABLE + 1
        assert world.watch.blind
        await until(lambda: world.blindness == [True])
        shelf.fault = ""
        await until(lambda: world.watch.readable)
    assert not world.watch.blind
    assert world.blindness == [True, False]
    assert world.troubles[-1] is None
    assert len(world.changes) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_store_that_hangs_is_a_fault_and_holds_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LATE", 0.01)
    shelf = Shelf()
    world = World(shelf)
    await world.watch.start()
    rounds = 0
    wait = asyncio.wait

    async def counted(*arguments: object, **options: object) -> object:
        nonlocal rounds
        rounds += 1
        return await wait(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "wait", counted)
    async with running(world.watch):
        shelf.gate.clear()
        await until(lambda: not world.watch.readable)
        looks, so_far = shelf.looks, rounds
        await until(lambda: rounds > so_far + 3)
        assert shelf.looks == looks
        assert "not answered" in str(world.troubles[-1])
        world.clock.now += BEARABLE + 1
        shelf.gate.set()
        await until(lambda: not world.watch.blind)
    assert world.watch.readable


async def test_what_one_store_writes_another_worker_sees(tmp_path: Path) -> None:
    path = tmp_path / "state" / "state.db"
    operator, mine = Store(path), Store(path)
    world = World(mine)
    await world.watch.start()
    async with running(world.watch):
        operator.revoke("token", "t", until=world.clock.now + 60, by="me", at=world.clock.now)
        await until(lambda: len(world.changes) == 2)
        assert world.changes[1].revocations.tokens == {"t"}
        for file in list(path.parent.iterdir()):
            file.unlink()
        await until(lambda: not world.watch.readable)
    assert world.changes[-1].revocations.tokens == {"t"}
    operator.close()
    mine.close()
