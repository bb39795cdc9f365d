"""A disk that neither takes nor refuses: the loop goes on, calls are refused after a while, and taken again (G4)."""

import asyncio
from pathlib import Path

import pytest
from tests.faulty_files import FaultyFiles
from tests.journals import Clock, Told, chain, journal, names, record
from tests.waiting import until

from doorward.core.errors import JournalFault
from doorward.gateway.journal import Settings

# Looks often, by a clock that the test moves.
IMPATIENT = Settings(stuck_after=0.05, retry_after=0.005, reserve_bytes=8192)


async def test_a_write_that_hangs(tmp_path: Path) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    kept = journal(tmp_path, files=files, changed=told, settings=IMPATIENT, monotonic=clock)
    kept.append(record("a", "intent", "x"))
    kept.append(record("b", "intent", "y"))
    await kept.written()
    hang = files.hang("write", name="journal-")
    going = kept.append(record("c", "intent", "z"))
    await until(lambda: hang.entered == 1)
    waits = kept.append(record("d", "outcome", "x"))
    clock.now += 1
    for ticket in (going, waits):
        with pytest.raises(JournalFault, match=r"a write has not ended for 0\.05 s"):
            await kept.written(ticket)
    with pytest.raises(JournalFault, match="a write has not ended"):
        kept.append(record("e", "outcome", "y"))
    with pytest.raises(JournalFault, match="a write has not ended"):
        kept.append(record("f", "outcome", "z"))  # refused: its intent was not known to be kept
    for wait in (kept.written, kept.synced):
        with pytest.raises(JournalFault, match="a write has not ended"):
            await wait(going)
    assert told.said == ["a write has not ended for 0.05 s"]
    assert kept.queued == 0
    hang.release()
    await until(lambda: told.said[1:] == [""])
    await kept.written(going)
    with pytest.raises(JournalFault):
        await kept.written(waits)
    await kept.written(kept.append(record("g")))
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert [shown["event_id"] for shown in found[:3]] == ["a", "b", "c"]
    assert found[3]["kind"] == "gap"
    assert found[3]["detail"].startswith("3 records could not be kept since ")
    assert found[3]["detail"].endswith("; records 3 to 3 were kept after their calls had been given up")
    assert [shown["exchange_id"] for shown in found[4:7]] == ["x", "y", "z"]
    assert {shown["decision"] for shown in found[4:7]} == {"error"}
    assert (tmp_path / kept.writer / "closed").exists()


async def test_a_sync_that_hangs_does_not_hold_up_writes_before_it_is_called_stuck(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    await kept.synced(kept.append(record("first")))
    hang = files.hang("sync", name="journal-")
    strict = asyncio.create_task(kept.synced(kept.append(record("strict"))))
    await until(lambda: hang.entered == 1)
    for number in range(2000):
        kept.append(record(str(number)))
        if number % 100 == 0:
            await kept.written()
    await kept.written()
    assert not strict.done()
    hang.release()
    await strict
    await kept.synced()
    kept.close()
    assert names(tmp_path, kept.writer) == ["first", "strict", *map(str, range(2000))]


async def test_a_sync_that_hangs_for_too_long(tmp_path: Path) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    kept = journal(tmp_path, files=files, changed=told, settings=IMPATIENT, monotonic=clock)
    hang = files.hang("sync", name="journal-")
    written = kept.append(record("a", "intent", "x"))
    await kept.written(written)
    await until(lambda: hang.entered == 1)
    clock.now += 1
    with pytest.raises(JournalFault, match=r"a sync has not ended for 0\.05 s"):
        await kept.synced(written)
    with pytest.raises(JournalFault, match="a sync has not ended"):
        kept.append(record("lost", "outcome", "x"))
    await kept.written(written)
    assert told.said == ["a sync has not ended for 0.05 s"]
    hang.release()
    await until(lambda: told.said[1:] == [""])
    await kept.synced(written)
    kept.close()
    _, gap, end = chain(tmp_path, kept.writer)
    assert gap["detail"].startswith("1 records could not be kept since ")
    assert (end["exchange_id"], end["decision"]) == ("x", "error")


async def test_a_hang_is_seen_though_nobody_waits(tmp_path: Path) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    kept = journal(tmp_path, files=files, changed=told, settings=IMPATIENT, monotonic=clock)
    hang = files.hang("write", name="journal-")
    kept.append(record("a"))
    await until(lambda: hang.entered == 1)
    clock.now += 1
    await until(lambda: told.said == ["a write has not ended for 0.05 s"])
    hang.release()
    await until(lambda: told.said[1:] == [""])
    kept.close()


async def test_a_disk_that_fails_after_it_hung(tmp_path: Path) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    kept = journal(tmp_path, files=files, changed=told, settings=IMPATIENT, monotonic=clock)
    hang = files.hang("write", name="journal-")
    files.fail("write", name="journal-")
    kept.append(record("a"))
    await until(lambda: hang.entered == 1)
    clock.now += 1
    with pytest.raises(JournalFault, match="a write has not ended"):
        await kept.written()
    hang.release()
    await until(lambda: told.said[1:] == ["the audit log cannot be written: Input/output error"])
    files.mend("write")
    await until(lambda: told.again)
    kept.close()
    assert chain(tmp_path, kept.writer)[-1]["detail"].startswith("1 records could not be kept")


async def test_a_stop_that_takes_longer_is_no_hang(tmp_path: Path) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    kept = journal(tmp_path, files=files, changed=told, settings=IMPATIENT, monotonic=clock)
    files.full(name="journal-")
    kept.append(record("lost"))
    with pytest.raises(JournalFault, match="No space left"):
        await kept.written()
    clock.now += 1
    await until(lambda: bool(kept._desk.written.stalled))  # it was looked at
    files.room()
    await until(lambda: told.again)
    await kept.written(kept.append(record("a")))
    assert kept.failures == 1
    kept.close()
    assert told.said == ["the audit log cannot be written: No space left on device", ""]
    assert names(tmp_path, kept.writer) == ["journal.unavailable", "a"]


async def test_who_waits_for_a_sync_that_fails_is_told_though_the_disk_stays_broken(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told, monotonic=Clock())
    await kept.synced(kept.append(record("a")))
    hang = files.hang("sync", name="journal-")
    strict = asyncio.create_task(kept.synced(kept.append(record("b"))))
    await until(lambda: hang.entered == 1)
    files.fail("write", name="journal-")
    files.fail("sync")
    kept.append(record("lost"))
    with pytest.raises(JournalFault, match="Input/output error"):
        await kept.written()
    await until(lambda: bool(told.said))
    hang.release()
    await until(strict.done)
    with pytest.raises(JournalFault, match="may not have reached the disk"):
        await strict
    files.mend("write")
    files.mend("sync")
    await until(lambda: told.again)
    kept.close()


async def test_nothing_is_watched_where_nothing_goes_on(tmp_path: Path) -> None:
    kept = journal(tmp_path, settings=IMPATIENT, monotonic=Clock())
    await kept.synced(kept.append(record("a")))
    await until(lambda: kept._timer is None)
    await kept.written(kept.append(record("b")))
    assert kept._timer is not None
    kept.close()


async def test_the_loop_goes_on_while_the_disk_hangs_and_the_journal_is_closed(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    settings = Settings(close_within=0.01)
    kept = journal(tmp_path, files=files, changed=told, settings=settings)
    hang = files.hang("write", name="journal-")
    going = asyncio.create_task(kept.written(kept.append(record("a"))))
    await until(lambda: hang.entered == 1)
    waiting = asyncio.create_task(kept.written(kept.append(record("b"))))
    await asyncio.sleep(0)
    kept.close()
    outcomes = await asyncio.gather(going, waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [JournalFault, JournalFault]
    hang.release()
    await until(lambda: not kept._thread.is_alive())
