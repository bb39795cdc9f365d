"""What was found, and what became of the messages that it was found in."""

from enum import IntEnum

from doorward.control.audit.report.model import Findings, Found
from doorward.control.audit.report.placing import placed
from doorward.control.audit.report.seen import Seen
from doorward.control.audit.report.tally import Tally


class Fate(IntEnum):
    """What became of the message that something was found in."""

    REFUSED = 0
    REDACTED = 1
    PARTLY = 2
    PASSED = 3


class FindingCount:
    """``add`` each exchange and each single message once."""

    def __init__(self) -> None:
        self._found = self._refused = self._redacted = self._uninspected = self._would_redact = 0
        self._rows: Tally[tuple[str, str, Fate]] = Tally()

    def add(self, record: Seen) -> None:
        """Count what one record tells."""
        self._uninspected += record.uninspected
        if record.would_have == "redact":
            self._would_redact += 1
        if not record.entities:
            return
        total = sum(record.entities.values())
        self._found += total
        fate = _fate(record, total)
        if fate is Fate.REFUSED:
            self._refused += total
        else:
            self._redacted += min(total, record.redaction_count)
        for (entity, direction), count in placed(record).items():
            self._rows.add((entity, direction, fate), count)

    def end(self) -> Findings:
        """All of it, the most frequent first."""
        pairs: dict[tuple[str, str], list[int]] = {}
        for (entity, direction, fate), count in self._rows.top():
            pairs.setdefault((entity, direction), [0, 0, 0, 0])[fate] += count
        rows = [Found(*pair, sum(fates), *fates) for pair, fates in pairs.items()]
        return Findings(
            found=self._found,
            refused=self._refused,
            redacted=self._redacted,
            uninspected=self._uninspected,
            would_redact=self._would_redact,
            rows=tuple(sorted(rows, key=lambda row: (-row.found, row.entity, row.direction))),
        )

    @property
    def inexact(self) -> bool:
        return self._rows.others > 0


def _fate(record: Seen, total: int) -> Fate:
    if record.decision == "deny":
        return Fate.REFUSED
    if record.redaction_count <= 0:
        return Fate.PASSED
    return Fate.REDACTED if record.redaction_count >= total else Fate.PARTLY
