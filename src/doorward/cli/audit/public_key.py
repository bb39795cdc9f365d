"""``doorward audit public-key``"""

import json
import sys
from pathlib import Path

import click

from doorward.bootstrap.configured import directories
from doorward.cli.options import NO, WRONG_USE, config_file, json_flag
from doorward.configfile import load
from doorward.configtypes import InvalidConfiguration
from doorward.control.keys import audit_keys


@click.command("public-key")
@config_file
@json_flag
def command(config: Path, as_json: bool) -> None:
    """Print the public keys that checkpoints are verified with, in PEM, the oldest first.

    Keep them where nobody who can write to the gateway's host can write: `audit verify --public-key FILE` takes them.
    Exit code 1: there is none yet; the first start makes one.
    """
    try:
        found = audit_keys.public_keys(directories(load(config))[0])
    except InvalidConfiguration as invalid:
        for problem in invalid.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(WRONG_USE)
    if as_json:
        click.echo(json.dumps({"keys": found}, indent=2))
    else:
        click.echo("".join(found), nl=False)
    if not found:
        click.echo("error: there is no key yet; the first start makes one", err=True)
        sys.exit(NO)
