"""``doorward ship``"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Literal, NoReturn

import click

from doorward.bootstrap.configured import directories
from doorward.bootstrap.shipping import shipper
from doorward.cli.options import OUTSIDE_FAILED, WRONG_USE, config_file
from doorward.configfile import load
from doorward.configtypes import InvalidConfiguration
from doorward.shipping.shipper import Shipper
from doorward.worker.logs import to_stderr


@click.command("ship")
@config_file
@click.option("--once", is_flag=True, help="Ship what is there, and end.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def command(config: Path, once: bool, log_format: Literal["text", "json"], log_level: str) -> None:
    """Ship the log to its sinks (`audit.sinks`) until SIGTERM or SIGINT. `serve` does it by itself.

    One shipper works on a log at a time; another one waits for its end.
    Exit codes: 0 done or stopped, 2 wrong configuration, 3 with --once: something could not be delivered.
    """
    to_stderr(log_format, log_level, "shipper")
    try:
        loaded = load(config)
        audit = directories(loaded)[1]
        if not loaded.config.audit.sinks:
            _complain(f"{config}: there is nothing to ship to: audit.sinks is empty (add one; docs/delivery.md)")
        made = shipper(loaded, once=once)
        if once and not audit.is_dir():
            made.close()
            _complain(f"there is no log at {audit} (audit.directory): nothing ran with this file")
    except InvalidConfiguration as invalid:
        _complain(str(invalid))
    with _signalled() as stop:
        made.start()
        code = _once(made, stop) if once else _until(made, stop)
    sys.exit(code)


def _until(made: Shipper, stop: Event) -> int:
    stop.wait()
    made.drain()
    made.close()
    return 0


def _once(made: Shipper, stop: Event) -> int:
    while not made.wait(0.1) and not stop.is_set():
        pass
    left = made.left
    made.close()
    for each in left:
        click.echo(f"error: not delivered: {each}", err=True)
    return OUTSIDE_FAILED if left else 0


def _complain(problem: str) -> NoReturn:
    click.echo(f"error: {problem}", err=True)
    sys.exit(WRONG_USE)


@contextmanager
def _signalled() -> Iterator[Event]:
    """Set by the first signal; a second one ends at once."""
    stop = Event()

    def told(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
