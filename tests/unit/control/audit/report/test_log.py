import os
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.control.audit.report.records import ABOUT, line
from tests.unit.control.audit.report.sample import week, write

from doorward.control.audit.report import log
from doorward.control.audit.report.collect import collect
from doorward.control.audit.report.continuity import Seal
from doorward.control.audit.report.seen import Lines
from doorward.core import audit_layout


def segment(directory: Path, writer: str, number: int, *days: int, rest: bytes = b"") -> None:
    (directory / writer).mkdir(exist_ok=True)
    lines = [
        line(timestamp=f"2026-11-{day:02d}T10:00:00.000Z", exchange_id=f"{writer[0]}{day}") + b"\n" for day in days
    ]
    (directory / writer / audit_layout.segment(number)).write_bytes(b"".join(lines) + rest)


def read(directory: Path, since: str = "") -> list[str]:
    return [record.exchange_id for record in Lines(log.lines(directory, since))]


A, B = "a" * 32, "b" * 32


def test_the_writer_that_began_first_comes_first(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 12, 13)
    segment(tmp_path, B, 1, 10)
    segment(tmp_path, B, 2, 11, 14)
    assert read(tmp_path) == ["b10", "b11", "b14", "a12", "a13"]


def test_segments_that_end_before_the_time_are_not_read(tmp_path: Path) -> None:
    for number, day in enumerate((10, 12, 14), 1):
        segment(tmp_path, A, number, day, day + 1)
    assert read(tmp_path, "2026-11-13T00") == ["a12", "a13", "a14", "a15"]
    assert read(tmp_path, "2026-11-20") == []


def test_an_empty_last_segment_hides_none_before_it(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 10, 12)
    segment(tmp_path, A, 2)
    assert read(tmp_path, "2026-11-11") == ["a10", "a12"]


def test_how_far_it_got_is_told(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 10)
    segment(tmp_path, A, 2, 12)
    segment(tmp_path, B, 1, 13)
    told: list[tuple[int, int]] = []
    assert len(list(log.lines(tmp_path, "2026-11-11", lambda done, size: told.append((done, size))))) == 2
    sizes = [(tmp_path / writer / audit_layout.segment(n)).stat().st_size for writer, n in ((A, 2), (B, 1))]
    assert told == [(sizes[0], sum(sizes)), (sum(sizes), sum(sizes))]


def test_what_is_being_written_and_what_is_no_writer_is_left_out(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 10, rest=b'{"half')
    (tmp_path / "index.db").write_bytes(b"")
    (tmp_path / "notes").mkdir()
    assert read(tmp_path) == ["a10"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_writer_that_cannot_be_read_is_no_silence(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 10)
    (tmp_path / A / audit_layout.segment(1)).chmod(0)
    with pytest.raises(PermissionError):
        read(tmp_path)


def test_a_segment_that_is_none_is_no_silence(tmp_path: Path) -> None:
    segment(tmp_path, A, 1, 10)
    (tmp_path / A / audit_layout.segment(2)).mkdir()
    with pytest.raises(OSError, match="000002"):
        read(tmp_path)


def test_how_writers_end(tmp_path: Path) -> None:
    records = week(30)
    write(tmp_path, records, writers=2)
    first, second = (sha256(f"writer {number}".encode()).hexdigest()[:32] for number in range(2))
    last = records[-1].timestamp
    assert log.seals(tmp_path)[second] == Seal(last, closed=False)
    assert log.seals(tmp_path)[first].closed
    (tmp_path / second / audit_layout.CHECKPOINTS).write_bytes(b"no checkpoint\n")
    assert log.seals(tmp_path)[second] == Seal("", closed=False)
    (tmp_path / second / audit_layout.CHECKPOINTS).unlink()
    assert log.seals(tmp_path)[second] == Seal("", closed=False)


def test_a_week_of_three_writers_is_counted_whole(tmp_path: Path) -> None:
    records = week(500)
    write(tmp_path, records)
    made = collect(Lines(log.lines(tmp_path)), ABOUT, log.seals(tmp_path))
    ends = [one for one in records if one.phase == "outcome"]
    assert made.calls.total == len(ends) == 501
    assert made.continuity.records == len(records)
    assert (made.continuity.unreadable, made.continuity.unfinished, made.continuity.without_checkpoint) == (0, 0, 0)
    assert made.calls.refused == sum(one.decision == "deny" for one in ends)
    assert made.findings.found == sum(sum(one.entities.values()) for one in ends)
