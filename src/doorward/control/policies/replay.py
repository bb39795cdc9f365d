"""What another set of policies would decide about the calls in the journal, without their arguments.

Arguments are in no journal. A call is judged by its two bounds: where they agree the answer is certain, where they
differ it depends on the arguments, and that is what is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from doorward.core.audit import AuditRecord
from doorward.core.decision import ALLOW, Act, Reason, under
from doorward.core.identity import ANONYMOUS, Grant, Principal
from doorward.core.policy import Mode, names
from doorward.core.question import Policies, Question, Verdict
from doorward.core.rules import TOOL_CALL

Change = Literal["to allow", "to deny", "depends on arguments"]
Answer = Literal["allow", "deny", "depends"]
Alike = tuple[Change, str, str, str, tuple[str, ...]]
"""Change, caller, server, tool or method, and rules."""

MOST_EXAMPLES = 3
_POLICY = frozenset((Reason.POLICY_DENIED, Reason.POLICY_ERROR, Reason.POLICY_UNREADABLE_ARGUMENT))
_LONGEST_NAME = 256  # a record holds no more of a tool's name

# Methods that name something which is no tool: the name is not in the journal, for it may be payload.
_NAMED = ("prompts/get", "resources/read", "resources/subscribe", "resources/unsubscribe", "completion/complete")


class Row(msgspec.Struct, frozen=True):
    """Calls that change alike: by agent, tool and rules. ``rules`` are those that decide now, or at best."""

    change: Change
    identity: str
    server: str
    tool: str
    rules: tuple[str, ...]
    calls: int
    exchanges: tuple[str, ...]


class Replayed(msgspec.Struct, frozen=True):
    """``calls`` were judged; ``same`` keep their answer. ``skipped``: why others were not judged, and how many."""

    calls: int
    same: int
    rows: tuple[Row, ...]
    skipped: Mapping[str, int]

    def total(self, change: Change) -> int:
        """How many calls change so."""
        return sum(row.calls for row in self.rows if row.change == change)


def replay(
    records: Iterable[AuditRecord], policies: Policies, servers: Iterable[str], mode: Mode | None = None
) -> Replayed:
    """Every exchange that was judged then, judged by ``policies``.

    ``mode`` None: judgement against judgement, whatever the modes. Otherwise what was done then against what that mode
    would do; a rule's own mode still goes before it.
    """
    known = frozenset(servers)
    tally = _Tally()
    for record in records:
        if record.kind != "exchange" or record.phase != "outcome":
            continue
        why = _unjudged(record, known)
        if why:
            tally.skipped[why] += 1
            continue
        question = _question(record)
        verdict = policies.bounds(question)
        if question.grant.principal is not ANONYMOUS:  # nobody holds no grant
            verdict = verdict.granted(question.action)
        tally.add(record, verdict, _change(_before(record, mode), _after(verdict, mode)))
    return tally.end()


class _Tally:
    """What was counted so far; of each row a few examples."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self._calls = 0
        self._counts: Counter[Alike] = Counter()
        self._examples: dict[Alike, list[str]] = {}

    def add(self, record: AuditRecord, verdict: Verdict, change: Change | None) -> None:
        self._calls += 1
        if change is None:
            return
        what = record.tool_name or record.method or ""
        alike = (change, record.identity, record.mcp_server, what, verdict.rules)
        self._counts[alike] += 1
        examples = self._examples.setdefault(alike, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(record.exchange_id)

    def end(self) -> Replayed:
        rows = [Row(*alike, number, tuple(self._examples[alike])) for alike, number in self._counts.items()]
        same = self._calls - self._counts.total()
        return Replayed(self._calls, same, tuple(sorted(rows, key=_order)), dict(self.skipped))


def _order(row: Row) -> tuple[str, int, str, str, str]:
    return row.change, -row.calls, row.identity, row.server, row.tool


def _unjudged(record: AuditRecord, servers: frozenset[str]) -> str:
    """Why a call cannot be judged again, or an empty text."""
    method = record.method
    if record.decision in ("deny", "error") and record.reason not in _POLICY:
        return "ended for another reason"
    if record.mcp_server not in servers:
        return "the server is gone"
    if method is None:
        return "not read"
    if method in _NAMED or method.startswith(("tasks/", "subscriptions/")):
        return "its name is not in the journal"
    name = record.tool_name
    if method == TOOL_CALL and (name is None or len(name) >= _LONGEST_NAME or "*" in name):
        return "its name is not in the journal"
    return ""


def _question(record: AuditRecord) -> Question:
    server, method = record.mcp_server, record.method or ""
    kind, name = ("Tool", record.tool_name or "") if method == TOOL_CALL else ("", "")
    grant = Grant(_principal(record), {server: names(["*"])})
    now = datetime.fromisoformat(record.timestamp).timestamp()
    return Question(grant, server, method, kind, name, now, record.client_ip)


def _principal(record: AuditRecord) -> Principal:
    identity = record.identity
    if identity in ("", ANONYMOUS.subject) and not record.grant_id:
        return ANONYMOUS
    issuer, bar, subject = identity.partition("|")
    if not bar or identity.startswith("agent:"):
        issuer, subject = "", identity
    return Principal(subject, record.client, issuer, record.groups, record.act)


def _before(record: AuditRecord, mode: Mode | None) -> Answer:
    """What the policies said then, or with a mode what was done."""
    if mode is not None:
        return "deny" if record.decision == "deny" else "allow"
    denied = record.reason in _POLICY and "deny" in (record.decision, record.would_have)
    return "deny" if denied else "allow"


def _after(verdict: Verdict, mode: Mode | None) -> Answer:
    if verdict.lower:
        return "allow"
    if verdict.upper:
        # What it would be denied for is not known, nor how bad that is: only a mode that refuses nothing is certain.
        return "depends" if mode is None or verdict.mode_over(mode).enforcing else "allow"
    if verdict.decision is ALLOW:
        return "allow"
    return "deny" if mode is None or under(verdict.mode_over(mode), verdict.decision).act is Act.REFUSE else "allow"


def _change(before: Answer, after: Answer) -> Change | None:
    if after == "depends":
        return "depends on arguments"
    if before == after:
        return None
    return "to allow" if after == "allow" else "to deny"


def lines(replayed: Replayed) -> Iterator[str]:
    """The same for people."""
    for row in replayed.rows:
        rules = f" by {', '.join(row.rules)}" if row.rules else ""
        yield f"{row.change:<21} {row.calls:>6}  {row.identity}  {row.server}/{row.tool}{rules}  ({row.exchanges[0]})"
    changed: tuple[Change, ...] = ("to allow", "to deny", "depends on arguments")
    parts = [f"{replayed.calls} calls", f"{replayed.same} the same", *(f"{replayed.total(c)} {c}" for c in changed)]
    yield ", ".join(parts)
    for why, number in sorted(replayed.skipped.items()):
        yield f"not judged: {number} ({why})"
