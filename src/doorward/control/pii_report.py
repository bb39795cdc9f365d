"""What was found in the messages of a time, counted from the log: for those who must decide what to redact."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from doorward.core.audit import AuditRecord

MORE = "more"
"""The direction of findings for whose place there was no room in their record."""


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

    ``uninspected``: messages, or parts of them, that nobody looked into. ``records``: how many were read.
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


def report(records: Iterable[AuditRecord], since: str) -> Report:
    """Counted over outcomes and single messages: an intent says nothing of what was found."""
    rows: Counter[tuple[str, str, str, str, str]] = Counter()
    read = found = redacted = refused = uninspected = 0
    for record in records:
        if record.kind not in ("exchange", "message") or record.phase == "intent":
            continue
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
        rows.update(_rows(record))
    return Report(
        since=since,
        records=read,
        found=found,
        redacted=redacted,
        refused=refused,
        uninspected=uninspected,
        rows=sorted(Row(*place, count) for place, count in rows.items()),
    )


def _rows(record: AuditRecord) -> Counter[tuple[str, str, str, str, str]]:
    day, server, tool = record.timestamp[:10], record.mcp_server, record.tool_name or record.method or ""
    placed = Counter((one.get("entity", ""), one.get("direction", MORE)) for one in record.findings)
    rows: Counter[tuple[str, str, str, str, str]] = Counter()
    for entity, total in record.entities.items():
        known = {direction: count for (name, direction), count in placed.items() if name == entity}
        rows.update({(day, server, tool, entity, direction): count for direction, count in known.items()})
        left = total - sum(known.values())
        if left > 0:
            rows[(day, server, tool, entity, MORE)] += left
    return rows
