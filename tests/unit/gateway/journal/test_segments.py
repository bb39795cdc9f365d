"""Segments: a new file by size or age, each synced before the next begins, and one chain over all of them."""

from pathlib import Path

from tests.faulty_files import FaultyFiles
from tests.journals import Key, Told, chain, checkpoints, journal, names, record, segments
from tests.waiting import PATIENCE, until

from doorward.gateway.journal import Settings


async def test_a_new_one_begins_when_one_is_full(tmp_path: Path) -> None:
    files, key = FaultyFiles(), Key()
    settings = Settings(segment_bytes=3000, stuck_after=PATIENCE, reserve_bytes=8192, checkpoint_records=1)
    kept = journal(tmp_path, files=files, settings=settings, signer=key)
    for number in range(20):
        await kept.written(kept.append(record(str(number))))
    await kept.synced()
    kept.close()
    found = segments(tmp_path, kept.writer)
    assert [path.name for path in found] == [f"journal-{number:06d}.jsonl" for number in range(1, len(found) + 1)]
    assert len(found) > 5
    assert all(path.stat().st_size >= 3000 for path in found[:-1])
    assert all(files.called["sync", path.name] for path in found)
    assert names(tmp_path, kept.writer) == [str(number) for number in range(20)]
    last = checkpoints(tmp_path, kept.writer, key)[-1]
    assert (last.segment, last.offset) == (len(found), found[-1].stat().st_size)


async def test_a_new_one_begins_when_one_is_old(tmp_path: Path) -> None:
    settings = Settings(segment_age=0.0, stuck_after=PATIENCE, reserve_bytes=8192)
    kept = journal(tmp_path, settings=settings)
    for name in "abc":
        await kept.written(kept.append(record(name)))
    kept.close()
    assert len(segments(tmp_path, kept.writer)) == 4
    assert names(tmp_path, kept.writer) == ["a", "b", "c"]


async def test_the_next_one_does_not_begin_before_the_one_before_is_on_the_disk(tmp_path: Path) -> None:
    files = FaultyFiles()
    settings = Settings(segment_age=0.0, stuck_after=PATIENCE, reserve_bytes=8192)
    hang = files.hang("sync", name="journal-000001")
    kept = journal(tmp_path, files=files, settings=settings)
    kept.append(record("a"))
    await until(lambda: hang.entered == 1)
    assert kept.pending()
    assert len(segments(tmp_path, kept.writer)) == 1
    hang.release()
    await kept.written()
    assert len(segments(tmp_path, kept.writer)) == 2
    kept.close()


async def test_a_sync_that_fails_between_two_is_told_in_the_second(tmp_path: Path) -> None:
    files, told = FaultyFiles(), Told()
    settings = Settings(segment_age=0.0, sync_after=1e9, stuck_after=PATIENCE, reserve_bytes=8192)
    kept = journal(tmp_path, files=files, settings=settings, changed=told)
    files.fail("sync", times=1, name="journal-000001")
    kept.append(record("a"))
    await kept.written()
    kept.close()
    assert told.said == []
    assert names(tmp_path, kept.writer) == ["journal.unsynced", "a"]


async def test_a_clock_that_is_set_back_disturbs_nothing(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    key = Key()
    settings = Settings(checkpoint_seconds=0.0, stuck_after=PATIENCE, reserve_bytes=8192)
    kept = journal(tmp_path, wall=lambda: now[0], signer=key, settings=settings)
    await kept.synced(kept.append(record("a")))
    now[0] -= 3600
    await kept.synced(kept.append(record("b")))
    kept.close()
    assert [shown["event_id"] for shown in chain(tmp_path, kept.writer)] == ["a", "b"]
    counts = [said.count for said in checkpoints(tmp_path, kept.writer, key)]
    assert counts == sorted(counts)
