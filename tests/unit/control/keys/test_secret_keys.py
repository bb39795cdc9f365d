"""The key directory: made once, private, rotated by age."""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from tests.at_once import at_once

from doorward.configtypes import InvalidConfiguration
from doorward.control.keys.secret_keys import SIZE, ephemeral, load, read
from doorward.core.snapshot import Keys

DAY = 86400.0


def at(directory: Path, now: float, rotate: float = 30 * DAY) -> Keys:
    return load(directory, rotate=rotate, now=now)


def test_first_use_makes_private_keys(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "keys"
    keys = at(directory, 0)
    assert (len(keys.hashing), len(keys.lasting), [len(key) for key in keys.sealing]) == (SIZE, SIZE, [SIZE])
    assert len({keys.hashing, keys.lasting, *keys.sealing}) == 3
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()} == {
        "hashing-1.key": 0o600,
        "lasting.key": 0o600,
        "sealing-1.key": 0o600,
    }


def test_a_second_load_reads_the_same(tmp_path: Path) -> None:
    assert at(tmp_path / "k", 0) == at(tmp_path / "k", 29 * DAY)


def test_two_directories_differ(tmp_path: Path) -> None:
    one, two = at(tmp_path / "a", 0), at(tmp_path / "b", 0)
    assert one.hashing != two.hashing
    assert one.hash_key_id != two.hash_key_id
    assert one.sealing != two.sealing


def test_rotation_keeps_the_retired_key_for_as_long_again(tmp_path: Path) -> None:
    first = at(tmp_path / "k", 0)
    second = at(tmp_path / "k", 30 * DAY)
    assert second.sealing[1:] == first.sealing
    assert second.sealing[0] != first.sealing[0]
    assert at(tmp_path / "k", 59 * DAY).sealing == second.sealing
    third = at(tmp_path / "k", 60 * DAY)
    assert third.sealing[1:] == second.sealing[:1]
    assert [name for name in sorted(os.listdir(tmp_path / "k")) if name.startswith("s")] == [
        "sealing-2.key",
        "sealing-3.key",
    ]


def test_each_period_has_a_hash_key_of_its_own_and_all_stay(tmp_path: Path) -> None:
    first, same, second = (at(tmp_path / "k", days * DAY) for days in (0, 29, 30))
    assert (first.hashing, first.hash_key_id) == (same.hashing, same.hash_key_id)
    assert first.hashing != second.hashing
    assert first.hash_key_id != second.hash_key_id
    at(tmp_path / "k", 400 * DAY)
    assert [name for name in sorted(os.listdir(tmp_path / "k")) if name.startswith("h")] == [
        "hashing-1.key",
        "hashing-2.key",
        "hashing-3.key",
    ]


def test_the_lasting_key_is_never_rotated(tmp_path: Path) -> None:
    assert at(tmp_path / "k", 0).lasting == at(tmp_path / "k", 400 * DAY).lasting


def test_a_hash_key_from_before_there_were_periods_is_the_first_of_them(tmp_path: Path) -> None:
    first = at(tmp_path / "k", 0)
    (tmp_path / "k" / "hashing-1.key").rename(tmp_path / "k" / "hashing.key")
    assert at(tmp_path / "k", 29 * DAY) == first
    assert read(tmp_path / "k") == first
    second = at(tmp_path / "k", 30 * DAY)
    assert second.hash_key_id != first.hash_key_id
    assert (tmp_path / "k" / "hashing.key").exists()
    assert (tmp_path / "k" / "hashing-1.key").exists()


def test_the_key_id_tells_nothing_of_the_key(tmp_path: Path) -> None:
    keys = at(tmp_path / "k", 0)
    assert len(keys.hash_key_id) == 16
    assert keys.hash_key_id not in keys.hashing.hex()
    assert repr(keys) == "Keys(****)"


def test_many_at_once_agree(tmp_path: Path) -> None:
    found = at_once(lambda: at(tmp_path / "k", 0))
    assert all(keys == found[0] for keys in found)
    assert sorted(os.listdir(tmp_path / "k")) == ["hashing-1.key", "lasting.key", "sealing-1.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
@pytest.mark.parametrize("name", ["hashing-1.key", "sealing-1.key", "lasting.key"])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / name).chmod(mode)
    for attempt in (lambda: at(tmp_path / "k", 1), lambda: read(tmp_path / "k")):
        with pytest.raises(InvalidConfiguration, match="can be read by others") as caught:
            attempt()
        assert caught.value.problems[0].path == "keys.directory"
        assert "chmod go=" in caught.value.problems[0].remedy


def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k").chmod(0o755)
    with pytest.raises(InvalidConfiguration, match="can be read by others"):
        at(tmp_path / "k", 1)


@pytest.mark.parametrize(
    "content", [b"", b"1 0 AAAA\n", b"2 0 " + b"A" * 43 + b"=\n", b"1 x " + b"A" * 43 + b"=\n", b"\x00"]
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / "hashing-1.key").write_bytes(content)
    with pytest.raises(InvalidConfiguration, match="is damaged"):
        at(tmp_path / "k", 1)
    assert (tmp_path / "k" / "hashing-1.key").read_bytes() == content


def test_a_link_is_refused(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / "hashing-1.key").rename(tmp_path / "elsewhere")
    (tmp_path / "k" / "hashing-1.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidConfiguration, match="plain file"):
        at(tmp_path / "k", 1)


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("")
    with pytest.raises(InvalidConfiguration, match="cannot be used"):
        at(tmp_path / "k", 0)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "k") is None
    assert not (tmp_path / "k").exists()
    keys = at(tmp_path / "k", 0)
    assert read(tmp_path / "k") == keys


@pytest.mark.parametrize("name", ["hashing-1.key", "sealing-1.key", "lasting.key"])
def test_what_lacks_a_key_is_not_read(tmp_path: Path, name: str) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / name).unlink()
    assert read(tmp_path / "k") is None
    assert not (tmp_path / "k" / name).exists()


def test_ephemeral_keys_are_nobody_else_s() -> None:
    assert ephemeral() != ephemeral()


def test_a_pipe_in_place_of_a_key_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    key = tmp_path / "k" / "sealing-1.key"
    key.unlink()
    os.mkfifo(key, 0o600)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(at, tmp_path / "k", 0)
        wait((reading,), timeout=20)
        os.close(os.open(key, os.O_RDWR))  # a writer after all, for who waits for one
        with pytest.raises(InvalidConfiguration, match="is of the wrong kind"):
            reading.result(0)
