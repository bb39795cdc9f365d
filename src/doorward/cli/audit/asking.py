"""What the verbs that ask the log have alike: the question, where the log is, how they complain."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

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
    with ExitStack() as stack:
        bars: list[Any] = []

        def told(done: int, whole: int) -> None:
            if not bars and done >= whole:
                return  # what is done at once needs none
            if not bars:
                bars.append(stack.enter_context(click.progressbar(length=max(whole, 1), label=what, file=sys.stderr)))
            bars[0].length = max(whole, 1)
            bars[0].update(done - bars[0].pos)

        yield told
