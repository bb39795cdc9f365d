"""``doorward audit erase-key`` and ``public-key``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from doorward.bootstrap.admin_records import os_user
from doorward.cli.audit import command, erase_key
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.keys import audit_keys, hash_keys, secret_keys
from doorward.core.errors import JournalFault

DAY = 86400.0
WHY = "Erasure of Q1, ticket DPO-7"


@pytest.fixture
def directory(file: Path) -> Path:
    """Two periods, the second in use."""
    made = file.parent / ".doorward" / "keys"
    secret_keys.load(made, rotate=30 * DAY, now=0)
    secret_keys.load(made, rotate=30 * DAY, now=30 * DAY)
    return made


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, file: Path) -> list[dict[str, Any]]:
    """What was recorded, and whether all keys were there then."""
    made: list[dict[str, Any]] = []

    def record(loaded: Any, **fields: Any) -> None:
        kept = hash_keys.periods(file.parent / ".doorward" / "keys")
        made.append(fields | {"erased": [period.erased is not None for period in kept]})

    monkeypatch.setattr(erase_key, "admin_record", record)
    return made


def ids(directory: Path) -> list[str]:
    return [period.key_id for period in hash_keys.periods(directory)]


def call(file: Path, verb: str, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, [verb, "-c", str(file), *arguments], input=answer)


def test_without_an_id_the_periods_are_listed(file: Path, directory: Path, records: list[dict[str, Any]]) -> None:
    first, second = ids(directory)
    done = call(file, "erase-key")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"{first}  1970-01-01T00:00:00.000Z to 1970-01-31T00:00:00.000Z  kept",
        f"{second}  1970-01-31T00:00:00.000Z to now                       in use",
    ]
    shown = json.loads(call(file, "erase-key", "--json").stdout)["keys"]
    assert shown[1] == {
        "id": second,
        "from": "1970-01-31T00:00:00.000Z",
        "to": None,
        "state": "in use",
        "erased": None,
    }
    assert records == []


def test_before_the_first_start_there_is_none(file: Path) -> None:
    done = call(file, "erase-key")
    assert (done.exit_code, done.stdout) == (0, "there is no hash key yet; the first start makes one\n")
    assert call(file, "erase-key", "0" * 16, "--yes", "--why", WHY).exit_code == 1
    assert not (file.parent / ".doorward").exists()


def test_a_key_is_destroyed_after_that_is_recorded(file: Path, directory: Path, records: list[dict[str, Any]]) -> None:
    first, second = ids(directory)
    done = call(file, "erase-key", first, "--yes", "--why", WHY)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{first}  1970-01-01T00:00:00.000Z to 1970-01-31T00:00:00.000Z  erased 20")
    assert "SIGHUP" in done.stderr
    assert records == [
        {"what": "audit erase-key", "detail": f"{first}: {WHY}", "user": os_user(), "erased": [False, False]}
    ]
    assert [period.erased is not None for period in hash_keys.periods(directory)] == [True, False]
    assert ids(directory) == [first, second]


def test_the_key_in_use_gets_a_successor(file: Path, directory: Path, records: list[dict[str, Any]]) -> None:
    done = call(file, "erase-key", ids(directory)[1], "--yes", "--why", WHY, "--json")
    assert json.loads(done.stdout)["state"] == "erased"
    assert len(ids(directory)) == 3
    assert hash_keys.periods(directory)[2].until is None


def test_again_it_says_when_and_records_nothing(file: Path, directory: Path, records: list[dict[str, Any]]) -> None:
    first = ids(directory)[0]
    once = call(file, "erase-key", first, "--yes", "--why", WHY)
    again = call(file, "erase-key", first)
    assert (again.exit_code, again.stdout) == (0, once.stdout)
    assert len(records) == 1


@pytest.mark.parametrize("answer", ["", "n\n", "\n"])
def test_it_asks_first(file: Path, directory: Path, records: list[dict[str, Any]], answer: str) -> None:
    done = call(file, "erase-key", ids(directory)[0], "--why", WHY, answer=answer)
    assert done.exit_code == 1
    assert "Nothing brings it back" in done.stderr
    assert records == []
    assert hash_keys.periods(directory)[0].erased is None
    assert call(file, "erase-key", ids(directory)[0], "--why", WHY, answer="y\n").exit_code == 0
    assert hash_keys.periods(directory)[0].erased is not None


@pytest.mark.parametrize("why", [[], ["--why", "  "], ["--why", "a\nb"], ["--why", "x" * 1001]])
def test_it_wants_to_know_why(file: Path, directory: Path, records: list[dict[str, Any]], why: list[str]) -> None:
    done = call(file, "erase-key", ids(directory)[0], "--yes", *why)
    assert done.exit_code == 2
    assert "--why" in done.stderr
    assert records == []
    assert hash_keys.periods(directory)[0].erased is None


def test_a_key_that_never_was(file: Path, directory: Path, records: list[dict[str, Any]]) -> None:
    done = call(file, "erase-key", "0" * 16, "--yes", "--why", WHY)
    assert done.exit_code == 1
    assert "lists them" in done.stderr
    assert records == []


def test_what_cannot_be_recorded_is_not_done(file: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise JournalFault("the disk is full")

    monkeypatch.setattr(erase_key, "admin_record", fails)
    done = call(file, "erase-key", ids(directory)[0], "--yes", "--why", WHY)
    assert (done.exit_code, done.stderr) == (3, "error: the disk is full\n")
    assert hash_keys.periods(directory)[0].erased is None


def test_a_failure_is_recorded_too(
    file: Path, directory: Path, records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise InvalidConfiguration([Problem(path="keys.directory", message="cannot be changed", remedy="check it")])

    first = ids(directory)[0]
    monkeypatch.setattr(hash_keys, "erase", fails)
    done = call(file, "erase-key", first, "--yes", "--why", WHY)
    assert done.exit_code == 2
    assert "cannot be changed" in done.stderr
    assert [record["detail"] for record in records] == [
        f"{first}: {WHY}",
        f"{first}: it failed: keys.directory: cannot be changed (check it)",
    ]


def test_the_public_keys_are_printed(file: Path, directory: Path) -> None:
    none = call(file, "public-key")
    assert (none.exit_code, none.stdout) == (1, "")
    made = [audit_keys.load(directory, rotate=30 * DAY, now=days * DAY) for days in (0, 30)]
    done = call(file, "public-key")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "".join(one.public() for one in made)
    assert f"# doorward audit key {made[0].key_id} since 1970-01-01T00:00:00.000Z\n" in done.stdout
    assert json.loads(call(file, "public-key", "--json").stdout) == {"keys": [one.public() for one in made]}


def test_a_damaged_public_key_is_no_key(file: Path, directory: Path) -> None:
    made = audit_keys.load(directory, rotate=30 * DAY, now=0)
    (directory / f"audit-{made.key_id}.pub").write_text("")
    done = call(file, "public-key")
    assert done.exit_code == 2
    assert "is damaged" in done.stderr
