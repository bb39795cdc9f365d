"""A disk with errors: a failed write is cut off, a failed sync seals its segment, and no sync is tried again (G4)."""

import errno
from pathlib import Path

import pytest
from tests.faulty_files import FaultyFiles
from tests.journals import Told, chain, journal, names, record, segments
from tests.waiting import until

from doorward.core.errors import JournalFault

BROKEN = "the audit log cannot be written: Input/output error"


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS])
async def test_one_failed_write(tmp_path: Path, code: int) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    files.fail("write", code, times=1, name="journal-")
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    await until(lambda: len(told.said) == 2)
    assert told.said[1] == ""
    await kept.written(kept.append(record("a")))
    kept.close()
    assert names(tmp_path, kept.writer) == ["journal.unavailable", "journal.unavailable", "a"]


async def test_writes_that_fail_until_the_disk_is_mended(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    files.fail("write", name="journal-")
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    tried = files.count("write", "journal-")
    await until(lambda: files.count("write", "journal-") >= tried + 3)
    with pytest.raises(JournalFault, match="Input/output error"):
        kept.append(record("lost"))
    files.mend("write")
    await until(lambda: told.said == [BROKEN, ""])
    kept.close()
    (gap,) = chain(tmp_path, kept.writer)
    assert gap["detail"].startswith("2 records could not be kept")


async def test_short_writes_are_written_on(tmp_path: Path) -> None:
    files = FaultyFiles()
    files.short = 100
    kept = journal(tmp_path, files=files)
    for number in range(20):
        kept.append(record(str(number)))
    await kept.synced()
    kept.close()
    assert names(tmp_path, kept.writer) == [str(number) for number in range(20)]


async def test_a_piece_that_cannot_be_cut_off_ends_its_segment(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    await kept.synced(kept.append(record("a")))
    files.fail("truncate", times=1, name="journal-")
    files.full(9, name="journal-")
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    files.room()
    await until(lambda: told.again)
    await kept.written(kept.append(record("b")))
    kept.close()
    # By then it could be cut off after all.
    assert len(segments(tmp_path, kept.writer)) == 2
    assert (tmp_path / kept.writer / "journal-000001.jsonl").read_bytes().endswith(b"}\n")
    assert names(tmp_path, kept.writer) == ["a", "journal.unavailable", "b"]


async def test_a_piece_that_stays_is_told(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    await kept.synced(kept.append(record("a")))
    files.fail("truncate", name="journal-")
    files.full(9, name="journal-")
    kept.append(record("lost"))
    with pytest.raises(JournalFault):
        await kept.written()
    files.room()
    await until(lambda: told.again)
    kept.close()
    first, second = segments(tmp_path, kept.writer)
    text = first.read_bytes()
    first.write_bytes(text[:-9])
    found = chain(tmp_path, kept.writer)
    assert [shown["reason"] for shown in found[1:]] == ["journal.torn", "journal.unavailable"]
    where = f"writer {kept.writer}, segment 1, offset {len(text) - 9}"
    assert found[1]["detail"] == f"{where}: 9 bytes of a record without its end could not be cut off"
    assert second.read_bytes().count(b"\n") == 2


async def test_a_failed_sync_seals_the_segment_and_stops_nothing(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    await kept.synced(kept.append(record("a")))
    files.fail("sync", times=1, name="journal-")
    lost = kept.append(record("b"))
    with pytest.raises(JournalFault, match="may not have reached the disk"):
        await kept.synced(lost)
    await kept.written(lost)
    before = files.count("sync", "journal-000001")
    await kept.synced(kept.append(record("c")))
    with pytest.raises(JournalFault):
        await kept.synced(lost)
    assert told.said == []
    kept.close()
    assert files.count("sync", "journal-000001") == before
    first, second = segments(tmp_path, kept.writer)
    assert first.read_bytes().count(b"\n") == 3
    found = chain(tmp_path, kept.writer)
    assert [shown["reason"] or shown["event_id"] for shown in found] == ["a", "b", "journal.unsynced", "c"]
    assert found[2]["detail"] == "records 2 to 2 may not have reached the disk"
    assert second.read_bytes().count(b"\n") == 2
    assert (tmp_path / kept.writer / "closed").exists()


async def test_a_second_failed_sync_in_a_row_stops_it_until_the_disk_is_mended(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    await kept.synced(kept.append(record("a")))
    files.fail("sync")
    kept.append(record("b"))
    await until(lambda: told.said == [BROKEN])
    with pytest.raises(JournalFault, match="Input/output error"):
        kept.append(record("lost"))
    begun = len(segments(tmp_path, kept.writer))
    tries = files.count("open", "reserve")
    await until(lambda: files.count("open", "reserve") >= tries + 3)
    assert len(segments(tmp_path, kept.writer)) == begun  # the reserve shows that it would be in vain
    files.mend("sync")
    await until(lambda: told.again)
    await kept.synced(kept.append(record("c")))
    kept.close()
    assert max(files.called["sync", f"journal-{number:06d}.jsonl"] for number in range(2, begun + 1)) == 1
    found = chain(tmp_path, kept.writer)
    last = [shown["reason"] or shown["event_id"] for shown in found][-3:]
    assert last == ["journal.unsynced", "journal.unavailable", "c"]
    assert found[-3]["detail"] == f"records 2 to {found[-3]['seq'] - 1} may not have reached the disk"
    assert found[-2]["detail"].startswith("1 records could not be kept")


async def test_a_directory_that_cannot_be_synced_counts_as_a_failed_sync(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    files.fail("sync_directory", times=1)
    kept = journal(tmp_path, files=files, changed=told)
    await until(lambda: kept.checkpoints == 1)
    kept.close()
    (gap,) = chain(tmp_path, kept.writer)
    assert (gap["reason"], gap["detail"]) == ("journal.unsynced", "records 0 to 0 may not have reached the disk")


async def test_a_sync_that_fails_at_the_end(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path, files=files)
    await kept.synced(kept.append(record("a")))
    files.fail("sync", times=1, name="journal-")
    kept.append(record("b"))
    kept.close()
    assert names(tmp_path, kept.writer) == ["a", "b", "journal.unsynced"]
    assert (tmp_path / kept.writer / "closed").exists()


@pytest.mark.parametrize("call", ["sync", "write"])
async def test_a_last_checkpoint_that_cannot_be_made_leaves_the_end_open(tmp_path: Path, call: str) -> None:
    files, told = FaultyFiles(), Told()
    kept = journal(tmp_path, files=files, changed=told)
    await until(lambda: kept.checkpoints == 1)
    files.fail(call, name="checkpoints")
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()
    assert told.said == [BROKEN]


class BrokenKey:
    key_id = "0" * 16

    def sign(self, data: bytes) -> bytes:
        raise ValueError("no key")


async def test_a_thread_that_ends_stops_the_journal(tmp_path: Path) -> None:
    told = Told()
    kept = journal(tmp_path, changed=told, signer=BrokenKey())
    await until(lambda: bool(told.said))
    assert told.said == ["the audit log cannot be written: the thread that syncs has ended: ValueError"]
    with pytest.raises(JournalFault, match="has ended"):
        kept.append(record())
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()


class Strange:
    """No record at all."""

    phase = ""

    def line(self, writer: str, seq: int, prev: str) -> bytes:
        raise LookupError


async def test_the_writer_that_ends_stops_the_journal(tmp_path: Path) -> None:
    told = Told()
    kept = journal(tmp_path, changed=told)
    kept.append(Strange())  # type: ignore[arg-type]
    waiting = kept.append(record("lost"))
    with pytest.raises(JournalFault, match="has ended: LookupError"):
        await kept.written(waiting)
    with pytest.raises(JournalFault, match="has ended: LookupError"):
        await kept.synced(waiting)
    await until(lambda: told.said == ["the thread that writes the audit log has ended: LookupError"])
    with pytest.raises(JournalFault):
        kept.append(record())
    kept.close()
    assert not (tmp_path / kept.writer / "closed").exists()
