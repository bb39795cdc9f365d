from typing import Any

import pytest

from doorward.core.alerting import (
    MOST_KINDS,
    MOST_NAMED,
    MOST_SEEN,
    Alert,
    Rule,
    State,
    alerts,
    end,
    fault,
    matches,
    take,
    tells,
    turn,
)
from doorward.core.audit import AuditRecord


def record(number: int = 0, **members: Any) -> AuditRecord:
    """An outcome that alerts by itself: a call that warn mode let pass."""
    usual: dict[str, Any] = {
        "event_id": f"e{number}",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": f"2026-01-01T00:00:00.{number:03d}Z",
        "identity": "agent:sales",
        "mcp_server": "crm",
        "tool_name": "export",
        "decision": "allow",
        "reason": "policy.denied",
        "rules": ("default-deny",),
        "mode": "warn",
        "would_have": "deny",
        "severity": "high",
    }
    return AuditRecord(**{**usual, **members})


class Told:
    """The three steps, with their state."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules or (Rule(),)
        self.state: State = {}

    def take(self, taken: AuditRecord, now: float = 0.0, *, alert: bool = False) -> tuple[Alert, ...]:
        self.state, due = take(self.state, self.rules, taken, now, alert=alert)
        return due

    def turn(self, now: float) -> tuple[Alert, ...]:
        self.state, due = turn(self.state, now)
        return due


@pytest.mark.parametrize(
    ("mode", "would_have", "by_itself"),
    [
        ("warn", "deny", True),
        ("warn", "redact", True),
        ("soft", "deny", True),
        ("audit", "deny", False),
        ("soft", None, False),
        ("enforce", None, False),
    ],
)
def test_what_alerts_by_itself_is_what_warn_and_soft_let_pass(
    mode: str, would_have: str | None, by_itself: bool
) -> None:
    taken = record(mode=mode, would_have=would_have)
    assert alerts(taken) is by_itself
    assert matches(Rule(), taken) is by_itself
    assert bool(Told().take(taken)) is by_itself


def test_an_exchange_that_alerts_matches_whatever_its_record_says() -> None:
    quiet = record(mode="enforce", would_have=None, reason="", severity="", rules=())
    assert not tells(quiet)
    assert tells(quiet, alert=True)
    assert matches(Rule(), quiet, alert=True)
    assert not matches(Rule(server="files"), quiet, alert=True)


@pytest.mark.parametrize(
    "members",
    [
        {"phase": "intent"},
        {"kind": "stream", "phase": "opened"},
        {"kind": "stream", "phase": "summary"},
        {"kind": "alert", "phase": ""},
        {"kind": "checkpoint", "phase": ""},
        {"reason": "", "would_have": None},
    ],
)
def test_records_that_no_rule_is_asked_about(members: dict[str, Any]) -> None:
    assert not tells(record(**members))


@pytest.mark.parametrize(
    "members",
    [{}, {"kind": "message", "phase": ""}, {"kind": "stream", "phase": "closed"}, {"kind": "gap", "phase": ""}],
)
def test_records_that_rules_are_asked_about(members: dict[str, Any]) -> None:
    assert tells(record(**members))


def test_an_alert_about_an_alert_is_never_made() -> None:
    assert not tells(record(kind="alert", phase=""), alert=True)


@pytest.mark.parametrize(
    ("rule", "members", "matched"),
    [
        (Rule(reason="policy.*"), {"mode": "enforce", "would_have": None, "decision": "deny"}, True),
        (Rule(reason="policy.denied"), {}, True),
        (Rule(reason="auth.*"), {}, False),
        (Rule(reason="*"), {"reason": "", "entities": {"US_SSN": 1}}, False),
        (Rule(severity="high"), {"severity": "high"}, True),
        (Rule(severity="high"), {"severity": "critical"}, True),
        (Rule(severity="high"), {"severity": "medium"}, False),
        (Rule(severity="low"), {"severity": ""}, False),
        (Rule(server="crm"), {}, True),
        (Rule(server="c*"), {}, True),
        (Rule(server="files"), {}, False),
        (Rule(finding="*"), {"entities": {"US_SSN": 1}, "mode": "audit", "would_have": None, "reason": ""}, True),
        (Rule(finding="US_*"), {"entities": {"PERSON": 1, "US_SSN": 1}}, True),
        (Rule(finding="US_SSN"), {"entities": {"PERSON": 1}}, False),
        (Rule(finding="*"), {}, False),
        (Rule(finding="*", server="crm", reason="pii.*", severity="critical"), {"entities": {"PERSON": 1}}, False),
        (
            Rule(finding="*", server="crm", reason="pii.*", severity="critical"),
            {"entities": {"PERSON": 1}, "reason": "pii.blocked", "severity": "critical"},
            True,
        ),
    ],
)
def test_all_of_a_rule_must_hold(rule: Rule, members: dict[str, Any], matched: bool) -> None:
    assert matches(rule, record(**members)) is matched


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (Rule(reason="policy.deny"), "no reason is 'policy.deny'"),
        (Rule(reason=""), "no reason is ''"),
        (Rule(server=""), "a name is empty"),
        (Rule(finding=""), "a name is empty"),
        (Rule(reason="*"), ""),
        (Rule(reason="auth.*", server="crm", finding="*", severity="low"), ""),
    ],
)
def test_rules_that_can_never_match_are_said(rule: Rule, what: str) -> None:
    assert fault(rule) == what


def test_the_first_is_told_at_once_and_the_rest_when_the_minute_ends() -> None:
    told = Told()
    (first,) = told.take(record(1), 0.0)
    assert (first.count, first.further, first.exchanges) == (1, False, ("x1",))
    assert told.take(record(2), 10.0) == ()
    assert told.take(record(3, identity="agent:ops", severity="critical"), 59.0) == ()
    assert told.turn(59.9) == ()
    (rest,) = told.turn(60.0)
    assert (rest.count, rest.further, rest.exchanges) == (2, True, ("x2", "x3"))
    assert (rest.identities, rest.severity) == (("agent:sales", "agent:ops"), "critical")
    assert (rest.first, rest.last) == ("2026-01-01T00:00:00.002Z", "2026-01-01T00:00:00.003Z")


def test_what_goes_on_is_told_once_a_minute_and_what_stops_is_forgotten() -> None:
    told = Told()
    assert len(told.take(record(1), 0.0)) == 1
    told.take(record(2), 1.0)
    assert len(told.turn(60.0)) == 1
    assert told.take(record(3), 61.0) == ()
    assert [alert.exchanges for alert in told.turn(120.0)] == [("x3",)]
    assert told.turn(180.0) == ()
    assert told.state == {}
    assert len(told.take(record(4), 181.0)) == 1


def test_a_minute_that_is_over_ends_with_the_next_record_too() -> None:
    told = Told()
    told.take(record(1), 0.0)
    told.take(record(2), 1.0)
    assert [alert.count for alert in told.take(record(3, tool_name="other"), 70.0)] == [1, 1]


def test_a_count_is_reached_within_one_minute_or_not_at_all() -> None:
    told = Told(Rule(count=3))
    assert told.take(record(1), 0.0) == ()
    assert told.take(record(2), 1.0) == ()
    assert told.turn(60.0) == ()
    assert told.state == {}
    assert told.take(record(3), 61.0) == ()
    assert told.take(record(4), 62.0) == ()
    (due,) = told.take(record(5), 63.0)
    assert due.exchanges == ("x3", "x4", "x5")
    assert told.take(record(6), 64.0) == ()
    assert [alert.count for alert in told.turn(121.0)] == [1]


def test_two_records_of_one_call_count_once_and_their_findings_are_joined() -> None:
    told = Told(Rule(finding="*", count=2))
    assert told.take(record(1, kind="message", phase="", entities={"PERSON": 1})) == ()
    assert told.take(record(1, entities={"PERSON": 1, "US_SSN": 2})) == ()
    (due,) = told.take(record(2, entities={"EMAIL_ADDRESS": 1}))
    assert (due.count, due.entities) == (2, ("EMAIL_ADDRESS", "PERSON", "US_SSN"))


def test_a_call_that_was_told_is_not_told_again_by_its_second_record() -> None:
    told = Told(Rule(finding="*"))
    assert len(told.take(record(1, kind="message", phase="", entities={"PERSON": 1}))) == 1
    assert told.take(record(1, entities={"PERSON": 1})) == ()
    assert told.turn(60.0) == ()


@pytest.mark.parametrize(
    "members",
    [
        {"reason": "policy.error"},
        {"mcp_server": "files"},
        {"tool_name": None},
        {"mode": "soft"},
        {"decision": "redact"},
    ],
)
def test_what_is_unlike_is_told_apart(members: dict[str, Any]) -> None:
    told = Told()
    assert len(told.take(record(1))) == 1
    assert len(told.take(record(2, **members))) == 1


def test_rules_are_counted_each_for_itself() -> None:
    told = Told(Rule(reason="policy.*"), Rule(severity="high", count=2))
    assert len(told.take(record(1))) == 1
    assert [alert.count for alert in told.take(record(2))] == [2]


def test_too_many_kinds_share_one_alert_and_none_is_lost() -> None:
    told = Told()
    due: list[Alert] = []
    for number in range(MOST_KINDS + 7):
        due.extend(told.take(record(number, tool_name=f"tool{number}"), 0.0))
    assert len(due) == MOST_KINDS + 1
    assert due[-1].several
    assert (due[-1].reason, due[-1].server, due[-1].tool) == ("", "", "")
    (rest,) = told.turn(60.0)
    assert (rest.several, rest.count) == (True, 6)
    assert sum(alert.count for alert in (*due, rest)) == MOST_KINDS + 7


def test_what_one_alert_holds_is_bounded() -> None:
    told = Told()
    told.take(record(0))
    for number in range(1, 1000):
        told.take(record(number, identity=f"agent:{number}", rules=(f"r{number}",)))
    (minute,) = told.state.values()
    assert minute.waiting is not None
    assert len(minute.seen) == MOST_SEEN
    waiting = minute.waiting
    assert waiting.count == 999
    assert [len(names) for names in (waiting.identities, waiting.exchanges, waiting.rules)] == [MOST_NAMED] * 3


def test_at_the_end_only_what_waits_for_its_minute_is_left() -> None:
    told = Told(Rule(reason="policy.*"), Rule(reason="policy.*", count=5))
    told.take(record(1))
    assert end(told.state) == ()
    told.take(record(2))
    assert [alert.count for alert in end(told.state)] == [1]
