import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.audit_logs import Log
from tests.unit.bootstrap.doctor.surroundings import loaded, only

from doorward.bootstrap.doctor import disk
from doorward.bootstrap.doctor.disk import audit, checkpoints, room

GIB = 1 << 30


def a_log(tmp_path: Path, exported: Path | None = None) -> Log:
    log = Log(tmp_path / ".doorward" / "audit", exported=exported)
    writer = log.writer()
    writer.call()
    writer.checkpoint()
    return log


def test_a_log_that_is_well(tmp_path: Path) -> None:
    a_log(tmp_path)
    line = only(audit(loaded(tmp_path)))
    assert (line.state, "1 writer, 0 closed" in line.what) == ("ok", True)


def test_no_log_yet(tmp_path: Path) -> None:
    assert "first start" in only(audit(loaded(tmp_path))).what


def test_a_file_in_the_place_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    line = only(audit(loaded(tmp_path, audit={"directory": "log"})))
    assert (line.state, "is no directory" in line.what) == ("fail", True)


def test_a_log_that_others_can_write_to(tmp_path: Path) -> None:
    a_log(tmp_path)
    (tmp_path / ".doorward" / "audit").chmod(0o777)
    line = only(audit(loaded(tmp_path)))
    assert (line.state, "others can write" in line.what) == ("fail", True)


def test_what_the_system_forbids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.os, "access", lambda path, mode: False)  # root is forbidden nothing
    line = only(audit(loaded(tmp_path)))
    assert (line.state, "is not there" in line.what) == ("fail", True)
    a_log(tmp_path)
    line = only(audit(loaded(tmp_path)))
    assert (line.state, "cannot be written to" in line.what) == ("fail", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_log_that_we_cannot_write_to(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o500)
    assert only(audit(loaded(tmp_path, audit={"directory": "log"}))).state == "fail"


@pytest.mark.parametrize(
    ("free", "inodes", "state"),
    [(500 * GIB, 9, "ok"), (GIB - 1, 9, "warn"), (3 << 20, 9, "fail"), (500 * GIB, 0, "fail")],
)
def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int, state: str) -> None:
    found = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=1000 * GIB, f_files=9, f_favail=inodes)
    monkeypatch.setattr(disk.os, "statvfs", lambda path: found)
    assert only(room(loaded(tmp_path, listen={"workers": 2}))).state == state


def test_the_room_of_this_disk(tmp_path: Path) -> None:
    assert "free where the log is" in only(room(loaded(tmp_path))).what


def test_checkpoints_beside_the_log_only(tmp_path: Path) -> None:
    line = only(checkpoints(loaded(tmp_path)))
    assert (line.state, "audit.checkpoints" in line.remedy) == ("warn", True)


def test_checkpoints_on_the_same_disk(tmp_path: Path) -> None:
    a_log(tmp_path, tmp_path / "elsewhere")
    line = only(checkpoints(loaded(tmp_path, audit={"checkpoints": "elsewhere"})))
    assert (line.state, "on the same disk" in line.what) == ("warn", True)


def test_checkpoints_on_another_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_log(tmp_path, tmp_path / "elsewhere")
    config = loaded(tmp_path, audit={"checkpoints": "elsewhere"})
    real = Path.stat

    def stat(self: Path, **how: bool) -> object:
        found = real(self, **how)
        if self.name != "elsewhere":
            return found
        return SimpleNamespace(st_dev=found.st_dev + 1, st_mode=found.st_mode)

    monkeypatch.setattr(Path, "stat", stat)
    line = only(checkpoints(config))
    assert (line.state, "all are there, the last was signed" in line.what) == ("ok", True)


def test_checkpoints_that_were_not_copied(tmp_path: Path) -> None:
    log = a_log(tmp_path, tmp_path / "elsewhere")
    writer = log.writers[0]
    writer.call()
    writer.checkpoint(export=False)
    config = loaded(tmp_path, audit={"checkpoints": "elsewhere"})
    own = writer.place / "checkpoints.jsonl"
    assert "on the same disk" in only(checkpoints(config)).what  # a moment ago: it is on its way
    os.utime(own, (time.time() - 300, time.time() - 300))
    line = only(checkpoints(config))
    assert (line.state, writer.name in line.what) == ("warn", True)


def test_a_place_for_checkpoints_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    assert only(checkpoints(loaded(tmp_path, audit={"checkpoints": "elsewhere"}))).state == "fail"


def test_a_place_for_checkpoints_that_is_to_be_made(tmp_path: Path) -> None:
    assert only(checkpoints(loaded(tmp_path, audit={"checkpoints": "elsewhere"}))).state == "ok"
