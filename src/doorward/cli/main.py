"""The command line: a table of verbs, each in a file of its own that is imported when it is called, not before."""

from importlib import import_module
from typing import Any

import click

from doorward.cli.lazy import LazyGroup

VERBS = {
    "demo": "One call with and without the gateway, and what the gateway saw; needs the extra `demo`.",
    "serve": "The gateway: workers, admin address, hot reload.",
    "run": "Wrap one stdio server in place: run -- CMD ARGS...",
    "token": "Grants: mint, exchange, revoke, inspect.",
    "policy": "Policies: show, test, explain, replay.",
    "override": "Justified exceptions that expire: grant, list, revoke.",
    "inspect": "What the detectors would find in a file, and why.",
    "ship": "Ship the log to its sinks, apart from serve.",
    "audit": "The log: verify, query, tail, export, report, keys.",
    "check": "Read the configuration without starting; names file, line and remedy.",
    "doctor": "Look at the surroundings: files, disk, addresses, servers, sinks; one line each.",
    "schema": "Print the JSON Schema of the configuration file.",
}
"""Verb -> its line in the help; the command is ``doorward.cli.VERB:command``."""


_SERVING = ("serve", "run")
_OUTSIDE_FAILED = 3


class Verbs(LazyGroup):
    package = "doorward.cli"
    verbs = VERBS

    def invoke(self, ctx: click.Context) -> Any:
        """A file that may not be read, or a full disk, is no "the answer is no", and nobody wants to see our stack.

        Whoever serves has its own words for what it expects; of what it does not, the stack is all that there is.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read has enough: click knows
        except OSError as fault:
            if ctx.invoked_subcommand in _SERVING:
                raise
            where = f"{fault.filename}: " if fault.filename else ""
            remedy = " (run this as the gateway's user)" if isinstance(fault, PermissionError) else ""
            click.echo(f"error: {where}{fault.strerror or fault}{remedy}", err=True)
            return ctx.exit(_OUTSIDE_FAILED)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        # Not at the top: it takes longer to import than all the rest of a help page.
        click.echo(f"doorward {import_module('importlib.metadata').version('doorward')}")
        ctx.exit()


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """A security gateway for the Model Context Protocol.

    Exit codes: 0 done, 1 the answer is no, 2 wrong use or configuration, 3 an outside part failed.
    """
