"""``doorward check``"""

import contextlib
import json
import os
import sys
import time
from pathlib import Path

import click
import msgspec

from doorward.bootstrap.configured import known_tools
from doorward.bootstrap.shipping import targets
from doorward.cli.options import config_file
from doorward.configfile import Loaded, load
from doorward.configtypes import InvalidConfiguration, Notice, Problem
from doorward.control.compile import compiled
from doorward.control.keys.secret_keys import ephemeral, read
from doorward.control.policies.schema import KnownTool
from doorward.control.store import Store, location
from doorward.control.store.place import examine as examine_place
from doorward.plugins import builder


class Report(msgspec.Struct, frozen=True):
    """What there is to say about one file; it can be used if there are no problems."""

    file: str
    problems: list[Problem] = []
    warnings: list[Notice] = []
    digest: str = ""


@click.command("check")
@config_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, as_json: bool) -> None:
    """Read a configuration, its secrets and plug-ins without starting anything.

    Names file, line, column, key and remedy of each problem and warning.
    Exit codes: 0 it can be used, 1 it cannot, 2 there is no such file.
    """
    report = examine(config)
    if as_json:
        click.echo(json.dumps({"ok": not report.problems, **msgspec.to_builtins(report)}, indent=2))
    else:
        _print(report)
    sys.exit(1 if report.problems else 0)


def examine(file: Path) -> Report:
    """All problems, else all warnings. Nothing is started, made or changed, no key included."""
    try:
        loaded = load(file)
    except InvalidConfiguration as invalid:
        return Report(str(file), invalid.problems)
    try:
        notices = _compile(loaded)
    except InvalidConfiguration as invalid:
        return Report(str(file), loaded.located(invalid.problems), loaded.warnings, loaded.digest)
    return Report(str(file), [], [*loaded.warnings, *loaded.located(notices)], loaded.digest)


def _compile(loaded: Loaded) -> list[Notice]:
    """Policies and their cases included; what is worth knowing of them."""
    found = read(loaded.base_dir / loaded.config.keys.directory)
    made = compiled(
        loaded.config,
        version=0,
        build=builder(os.environ, loaded.base_dir),
        make_scanner=lambda detectors: None,
        keys=found if found is not None else ephemeral(),
        environ=os.environ,
        base_dir=loaded.base_dir,
        known_tools=_known_tools(loaded),
        now=time.time(),
    )
    for target in targets(loaded):
        target.sink.close()
    return [*made.policies.notices, *made.notices]


def _known_tools(loaded: Loaded) -> list[KnownTool]:
    """What servers said about their tools, if there is a store already; none is made."""
    place = location(loaded.config.state.url, loaded.base_dir)
    examine_place(place)
    if not place.exists():
        return []
    with contextlib.closing(Store(place)) as store:
        return known_tools(store, loaded.config.servers)


def _print(report: Report) -> None:
    for problem in report.problems:
        click.echo(f"error: {problem}")
    for notice in report.warnings:
        click.echo(f"warning: {notice}")
    if report.problems:
        click.echo(f"{report.file}: cannot be used, {_count(report.problems, 'problem')}")
    else:
        click.echo(f"{report.file}: good, {_count(report.warnings, 'warning')}")


def _count(things: list[Problem] | list[Notice], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
