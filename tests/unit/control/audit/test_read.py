import os
from pathlib import Path

import pytest
from tests.audit_logs import Log, random_log

from doorward.control.audit import read
from doorward.control.audit.read import (
    Follower,
    Place,
    backwards,
    everything,
    in_order,
    line_at,
    lines,
    lines_back,
    newest_first,
    readable,
    segments,
    writers,
)
from doorward.core import audit_layout


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 16])
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"a\n", [b"a"]),
        (b"a\nbb\nccc\n", [b"ccc", b"bb", b"a"]),
        (b"a\nbb\ncc", [b"bb", b"a"]),  # the last is being written
        (b"half", []),
        (b"\n\na\n\n", [b"", b"a", b"", b""]),
        (b"a" * 100 + b"\n" + b"b\n", [b"b", b"a" * 100]),
    ],
)
def test_whole_lines_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, data: bytes, found: list[bytes]
) -> None:
    monkeypatch.setattr(read, "_PIECE", piece)
    (tmp_path / "f").write_bytes(data)
    assert [line for _, line in backwards(tmp_path / "f", everything)] == found


def test_a_line_without_end_is_left_out_and_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_PIECE", 4)
    monkeypatch.setattr(read, "LONGEST_LINE", 10)
    (tmp_path / "f").write_bytes(b"first\n" + b"x" * 1000 + b"\nlast\n")
    assert [line for _, line in backwards(tmp_path / "f", everything)] == [b"last", b"first"]


def put(directory: Path, writer: str, number: int, data: bytes) -> Path:
    (directory / writer).mkdir(exist_ok=True)
    file = directory / writer / audit_layout.segment(number)
    with file.open("ab") as opened:
        opened.write(data)
    return file


def at(second: int, name: str = "") -> bytes:
    return b'{"name":"%s","timestamp":"2026-01-01T00:00:%02d.000Z"}' % (name.encode(), second)


A, B, C = (letter * 32 for letter in "abc")


def test_only_what_is_named_like_them_are_writers_and_segments(tmp_path: Path) -> None:
    put(tmp_path, A, 2, b"x\n")
    put(tmp_path, A, 1, b"x\n")
    (tmp_path / A / "journal-1.jsonl").touch()
    (tmp_path / A / "journal-0000001.jsonl").touch()
    (tmp_path / A / "torn-000001-4711").touch()
    (tmp_path / "index.db").touch()
    assert (writers(tmp_path), segments(tmp_path, A)) == ([A], [1, 2])
    assert (writers(tmp_path / "gone"), segments(tmp_path, B)) == ([], [])


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_lines_of_all_segments_each_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(read, "_CHUNK", chunk)
    put(tmp_path, A, 1, b"one\ntwo\ntorn")
    put(tmp_path, A, 3, b"three\n\nfour\nbeing wri")
    found = list(lines(tmp_path, A))
    assert [line.raw for line in found] == [b"one", b"two", b"three", b"", b"four"]
    assert [(line.place.segment, line.place.offset) for line in found] == [(1, 0), (1, 4), (3, 0), (3, 6), (3, 7)]
    assert all(line_at(tmp_path, line.place, len(line.raw)) == line.raw for line in found)
    assert list(lines_back(tmp_path, A)) == found[::-1]
    for line in found:
        assert next(lines(tmp_path, A, line.place.segment, line.place.offset)) == line
        assert list(lines_back(tmp_path, A, end=line.place)) == found[: found.index(line)][::-1]
    assert line_at(tmp_path, Place(A, 3, 7), 40) is None
    assert line_at(tmp_path, Place(A, 9, 0), 1) is None


def test_a_line_that_is_too_long_is_none_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_CHUNK", 4)
    monkeypatch.setattr(read, "LONGEST_LINE", 16)
    put(tmp_path, A, 1, b"first\n" + b"x" * 1000 + b"\nlast\n")
    found = list(lines(tmp_path, A))
    assert [line.raw for line in found] == [b"first", b"", b"last"]
    assert [line.place.offset for line in found] == [0, 1006, 1007]  # where its end is


def test_who_must_leave_nothing_out_can_ask(tmp_path: Path) -> None:
    put(tmp_path, A, 1, b"x\n")
    readable(tmp_path)
    (tmp_path / A / audit_layout.segment(2)).mkdir()
    with pytest.raises(OSError, match="000002"):
        readable(tmp_path)


def test_all_writers_in_the_order_of_time(tmp_path: Path) -> None:
    put(tmp_path, A, 1, at(1) + b"\n" + at(5) + b"\n")
    put(tmp_path, A, 2, at(6) + b"\n")
    put(tmp_path, B, 1, at(2) + b"\n" + at(3) + b"\n" + at(7) + b"\n")
    put(tmp_path, C, 1, b"")
    order = [at(second) for second in (1, 2, 3, 5, 6, 7)]
    assert [line.raw for line in in_order(tmp_path)] == order
    assert [line.raw for line in newest_first(tmp_path)] == order[::-1]


def test_where_a_clock_was_set_back_the_chain_decides(tmp_path: Path) -> None:
    put(tmp_path, A, 1, b"".join(at(second) + b"\n" for second in (1, 9, 2, 3)))
    put(tmp_path, B, 1, at(4) + b"\n")
    assert [line.raw for line in in_order(tmp_path)] == [at(second) for second in (1, 4, 9, 2, 3)]
    assert [line.raw for line in newest_first(tmp_path)] == [at(second) for second in (4, 3, 2, 9, 1)]


@pytest.mark.parametrize("seed", range(20))
def test_each_line_is_there_once_both_ways(tmp_path: Path, seed: int) -> None:
    log = random_log(tmp_path, seed)
    whole = sorted(line.rstrip(b"\n") for writer in log.writers for line in writer.lines() if line.endswith(b"\n"))
    assert sorted(line.raw for line in in_order(log.directory)) == whole
    assert sorted(line.raw for line in newest_first(log.directory)) == whole


def test_what_comes_is_followed_over_segments_and_writers(tmp_path: Path) -> None:
    put(tmp_path, A, 1, at(1) + b"\n" + b"half of ")
    follower = Follower(tmp_path)
    assert follower.poll() == []
    put(tmp_path, A, 1, b"one\n" + at(2) + b"\n")
    assert [line.raw for line in follower.poll()] == [b"half of one", at(2)]
    put(tmp_path, A, 1, at(3) + b"\n")
    put(tmp_path, A, 2, at(4) + b"\n" + at(6) + b"\nhalf")
    put(tmp_path, B, 1, at(5) + b"\n")
    found = follower.poll()
    assert [line.raw for line in found] == [at(3), at(4), at(5), at(6)]
    assert follower.poll() == []
    put(tmp_path, A, 2, b"\n")
    assert [line.raw for line in follower.poll()] == [b"half"]


def test_a_writer_that_ended_is_read_to_its_end_and_looked_at_no_more(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    first, second = log.writer(), log.writer()
    first.close()
    follower = Follower(log.directory)
    second.call()
    second.close()
    assert len(follower.poll()) == 2
    put(log.directory, second.name, 9, b"more\n")
    assert follower.poll() == []


def test_what_a_follower_starts_behind_is_what_reading_back_begins_before(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    writer = log.writer(segment_records=3)
    for _ in range(5):
        writer.call()
    follower = Follower(log.directory)
    before = list(newest_first(log.directory, follower.places))
    writer.call()
    assert list(newest_first(log.directory, follower.places)) == before
    assert [*before[::-1], *follower.poll()] == list(in_order(log.directory))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
@pytest.mark.parametrize("strange", ["pipe", "device"])
def test_nothing_but_a_file_is_read(tmp_path: Path, strange: str) -> None:
    """Who may write there could hold up everybody who asks the log, for ever."""
    put(tmp_path, "a" * 32, 1, at(1) + b"\n")
    place = tmp_path / ("a" * 32) / audit_layout.segment(2)
    if strange == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero")
    assert [line.raw for line in in_order(tmp_path)] == [at(1)]
    assert [line.raw for line in lines_back(tmp_path, "a" * 32, everything)] == [at(1)]
    assert line_at(tmp_path, Place("a" * 32, 2, 0), 1) is None
    with pytest.raises(OSError, match="is no regular file"):
        readable(tmp_path)
