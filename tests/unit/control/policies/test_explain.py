from typing import Any

import pytest

from doorward.control.policies.explain import RuleFound, explain, lines
from doorward.core.audit import AuditRecord

FILES = {
    "crm.cedar": '// first line\n@id("no-export")\nforbid (principal, action, resource);\n',
    "facts.yaml": "",
}


def record(**members: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": "e",
        "exchange_id": "x1",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "identity": "agent:sales",
        "client": "agent:sales",
        "client_ip": "10.0.0.1",
        "grant_id": "g1",
        "mcp_server": "crm",
        "tool_name": "export",
        "method": "tools/call",
        "mode": "warn",
        "decision": "allow",
        "reason": "policy.denied",
        "severity": "high",
        "would_have": "deny",
        "rules": ("no-export", "agents:agent:sales:crm", "default-deny", "other"),
        "policy_digest": "d1",
    }
    return AuditRecord(**{**usual, **members})


def test_nothing_is_known_of_an_exchange_without_a_record() -> None:
    assert explain([], FILES) is None


def test_rules_of_the_gateways_own_are_no_texts_that_are_lost() -> None:
    found = explain([record(rules=("grant", "input-schema", "US_SSN"), entities={"US_SSN": 1})], None)
    assert found is not None
    assert [rule.origin for rule in found.rules] == ["built in"] * 3


def test_rules_are_those_of_the_set_that_decided() -> None:
    found = explain([record(phase="intent", rules=()), record()], FILES)
    assert found is not None
    assert found.rules == (
        RuleFound("no-export", "file", "crm.cedar", 2, found.rules[0].text),
        RuleFound("agents:agent:sales:crm", "agents"),
        RuleFound("default-deny", "built in"),
        RuleFound("other", "gone"),
    )
    assert found.rules[0].text.startswith('@id("no-export")')
    assert [rule.place for rule in found.rules] == [
        "crm.cedar:2",
        "identity.agents",
        "built in",
        "its text was not kept",
    ]
    assert found.policies_known


def test_without_the_set_the_ids_are_still_there() -> None:
    found = explain([record()], None)
    assert found is not None
    assert [rule.origin for rule in found.rules] == ["gone", "agents", "built in", "gone"]
    assert not found.policies_known


@pytest.mark.parametrize(
    ("decision", "would_have", "enforcement"),
    [("allow", "deny", "deny"), ("allow", "redact", "redact"), ("allow", None, "allow"), ("deny", None, "deny")],
)
def test_what_enforcement_would_have_done(decision: str, would_have: str | None, enforcement: str) -> None:
    found = explain([record(decision=decision, would_have=would_have)], FILES)
    assert found is not None
    assert found.enforcement == enforcement


def test_the_outcome_tells_and_not_what_came_with_it() -> None:
    note = record(kind="message", phase="", reason="pii.redacted")
    found = explain([record(phase="intent"), record(), note], FILES)
    assert found is not None
    assert (found.reason, found.finished) == ("policy.denied", True)


def test_an_exchange_that_has_not_ended() -> None:
    found = explain([record(phase="intent")], FILES)
    assert found is not None
    assert not found.finished
    assert "without an outcome" in lines(found)[0]


def test_for_people() -> None:
    whole = record(
        facts=("outside-data",),
        act=("agent:top",),
        groups=("sales",),
        override="ovr-1",
        entities={"US_SSN": 2},
        findings=[{"entity": "US_SSN", "pointer": "/result/*", "score": 1.0, "detector": "stub"}],
    )
    found = explain([whole], FILES)
    assert found is not None
    assert lines(found) == [
        "exchange     x1 at 2026-01-01T00:00:00.000Z",
        "who          agent:sales, client agent:sales, from 10.0.0.1, acting for: agent:top",
        "groups       sales",
        "grant        g1",
        "what         tools/call export on crm",
        "mode         warn",
        "decided      allow policy.denied high",
        "enforcement  would have done: deny",
        "override     ovr-1",
        "rule         no-export (crm.cedar:2)",
        "rule         agents:agent:sales:crm (identity.agents)",
        "rule         default-deny (built in)",
        "rule         other (its text was not kept)",
        "facts        outside-data",
        "findings     US_SSN x 2",
        "             US_SSN at /result/*",
        "policies     d1",
    ]


def test_a_body_that_nobody_read() -> None:
    found = explain([record(method=None, tool_name=None, rules=(), would_have=None, decision="deny")], None)
    assert found is not None
    shown = lines(found)
    assert "what         a message that was not read on crm" in shown
    assert "enforcement  would have done the same" in shown
    assert "policies     d1, whose text was not kept" in shown
