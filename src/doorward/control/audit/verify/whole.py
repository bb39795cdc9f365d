"""A whole log: each writer's chain, and what the writers say of each other."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from doorward.control.audit.verify.chains import Writer, chains
from doorward.control.audit.verify.findings import COMPLETE, INTACT, Fault, records
from doorward.control.audit.verify.lines import LONGEST, read
from doorward.control.audit.verify.places import LIKE_SEGMENT, WRITER, File, copies, measure, writers
from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.report import Pending, Report
from doorward.control.audit.verify.segments import STREAM, Named
from doorward.control.audit.verify.strict import Unclear
from doorward.control.audit.verify.vouching import checkpoints, openings

MOST_UNCOVERED = 60.0
"""Seconds of records behind the last checkpoint. One is made each second while there are records."""

Advanced = Callable[[int, int], None]
"""Told of bytes that are done, and of how many there are."""


def verify(
    directory: Path,
    keys: PublicKeys,
    *,
    exported: Path | None = None,
    strict: bool = False,
    jobs: int = 1,
    advanced: Advanced = lambda done, size: None,
) -> Report:
    """Whether a log is intact and complete. Raises ``Unreadable`` and ``OSError`` where it cannot be read."""
    copied = copies(exported) if exported is not None else {}
    places, strange = writers(directory, copied)
    vouched = [checkpoints(place, keys) for place in places]
    named, faults = openings(places)
    for place in places:
        measure(place)
    report = Report(str(directory), faults, with_exported=exported is not None, strict=strict)
    _strange(report, "", strange, WRITER)
    found = [
        Writer(place, by, tuple(said for said in named.get(place.writer, ()) if said[0]), faults=by.faults)
        for place, by in zip(places, vouched, strict=True)
    ]
    if not found:
        report.faults.append(Fault("", COMPLETE, None, None, "there is no writer's directory in it"))
    report.faults += _gone(directory, {place.writer for place in places}, named, copied)
    _gather(report, found, jobs, advanced)
    return report


def _strange(report: Report, writer: str, names: list[str], like: re.Pattern[str]) -> None:
    """Report files that lie in a log and are no part of it. One that is ``like`` a part (a link, a number written in
    another way) is a fault: a reader of the log could show it, and nothing here has verified it.
    """
    for name in names:
        if like.fullmatch(name):
            what = f"{name!r} has the name of a part of the log, and is none"
            report.faults.append(Fault(writer, INTACT, None, None, what))
        else:
            report.notes.append(f"{f'writer {writer}: ' if writer else ''}{name!r} is not part of a log")


def _gone(directory: Path, there: set[str], named: dict[str, Named], copied: dict[str, File]) -> list[Fault]:
    """Writers that somebody names and that are not there. One that began while this ran is there by now."""
    faults = []
    for writer in sorted((named.keys() | copied.keys()) - there):
        place = directory / writer
        if place.is_dir() and not place.is_symlink():
            continue
        who = [f"the first record of the writer {said[2]}" for said in named.get(writer, ())[-1:]]
        who += ["its exported checkpoints"] if writer in copied else []
        what = f"the whole writer is missing; named by {' and '.join(who)}"
        faults.append(Fault(writer, COMPLETE, 0, None, what))
    return faults


def _gather(report: Report, found: list[Writer], jobs: int, advanced: Advanced) -> None:
    size = sum(segment.size for writer in found for segment in writer.place.segments)
    done = 0

    def more(part: int) -> None:
        nonlocal done
        done += part
        advanced(done, size)

    for writer in chains(found, jobs, more):
        _sum_up(report, writer)
        report.faults += _short(writer)
    interrupted = {name for writer in found for name in writer.told.interrupted}
    set_aside = {detail.partition(": ")[0] for writer in found for detail in writer.told.set_aside}
    for writer in found:
        for name in [name for name in writer.told.open if name in interrupted]:
            del writer.told.open[name]
        _ended(report, writer)
        _aside(report, writer, set_aside)
        _strange(report, writer.place.writer, writer.place.strange, LIKE_SEGMENT)


def _sum_up(report: Report, writer: Writer) -> None:
    told, place, proven = writer.told, writer.place, writer.vouched.proven
    report.faults += writer.faults
    report.writers += 1
    report.records += writer.records
    report.begun = min(filter(None, (report.begun, writer.begun)), default="")
    report.ended = max(report.ended, writer.ended)
    report.checkpoints += proven.lines
    report.keys = sorted(proven.keys.union(report.keys))
    report.gaps += told.gaps
    report.admitted += [(place.writer, admitted) for admitted in told.admitted]
    if writer.last is not None:
        report.last_checkpoint = max(report.last_checkpoint, writer.last.timestamp)
    said = [count for count, _, _ in writer.named]
    uncovered = writer.records - max(writer.last.count if writer.last is not None else 0, *said, 0)
    if uncovered > 0:
        report.uncovered[place.writer] = uncovered
    if writer.vouched.exported is not None:
        report.exported += 1
        report.exported_records += min(writer.vouched.exported.count, writer.records)


def _short(writer: Writer) -> list[Fault]:
    """Whether a chain ends before where somebody says that it got to; and whether its checkpoints do."""
    place, last = writer.place, writer.last
    said = [(count, f"the first record of the writer {who}") for count, _, who in writer.named]
    if last is not None:
        copy = place.exported is not None and writer.vouched.proven.path == place.exported.path
        which = "exported checkpoint" if copy else "checkpoint"
        said.append((last.count, f"{which} {last.number} of {last.timestamp}"))
    if place.closed is not None:
        said.append((place.closed.count, "the mark of its end"))
    faults = []
    count, who = max(said, default=(0, ""))
    if count > writer.records:
        what = f"{records(writer.records, count - 1)} missing at its end: {who} counts {count:,}"
        faults.append(Fault(place.writer, COMPLETE, writer.records, count - 1, what))
    elif last is not None and last.final and last.count < writer.records:
        what = f"there are records behind its last checkpoint, number {last.number}, with which it ended"
        faults.append(Fault(place.writer, COMPLETE, last.count, writer.records - 1, what))
    elif place.closed is not None and place.closed.by == place.writer and not (last is not None and last.final):
        what = "it ended in order, and the checkpoint with which it did is missing"
        faults.append(Fault(place.writer, COMPLETE, last.count if last else 0, None, what))
    elif not writer.faults and (span := _uncovered(writer)) > MOST_UNCOVERED:
        first = last.count if last is not None else 0
        what = f"no checkpoint vouches for its newest records, of {span:,.0f} seconds: checkpoints are missing"
        faults.append(Fault(place.writer, COMPLETE, first, writer.records - 1, what))
    return faults


def _uncovered(writer: Writer) -> float:
    """Seconds from the first to the last record behind the last checkpoint."""
    last = writer.last
    if writer.records == (last.count if last is not None else 0):
        return 0.0
    number, offset = (last.segment, last.offset) if last is not None else (0, 0)
    for segment in writer.place.segments:
        if segment.number < number:
            continue
        with segment.path.open("rb") as opened:
            opened.seek(offset if segment.number == number else 0)
            try:
                return _seconds(read(opened.readline(LONGEST + 1)).timestamp, writer.ended)
            except Unclear:
                continue  # the checkpoint was made at the end of its segment
    return 0.0


def _seconds(begun: str, ended: str) -> float:
    try:
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _ended(report: Report, writer: Writer) -> None:
    """Whether what was begun has ended. What lives, or was killed and not put in order yet, may still end it."""
    place, left = writer.place, writer.told.open
    if place.closed is None:
        report.pending.append(Pending(place.writer, place.live, len(left), writer.torn))
        return
    if left:
        name, seq = min(left.items(), key=lambda item: item[1])
        kind = "the stream" if name.startswith(STREAM) else "the exchange"
        others = f", and so have {len(left) - 1:,} more" if len(left) > 1 else ""
        what = f"{kind} {name.removeprefix(STREAM)[:64]} of record {seq:,} has no end{others}"
        report.faults.append(Fault(place.writer, COMPLETE, seq, seq, what))
    if writer.torn:
        what = f"{writer.torn:,} bytes without a line's end stand behind its last record"
        report.faults.append(Fault(place.writer, COMPLETE, writer.records, writer.records, what))


def _aside(report: Report, writer: Writer, told: set[str]) -> None:
    """Whether the log tells of what was set aside from it; ``told``: the beginnings of its words for that."""
    place = writer.place
    for segment, offset in place.torn:
        where = f"segment {segment}" if segment else "its checkpoints"
        if place.closed is not None and f"writer {place.writer}, {where}, offset {offset}" not in told:
            what = f"a torn line of {where}, offset {offset}, was set aside, and no record says so"
            report.faults.append(Fault(place.writer, COMPLETE, None, None, what))
