import asyncio
from collections.abc import Hashable

import pytest

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant, Principal
from doorward.core.shared import Revocations
from doorward.gateway.tokens import EXPIRED, HOLD, REFUSED, REFUSED_FOR, REVOKED, UNAVAILABLE_FOR, TokenCache

NOW = 1_800_000_000.0
NONE = Revocations()
BAD = Decision(Effect.DENY, Reason.AUTH_INVALID)
DOWN = Decision(Effect.DENY, Reason.AUTH_UNAVAILABLE)


def good(name: str = "t", *, expires: float | None = NOW + 900, ancestors: tuple[str, ...] = ()) -> Grant:
    return Grant(Principal("agent:a"), {}, grant_id="g", expires=expires, token_id=name, ancestors=ancestors)


class World:
    """A verifier that counts, and a cache before it."""

    def __init__(self, result: Grant | Decision | Exception = BAD, *, remembered: int = 100) -> None:
        self.result = result
        self.asked: list[bytes] = []
        self.version: Hashable = 1
        self.gate = asyncio.Event()
        self.gate.set()
        self.cache = TokenCache(self, lambda: self.version, remembered=remembered)

    async def verify(self, token: bytes, now: float) -> Grant | Decision:
        self.asked.append(token)
        await self.gate.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    async def check(self, token: bytes = b"t", now: float = NOW, epoch: int = 0, revoked: Revocations = NONE) -> object:
        return await self.cache.check(token, now, epoch, revoked)

    def lookup(self, token: bytes = b"t", now: float = NOW, epoch: int = 0, revoked: Revocations = NONE) -> object:
        return self.cache.lookup(token, now, epoch, revoked)


async def test_a_good_token_is_verified_once() -> None:
    world = World(good())
    assert world.lookup() is None
    assert await world.check() is world.result
    assert world.lookup() is world.result
    assert await world.check() is world.result
    assert world.asked == [b"t"]
    assert world.lookup(b"other") is None


async def test_an_entry_dies_with_its_token() -> None:
    world = World(good(expires=NOW + 10))
    await world.check()
    assert world.lookup(now=NOW + 9.9) is world.result
    assert world.lookup(now=NOW + 10) is EXPIRED
    assert world.lookup(now=NOW + 10) is None  # and is gone


async def test_an_entry_is_verified_again_after_five_minutes() -> None:
    world = World(good(expires=None))
    await world.check()
    assert world.lookup(now=NOW + HOLD - 1) is world.result
    assert world.lookup(now=NOW + HOLD) is None


async def test_a_clock_that_is_set_back_keeps_no_entry_longer() -> None:
    world = World(good())
    await world.check()
    assert world.lookup(now=NOW - 3600) is None
    world.result = BAD
    await world.check()
    assert world.lookup(now=NOW - 3600) is None


async def test_other_keys_or_another_configuration_drop_everything() -> None:
    world = World(good())
    await world.check()
    world.result = BAD
    await world.check(b"bad")
    world.version = (2, 0)
    assert world.lookup() is None
    assert world.lookup(b"bad") is None


async def test_what_was_verified_by_keys_that_changed_meanwhile_is_not_kept() -> None:
    world = World(good())
    world.gate.clear()
    waiting = asyncio.create_task(world.check())
    await asyncio.sleep(0)
    world.version = 2
    assert world.lookup() is None
    world.gate.set()
    assert await waiting is world.result
    assert world.lookup() is None


async def test_revocations_are_asked_whenever_they_changed() -> None:
    world = World(good("t", ancestors=("parent",)))
    await world.check()
    for revoked in (
        Revocations(tokens=frozenset(("t",))),
        Revocations(tokens=frozenset(("parent",))),
        Revocations(grants=frozenset(("g",))),
    ):
        assert world.lookup(epoch=1, revoked=revoked) is REVOKED
        assert world.lookup(epoch=1, revoked=revoked) is REVOKED
    assert world.lookup(epoch=2, revoked=Revocations(tokens=frozenset(("other",)))) is world.result
    assert world.lookup(epoch=2, revoked=Revocations(tokens=frozenset(("t",)))) is world.result  # not asked twice
    assert world.asked == [b"t"]


async def test_a_token_that_was_revoked_before_it_was_seen() -> None:
    world = World(good())
    revoked = Revocations(tokens=frozenset(("t",)))
    assert await world.check(epoch=7, revoked=revoked) is REVOKED
    assert world.lookup(epoch=7, revoked=revoked) is REVOKED
    assert await world.check(epoch=7, revoked=revoked) is REVOKED
    assert world.asked == [b"t"]


async def test_a_flood_of_one_bad_token_is_one_verification() -> None:
    world = World(BAD)
    for _ in range(1000):
        assert await world.check() is BAD
    assert len(world.asked) == 1
    assert world.lookup(now=NOW + REFUSED_FOR - 0.1) is BAD
    assert world.lookup(now=NOW + REFUSED_FOR) is None


async def test_an_outage_is_forgotten_sooner() -> None:
    world = World(DOWN)
    await world.check()
    assert world.lookup(now=NOW + UNAVAILABLE_FOR - 0.1) is DOWN
    assert world.lookup(now=NOW + UNAVAILABLE_FOR) is None


async def test_bad_tokens_do_not_drive_out_good_ones_and_are_bounded() -> None:
    world = World(good())
    await world.check(b"good")
    world.result = BAD
    for number in range(REFUSED + 1):
        await world.check(b"bad-%d" % number)
    assert world.lookup(b"good") is not None
    assert world.lookup(b"bad-0") is None
    assert world.lookup(b"bad-1") is BAD


async def test_the_least_recently_used_goes_first() -> None:
    world = World(good(), remembered=2)
    await world.check(b"a")
    await world.check(b"b")
    assert world.lookup(b"a") is not None
    await world.check(b"c")
    assert world.lookup(b"b") is None
    assert world.lookup(b"a") is not None
    assert world.lookup(b"c") is not None


async def test_those_who_bring_the_same_token_wait_for_one_verification() -> None:
    world = World(good())
    world.gate.clear()
    waiting = [asyncio.create_task(world.check()) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # one who leaves takes nothing from the others
    await asyncio.sleep(0)
    world.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [world.result] * 9
    assert world.asked == [b"t"]


async def test_nobody_waits_for_a_verification_by_keys_of_before() -> None:
    world = World(good())
    world.gate.clear()
    before = asyncio.create_task(world.check())
    await asyncio.sleep(0)
    world.version = 2
    after = asyncio.create_task(world.check())
    await asyncio.sleep(0)
    world.gate.set()
    await asyncio.gather(before, after)
    assert world.asked == [b"t", b"t"]


async def test_a_defect_is_raised_and_not_kept() -> None:
    world = World(RuntimeError("defect"))
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await world.check()
    assert len(world.asked) == 2
    world.result = good()
    assert await world.check() is world.result


async def test_what_waited_for_a_token_that_expired_meanwhile() -> None:
    world = World(good(expires=NOW + 1))
    await world.check(now=NOW)
    assert await world.check(now=NOW + 2) is EXPIRED
