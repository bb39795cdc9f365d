"""What killed writers left is put in order once: torn lines aside, exchanges ended, writers closed."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest

from doorward.control.keys import audit_keys
from doorward.core import audit_layout, checkpoint
from doorward.core.audit import AuditRecord
from doorward.core.checkpoint import Checkpoint, Open
from doorward.core.errors import JournalFault
from doorward.gateway.journal import FileJournal, NullJournal, recovery, remains, tidy
from doorward.gateway.journal.recovery import Recovered, recover

NOW = 1_800_000_000.0
AT = "2027-01-15T08:00:00.000Z"
W, X = "a" * 32, "b" * 32


class Taken:
    """A journal that remembers; ``kept`` says what was flushed."""

    writer = "r" * 32

    def __init__(self, fails_after: int = 1 << 30) -> None:
        self.records: list[AuditRecord] = []
        self.kept = 0
        self._fails_after = fails_after

    def append(self, record: AuditRecord) -> int:
        if len(self.records) >= self._fails_after:
            raise JournalFault("full")
        self.records.append(record)
        return len(self.records)

    def flush(self) -> None:
        self.kept = len(self.records)


class Writer:
    """Writes a directory as a journal does, and can stop anywhere."""

    def __init__(self, audit: Path, name: str = W) -> None:
        self.name = name
        self.place = audit / name
        self.place.mkdir(parents=True)
        (self.place / audit_layout.LOCK).touch()
        self.segment, self.seq, self.head, self.checks, self.before = 1, 0, "", 0, ""
        self.path.touch()

    @property
    def path(self) -> Path:
        return self.place / audit_layout.segment(self.segment)

    @property
    def checkpoints(self) -> Path:
        return self.place / audit_layout.CHECKPOINTS

    def write(self, exchange: str, phase: str, kind: str = "exchange", **more: Any) -> tuple[int, int]:
        """One record; where it is."""
        made = AuditRecord(
            event_id=f"e{self.seq}", exchange_id=exchange, kind=kind, phase=phase, timestamp="then", **more
        )
        return self.raw(made.line(self.name, self.seq, self.head), 1)

    def raw(self, data: bytes, records: int = 0) -> tuple[int, int]:
        where = self.segment, self.path.stat().st_size
        with self.path.open("ab") as opened:
            opened.write(data)
        if records:
            self.seq, self.head = self.seq + records, sha256(data).hexdigest()
        return where

    def rotate(self) -> None:
        self.segment += 1
        self.path.touch()

    def check(self, *open_: tuple[str, tuple[int, int]], **changes: Any) -> None:
        found = Checkpoint(
            writer=self.name,
            number=self.checks,
            count=self.seq,
            head=self.head,
            segment=self.segment,
            offset=self.path.stat().st_size,
            timestamp="then",
            prev=self.before,
            open=tuple(Open(name, *where) for name, where in open_),
            key_id="k" * 16,
        )
        line = checkpoint.line(checkpoint.unsigned(msgspec.structs.replace(found, **changes)), b"s" * 64)
        self.checks, self.before = self.checks + 1, sha256(line).hexdigest()
        with self.checkpoints.open("ab") as opened:
            opened.write(line)

    @property
    def closed(self) -> Any:
        return json.loads((self.place / audit_layout.CLOSED).read_bytes())


class Counting:
    """Opens files and counts what is read from them."""

    def __init__(self) -> None:
        self.read = 0
        self.opened: list[Path] = []

    def __call__(self, path: Path) -> BinaryIO:
        self.opened.append(path)
        return _Counted(path, self)  # type: ignore[return-value]


class _Counted:
    def __init__(self, path: Path, counting: Counting) -> None:
        self._file = path.open("rb", buffering=0)
        self._counting = counting

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self._counting.read += len(found)
        return found

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def writer(audit: Path) -> Writer:
    return Writer(audit)


def recovered(audit: Path, journal: Taken | None = None, **more: Any) -> Recovered:
    return recover(audit, journal if journal is not None else Taken(), now=NOW, **more)


def ended(audit: Path) -> tuple[Recovered, list[tuple[str, str, str]]]:
    journal = Taken()
    done = recovered(audit, journal)
    assert journal.kept == len(journal.records)
    return done, [(record.exchange_id, record.phase, record.reason) for record in journal.records]


# -- exchanges without an end


def test_an_intent_without_an_outcome_is_ended_with_all_that_it_said(audit: Path, writer: Writer) -> None:
    writer.write("done", "intent")
    writer.write("done", "outcome")
    told = {"identity": "agent:a", "mcp_server": "crm", "tool_name": "get", "method": "tools/call", "args_hash": "ab"}
    rules = {
        "hash_key_id": "k",
        "mode": "enforce",
        "rules": ("r",),
        "batch_id": "b",
        "policy_digest": "p",
        "act": ("x",),
    }
    writer.write("lost", "intent", **told, **rules)
    journal = Taken()
    done = recovered(audit, journal)
    assert (done.writers, done.interrupted, done.torn, done.damaged, done.left) == (1, 1, 0, 0, 0)
    (record,) = journal.records
    assert len(record.event_id) == 32
    expected = {"kind": "exchange", "phase": "outcome", "timestamp": AT, "decision": "error"}
    expected |= {"reason": "journal.interrupted", "detail": f"its writer {W} ended before the outcome"}
    found = msgspec.to_builtins(record)
    assert {name: found[name] for name in expected} == expected
    assert {name: getattr(record, name) for name in told | rules} == told | rules
    assert record.latency_ms is None
    assert writer.closed == {"by": "r" * 32, "at": AT, "count": 3, "head": writer.head}


def test_a_stream_is_closed_and_what_has_no_end_is_left_alone(audit: Path, writer: Writer) -> None:
    writer.write("", "opened", kind="checkpoint")
    writer.write("stream", "opened", kind="stream")
    writer.write("stream", "summary", kind="stream")
    writer.write("gone", "opened", kind="stream")
    writer.write("gone", "closed", kind="stream")
    writer.write("note", "", kind="message")
    writer.write("alone", "outcome")
    _, found = ended(audit)
    assert found == [("stream", "closed", "journal.interrupted")]


def test_a_writer_is_put_in_order_once(audit: Path, writer: Writer) -> None:
    writer.write("lost", "intent")
    assert ended(audit)[0].interrupted == 1
    done, found = ended(audit)
    assert (done, found) == (Recovered(), [])


def test_what_was_begun_before_is_in_the_checkpoint(audit: Path, writer: Writer) -> None:
    old, gone = writer.write("old", "intent"), writer.write("gone", "intent")
    writer.write("done", "intent")
    writer.check()
    young = writer.write("young", "intent")
    writer.write("done", "outcome")
    writer.check(("old", old), ("gone", gone))
    writer.write("young", "outcome")
    middle = writer.write("middle", "intent")
    writer.write("gone", "outcome")
    writer.check(("old", old))
    writer.write("late", "intent")
    assert young < middle
    _, found = ended(audit)
    assert sorted(name for name, *_ in found) == ["late", "middle", "old"]


def test_segments_go_on_from_each_other(audit: Path, writer: Writer) -> None:
    first = writer.write("first", "intent")
    writer.check()
    writer.write("second", "intent")
    writer.rotate()
    writer.write("third", "intent")
    writer.check(("first", first))
    writer.rotate()
    writer.write("second", "outcome")
    _, found = ended(audit)
    assert [name for name, *_ in found] == ["first", "third"]
    assert writer.closed["count"] == 4


def test_without_records_behind_the_checkpoint_it_says_how_far_it_went(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    writer.write("a", "outcome")
    writer.check()
    writer.check()
    assert ended(audit) == (Recovered(writers=1), [])
    assert (writer.closed["count"], writer.closed["head"]) == (2, writer.head)


def test_an_empty_writer_is_closed(audit: Path, writer: Writer) -> None:
    assert ended(audit) == (Recovered(writers=1), [])
    assert (writer.closed["count"], writer.closed["head"]) == (0, "")


def test_many_are_flushed_on_the_way(audit: Path, writer: Writer) -> None:
    """A journal refuses more than it can hold."""

    class Bounded(Taken):
        def append(self, record: AuditRecord) -> int:
            assert len(self.records) - self.kept < 2000
            return super().append(record)

    for number in range(2500):
        writer.write(f"x{number}", "intent")
    journal = Bounded()
    assert recovered(audit, journal).interrupted == 2500
    assert journal.kept == 2500


def test_too_many_are_told_as_a_gap(audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "MOST_OPEN", 2)
    for number in range(5):
        writer.write(f"x{number}", "intent")
    journal = Taken()
    assert recovered(audit, journal).interrupted == 2
    gap = journal.records[-1]
    assert (gap.kind, gap.reason) == ("gap", "journal.interrupted")
    assert gap.detail == (f"writer {W}: up to 3 more exchanges without an outcome were not ended one by one")


# -- lines without an end


def torn(writer: Writer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in writer.place.glob("torn-*")}


@pytest.mark.parametrize(
    "tail", [b'{"v":1,"event', b"\0" * 5000, b"\0" * 40 + b'rest"}\n', b"\0\n\0\n{", b"x" * 3_000_000], ids=len
)
@pytest.mark.parametrize("checked", [False, True])
def test_a_torn_tail_is_set_aside_and_recorded(audit: Path, writer: Writer, tail: bytes, checked: bool) -> None:
    writer.write("a", "intent")
    if checked:
        writer.check()
        writer.check()
    writer.write("a", "outcome")
    whole = writer.path.read_bytes()
    writer.raw(tail)
    journal = Taken()
    done = recovered(audit, journal)
    assert (done.torn, done.damaged, done.writers) == (1, 0, 1)
    assert writer.path.read_bytes() == whole
    assert torn(writer) == {f"torn-000001-{len(whole)}": tail}
    (gap,) = journal.records
    assert (gap.kind, gap.phase, gap.reason, gap.decision) == ("gap", "", "journal.torn", "error")
    assert gap.detail == (
        f"writer {W}, segment 1, offset {len(whole)}: {len(tail)} bytes of a record without its end were set aside"
    )
    assert (writer.closed["count"], writer.closed["head"]) == (2, writer.head)


def test_a_first_record_without_its_end(audit: Path, writer: Writer) -> None:
    writer.raw(b'{"v"')
    assert recovered(audit).torn == 1
    assert writer.path.read_bytes() == b""
    assert torn(writer) == {"torn-000001-0": b'{"v"'}


@pytest.mark.parametrize("tail", [b'{"v":1', b"\0\0\0\n", b"\0" * 100])
def test_a_torn_checkpoint_is_set_aside_too(audit: Path, writer: Writer, tail: bytes) -> None:
    where = writer.write("old", "intent")
    writer.check()
    writer.check(("old", where))
    whole = writer.checkpoints.read_bytes()
    with writer.checkpoints.open("ab") as opened:
        opened.write(tail)
    journal = Taken()
    done = recovered(audit, journal)
    assert (done.torn, done.interrupted, done.damaged) == (1, 1, 0)
    assert writer.checkpoints.read_bytes() == whole
    assert torn(writer) == {f"torn-000000-{len(whole)}": tail}
    assert f"its checkpoints, offset {len(whole)}: {len(tail)} bytes of a checkpoint" in journal.records[0].detail


def test_killed_between_copy_and_cut_it_is_done_again(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    writer.write("a", "intent")
    size = writer.path.stat().st_size
    writer.raw(b"half")
    with monkeypatch.context() as broken:
        broken.setattr(tidy, "_sync", kill)
        with pytest.raises(Killed):
            recovered(audit)
    assert writer.path.stat().st_size == size + 4
    done, found = ended(audit)
    assert (done.torn, done.interrupted) == (1, 1)
    assert torn(writer) == {f"torn-000001-{size}": b"half"}
    assert len(found) == 2


def test_what_was_cut_by_a_recovery_that_was_killed_is_still_recorded(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    writer.raw(b"half")
    with pytest.raises(JournalFault):
        recovered(audit, Taken(fails_after=0))
    assert torn(writer) != {}
    assert not (writer.place / audit_layout.CLOSED).exists()
    done, found = ended(audit)
    assert (done.torn, done.interrupted) == (1, 1)
    assert len(found) == 2


def test_a_half_line_in_a_segment_before_the_last_is_the_journal_s_own(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    writer.raw(b"half")
    writer.rotate()
    writer.write("a", "outcome")
    assert ended(audit) == (Recovered(writers=1), [])
    assert torn(writer) == {}


# -- lines that are no records


@pytest.mark.parametrize(
    "line", [b"\n", b"[]\n", b"{}\n", b"\xff\n", b'{"seq":"x"}\n', b"[" * 100_000 + b"\n", b"\0\0\n"], ids=len
)
def test_a_damaged_line_is_counted_and_left(audit: Path, writer: Writer, line: bytes) -> None:
    writer.write("a", "intent")
    writer.write("b", "intent")
    writer.raw(line)
    writer.write("b", "outcome")
    whole = writer.path.read_bytes()
    done, found = ended(audit)
    assert (done.damaged, done.torn, done.writers) == (1, 0, 1)
    assert [name for name, *_ in found] == ["a"]
    assert writer.path.read_bytes() == whole


def test_a_line_that_is_too_long_is_not_kept_in_memory(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remains, "MOST_LINE", 10_000)
    writer.write("a", "intent")
    writer.raw(b'{"seq":0,"kind":"' + b"x" * 3_000_000 + b'","exchange_id":""}\n')
    writer.write("b", "intent")
    done, found = ended(audit)
    assert (done.damaged, len(found)) == (1, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"segment": 7},
        {"segment": -1},
        {"offset": 3},
        {"offset": -1},
        {"offset": 1 << 70},
        {"offset": 1 << 40},
        {"writer": X},
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_fit_costs_a_look_at_everything(
    audit: Path, writer: Writer, changes: dict[str, Any]
) -> None:
    writer.write("a", "intent")
    writer.check(**changes)
    writer.write("b", "intent")
    writer.check()
    done, found = ended(audit)
    assert done.damaged == 1
    assert [name for name, *_ in found] == ["a", "b"]


@pytest.mark.parametrize("where", [(9, 0), (1, 3), (1, -5), (1, 1 << 70), (1, 1 << 40)])
def test_an_open_exchange_that_is_not_where_it_should_be(audit: Path, writer: Writer, where: tuple[int, int]) -> None:
    writer.write("b", "intent")
    writer.write("b", "outcome")
    writer.check()
    writer.check(("a", where))
    done, found = ended(audit)
    assert (done.damaged, done.interrupted, done.writers, found) == (1, 0, 1, [])


def test_an_open_exchange_that_is_another(audit: Path, writer: Writer) -> None:
    where = writer.write("b", "intent")
    over = writer.write("b", "outcome")
    writer.check()
    writer.check(("a", where), ("b", over))
    done, found = ended(audit)
    assert (done.damaged, found) == (2, [])


def test_damaged_checkpoints_are_passed_by(audit: Path, writer: Writer) -> None:
    where = writer.write("a", "intent")
    writer.check()
    writer.check(("a", where))
    with writer.checkpoints.open("ab") as opened:
        opened.write(b"garbage\n" * 3)
    done, found = ended(audit)
    assert (done.damaged, [name for name, *_ in found]) == (3, ["a"])


def test_no_checkpoints_at_all(audit: Path, writer: Writer) -> None:
    for _ in range(3):
        writer.write("a", "intent")
        writer.write("a", "outcome")
        writer.rotate()
    writer.write("b", "intent")
    assert [name for name, *_ in ended(audit)[1]] == ["b"]


# -- who may


def test_a_writer_that_lives_is_left_alone(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    writer.raw(b"being written")
    with (writer.place / audit_layout.LOCK).open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ended(audit) == (Recovered(), [])
    assert writer.path.read_bytes().endswith(b"being written")
    assert ended(audit)[0].writers == 1


def test_a_writer_without_a_segment_is_left_alone(audit: Path) -> None:
    """It has made its directory and is about to take its lock."""
    (audit / W).mkdir(parents=True)
    assert ended(audit) == (Recovered(), [])
    assert os.listdir(audit / W) == []


def test_what_is_no_writer_is_left_alone(audit: Path) -> None:
    (audit / "notes").mkdir(parents=True)
    (audit / "notes" / audit_layout.segment(1)).write_text("x")
    (audit / "index.db").write_text("")
    assert ended(audit) == (Recovered(), [])
    assert ended(audit / "nowhere") == (Recovered(), [])


def test_a_journal_that_keeps_nothing_closes_nothing(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    assert recover(audit, NullJournal(), now=NOW) == Recovered(skipped=True)
    assert not (writer.place / audit_layout.CLOSED).exists()


def test_one_at_a_time(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    with (audit / recovery.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ended(audit) == (Recovered(skipped=True), [])
    assert ended(audit)[0].interrupted == 1


def test_its_locks_are_held_while_it_works_and_then_let_go(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    seen: list[bool] = []

    class Asking(Taken):
        def append(self, record: AuditRecord) -> int:
            for path in (audit / recovery.LOCK, writer.place / audit_layout.LOCK):
                with path.open("rb") as lock:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    except BlockingIOError:
                        seen.append(True)
            return super().append(record)

    recovered(audit, Asking())
    assert seen == [True, True]
    for path in (audit / recovery.LOCK, writer.place / audit_layout.LOCK):
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_who_only_asks_whether_it_lives_does_not_make_it_alive(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write("a", "intent")
    with (writer.place / audit_layout.LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        monkeypatch.setattr(tidy.time, "sleep", lambda _: fcntl.flock(lock, fcntl.LOCK_UN))
        assert ended(audit)[0].writers == 1


def test_what_was_killed_before_it_showed_itself_is_removed_in_time(audit: Path) -> None:
    for name, age in ((W, 3601.0), (X, 3599.0), ("c" * 32, 3601.0)):
        (audit / f".{name}").mkdir(parents=True)
        (audit / f".{name}" / audit_layout.RESERVE).write_bytes(b"x")
        os.utime(audit / f".{name}", (NOW - age, NOW - age))
    (audit / ".other").mkdir()
    os.utime(audit / ".other", (0, 0))
    with (audit / f".{'c' * 32}" / audit_layout.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(audit / f".{'c' * 32}", (0, 0))
        assert ended(audit) == (Recovered(), [])
    left = sorted(name for name in os.listdir(audit) if name.startswith("."))
    assert left == [f".{X}", f".{'c' * 32}", ".other"]


def test_the_reserve_of_the_dead_is_given_back(audit: Path, writer: Writer) -> None:
    (writer.place / audit_layout.RESERVE).write_bytes(bytes(100))
    recovered(audit)
    assert not (writer.place / audit_layout.RESERVE).exists()


# -- what goes wrong


def test_nothing_is_closed_before_it_is_kept(audit: Path, writer: Writer) -> None:
    class Stuck(Taken):
        def flush(self) -> None:
            raise JournalFault("stuck")

    writer.write("a", "intent")
    with pytest.raises(JournalFault):
        recovered(audit, Stuck())
    assert not (writer.place / audit_layout.CLOSED).exists()


def test_what_a_killed_recovery_recorded_is_not_recorded_again(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    writer.write("b", "intent")
    writer.raw(b"half")
    journal = Taken(fails_after=2)  # the torn line and one exchange
    with pytest.raises(JournalFault):
        recovered(audit, journal)
    killed = Writer(audit, X)
    for record in journal.records:
        killed.raw(record.line(X, killed.seq, killed.head), 1)
    done, found = ended(audit)
    assert (done.writers, done.torn, done.interrupted) == (2, 0, 1)
    assert [name for name, *_ in found] == ["b"]


def test_one_that_cannot_be_read_does_not_stop_the_others(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Writer(audit, X)
    for each in (writer, other):
        each.write(each.name, "intent")

    def fails(path: Path) -> BinaryIO:
        if path == writer.path:
            raise OSError(5, "Input/output error")
        return remains.plain(path)

    journal = Taken()
    done = recovered(audit, journal, opener=fails)
    assert (done.writers, done.left, done.problems) == (1, 1, [f"writer {W}: Input/output error"])
    assert [record.exchange_id for record in journal.records] == [X]
    assert not (writer.place / audit_layout.CLOSED).exists()


@pytest.mark.parametrize("name", [audit_layout.segment(1), audit_layout.CHECKPOINTS])
def test_nothing_is_cut_off_behind_a_link(audit: Path, writer: Writer, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"of somebody else")
    (writer.place / name).unlink(missing_ok=True)
    (writer.place / name).symlink_to(elsewhere)
    done = recovered(audit)
    assert (done.writers, done.left, len(done.problems)) == (0, 1, 1)
    assert elsewhere.read_bytes() == b"of somebody else"


def test_a_fault_that_nobody_thought_of_does_not_stop_the_others(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (writer, Writer(audit, X)):
        each.write(each.name, "intent")

    def fails(path: Path) -> BinaryIO:
        if path == writer.path:
            raise LookupError("odd")
        return remains.plain(path)

    journal = Taken()
    done = recovered(audit, journal, opener=fails)
    assert (done.writers, done.left, done.problems) == (1, 1, [f"writer {W}: LookupError"])
    assert [record.exchange_id for record in journal.records] == [X]


def test_a_lock_that_cannot_be_opened_does_not_stop_the_others(
    audit: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Writer(audit, X)
    held, asked = tidy.held, iter(range(9))

    def fails(path: Path) -> Any:
        if path.parent == writer.place and next(asked) == 2:  # dead, read, and now to be closed
            raise OSError(24, "Too many open files")
        return held(path)

    monkeypatch.setattr(tidy, "held", fails)
    done = recovered(audit)
    assert (done.writers, done.left, done.problems) == (1, 1, [f"writer {W}: Too many open files"])


def test_a_writer_whose_intents_cannot_be_read_is_not_closed(audit: Path, writer: Writer) -> None:
    writer.write("a", "intent")
    reads: Iterator[None] = iter([None])

    def fails(path: Path) -> BinaryIO:
        if path == writer.path and next(reads, path) is path:
            raise OSError(5, "Input/output error")
        return remains.plain(path)

    done = recovered(audit, opener=fails)
    assert (done.writers, done.left) == (0, 1)
    assert not (writer.place / audit_layout.CLOSED).exists()


# -- how long it takes


def ticking(step: float) -> Callable[[], float]:
    times = iter(range(1 << 30))
    return lambda: next(times) * step


def test_after_its_time_the_rest_is_left_and_the_short_ones_are_done(audit: Path) -> None:
    long, short = Writer(audit, W), Writer(audit, X)
    long.raw((b" " * 1023 + b"\n") * 8192)
    short.write("a", "intent")
    journal = Taken()
    done = recovered(audit, journal, limit_seconds=6.5, monotonic=ticking(1.0))
    assert (done.writers, done.left, done.problems) == (1, 1, [])
    assert [record.exchange_id for record in journal.records] == ["a"]
    done = recovered(audit)
    assert (done.writers, done.left) == (1, 0)


def test_no_time_at_all(audit: Path, writer: Writer) -> None:
    assert recovered(audit, limit_seconds=0.0) == Recovered(left=1)


def test_the_length_of_the_log_does_not_matter(audit: Path) -> None:
    """Ten million records in eight writers: a gigabyte each before the last checkpoints, and it is not read."""
    counting = Counting()
    for number in range(8):
        writer = Writer(audit, f"{number:032x}")
        old = writer.write("old", "intent")
        with writer.path.open("r+b") as opened:
            opened.truncate(1 << 30)
        writer.raw(b"\n")
        writer.seq = 1_250_000
        for _ in range(1250):
            writer.check(("old", old))
        for index in range(1000):
            writer.write(f"x{index}", "intent")
            writer.write(f"x{index}", "outcome")
        writer.write("lost", "intent")
    journal = Taken()
    done = recovered(audit, journal, opener=counting)
    assert (done.writers, done.interrupted, done.damaged) == (8, 16, 0)
    assert counting.read < 8 * 6 << 20


def test_closed_writers_cost_a_look_at_a_name(audit: Path) -> None:
    for number in range(2000):
        place = audit / f"{number:032x}"
        place.mkdir(parents=True)
        (place / audit_layout.CLOSED).touch()
    counting = Counting()
    assert recovered(audit, opener=counting) == Recovered()
    assert counting.opened == []


def test_many_dead_ones_at_once(audit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there may be open files."""
    monkeypatch.setattr(recovery, "_AT_ONCE", 3)
    for number in range(10):
        Writer(audit, f"{number:032x}").write(f"x{number}", "intent")
    done, found = ended(audit)
    assert (done.writers, len(found)) == (10, 10)


def test_checkpoints_with_many_open_exchanges(audit: Path, writer: Writer) -> None:
    where = writer.write("a", "intent")
    many = [(f"{number:032x}", where) for number in range(5000)]
    writer.check(*many)
    writer.check(*many, ("a", where))
    assert writer.checkpoints.stat().st_size > 400_000
    done, found = ended(audit)
    assert (done.damaged, found) == (5000, [("a", "outcome", "journal.interrupted")])


# -- a real journal, killed

KILLED = """
import sys, time
from pathlib import Path
from doorward.control.keys.audit_keys import load
from doorward.core.audit import AuditRecord, timestamp
from doorward.gateway.journal import FileJournal, Settings

signer = load(Path(sys.argv[2]), rotate=1e9, now=0).signer()
journal = FileJournal(Path(sys.argv[1]), signer=signer, settings=Settings(segment_bytes=20_000, checkpoint_records=10))
print(journal.writer, flush=True)
for number in range(1 << 30):
    for phase in ("intent",) if number % 3 == 0 else ("intent", "outcome"):
        at = timestamp(time.time())
        journal.append(AuditRecord(event_id="", exchange_id=f"x{number}", kind="exchange", phase=phase, timestamp=at))
    journal.flush()
    print(number, flush=True)
"""


def lines(audit: Path, writer: str) -> list[bytes]:
    place = audit / writer
    paths = sorted(path for path in place.iterdir() if audit_layout.segment_number(path.name) is not None)
    return b"".join(path.read_bytes() for path in paths).splitlines(keepends=True)


def test_a_killed_journal_is_closed_by_the_next(tmp_path: Path, audit: Path) -> None:
    keys = tmp_path / "keys"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(audit), str(keys)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    writer = process.stdout.readline().decode().strip()
    while int(process.stdout.readline()) < 100:
        pass
    assert recovered(audit) == Recovered()  # it lives
    process.kill()
    process.wait(30)
    acknowledged = {f"x{number}" for number in range(101)}
    process.stdout.close()
    last = max(path for path in (audit / writer).iterdir() if path.name.startswith("journal-"))
    with last.open("ab") as opened:
        opened.write(b'{"v":1,"event_id":"')  # what a kill in the midst of a write leaves

    journal = FileJournal(audit, signer=audit_keys.read(keys).signer())
    try:
        done = recover(audit, journal, now=NOW, limit_seconds=5.0)
    finally:
        journal.close()
    assert (done.writers, done.torn, done.damaged, done.left, done.problems) == (1, 1, 0, 0, [])
    prev, begun, over = "", set(), set()
    for name in (writer, journal.writer):
        for seq, line in enumerate(lines(audit, name)):
            record = json.loads(line)
            assert (record["seq"], record["prev"], record["writer"]) == (seq, prev if seq else "", name)
            prev = sha256(line).hexdigest()
            if record["kind"] == "exchange":
                (begun if record["phase"] == "intent" else over).add(record["exchange_id"])
    assert acknowledged <= begun
    assert begun == over
    assert done.interrupted >= 34
    found = json.loads((audit / writer / audit_layout.CLOSED).read_bytes())
    whole = lines(audit, writer)
    assert (found["by"], found["count"], found["head"]) == (
        journal.writer,
        len(whole),
        sha256(whole[-1]).hexdigest(),
    )
