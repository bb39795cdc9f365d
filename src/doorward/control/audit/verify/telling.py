"""A report for people, and for programs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from doorward.control.audit.verify.findings import Fault
from doorward.control.audit.verify.report import Report

MOST_SHOWN = 20
"""Entries of one kind that are listed; of more only the number is given."""

Style = Callable[[str, str], str]
"""A text in a colour ("red", "green", "yellow")."""

_CODES = {"red": 31, "green": 32, "yellow": 33}


def plain(text: str, colour: str) -> str:
    """No colours."""
    return text


def coloured(text: str, colour: str) -> str:
    """Colours for a terminal."""
    return f"\033[{_CODES[colour]}m{text}\033[0m"


def as_json(report: Report) -> str:
    """All of it as one JSON object."""
    return json.dumps({"intact": report.intact, "complete": report.complete, **asdict(report)}, indent=2)


def as_text(report: Report, now: float, style: Style = plain) -> str:
    """What an auditor wants to know: what is wrong, what the log admits, both answers, and what they rest on."""
    parts = [_summary(report), _faults(report, style), _pending(report, style), _admitted(report), _notes(report)]
    parts += [_answers(report, style), _rests(report, now)]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _summary(report: Report) -> Iterator[str]:
    yield f"{shown(report.directory)}: {_count(report.writers, 'writer')}, {_count(report.records, 'record')}"
    if report.begun:
        yield f"from {shown(report.begun)} to {shown(report.ended)}"


def _faults(report: Report, style: Style) -> Iterator[str]:
    def line(fault: Fault) -> str:
        place = f"writer {fault.writer}" if fault.writer else "the log"
        first = "" if fault.first is None else f", record {fault.first:,}"
        return f"{style(f'{place}{first}:', 'red')} {shown(fault.what)}"

    yield from _some([line(fault) for fault in report.faults])


def _pending(report: Report, style: Style) -> Iterator[str]:
    live = [pending for pending in report.pending if pending.live]
    if live:
        under_way = sum(pending.open for pending in live)
        yield f"{_count(len(live), 'writer')} at work, {_count(under_way, 'exchange')} under way"
    lines = []
    for pending in report.pending:
        if not pending.live:
            said = f"{_count(pending.open, 'exchange')} without an outcome" if pending.open else "nothing is open"
            said += f", {pending.torn:,} bytes of a torn line" if pending.torn else ""
            lines.append(f"{style(f'writer {pending.writer}: not closed yet:', 'yellow')} {said}")
    yield from _some(lines)
    if lines:
        yield "  (It was killed, or this is a copy of a log in use. Starting the gateway once closes what was killed.)"


def _admitted(report: Report) -> Iterator[str]:
    if report.gaps:
        yield f"What the log says of itself ({_count(report.gaps, 'gap')}):"
        said = [f"{a.timestamp}  {writer}, record {a.seq:,}: {a.reason}: {a.detail}" for writer, a in report.admitted]
        yield from _some([f"  {shown(line)}" for line in said], report.gaps)


def _notes(report: Report) -> Iterator[str]:
    yield from _some([shown(note) for note in report.notes])


def _answers(report: Report, style: Style) -> Iterator[str]:
    if report.intact:
        yield f"{style('INTACT', 'green')}: every record that is there is the one that was written, in its place."
    else:
        yield f"{style('NOT INTACT', 'red')}: records or checkpoints are not the ones that were written."
    if report.complete:
        bound = "the last exported checkpoint" if report.with_exported else "the last checkpoint that is there"
        yield f"{style('COMPLETE', 'green')}: nothing that was written up to {bound} is missing."
    else:
        yield f"{style('NOT COMPLETE', 'red')}: see above." if report.intact else style("NOT COMPLETE", "red") + "."


def _rests(report: Report, now: float) -> Iterator[str]:
    yield "This rests on:"
    newest = (
        report.last_checkpoint and f"; the last of {shown(report.last_checkpoint)}{_age(report.last_checkpoint, now)}"
    )
    signed = f"{_count(report.checkpoints, 'checkpoint')} signed by {', '.join(report.keys)}"
    yield f"  {signed if report.checkpoints else 'no checkpoints at all'}{newest}"
    if report.with_exported:
        covered = f"covering {report.exported_records:,} of {_count(report.records, 'record')}"
        yield f"  exported checkpoints of {report.exported:,} of {_count(report.writers, 'writer')}, {covered}"
    else:
        yield "  no exported checkpoints (--checkpoints): who can write to the directory can cut off the newest records"
    if report.uncovered:
        newest_records = _count(sum(report.uncovered.values()), "record")
        yield f"  {newest_records} so new that neither a checkpoint nor a later writer vouches for them"


def _some(lines: list[str], of: int = 0) -> Iterator[str]:
    yield from lines[:MOST_SHOWN]
    more = max(of, len(lines)) - MOST_SHOWN
    if more > 0:
        yield f"  … and {more:,} more (--json lists them)"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _age(moment: str, now: float) -> str:
    try:
        seconds = now - datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return ""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            return f", {_count(int(seconds // size), name)} ago"
    return ""


def shown(text: str) -> str:
    """A text from a log on one line of a terminal: what could move the cursor or turn the line is a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
