import json
import os
from pathlib import Path
from typing import Any

import pytest

from doorward.control import journal_view
from doorward.control.journal_view import recent
from doorward.core import audit_layout

A, B, C = (letter * 32 for letter in "abc")


def line(writer: str, seq: int, second: int, **more: Any) -> bytes:
    record = {"writer": writer, "seq": seq, "timestamp": f"2026-01-01T00:00:{second:02d}.000Z", **more}
    return json.dumps(record).encode() + b"\n"


def journal(directory: Path, writer: str, data: bytes, written: int = 0) -> None:
    (directory / writer).mkdir()
    file = directory / writer / audit_layout.segment(1)
    file.write_bytes(data)
    if written:
        os.utime(file, (written, written))


def names(found: journal_view.Recent) -> list[str]:
    return [f"{record['writer'][0]}{record['seq']}" for record in found.records]


def test_the_end_of_a_huge_file_is_all_that_is_read(tmp_path: Path) -> None:
    (tmp_path / A).mkdir()
    with (tmp_path / A / audit_layout.segment(1)).open("wb") as opened:
        opened.truncate(1 << 36)  # 64 GiB of nothing
        opened.seek(0, os.SEEK_END)
        opened.write(b"\n" + line(A, 1, 1) + line(A, 2, 2))
    found = recent(tmp_path, 1)
    assert names(found) == ["a2"]
    assert found.next is not None
    rest = recent(tmp_path, 5, before=found.next, most_bytes=1 << 20)
    assert (names(rest), rest.whole, rest.next) == (["a1"], False, None)


def test_writers_are_merged_by_time(tmp_path: Path) -> None:
    journal(tmp_path, A, line(A, 0, 1) + line(A, 1, 4) + line(A, 2, 5))
    journal(tmp_path, B, line(B, 0, 2) + line(B, 1, 3) + line(B, 2, 5))
    found = recent(tmp_path, 10)
    assert names(found) == ["b2", "a2", "a1", "b1", "b0", "a0"]
    assert (found.next, found.whole) == (None, True)


def test_pages_hold_each_record_once(tmp_path: Path) -> None:
    for writer in (A, B, C):
        journal(tmp_path, writer, b"".join(line(writer, seq, seq // 3) for seq in range(20)))
    found: list[str] = []
    page = recent(tmp_path, 7)
    while page.next is not None:
        found += names(page)
        page = recent(tmp_path, 7, before=page.next)
    found += names(page)
    assert len(found) == 60
    assert found == names(recent(tmp_path, 100))


def test_what_is_wanted_is_asked_of_each(tmp_path: Path) -> None:
    journal(tmp_path, A, b"".join(line(A, seq, 1, decision="deny" if seq % 4 == 0 else "allow") for seq in range(9)))
    found = recent(tmp_path, 2, wanted=lambda record: record["decision"] == "deny")
    assert names(found) == ["a8", "a4"]
    assert found.next is not None


def test_what_is_no_record_is_skipped(tmp_path: Path) -> None:
    bad = b'\nnot json\n[]\n{"seq":1}\n{"writer":"a","seq":"x","timestamp":"2026"}\n\xff\xfe\n'
    journal(tmp_path, A, line(A, 0, 1) + bad + line(A, 1, 2) + b'{"writer":"a","torn')
    (tmp_path / "no-writer").mkdir()
    (tmp_path / "file").write_text("")
    assert names(recent(tmp_path, 10)) == ["a1", "a0"]


def test_a_clock_that_was_set_back_loses_nothing(tmp_path: Path) -> None:
    journal(tmp_path, A, line(A, 0, 50) + line(A, 1, 10) + line(A, 2, 11))
    journal(tmp_path, B, line(B, 0, 20))
    assert names(recent(tmp_path, 10)) == ["b0", "a2", "a1", "a0"]


def test_no_journal_no_records(tmp_path: Path) -> None:
    assert recent(tmp_path / "nothing", 10).records == []


def test_of_very_many_writers_the_last_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_view, "MOST_WRITERS", 2)
    for number, writer in enumerate((A, B, C)):
        journal(tmp_path, writer, line(writer, 0, 1), written=1000 + number)
    found = recent(tmp_path, 10)
    assert (names(found), found.whole) == (["c0", "b0"], False)


def test_segments_of_a_writer_are_read_as_one(tmp_path: Path) -> None:
    journal(tmp_path, A, line(A, 0, 1) + line(A, 1, 2))
    (tmp_path / A / audit_layout.segment(2)).write_bytes(line(A, 2, 3) + b"{torn")
    (tmp_path / A / audit_layout.segment(10)).write_bytes(line(A, 3, 4))
    assert names(recent(tmp_path, 3)) == ["a3", "a2", "a1"]
