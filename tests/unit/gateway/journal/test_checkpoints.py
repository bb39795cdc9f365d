"""Signed checkpoints: when they are made, what they say, and their copy in a second place (G5)."""

from pathlib import Path

from tests.faulty_files import FaultyFiles
from tests.garbage import uncollected
from tests.journals import Key, chain, checkpoints, journal, record, segments
from tests.waiting import PATIENCE, until

from doorward.core.checkpoint import Open
from doorward.gateway.journal import Settings

OFTEN = Settings(checkpoint_seconds=0.0, stuck_after=PATIENCE, reserve_bytes=8192)
BY_NUMBER = Settings(checkpoint_seconds=1e9, checkpoint_records=10, stuck_after=PATIENCE, reserve_bytes=8192)


async def test_each_says_how_long_the_chain_is_and_the_last_one_that_it_ended(tmp_path: Path) -> None:
    key = Key()
    kept = journal(tmp_path, signer=key, settings=OFTEN, wall=lambda: 1_700_000_000.0)
    kept.decided_by("d" * 64)
    for number in range(3):
        await kept.synced(kept.append(record(str(number))))
        await until(lambda: kept.checkpoints > number)  # noqa: B023 (called at once)
    kept.close()
    found = checkpoints(tmp_path, kept.writer, key)
    assert [said.final for said in found] == [False] * (len(found) - 1) + [True]
    assert found[-1].count == len(chain(tmp_path, kept.writer)) + 1
    assert found[-1].timestamp == "2023-11-14T22:13:20.000Z"
    assert found[-1].policy_digest == "d" * 64
    (file,) = segments(tmp_path, kept.writer)
    assert (found[-1].segment, found[-1].offset) == (1, file.stat().st_size)
    assert kept.checkpoints == len(found)


async def test_one_is_made_after_so_many_records_and_only_of_what_is_synced(tmp_path: Path) -> None:
    files, key = FaultyFiles(), Key()
    kept = journal(tmp_path, files=files, signer=key, settings=BY_NUMBER)
    await until(lambda: kept.checkpoints == 1)  # the first, of the opening
    for number in range(9):
        await kept.synced(kept.append(record(str(number))))
    assert kept.checkpoints == 1
    hang = files.hang("sync", name="journal-")
    await kept.written(kept.append(record("10th")))
    await until(lambda: hang.entered == 1)
    assert kept.checkpoints == 1
    hang.release()
    await until(lambda: kept.checkpoints == 2)
    kept.close()
    assert [said.count for said in checkpoints(tmp_path, kept.writer, key)] == [1, 11, 11]


async def test_the_last_records_of_a_burst_get_theirs_though_nothing_follows(tmp_path: Path) -> None:
    settings = Settings(checkpoint_seconds=0.02, stuck_after=PATIENCE, reserve_bytes=8192)
    kept = journal(tmp_path, settings=settings)
    await until(lambda: kept.checkpoints == 1)
    kept.append(record())
    await until(lambda: kept.checkpoints == 2)
    kept.close()


async def test_they_name_the_intents_from_before_the_last_one_that_are_still_open(tmp_path: Path) -> None:
    key = Key()
    kept = journal(tmp_path, signer=key, settings=BY_NUMBER)
    await until(lambda: kept.checkpoints == 1)
    kept.append(record("a", "intent", "x"))
    kept.append(record("b", "intent", "ends"))
    for number in range(10):
        kept.append(record(str(number)))
    await until(lambda: kept.checkpoints == 2)
    kept.append(record("c", "outcome", "ends"))
    kept.append(record("d", "opened", "young", "stream"))
    for number in range(10):
        kept.append(record(str(number)))
    await until(lambda: kept.checkpoints == 3)
    kept.close()
    first, second, third, last = checkpoints(tmp_path, kept.writer, key)
    assert first.open == second.open == ()
    # "young" began after the second: whoever reads on from there finds it.
    (held,) = third.open
    assert (held.exchange_id, held.segment) == ("x", 1)
    text = segments(tmp_path, kept.writer)[0].read_bytes()
    assert text[held.offset :].startswith(b'{"v":1,"event_id":"a"')
    assert [one.exchange_id for one in last.open] == ["x", "young"]
    assert isinstance(held, Open)


async def test_the_copy_is_the_same(tmp_path: Path) -> None:
    kept = journal(tmp_path / "audit", copy_to=tmp_path / "far" / "away", settings=OFTEN)
    for number in range(5):
        await kept.synced(kept.append(record(str(number))))
    kept.close()
    copied = (tmp_path / "far" / "away" / f"{kept.writer}.jsonl").read_bytes()
    assert copied == (tmp_path / "audit" / kept.writer / "checkpoints.jsonl").read_bytes()
    assert kept.copy_failed == 0


async def test_a_copy_that_fails_is_made_up_for(tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.write_text("not a directory")
    kept = journal(tmp_path / "audit", copy_to=far, settings=OFTEN)
    await until(lambda: bool(kept.copy_trouble))
    assert kept.copy_failed > 0
    await kept.synced(kept.append(record("a")))
    far.unlink()
    await kept.synced(kept.append(record("b")))
    await until(lambda: not kept.copy_trouble)
    kept.close()
    copied = (far / f"{kept.writer}.jsonl").read_bytes()
    assert copied == (tmp_path / "audit" / kept.writer / "checkpoints.jsonl").read_bytes()


async def test_a_copy_that_could_not_be_written_is_not_left_to_the_garbage_collector(tmp_path: Path) -> None:
    files = FaultyFiles()
    kept = journal(tmp_path / "audit", copy_to=tmp_path / "far", files=files, settings=OFTEN)
    with uncollected() as found:
        files.fail("write", name=kept.writer)
        await kept.synced(kept.append(record("a")))
        await until(lambda: bool(kept.copy_trouble))
        files.mend("write")
        await kept.synced(kept.append(record("b")))
        await until(lambda: not kept.copy_trouble)
    kept.close()
    assert not found


async def test_a_copy_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    files = FaultyFiles()
    settings = Settings(checkpoint_seconds=0.0, stuck_after=PATIENCE, close_within=0.2, reserve_bytes=8192)
    kept = journal(tmp_path / "audit", copy_to=tmp_path / "far", files=files, settings=settings)
    hang = files.hang("write", name=kept.writer)
    kept.append(record("first"))  # so that there is something to copy
    await until(lambda: hang.entered == 1 or kept.checkpoints > 1)
    for number in range(20):
        await kept.synced(kept.append(record(str(number))))
    kept.close()
    await until(lambda: not kept._thread.is_alive())
    assert (tmp_path / "audit" / kept.writer / "closed").exists()
    hang.release()
