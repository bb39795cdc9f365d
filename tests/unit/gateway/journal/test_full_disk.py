"""A disk that is full: nothing is said to be kept that is not, the stop is recorded, and it goes on by itself (G4)."""

import asyncio
import errno
from pathlib import Path

import pytest
from tests.faulty_files import FaultyFiles
from tests.garbage import uncollected
from tests.journals import SETTINGS, Told, chain, journal, names, record
from tests.waiting import until

from doorward.core.audit import Line
from doorward.core.errors import JournalFault
from doorward.gateway.journal import FileJournal, Settings

FULL = "the audit log cannot be written: No space left on device"


async def refused(kept: FileJournal, name: str, phase: str = "", exchange: str = "x") -> None:
    with pytest.raises(JournalFault) as fault:
        kept.append(record(name, phase, exchange))
    assert fault.value.code == "journal.unavailable"
    assert fault.value.detail == FULL


@pytest.mark.parametrize("room", [0, 7])
async def test_what_is_not_whole_in_the_file_is_not_kept(tmp_path: Path, room: int) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    first = kept.append(record("a"))
    await kept.written()
    files.full(room)
    lost = kept.append(record("lost"))
    with pytest.raises(JournalFault, match="No space left"):
        await kept.written()
    with pytest.raises(JournalFault, match="No space left"):
        await kept.written(lost)
    with pytest.raises(JournalFault, match="No space left"):
        await kept.synced(lost)
    await kept.written(first)
    await kept.synced(first)
    await refused(kept, "also lost")
    await until(lambda: told.said == [FULL])
    files.room()
    await until(lambda: told.said == [FULL, ""])
    await kept.written(kept.append(record("b")))
    with pytest.raises(JournalFault):
        await kept.written(lost)
    assert kept.failures == 1
    kept.close()
    assert names(tmp_path, kept.writer) == ["a", "journal.unavailable", "journal.unavailable", "b"]


@pytest.mark.parametrize("name", ["journal-", "checkpoints"])
async def test_what_could_not_be_written_is_not_left_to_the_garbage_collector(tmp_path: Path, name: str) -> None:
    files, told = FaultyFiles(), Told()
    settings = Settings(checkpoint_seconds=0.0, retry_after=0.005, reserve_bytes=8192, stuck_after=SETTINGS.stuck_after)
    kept = journal(tmp_path, files=files, changed=told, settings=settings)
    await until(lambda: kept.checkpoints == 1)
    with uncollected() as found:
        files.fail("write", errno.ENOSPC, name=name)
        kept.append(record("a"))
        await until(lambda: told.said == [FULL])
        files.mend("write")
        await until(lambda: told.again)
    kept.close()
    assert not found


async def test_of_a_group_the_whole_lines_are_kept(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    hang = files.hang("write", name="journal-")
    kept.append(record("first"))
    await until(lambda: hang.entered == 1)
    tickets = [kept.append(record(str(number))) for number in range(10)]
    size = len(record("0").line(kept.writer, 10, "0" * 64))
    files.full(4 * size, name="journal-")
    hang.release()
    outcomes = await asyncio.gather(*map(kept.written, tickets), return_exceptions=True)
    assert [isinstance(outcome, JournalFault) for outcome in outcomes] == [False] * 3 + [True] * 7
    files.room()
    await until(lambda: told.said == [FULL, ""])
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert [shown["event_id"] for shown in found if shown["kind"] != "gap"] == ["first", "0", "1", "2"]
    assert found[-1]["detail"].startswith("7 records could not be kept since ")


async def test_the_stop_is_recorded_in_the_reserve_and_its_end_with_how_many(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told, wall=lambda: 1_700_000_000.0)
    await kept.synced(kept.append(record("a")))
    files.full()
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    await until(lambda: kept.records == 3)
    assert not (tmp_path / kept.writer / "reserve").exists()
    (began,) = [shown for shown in chain(tmp_path, kept.writer) if shown["kind"] == "gap"]
    assert (began["phase"], began["reason"]) == ("began", "journal.unavailable")
    assert began["detail"] == "the disk is full: calls are refused from now on"
    for _ in range(4):
        await refused(kept, "lost")
    files.room()
    await until(lambda: told.again)
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert found[-1]["detail"] == f"5 records could not be kept since 2023-11-14T22:13:20.000Z: {FULL}"
    assert found[-1]["phase"] == ""


async def test_it_says_so_where_calls_go_on_unrecorded(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    settings = Settings(refuses=False, retry_after=0.005, reserve_bytes=8192, stuck_after=SETTINGS.stuck_after)
    kept = journal(tmp_path, files=files, changed=told, settings=settings)
    kept.append(record("a", "intent", "x"))
    await kept.written()
    files.full()
    kept.append(record("b", "outcome", "x"))
    with pytest.raises(JournalFault):
        await kept.written()
    files.room()
    await until(lambda: told.again)
    kept.close()
    details = [shown["detail"] for shown in chain(tmp_path, kept.writer)]
    assert details[1] == "the disk is full: calls go unrecorded from now on"
    assert details[3] == "its record could not be kept"


async def test_it_does_not_begin_again_before_there_is_room_for_more_than_the_reserve(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    files.full()
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    await until(lambda: kept.records == 2)  # the stop: the reserve has been given up
    files.full(SETTINGS.reserve_bytes + 4096)
    tries = files.count("allocate")
    await until(lambda: files.count("allocate") >= tries + 3)
    assert told.said == [FULL]
    files.full(3 * SETTINGS.reserve_bytes)
    await until(lambda: told.said == [FULL, ""])
    assert (tmp_path / kept.writer / "reserve").stat().st_blocks * 512 >= SETTINGS.reserve_bytes
    await kept.written(kept.append(record("a")))
    kept.close()


async def test_outcomes_that_could_not_be_kept_have_another_behind_the_gap(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    kept.append(record("a", "intent", "x"))
    kept.append(record("b", "opened", "y", "stream"))
    kept.append(record("c", "intent", "ended"))
    kept.append(record("d", "outcome", "ended"))
    kept.append(record("e", "intent", "goes on"))
    await kept.written()
    files.full()
    text = '"event_id":"f","exchange_id":"x","kind":"exchange","phase":"outcome","timestamp":"t","tool_name":"get"}'
    kept.append(Line('{"v":1,', text, "x", "outcome"))
    with pytest.raises(JournalFault):
        await kept.written()
    await refused(kept, "g", "closed", "y")  # while nothing is taken
    await refused(kept, "h", "outcome", "x")  # a second one of the same
    await refused(kept, "i", "outcome", "refused")  # an exchange that never began here
    await refused(kept, "j", "outcome", "ended")
    files.room()
    await until(lambda: told.again)
    kept.append(record("k", "outcome", "goes on"))
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert [shown["event_id"] for shown in found[:5]] == ["a", "b", "c", "d", "e"]
    assert [shown["kind"] for shown in found[5:]] == ["gap", "gap", "exchange", "exchange", "exchange"]
    ends = {shown["exchange_id"]: shown for shown in found[7:9]}
    assert [(ends[key]["event_id"], ends[key]["phase"]) for key in "xy"] == [("f", "outcome"), ("g", "closed")]
    assert {(end["decision"], end["reason"]) for end in ends.values()} == {("error", "journal.unavailable")}
    assert {end["detail"] for end in ends.values()} == {"its record could not be kept; the answer was withheld"}
    assert ends["x"]["tool_name"] == "get"
    assert found[9]["event_id"] == "k"
    assert (tmp_path / kept.writer / "closed").exists()


async def test_a_second_stop_while_the_first_is_told_loses_no_count(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    kept.append(record("a", "intent", "x"))
    await kept.written()
    files.full()
    kept.append(record("lost", "outcome", "x"))
    with pytest.raises(JournalFault):
        await kept.written()
    await until(lambda: kept.records == 3)
    files.fail("write", times=3, name="journal-")  # three tries to tell it
    files.room()
    await until(lambda: told.again)
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert [shown["phase"] for shown in found] == ["intent", "began", "", "outcome"]
    assert found[2]["detail"].startswith("1 records could not be kept")


async def test_closing_while_it_is_full_ends_and_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    files.full()
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()
    with pytest.raises(JournalFault):
        kept.append(record())


async def test_a_disk_that_is_full_for_the_checkpoints_alone_stops_it_too(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    settings = Settings(checkpoint_seconds=0.0, retry_after=0.005, reserve_bytes=8192, stuck_after=SETTINGS.stuck_after)
    kept = journal(tmp_path, files=files, changed=told, settings=settings)
    await until(lambda: kept.checkpoints == 1)
    files.fail("write", errno.ENOSPC, name="checkpoints")
    kept.append(record("a"))
    await kept.written()
    await until(lambda: told.said == [FULL])
    await refused(kept, "lost")
    files.mend("write")
    await until(lambda: told.again)
    await kept.synced(kept.append(record("b")))
    kept.close()
    assert names(tmp_path, kept.writer) == ["a", "journal.unavailable", "journal.unavailable", "b"]
