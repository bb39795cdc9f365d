import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from doorward.bootstrap.recorded import Recorded
from doorward.control.keys import audit_keys
from doorward.core.audit import AuditRecord
from doorward.core.errors import JournalFault
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.journal import FileJournal
from doorward.gateway.live import Live
from doorward.gateway.meter import JOURNAL_QUEUED, JOURNAL_RECORDS, Meter


@pytest.fixture
def live() -> Live:
    made = Live(Snapshot(1, "", {}, {}, Keys(b"", "", ())))
    made.ready = True
    return made


RECORD = AuditRecord(event_id="e", exchange_id="x", kind="message", timestamp="")


def opened(directory: Path) -> Callable[[Callable[[str], None]], FileJournal]:
    signer = audit_keys.ephemeral().signer()
    return lambda changed: FileJournal(directory, signer=signer, changed=changed)


async def test_what_was_taken_is_passed_on_and_counted(live: Live, tmp_path: Path) -> None:
    meter, offered = Meter(), []
    journal = Recorded(opened(tmp_path), live, meter, offered.append)
    journal.append(RECORD)
    await journal.written()
    journal.close()
    assert offered == [RECORD]
    assert b'"event_id":"e"' in next(tmp_path.glob("*/journal-*.jsonl")).read_bytes()
    assert meter.export()["counts"][JOURNAL_RECORDS] == [[[], 1]]
    assert meter.export()["gauges"][JOURNAL_QUEUED] == 0
    assert live.healthy_reasons() == []


async def test_what_was_not_taken_is_raised_and_not_counted(live: Live, tmp_path: Path) -> None:
    meter, offered = Meter(), []
    journal = Recorded(opened(tmp_path), live, meter, offered.append)
    journal.close()
    with pytest.raises(JournalFault):
        journal.append(RECORD)
    assert (meter.export()["counts"][JOURNAL_RECORDS], offered) == ([], [])


async def test_a_journal_that_stops_makes_the_worker_unready_until_it_works_again(live: Live, tmp_path: Path) -> None:
    told: list[Callable[[str], None]] = []

    def make(changed: Callable[[str], None]) -> FileJournal:
        told.append(changed)
        return opened(tmp_path)(changed)

    journal = Recorded(make, live, Meter())

    async def say(why: str) -> None:
        thread = threading.Thread(target=told[0], args=(why,))  # as the journal does
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)

    await say("the disk is full")
    assert live.healthy_reasons() == ["journal: the disk is full"]
    await say("")
    assert live.healthy_reasons() == []
    journal.close()
