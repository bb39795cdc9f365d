import os
import sqlite3
from pathlib import Path

import pytest
from tests.unit.bootstrap.doctor.surroundings import loaded, only, states

from doorward.bootstrap.doctor.keys_and_store import keys, store
from doorward.control.keys import audit_keys, secret_keys
from doorward.control.store import Store

needs_other_users = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / ".doorward" / "keys"
    secret_keys.load(made, rotate=1e9, now=1.0)
    audit_keys.load(made, rotate=1e9, now=1.0)
    return made


def test_nothing_is_made(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert [only(keys(config)).state, only(store(config)).state] == ["ok", "ok"]
    assert "first start" in only(keys(config)).what
    assert os.listdir(tmp_path) == ["doorward.yaml"]


def test_keys_that_are_well(tmp_path: Path, directory: Path) -> None:
    line = only(keys(loaded(tmp_path)))
    assert line.state == "ok"
    assert "4 keys" in line.what
    assert audit_keys.read(directory).key_id in line.what


def test_a_directory_that_others_can_look_into(tmp_path: Path, directory: Path) -> None:
    directory.chmod(0o750)
    line = only(keys(loaded(tmp_path)))
    assert (line.state, "can be read by others" in line.what) == ("fail", True)
    assert "chmod" in line.remedy


def test_every_key_that_others_can_read(tmp_path: Path, directory: Path) -> None:
    (directory / "lasting.key").chmod(0o644)
    (directory / "sealing-1.key").chmod(0o640)
    found = keys(loaded(tmp_path))
    assert states(found) == ["fail", "fail"]
    assert "lasting.key" in found[0].what
    assert "sealing-1.key" in found[1].what


def test_a_damaged_key(tmp_path: Path, directory: Path) -> None:
    (directory / "lasting.key").write_text("nothing\n")
    assert only(keys(loaded(tmp_path))).state == "fail"


def test_a_missing_key_is_made_at_the_next_start(tmp_path: Path, directory: Path) -> None:
    (directory / "lasting.key").unlink()
    line = only(keys(loaded(tmp_path)))
    assert (line.state, "next start" in line.what) == ("ok", True)


@needs_other_users
def test_a_place_where_no_keys_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert only(keys(loaded(tmp_path, keys={"directory": "closed/keys"}))).state == "fail"


def test_a_store_that_is_well(tmp_path: Path) -> None:
    Store(tmp_path / ".doorward" / "state.db").close()
    line = only(store(loaded(tmp_path)))
    assert (line.state, "private" in line.what) == ("ok", True)


def test_a_store_that_others_can_read(tmp_path: Path) -> None:
    Store(tmp_path / ".doorward" / "state.db").close()
    (tmp_path / ".doorward" / "state.db").chmod(0o644)
    line = only(store(loaded(tmp_path)))
    assert (line.state, "open to others" in line.what) == ("fail", True)


def test_a_store_in_a_directory_that_others_can_write_to(tmp_path: Path) -> None:
    Store(tmp_path / ".doorward" / "state.db").close()
    (tmp_path / ".doorward").chmod(0o777)
    assert only(store(loaded(tmp_path))).state == "fail"


def test_a_store_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / ".doorward" / "state.db"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"no database " * 100)
    path.chmod(0o600)
    line = only(store(loaded(tmp_path)))
    assert (line.state, "damaged" in line.what) == ("fail", True)


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / ".doorward" / "state.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=9999")
    connection.close()
    assert "newer" in only(store(loaded(tmp_path))).what


def test_a_store_that_names_no_file(tmp_path: Path) -> None:
    assert only(store(loaded(tmp_path, state={"url": "sqlite://x/y"}))).state == "fail"


def test_a_store_of_an_earlier_version_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / ".doorward" / "state.db"
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)  # before the first of all versions
    line = only(store(loaded(tmp_path)))
    assert (line.state, "the next start brings it up to date" in line.what) == ("ok", True)
    assert path.read_bytes() == b""
