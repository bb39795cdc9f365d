"""``doorward token``"""

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from doorward.bootstrap.token_desk import Ended, Inspection, Made, TokenDesk
from doorward.cli.options import config_file, json_flag
from doorward.configfile import load
from doorward.configtypes import Duration, InvalidConfiguration, Refused
from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.store.rows import FOR_GOOD
from doorward.core.audit import timestamp
from doorward.core.errors import Fault

MAX_TOKEN = 64 << 10


@click.group("token")
def command() -> None:
    """Grants: make, narrow, revoke and look into them, on the gateway's own keys and store; it need not be running.

    Exit codes: 0 done (or: the token is valid), 1 refused (or: it is not), 2 wrong use or configuration, 3 the store or
    the log failed.
    """


def _options(*wanted: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for option in reversed(wanted):
            function = option(function)
        return function

    return decorate


_server = click.option("--server", "servers", multiple=True, help="Only this server; may be repeated.")
_tool = click.option("--tool", "tools", multiple=True, help="Only this tool, or glob, of --server; may be repeated.")
_lifetime = click.option("--lifetime", metavar="DURATION", help="How long it lives, such as 5m; at most 15m.")
_file = click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the token from this file; without it from standard input.",
)


@command.command("mint", short_help="Make a grant for an agent and print it.")
@_options(
    config_file, click.option("--agent", required=True, help="For which agent."), _server, _tool, _lifetime, json_flag
)
def mint(
    config: Path, agent: str, servers: tuple[str, ...], tools: tuple[str, ...], lifetime: str | None, as_json: bool
) -> None:
    """Make a grant for an agent and print it: all that the agent may have, or less."""
    with _exits():
        made = _desk(config).mint(agent, servers, tools, _seconds(lifetime))
        _print_made(made, as_json)
        _note(made, lifetime)


@command.command("exchange", short_help="Make a narrower grant out of one, and print it.")
@_options(
    config_file,
    _file,
    click.option("--agent", required=True, help="Who acts from now on."),
    _server,
    _tool,
    _lifetime,
    json_flag,
)
def exchange(
    config: Path,
    token_file: Path | None,
    agent: str,
    servers: tuple[str, ...],
    tools: tuple[str, ...],
    lifetime: str | None,
    as_json: bool,
) -> None:
    """Make a narrower grant out of one that is read from a file or standard input, and print it."""
    with _exits():
        desk = _desk(config)
        made = desk.exchange(_token(None, token_file), agent, servers, tools, _seconds(lifetime))
        _print_made(made, as_json)
        _note(made, lifetime)


@command.command("revoke", short_help="Revoke a token, a family, or a person.")
@_options(
    config_file,
    click.argument("token", required=False),
    _file,
    click.option("--family", is_flag=True, help="With a token: its whole family, not only what descends from it."),
    click.option("--grant", help="A whole family, by its grant_id."),
    click.option("--issuer", default="", help="Whose --sub, --jti or --client; without it, an agent of yours."),
    click.option("--sub", help="All tokens of this subject."),
    click.option("--jti", help="One token of an issuer."),
    click.option("--client", help="All tokens of this client."),
    click.option("--for", "lasts", metavar="DURATION", help="How long; default: until what exists now has expired."),
    click.option("--lift", is_flag=True, help="With --sub, --jti or --client: end that revocation."),
    json_flag,
)
def revoke(
    config: Path,
    token: str | None,
    token_file: Path | None,
    family: bool,
    grant: str | None,
    issuer: str,
    sub: str | None,
    jti: str | None,
    client: str | None,
    lasts: str | None,
    lift: bool,
    as_json: bool,
) -> None:
    """Revoke a token and all that descends from it (given, in a file, or on standard input), a family, or a person.

    In force on every worker within two seconds. An agent with a fixed token is revoked for good, unless --for says how
    long, until --lift.
    """
    outside = [(kind, value) for kind, value in (("sub", sub), ("jti", jti), ("client", client)) if value]
    given = len(outside) + (grant is not None) + (token is not None or token_file is not None)
    if given > 1 or (issuer and not outside) or (jti and not issuer):
        raise click.UsageError("say one thing to revoke: a token, --grant, or --sub, --jti, --client with its --issuer")
    if lift and (not outside or lasts is not None):
        raise click.UsageError("--lift goes with --sub, --jti or --client alone")
    with _exits():
        desk = _desk(config)
        if lift:
            ended = desk.lift(*outside[0], issuer)
            if ended is None:
                _stop("refused: no such revocation is in force (/api/v1/revocations lists them)", 1)
        elif outside:
            ended = desk.revoke_outside(*outside[0], issuer, _lasting(lasts))
            if not issuer and ended.agent is None and "|" not in outside[0][1]:
                click.echo(f"note: no agent {outside[0][1]!r} is configured: is it spelt so?", err=True)
        elif grant is not None:
            ended = desk.revoke_grant(grant)
        else:
            ended = desk.revoke_token(_token(token, token_file), family=family)
        _print_ended(ended, as_json)


@command.command("inspect", short_help="Show what a token says, and whether it is true.")
@_options(config_file, click.argument("token", required=False), _file, json_flag)
def inspect(config: Path, token: str | None, token_file: Path | None, as_json: bool) -> None:
    """Show what a token says, and whether it is true: signature, validity, revocation. Changes nothing."""
    with _exits():
        found = _desk(config).inspect(_token(token, token_file))
        _print_inspection(found, as_json)
        sys.exit(0 if found.valid else 1)


def _desk(config: Path) -> TokenDesk:
    return TokenDesk(load(config))


def _seconds(duration: str | None) -> float | None:
    return None if duration is None else float(Duration.parse(duration))


def _lasting(duration: str | None) -> float | None:
    if (seconds := _seconds(duration)) == 0:
        raise Refused("--for 0 revokes nothing", "leave it out, or write --lift to end a revocation")
    return seconds


def _token(token: str | None, file: Path | None) -> str:
    """From the argument, a file, or standard input ("-" or nothing); an argument stays in the shell's history."""
    if file is not None:
        with file.open("rb") as opened:
            data = opened.read(MAX_TOKEN)
    elif token not in (None, "-"):
        return str(token)
    else:
        data = sys.stdin.buffer.read(MAX_TOKEN)
    return data.decode("ascii", "replace").strip()


def _print_made(made: Made, as_json: bool) -> None:
    if as_json:
        shown = {"access_token": made.access_token, "expires_in": made.expires_in, "scope": made.scope}
        of_claims = {name: made.claims[name] for name in ("jti", "grant_id", "aud")}
        click.echo(json.dumps({**shown, **of_claims}, indent=2))
    else:
        click.echo(made.access_token)


def _note(made: Made, lifetime: str | None) -> None:
    """What somebody may not have meant: a token that lives shorter than was asked for, or opens no tool."""
    asked = _seconds(lifetime)
    if asked is not None and made.expires_in < int(asked) - 1:
        least = "as identity.tokens.lifetime has it, and no longer than what it was made from"
        click.echo(f"note: it lives {made.expires_in} s and not {lifetime}: {least}", err=True)
    if not made.scope:
        click.echo("note: it names no tool: the two lists have none in common", err=True)


def _print_ended(ended: Ended, as_json: bool) -> None:
    until = None if ended.until is None else timestamp(ended.until)
    if as_json:
        click.echo(json.dumps({"lifted": ended.what} if until is None else {"revoked": ended.what, "until": until}))
    elif until is None:
        click.echo(f"lifted: {ended.what}")
    else:
        click.echo(f"revoked: {ended.what}, {'for good' if ended.until == FOR_GOOD else f'until {until}'}")
    if ended.agent is None or until is None:
        return
    if ended.until == FOR_GOOD:
        left = "its fixed token does not expire, so this does not either: --lift ends it when the token is another"
    elif ended.agent.token is not None:
        left = "its fixed token is good again then: put another one into the configuration before, or leave out --for"
    else:
        left = "it can get grants again then: change its secret or keys before, or take it out of the configuration"
    click.echo(f"note: {left}", err=True)


def _print_inspection(found: Inspection, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    click.echo(f"signature: {found.signature}")
    click.echo(f"valid:     {'yes' if found.valid else 'no'}{f', {found.why}' if found.why else ''}")
    expires = found.claims.get("exp")
    if isinstance(expires, int) and 0 <= expires < 1 << 35:
        click.echo(f"expires:   {datetime.fromtimestamp(expires, UTC).isoformat()}")
    for name, part in (("header", found.header), ("claims", found.claims)):
        click.echo(f"{name}:")
        click.echo(msgspec.json.format(msgspec.json.encode(part)).decode())


@contextmanager
def _exits() -> Any:
    """Faults and refusals as messages on stderr and exit codes."""
    try:
        yield
    except InvalidConfiguration as invalid:
        for problem in invalid.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(2)
    except Refused as refused:
        _stop(f"error: {refused.message}: {refused.remedy}", 2)
    except OAuthRefusal as refusal:
        _stop(f"refused: {refusal.detail}", 1)
    except InvalidToken as fault:
        _stop(f"refused: the token {fault.detail}", 1)
    except Fault as fault:
        _stop(f"error: {fault.detail}", 3)


def _stop(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)
