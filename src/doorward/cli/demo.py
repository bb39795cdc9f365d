"""``doorward demo``: everything at once, on a sample server."""

import sys

import click


@click.command()
def command() -> None:
    """Try it: a sample MCP server, the gateway before it, and one call with and without.

    Starts and stops all it needs, and takes about twenty seconds. The client is the official MCP SDK: pip install
    'doorward[demo]'. Exit code 1: something is not as it should be.
    """
    try:
        # The official SDK is an extra: the gateway itself does not use it.
        from doorward.demo.paper import Paper
        from doorward.demo.setting import DemoError
        from doorward.demo.show import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("mcp", "httpx2", "pydantic"):
            raise
        raise click.ClickException("the demo needs the official MCP SDK: pip install 'doorward[demo]'") from missing
    try:
        run(Paper())
    except DemoError as wrong:
        click.echo(f"doorward demo: {wrong}", err=True)
        sys.exit(1)
