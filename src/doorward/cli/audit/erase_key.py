"""``doorward audit erase-key``"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from doorward.bootstrap.admin_records import admin_record, os_user
from doorward.bootstrap.configured import directories
from doorward.cli.options import NO, OUTSIDE_FAILED, WRONG_USE, config_file, json_flag
from doorward.configfile import Loaded, load
from doorward.configtypes import InvalidConfiguration, Refused
from doorward.control.keys import hash_keys
from doorward.control.keys.hash_keys import Period, UnknownKey
from doorward.core.audit import timestamp
from doorward.core.errors import JournalFault

WHAT = "audit erase-key"
_MOST_WHY = 1000
_RELOAD = (
    "A gateway that runs has it in memory until it reads its configuration again: send SIGHUP to each"
    " (systemctl reload), and end each `doorward run` that began before. Destroy backups of the file too."
)


@click.command("erase-key")
@config_file
@click.argument("key_id", required=False)
@click.option("--why", help="The reason. It is recorded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
def command(config: Path, key_id: str | None, why: str | None, yes: bool, as_json: bool) -> None:
    """Destroy the hash key of a period. Without KEY_ID: list the periods.

    The hashes of its records (those that name KEY_ID in `hash_key_id`) can never again be made from a known text, by
    anybody: they say nothing any more. The records stay, and the log stays provable. The key that is in use gets a
    successor first.

    Exit codes: 0 done, 1 there is no such key, 2 wrong use or configuration, 3 the log failed.
    """
    with _ended():
        loaded = load(config)
        directory = directories(loaded)[0]
        if key_id is None:
            return _list(directory, as_json)
        period = hash_keys.find(directory, key_id)
        if period.erased is None:
            _erase(loaded, directory, period, _justified(why), yes)
        found = hash_keys.find(directory, key_id)
    click.echo(json.dumps(_shown(found), indent=2) if as_json else _line(found))
    click.echo(_RELOAD, err=True)
    return None


def _erase(loaded: Loaded, directory: Path, period: Period, why: str, yes: bool) -> None:
    if not yes:
        click.echo(_line(period), err=True)
        click.confirm("Destroy this key? Nothing brings it back", abort=True, err=True)
    # What cannot be undone is recorded before it is done; and so is that it failed.
    user, detail = os_user(), f"{period.key_id}: {why}"
    admin_record(loaded, what=WHAT, detail=detail, user=user)
    try:
        hash_keys.erase(directory, period.key_id, now=time.time())
    except InvalidConfiguration as fault:
        admin_record(loaded, what=WHAT, detail=f"{period.key_id}: it failed: {fault.detail}", user=user)
        raise


def _justified(why: str | None) -> str:
    if why is None or not why.strip():
        raise Refused("why?", "add --why TEXT: it is recorded")
    if len(why) > _MOST_WHY or not why.isprintable():
        raise Refused("--why is too long, or not printable", f"one line of at most {_MOST_WHY} characters")
    return why.strip()


def _list(directory: Path, as_json: bool) -> None:
    periods = hash_keys.periods(directory) if directory.is_dir() else []
    if as_json:
        click.echo(json.dumps({"keys": [_shown(period) for period in periods]}, indent=2))
        return
    for period in periods:
        click.echo(_line(period))
    if not periods:
        click.echo("there is no hash key yet; the first start makes one")


def _shown(period: Period) -> dict[str, Any]:
    return {
        "id": period.key_id,
        "from": timestamp(period.since),
        "to": timestamp(period.until) if period.until is not None else None,
        "state": "erased" if period.erased is not None else "kept" if period.until is not None else "in use",
        "erased": timestamp(period.erased) if period.erased is not None else None,
    }


def _line(period: Period) -> str:
    shown = _shown(period)
    state = f"erased {shown['erased']}" if shown["erased"] else shown["state"]
    return f"{shown['id']}  {shown['from']} to {shown['to'] or 'now':<24}  {state}"


@contextmanager
def _ended() -> Iterator[None]:
    """What went wrong, as one line a problem and the exit code for it."""
    try:
        yield
    except UnknownKey as unknown:
        _complain([f"there is no hash key {unknown}; `{WHAT}` without an id lists them"], NO)
    except Refused as refused:
        _complain([f"{refused.message} ({refused.remedy})"], WRONG_USE)
    except InvalidConfiguration as invalid:
        _complain(invalid.problems, WRONG_USE)
    except JournalFault as fault:
        _complain([fault.detail], OUTSIDE_FAILED)


def _complain(problems: list[Any], code: int) -> NoReturn:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(code)
