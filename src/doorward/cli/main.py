"""The command line: a table of verbs, each in a file of its own that is imported when it is called, not before."""

from importlib import import_module

import click

VERBS = {
    "demo": "One call with and without the gateway, and what the gateway saw. Needs nothing.",
    "serve": "The gateway: workers, admin address, hot reload.",
    "run": "Wrap one stdio server in place: run -- CMD ARGS...",
    "token": "Grants: mint, exchange, revoke, inspect.",
    "policy": "Policies: show, test, explain, replay.",
    "override": "Justified exceptions that expire: grant, list, revoke.",
    "inspect": "What the detectors would find in a file, and why.",
    "audit": "The log: report.",
    "check": "Read the configuration without starting; names file, line and remedy.",
    "schema": "Print the JSON Schema of the configuration file.",
}
"""Verb -> its line in the help; the command is ``doorward.cli.VERB:command``."""


class LazyGroup(click.Group):
    """A group that knows its verbs' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(f"doorward.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        # Not at the top: it takes longer to import than all the rest of a help page.
        click.echo(f"doorward {import_module('importlib.metadata').version('doorward')}")
        ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
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
