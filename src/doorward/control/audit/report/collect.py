"""Records in, a report out: pure counting, in memory that does not grow with the log."""

from collections.abc import Iterable, Mapping

import msgspec

from doorward.control.audit.report.continuity import Course, Seal
from doorward.control.audit.report.finding import FindingCount
from doorward.control.audit.report.latencies import Latencies, bars
from doorward.control.audit.report.model import (
    Alerts,
    Bar,
    Caller,
    Change,
    Latency,
    Mode,
    Objection,
    Outcomes,
    Override,
    Policy,
    Report,
    Token,
    Use,
    Verification,
)
from doorward.control.audit.report.moments import Moments
from doorward.control.audit.report.pairing import INTERRUPTED, Pairing, Part
from doorward.control.audit.report.seen import Lines, Seen
from doorward.control.audit.report.spans import Spans
from doorward.control.audit.report.tally import Newest, Tally

MOST_ROWS = 20
"""Rows in the tables of callers and of who used what."""
MOST_CHANGES = 60

_ALLOWED, _WATCHED, _REDACTED, _REFUSED, _FAILED = range(5)
_REFUSALS, _WOULD_HAVE, _MESSAGES = range(3)
_BY_DECISION = {"allow": _ALLOWED, "redact": _REDACTED, "deny": _REFUSED}
_NO_ANSWER_AWAITED = "subscriptions/listen"  # its outcome comes when it ends, hours later


class About(msgspec.Struct, frozen=True):
    """What the report is of: when it was made, the time that was asked for, where the log is."""

    made: str
    since: str
    until: str
    log: str


def collect(
    records: Lines, about: About, seals: Mapping[str, Seal], verification: Verification | None = None
) -> Report:
    """Read all of ``records``, of each writer the oldest first."""
    counting = Counting()
    counting.add_all(records)
    return counting.end(about, seals, records.unreadable, verification or Verification())


class Counting:
    """All counts of one report. An exchange counts when it ends, once; an intent says nothing yet."""

    def __init__(self) -> None:
        self._pairing = Pairing()
        self._course = Course()
        self._findings = FindingCount()
        self._moments = Moments()
        self._outcomes = [0] * len(Outcomes.__struct_fields__)
        self._tool_calls = self._messages = self._streams = 0
        self._callers: Tally[str] = Tally()
        self._servers: Tally[str] = Tally()
        self._would_have: Tally[str] = Tally()
        self._objections: Tally[tuple[str, str, int]] = Tally()
        self._uses: Tally[tuple[str, str, str, int]] = Tally()
        self._gateway, self._whole, self._door = Latencies(), Latencies(), Latencies()
        self._modes: Spans[tuple[str, str]] = Spans()
        self._policies: Spans[str] = Spans()
        self._changes: Newest[Change] = Newest(MOST_CHANGES)
        self._tokens: Tally[tuple[str, str, str]] = Tally()
        self._overrides: Tally[str] = Tally()
        self._alerts: Tally[tuple[str, bool]] = Tally()

    def add_all(self, records: Iterable[Seen]) -> None:
        """Count them."""
        for record in records:
            self.add(record)

    def add(self, record: Seen) -> None:
        """Count one record."""
        self._course.add(record)
        kind = record.kind
        if kind in ("exchange", "stream", "message"):
            self._traffic(record)
        elif kind == "admin":
            what = Change(record.timestamp, record.identity, record.method or "", record.detail)
            self._changes.add(record.timestamp, what)
        elif kind == "token":
            self._tokens.add((record.method or "", record.decision, record.reason))
        elif kind == "alert":
            self._alerts.add((record.reason, record.decision == "allow"))

    def _traffic(self, record: Seen) -> None:
        part = self._pairing.part(record)
        if part is Part.FIRST or part is Part.NOTE:
            return
        note = self._pairing.end(record)
        if record.reason == INTERRUPTED:
            self._course.interrupted += 1
        self._findings.add(record if note is None else note)
        if record.kind == "exchange":
            self._call(record, forwarded=part is Part.LAST)
        elif record.kind == "stream":
            self._streams += 1
        else:
            self._messages += 1
            if record.decision == "deny" or record.would_have == "deny":
                self._objections.add((record.reason, ", ".join(record.rules), _MESSAGES))

    def _call(self, record: Seen, *, forwarded: bool) -> None:
        outcome = _BY_DECISION.get(record.decision, _FAILED)
        would_have = record.would_have == "deny" and outcome != _REFUSED
        if would_have and outcome == _ALLOWED:
            outcome = _WATCHED
        self._outcomes[outcome] += 1
        self._moments.add(record.timestamp, outcome)
        self._tool_calls += record.method == "tools/call"
        self._who(record, outcome, would_have=would_have)
        self._times(record, forwarded=forwarded)
        if record.mcp_server and record.mode:
            self._modes.add((record.mcp_server, record.mode), record.timestamp)
        if record.policy_digest:
            self._policies.add(record.policy_digest, record.timestamp)
        if record.override:
            self._overrides.add(record.override)

    def _who(self, record: Seen, outcome: int, *, would_have: bool) -> None:
        self._callers.add(record.identity)
        if record.mcp_server:
            self._servers.add(record.mcp_server)
        # One key a kind of end: a row has them all, and most rows have one.
        ended = outcome if outcome in (_REFUSED, _REDACTED) else _ALLOWED
        self._uses.add((record.identity, record.mcp_server, record.what, _WATCHED if would_have else ended))
        if outcome == _REFUSED or would_have:
            done = _WOULD_HAVE if would_have else _REFUSALS
            self._objections.add((record.reason, ", ".join(record.rules), done))
        if would_have:
            self._would_have.add(record.identity)

    def _times(self, record: Seen, *, forwarded: bool) -> None:
        whole, ours = record.latency_ms, record.gateway_ms
        if whole is None or record.method == _NO_ANSWER_AWAITED:
            return
        if forwarded:
            self._whole.add(whole)
            if ours is not None:
                self._gateway.add(ours)
        elif record.decision == "deny":
            self._door.add(whole)

    def end(self, about: About, seals: Mapping[str, Seal], unreadable: int, verification: Verification) -> Report:
        """The report over what was added."""
        for note in self._pairing.notes():
            self._findings.add(note)
        step, moments = self._moments.end()
        uses = self._use_rows()
        changes = self._changes.rows()
        return Report(
            made=about.made,
            since=about.since,
            until=about.until,
            log=about.log,
            calls=Outcomes(*self._outcomes),
            tool_calls=self._tool_calls,
            messages=self._messages,
            streams=self._streams,
            callers=sum(1 for caller, _ in self._callers.top() if caller),
            servers=len(self._servers),
            step=step,
            moments=moments,
            undated=self._moments.undated,
            objections=self._objection_rows(),
            would_have=self._would_have.total,
            would_have_callers=len(self._would_have),
            top_callers=tuple(Caller(who, n, self._callers[who]) for who, n in self._would_have.top(MOST_ROWS)),
            findings=self._findings.end(),
            uses=uses[:MOST_ROWS],
            more_uses=max(0, len(uses) - MOST_ROWS),
            latencies=(
                _latency("gateway", self._gateway),
                _latency("whole", self._whole),
                _latency("refused", self._door),
            ),
            bars=tuple(Bar(over, to, ours, whole) for over, to, (ours, whole) in bars(self._gateway, self._whole)),
            modes=tuple(Mode(*key, first, last, calls) for key, first, last, calls in self._modes.rows()),
            policies=tuple(Policy(*row) for row in self._policies.rows()),
            changes=tuple(changes),
            more_changes=self._changes.seen - len(changes),
            tokens=tuple(Token(*kind, count) for kind, count in self._tokens.top()),
            overrides=tuple(Override(*row) for row in self._overrides.top()),
            alerts=self._alert_rows(),
            continuity=self._course.end(seals, unreadable, self._pairing.open),
            verification=verification,
            inexact=self._inexact(),
        )

    def _objection_rows(self) -> tuple[Objection, ...]:
        sums: dict[tuple[str, str], list[int]] = {}
        for (reason, rules, done), count in self._objections.top():
            sums.setdefault((reason, rules), [0, 0, 0])[done] += count
        ranked = sorted(sums.items(), key=lambda row: (-sum(row[1]), row[0]))
        return tuple(Objection(*key, *counts) for key, counts in ranked)

    def _use_rows(self) -> tuple[Use, ...]:
        sums: dict[tuple[str, str, str], list[int]] = {}
        for (who, server, tool, ended), count in self._uses.top():
            sums.setdefault((who, server, tool), [0] * 5)[ended] += count
        ranked = sorted(sums.items(), key=lambda row: (-sum(row[1]), row[0]))
        return tuple(Use(*key, sum(ends), ends[_REFUSED], ends[_WATCHED], ends[_REDACTED]) for key, ends in ranked)

    def _alert_rows(self) -> tuple[Alerts, ...]:
        reasons = sorted({reason for (reason, _), _ in self._alerts.top()})
        return tuple(Alerts(reason, self._alerts[(reason, True)], self._alerts[(reason, False)]) for reason in reasons)

    def _inexact(self) -> bool:
        tallies = (self._callers, self._servers, self._would_have, self._objections, self._uses)
        kept = (self._tokens, self._overrides, self._alerts)
        full = self._modes.full or self._policies.full or self._course.inexact or self._findings.inexact
        return full or any(tally.others for tally in (*tallies, *kept))


def _latency(kind: str, times: Latencies) -> Latency:
    slowest = times.slowest if times.count else None
    return Latency(kind, times.count, times.percentile(0.5), times.percentile(0.95), times.percentile(0.99), slowest)
