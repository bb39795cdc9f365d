"""``doorward run``"""

import sys

import click

from doorward.bootstrap.run import run


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--server", metavar="ID", help="The server's id in the records, and in the configuration file.")
@click.option("-c", "--config", metavar="FILE", help="Use the settings of a server in this configuration file.")
@click.option(
    "--mode",
    type=click.Choice(["audit", "warn", "soft", "enforce"]),
    help="How hard rules are enforced. Default: audit, or what the file says.",
)
@click.argument("command_line", metavar="CMD [ARGS]...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(server: str | None, config: str | None, mode: str | None, command_line: tuple[str, ...]) -> None:
    """Wrap one stdio server in place: doorward run -- CMD ARGS...

    Needs no configuration: every message is recorded, nothing is changed (mode audit).
    Exit code: the server's; 128 + N if signal N ended it; 126 or 127 if it cannot be started; 2 wrong configuration,
    3 the records cannot be written where they must be.
    """
    if command_line[0].startswith("-"):  # or it would be taken for the server's program
        given = command_line[0]
        raise click.UsageError(
            f"No such option: {given} (the server's command comes after --).", click.get_current_context()
        )
    sys.exit(run(command_line, config=config, server=server, mode=mode))
