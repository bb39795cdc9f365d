"""``doorward audit verify``"""

import sys
from pathlib import Path

import click

from doorward.bootstrap.configured import directories
from doorward.cli.options import WRONG_USE, json_flag
from doorward.configfile import load
from doorward.configtypes import InvalidConfiguration
from doorward.control.audit.verify.chains import processors
from doorward.control.audit.verify.main import run
from doorward.control.audit.verify.single import single_file


def _print_verifier(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(single_file(), nl=False)
        ctx.exit()


@click.command("verify")
@click.option(
    "-c",
    "--config",
    default="doorward.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file: says where the log, the exported checkpoints and the public keys are.",
)
@click.option("--directory", type=click.Path(path_type=Path), metavar="AUDIT", help="A log elsewhere, or a copy.")
@click.option("--checkpoints", type=click.Path(path_type=Path), metavar="DIR", help="Exported checkpoints.")
@click.option(
    "--public-key",
    "public_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Public keys, PEM; else those in keys.directory.",
)
@click.option("--strict", is_flag=True, help="Writers that are neither at work nor closed count as not complete.")
@click.option("--jobs", type=click.IntRange(1, 64), default=processors, metavar="N", help="Processes, for long logs.")
@click.option(
    "--print-verifier",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_verifier,
    help="Print the verifier as one Python file that needs no Doorward.",
)
@json_flag
def command(
    config: Path,
    directory: Path | None,
    checkpoints: Path | None,
    public_keys: tuple[Path, ...],
    strict: bool,
    jobs: int,
    as_json: bool,
) -> None:
    """Whether the log is intact (what is there is what was written) and complete (nothing is missing).

    Works offline and while gateways run. Keep the public keys and the exported checkpoints out of reach of whoever has
    the log, and give them here: keys from keys.directory prove nothing against who can write there.

    Exit codes: 0 intact and complete, 1 not, 2 wrong use or configuration, 3 the log cannot be read.
    """
    keys = list(public_keys)
    if directory is None or not keys:
        where = _configured(config)
        directory = directory or where[1]
        checkpoints = checkpoints or where[2]
        keys = keys or sorted(where[0].glob("audit-*.pub"))
    if not keys:
        click.echo(
            "doorward: there is no public key to verify with: give --public-key FILE "
            "(on the gateway's machine, `doorward audit public-key` prints them)",
            err=True,
        )
        sys.exit(WRONG_USE)
    sys.exit(run(directory, keys, checkpoints, strict=strict, json=as_json, jobs=jobs))


def _configured(config: Path) -> tuple[Path, Path, Path | None]:
    """Where the keys, the log and the exported checkpoints are."""
    if not config.exists():
        click.echo(f"doorward: there is no {config}: give -c FILE, or --directory and --public-key", err=True)
        sys.exit(WRONG_USE)
    try:
        loaded = load(config)
    except InvalidConfiguration as fault:
        click.echo(f"doorward: {fault}", err=True)
        sys.exit(WRONG_USE)
    exported = loaded.config.audit.checkpoints
    return *directories(loaded), loaded.base_dir / exported if exported is not None else None
