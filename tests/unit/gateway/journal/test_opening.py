"""The first record of a writer names the others, each that has ended once (G5)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.journals import journal, lines, record

from doorward.gateway.journal import FileJournal
from doorward.gateway.journal.opening import unnamed


def ended(directory: Path, *names: str) -> FileJournal:
    kept = journal(directory)
    for name in names:
        kept.append(record(name))
    kept.close()
    return kept


def heads(directory: Path, kept: FileJournal) -> dict[str, Any]:
    first = json.loads(lines(directory, kept.writer)[0])
    assert (first["kind"], first["phase"], first["seq"], first["prev"]) == ("checkpoint", "opened", 0, "")
    found: dict[str, Any] = first["heads"]
    return found


def head(directory: Path, kept: FileJournal) -> list[Any]:
    found = lines(directory, kept.writer)
    return [len(found), hashlib.sha256(found[-1]).hexdigest()]


def test_who_has_ended_is_named_once(tmp_path: Path) -> None:
    first = ended(tmp_path, "a", "b")
    assert heads(tmp_path, first) == {}
    second = ended(tmp_path)
    assert heads(tmp_path, second) == {first.writer: head(tmp_path, first)}
    third = ended(tmp_path)
    assert heads(tmp_path, third) == {second.writer: head(tmp_path, second)}


def test_who_lives_is_named_by_all_and_at_its_end_once_more(tmp_path: Path) -> None:
    lives = journal(tmp_path)
    lives.append(record("a"))
    lives.flush()
    second, third = ended(tmp_path), ended(tmp_path)
    found = head(tmp_path, lives)
    assert heads(tmp_path, second) == {lives.writer: found}
    assert heads(tmp_path, third) == {lives.writer: found, second.writer: head(tmp_path, second)}
    lives.append(record("b"))
    lives.close()
    fourth = ended(tmp_path)
    assert heads(tmp_path, fourth) == {lives.writer: head(tmp_path, lives), third.writer: head(tmp_path, third)}


def test_who_was_killed_counts_up_to_its_last_whole_line(tmp_path: Path) -> None:
    first = ended(tmp_path, "a")
    found = head(tmp_path, first)
    with (tmp_path / first.writer / "journal-000001.jsonl").open("ab") as file:
        file.write(b'{"v":1,' + b"x" * 100_000)
    assert heads(tmp_path, ended(tmp_path)) == {first.writer: found}


def test_the_last_line_may_be_in_an_earlier_segment_and_long(tmp_path: Path) -> None:
    first = ended(tmp_path, "x" * 200_000)
    (tmp_path / first.writer / "journal-000002.jsonl").write_bytes(b"")
    assert heads(tmp_path, ended(tmp_path)) == {first.writer: head(tmp_path, first)}


def test_what_cannot_be_read_is_named_all_the_same(tmp_path: Path) -> None:
    for name, text in (("1" * 32, b"\xff\n"), ("2" * 32, b""), ("3" * 32, b"{}\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal-000001.jsonl").write_bytes(text)
    for name, text in (
        ("5" * 32, b'{"seq":%s}\n' % (b"9" * 4300)),
        ("6" * 32, b'{"seq":0,"x":%s}\n' % (b"[" * 100_000)),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal-000001.jsonl").write_bytes(text)
    (tmp_path / ("4" * 32)).write_bytes(b"a file")
    (tmp_path / "index.db").write_bytes(b"")
    assert unnamed(tmp_path) == {name * 32: (0, "") for name in "123456"}
    assert set(heads(tmp_path, ended(tmp_path))) == {name * 32 for name in "123456"}
