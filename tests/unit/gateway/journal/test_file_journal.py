"""One writer on a disk that works: places in the chain, groups, who waits and who does not, the end."""

import asyncio
import stat
import threading
from itertools import count
from pathlib import Path

import pytest
from tests.faulty_files import FaultyFiles
from tests.journals import SETTINGS, chain, journal, lines, names, record
from tests.waiting import until

from doorward.core.audit import Line
from doorward.core.errors import JournalFault
from doorward.gateway.journal import NullJournal, Settings


async def test_each_line_names_its_place_and_the_line_before(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    tickets = [kept.append(record(name)) for name in ("a", "b", "é\n")]
    await kept.written()
    assert tickets == [1, 2, 3]
    kept.close()
    assert names(tmp_path, kept.writer) == ["a", "b", "é\n"]
    assert kept.records == 4
    assert kept.bytes == sum(map(len, lines(tmp_path, kept.writer)))


async def test_what_is_text_already_is_kept_as_it_is(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.append(Line('{"v":1,', '"event_id":"a","kind":"exchange"}', "x", "outcome"))
    await kept.written()
    kept.close()
    assert names(tmp_path, kept.writer) == ["a"]


async def test_a_record_is_in_the_file_when_it_is_written(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    for number in range(50):
        await kept.written(kept.append(record(str(number))))
        assert f'"event_id":"{number}"'.encode() in lines(tmp_path, kept.writer)[-1]
    assert not kept.pending()
    kept.close()


async def test_nobody_waits_for_what_is_written_already(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    ticket = kept.append(record())
    await kept.written()
    with pytest.raises(StopIteration):  # it ends without having waited for anything
        kept.written(ticket).send(None)
    await kept.synced()
    with pytest.raises(StopIteration):
        kept.synced(ticket).send(None)
    kept.close()


async def test_records_that_wait_are_written_at_once(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    hang = files.hang("write", name="journal-")
    kept.append(record("first"))
    await until(lambda: hang.entered == 1)
    for number in range(200):
        kept.append(record(str(number)))
    assert kept.pending()
    assert kept.queued == 200
    before = files.count("write", "journal-")
    hang.release()
    await kept.written()
    assert files.count("write", "journal-") == before + 1
    assert kept.queued == 0
    kept.close()
    assert names(tmp_path, kept.writer) == ["first", *map(str, range(200))]


async def test_the_order_is_that_of_the_appends_whoever_waits(tmp_path: Path) -> None:
    kept, numbers, order = journal(tmp_path), count(), []

    async def call() -> None:
        for _ in range(20):
            number = next(numbers)
            order.append(str(number))
            kept.append(record(str(number)))
            await kept.written()

    await asyncio.gather(*(call() for _ in range(30)))
    kept.close()
    assert names(tmp_path, kept.writer) == order


async def test_a_waiter_that_is_cancelled_changes_nothing_for_the_others(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    hang = files.hang("write", name="journal-")
    kept.append(record("a"))
    gone = asyncio.create_task(kept.written())
    kept.append(record("b"))
    stays = asyncio.create_task(kept.written())
    await until(lambda: hang.entered == 1)
    gone.cancel()
    await asyncio.wait([gone])
    hang.release()
    await stays
    assert gone.cancelled()
    kept.close()
    assert names(tmp_path, kept.writer) == ["a", "b"]


async def test_records_of_many_threads_all_have_their_place(tmp_path: Path) -> None:
    kept = journal(tmp_path)

    def several(name: str) -> None:
        for number in range(200):
            kept.append(record(f"{name}{number}"))

    threads = [threading.Thread(target=several, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    kept.flush()
    kept.close()
    found = names(tmp_path, kept.writer)
    for name in "abc":
        assert [one for one in found if one[0] == name] == [f"{name}{number}" for number in range(200)]


def test_it_works_without_an_event_loop(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    kept.flush()
    kept.append(record("a"))
    kept.flush()
    assert files.count("sync", "journal-") >= 1
    assert names(tmp_path, kept.writer) == ["a"]
    kept.close()


def test_a_flush_that_takes_too_long_is_a_fault(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    hang = files.hang("write", name="journal-")
    kept.append(record("a"))
    with pytest.raises(JournalFault, match="not on the disk within"):
        kept.flush(0.01)
    hang.release()
    kept.flush()
    kept.close()


def test_a_flush_is_for_all_records_since_the_one_before(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.append(record("\ud800"))
    kept.append(record("a"))
    with pytest.raises(JournalFault, match="could not be encoded"):
        kept.flush()
    kept.append(record("b"))
    kept.flush()
    kept.close()


async def test_a_record_that_cannot_be_encoded_is_lost_alone_and_told(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    good, bad, after = kept.append(record("a")), kept.append(record("\ud800")), kept.append(record("b"))
    await kept.written(good)
    await kept.written(after)
    await kept.synced(kept.append(record("c")))
    for late in (kept.written, kept.synced):
        with pytest.raises(JournalFault, match="could not be encoded"):
            await late(bad)
        await late(good)
        await late(after)
    await until(lambda: kept.records == 5)
    kept.close()
    found = chain(tmp_path, kept.writer)
    (gap,) = (shown for shown in found if shown["kind"] == "gap")
    assert [shown["event_id"] for shown in found if shown is not gap] == ["a", "b", "c"]
    assert (gap["kind"], gap["reason"], gap["decision"]) == ("gap", "journal.unavailable", "error")
    assert gap["detail"].startswith("1 records could not be kept since ")


async def test_an_outcome_that_cannot_be_encoded_has_another_in_its_place(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.append(record("a", "intent", "x"))
    kept.append(record("\ud800", "outcome", "x"))
    await until(lambda: kept.records == 4)
    kept.close()
    _, gap, end = chain(tmp_path, kept.writer)
    assert gap["kind"] == "gap"
    assert (end["exchange_id"], end["kind"], end["phase"], end["decision"]) == ("x", "exchange", "outcome", "error")
    assert end["detail"] == "its record could not be encoded"


async def test_more_than_can_wait_is_refused_and_counted(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files, settings=Settings(most_queued=20, stuck_after=SETTINGS.stuck_after))
    hang = files.hang("write", name="journal-")
    kept.append(record("first"))
    await until(lambda: hang.entered == 1)
    # Of callers that are not known yet, no more than a tenth: a flood of them leaves room for the others.
    for number in range(2):
        kept.append(record(f"early {number}"), early=True)
    with pytest.raises(JournalFault, match="too many"):
        kept.append(record("lost"), early=True)
    for number in range(18):
        kept.append(record(str(number)))
    with pytest.raises(JournalFault, match="too many"):
        kept.append(record("lost"))
    hang.release()
    await until(lambda: kept.records == 23)
    kept.close()
    found = chain(tmp_path, kept.writer)
    assert [shown["detail"].partition(" since")[0] for shown in found if shown["kind"] == "gap"] == [
        "2 records could not be kept"
    ]
    assert [shown["event_id"] for shown in found if shown["kind"] != "gap"] == [
        "first", "early 0", "early 1", *map(str, range(18)),
    ]  # fmt: skip


def test_every_writer_has_a_place_of_its_own_that_others_cannot_read(tmp_path: Path) -> None:
    one, two = journal(tmp_path / "audit"), journal(tmp_path / "audit")
    assert one.writer != two.writer
    for kept in (one, two):
        kept.flush()
        place = tmp_path / "audit" / kept.writer
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
        kept.close()


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFault, match="the audit directory cannot be written"):
        journal(tmp_path / "file")


@pytest.mark.parametrize(
    ("call", "name"), [("open", "lock"), ("open", "journal-"), ("open", "check"), ("allocate", ""), ("write", "")]
)
def test_a_journal_that_cannot_begin_leaves_nothing_behind(tmp_path: Path, call: str, name: str) -> None:
    files = FaultyFiles()
    files.fail(call, name=name)
    with pytest.raises(JournalFault):
        journal(tmp_path, files=files)
    assert list(tmp_path.iterdir()) == []


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.close()
    kept.close()
    with pytest.raises(JournalFault, match="closed"):
        kept.append(record())


async def test_closing_keeps_what_waits_and_says_that_it_is_over(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    for number in range(500):
        kept.append(record(str(number)))
    waiting = asyncio.create_task(kept.written())
    await asyncio.sleep(0)
    kept.close()
    await waiting
    assert names(tmp_path, kept.writer) == [str(number) for number in range(500)]
    left = {path.name for path in (tmp_path / kept.writer).iterdir()}
    assert left == {"lock", "journal-000001.jsonl", "checkpoints.jsonl", "closed"}


def test_a_writer_that_owes_an_outcome_does_not_say_that_it_is_over(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.append(record("a", "intent", "x"))
    kept.append(record("b", "opened", "y"))
    kept.append(record("c", "outcome", "x"))
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()


def test_closing_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files, settings=Settings(close_within=0.01))
    hang = files.hang("sync")
    kept.append(record())
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()
    hang.release()


async def test_the_null_journal_takes_everything() -> None:
    kept = NullJournal()
    await kept.written(kept.append(record(), early=True))
    await kept.synced()
    kept.flush()
    kept.close()
