import asyncio

import pytest

from doorward.bootstrap import recorded
from doorward.bootstrap.recorded import Recorded
from doorward.core.audit import AuditRecord
from doorward.core.errors import JournalFault
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.live import Live
from doorward.gateway.meter import JOURNAL_RECORDS, Meter


class Disk:
    def __init__(self) -> None:
        self.full = False
        self.closed = False
        self.kept: list[AuditRecord] = []

    def append(self, record: AuditRecord) -> None:
        if self.full:
            raise JournalFault("the disk is full")
        self.kept.append(record)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def live() -> Live:
    made = Live(Snapshot(1, "", {}, {}, Keys(b"", "", ())))
    made.ready = True
    return made


RECORD = AuditRecord(event_id="e", exchange_id="x", kind="exchange", timestamp="")


async def test_what_was_taken_is_passed_on_and_counted(live: Live) -> None:
    disk, meter = Disk(), Meter()
    journal = Recorded(disk, live, meter)
    journal.append(RECORD)
    journal.close()
    assert disk.kept == [RECORD]
    assert disk.closed
    assert meter.export()["counts"][JOURNAL_RECORDS] == [[[], 1]]
    assert live.healthy_reasons() == []


async def test_what_was_not_taken_is_raised_not_counted_and_makes_unready(live: Live) -> None:
    disk, meter = Disk(), Meter()
    journal = Recorded(disk, live, meter)
    disk.full = True
    for _ in range(2):
        with pytest.raises(JournalFault):
            journal.append(RECORD)
    assert meter.export()["counts"][JOURNAL_RECORDS] == []
    assert live.healthy_reasons() == ["journal: the disk is full"]
    disk.full = False
    journal.append(RECORD)
    assert live.healthy_reasons() == []
    journal.close()


async def test_an_unready_worker_is_tried_again_by_itself(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "RETRY_AFTER", 0.01)
    disk = Disk()
    journal = Recorded(disk, live, Meter())
    disk.full = True
    with pytest.raises(JournalFault):
        journal.append(RECORD)
    recovered = asyncio.Event()
    monkeypatch.setattr(Live, "recovered", lambda self, part: recovered.set())
    async with asyncio.timeout(10):
        await recovered.wait()
    journal.close()
