import errno
import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from doorward.core.audit import AuditRecord
from doorward.core.errors import JournalFault
from doorward.gateway.journal import FileJournal, NullJournal


def record(name: str = "e") -> AuditRecord:
    return AuditRecord(event_id=name, exchange_id="x", kind="exchange", timestamp="2026-01-01T00:00:00.000Z")


def lines(journal: FileJournal, directory: Path) -> list[bytes]:
    return (directory / journal.writer / "journal.jsonl").read_bytes().splitlines(keepends=True)


def test_each_line_names_its_place_and_the_line_before(tmp_path: Path) -> None:
    taken = []
    journal = FileJournal(tmp_path, lambda: taken.append(1))
    for name in ("a", "b", "é\n"):
        journal.append(record(name))
    journal.close()
    found = lines(journal, tmp_path)
    shown = [json.loads(line) for line in found]
    assert [x["event_id"] for x in shown] == ["a", "b", "é\n"]
    assert [x["seq"] for x in shown] == [0, 1, 2]
    assert {x["writer"] for x in shown} == {journal.writer}
    assert [x["prev"] for x in shown] == ["", *(hashlib.sha256(line).hexdigest() for line in found[:2])]
    assert all(line.endswith(b"\n") for line in found)
    assert len(taken) == 3


def test_a_record_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path)
    written: list[int] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        written.append(len(data))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    journal.append(record("x" * 100_000))
    assert len(written) == 1
    journal.close()


def test_every_writer_has_a_place_of_its_own_that_others_cannot_read(tmp_path: Path) -> None:
    one, two = FileJournal(tmp_path), FileJournal(tmp_path)
    assert one.writer != two.writer
    for journal in (one, two):
        place = tmp_path / journal.writer
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert stat.S_IMODE((place / "journal.jsonl").stat().st_mode) == 0o600
        journal.close()


@pytest.mark.parametrize("taken", [0, 7])
def test_a_full_disk_and_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    journal = FileJournal(tmp_path)
    journal.append(record("a"))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if taken == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:taken])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalFault) as fault:
        journal.append(record("lost"))
    assert fault.value.code == "journal.unavailable"
    monkeypatch.setattr(os, "write", real)
    journal.append(record("b"))
    journal.close()
    found = lines(journal, tmp_path)
    whole = [json.loads(line) for line in found if line.startswith(b'{"v"') and line.endswith(b"}\n")]
    assert [x["event_id"] for x in whole] == ["a", "b"]
    assert [x["seq"] for x in whole] == [0, 1]
    assert whole[1]["prev"] == hashlib.sha256(found[0]).hexdigest()


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFault):
        FileJournal(tmp_path / "file")


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(JournalFault):
        journal.append(record())


def test_the_null_journal_takes_everything() -> None:
    journal = NullJournal()
    journal.append(record())
    journal.close()
