"""``doorward audit export``"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from doorward.cli.audit.asking import asked, complain, log_of
from doorward.cli.audit.written import whole
from doorward.cli.options import OUTSIDE_FAILED, config_file
from doorward.control.audit.export import FORMATS, Unreadable, fitting


@click.command("export")
@click.argument("filter", nargs=-1)
@config_file
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
def command(filter: tuple[str, ...], config: Path, form: str, output: Path | None) -> None:
    """Every record that fits FILTER, in the order of time.

    jsonl: the lines of the journal. csv: one row a record, safe to open in a spreadsheet. ocsf: OCSF 1.8 events, one a
    line (docs/ocsf.md). FILTER is as for `audit query`; without one it is the whole log, intents as well.
    """
    found = FORMATS[form](fitting(log_of(config), asked(filter, time.time())))
    try:
        if output is None:
            _write(found, sys.stdout.buffer)
        else:
            with whole(output) as opened:
                _write(found, opened)
    except Unreadable as fault:
        complain(f"{fault}; `doorward audit verify` says more", OUTSIDE_FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has enough
    except OSError as fault:
        complain(f"{fault.filename or output or 'standard output'}: {fault.strerror}", OUTSIDE_FAILED)


def _write(found: Iterator[bytes], to: BinaryIO) -> None:
    for piece in found:
        to.write(piece)
    to.flush()
