import json
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.audit_logs import Log, Writer
from tests.delivery.sinks import (
    FAST,
    Bad,
    Memory,
    broken,
    down,
    half_taking,
    hanging,
    losing_acknowledgements,
    raving,
    refusing,
    target,
    then_well,
    well,
)
from tests.waiting import until_here

from doorward.core.delivery import ALL, Delivered, Event, Limits, SinkFault
from doorward.shipping import places
from doorward.shipping import shipper as module
from doorward.shipping.cursor import Cursor
from doorward.shipping.dead_letters import MOST_REASON
from doorward.shipping.extents import Extent, Extents
from doorward.shipping.places import Places
from doorward.shipping.pump import Pump
from doorward.shipping.shipper import Shipper
from doorward.shipping.status import Alarm, Rate, Status
from doorward.shipping.target import Pace, Target
from doorward.sinks import isolating

Start = Callable[..., Shipper]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit")


@pytest.fixture
def start(log: Log) -> Iterator[Start]:
    """Shippers of the log, which end with the test."""
    made: list[Shipper] = []

    def begin(*targets: Target, pace: Pace = FAST, **more: Any) -> Shipper:
        shipper = Shipper(log.directory, targets, pace=pace, **more)
        made.append(shipper)
        shipper.start()
        return shipper

    yield begin
    for shipper in made:
        shipper.close()


def expected(*writers: Writer) -> set[str]:
    found = set()
    for writer in writers:
        records = [json.loads(line) for line in writer.lines()]
        found |= {record["event_id"] for record in records if record["phase"] != "intent"}
        found |= {f"{writer.name}-checkpoint-{number}" for number in range(writer._number)}
    return found


def status(shipper: Shipper) -> Status:
    return shipper.statuses()[0]


def test_everything_gets_there_and_what_comes_later_too(log: Log, start: Start) -> None:
    writers = [log.writer(), log.writer(segment_records=3)]
    for _ in range(10):
        for writer in writers:
            writer.call()
    sink = Memory(Limits(events=7))
    start(target(sink))
    until_here(lambda: set(sink.taken) == expected(*writers))
    writers.append(log.writer())
    for writer in writers:
        writer.refusal()
        writer.checkpoint()
    until_here(lambda: set(sink.taken) == expected(*writers))
    assert len(sink.taken) == len(set(sink.taken))


def test_an_event_waits_for_others_but_not_for_long(log: Log, start: Start) -> None:
    writer = log.writer()
    patient, hasty = Memory(), Memory()
    shipper = start(target(patient, "patient", every=3600), target(hasty, "hasty"))
    until_here(lambda: set(hasty.taken) == expected(writer))
    for _ in range(3):
        writer.refusal()
    until_here(lambda: set(hasty.taken) == expected(writer))
    assert patient.taken == []
    shipper.drain(20)
    assert set(patient.taken) == expected(writer)
    assert len(patient.deliveries) == 1


@pytest.mark.parametrize("behave", [down, broken, raving, losing_acknowledgements])
def test_whatever_a_sink_does_everything_gets_there_in_order(log: Log, start: Start, behave: Any) -> None:
    writer = log.writer(segment_records=11)
    for _ in range(40):
        writer.refusal()
    sink = Bad(then_well(behave, 6), Limits(events=10))
    shipper = start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
    first = list(dict.fromkeys(sink.taken))
    assert first == [json.loads(line)["event_id"] for line in writer.lines()]
    until_here(lambda: status(shipper).up and status(shipper).repeated >= 10)


def test_what_was_not_taken_is_sent_again_before_anything_newer(log: Log, start: Start) -> None:
    writer = log.writer()
    for _ in range(60):
        writer.refusal()
    sink = Bad(half_taking, Limits(events=10))
    start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
    assert sink.taken == [json.loads(line)["event_id"] for line in writer.lines()]  # each once, in order
    assert sink.tries > len(sink.deliveries)


def test_a_sink_that_comes_and_goes_does_not_fill_the_log_of_the_gateway(
    log: Log, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    writer = log.writer()
    for _ in range(60):
        writer.refusal()

    def flapping(sink: Bad, events: Any) -> Any:
        return (down if sink.tries % 2 else well)(sink, events)

    caplog.set_level(logging.INFO, "doorward.shipping.pump")
    sink = Bad(flapping, Limits(events=5))
    shipper = start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer) and status(shipper).up)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_sink_that_takes_what_it_can_is_up(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer()
    for _ in range(60):
        writer.refusal()

    def one(sink: Bad, events: Any) -> Any:
        sink.take(events[:1])
        return Delivered(again=dict.fromkeys(range(1, len(events)), "throttled"))

    sink = Bad(one)
    shipper = start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
    until_here(lambda: status(shipper).delivered == 61)
    assert (status(shipper).up, status(shipper).last_error) == (True, "throttled")
    assert caplog.text == ""


def test_only_what_is_refused_as_such_is_a_dead_letter(log: Log, start: Start) -> None:
    writer = log.writer()
    for number in range(100):
        writer.refusal(event_id=f"event-{number}")
    sink = Bad(refusing, Limits(events=10))
    shipper = start(target(sink))
    wrong = {name for name in expected(writer) if name.endswith("7")}
    assert wrong
    until_here(lambda: status(shipper).delivered + status(shipper).dead == 101)
    assert set(sink.taken) == expected(writer) - wrong
    files = Places(log.directory)
    dead = [json.loads(line) for line in files.dead("test").read_text().splitlines()]
    assert {each["event_id"] for each in dead} == wrong
    assert {each["reason"] for each in dead} == {"malformed"}
    assert status(shipper).dead == len(wrong)


def test_one_that_is_refused_alone_waits_for_others_and_holds_up_none(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a start nothing was taken yet that the service could be asked with."""
    monkeypatch.setattr(isolating, "UNTRUSTED_WAIT", 0.01)
    writer = log.writer()
    before = Memory()
    first = start(target(before))
    until_here(lambda: set(before.taken) == expected(writer))
    first.close()
    writer.refusal(event_id="bad")
    isolates = isolating.Isolating()

    def put(events: Sequence[Event]) -> Delivered:
        if any(event.id == "bad" for event in events):
            raise isolating.Unacceptable("HTTP 400")
        return well(sink, events)

    sink = Bad(lambda _, events: isolates.send(events, put))
    shipper = start(target(sink))
    until_here(lambda: sink.tries > 3 and "refused whatever it holds" in status(shipper).last_error)
    assert status(shipper).dead == 0
    for _ in range(3):
        writer.refusal()
    until_here(lambda: set(before.taken) | set(sink.taken) | {"bad"} == expected(writer))
    until_here(lambda: (status(shipper).up, status(shipper).dead) == (True, 1))
    assert sink.taken == [json.loads(line)["event_id"] for line in writer.lines()[2:]]


@pytest.mark.parametrize("each", [0.001, 0.03])
def test_who_is_too_slow_for_many_gets_fewer_at_once(log: Log, start: Start, each: float) -> None:
    """What takes longer than the time-out of a delivery would never get there."""
    writer = log.writer()
    for _ in range(60):
        writer.refusal()

    def slow(sink: Bad, events: Sequence[Event]) -> Delivered:
        lasts = each * len(events)
        time.sleep(min(lasts, 0.05))
        if lasts > 0.05:
            raise SinkFault("no answer in time")
        return well(sink, events)

    sink = Bad(slow)
    shipper = start(target(sink), pace=msgspec.structs.replace(FAST, slow=0.04))
    until_here(lambda: set(sink.taken) == expected(writer))
    assert sink.taken == [json.loads(line)["event_id"] for line in writer.lines()]
    sink.behave = down
    for _ in range(300):
        writer.refusal()
    sink.behave = well
    until_here(lambda: set(sink.taken) == expected(writer))
    assert max(map(len, sink.deliveries)) > 50
    until_here(lambda: status(shipper).up)


def test_no_cursor_goes_past_a_dead_letter_that_is_not_kept(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = log.writer()
    for number in range(30):
        writer.refusal(event_id=f"event-{number}")
    monkeypatch.setattr(places, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    sink = Bad(refusing)
    shipper = start(target(sink))
    until_here(lambda: "No space" in status(shipper).last_error and not status(shipper).up)
    assert Cursor(Places(log.directory), "test").position(writer.name).offset == 0
    monkeypatch.undo()
    until_here(lambda: status(shipper).up and status(shipper).dead > 0)
    dead = Places(log.directory).dead("test").read_text().splitlines()
    assert {json.loads(line)["event_id"] for line in dead} | set(sink.taken) == expected(writer)


def test_a_sink_that_hangs_holds_up_nobody(log: Log, start: Start) -> None:
    writer = log.writer()
    stuck, fine = Bad(hanging), Memory()
    shipper = start(target(stuck, "stuck"), target(fine, "fine"))
    until_here(lambda: stuck.tries == 1)
    for _ in range(20):
        writer.refusal()
    until_here(lambda: set(fine.taken) == expected(writer))
    until_here(lambda: not status(shipper).up)
    assert "without an end" in status(shipper).last_error
    assert status(shipper).waiting_bytes > 0
    assert status(shipper).waiting_seconds > 0
    assert shipper.statuses()[1].up
    stuck.released.set()
    until_here(lambda: set(stuck.taken) == expected(writer) and status(shipper).up)


def test_the_last_flush_goes_on_as_long_as_something_is_taken(log: Log, start: Start) -> None:
    writer = log.writer()
    for _ in range(20):
        writer.refusal()

    def one(sink: Bad, events: Any) -> Any:
        sink.take(events[:1])
        return Delivered(again=dict.fromkeys(range(1, len(events)), "throttled"))

    sink = Bad(one)
    shipper = start(target(sink, every=3600))
    until_here(lambda: status(shipper).last_error == "")
    shipper.drain(20)
    assert set(sink.taken) == expected(writer)


def test_closing_waits_for_no_sink(log: Log, start: Start) -> None:
    log.writer()
    sink = Bad(hanging)
    shipper = start(target(sink))
    until_here(lambda: sink.tries == 1)
    shipper.drain(0.01)
    shipper.close()
    assert sink.closed == 1
    cursor = Places(log.directory).cursor("test").read_bytes()
    sink.released.set()  # it comes back, and has no say any more
    until_here(lambda: len(sink.taken) == 1 and not any(t.name == "sink test" for t in threading.enumerate()))
    assert Places(log.directory).cursor("test").read_bytes() == cursor
    again = Memory()
    start(target(again))
    until_here(lambda: len(again.taken) == 1)


def test_a_sink_that_closes_in_no_time_either(log: Log, start: Start) -> None:
    log.writer()
    sink = Bad(well)
    sink.close = lambda: sink.released.wait() and None  # type: ignore[method-assign]
    shipper = start(target(sink))
    until_here(lambda: len(sink.taken) == 1)
    shipper.close()
    sink.released.set()


def test_another_start_goes_on_where_the_last_one_was(log: Log, start: Start) -> None:
    writer = log.writer(segment_records=4)
    for _ in range(10):
        writer.call()
    first, second = Memory(), Memory()
    shipper = start(target(first))
    until_here(lambda: set(first.taken) == expected(writer))
    shipper.drain(20)
    shipper.close()
    writer.refusal()
    start(target(second))
    until_here(lambda: len(second.taken) == 1)
    assert set(first.taken) | set(second.taken) == expected(writer)


def test_a_new_sink_gets_everything(log: Log, start: Start) -> None:
    writer = log.writer()
    first, second = Memory(), Memory()
    shipper = start(target(first, "first"))
    until_here(lambda: set(first.taken) == expected(writer))
    shipper.swap([target(first, "first"), target(second, "second")], None)
    until_here(lambda: set(second.taken) == expected(writer))
    assert len(first.taken) == 1


def test_after_a_reload_a_sink_goes_on_where_its_namesake_was(log: Log, start: Start) -> None:
    writer = log.writer()
    old, new = Bad(hanging), Memory()
    shipper = start(target(old))
    until_here(lambda: old.tries == 1)
    shipper.swap([target(new)], None)
    assert old.closed == 1
    until_here(lambda: set(new.taken) == expected(writer))
    old.released.set()
    writer.refusal()
    until_here(lambda: set(new.taken) == expected(writer))
    shipper.swap([], None)
    assert shipper.statuses() == []
    assert new.closed == 1


def test_one_shipper_at_a_time(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer()
    first, second = Memory(), Memory()
    one = start(target(first))
    until_here(lambda: set(first.taken) == expected(writer))
    two = start(target(second, every=0))
    until_here(lambda: "another shipper works on" in status(two).last_error)
    assert "another shipper works on" in caplog.text
    assert status(two).waiting_bytes == 0  # the other one says what waits
    one.close()
    writer.refusal()
    until_here(lambda: len(second.taken) == 1)  # the other one has the cursor now
    assert len(first.taken) == 1


def test_what_cannot_be_begun_now_is_begun_later(log: Log, start: Start, tmp_path: Path) -> None:
    writer = log.writer()
    in_the_way = log.directory / "shipping"
    in_the_way.touch()
    sink = Memory()
    shipper = start(target(sink))
    until_here(lambda: "cannot be used" in status(shipper).last_error)
    size = sum(path.stat().st_size for path in writer.segments())
    until_here(lambda: status(shipper).waiting_bytes >= size > 0)  # or no alert would ever tell that nothing is sent
    assert not status(shipper).up
    in_the_way.unlink()
    until_here(lambda: set(sink.taken) == expected(writer))
    until_here(lambda: status(shipper).waiting_bytes == 0)


def test_a_sink_whose_cursor_cannot_be_had_holds_up_nobody(log: Log, start: Start) -> None:
    writer = log.writer()
    files = Places(log.directory)
    files.make()
    files.cursor("odd").mkdir()
    odd, fine = Memory(), Memory()
    shipper = start(target(odd, "odd"), target(fine, "fine"))
    until_here(lambda: set(fine.taken) == expected(writer))
    assert (status(shipper).up, "cannot be used: Is a directory" in status(shipper).last_error) == (False, True)
    files.cursor("odd").rmdir()
    until_here(lambda: set(odd.taken) == expected(writer))
    shipper.close()
    assert (odd.closed, fine.closed) == (1, 1)


def test_when_servers_were_called_first_is_kept_before_any_cursor(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    replace = places.replace

    def noted(path: Path, data: bytes, *, durable: bool = True) -> None:
        written.append(path.name)
        replace(path, data, durable=durable)

    monkeypatch.setattr(places, "replace", noted)
    log.writer().call(mcp_server="hr")
    shipper = start(target(sink := Memory()))
    until_here(lambda: len(sink.taken) == 2)
    shipper.close()
    files = Places(log.directory)
    assert list(json.loads(files.first_calls.read_text())) == ["hr"]
    kept = [name for name in written if name != "status.json"]
    assert kept[:3] == ["test.cursor.json", "first-calls.json", "test.cursor.json"]  # the first one is empty


def test_a_failure_of_our_own_ends_nothing(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer()
    failures = iter([True, True])

    class Impatient(float):
        def __radd__(self, other: float) -> float:
            if next(failures, False):
                raise ZeroDivisionError
            return other

    made = target(sink := Memory())
    start(msgspec.structs.replace(made, every=Impatient(0.0)))
    until_here(lambda: set(sink.taken) == expected(writer))
    assert "ZeroDivisionError" in caplog.text


def test_the_status_is_in_a_file(log: Log, start: Start) -> None:
    writer = log.writer()
    writer.refusal()
    sink = Bad(down)
    shipper = start(target(sink, "siem"))
    files = Places(log.directory)
    until_here(lambda: files.status.exists() and not status(shipper).up and status(shipper).waiting_seconds > 0)
    until_here(lambda: json.loads(files.status.read_text())["sinks"][0]["last_error"] == "connection refused")
    said = json.loads(files.status.read_text())["sinks"][0]
    size = sum(path.stat().st_size for path in writer.segments())
    assert (said["name"], said["use"], said["up"], said["waiting_bytes"]) == ("siem", "test", False, size)
    assert 0 < said["fill"] < 1
    sink.behave = well
    until_here(lambda: status(shipper).waiting_bytes == 0 and status(shipper).up)
    assert status(shipper).writers == {writer.name: 1}
    assert (status(shipper).delivered, status(shipper).waiting_seconds) == (2, 0.0)


def test_what_can_be_done_about_it_is_in_the_log_and_in_the_status(
    log: Log, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def forbidden(_sink: Bad, _events: Any) -> Any:
        raise SinkFault("HTTP 403", remedy="check the sink's credentials")

    log.writer().refusal()
    sink = Bad(forbidden)
    shipper = start(target(sink, "siem"))
    until_here(lambda: status(shipper).remedy == "check the sink's credentials")
    assert "sink siem: not taken, and sent again until it is: HTTP 403 (check the sink's credentials)" in caplog.text
    sink.behave = down
    until_here(lambda: status(shipper).last_error == "connection refused")
    assert status(shipper).remedy == ""


def test_counts_go_on_after_a_restart(log: Log, start: Start) -> None:
    log.writer()
    shipper = start(target(sink := Memory()))
    until_here(lambda: len(sink.taken) == 1)
    shipper.drain(20)
    shipper.close()
    shipper = start(target(Memory()))
    until_here(lambda: status(shipper).delivered == 1)


def test_lines_that_are_no_records_are_counted_and_told(
    log: Log, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    writer = log.writer()
    with writer.segments()[0].open("ab") as opened:
        opened.write(b"nonsense\n")
    shipper = start(target(Memory()))
    until_here(lambda: status(shipper).damaged == 1)
    until_here(lambda: "1 lines or segments of the log are no records" in caplog.text)


@pytest.mark.parametrize("behave", [well, then_well(down, 2), then_well(half_taking, 2)])
def test_once_ends_when_all_is_there(log: Log, start: Start, behave: Any) -> None:
    writer, other = log.writer(segment_records=2), log.writer()
    for _ in range(5):
        writer.call()
    other.close()
    sink = Bad(behave)
    shipper = start(target(sink, every=3600), once=True)
    assert shipper.wait(20)
    assert shipper.left == []
    assert set(sink.taken) == expected(writer, other)


def test_once_gives_up_and_says_what_is_left(log: Log, start: Start) -> None:
    writer = log.writer()
    for number in range(30):
        writer.refusal(event_id=f"event-{number}")
    refused, fine = Bad(refusing), Memory()
    shipper = start(target(Bad(down), "away"), target(refused, "strict"), target(fine, "fine"), once=True)
    assert shipper.wait(20)
    away, strict = shipper.left
    assert away == "away: connection refused"
    assert strict.startswith("strict: ")
    assert "dead letters in" in strict
    assert set(fine.taken) == expected(writer)


def test_a_sink_is_left_alone_for_as_long_as_it_asks(log: Log, start: Start) -> None:
    log.writer()

    def busy(sink: Bad, _: Any) -> Any:
        raise SinkFault("busy", 3600.0)

    sink = Bad(busy)
    shipper = start(target(sink))
    until_here(lambda: status(shipper).last_error == "busy")
    sink.behave = well
    writer = log.writers[0]
    writer.refusal()
    size = writer.segments()[0].stat().st_size
    until_here(lambda: status(shipper).waiting_bytes == size)
    assert sink.tries == 1
    shipper.drain(20)  # the last chance: it is asked once more
    assert sink.tries >= 2
    assert set(sink.taken) == expected(writer)


def test_no_text_of_a_plug_in_that_broke_is_told(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    log.writer()
    shipper = start(target(Bad(broken)))
    until_here(lambda: status(shipper).repeated > 10)
    assert "a secret" not in caplog.text + status(shipper).last_error


def test_an_operator_is_told_once_when_the_disk_fills_and_once_when_it_is_better(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    alarm = Alarm("siem")
    for fill in (0.1, 0.5, 0.6, 0.8, 0.95, 0.7, 0.75, 0.2):
        alarm(fill, 7 << 20)
    told = [(each.levelname, each.getMessage().split(" takes ")[1][:3]) for each in caplog.records]
    assert told == [("WARNING", "50%"), ("WARNING", "80%"), ("INFO", "70%"), ("INFO", "20%")]


def test_a_rate_is_of_the_last_minute() -> None:
    rate = Rate()
    assert rate(0.0, 0) == 0.0
    for second in range(1, 61):
        found = rate(float(second), 10 * second)
    assert found == 10.0
    for second in range(61, 200):
        found = rate(float(second), 600)
    assert found == 0.0


def test_all_is_taken_is_the_usual_answer() -> None:
    assert ALL.again == ALL.refused == {}


def test_a_writer_that_cannot_be_read_holds_up_no_other(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = log.writer(), log.writer()
    looked, denied = Extents.of, {bad.name}

    def of(self: Extents, writer: str) -> Extent:
        if writer in denied:
            raise PermissionError(13, "Permission denied")
        return looked(self, writer)

    monkeypatch.setattr(Extents, "of", of)
    sink = Memory()
    shipper = start(target(sink, every=3600))
    until_here(lambda: set(sink.taken) == expected(good))
    until_here(lambda: "Permission denied" in status(shipper).last_error)
    denied.clear()
    bad.refusal()
    shipper.drain(20)
    assert set(sink.taken) == expected(good, bad)


def test_a_log_that_is_removed_and_made_again(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer()
    sink = Memory()
    start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
    log.directory.rename(log.directory.with_name("old"))
    log.directory.mkdir()
    other = log.writer()
    files = Places(log.directory)
    until_here(lambda: expected(other) <= set(sink.taken))
    until_here(lambda: files.cursor("test").exists() and files.status.exists() and files.lock.exists())
    assert "was removed or replaced" in caplog.text
    second = start(target(Memory()))  # its lock is good: nobody else begins
    until_here(lambda: "another shipper works on" in status(second).last_error)


def test_a_sink_that_neither_takes_nor_closes_does_not_set_its_namesake_back(log: Log, start: Start) -> None:
    writer = log.writer()
    old, new = Bad(hanging), Memory()
    never = threading.Event()
    old.close = lambda: never.wait() and None  # type: ignore[method-assign]
    shipper = start(target(old))
    until_here(lambda: old.tries == 1)
    thread = next(each for each in threading.enumerate() if each.name == "sink test")
    shipper.swap([target(new)], None)
    writer.refusal()
    until_here(lambda: set(new.taken) == expected(writer) and status(shipper).writers == {writer.name: 1})
    old.released.set()
    thread.join(20)
    never.set()
    assert not thread.is_alive()
    assert shipper._cursors["test"].position(writer.name).seq == 1


def test_sinks_that_close_in_no_time_are_waited_for_together(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    class Noted(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            if self.name.startswith("closing"):
                asked.append(timeout or 0.0)
            super().join(timeout)

    monkeypatch.setattr(module, "Thread", Noted)
    log.writer()
    never = threading.Event()
    sinks = [Bad(well) for _ in range(5)]
    for sink in sinks:
        sink.close = lambda: never.wait() and None  # type: ignore[method-assign]
    shipper = start(*(target(sink, f"sink-{at}") for at, sink in enumerate(sinks)))
    until_here(lambda: all(sink.taken for sink in sinks))
    shipper.close()
    never.set()
    assert len(asked) == 5
    assert asked[-1] == 0.0  # the first had all the time there is


def test_a_look_that_fails_does_not_end_the_shipper(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = log.writer()
    sink = Memory()
    shipper = start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
    failures = iter([True, True])
    alarm = Alarm.__call__

    def failing(self: Alarm, fill: float, waiting: int) -> None:
        if next(failures, False):
            raise ZeroDivisionError
        alarm(self, fill, waiting)

    monkeypatch.setattr(Alarm, "__call__", failing)
    until_here(lambda: "the shipper has failed, and goes on" in caplog.text)
    writer.refusal()
    until_here(lambda: status(shipper).delivered == 2)


def test_a_cursor_that_cannot_be_saved_is_told_once(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = log.writer()
    sink = Memory()
    shipper = start(target(sink))
    until_here(lambda: len(sink.taken) == 1)
    tries: list[Path] = []
    replace = places.replace

    def full(path: Path, data: bytes, *, durable: bool = True) -> None:
        if path.name.endswith("cursor.json"):
            tries.append(path)
            raise OSError(28, "No space left on device")
        replace(path, data, durable=durable)

    monkeypatch.setattr(places, "replace", full)
    writer.refusal()
    until_here(lambda: len(tries) > 3)
    assert caplog.text.count("its cursor cannot be saved") == 1
    until_here(lambda: status(shipper).unsaved and status(shipper).up)
    monkeypatch.setattr(places, "replace", replace)
    until_here(lambda: not status(shipper).unsaved)
    cursor = Places(log.directory).cursor("test")
    until_here(lambda: json.loads(cursor.read_bytes())["totals"]["delivered"] == 2)


def test_no_error_is_longer_than_a_line(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    log.writer()

    def wordy(sink: Bad, _: Any) -> Any:
        raise SinkFault("x" * 100_000)

    shipper = start(target(Bad(wordy)))
    until_here(lambda: len(status(shipper).last_error) == MOST_REASON)
    assert len(caplog.text) < 10 * MOST_REASON


def test_a_writer_that_cannot_be_read_does_not_make_others_wait(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = log.writer(), log.writer()
    looked = Extents.of

    def of(self: Extents, writer: str) -> Extent:
        if writer == bad.name:
            raise PermissionError(13, "Permission denied")
        return looked(self, writer)

    monkeypatch.setattr(Extents, "of", of)
    sink = Memory()
    patient = msgspec.structs.replace(FAST, first=1e9, longest=1e9)
    shipper = start(target(sink), pace=patient)
    until_here(lambda: set(sink.taken) == expected(good) and not status(shipper).up)
    good.refusal()
    until_here(lambda: set(sink.taken) == expected(good))


@pytest.mark.parametrize("once", [True, False])
def test_a_log_that_cannot_be_listed_is_told(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    writer = log.writer()
    writers = Extents.writers

    def denied(self: Extents) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Extents, "writers", denied)
    sink = Memory()
    shipper = start(target(sink), once=once)
    until_here(lambda: "Permission denied" in status(shipper).last_error and not status(shipper).up)
    if once:
        assert shipper.wait(20)
        assert "Permission denied" in shipper.left[0]
    else:
        monkeypatch.setattr(Extents, "writers", writers)
        until_here(lambda: set(sink.taken) == expected(writer) and status(shipper).up)


def test_a_lock_that_cannot_be_had_again_is_had_later(log: Log, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer()
    sink = Memory()
    one = start(target(sink))
    files = Places(log.directory)
    until_here(lambda: set(sink.taken) == expected(writer) and files.status.exists())
    files.directory.rename(log.directory / "old")
    files.directory.touch()  # in the way
    until_here(lambda: "cannot be used" in one._trouble)
    time.sleep(10 * FAST.tick)
    assert 0 < len([each for each in caplog.messages if "cannot be" in each and "saved" not in each]) <= 4
    files.directory.unlink()
    until_here(files.lock.exists)
    two = start(target(Memory()))
    until_here(lambda: "another shipper works on" in status(two).last_error)


def test_a_lock_that_cannot_be_looked_at_is_not_let_go(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log.writer()
    one = start(target(Memory()))
    until_here(lambda: status(one).delivered == 1)
    looks: list[int] = []

    def stale(*_: Any) -> bool:
        looks.append(1)
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(module.os.path, "samestat", stale)
    until_here(lambda: len(looks) > 2)
    assert "was removed or replaced" not in caplog.text


def test_a_sink_whose_thread_cannot_be_started_is_begun_later(
    log: Log, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = log.writer()
    failures = iter([True, True])
    begin = Pump.start

    def starting(self: Pump) -> None:
        if next(failures, False):
            raise RuntimeError("can't start new thread")
        begin(self)

    monkeypatch.setattr(Pump, "start", starting)
    sink, other = Memory(), Memory()
    start(target(sink), target(other, "other"))
    until_here(lambda: set(sink.taken) == expected(writer))
    until_here(lambda: set(other.taken) == expected(writer))


def test_a_sink_that_fails_after_it_was_left_behind_does_not_touch_the_cursor(log: Log, start: Start) -> None:
    log.writer()

    def failing(sink: Bad, _: Any) -> Any:
        sink.released.wait()
        raise SinkFault("too late")

    sink = Bad(failing)
    shipper = start(target(sink))
    until_here(lambda: sink.tries == 1)
    thread = next(each for each in threading.enumerate() if each.name == "sink test")
    shipper.close()
    path = Places(log.directory).cursor("test")
    path.write_bytes(b"another process's")
    sink.released.set()
    thread.join(20)
    assert not thread.is_alive()
    assert path.read_bytes() == b"another process's"


def test_nothing_of_a_delivery_that_failed_is_kept_until_the_next(log: Log, start: Start) -> None:
    log.writer()
    made: list[weakref.ref[Any]] = []

    class Body:
        pass

    def failing(sink: Bad, events: Any) -> Any:
        body = Body()
        made.append(weakref.ref(body))
        raise SinkFault("busy", 3600.0)

    shipper = start(target(Bad(failing)))
    until_here(lambda: status(shipper).last_error == "busy")
    until_here(lambda: made[0]() is None)
    assert len(made) == 1


def test_once_ends_where_nothing_can_be_begun(log: Log, start: Start) -> None:
    log.writer()
    (log.directory / "shipping").touch()  # in the way
    shipper = start(target(Memory()), once=True)
    assert shipper.wait(20)
    assert "cannot be used" in shipper.left[0]


def test_a_sink_that_empties_what_it_was_given_loses_nothing(log: Log, start: Start) -> None:
    writer = log.writer()
    for _ in range(9):
        writer.refusal()

    def emptying(sink: Bad, events: Any) -> Any:
        if isinstance(events, list):
            events.clear()
        raise SinkFault("it was interrupted")

    sink = Bad(then_well(emptying, 2))
    start(target(sink))
    until_here(lambda: set(sink.taken) == expected(writer))
