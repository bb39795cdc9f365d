"""What the verbs that ask the log have alike: the question, where the log is, how they complain."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from doorward.bootstrap.configured import directories
from doorward.cli.options import WRONG_USE
from doorward.configfile import load
from doorward.configtypes import InvalidConfiguration
from doorward.control.audit.filter import Filter, FilterError, parse
from doorward.control.audit.index_build import Told


def asked(terms: Sequence[str], now: float) -> Filter:
    """The filter of the command line."""
    try:
        return parse(" ".join(terms), now)
    except FilterError as fault:
        raise click.BadParameter(str(fault), param_hint="FILTER") from None


def log_of(config: Path) -> Path:
    """The ``audit.directory`` of a configuration."""
    try:
        directory: Path = directories(load(config))[1]
    except InvalidConfiguration as fault:
        complain(str(fault), WRONG_USE)
    if not directory.is_dir():
        complain(f"there is no log at {directory} (audit.directory): nothing ran with this file", WRONG_USE)
    return directory


def complain(problem: str, code: int) -> NoReturn:
    click.echo(f"error: {problem}", err=True)
    sys.exit(code)


@contextmanager
def progress(what: str) -> Iterator[Told | None]:
    """A bar on stderr for what takes long; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=what, file=sys.stderr) as bar:

        def told(done: int, whole: int) -> None:
            bar.length = max(whole, 1)
            bar.update(done - bar.pos)

        yield told
