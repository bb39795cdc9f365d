"""``doorward audit``"""

import sys
import time
from pathlib import Path

import click
import msgspec

from doorward.bootstrap.configured import directories
from doorward.cli.options import WRONG_USE, config_file, json_flag
from doorward.configfile import load
from doorward.configtypes import Duration, InvalidConfiguration, Refused
from doorward.control.pii_report import MORE, Report
from doorward.control.pii_report import report as counted
from doorward.control.policies.past import since as records_since
from doorward.core.audit import timestamp


@click.group("audit")
def command() -> None:
    """What the log says.

    Exit codes: 0 done, 2 wrong use or configuration.
    """


def _which(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        raise click.UsageError("which report? There is one: --pii, personal data and secrets that were found.")


@command.command("report")
@click.option(
    "--pii",
    is_flag=True,
    is_eager=True,  # before a file that is not there is complained of
    expose_value=False,
    callback=_which,
    help="Personal data and secrets: what was found, and what passed.",
)
@config_file
@click.option("--since", default="7d", show_default=True, metavar="DURATION", help="How far back: 30m, 24h, 30d.")
@json_flag
def report(config: Path, since: str, as_json: bool) -> None:
    """Reports; there is one, --pii: findings by day, server, tool, entity and direction.

    The records hold no value, so this shows none. Findings that were redacted or whose message was refused are counted
    apart from those that passed.
    """
    try:
        earliest = _earliest(since)
        directory = directories(load(config))[1]
    except (InvalidConfiguration, Refused) as fault:
        click.echo(f"doorward: {fault}", err=True)
        sys.exit(WRONG_USE)
    if not directory.is_dir():
        click.echo(f"doorward: there is no log at {directory} (audit.directory): nothing ran with this file", err=True)
        sys.exit(WRONG_USE)
    made = counted(records_since(directory, earliest), earliest)
    if as_json:
        whole = {"unredacted": made.unredacted, **msgspec.to_builtins(made)}
        click.echo(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
    else:
        _print(made)


def _earliest(since: str) -> str:
    try:
        return timestamp(max(0.0, time.time() - float(Duration.parse(since))))
    except Refused as fault:
        raise click.BadParameter(f"{fault}: {fault.remedy}", param_hint="--since") from None


def _print(made: Report) -> None:
    plural = "" if made.unredacted == 1 else "s"
    click.echo(
        f"{made.unredacted:,} instance{plural} of unredacted personal data or secrets since {made.since}, "
        f"in {made.records:,} records."
    )
    click.echo(
        f"Found {made.found:,}: redacted {made.redacted:,}, in refused messages {made.refused:,}, "
        f"passed {made.unredacted:,}. Not looked into: {made.uninspected:,}."
    )
    if not made.rows:
        return
    head = ("day", "server", "tool", "entity", "direction", "count")
    cells = [head, *((r.day, r.server, r.tool, r.entity, r.direction, f"{r.count:,}") for r in made.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    click.echo()
    for row in cells:
        left = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        click.echo(f"{left}  {row[-1].rjust(widths[-1])}")
    if any(row.direction == MORE for row in made.rows):
        click.echo(f"\n{MORE}: a record lists at most 100 places; its counts are whole.")
