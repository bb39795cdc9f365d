"""``doorward audit``: what the log says, and whether all of it is there."""

from typing import ClassVar

import click

from doorward.cli.lazy import LazyGroup


class Verbs(LazyGroup):
    package = "doorward.cli.audit"
    verbs: ClassVar = {
        "verify": "Whether the log is intact and complete, offline.",
        "query": "Records that fit a filter.",
        "tail": "The newest records, and with -f what comes.",
        "export": "Records as JSON Lines, CSV or OCSF.",
        "report": "What happened in a time: text, or a page to print.",
        "public-key": "The keys that checkpoints are verified with.",
        "erase-key": "Destroy the hash key of a period: its hashes say nothing any more.",
    }


@click.group("audit", cls=Verbs)
def command() -> None:
    """What the log says, and whether all of it is there.

    Exit codes: 0 done, 1 the answer is no, 2 wrong use or configuration, 3 the log cannot be read.
    """
