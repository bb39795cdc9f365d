"""The records that a journal makes itself: what it could not keep, and the ends of exchanges whose own end was lost."""

from copy import copy
from uuid import uuid4

import msgspec

from doorward.core.audit import AuditRecord, Record, timestamp
from doorward.core.decision import Reason

BEGINS = frozenset(("intent", "opened"))
ENDS = frozenset(("outcome", "closed"))

_decode = msgspec.json.Decoder(AuditRecord).decode


def gap(reason: Reason, detail: str, wall: float, phase: str = "") -> AuditRecord:
    """Something is missing, or may be."""
    return AuditRecord(
        event_id=uuid4().hex,
        exchange_id=uuid4().hex,
        kind="gap",
        phase=phase,
        timestamp=timestamp(wall),
        decision="error",
        reason=reason,
        detail=detail,
    )


def ended(lost: Record, wall: float, refuses: bool) -> AuditRecord:
    """The end of an exchange in place of the one that was lost: all that it said, but for what was decided in it."""
    try:
        record = copy(lost) if isinstance(lost, AuditRecord) else _decode(lost.line("", 0, ""))
        record.decision, record.reason = "error", Reason.JOURNAL_UNAVAILABLE
        record.detail = "its record could not be kept" + ("; the answer was withheld" if refuses else "")
        record.timestamp = timestamp(wall)
        record.line("", 0, "")
    except (TypeError, ValueError, ArithmeticError, RecursionError):  # that is why it was lost: it cannot be encoded
        record = gap(Reason.JOURNAL_UNAVAILABLE, "its record could not be encoded", wall, lost.phase)
        record.kind, record.exchange_id = "stream" if lost.phase == "closed" else "exchange", lost.exchange_id
    return record


class Lost:
    """What could not be kept since the last ``gap`` record.

    ``stopped``: that the journal stopped is recorded, or should be. ``late``: sequences of records that were kept after
    those who waited for them had been refused. ``ends``: by exchange.
    """

    def __init__(self) -> None:
        self.count = 0
        self.since = 0.0
        self.why = ""
        self.stopped = False
        self.late: tuple[int, int] | None = None
        self.ends: dict[str, Record] = {}

    def __bool__(self) -> bool:
        return bool(self.count or self.stopped or self.late or self.ends)

    def add(self, why: str, wall: float) -> None:
        self.count += 1
        self.begin(why, wall)

    def begin(self, why: str, wall: float) -> None:
        """What is lost from here on is lost for the reason ``why``."""
        self.since = self.since or wall
        self.why = why

    def told(self) -> None:
        """A gap record was written: it says all of this but the ends, which are still owed."""
        self.count, self.since, self.stopped, self.late = 0, 0.0, False, None

    def merge(self, earlier: "Lost") -> None:
        """Add what could not be recorded earlier."""
        self.count += earlier.count
        self.since = earlier.since or self.since
        self.why = self.why or earlier.why
        self.stopped = self.stopped or earlier.stopped
        self.late = self.late or earlier.late
        self.ends = earlier.ends | self.ends

    def record(self, wall: float) -> AuditRecord | None:
        """The gap record; None where only ends are left."""
        if not (self.count or self.stopped or self.late):
            return None
        detail = f"{self.count} records could not be kept"
        if self.since:
            detail += f" since {timestamp(self.since)}: {self.why}"
        if self.late is not None:
            detail += f"; records {self.late[0]} to {self.late[1]} were kept after their calls had been given up"
        return gap(Reason.JOURNAL_UNAVAILABLE, detail, wall)
