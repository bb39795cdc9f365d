from typing import Any

import pytest
from tests.unit.control.audit.report.records import ABOUT, intent, line, report, seen

from doorward.control.audit.report.collect import MOST_CHANGES, MOST_ROWS, Counting, collect
from doorward.control.audit.report.model import (
    Alerts,
    Caller,
    Change,
    Found,
    Mode,
    Objection,
    Outcomes,
    Override,
    Policy,
    Token,
    Use,
)
from doorward.control.audit.report.seen import Lines, Seen


def call(name: str = "x", **more: Any) -> list[Seen]:
    """Both records of a call that was forwarded."""
    return [intent(name), seen(exchange_id=name, latency_ms=10.0, gateway_ms=1.0, **more)]


def test_a_call_counts_once_however_many_records_tell_of_it() -> None:
    note = seen(kind="message", phase="", reason="pii.redacted", redaction_count=1, entities={"PERSON": 1})
    made = report(intent(), note, note, seen(decision="redact", redaction_count=1, entities={"PERSON": 1}))
    assert made.calls == Outcomes(redacted=1)
    assert (made.messages, made.findings.found, made.findings.redacted) == (0, 1, 1)
    assert made.continuity.records == 4


def test_a_call_under_way_is_no_call_yet() -> None:
    made = report(intent("a"), *call("b"))
    assert (made.calls.total, made.continuity.unfinished) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "outcomes"),
    [
        ({}, Outcomes(allowed=1)),
        ({"would_have": "redact", "reason": "pii.redacted"}, Outcomes(allowed=1)),
        ({"would_have": "deny", "reason": "policy.denied"}, Outcomes(watched=1)),
        ({"decision": "redact"}, Outcomes(redacted=1)),
        ({"decision": "redact", "would_have": "deny"}, Outcomes(redacted=1)),
        ({"decision": "deny", "reason": "policy.denied"}, Outcomes(refused=1)),
        ({"decision": "error", "reason": "upstream.timeout"}, Outcomes(failed=1)),
        ({"decision": "what a later version says"}, Outcomes(failed=1)),
    ],
)
def test_how_calls_end(fields: dict[str, Any], outcomes: Outcomes) -> None:
    made = report(*call(**fields))
    assert made.calls == outcomes
    assert [one.outcomes for one in made.moments] == [outcomes]


def test_what_was_and_what_would_have_been_refused_by_rule() -> None:
    watched = {"would_have": "deny", "reason": "policy.denied", "rules": ("no-export", "office-hours")}
    made = report(
        *call("1", **watched),
        *call("2", identity="agent:b", **watched),
        seen(exchange_id="3", decision="deny", reason="policy.denied", rules=("no-export", "office-hours")),
        seen(exchange_id="4", decision="deny", reason="auth.required", identity=""),
        seen(exchange_id="5", kind="message", phase="", decision="deny", reason="pii.blocked", rules=("US_SSN",)),
        *call("6"),
    )
    assert made.objections == (
        Objection("policy.denied", "no-export, office-hours", 1, 2, 0),
        Objection("auth.required", "", 1, 0, 0),
        Objection("pii.blocked", "US_SSN", 0, 0, 1),
    )
    assert (made.would_have, made.would_have_callers) == (2, 2)
    assert made.top_callers == (Caller("agent:a", 1, 3), Caller("agent:b", 1, 1))
    assert made.callers == 2
    assert made.calls.refused + made.calls.watched == 4


def test_who_used_what() -> None:
    made = report(
        *call("1", decision="redact"),
        *call("2", would_have="deny"),
        seen(exchange_id="3", decision="deny"),
        *call("4", tool_name=None, method="tools/list"),
    )
    assert made.uses == (
        Use("agent:a", "crm", "find", 3, 1, 1, 1),
        Use("agent:a", "crm", "tools/list", 1, 0, 0, 0),
    )
    assert made.tool_calls == 3


def test_only_so_many_rows_and_how_many_more() -> None:
    made = report(*(seen(exchange_id=str(number), tool_name=f"t{number}") for number in range(MOST_ROWS + 5)))
    assert (len(made.uses), made.more_uses) == (MOST_ROWS, 5)


def test_findings_by_what_became_of_their_message() -> None:
    def found(count: int, **more: Any) -> Seen:
        place = {"entity": "PERSON", "direction": "results", "pointer": "/x", "score": 1.0}
        return seen(entities={"PERSON": count}, findings=[place] * count, **more)

    made = report(
        found(1, decision="deny"),
        found(2, decision="redact", redaction_count=2),
        found(4, decision="redact", redaction_count=1),
        found(8, would_have="redact"),
        seen(uninspected=3),
    )
    assert made.findings.rows == (Found("PERSON", "results", 15, 1, 2, 4, 8),)
    assert (made.findings.found, made.findings.refused, made.findings.redacted, made.findings.passed) == (15, 1, 3, 11)
    assert (made.findings.would_redact, made.findings.uninspected) == (1, 3)


def test_latency_of_what_was_forwarded_and_of_what_was_refused_at_the_door() -> None:
    made = report(
        *call("1"),
        seen(exchange_id="2", decision="deny", latency_ms=0.5, gateway_ms=0.5),
        intent("3"),
        seen(exchange_id="3", method="subscriptions/listen", latency_ms=3.6e6, gateway_ms=9.0),
        intent("4"),
        seen(exchange_id="4", decision="error", reason="journal.interrupted"),
    )
    gateway, whole, refused = made.latencies
    assert (gateway.calls, gateway.p50, whole.calls, whole.p99, refused.calls, refused.slowest) == (1, 1, 1, 10, 1, 0.5)
    assert sum(bar.whole for bar in made.bars) == 1


def test_an_interrupted_exchange_is_a_failed_call_and_said_so() -> None:
    note = seen(kind="message", phase="", redaction_count=1, entities={"PERSON": 1})
    made = report(intent(), note, seen(decision="error", reason="journal.interrupted"))
    assert (made.calls, made.continuity.interrupted, made.findings.redacted) == (Outcomes(failed=1), 1, 1)


def test_modes_and_policies_from_when_to_when() -> None:
    made = report(
        seen(mode="audit", policy_digest="d1", timestamp="2026-11-20T12:00:00.000Z"),
        seen(mode="audit", policy_digest="d1", timestamp="2026-11-20T10:00:00.000Z"),
        seen(mode="soft", policy_digest="d2", timestamp="2026-11-20T13:00:00.000Z", override="ovr-1"),
    )
    ten, twelve, one = (f"2026-11-20T{hour}:00:00.000Z" for hour in (10, 12, 13))
    assert made.modes == (Mode("crm", "audit", ten, twelve, 2), Mode("crm", "soft", one, one, 1))
    assert made.policies == (Policy("d1", ten, twelve, 2), Policy("d2", one, one, 1))
    assert made.overrides == (Override("ovr-1", 1),)


def test_what_operators_and_the_token_service_did_and_whom_alerts_told() -> None:
    made = report(
        seen(kind="admin", phase="", identity="os:ines", method="override grant", detail="ovr-1"),
        seen(kind="token", phase="", method="oauth/token", decision="deny", reason="auth.invalid"),
        seen(kind="alert", phase="", reason="policy.denied"),
        seen(kind="alert", phase="", reason="policy.denied", decision="error"),
        seen(kind="checkpoint", phase="opened"),
    )
    assert made.changes == (Change("2026-11-20T10:00:00.000Z", "os:ines", "override grant", "ovr-1"),)
    assert made.tokens == (Token("oauth/token", "deny", "auth.invalid", 1),)
    assert made.alerts == (Alerts("policy.denied", 1, 1),)
    assert (made.calls.total, made.continuity.records) == (0, 5)


def test_of_many_changes_the_newest() -> None:
    changes = [
        seen(kind="admin", phase="", detail=str(number), timestamp=f"2026-11-20T10:00:00.{number:03d}Z")
        for number in range(MOST_CHANGES + 2)
    ]
    made = report(*reversed(changes))
    assert (made.changes[0].detail, made.changes[-1].detail, made.more_changes) == ("2", str(MOST_CHANGES + 1), 2)


def test_streams_are_no_calls() -> None:
    made = report(seen(kind="stream", phase="opened"), seen(kind="stream", phase="closed"))
    assert (made.calls.total, made.streams) == (0, 1)


def test_a_flood_of_names_is_said_and_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doorward.control.audit.report.tally.Tally.__init__.__defaults__", (50,))
    counting = Counting()
    for number in range(1000):
        counting.add(seen(exchange_id=str(number), tool_name=f"tool {number}"))
    made = counting.end(ABOUT, {}, 0, report().verification)
    assert made.inexact
    assert made.calls.total == 1000


def test_lines_of_the_time_and_how_many_were_none() -> None:
    lines = [
        line(timestamp="2026-11-19T23:59:59.999Z"),
        line(timestamp="2026-11-20T00:00:00.000Z"),
        line(timestamp="2026-11-21T00:00:00.000Z"),
        b"{}",
        b'{"kind": 7',
        b"\x00\x00",
    ]
    made = collect(Lines(lines, "2026-11-20", "2026-11-21"), ABOUT, {})
    assert (made.calls.total, made.continuity.unreadable) == (1, 3)
    assert not made.verification.done
