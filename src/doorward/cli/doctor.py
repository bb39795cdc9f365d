"""``doorward doctor``"""

import logging
import os
import sys
from collections import Counter
from pathlib import Path

import click
import msgspec

from doorward.bootstrap.doctor.examination import Report, examined
from doorward.bootstrap.doctor.line import Line, worst
from doorward.cli.options import NO, WRONG_USE, config_file, json_flag

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@config_file
@json_flag
def command(config: Path, as_json: bool) -> None:
    """Look at everything around a gateway, running or not, one line each: files, disk, clock, addresses, certificate,
    servers, identity providers, detectors, sinks; and what to do. Changes nothing.

    Exit codes: 0 all is well or worth a warning, 1 something fails, 2 the configuration cannot be used.
    """
    logging.getLogger("doorward").addHandler(logging.NullHandler())  # what others log is in the lines
    report = examined(config)
    state = worst(report.lines)
    if as_json:
        said = {"ok": state != "fail", **msgspec.to_builtins(report)}
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())
    else:
        _print(report)
    sys.exit(WRONG_USE if not report.usable else NO if state == "fail" else 0)


def _print(report: Report) -> None:
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    widest = max((len(line.about) for line in report.lines), default=0)
    for line in report.lines:
        click.echo(_shown(line, widest, colours), color=colours)
    counts = Counter(line.state for line in report.lines)
    click.echo(f"{report.file}: {counts['fail']} fail, {counts['warn']} warn, {counts['ok']} ok")


def _shown(line: Line, widest: int, colours: bool) -> str:
    state = line.state.ljust(4)
    if colours:
        state = click.style(state, fg=_COLOURS[line.state], bold=line.state == "fail")
    said = f"{line.what} ({line.remedy})" if line.remedy else line.what
    return f"{state}  {line.about.ljust(widest)}  {_plain(said)}"


def _plain(text: str) -> str:
    """One line that does nothing to a terminal: it may hold what a server or a disk says."""
    return "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
