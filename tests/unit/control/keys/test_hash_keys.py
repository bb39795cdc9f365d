"""The periods of the hash keys, and what erasing one leaves."""

import os
import threading
from pathlib import Path

import pytest

from doorward.configtypes import InvalidConfiguration
from doorward.control.keys import hash_keys, key_files, secret_keys
from doorward.control.keys.hash_keys import Period, UnknownKey, erase, periods
from doorward.core.snapshot import Keys

DAY = 86400.0
ROTATE = 30 * DAY


def at(directory: Path, days: float) -> Keys:
    return secret_keys.load(directory, rotate=ROTATE, now=days * DAY)


@pytest.fixture
def three(tmp_path: Path) -> list[Keys]:
    """Three periods in ``tmp_path / "k"``, the last in use."""
    return [at(tmp_path / "k", days) for days in (0, 30, 60)]


def names(directory: Path) -> list[str]:
    return sorted(name for name in os.listdir(directory) if name.startswith("hashing"))


def test_the_periods_follow_each_other(tmp_path: Path, three: list[Keys]) -> None:
    first, second, last = (made.hash_key_id for made in three)
    assert periods(tmp_path / "k") == [
        Period(1, first, 0, until=int(30 * DAY)),
        Period(2, second, int(30 * DAY), until=int(60 * DAY)),
        Period(3, last, int(60 * DAY)),
    ]


def test_what_was_erased_is_gone_and_known(tmp_path: Path, three: list[Keys]) -> None:
    erased = erase(tmp_path / "k", three[1].hash_key_id, now=70 * DAY)
    assert erased == Period(2, three[1].hash_key_id, int(30 * DAY), until=int(60 * DAY), erased=int(70 * DAY))
    assert periods(tmp_path / "k")[1] == erased
    assert names(tmp_path / "k") == ["hashing-1.key", "hashing-2.erased", "hashing-3.key"]
    assert all(three[1].hashing not in path.read_bytes() for path in (tmp_path / "k").iterdir())
    assert at(tmp_path / "k", 71) == three[2]  # nothing has changed for who runs


def test_the_bytes_are_overwritten_before_the_name_goes(tmp_path: Path, three: list[Keys]) -> None:
    doomed = tmp_path / "k" / "hashing-1.key"
    os.link(doomed, tmp_path / "other")  # another name of the same bytes
    size = doomed.stat().st_size
    erase(tmp_path / "k", three[0].hash_key_id, now=70 * DAY)
    assert (tmp_path / "other").read_bytes() == bytes(size)


def test_the_key_in_use_gets_a_successor_first(tmp_path: Path, three: list[Keys]) -> None:
    erased = erase(tmp_path / "k", three[2].hash_key_id, now=61 * DAY)
    assert (erased.until, erased.erased) == (int(61 * DAY), int(61 * DAY))
    found = secret_keys.read(tmp_path / "k")
    assert found is not None
    assert found == at(tmp_path / "k", 62)
    assert found.hash_key_id not in [made.hash_key_id for made in three]
    assert (found.sealing, found.lasting) == (three[2].sealing, three[2].lasting)
    assert [period.key_id for period in periods(tmp_path / "k")][3:] == [found.hash_key_id]


def test_a_number_is_never_used_again(tmp_path: Path) -> None:
    for day in range(3):
        erase(tmp_path / "k", at(tmp_path / "k", day).hash_key_id, now=day * DAY)
    assert names(tmp_path / "k") == ["hashing-1.erased", "hashing-2.erased", "hashing-3.erased", "hashing-4.key"]
    (tmp_path / "k" / "hashing-4.key").unlink()
    at(tmp_path / "k", 4)
    assert "hashing-4.key" in names(tmp_path / "k")
    (tmp_path / "k" / "hashing-4.key").rename(tmp_path / "k" / "hashing-2.key")
    (tmp_path / "k" / "hashing-2.key").unlink()
    at(tmp_path / "k", 4)
    assert names(tmp_path / "k")[-1] == "hashing-4.key"


def test_the_first_key_can_be_erased_by_its_old_name(tmp_path: Path) -> None:
    first = at(tmp_path / "k", 0)
    (tmp_path / "k" / "hashing-1.key").rename(tmp_path / "k" / "hashing.key")
    erase(tmp_path / "k", first.hash_key_id, now=DAY)
    assert names(tmp_path / "k") == ["hashing-0.erased", "hashing-1.key"]
    assert [period.erased for period in periods(tmp_path / "k")] == [int(DAY), None]


def test_erasing_again_changes_nothing(tmp_path: Path, three: list[Keys]) -> None:
    first = erase(tmp_path / "k", three[0].hash_key_id, now=70 * DAY)
    assert erase(tmp_path / "k", three[0].hash_key_id, now=80 * DAY) == first


@pytest.mark.parametrize("wanted", ["", "0" * 16, "../hashing-1.key"])
def test_a_key_that_never_was(tmp_path: Path, three: list[Keys], wanted: str) -> None:
    with pytest.raises(UnknownKey):
        erase(tmp_path / "k", wanted, now=0)
    with pytest.raises(UnknownKey):
        erase(tmp_path / "nowhere", wanted, now=0)
    assert len(names(tmp_path / "k")) == 3
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(("module", "name"), [(key_files, "destroy"), (Path, "rename"), (Path, "unlink")])
def test_an_end_that_failed_half_way_is_made_again(
    tmp_path: Path, three: list[Keys], monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    whole = getattr(module, name)

    def fails(path: Path, *arguments: object, **options: object) -> None:
        if ".key" in path.name:
            raise OSError(5, "Input/output error")
        whole(path, *arguments, **options)

    wanted = three[0].hash_key_id
    with monkeypatch.context() as broken:
        broken.setattr(module, name, fails)
        with pytest.raises(InvalidConfiguration, match="cannot be changed: Input/output error"):
            erase(tmp_path / "k", wanted, now=70 * DAY)
    assert hash_keys.find(tmp_path / "k", wanted).erased is None  # it is there, and says so
    assert erase(tmp_path / "k", wanted, now=71 * DAY).erased is not None
    assert names(tmp_path / "k") == ["hashing-1.erased", "hashing-2.key", "hashing-3.key"]
    assert all(three[0].hashing not in path.read_bytes() for path in (tmp_path / "k").iterdir())


def test_who_reads_meanwhile_finds_the_key_or_its_successor(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    faults: list[BaseException] = []
    done = threading.Event()

    def reads() -> None:
        try:
            while not done.is_set():
                assert secret_keys.read(tmp_path / "k") is not None
                at(tmp_path / "k", 0)
        except (AssertionError, InvalidConfiguration) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=reads) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        found = secret_keys.read(tmp_path / "k")
        assert found is not None
        erase(tmp_path / "k", found.hash_key_id, now=0)
    done.set()
    for thread in threads:
        thread.join(30)
    assert faults == []
    assert [period.number for period in periods(tmp_path / "k") if period.erased is None] == [21]


def test_an_old_key_that_others_can_read_is_refused(tmp_path: Path, three: list[Keys]) -> None:
    (tmp_path / "k" / "hashing-1.key").chmod(0o644)
    with pytest.raises(InvalidConfiguration, match="can be read by others"):
        at(tmp_path / "k", 61)


def test_a_damaged_old_key_keeps_nobody_from_starting(tmp_path: Path, three: list[Keys]) -> None:
    (tmp_path / "k" / "hashing-1.key").write_text("")
    assert at(tmp_path / "k", 61) == three[2]
    with pytest.raises(InvalidConfiguration, match="is damaged"):
        periods(tmp_path / "k")


@pytest.mark.parametrize("content", ["", "2 0 a 0\n", "1 x a 0\n", "\xff"])
def test_a_damaged_tombstone(tmp_path: Path, three: list[Keys], content: str) -> None:
    erase(tmp_path / "k", three[0].hash_key_id, now=70 * DAY)
    (tmp_path / "k" / "hashing-1.erased").write_bytes(content.encode("latin-1"))
    assert at(tmp_path / "k", 61) == three[2]
    with pytest.raises(InvalidConfiguration, match="is damaged"):
        periods(tmp_path / "k")
