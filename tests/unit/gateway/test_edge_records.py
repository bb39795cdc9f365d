import asyncio
from itertools import count

import pytest

from doorward.core.audit import AuditRecord
from doorward.core.errors import JournalFault
from doorward.gateway.edge_records import MOST_GAPS, SINGLY_FROM_ONE, SINGLY_IN_ALL, EdgeRecords


class Kept:
    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.more = asyncio.Event()
        self.full = False

    def append(self, record: AuditRecord, *, early: bool = False) -> None:
        assert early  # the first to be left out where space is short
        if self.full:
            raise JournalFault("the disk is full")
        self.records.append(record)
        if record.kind == "gap":
            self.more.set()

    def close(self) -> None: ...

    def told(self, kind: str) -> list[tuple[str, str, str]]:
        return [(record.client_ip, record.reason, record.detail) for record in self.records if record.kind == kind]


class Clock:
    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> float:
        return 1_700_000_000.0


def book(kept: Kept) -> EdgeRecords:
    numbers = count(1)
    return EdgeRecords(kept, Clock(), lambda: str(next(numbers)))


async def test_a_refusal_is_recorded_with_where_from_and_why() -> None:
    kept = Kept()
    records = book(kept)
    records.refused("http.origin", "10.0.0.1", "crm")
    records.flush()
    (record,) = kept.records
    assert (record.kind, record.phase, record.decision, record.reason) == ("exchange", "outcome", "deny", "http.origin")
    assert (record.client_ip, record.mcp_server, record.timestamp) == ("10.0.0.1", "crm", "2023-11-14T22:13:20.000Z")


async def test_one_source_gets_its_share_and_then_a_count_by_reason() -> None:
    kept = Kept()
    records = book(kept)
    for _ in range(SINGLY_FROM_ONE + 5):
        records.refused("http.route", "10.0.0.1")
    records.refused("http.host", "10.0.0.1")
    records.refused("http.host", "10.0.0.2")
    assert len(kept.told("exchange")) == SINGLY_FROM_ONE + 1
    records.flush()
    assert kept.told("gap") == [
        ("10.0.0.1", "http.route", "5 refused, not recorded singly"),
        ("10.0.0.1", "http.host", "1 refused, not recorded singly"),
    ]


async def test_many_sources_are_bounded_and_none_is_lost() -> None:
    kept = Kept()
    records = book(kept)
    flood = SINGLY_IN_ALL + MOST_GAPS + 50
    for number in range(flood):
        records.refused("http.route", f"10.0.{number // 256}.{number % 256}")
    records.flush()
    assert len(kept.told("exchange")) == SINGLY_IN_ALL
    gaps = kept.told("gap")
    assert len(gaps) == MOST_GAPS + 1
    assert gaps[-1] == ("", "http.route", "50 refused, not recorded singly")


async def test_each_second_begins_anew_by_itself() -> None:
    kept = Kept()
    records = book(kept)
    for _ in range(SINGLY_FROM_ONE + 1):
        records.refused("http.route", "10.0.0.1")
    async with asyncio.timeout(10):
        await kept.more.wait()
    records.refused("http.route", "10.0.0.1")
    records.flush()
    assert len(kept.told("exchange")) == SINGLY_FROM_ONE + 1
    assert len(kept.told("gap")) == 1


async def test_a_full_disk_does_not_undo_the_refusal(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.full = True
    records = book(kept)
    records.refused("http.route", "10.0.0.1")
    records.flush()
    assert "a refusal went unrecorded: the disk is full" in caplog.text
