"""What several verbs take alike, and how they end."""

import os
from pathlib import Path
from typing import Any

import click

NO, WRONG_USE, OUTSIDE_FAILED = 1, 2, 3
"""Exit codes beside 0: the answer is no; wrong use or configuration; an outside part failed."""

_WRITE_ONE = "give its path with -c, or write one (README.md has six lines, docs/configuration.md the rest)"


class ConfigFile(click.Path):
    """A configuration file that is there; where it is not, whoever begins is told what to do."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not os.path.exists(value):
            self.fail(f"File {os.fspath(value)!r} does not exist: {_WRITE_ONE}.", param, ctx)
        return super().convert(value, param, ctx)


config_file = click.option(
    "-c",
    "--config",
    default="doorward.yaml",
    show_default=True,
    type=ConfigFile(),
    help="The configuration file.",
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
