"""Who waits is told the truth about exactly the ticket that it names, whatever another thread does at that moment."""

import asyncio

import pytest
from tests.waiting import PATIENCE

from doorward.core.errors import JournalFault
from doorward.gateway.journal.progress import Progress


async def test_each_ticket_has_a_fate_of_its_own_also_when_it_is_asked_late() -> None:
    progress = Progress()
    waiting = {ticket: asyncio.create_task(progress.reach(ticket)) for ticket in range(1, 6)}
    await asyncio.sleep(0)
    progress.lose(2, 2, "lost alone")
    progress.lose(4, 4, "also lost")
    progress.done = 5
    progress.publish()
    done = await asyncio.gather(*waiting.values(), return_exceptions=True)
    late = await asyncio.gather(*map(progress.reach, waiting), return_exceptions=True)
    assert [str(each) for each in done] == ["None", "lost alone", "None", "also lost", "None"]
    assert [str(each) for each in late] == ["None", "lost alone", "None", "also lost", "None"]


async def test_what_was_lost_too_long_ago_to_be_remembered_is_not_said_to_be_kept() -> None:
    progress = Progress()
    for ticket in range(1, 5001, 2):
        progress.lose(ticket, ticket, "lost")
    progress.done = 6000
    for ticket in (1, 999, 4999):
        with pytest.raises(JournalFault):
            await progress.reach(ticket)
    await progress.reach(5000)
    await progress.reach(6000)
    with pytest.raises(JournalFault):
        progress.block(1, 6000, PATIENCE)
    progress.block(5000, 6000, PATIENCE)


class Racing(Progress):
    """Another thread loses the first ticket, and passes it, just as somebody looks at how far it is."""

    raced = False

    @property  # type: ignore[override]
    def done(self) -> int:
        if not self.raced:
            return 0
        if not self._lost:
            self.lose(1, 1, "lost")
        return 1

    @done.setter
    def done(self, value: int) -> None:
        pass


async def test_a_loss_between_two_looks_is_seen() -> None:
    progress = Racing()
    progress.raced = True
    with pytest.raises(JournalFault, match="lost"):
        await progress.reach(1)


class Reviving(Progress):
    """The disk hangs for as many looks as it is told, and then goes on."""

    looks = 0

    @property  # type: ignore[override]
    def stalled(self) -> str:
        self.looks -= 1
        return "a sync has not ended" if self.looks >= 0 else ""

    @stalled.setter
    def stalled(self, value: str) -> None:
        pass


async def test_nobody_is_told_that_all_is_kept_because_a_hang_ended_just_then() -> None:
    progress = Reviving()
    progress.looks = 1
    waiting = asyncio.create_task(progress.reach(1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    progress.lose(1, 1, "lost")
    progress.done = 1
    progress.publish()
    with pytest.raises(JournalFault, match="lost"):
        await waiting
