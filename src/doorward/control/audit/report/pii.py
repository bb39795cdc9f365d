"""What was found in the messages of a time, counted from the log: for those who must decide what to redact."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from doorward.control.audit.report.pairing import Pairing, Part
from doorward.control.audit.report.placing import placed
from doorward.control.audit.report.plain import plain
from doorward.control.audit.report.seen import MORE, Seen


class Row(msgspec.Struct, frozen=True, order=True):
    """``count`` findings of one entity in one direction of one tool on one day (UTC)."""

    day: str
    server: str
    tool: str
    entity: str
    direction: str
    count: int


class Report(msgspec.Struct, frozen=True):
    """``found`` in all, of which ``redacted`` ones were replaced and ``refused`` ones never passed; the others did.

    ``uninspected``: messages, or parts of them, that nobody looked into. ``records``: exchanges, streams and single
    messages that were read.
    """

    since: str
    records: int
    found: int
    redacted: int
    refused: int
    uninspected: int
    rows: list[Row]

    @property
    def unredacted(self) -> int:
        """Findings that passed as they were."""
        return self.found - self.redacted - self.refused


def report(records: Iterable[Seen], since: str) -> Report:
    """Counted where exchanges and streams end: an intent says nothing of what was found, and the end repeats what
    was noted in between.
    """
    rows: Counter[tuple[str, str, str, str, str]] = Counter()
    read = found = redacted = refused = uninspected = 0
    for record in _ended(records):
        read += 1
        uninspected += record.uninspected
        count = sum(record.entities.values())
        if not count:
            continue
        found += count
        if record.decision == "deny":
            refused += count
        else:
            redacted += min(count, record.redaction_count)
        place = record.timestamp[:10], record.mcp_server, record.what
        rows.update({(*place, *kind): number for kind, number in placed(record).items()})
    return Report(
        since=since,
        records=read,
        found=found,
        redacted=redacted,
        refused=refused,
        uninspected=uninspected,
        rows=sorted(Row(*place, count) for place, count in rows.items()),
    )


def _ended(records: Iterable[Seen]) -> Iterable[Seen]:
    """Each exchange, stream and single message once."""
    pairing = Pairing()
    for record in records:
        if record.kind not in ("exchange", "stream", "message"):
            continue
        part = pairing.part(record)
        if part is Part.LAST or part is Part.ONLY:
            yield pairing.end(record) or record
    yield from pairing.notes()


def lines(made: Report) -> Iterator[str]:
    """The same for people."""
    plural = "" if made.unredacted == 1 else "s"
    yield (
        f"{made.unredacted:,} instance{plural} of unredacted personal data or secrets since {made.since}, "
        f"in {made.records:,} records."
    )
    yield (
        f"Found {made.found:,}: redacted {made.redacted:,}, in refused messages {made.refused:,}, "
        f"passed {made.unredacted:,}. Not looked into: {made.uninspected:,}."
    )
    if not made.rows:
        return
    head = ("day", "server", "tool", "entity", "direction", "count")
    cells = [head, *(_cells(row) for row in made.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    yield ""
    for row in cells:
        left = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        yield f"{left}  {row[-1].rjust(widths[-1])}"
    if any(row.direction == MORE for row in made.rows):
        yield ""
        yield f"{MORE}: a record lists at most 100 places; its counts are whole."


def _cells(row: Row) -> tuple[str, ...]:
    return (*map(plain, (row.day, row.server, row.tool, row.entity, row.direction)), f"{row.count:,}")
