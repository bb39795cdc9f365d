"""``doorward inspect``"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from doorward.bootstrap.inspection import Seen, detectors, inspected
from doorward.cli.options import NO, OUTSIDE_FAILED, WRONG_USE, ConfigFile
from doorward.configfile import Loaded, load
from doorward.configtypes import InvalidConfiguration, Refused
from doorward.control.looking import actions_of, allow_of
from doorward.core.errors import DetectorFault
from doorward.core.looking import ARGUMENTS, RESULTS, Looking, LookRule, looking
from doorward.core.policy import names


@click.command("inspect")
@click.argument("file", type=click.File("rb"))
@click.option(
    "-c",
    "--config",
    type=ConfigFile(),
    help="Use its detectors and settings. Default: patterns, secrets and names as they come.",
)
@click.option(
    "--direction",
    type=click.Choice([RESULTS, ARGUMENTS]),
    default=RESULTS,
    show_default=True,
    help="As if a server had sent it (results), or a client (arguments).",
)
@click.option("--server", metavar="NAME", help="With what this server of the configuration wants otherwise.")
@click.option("--tool", metavar="NAME", help="And with what that server's tool does.")
@click.option("--values", is_flag=True, help="Show what was found. Without, its first two characters.")
@click.option("--all", "all_", is_flag=True, help="Also what does not reach its threshold, or is allowed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: BinaryIO,
    config: Path | None,
    direction: str,
    server: str | None,
    tool: str | None,
    values: bool,
    all_: bool,
    as_json: bool,
) -> None:
    """What the detectors would find in FILE ("-": standard input), by which rule, and what the gateway would do.

    FILE is a message, any JSON value, one such on each line, or text.
    Exit codes: 0 nothing counts, 1 something does, 2 wrong use or configuration, 3 a detector failed.
    """
    if (server is not None and config is None) or (tool is not None and server is None):
        raise click.UsageError("--tool needs --server, and --server needs -c")
    try:
        if config is None:
            found, settings = detectors(None), Looking()
        else:
            loaded = load(config)
            found, settings = detectors(loaded), _settings(loaded, server, tool)
    except (InvalidConfiguration, Refused) as fault:
        click.echo(f"doorward: {fault}", err=True)
        sys.exit(WRONG_USE)
    data = file.read()
    try:
        seen = asyncio.run(inspected(data, found, settings, direction))
    except DetectorFault as fault:
        click.echo(f"doorward: a detector failed: {fault.detail or fault.code}", err=True)
        sys.exit(OUTSIDE_FAILED)
    seen = _by_line(seen, data)
    shown = [one for one in seen if all_ or one.counts]
    if not values:
        shown = _hidden(shown)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        _print(shown, len(seen) - len(shown), values)
    sys.exit(NO if any(one.counts for one in seen) else 0)


def _settings(loaded: Loaded, server: str | None, tool: str | None) -> Looking:
    """What the configuration does about findings, for all or for one server and tool. Raises ``Refused``."""
    settings = loaded.config.inspect
    whole = Looking(actions_of(settings.entities), allow_of(settings.allow))
    if server is None:
        return whole
    section = loaded.config.servers.get(server)
    if section is None:
        raise Refused(f"--server: there is no {server!r} in the configuration")
    wanted = [(None, section.inspect), *((names([glob]), one.inspect) for glob, one in section.tools.items())]
    rules = [LookRule(place, actions_of(one.entities), allow_of(one.allow)) for place, one in wanted if one is not None]
    return looking(whole, rules, tool)


def _by_line(seen: list[Seen], data: bytes) -> list[Seen]:
    """What stands in plain text, by line and place in the line."""
    if not seen or seen[0].pointer or data.lstrip()[:1] == b'"':
        return seen
    text = data.decode("utf-8", "replace")
    placed = []
    for one in seen:
        begin = text.rfind("\n", 0, one.start) + 1
        line = 1 + text.count("\n", 0, begin)
        placed.append(msgspec.structs.replace(one, line=line, start=one.start - begin, end=one.end - begin))
    return placed


def _hidden(seen: list[Seen]) -> list[Seen]:
    """Without the values; a member name that is one stands in the pointers of all that is below it."""
    names = {one.value for one in seen if _step(one.value) in one.pointer}
    by_length = sorted(names, key=len, reverse=True)

    def pointer(one: Seen) -> str:
        made = one.pointer
        for name in by_length:
            made = made.replace(_step(name), _cut(name))
        return made

    return [msgspec.structs.replace(one, pointer=pointer(one), value=_cut(one.value)) for one in seen]


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _cut(value: str) -> str:
    return f"{value[:2]}***" if len(value) > 4 else "***"


def _print(seen: list[Seen], more: int, values: bool) -> None:
    if seen:
        head = ("line", "place", "entity", "score", "action", "rule", "value")
        rows = [head, *(_row(one) for one in seen)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
        for row in rows:
            left = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True))
            click.echo(f"{left}  {row[-1]}".rstrip())
        click.echo()
    counted = Counter(one.action for one in seen if one.counts)
    said = ", ".join(f"{action} {count}" for action, count in sorted(counted.items()))
    if said:
        click.echo(f"In an enforcing mode: {said}.{'' if values else ' --values shows what was found.'}")
    else:
        click.echo("Nothing found that counts." if seen or more else "Nothing found.")
    if more:
        click.echo(f"{more} more {'does' if more == 1 else 'do'} not count: --all shows why.")


def _row(one: Seen) -> tuple[str, ...]:
    place = f"{one.pointer or '/'} {one.start}-{one.end}"
    cells = (str(one.line), place, one.entity, f"{one.score:.2f}", one.action, one.rule or one.detector, one.value)
    return tuple(_plain(cell) for cell in cells)


def _plain(cell: str) -> str:
    """On one line, and nothing in it that a terminal would obey: it may be an attacker's text."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(cell.split()))
