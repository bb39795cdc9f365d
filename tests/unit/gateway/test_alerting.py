import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from tests.waiting import until

from doorward.core.alerting import Alert, Notice, Rule, Sent
from doorward.core.audit import AuditRecord, Line
from doorward.core.errors import JournalFault
from doorward.gateway.alert_sender import MOST_WAITING, TRIES
from doorward.gateway.alerting import MOST_RECORDS, Alerting


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now


class Channel:
    """Answers each attempt as it is told to; the last answer goes on for ever."""

    most = 10

    def __init__(self, *answers: Sent | Callable[[], Sent], name: str = "stub", rules: tuple[Rule, ...] = ()) -> None:
        self.name = name
        self.rules = rules or (Rule(),)
        self.answers = list(answers or (Sent(True),))
        self.got: list[Notice] = []

    def send(self, notice: Notice, at: float) -> Sent:
        self.got.append(notice)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, Sent) else answer()

    @property
    def told(self) -> list[Alert]:
        return [alert for notice in self.got for alert in notice.alerts]


class Kept:
    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.full = False

    def append(self, record: AuditRecord) -> None:
        if self.full:
            raise JournalFault("the disk is full")
        self.records.append(record)

    @property
    def ends(self) -> list[tuple[str, str]]:
        return [(record.decision, record.detail) for record in self.records]


@asynccontextmanager
async def alerting(
    *channels: Channel, kept: Kept | None = None, clock: Clock | None = None, **more: Any
) -> AsyncIterator[Alerting]:
    numbers = count(1)
    keep = (kept or Kept()).append
    usual: dict[str, Any] = {"look": 0.005, "first_wait": 0.001, "chance": lambda: 0.5}
    made = Alerting(channels, clock or Clock(), keep, lambda: f"id{next(numbers)}", **{**usual, **more})
    made.start()
    try:
        yield made
    finally:
        await made.close(0.1)


def record(number: int = 0, **members: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": f"e{number}",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "identity": "agent:sales",
        "mcp_server": "crm",
        "tool_name": "export",
        "reason": "policy.denied",
        "rules": ("default-deny",),
        "mode": "warn",
        "would_have": "deny",
        "severity": "high",
    }
    return AuditRecord(**{**usual, **members})


async def test_an_alert_is_sent_and_recorded() -> None:
    channel, kept = Channel(), Kept()
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
    (alert,) = channel.told
    assert (alert.reason, alert.count) == ("policy.denied", 1)
    (told,) = kept.records
    assert (told.kind, told.phase, told.decision, told.detail) == ("alert", "", "allow", "sent by stub, 1 call")
    assert (told.exchange_id, told.mcp_server, told.tool_name, told.reason) == ("x1", "crm", "export", "policy.denied")
    assert (told.rules, told.mode, told.severity) == (("default-deny",), "warn", "high")
    assert told.timestamp == "2023-11-14T22:13:20.000Z"


async def test_a_minute_is_told_together() -> None:
    channel, clock = Channel(), Clock()
    async with alerting(channel, clock=clock) as made:
        made.offer(record(1))
        await until(lambda: len(channel.told) == 1)
        for number in range(2, 40):
            made.offer(record(number))
        await until(lambda: not made.waiting)
        clock.now = 61.0
        await until(lambda: len(channel.told) == 2)
    assert [(alert.count, alert.further) for alert in channel.told] == [(1, False), (38, True)]


async def test_what_tells_nothing_is_not_even_kept() -> None:
    channel = Channel()
    async with alerting(channel) as made:
        for number in range(MOST_RECORDS + 5):
            made.offer(record(number, phase="intent"))
            made.offer(record(number, reason="", would_have=None))
            made.offer(record(number, kind="alert", phase=""), alert=True)
            made.offer(Line("{", "}", exchange_id="x", phase="intent"))
        assert made.dropped == 0
        made.offer(record(1, reason="", would_have=None), alert=True)
        await until(lambda: channel.told)
    assert len(channel.told) == 1


async def test_without_a_plugin_nothing_is_kept_and_nothing_runs() -> None:
    tasks = asyncio.all_tasks()
    async with alerting() as made:
        for number in range(MOST_RECORDS + 5):
            made.offer(record(number))
        assert made.dropped == 0
        assert asyncio.all_tasks() == tasks


async def test_too_many_records_at_once_are_dropped_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    channel = Channel()
    async with alerting(channel) as made:
        with caplog.at_level(logging.WARNING):
            for number in range(MOST_RECORDS + 5):
                made.offer(record(number))
        assert made.dropped == 5
        await until(lambda: channel.told)
    assert [entry.getMessage().rpartition(", ")[2] for entry in caplog.records] == [
        "1 dropped",
        "2 dropped",
        "4 dropped",
    ]
    assert sum(alert.count for alert in channel.told) == MOST_RECORDS


async def test_a_failure_that_may_pass_is_tried_again_with_the_same_id() -> None:
    again = Sent(False, again=True, detail="HTTP 503")
    channel, kept = Channel(again, again, Sent(True)), Kept()
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
    assert len(channel.got) == 3
    assert len({notice.id for notice in channel.got}) == 1
    assert kept.ends == [("allow", "sent by stub, 1 call")]


async def test_after_so_many_tries_it_is_given_up_and_recorded(caplog: pytest.LogCaptureFixture) -> None:
    channel, kept = Channel(Sent(False, again=True, detail="HTTP 503")), Kept()
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
    assert len(channel.got) == TRIES
    assert kept.ends == [("error", f"given up by stub, 1 call: HTTP 503 after {TRIES} tries")]
    assert "given up" in caplog.text


async def test_a_failure_that_will_not_pass_is_given_up_at_once() -> None:
    channel, kept = Channel(Sent(False, detail="HTTP 404")), Kept()
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
    assert len(channel.got) == 1
    assert kept.ends == [("error", "given up by stub, 1 call: HTTP 404 after 1 try")]


async def test_waits_grow_have_jitter_and_are_never_shorter_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    answers = [Sent(False, again=True)] * 3 + [Sent(False, again=True, after=90.0), Sent(False, again=True, after=1e6)]
    chances = iter([0.0, 1.0, 0.5, 0.5, 0.5])
    kept = Kept()
    async with alerting(Channel(*answers, Sent(True)), kept=kept, first_wait=1.0, chance=lambda: next(chances)) as made:
        with monkeypatch.context() as patched:
            patched.setattr("doorward.gateway.alert_sender.asyncio.sleep", sleep)
            made.offer(record(1))
            async with asyncio.timeout(10):
                while not kept.records:
                    await real(0.002)
    assert [wait for wait in waits if wait != 0.002] == [0.5, 3.0, 4.0, 90.0, 300.0]


async def test_whatever_a_plugin_raises_is_a_failed_attempt_and_its_text_is_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Sent:
        raise KeyError("https://hooks.example.com/private")

    def ended() -> Sent:
        raise SystemExit

    channel, kept = Channel(broken, ended, Sent(False, detail="HTTP 400")), Kept()
    channel.answers[2] = broken
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
    assert kept.ends == [("error", f"given up by stub, 1 call: KeyError after {TRIES} tries")]
    assert "private" not in caplog.text


async def test_one_that_hangs_is_called_once_and_holds_up_nobody_else() -> None:
    free = threading.Event()

    def hang() -> Sent:
        free.wait(20)
        return Sent(True)

    hangs, works, kept = Channel(hang, name="hangs"), Channel(name="works"), Kept()
    async with alerting(hangs, works, kept=kept, patience=0.01) as made:
        made.offer(record(1))
        made.offer(record(2, tool_name="other"))
        await until(lambda: len(works.told) == 2)
        await until(lambda: [end for end in kept.ends if "hangs" in end[1]])
        assert len(hangs.got) == 1
        free.set()
        await until(lambda: len(kept.records) == 4)
    ends = [detail for _, detail in kept.ends if "hangs" in detail]
    assert ends[0] == f"given up by hangs, 1 call: no end within 0.01 s after {TRIES} tries"


async def test_an_attempt_that_ends_late_counts_for_its_own_notice() -> None:
    free = threading.Event()

    def late() -> Sent:
        free.wait(20)
        return Sent(True)

    channel, kept = Channel(late, Sent(True)), Kept()
    async with alerting(channel, kept=kept, patience=0.02, first_wait=0.01) as made:
        made.offer(record(1))
        await until(lambda: channel.got)
        await asyncio.sleep(0.03)  # longer than its patience
        free.set()
        await until(lambda: kept.records)
    assert kept.ends == [("allow", "sent by stub, 1 call")]
    assert len(channel.got) == 1


async def test_what_waits_for_a_plugin_is_bounded_and_the_oldest_is_given_up() -> None:
    free = threading.Event()

    def slow() -> Sent:
        free.wait(20)
        return Sent(True)

    rules = tuple(Rule(reason="policy.denied") for _ in range(3))
    channel, kept, clock = Channel(slow, Sent(True), rules=rules), Kept(), Clock()
    async with alerting(channel, kept=kept, clock=clock) as made:
        made.offer(record(0))
        await until(lambda: channel.got)
        for minute in range(2):
            clock.now = 61.0 * minute
            for number in range(50):
                made.offer(record(number, tool_name=f"tool{minute}-{number}"))
            await until(lambda: not made.waiting)
        free.set()
        await until(lambda: len(kept.records) == 303)
    lost = [detail for decision, detail in kept.ends if decision == "error"]
    assert lost
    assert set(lost) == {"given up by stub, 1 call: too many wait"}
    assert len(channel.told) == MOST_WAITING + len(channel.got[0].alerts) == 303 - len(lost)
    assert sum(notice.lost for notice in channel.got) == len(lost) == made.lost


async def test_a_notice_holds_no_more_than_fits() -> None:
    channel = Channel()
    async with alerting(channel) as made:
        for number in range(25):
            made.offer(record(number, tool_name=f"tool{number}"))
        await until(lambda: len(channel.told) == 25)
    assert max(len(notice.alerts) for notice in channel.got) == channel.most


async def test_at_the_end_what_gathered_is_told() -> None:
    channel, kept = Channel(), Kept()
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: kept.records)
        made.offer(record(2))
        await made.close(10.0)
    assert [alert.exchanges for alert in channel.told] == [("x1",), ("x2",)]


async def test_what_cannot_be_told_before_the_end_is_given_up_and_recorded() -> None:
    channel, kept = Channel(Sent(False, again=True)), Kept()
    async with alerting(channel, kept=kept, first_wait=100.0) as made:
        made.offer(record(1))
        await until(lambda: channel.got)
        made.offer(record(2, tool_name="other"))
        await made.close(0.01)
    assert kept.ends == [("error", "given up by stub, 1 call: the gateway stops")] * 2


async def test_a_journal_that_is_full_stops_no_alert(caplog: pytest.LogCaptureFixture) -> None:
    channel, kept = Channel(), Kept()
    kept.full = True
    async with alerting(channel, kept=kept) as made:
        made.offer(record(1))
        await until(lambda: channel.told)
        made.offer(record(2, tool_name="other"))
        await until(lambda: len(channel.told) == 2)
    assert "went unrecorded" in caplog.text


async def test_it_can_be_closed_twice_and_without_a_start() -> None:
    made = Alerting([Channel()], Clock(), Kept().append, lambda: "id")
    await made.close()
    made.start()
    await made.close(0.1)
    await made.close(0.1)
