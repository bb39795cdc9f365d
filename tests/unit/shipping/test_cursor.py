import os
from pathlib import Path

import pytest

from doorward.shipping import places
from doorward.shipping.cursor import START, Cursor, Position
from doorward.shipping.places import Places

A, B = "a" * 32, "b" * 32


@pytest.fixture
def files(tmp_path: Path) -> Places:
    made = Places(tmp_path / "audit")
    made.make()
    return made


def test_it_is_where_it_was_saved(files: Places) -> None:
    cursor = Cursor(files, "splunk")
    cursor.advance({A: Position(2, 4711, 12, 1, 700), B: Position(1, 10)}, [])
    cursor.totals.delivered += 13
    cursor.save()
    cursor.advance({A: Position(3, 0, 13)}, [])  # never saved: it was killed
    again = Cursor(files, "splunk")
    assert again.position(A) == Position(2, 4711, 12, 1, 700)
    assert again.position(B) == Position(1, 10)
    assert again.totals.delivered == 13


def test_writers_that_have_ended_stay_so_and_are_not_written_again(files: Places) -> None:
    cursor = Cursor(files, "s")
    cursor.advance({A: Position(1, 10)}, [])
    cursor.save()
    cursor.advance({B: Position(1, 1)}, [A])
    cursor.save()
    cursor.advance({}, [B])
    cursor.save()
    assert A.encode() not in files.cursor("s").read_bytes()
    assert files.ended("s").read_text() == f"{A}\n{B}\n"
    assert Cursor(files, "s").ended == {A, B}


def test_an_ended_writer_is_in_one_of_the_files_at_any_moment(files: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = Cursor(files, "s")
    cursor.advance({A: Position(1, 10)}, [])
    cursor.save()
    cursor.advance({}, [A])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places, "replace", full)
    with pytest.raises(OSError, match="No space"):
        cursor.save()
    killed = Cursor(files, "s")
    assert A in killed.ended
    monkeypatch.undo()
    cursor.save()
    assert Cursor(files, "s").ended == {A}


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"v":1}', b'{"v":2,"sink":"s","totals":{},"writers":{}}', b"\0" * 100, b"[]"]
)
def test_a_damaged_one_is_set_aside_and_everything_is_sent_again(
    files: Places, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cursor = Cursor(files, "s")
    cursor.advance({A: Position(1, 10)}, [B])
    cursor.save()
    files.cursor("s").write_bytes(damage)
    again = Cursor(files, "s")
    assert (again.position(A), again.ended) == (START, set())
    (aside,) = files.directory.glob("s.cursor.json.damaged-*")
    assert aside.read_bytes() == damage
    assert "sent again from the beginning" in caplog.text
    assert Cursor(files, "s").ended == set()  # and it stays so


def test_negative_positions_are_damage(files: Places) -> None:
    cursor = Cursor(files, "s")
    cursor.advance({A: Position(1, 10)}, [])
    cursor.save()
    files.cursor("s").write_bytes(files.cursor("s").read_bytes().replace(b"[1,10", b"[1,-10"))
    assert Cursor(files, "s").position(A) == START


def test_without_a_cursor_everything_is_sent_again(files: Places) -> None:
    cursor = Cursor(files, "s")
    cursor.advance({}, [A])
    cursor.save()
    files.cursor("s").unlink()  # as docs/delivery.md says
    assert Cursor(files, "s").ended == set()


def test_it_is_replaced_whole_and_private(files: Places) -> None:
    path = files.directory / "x"
    places.replace(path, b"one")
    places.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in files.directory.iterdir()] == ["x"]


def test_lines_are_put_behind_one_that_a_crash_has_cut(files: Places) -> None:
    path = files.directory / "x"
    places.append(path, b"one\n")
    path.write_bytes(b"one\ntw")
    places.append(path, b"three\n")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_lines_that_the_disk_does_not_take_take_nothing_of_it(files: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.directory / "x"
    places.append(path, b"one\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            places.append(path, b"two\n")
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", ".x", "-x", "x" * 64, "x\n", "x y"])
def test_names_that_no_sink_may_have(name: str) -> None:
    assert not places.is_name(name)


@pytest.mark.parametrize("name", ["splunk", "eu-1", "a_b", "0"])
def test_names_that_one_may_have(name: str) -> None:
    assert places.is_name(name)
