import asyncio

import pytest
from tests.issuer import Provider

from doorward.control.federation.fetch import FetchFault, FetchReason
from doorward.control.federation.key_cache import REFRESH, USABLE, KeyCache, Pace
from doorward.control.jose.public_keys import KeySet, key_set


class World:
    """A provider whose fetches are counted, and a clock."""

    def __init__(self, *, local: bool = False) -> None:
        self.provider = Provider()
        self.now = 1000.0
        self.loads: list[bool] = []
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.cache = KeyCache("idp", self.load, monotonic=lambda: self.now, local=local)

    async def load(self, full: bool) -> KeySet:
        self.loads.append(full)
        await self.gate.wait()
        if self.broken:
            raise FetchFault(FetchReason.CONNECT, "idp.example.com")
        keys = key_set(self.provider.jwks())
        assert keys is not None
        return keys

    async def kids(self) -> list[str]:
        return [key.kid for key in (await self.cache.current()).keys]

    async def settled(self) -> None:
        """What happens behind everybody's back has happened."""
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)


async def test_keys_are_fetched_once_for_all_who_wait() -> None:
    world = World()
    world.gate.clear()
    waiting = [asyncio.create_task(world.kids()) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    world.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [["k-1"]] * 9
    assert world.loads == [True]


async def test_keys_are_renewed_behind_everybodys_back() -> None:
    world = World()
    await world.kids()
    world.provider.rotate("k-2")
    world.now += REFRESH - 1
    await world.kids()
    await world.settled()
    assert len(world.loads) == 1
    world.now += 1
    world.gate.clear()  # nobody waits for it
    assert await world.kids() == ["k-1"]
    world.gate.set()
    await world.settled()
    assert await world.kids() == ["k-1", "k-2"]
    assert world.cache.changes == 2


async def test_a_provider_that_is_down_costs_nothing_until_the_keys_are_too_old() -> None:
    world = World()
    await world.kids()
    world.broken = True
    world.now += USABLE - 1
    assert await world.kids() == ["k-1"]
    await world.settled()
    world.now += 1
    with pytest.raises(FetchFault) as caught:
        await world.kids()
    assert caught.value.reason is FetchReason.CONNECT
    world.broken = False
    with pytest.raises(FetchFault):
        await world.kids()  # asked a moment ago
    world.now += 60
    assert await world.kids() == ["k-1"]


async def test_a_provider_that_was_never_there_is_not_asked_by_every_call() -> None:
    world = World()
    world.broken = True
    for _ in range(1000):
        with pytest.raises(FetchFault):
            await world.kids()
        world.now += 0.01
    assert len(world.loads) <= 2


async def test_an_unknown_key_id_is_looked_for_at_once() -> None:
    world = World()
    await world.kids()
    world.provider.rotate("k-2")
    world.now += 10
    keys = await world.cache.newer()
    assert [key.kid for key in keys.keys] == ["k-1", "k-2"]
    assert world.loads == [True, False]


async def test_a_thousand_unknown_key_ids_cost_at_most_three_fetches() -> None:
    world = World()
    await world.kids()
    world.now += 200
    before = len(world.loads)
    for _ in range(1000):
        await world.cache.newer()
        world.now += 1 / 34  # half a minute in all
    assert 1 <= len(world.loads) - before <= 3


async def test_a_flood_of_them_at_once_is_one_fetch() -> None:
    world = World()
    await world.kids()
    world.now += 200
    await asyncio.gather(*(world.cache.newer() for _ in range(1000)))
    assert len(world.loads) == 2


async def test_a_change_back_and_forth_is_counted_each_time_and_the_same_keys_are_not() -> None:
    world = World()
    await world.kids()
    world.now += REFRESH
    await world.kids()
    await world.settled()
    assert (len(world.loads), world.cache.changes) == (2, 1)


async def test_a_file_is_looked_at_by_whoever_needs_it_once_a_second() -> None:
    world = World(local=True)
    await world.kids()
    world.provider.rotate("k-2", keep=False)
    assert await world.kids() == ["k-1"]
    world.now += 1
    assert await world.kids() == ["k-2"]
    for _ in range(10):
        await world.cache.newer()
    assert len(world.loads) == 2


async def test_a_cache_goes_on_where_an_older_one_ended() -> None:
    old, new = World(), World()
    await old.kids()
    new.broken = True
    new.cache.inherit(old.cache)
    assert await new.kids() == ["k-1"]
    assert new.cache.changes == 1
    assert new.loads == []


async def test_closing_ends_what_is_under_way() -> None:
    world = World()
    world.gate.clear()
    waiting = asyncio.create_task(world.kids())
    await asyncio.sleep(0)
    await world.cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await World().cache.close()


def test_the_pace_slows_down_and_recovers() -> None:
    pace = Pace()
    now, gaps = 0.0, []
    for _ in range(7):
        start = now
        while not pace.due(now):
            now += 1
        gaps.append(now - start)
        pace.asked(now, fruitful=False)
    assert gaps == [0, 5, 10, 20, 40, 60, 60]
    pace.asked(now, fruitful=True)
    assert not pace.due(now + 4)
    assert pace.due(now + 5)
