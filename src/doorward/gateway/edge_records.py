"""Records of what was refused before it was a message; garbage must not fill the journal (docs/guarantees.md, G1).

Singly up to 20 a second and source and 200 a second in all; beyond that one ``gap`` record a second, source and reason
carries the count.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping

from doorward.core.audit import AuditRecord, timestamp
from doorward.core.errors import JournalFault
from doorward.core.ports import Clock, Journal

log = logging.getLogger(__name__)

SINGLY_FROM_ONE = 20
SINGLY_IN_ALL = 200
MOST_GAPS = 100
"""Gap records a second; sources beyond that share one with an empty address."""


class EdgeRecords:
    """``refused`` is called for each refusal, and never raises: a refusal stands also without its record."""

    def __init__(self, journal: Journal, clock: Clock, ids: Callable[[], str]) -> None:
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._single: Counter[str] = Counter()
        self._gaps: Counter[tuple[str, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def refused(self, reason: str, client: str, server: str = "") -> None:
        """Record one refusal, or count it for the gap record that ends this second."""
        if self.room(client, reason):
            self._append("exchange", "outcome", reason, client, server)

    def garbage(self, reason: str, server: str, size: int) -> None:
        """Record a line of a server's that is no message and went to nobody."""
        if self.room(f"server {server}", reason):
            detail = f"{size} bytes that are no message"
            self._append("message", "", reason, "", server, detail, transport="stdio", decision="allow")

    def found(self, server: str, entities: Mapping[str, int]) -> None:
        """Record what was found in a line of a server's standard error: it went to the log of the gateway at most."""
        if self.room(f"server {server}", "stderr"):
            self._append("message", "", "", "", server, "stderr", "stdio", "allow", dict(entities))

    def room(self, client: str, reason: str) -> bool:
        """Whether one more record of this source is written; if not, it is counted for the gap record."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(1.0, self.flush)
        if self._single.total() < SINGLY_IN_ALL and self._single[client] < SINGLY_FROM_ONE:
            self._single[client] += 1
            return True
        known = (client, reason) in self._gaps or len(self._gaps) < MOST_GAPS
        self._gaps[(client if known else "", reason)] += 1
        return False

    def flush(self) -> None:
        """End the second: write the gap records."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gaps, self._gaps = self._gaps, Counter()
        self._single.clear()
        for (client, reason), number in gaps.items():
            self._append("gap", "", reason, client, detail=f"{number} refused, not recorded singly")

    def _append(
        self,
        kind: str,
        phase: str,
        reason: str,
        client: str,
        server: str = "",
        detail: str = "",
        transport: str = "http",
        decision: str = "deny",
        entities: dict[str, int] | None = None,
    ) -> None:
        record = AuditRecord(
            event_id=self._ids(),
            exchange_id=self._ids(),
            kind=kind,
            phase=phase,
            timestamp=timestamp(self._clock.wall()),
            client_ip=client,
            mcp_server=server,
            transport=transport,
            decision=decision,
            reason=reason,
            detail=detail,
            entities=entities or {},
        )
        try:
            self._journal.append(record, early=True)
        except JournalFault as fault:
            log.error("a refusal went unrecorded: %s", fault.detail)
