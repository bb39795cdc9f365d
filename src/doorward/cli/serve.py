"""``doorward serve``"""

import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import click

from doorward.supervisor.configured import load
from doorward.supervisor.run import Options, serve
from doorward.worker.logs import to_stderr


@click.command("serve")
@click.option(
    "-c",
    "--config",
    default="doorward.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file; followed while serving.",
)
@click.option(
    "--json", "announce", is_flag=True, help="Print one JSON line with the real addresses on stdout when ready."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def command(config: Path, announce: bool, log_format: Literal["text", "json"], log_level: str) -> None:
    """Serve until SIGTERM or SIGINT; calls in flight may end within `listen.drain`. SIGHUP reads the file again.

    Exit codes: 0 stopped, 1 cut off by a second signal, 2 wrong configuration, 3 no address or no worker.
    """
    to_stderr(log_format, log_level)
    options = Options(config, version("doorward"), announce, log_format, log_level.upper())
    sys.exit(serve(options, load, first=partial(load, lenient=True)))
