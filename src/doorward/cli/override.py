"""``doorward override``"""

import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from doorward.bootstrap.admin_records import admin_record, os_user
from doorward.cli.options import NO, OUTSIDE_FAILED, WRONG_USE, config_file, json_flag
from doorward.config import Config
from doorward.configfile import Loaded, load
from doorward.configtypes import Duration, InvalidConfiguration, Refused
from doorward.control import rollout
from doorward.control.api import override_shown
from doorward.control.store import Store, StoreFault, location
from doorward.control.store.rows import Granted
from doorward.core.errors import JournalFault
from doorward.core.policy import Mode


@click.group("override")
def command() -> None:
    """Justified exceptions to one rule, for one agent and one tool, with an expiry. They count in mode soft.

    Exit codes: 0 done, 1 there is no such override, 2 wrong use or configuration, 3 the store or the log failed.
    """


@command.command("grant")
@config_file
@click.option("--rule", required=True, help="One rule, as `rules` of the record or the refusal names it.")
@click.option("--agent", required=True, help="Who, as `identity` of the record names it.")
@click.option("--server", help="The server's id. Not needed where there is only one.")
@click.option("--tool", required=True, help="One tool's name.")
@click.option("--for", "lasts", required=True, metavar="DURATION", help="How long: 30m, 4h, 7d at most.")
@click.option("--why", required=True, help="The justification. It is recorded.")
@json_flag
def grant(
    config: Path, rule: str, agent: str, server: str | None, tool: str, lasts: str, why: str, as_json: bool
) -> None:
    """Let one agent past one rule at one tool, for a while."""
    with _ended():
        loaded = load(config)
        chosen, now = _server(loaded.config, server), time.time()
        made = rollout.override(
            f"ovr-{secrets.token_hex(6)}",
            rule=rule,
            agent=agent,
            server=chosen,
            tool=tool,
            lasts=Duration.parse(lasts),
            why=why,
            now=now,
        )
        granted = Granted(made, why, os_user(), now)
        with _store(loaded) as store:
            # What loosens is recorded before it is in force.
            detail = f"{made.id}: rule {rule}, agent {agent}, server {chosen}, tool {tool}, for {lasts}: {why}"
            admin_record(loaded, what="override grant", detail=detail, user=granted.by)
            store.add_override(made, why=why, by=granted.by, created=now)
            seen = [kept.tool for kept in store.tools(chosen)]
    _print(granted, as_json)
    if agent.startswith("agent:") and agent not in (known.id for known in loaded.config.identity.agents):
        click.echo(f"note: no agent {agent!r} is configured: is it spelt so?", err=True)
    if seen and tool not in seen:
        click.echo(f"note: {chosen} has listed no tool {tool!r} so far: is it spelt so?", err=True)
    mode = rollout.tool_mode(loaded.config, loaded.config.servers[chosen], tool)
    if mode is not Mode.SOFT:
        click.echo(f"note: the mode of {chosen}/{tool} is {mode}; an override counts in soft alone", err=True)


@command.command("list")
@config_file
@json_flag
def list_(config: Path, as_json: bool) -> None:
    """Those in force."""
    with _ended(), _store(load(config)) as store:
        found = store.overrides(time.time())
    if as_json:
        click.echo(json.dumps({"overrides": [override_shown(granted) for granted in found]}, indent=2))
        return
    for granted in found:
        click.echo(_line(granted))
    if not found:
        click.echo("no override is in force")


@command.command("revoke")
@config_file
@click.argument("id")
@json_flag
def revoke(config: Path, id: str, as_json: bool) -> None:
    """End one before its time; in force on every worker within 2 s."""
    with _ended():
        loaded = load(config)
        with _store(loaded) as store:
            # What tightens is in force before it is recorded.
            ended = store.end_override(id, os_user(), time.time())
            if ended:
                admin_record(loaded, what="override revoke", detail=id, user=os_user())
    if as_json:
        click.echo(json.dumps({"id": id, "ended": ended}))
    else:
        click.echo(f"{id}: ended" if ended else f"{id}: no such override is in force")
    sys.exit(0 if ended else NO)


def _server(config: Config, named: str | None) -> str:
    known = ", ".join(config.servers) or "none is configured"
    if named is None and len(config.servers) == 1:
        return next(iter(config.servers))
    if named is None:
        raise Refused("which server?", f"add --server: {known}")
    if named not in config.servers:
        raise Refused("there is no such server", f"--server is one of: {known}")
    return named


@contextmanager
def _store(loaded: Loaded) -> Iterator[Store]:
    store = Store(location(loaded.config.state.url, loaded.base_dir))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _ended() -> Iterator[None]:
    """What went wrong, as one line a problem and the exit code for it."""
    try:
        yield
    except Refused as refused:
        _complain([f"{refused.message} ({refused.remedy})" if refused.remedy else refused.message], WRONG_USE)
    except InvalidConfiguration as invalid:
        _complain(invalid.problems, WRONG_USE)
    except (StoreFault, JournalFault) as fault:
        _complain([fault.detail], OUTSIDE_FAILED)


def _complain(problems: list[Any], code: int) -> NoReturn:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(code)


def _print(granted: Granted, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(override_shown(granted), indent=2))
    else:
        click.echo(_line(granted))


def _line(granted: Granted) -> str:
    shown = override_shown(granted)
    where = f"{shown['rule']} for {shown['agent']} at {shown['server']}/{shown['tool']}"
    return f"{shown['id']}  {where} until {shown['until']}, by {shown['by']}: {shown['why']}"
