"""``doorward audit report``"""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from doorward.bootstrap.configured import directories
from doorward.cli.audit.written import whole
from doorward.cli.options import NO, OUTSIDE_FAILED, WRONG_USE, config_file, json_flag
from doorward.configfile import Loaded, load
from doorward.configtypes import InvalidConfiguration, Refused
from doorward.control.audit.period import moment
from doorward.control.audit.report import html, log, pii, text
from doorward.control.audit.report.collect import About, collect
from doorward.control.audit.report.model import Report, Verification
from doorward.control.audit.report.plain import counted
from doorward.control.audit.report.seen import Lines
from doorward.control.audit.report.verified import verified
from doorward.control.audit.verify.chains import processors
from doorward.control.audit.verify.places import Unreadable
from doorward.control.audit.verify.progress import Progress
from doorward.control.audit.verify.public_keys import NoKeys, PublicKeys
from doorward.control.audit.verify.whole import verify as verify_log
from doorward.control.keys import audit_keys
from doorward.core.audit import timestamp


@click.command("report")
@config_file
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="How far back: 24h, 30d, 2026-11-01.")
@click.option("--until", default="0s", metavar="TIME", help="Up to when: 24h (ago), 2026-11-08. Now, unless given.")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write one page to this file.")
@click.option("--pii", "only_pii", is_flag=True, help="Only findings: by day, server, tool, entity and direction.")
@click.option("--verify", is_flag=True, help="Verify the whole log too, as doorward audit verify does.")
@json_flag
def command(
    config: Path, since: str, until: str, page: Path | None, only_pii: bool, verify: bool, as_json: bool
) -> None:
    """What happened in a time: calls, refusals and what enforcement would refuse, findings, who used what, latency,
    changes, and whether the log goes on without a break.

    Text, or with --html a page that needs nothing else and prints well. The records hold no text of arguments and
    results, so a report shows none. With --verify the exit code is 1 where the log is not intact and complete.
    """
    if only_pii and (page is not None or verify):
        raise click.UsageError("--pii is text or JSON alone: leave out --html and --verify")
    now = time.time()
    begin, end = _moment(since, now, "--since"), _moment(until, now, "--until")
    if begin >= end:
        raise click.BadParameter("the time ends before it begins: --until is now, unless given", param_hint="--since")
    try:
        loaded = load(config)
        directory = _log(loaded)
        records = Lines(_lines_with_progress(directory, begin), begin, end)
        if only_pii:
            _pii(pii.report(records, begin), as_json=as_json)
            return
        said = _verified(loaded, directory) if verify else Verification()
        made = collect(records, About(timestamp(now), begin, end, str(directory)), log.seals(directory), said)
        if page is not None:
            with whole(page) as opened:
                opened.write(html.page(made).encode())
    except (InvalidConfiguration, Refused, NoKeys) as fault:
        _fail(str(fault), WRONG_USE)
    except Unreadable as fault:
        _fail(str(fault), OUTSIDE_FAILED)
    except OSError as fault:
        _fail(f"{fault.filename or page}: {fault.strerror}", OUTSIDE_FAILED)
    _print(made, page, as_json=as_json)
    if verify and not (said.intact and said.complete):
        sys.exit(NO)


def _moment(given: str, now: float, option: str) -> str:
    try:
        return moment(given, now)
    except Refused as fault:
        raise click.BadParameter(f"{fault}: {fault.remedy}", param_hint=option) from None


def _log(loaded: Loaded) -> Path:
    directory = directories(loaded)[1]
    if not directory.is_dir():
        _fail(f"there is no log at {directory} (audit.directory): nothing ran with this file", WRONG_USE)
    return directory


def _lines_with_progress(directory: Path, begin: str) -> Iterator[bytes]:
    progress = Progress()
    try:
        yield from log.lines(directory, begin, progress)
    finally:
        progress.end()


def _verified(loaded: Loaded, directory: Path) -> Verification:
    keys = PublicKeys(*(pem.encode() for pem in audit_keys.public_keys(directories(loaded)[0])))
    exported = loaded.config.audit.checkpoints
    copies = loaded.base_dir / exported if exported is not None else None
    progress = Progress()
    try:
        return verified(verify_log(directory, keys, exported=copies, jobs=processors(), advanced=progress))
    finally:
        progress.end()


def _print(made: Report, page: Path | None, *, as_json: bool) -> None:
    if as_json:
        _json(msgspec.to_builtins(made))
    elif page is not None:
        click.echo(f"{page}: {counted(made.calls.total, 'call')}, {counted(made.continuity.records, 'record')}")
    else:
        _lines(text.lines(made))


def _pii(made: pii.Report, *, as_json: bool) -> None:
    if as_json:
        _json({"unredacted": made.unredacted, **msgspec.to_builtins(made)})
    else:
        _lines(pii.lines(made))


def _json(data: dict[str, Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def _lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _fail(why: str, code: int) -> NoReturn:
    click.echo(f"doorward: {why}", err=True)
    sys.exit(code)
