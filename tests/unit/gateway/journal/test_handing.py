"""The loop stands still for the writer where that is shorter, never for long, and never again for a disk that hangs."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.faulty_files import FaultyFiles
from tests.journals import SETTINGS, Clock, journal, names, record
from tests.waiting import PATIENCE, until

from doorward.core.errors import JournalFault
from doorward.gateway.journal import FileJournal
from doorward.gateway.journal.handing import ENOUGH, MOST_TURNS
from doorward.gateway.journal.progress import Progress

# As long as it takes: what happens here must not depend on which thread is faster.
PROMPT = msgspec.structs.replace(SETTINGS, moment=PATIENCE)


class Waits:
    """How often the loop stood still, and for how long it might have."""

    def __init__(self, kept: FileJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds: list[float] = []
        self._linger = kept._desk.written.linger
        monkeypatch.setattr(kept._desk.written, "linger", self._count)

    def _count(self, ticket: int, ring: Callable[[], None], seconds: float) -> bool:
        self.seconds.append(seconds)
        return self._linger(ticket, ring, seconds)


async def call(kept: FileJournal, name: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await kept.written(kept.append(record(name)))


async def test_a_call_that_is_alone_does_not_leave_its_turn(tmp_path: Path) -> None:
    kept, begun = journal(tmp_path, settings=PROMPT), time.monotonic()
    for number in range(3):
        ticket = kept.append(record(str(number)))
        with pytest.raises(StopIteration):  # it ends without having waited in the loop
            kept.written(ticket).send(None)
        assert not kept.pending()
        await asyncio.sleep(0)
    assert time.monotonic() - begun < PATIENCE  # the writer's answer ends the wait, not its bound
    kept.close()
    assert names(tmp_path, kept.writer) == ["0", "1", "2"]


async def test_a_call_with_several_records_in_a_turn_lets_the_others_have_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal(tmp_path, settings=PROMPT)
    waits = Waits(kept, monkeypatch)
    turned: list[int] = []
    for number in range(5):
        asyncio.get_running_loop().call_soon(turned.append, number)
        await call(kept, "at once")
        await call(kept, "at the end of the turn")
        assert len(turned) == number + 1
        assert not kept._hand._several  # it is alone all the same
        await asyncio.sleep(0)
    assert len(waits.seconds) == 10
    kept.close()


async def test_two_calls_that_come_together_are_several(tmp_path: Path) -> None:
    kept = journal(tmp_path, settings=PROMPT)
    await asyncio.gather(call(kept, "a"), call(kept, "b"))
    assert kept._hand._several
    kept.close()


async def test_the_writer_is_woken_once_for_a_call_that_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, rings = journal(tmp_path, settings=PROMPT), []
    ring = kept._desk.bell.ring
    monkeypatch.setattr(kept._desk.bell, "ring", lambda: (rings.append(kept.queued), ring()))
    for name in "abc":
        await call(kept, name)
        for _ in range(3):
            await asyncio.sleep(0)
    assert rings == [1, 1, 1]
    kept.close()


async def test_calls_that_come_together_share_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files, settings=PROMPT)
    waits = Waits(kept, monkeypatch)
    counts = []
    for _ in range(3):
        before = files.count("write", "journal-")
        await asyncio.gather(*(call(kept, name) for name in "abcdefgh"))
        counts.append(files.count("write", "journal-") - before)
    assert counts == [2, 1, 1]  # nobody knew of the others when the very first came
    await call(kept, "i")  # a group of one: they do not come together any more
    ticket = kept.append(record("j"))
    with pytest.raises(StopIteration):
        kept.written(ticket).send(None)
    assert waits.seconds
    assert set(waits.seconds) == {PATIENCE}
    kept.close()
    assert names(tmp_path, kept.writer) == [*"abcdefgh" * 3, "i", "j"]


async def test_records_of_several_turns_are_one_group_but_none_waits_for_ever(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files, settings=PROMPT)
    await asyncio.gather(*(call(kept, name) for name in "abc"))  # now there are several
    before = files.count("write", "journal-")
    ticket, turns = kept.append(record("first")), 0
    waiting = asyncio.create_task(kept.written(ticket))
    while kept._desk.written.done < ticket:
        kept.append(record("more"))
        await asyncio.sleep(0)
        turns += 1
        assert turns < 10 * MOST_TURNS
    assert files.count("write", "journal-") == before + 1
    assert turns >= MOST_TURNS
    await waiting
    kept.close()


async def test_where_there_is_enough_for_a_group_the_loop_neither_waits_for_more_nor_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal(tmp_path, settings=PROMPT)
    await asyncio.gather(*(call(kept, name) for name in "abc"))  # now there are several
    waits, rings = Waits(kept, monkeypatch), []
    ring = kept._desk.bell.ring
    monkeypatch.setattr(kept._desk.bell, "ring", lambda: (rings.append(kept.queued), ring()))
    calls = [asyncio.create_task(call(kept, str(number))) for number in range(ENOUGH + 1)]
    await asyncio.sleep(0)
    assert (rings, kept.queued) == ([], ENOUGH + 1)
    await asyncio.sleep(0)
    assert rings == [ENOUGH + 1]
    await asyncio.gather(*calls)
    assert waits.seconds == []
    kept.close()


async def test_a_disk_that_hangs_stops_the_loop_once_and_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, clock = FaultyFiles(), Clock()
    settings = msgspec.structs.replace(SETTINGS, stuck_after=0.05)
    kept = journal(tmp_path, files=files, settings=settings, monotonic=clock)
    waits = Waits(kept, monkeypatch)
    hang = files.hang("write", name="journal-")
    calls = [asyncio.create_task(kept.written(kept.append(record(str(number))))) for number in range(20)]
    await until(lambda: hang.entered == 1)
    for number in range(20):
        calls.append(asyncio.create_task(kept.written(kept.append(record(f"more {number}")))))
        await asyncio.sleep(0)  # the loop serves whoever comes
    assert waits.seconds == [settings.moment]
    assert not any(call.done() for call in calls)
    clock.now += 1
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert {str(each) for each in done} == {"a write has not ended for 0.05 s"}
    assert waits.seconds == [settings.moment]
    hang.release()
    await until(lambda: not kept._desk.written.stalled)
    kept.close()


async def test_the_loop_stands_still_again_when_the_disk_has_proved_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, clock = FaultyFiles(), Clock()
    settings = msgspec.structs.replace(PROMPT, moment=0.0005, proof=3)
    kept = journal(tmp_path, files=files, settings=settings, monotonic=clock)
    waits = Waits(kept, monkeypatch)

    async def slow() -> None:
        hang = files.hang("write", name="journal-")
        waiting = asyncio.create_task(kept.written(kept.append(record("slow"))))
        await until(lambda: hang.entered == 1)
        clock.now += 0.001
        hang.release()
        await waiting

    async def prompt(times: int) -> None:
        for _ in range(times):
            await kept.written(kept.append(record("prompt")))
            await until(lambda: not kept._desk.writing_since)

    await slow()
    assert waits.seconds == [0.0005]
    await prompt(2)
    assert kept._desk.doubts == 1
    await slow()  # and it has to begin anew
    await until(lambda: not kept._desk.writing_since)
    assert kept._desk.doubts == 3
    await prompt(3)
    assert kept._desk.doubts == 0
    assert waits.seconds == [0.0005]
    await prompt(1)
    assert waits.seconds == [0.0005, 0.0005]
    kept.close()


async def test_who_waits_while_the_loop_stands_still_is_told_that_the_record_is_lost(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files, settings=PROMPT)
    files.fail("write", name="journal-")
    with pytest.raises(JournalFault, match="Input/output error"):
        kept.written(kept.append(record("lost"))).send(None)
    files.mend("write")
    await until(lambda: not kept._desk.fault)
    kept.close()
    assert "lost" not in names(tmp_path, kept.writer)


async def test_a_record_that_nobody_waits_for_does_not_stop_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal(tmp_path, settings=PROMPT)
    waits = Waits(kept, monkeypatch)
    kept.append(record("a"), early=True)
    await until(lambda: not kept.pending())
    await kept.synced(kept.append(record("b")))
    assert waits.seconds == []
    kept.close()


# -- no wake-up is lost: the writer's steps between two of the loop's, one after the other -----------------------------


def reaching(progress: Progress, ticket: int) -> asyncio.Task[None]:
    return asyncio.create_task(progress.reach(ticket))


def moved(progress: Progress, ticket: int) -> Callable[[], None]:
    """The writer has come so far."""

    def move() -> None:
        progress.done = ticket
        progress.publish()

    return move


async def test_all_who_wait_are_told_by_the_loop_itself() -> None:
    progress = Progress()
    first, second, third = (reaching(progress, ticket) for ticket in (1, 2, 3))
    await asyncio.sleep(0)
    assert progress.linger(2, moved(progress, 2), PATIENCE)
    assert not progress._waking  # not once more, through the selector
    await until(lambda: first.done() and second.done())
    assert not third.done()
    moved(progress, 3)()
    await until(third.done)


async def test_an_answer_just_after_the_wait_was_given_up_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress()
    waiting = reaching(progress, 1)
    await asyncio.sleep(0)
    # The wait is over, and the writer finds that the loop still stands there: it leaves everything to the loop.
    monkeypatch.setattr(progress._answer, "wait", lambda _: moved(progress, 1)())
    assert progress.linger(1, lambda: None, 0)
    await until(waiting.done)
    await waiting


async def test_after_a_wait_in_vain_the_writer_wakes_the_loop_as_ever() -> None:
    progress = Progress()
    waiting = reaching(progress, 1)
    await asyncio.sleep(0)
    assert not progress.linger(1, lambda: None, 0)
    assert not waiting.done()
    await asyncio.to_thread(moved(progress, 1))
    await until(waiting.done)
    await waiting


async def test_an_answer_that_came_too_late_is_not_taken_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    progress, answered = Progress(), []
    progress._answer.ring()  # the writer had looked before the loop gave up, and rings only now
    waiting = reaching(progress, 2)
    await asyncio.sleep(0)
    wait = progress._answer.wait

    def late(seconds: float | None = None) -> None:
        answered.append(progress._answer._rung)
        moved(progress, 2)()
        wait(seconds)

    monkeypatch.setattr(progress._answer, "wait", late)
    assert progress.linger(2, lambda: None, PATIENCE)
    assert answered == [False]
    await until(waiting.done)
    await waiting


async def test_a_waiter_that_was_cancelled_does_not_matter_to_the_loop_that_stands_still() -> None:
    progress = Progress()
    gone, stays = reaching(progress, 1), reaching(progress, 2)
    await asyncio.sleep(0)
    gone.cancel()
    assert progress.linger(2, moved(progress, 2), PATIENCE)
    await until(stays.done)
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_what_is_lost_while_the_loop_stands_still_is_not_said_to_be_kept() -> None:
    progress = Progress()
    first, second = reaching(progress, 1), reaching(progress, 2)
    await asyncio.sleep(0)

    def lose() -> None:
        progress.lose(2, 2, "lost")
        moved(progress, 2)()

    assert progress.linger(2, lose, PATIENCE)
    await until(lambda: first.done() and second.done())
    await first
    with pytest.raises(JournalFault, match="lost"):
        await second
