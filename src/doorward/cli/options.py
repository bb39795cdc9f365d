"""What several verbs take alike, and how they end."""

from pathlib import Path

import click

NO, WRONG_USE, OUTSIDE_FAILED = 1, 2, 3
"""Exit codes beside 0: the answer is no; wrong use or configuration; an outside part failed."""

config_file = click.option(
    "-c",
    "--config",
    default="doorward.yaml",
    show_default=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The configuration file.",
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
