"""A part beside the calls that breaks is no silence: grants that could have been revoked are refused from then on."""

import asyncio
import stat
from pathlib import Path

import pytest
from tests.waiting import until

from doorward.bootstrap.clock import SystemClock
from doorward.bootstrap.following import Following
from doorward.control.store import Store
from doorward.core.shared import Shared
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.live import Live

SNAPSHOT = Snapshot(1, "", {}, {}, Keys(b"", "", ()))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    tmp_path.chmod(stat.S_IRWXU)
    return Store(tmp_path / "state.db")


async def started(store: Store) -> tuple[Following, Live, list[Shared]]:
    live, told = Live(SNAPSHOT), list[Shared]()
    live.ready = True
    following = Following(store, live, SystemClock(), lambda tools: None)
    await following.start(())
    return following, live, told


async def test_what_is_revoked_is_told_and_kept(store: Store) -> None:
    following, live, told = await started(store)
    following.begin(told.append)
    other = Store(store.path)
    other.revoke("grant", "g1", until=9e9, by="os:test", at=1.0)
    other.close()
    await until(lambda: bool(told) and "g1" in told[-1].revocations.grants)
    assert live.shared is told[-1]
    assert not live.blind
    assert live.healthy_reasons() == []
    await following.close()


async def test_a_part_that_breaks_makes_it_blind_and_unready(store: Store) -> None:
    following, live, told = await started(store)

    async def breaks() -> None:
        raise RuntimeError

    following.begin(told.append, breaks())
    await until(lambda: live.blind)
    assert any("has broken" in reason for reason in live.healthy_reasons())
    await following.close()


async def test_closing_is_no_break(store: Store) -> None:
    following, live, told = await started(store)
    following.begin(told.append)
    await following.close()
    assert not live.blind


async def test_a_part_that_has_no_more_to_do_is_no_break(store: Store) -> None:
    following, live, told = await started(store)
    ended = asyncio.Event()

    async def ends() -> None:
        ended.set()

    following.begin(told.append, ends())
    await ended.wait()
    await asyncio.sleep(0)  # the callbacks of a task that has ended run with the next turn of the loop
    await asyncio.sleep(0)
    assert not live.blind
    assert live.healthy_reasons() == []
    await following.close()
