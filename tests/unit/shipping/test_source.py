import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.audit_logs import Log, Writer, changed

from doorward.core import audit_layout
from doorward.shipping import source as module
from doorward.shipping.cursor import Position
from doorward.shipping.extents import Extent, Extents
from doorward.shipping.source import Found, Source


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit")


def source(
    log: Log, positions: dict[str, Position] | None = None, ended: set[str] | None = None, **more: Any
) -> Source:
    ticks = iter(range(10**9))
    return Source(Extents(log.directory, lambda: float(next(ticks))), positions or {}, ended or set(), **more)


def all_of(reading: Source) -> list[Found]:
    found = []
    while (turn := reading.turn()) is not None:
        found += turn
    return found


def ids(found: list[Found]) -> list[str]:
    return [each.record["event_id"] for each in found if each.record is not None]


def shipped(writer: Writer) -> list[str]:
    records = [json.loads(line) for line in writer.lines()]
    return [record["event_id"] for record in records if record["phase"] != "intent"]


def test_everything_but_intents_in_the_order_of_the_chain(log: Log) -> None:
    writer = log.writer(segment_records=3)
    for _ in range(5):
        writer.call()
    writer.refusal()
    writer.record("gap", "began", reason="journal.unavailable")
    writer.record("stream", "opened")
    assert ids(all_of(source(log))) == shipped(writer)
    assert len(shipped(writer)) == 1 + 5 + 1 + 1 + 1


@pytest.mark.parametrize("begun", [False, True])
def test_segments_that_are_gone_are_told_and_counted(log: Log, begun: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody made room while the sink was behind."""
    writer = log.writer(segment_records=2)
    reading = source(log)
    if begun:
        all_of(reading)
    for _ in range(7):
        writer.refusal()
    due = shipped(writer)
    for number in (2, 3):
        (log.directory / writer.name / audit_layout.segment(number)).unlink()
    left = [json.loads(line)["event_id"] for line in writer.lines()]
    assert set(ids(all_of(reading))) == set(left) - (set(due[:1]) if begun else set())
    assert reading.damaged == 2
    assert "2 segments before 4" in caplog.text
    writer.refusal()
    all_of(reading)
    assert reading.damaged == 2


def test_it_says_how_long_the_line_of_a_record_is(log: Log) -> None:
    writer = log.writer()
    writer.call()
    lines = {json.loads(line)["event_id"]: len(line.rstrip()) for line in writer.lines()}
    found = [each for each in all_of(source(log)) if each.record is not None and each.record["phase"] != "signed"]
    assert [each.size for each in found if each.record] == [lines[name] for name in ids(found)]


def test_it_goes_on_from_any_position(log: Log) -> None:
    writer = log.writer(segment_records=3)
    for _ in range(4):
        writer.call()
        writer.checkpoint()
    found = all_of(source(log))
    assert len(ids(found)) == 9
    for at, each in enumerate(found):
        if each.record is not None:
            assert ids(all_of(source(log, {writer.name: each.position}))) == ids(found[at + 1 :])


def test_what_comes_later_is_found(log: Log) -> None:
    writer = log.writer(segment_records=3)
    reading = source(log)
    before = ids(all_of(reading))
    for _ in range(5):
        writer.call()
    other = log.writer()
    after = all_of(reading)
    assert before + ids([each for each in after if each.writer == writer.name]) == shipped(writer)
    assert ids([each for each in after if each.writer == other.name]) == shipped(other)
    assert all_of(reading) == []


def test_no_writer_starves_another(log: Log) -> None:
    large, small = log.writer(), log.writer()
    for _ in range(200):
        large.refusal()
    small.refusal()
    reading = source(log, piece=4096)
    turns = []
    for _ in range(4):
        turn = reading.turn()
        assert turn is not None
        turns.append({each.writer for each in turn})
    assert turns[:3] == [{large.name}, {small.name}, {large.name}]


def test_the_oldest_writer_comes_first(log: Log) -> None:
    names = []
    for age in range(5):
        made = log.writer()
        os.utime(made.place / audit_layout.LOCK, (1000 + age, 1000 + age))
        names.append(made.name)
    found = [each.writer for each in all_of(source(log)) if each.record is not None]
    assert found == names
    assert found != sorted(found)


def test_a_line_without_its_end_is_waited_for(log: Log) -> None:
    writer = log.writer()
    reading = source(log)
    all_of(reading)
    line = b'{"event_id":"late","timestamp":"2026-01-01T00:00:00.000Z","phase":"outcome"}\n'
    with (writer.place / audit_layout.segment(1)).open("ab", buffering=0) as opened:
        opened.write(line[:30])
        assert all_of(reading) == []
        opened.write(line[30:])
    assert ids(all_of(reading)) == ["late"]


def test_what_is_torn_is_left_behind_when_there_is_another_segment(log: Log) -> None:
    writer = log.writer(segment_records=2)
    writer.refusal()
    with (writer.place / audit_layout.segment(1)).open("ab") as opened:
        opened.write(b'{"torn')
    writer.refusal()
    reading = source(log)
    assert len(ids(all_of(reading))) == 3
    assert reading.damaged == 0


def test_what_is_no_record_is_counted_and_holds_up_nothing(log: Log) -> None:
    writer = log.writer()
    writer.refusal()
    changed(writer.segments()[0], lambda lines: [lines[0], b"\xff\xfe\n", b"\n", b"[1]\n", b"{}\n", *lines[1:]])
    reading = source(log)
    found = ids(all_of(reading))
    assert reading.damaged == 3
    assert len(found) == 3  # an empty object is a record without an id, and gets one that is the same each time
    assert found == ids(all_of(source(log)))


def test_what_is_too_long_for_a_line_is_passed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 4096)
    writer = log.writer()
    changed(writer.segments()[0], lambda lines: [*lines, b"x" * 20_000, b"\n"])
    writer.refusal()
    reading = source(log, piece=2048)
    assert len(ids(all_of(reading))) == 2
    assert reading.damaged > 0


def test_a_long_line_is_read_whole(log: Log) -> None:
    writer = log.writer()
    writer.refusal(detail="x" * 50_000)
    writer.refusal()
    assert ids(all_of(source(log, piece=1024))) == shipped(writer)


def test_checkpoints_stand_behind_what_they_vouch_for(log: Log) -> None:
    writer = log.writer(segment_records=4)
    for _ in range(3):
        writer.refusal()
        writer.checkpoint()
    writer.refusal()
    kinds = [each.record["phase"] for each in all_of(source(log)) if each.record is not None]
    assert kinds == ["opened", "outcome", "signed", "outcome", "signed", "outcome", "signed", "outcome"]


def test_no_record_overtakes_a_checkpoint_that_was_written_before_it(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    reading = source(log)
    all_of(reading)
    writer.refusal()
    read = Source._vouched

    def meanwhile(self: Source, *arguments: Any) -> Any:
        monkeypatch.undo()
        found = read(self, *arguments)
        writer.checkpoint()
        writer.refusal()
        return found

    monkeypatch.setattr(Source, "_vouched", meanwhile)
    phases = [each.record["phase"] for each in all_of(reading) if each.record is not None]
    assert phases == ["outcome", "signed", "outcome"]


def test_no_checkpoint_overtakes_a_record_that_was_written_before_it(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    reading = source(log)
    all_of(reading)
    writer.checkpoint()
    read = Source._vouched

    def meanwhile(self: Source, *arguments: Any) -> Any:
        monkeypatch.undo()
        writer.refusal()
        writer.checkpoint()
        return read(self, *arguments)

    monkeypatch.setattr(Source, "_vouched", meanwhile)  # after the look at how long the files are
    phases = [each.record["phase"] for each in all_of(reading) if each.record is not None]
    assert phases == ["signed", "outcome", "signed"]


def test_a_checkpoint_is_sent_as_it_was_signed(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    (found,) = [each.record for each in all_of(source(log)) if each.record and each.record["phase"] == "signed"]
    line = (writer.place / audit_layout.CHECKPOINTS).read_bytes()
    assert found["checkpoint"].encode() + b"\n" == line
    assert found["event_id"] == f"{writer.name}-checkpoint-0"
    assert (found["kind"], found["writer"]) == ("checkpoint", writer.name)


def test_a_checkpoint_of_what_was_cut_away_is_sent_all_the_same(log: Log) -> None:
    writer = log.writer()
    for _ in range(3):
        writer.refusal()
    writer.checkpoint()
    changed(writer.segments()[0], lambda lines: lines[:2])
    phases = [each.record["phase"] for each in all_of(source(log)) if each.record is not None]
    assert phases == ["opened", "outcome", "signed"]


def test_what_is_no_checkpoint_is_counted(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    writer.refusal()
    writer.checkpoint()
    changed(writer.place / audit_layout.CHECKPOINTS, lambda lines: [lines[0], b"{}\n", b'{"to', lines[1]])
    reading = source(log)
    assert [name[-12:] for name in ids(all_of(reading)) if "checkpoint" in name] == ["checkpoint-0"]
    assert reading.damaged == 2


def test_who_has_ended_and_is_read_is_not_looked_at_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    writer.refusal()
    writer.close()
    reading = source(log)
    found = all_of(reading)
    assert [each.writer for each in found if each.ended] == [writer.name]
    assert ids(found)[-1] == f"{writer.name}-checkpoint-0"
    monkeypatch.setattr(Extents, "of", lambda *_: pytest.fail("it was looked at"))
    assert all_of(reading) == []
    assert all_of(source(log, ended={writer.name})) == []


def test_a_writer_that_was_killed_has_not_ended_until_it_is_put_in_order(log: Log) -> None:
    writer = log.writer()
    writer.intent()
    writer.kill(torn=b'{"event_id":')
    reading = source(log)
    assert not [each for each in all_of(reading) if each.ended]
    log.writer().recover(writer)
    assert [each.writer for each in all_of(reading) if each.ended] == [writer.name]


def test_what_cannot_be_read_now_is_not_passed_over(log: Log) -> None:
    writer = log.writer(segment_records=2)
    for _ in range(4):
        writer.refusal()
    first = writer.segments()[0]
    first.rename(log.directory / "away")
    first.mkdir()  # reading it fails
    reading = source(log)
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            all_of(reading)
    first.rmdir()
    (log.directory / "away").rename(first)
    assert ids(all_of(reading)) == shipped(writer)


def test_a_segment_that_was_removed_is_told(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    writer = log.writer(segment_records=1)
    writer.refusal()
    writer.refusal()
    writer.close()
    extents = Extents(log.directory)
    extents.of(writer.name)
    writer.segments()[1].unlink()
    found = all_of(Source(extents, {}, set()))
    assert len([each for each in found if each.record and each.record["phase"] != "signed"]) == 2
    assert "1 segments before 3" in caplog.text


def test_a_log_that_is_away_for_a_while_has_not_ended(log: Log) -> None:
    writer = log.writer()
    writer.refusal()
    writer.close()
    other = log.writer()
    extents = Extents(log.directory, wall=lambda: 1e12)
    for each in (writer, other):
        extents.of(each.name)
    reading = Source(extents, {}, set())
    reading._join()
    log.directory.rename(log.directory.with_name("away"))
    assert all_of(reading) == []
    log.directory.with_name("away").rename(log.directory)
    assert set(ids(all_of(reading))) == {*shipped(writer), f"{writer.name}-checkpoint-0", *shipped(other)}


def test_once_ends_where_each_writer_ends(log: Log) -> None:
    writer, other = log.writer(), log.writer()
    reading = source(log, follow=False)
    assert set(ids(all_of(reading))) == {*shipped(writer), *shipped(other)}
    writer.refusal()
    assert all_of(reading) == []


def test_a_writer_that_cannot_be_read_holds_up_nobody(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = log.writer(), log.writer()
    os.utime(bad.place / audit_layout.LOCK, (1000, 1000))  # it would come first
    reading = source(log)
    looked, denied = Extents.of, {bad.name}

    def of(self: Extents, writer: str) -> Extent:
        if writer in denied:
            raise PermissionError(13, "Permission denied")
        return looked(self, writer)

    monkeypatch.setattr(Extents, "of", of)
    with pytest.raises(PermissionError):
        reading.turn()
    turn = reading.turn()
    assert turn is not None
    assert ids(list(turn)) == shipped(good)
    with pytest.raises(PermissionError):
        reading.turn()
    denied.clear()
    assert ids(all_of(reading)) == shipped(bad)


def test_a_file_that_is_gone_for_a_moment_does_not_cost_its_writer(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    reading = source(log)
    looked, gone = Extents.of, [FileNotFoundError(2, "No such file")]
    monkeypatch.setattr(Extents, "of", lambda self, name: (_raised(gone), looked(self, name))[1])
    with pytest.raises(FileNotFoundError):
        reading.turn()
    assert ids(all_of(reading)) == shipped(writer)


def _raised(faults: list[FileNotFoundError]) -> None:
    if faults:
        raise faults.pop()


def test_a_writer_that_was_away_between_two_looks_goes_on(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    names = [writer.name]
    monkeypatch.setattr(Extents, "writers", lambda self: names)  # nobody has listed them meanwhile
    reading = source(log)
    before = ids(all_of(reading))
    aside = log.directory / "aside"
    writer.place.rename(aside)
    assert all_of(reading) == []
    aside.rename(writer.place)
    writer.refusal()
    assert before + ids(all_of(reading)) == shipped(writer)


def test_no_record_overtakes_checkpoints_that_are_too_many_for_one_piece(log: Log) -> None:
    writer = log.writer()
    for _ in range(12):
        writer.refusal()
        for _ in range(3):
            writer.checkpoint()
    phases = [each.record["phase"] for each in all_of(source(log, piece=1024)) if each.record is not None]
    assert phases == ["opened"] + 12 * ["outcome", "signed", "signed", "signed"]


def test_what_is_no_checkpoint_lets_none_overtake_its_records(log: Log) -> None:
    writer = log.writer()
    for _ in range(4):
        writer.refusal()
        writer.checkpoint()
    for end in range(1, 4):
        changed(
            writer.place / audit_layout.CHECKPOINTS, lambda lines, at=2 * end - 1: [*lines[:at], b"{}\n", *lines[at:]]
        )
    reading = source(log, piece=1024)
    phases = [each.record["phase"] for each in all_of(reading) if each.record is not None]
    assert phases == ["opened"] + 4 * ["outcome", "signed"]
    assert reading.damaged == 3


def test_once_ends_however_much_is_written_meanwhile(log: Log) -> None:
    writer = log.writer()
    writer.refusal()
    there = shipped(writer)
    reading = source(log, follow=False)
    found = []
    for _ in range(10):
        turn = reading.turn()
        if turn is None:
            break
        found += ids(list(turn))
        writer.refusal()
        writer.checkpoint()
        log.writer()
    assert found == there
    assert reading.turn() is None


@pytest.mark.parametrize("follow", [True, False])
def test_a_log_that_cannot_be_listed_holds_up_no_writer_that_is_known(
    log: Log, monkeypatch: pytest.MonkeyPatch, follow: bool
) -> None:
    writer = log.writer()
    for _ in range(9):
        writer.refusal()
    reading = source(log, follow=follow, piece=2048)
    first = reading.turn()
    assert first is not None
    found = ids(list(first))

    def writers(self: Extents) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Extents, "writers", writers)
    while len(found) < len(shipped(writer)):
        turn = reading.turn()
        assert turn is not None
        found += ids(list(turn))
    assert found == shipped(writer)
    if follow:
        with pytest.raises(PermissionError):
            all_of(reading)


@pytest.mark.parametrize("name", [audit_layout.CHECKPOINTS, audit_layout.segment(1)])
def test_a_pipe_in_the_place_of_a_file_holds_up_nobody(log: Log, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    bad, good = log.writer(), log.writer()
    (bad.place / name).unlink(missing_ok=True)
    os.mkfifo(bad.place / name)
    look = Extents._look
    monkeypatch.setattr(  # as if it had been a file until now
        Extents, "_look", lambda self, writer: look(self, writer)._replace(segments=((1, 4711),))
    )
    found: list[str] = []

    def reads() -> None:
        reading = source(log)
        for _ in range(4):
            with suppress(OSError):
                found.extend(ids(list(reading.turn() or ())))

    thread = threading.Thread(target=reads, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert found == shipped(good)


def test_a_writer_that_cannot_be_looked_at_was_not_removed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    reading = source(log)
    lstat = os.lstat
    stale = OSError(116, "Stale file handle")

    def fails(*_: Any, **__: Any) -> Any:
        raise stale

    with monkeypatch.context() as patched:
        patched.setattr(Extents, "of", fails)
        patched.setattr(os, "lstat", lambda path: fails() if Path(path) == writer.place else lstat(path))
        for _ in range(2):
            with pytest.raises(OSError, match="Stale"):
                reading.turn()
    assert ids(all_of(reading)) == shipped(writer)
