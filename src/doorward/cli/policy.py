"""``doorward policy``"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from doorward.bootstrap.configured import directories
from doorward.cli.options import NO, OUTSIDE_FAILED, WRONG_USE, config_file, json_flag
from doorward.configfile import Loaded, load
from doorward.configtypes import Duration, InvalidConfiguration, Problem, Refused
from doorward.control.policies import past
from doorward.control.policies.compile import CompiledPolicies
from doorward.control.policies.configured import compiled, files_of
from doorward.control.policies.explain import explain as explained
from doorward.control.policies.explain import lines as explanation_lines
from doorward.control.policies.replay import lines as replay_lines
from doorward.control.policies.replay import replay as replayed
from doorward.control.policies.testing import Result, read_cases, run
from doorward.control.store import Store, StoreFault, location
from doorward.control.store.rows import KeptTool
from doorward.core.audit import timestamp
from doorward.core.policy import Mode

_policy = click.option(
    "--policy",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another directory of policies than the configuration's.",
)


@click.group("policy")
def command() -> None:
    """What is permitted: print it, test it, explain one decision, see what other policies would have decided.

    Exit codes: 0 done, 1 the answer is no, 2 wrong use, configuration or policies, 3 the store or the log failed.
    """


@command.command("show", short_help="Print all rules as Cedar, each with file and line.")
@config_file
@_policy
@json_flag
def show(config: Path, directory: Path | None, as_json: bool) -> None:
    """Print all rules as Cedar, the agents' lists among them, each with file and line."""
    with _ended():
        found = _compiled(load(config), directory)
    if as_json:
        rules = [
            {
                "id": rule.id,
                "effect": rule.effect,
                "severity": rule.severity.name.lower(),
                "mode": rule.mode,
                "message": rule.message,
                "file": rule.file,
                "line": rule.line,
                "text": rule.text,
            }
            for rule in found.rules
        ]
        notices = msgspec.to_builtins(found.notices)
        click.echo(json.dumps({"digest": found.digest, "rules": rules, "warnings": notices}, indent=2))
        return
    click.echo(found.show(), nl=False)
    _warn(found)


@command.command("test")
@config_file
@_policy
@json_flag
def test(config: Path, directory: Path | None, as_json: bool) -> None:
    """Run the cases beside the policies (*.test.yaml). Exit code 1: a case failed.

    Reloading does the same, and keeps the last good set if a case fails.
    """
    with _ended():
        loaded = load(config)
        found = _compiled(loaded, directory)
        cases = read_cases(found.files.tests, loaded.config.servers, time.time())
    results = run(found.engine, cases)
    failed = [result for result in results if not result.passed]
    if as_json:
        shown = [msgspec.to_builtins(result) for result in results]
        click.echo(json.dumps({"ok": not failed, "failed": len(failed), "cases": shown}, indent=2))
    else:
        _print_results(results)
        _warn(found)
    sys.exit(NO if failed else 0)


@command.command("explain")
@config_file
@click.argument("exchange_id")
@json_flag
def explain(config: Path, exchange_id: str, as_json: bool) -> None:
    """Why one exchange was decided so, from its records. Exit code 1: there is no record of it."""
    with _ended():
        loaded = load(config)
        records = past.of_exchange(directories(loaded)[1], exchange_id)
        digest = next((record.policy_digest for record in reversed(records) if record.policy_digest), "")
        files = _kept_policies(loaded, digest)
    found = explained(records, files)
    if found is None:
        click.echo(f"{exchange_id}: no record of it in {directories(loaded)[1]}", err=True)
        sys.exit(NO)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        click.echo("\n".join(explanation_lines(found)))


@command.command("replay", short_help="What other policies, or another mode, would have decided.")
@config_file
@_policy
@click.option("--since", default="24h", show_default=True, metavar="DURATION", help="How far back: 30m, 24h, 7d.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="As if this mode had held everywhere.")
@json_flag
def replay(config: Path, directory: Path | None, since: str, mode: str | None, as_json: bool) -> None:
    """What these policies, or this mode, would have decided about the calls in the log.

    Without --mode judgements are compared, whatever the modes were; with it, what was done then and what it would do.
    """
    with _ended():
        loaded = load(config)
        earliest = timestamp(time.time() - Duration.parse(since))
        found = _compiled(loaded, directory)
    records = past.since(directories(loaded)[1], earliest)
    result = replayed(records, found.engine, loaded.config.servers, None if mode is None else Mode(mode))
    if as_json:
        click.echo(json.dumps({"since": earliest, **msgspec.to_builtins(result)}, indent=2))
    else:
        click.echo("\n".join(replay_lines(result)))
        _warn(found)


def _compiled(loaded: Loaded, directory: Path | None) -> CompiledPolicies:
    config = loaded.config
    return compiled(config, files_of(config, loaded.base_dir, directory), _kept_tools(loaded))


def _kept_tools(loaded: Loaded) -> list[KeptTool]:
    with _store(loaded) as store:
        if store is None:
            return []
        return [tool for server in loaded.config.servers for tool in store.tools(server)]


def _kept_policies(loaded: Loaded, digest: str) -> dict[str, str] | None:
    with _store(loaded) as store:
        return None if store is None or not digest else store.policies(digest)


@contextmanager
def _store(loaded: Loaded) -> Iterator[Store | None]:
    """The store, or None where nothing has made one yet: looking makes no files."""
    path = location(loaded.config.state.url, loaded.base_dir)
    if not path.exists():
        yield None
        return
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


def _print_results(results: Sequence[Result]) -> None:
    for result in results:
        if not result.passed:
            click.echo(f"failed: {result.file}:{result.line}: {result.name}: expected {result.expected}, ", nl=False)
            click.echo(f"decided was {result.decided}")
    passed = sum(result.passed for result in results)
    click.echo(f"{passed} of {len(results)} cases passed" if results else "there is no case (*.test.yaml)")


def _warn(found: CompiledPolicies) -> None:
    for notice in found.notices:
        click.echo(f"warning: {notice}", err=True)


@contextmanager
def _ended() -> Iterator[None]:
    """What went wrong, as one line a problem and the exit code for it."""
    try:
        yield
    except InvalidConfiguration as invalid:
        _complain(invalid.problems, WRONG_USE)
    except Refused as refused:
        _complain([Problem(path="", message=refused.message, remedy=refused.remedy)], WRONG_USE)
    except StoreFault as fault:
        _complain([fault.detail], OUTSIDE_FAILED)


def _complain(problems: Sequence[Any], code: int) -> NoReturn:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(code)
