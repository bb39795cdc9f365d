"""Which records people are told of, and how many become one alert (docs/alerts.md).

The first record of a kind is told at once (or the ``count``-th within a minute); those that follow within that minute
are told together when it ends. Nothing here knows a clock or a wire: ``gateway/alerting.py`` does.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from doorward.core.audit import AuditRecord
from doorward.core.decision import Reason
from doorward.core.policy import Mode, Severity

MINUTE = 60.0
"""Seconds."""
MOST_KINDS = 200
"""Kinds of record that are told apart at one time; more share one alert."""
MOST_NAMED = 5
"""Callers and exchanges that one alert names."""
MOST_SEEN = 64
"""Exchanges of one minute that are known by their id, so that two records of one call count once."""

_SILENT_KINDS = frozenset(("alert", "checkpoint"))
_SILENT_PHASES = frozenset(("intent", "opened", "summary"))  # another record of the same exchange follows


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record must be like; all of it must hold. ``reason``, ``server`` and ``finding`` are names or globs.

    A rule with none of ``reason``, ``severity`` and ``finding`` asks for records that alert by themselves (``alerts``).
    ``severity`` is the least. ``count``: so many calls within a minute.
    """

    reason: str | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    server: str = "*"
    finding: str | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell: ``count`` calls that were alike. Names and places, never text of an argument or result.

    ``first`` and ``last`` are timestamps of records. ``further``: others of this kind were told a moment ago.
    ``several``: there were too many kinds to tell apart, and reason, server and tool are left open.
    """

    reason: str
    severity: str
    server: str
    tool: str
    decision: str
    mode: str
    count: int
    first: str
    last: str
    entities: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    further: bool = False
    several: bool = False


class Notice(msgspec.Struct, frozen=True):
    """One message to people. ``id`` stays when it is sent again. ``lost``: alerts that found no room before."""

    id: str
    alerts: tuple[Alert, ...]
    lost: int = 0


class Sent(msgspec.Struct, frozen=True):
    """How an attempt ended. ``again``: it may help to try again, after at least ``after`` seconds where that is said.

    ``detail``: why not, in words without secrets.
    """

    done: bool
    again: bool = False
    after: float | None = None
    detail: str = ""


class Channel(Protocol):
    """A plug-in that tells people: which records (``rules``; none: what alerts by itself), and how.

    ``most``: alerts that fit into one notice. ``send`` blocks, is called in a thread, may raise, may hang. ``at`` is in
    seconds since the epoch.
    """

    name: str
    rules: tuple[Rule, ...]
    most: int

    def send(self, notice: Notice, at: float) -> Sent: ...


class Key(msgspec.Struct, frozen=True):
    """What makes records alike; ``rule`` is the place of the rule that they matched."""

    rule: int
    reason: str = ""
    server: str = ""
    tool: str = ""
    decision: str = ""
    mode: str = ""


class Minute(msgspec.Struct, frozen=True):
    """One kind of record within one minute. ``told``: its first were; ``waiting`` is what was not told yet."""

    begun: float
    told: bool = False
    waiting: Alert | None = None
    seen: frozenset[str] = frozenset()


State = Mapping[Key, Minute]
Step = tuple[State, tuple[Alert, ...]]


def alerts(record: AuditRecord) -> bool:
    """Whether a record alerts by itself: enforcement would have acted, and ``under`` lets such a thing pass with an
    alert (warn, and soft).
    """
    return record.would_have is not None and record.mode in (Mode.WARN, Mode.SOFT)


def tells(record: AuditRecord, *, alert: bool = False) -> bool:
    """Whether any rule could match it. Cheap, for it is asked for every record."""
    if record.kind in _SILENT_KINDS or record.phase in _SILENT_PHASES:
        return False
    return bool(alert or record.reason or record.entities or record.would_have)


def matches(rule: Rule, record: AuditRecord, *, alert: bool = False) -> bool:
    """Whether a record is what a rule asks for. ``alert``: the exchange alerts, whatever its record says."""
    if rule.reason is None and rule.severity is None and rule.finding is None and not (alert or alerts(record)):
        return False
    return (
        fnmatchcase(record.mcp_server, rule.server)
        and (rule.reason is None or (record.reason != "" and fnmatchcase(record.reason, rule.reason)))
        and (rule.severity is None or _rank(record.severity) >= _rank(rule.severity))
        and (rule.finding is None or any(fnmatchcase(entity, rule.finding) for entity in record.entities))
    )


def fault(rule: Rule) -> str:
    """Why a rule can never match, or an empty text."""
    if rule.reason is not None and not any(reason and fnmatchcase(reason, rule.reason) for reason in Reason):
        return f"no reason is {rule.reason!r}"
    return "" if rule.server and rule.finding != "" else "a name is empty"


def take(state: State, rules: Sequence[Rule], record: AuditRecord, now: float, *, alert: bool = False) -> Step:
    """Add one record; returns what is to be told now. ``now`` in seconds that never go back."""
    state, due = turn(state, now)
    told = list(due)
    for place, rule in enumerate(rules):
        if matches(rule, record, alert=alert):
            state, more = _add(state, _key(state, place, record), rule.count, record, now)
            told.extend(more)
    return state, tuple(told)


def turn(state: State, now: float) -> Step:
    """End the minutes that are over; returns what gathered in them after their first was told."""
    over = [key for key, minute in state.items() if now - minute.begun >= MINUTE]
    if not over:
        return state, ()
    left = dict(state)
    due: list[Alert] = []
    for key in over:
        minute = left.pop(key)
        if minute.told and minute.waiting is not None:
            due.append(minute.waiting)
            left[key] = Minute(now, told=True)  # it goes on: no more than one a minute from now on
    return left, tuple(due)


def end(state: State) -> tuple[Alert, ...]:
    """What is left to tell when nothing more will come."""
    return tuple(minute.waiting for minute in state.values() if minute.told and minute.waiting is not None)


def _key(state: State, place: int, record: AuditRecord) -> Key:
    key = Key(place, record.reason, record.mcp_server, record.tool_name or "", record.decision, record.mode)
    return key if key in state or len(state) < MOST_KINDS else Key(place)


def _add(state: State, key: Key, count: int, record: AuditRecord, now: float) -> Step:
    minute = state.get(key) or Minute(now)
    known = record.exchange_id in minute.seen
    if known and minute.waiting is None:
        return state, ()  # told already
    waiting = _joined(minute.waiting, key, record, known=known, further=minute.told)
    seen = minute.seen | {record.exchange_id} if len(minute.seen) < MOST_SEEN else minute.seen
    due = not minute.told and waiting.count >= count
    made = Minute(minute.begun, told=minute.told or due, waiting=None if due else waiting, seen=seen)
    return {**state, key: made}, (waiting,) if due else ()


def _joined(alert: Alert | None, key: Key, record: AuditRecord, *, known: bool, further: bool) -> Alert:
    if alert is None:
        return Alert(
            reason=key.reason,
            severity=record.severity,
            server=key.server,
            tool=key.tool,
            decision=key.decision,
            mode=key.mode,
            count=1,
            first=record.timestamp,
            last=record.timestamp,
            entities=tuple(sorted(record.entities)),
            rules=_named((), *record.rules),
            identities=_named((), record.identity),
            exchanges=_named((), record.exchange_id),
            further=further,
            several=key == Key(key.rule),
        )
    return replace(
        alert,
        severity=max(alert.severity, record.severity, key=_rank),
        count=alert.count + (not known),
        last=record.timestamp,
        entities=tuple(sorted({*alert.entities, *record.entities})),
        rules=_named(alert.rules, *record.rules),
        identities=_named(alert.identities, record.identity),
        exchanges=_named(alert.exchanges, record.exchange_id),
    )


def _named(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *(name for name in more if name))))[:MOST_NAMED]


def _rank(severity: str) -> int:
    return Severity[severity.upper()] if severity else 0
