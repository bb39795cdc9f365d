import os
from pathlib import Path

from tests.audit_logs import Log
from tests.unit.bootstrap.doctor.surroundings import loaded, only

from doorward.bootstrap.doctor.clock import Clocks


class Time:
    def __init__(self, wall: float) -> None:
        self.wall, self.monotonic = wall, 100.0

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.monotonic)


def test_a_clock_that_is_well(tmp_path: Path) -> None:
    log = Log(tmp_path / ".doorward" / "audit")
    log.writer().call()
    assert only(Time(log.now + 1).clocks().look(loaded(tmp_path))).state == "ok"


def test_a_record_from_the_future(tmp_path: Path) -> None:
    log = Log(tmp_path / ".doorward" / "audit")
    log.writer().call()
    line = only(Time(log.now - 7200).clocks().look(loaded(tmp_path)))
    assert (line.state, "2 h ahead" in line.what) == ("fail", True)


def test_a_key_from_the_future(tmp_path: Path) -> None:
    key = tmp_path / ".doorward" / "keys" / "lasting.key"
    key.parent.mkdir(parents=True)
    key.touch()
    os.utime(key, (5000, 5000))
    assert only(Time(4000).clocks().look(loaded(tmp_path))).state == "fail"
    assert only(Time(4996).clocks().look(loaded(tmp_path))).state == "ok"  # clocks of disks are coarse


def test_a_clock_that_is_set_meanwhile(tmp_path: Path) -> None:
    time = Time(1000.0)
    clocks = time.clocks()
    time.wall, time.monotonic = time.wall + 31, time.monotonic + 1
    line = only(clocks.look(loaded(tmp_path)))
    assert (line.state, "by 30 s" in line.what) == ("warn", True)


def test_a_log_that_nobody_can_read(tmp_path: Path) -> None:
    place = tmp_path / ".doorward" / "audit" / ("0" * 32)
    place.mkdir(parents=True)
    (place / "journal-000001.jsonl").write_text('{"timestamp":"gibberish","writer":"w","seq":1}\n')
    assert only(Time(1000.0).clocks().look(loaded(tmp_path))).state == "ok"
