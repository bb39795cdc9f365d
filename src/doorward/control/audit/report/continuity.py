"""Whether the log goes on without a break, as far as it tells itself; ``doorward audit verify`` is the proof."""

import re
from collections.abc import Mapping

import msgspec

from doorward.control.audit.report.model import Continuity, Gap, GapSum, Writer
from doorward.control.audit.report.seen import Seen
from doorward.control.audit.report.spans import Spans
from doorward.control.audit.report.tally import Newest, Tally

MOST_WRITERS = 20
MOST_GAPS = 20
_COUNTED = re.compile(r"(\d{1,15}) (?:refused, not recorded singly|records could not be kept)", re.ASCII)


class Seal(msgspec.Struct, frozen=True):
    """How a writer's directory ends: the time of its last checkpoint, and whether it is closed."""

    checkpoint: str = ""
    closed: bool = False


class Course:
    """``add`` every record of the time."""

    def __init__(self) -> None:
        self._writers: Spans[str] = Spans()
        self._gaps: Tally[str] = Tally()
        self._missing: Tally[str] = Tally()
        self._latest: Newest[Gap] = Newest(MOST_GAPS)
        self._records = 0
        self.interrupted = 0

    def add(self, record: Seen) -> None:
        """Count one record."""
        self._records += 1
        self._writers.add(record.writer, record.timestamp)
        if record.kind == "gap":
            self._gaps.add(record.reason)
            counted = _COUNTED.match(record.detail)
            self._missing.add(record.reason, int(counted[1]) if counted is not None else 0)
            self._latest.add(record.timestamp, Gap(record.timestamp, record.reason, record.detail))

    def end(self, seals: Mapping[str, Seal], unreadable: int, unfinished: int) -> Continuity:
        """``seals`` by writer, of those writers that are known otherwise than by their records."""
        rows = self._writers.rows()
        shown = sorted(rows, key=lambda row: row[2], reverse=True)[:MOST_WRITERS]
        sealed = [seal.checkpoint for writer, *_ in rows if (seal := seals.get(writer)) is not None and seal.checkpoint]
        return Continuity(
            records=self._records,
            unreadable=unreadable,
            first=min((row[1] for row in rows), default=""),
            last=max((row[2] for row in rows), default=""),
            writers=tuple(_writer(*row, seals.get(row[0], Seal())) for row in shown),
            more_writers=len(rows) - len(shown),
            interrupted=self.interrupted,
            unfinished=unfinished,
            gaps=tuple(GapSum(reason, count, self._missing[reason]) for reason, count in self._gaps.top()),
            latest_gaps=tuple(self._latest.rows()),
            last_checkpoint=max(sealed, default=""),
            without_checkpoint=len(rows) - len(sealed),
        )

    @property
    def inexact(self) -> bool:
        return self._writers.full or self._gaps.others > 0


def _writer(name: str, first: str, last: str, records: int, seal: Seal) -> Writer:
    return Writer(name, records, first, last, seal.checkpoint, seal.closed)
