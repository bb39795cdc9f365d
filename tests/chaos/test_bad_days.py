"""Disks that fail or stand still, clocks that are put back, writers side by side, a writer that is taken away:
the verifier's word on what the journal made of it (G4, G5).
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.faulty_files import FaultyFiles
from tests.journals import Clock, Key, Told, chain, names, record
from tests.waiting import until

from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.report import Report
from doorward.control.audit.verify.whole import verify
from doorward.core.audit import timestamp
from doorward.core.errors import JournalFault
from doorward.gateway.journal import FileJournal, Files

BROKEN = "the audit log cannot be written: Input/output error"
HOUR = 3600.0


class Log:
    """An audit directory, with the copies of its checkpoints elsewhere."""

    def __init__(self, directory: Path) -> None:
        self.audit, self.exported = directory / "audit", directory / "exported"
        self.key = Key()

    @contextlib.contextmanager
    def writer(self, files: Files | None = None, **more: Any) -> Iterator[FileJournal]:
        """A journal as the gateway has it: nothing of its settings is other than there. No disk hangs by its clock."""
        more.setdefault("monotonic", Clock())
        kept = FileJournal(self.audit, signer=self.key, copy_to=self.exported, files=files or Files(), **more)
        try:
            yield kept
        finally:
            kept.close()

    def verify(self) -> Report:
        pem = self.key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return verify(self.audit, PublicKeys(pem), exported=self.exported, strict=True)

    def is_whole(self) -> Report:
        """The log is intact and complete."""
        report = self.verify()
        assert report.faults == []
        assert report.intact
        assert report.complete
        return report


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@contextlib.asynccontextmanager
async def others_are_served(turns: int) -> AsyncIterator[None]:
    """While the block waits for the disk, the event loop has time for others: so many turns at least."""
    had = 0

    async def other() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0.005)
            had += 1

    task = asyncio.create_task(other())
    try:
        yield
    finally:
        task.cancel()
    assert had >= turns


async def test_syncs_that_fail_and_a_disk_that_recovers(log: Log) -> None:
    files, told = FaultyFiles(), Told()
    with log.writer(files, changed=told) as kept:
        await kept.synced(kept.append(record("before", "intent", "x")))
        files.fail("sync", name="journal-")
        doubtful = kept.append(record("doubtful", "outcome", "x"))
        with pytest.raises(JournalFault):
            await kept.synced(doubtful)
        await until(lambda: told.said == [BROKEN])
        with pytest.raises(JournalFault, match="Input/output error"):
            kept.append(record("refused"))
        files.mend("sync")
        await until(lambda: told.again)
        await kept.synced(kept.append(record("after")))
    found = names(log.audit, kept.writer)
    assert found[:2] == ["before", "doubtful"]  # what may not have reached the disk is there, and said to be doubtful
    assert found[-1] == "after"
    assert set(found[2:-1]) == {"journal.unsynced", "journal.unavailable"}
    assert "refused" not in found
    log.is_whole()


@pytest.mark.parametrize("call", ["write", "sync"])
async def test_a_disk_that_stands_still_for_more_than_two_seconds(log: Log, call: str) -> None:
    files, told, clock = FaultyFiles(), Told(), Clock()
    with log.writer(files, changed=told, monotonic=clock) as kept:
        await kept.synced(kept.append(record("before")))
        hang = files.hang(call, name="journal-")
        async with others_are_served(turns=10):
            waiting = kept.append(record("waiting", "intent", "x"))
            await until(lambda: hang.entered == 1)
            clock.now += 2.0
            with pytest.raises(JournalFault, match=f"a {call} has not ended for 2 s"):
                await kept.synced(waiting)
            with pytest.raises(JournalFault):
                kept.append(record("refused"))
            assert told.said == [f"a {call} has not ended for 2 s"]
            hang.release()
            await until(lambda: told.again)
        kept.append(record("end", "outcome", "x"))
        await kept.synced(kept.append(record("after")))
    found = names(log.audit, kept.writer)
    assert (found[0], found[-1]) == ("before", "after")
    assert "journal.unavailable" in found
    assert "refused" not in found
    log.is_whole()


async def test_a_clock_that_is_put_back_an_hour(log: Log) -> None:
    now = 1_795_000_000.0

    def wall() -> float:
        return now

    for back in (HOUR, 0.0):  # the second writer begins before the first one ended, by the clock
        with log.writer(wall=wall) as kept:
            for number in range(4):
                made = record(f"{number}")
                made.timestamp = timestamp(now)
                await kept.synced(kept.append(made))
                now += -back if number == 1 else 1.0
        shown = chain(log.audit, kept.writer)
        assert [each["seq"] for each in shown] == [1, 2, 3, 4]
        times = [each["timestamp"] for each in shown]
        assert (times == sorted(times)) == (not back)
    assert log.is_whole().writers == 2


async def test_two_writers_at_once(log: Log) -> None:
    async def write(kept: FileJournal, name: str) -> None:
        for number in range(500):
            exchange = f"{name}-{number}"
            await kept.written(kept.append(record(exchange, "intent", exchange)))
            await kept.written(kept.append(record(exchange, "outcome", exchange)))

    with log.writer() as one, log.writer() as other:
        await asyncio.gather(write(one, "one"), write(other, "other"))
    for kept, name in ((one, "one"), (other, "other")):
        expected = [f"{name}-{number}" for number in range(500)]
        assert names(log.audit, kept.writer) == [each for each in expected for _ in ("intent", "outcome")]
    assert log.is_whole().writers == 2


@pytest.mark.parametrize("taken", ["first", "last", "first and the exported", "first of two at work"])
async def test_a_writer_that_is_taken_away(log: Log, taken: str) -> None:
    writers = []
    for _ in range(2):
        with log.writer() as kept:
            await kept.synced(kept.append(record()))
            writers.append(kept.writer)
    with log.writer() as first, log.writer() as second:
        for kept in (first, second):
            await kept.synced(kept.append(record()))
            writers.append(kept.writer)
    assert log.is_whole().writers == 4
    gone = writers[{"last": 3, "first of two at work": 2}.get(taken, 0)]
    shutil.rmtree(log.audit / gone)
    if "exported" in taken:  # its successor still names it
        (log.exported / f"{gone}.jsonl").unlink()
    report = log.verify()
    assert report.intact
    assert not report.complete
    assert [fault.writer for fault in report.faults] == [gone]
    assert "the whole writer is missing" in report.faults[0].what
