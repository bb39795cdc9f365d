import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from tests.unit.formats.ocsf_schema import SCHEMA, faults_of
from tests.unit.formats.test_formats import RECORDS

from doorward.core.audit import AuditRecord
from doorward.core.decision import Reason
from doorward.core.tracing import span_id_of
from doorward.formats import ocsf
from doorward.formats.one_line import json_line


def events(record: dict[str, Any]) -> list[dict[str, Any]]:
    made = list(ocsf.events(record))
    for event in made:
        rules = SCHEMA["classes"][str(event["class_uid"])]
        assert faults_of(event, rules, rules["name"]) == []
        assert event["category_uid"] == rules["category_uid"]
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["metadata"]["version"] == SCHEMA["version"] == ocsf.VERSION
    return [json.loads(json_line(event)) for event in made]


def record(**fields: Any) -> dict[str, Any]:
    usual = {"event_id": "e1", "exchange_id": "x1", "kind": "exchange", "phase": "outcome"}
    made = AuditRecord(timestamp="2026-11-22T19:49:49.064Z", **(usual | fields))
    return msgspec.to_builtins(made)


def test_a_call_is_an_api_activity() -> None:
    (event,) = events(
        record(
            identity="corp|alice",
            client="ide",
            groups=("staff",),
            client_ip="2001:db8::1",
            grant_id="g1",
            mcp_server="crm",
            tool_name="get_customer",
            method="tools/call",
            trace_id="4bf9",
            decision="deny",
            reason="policy.denied",
            rules=("default-deny",),
            severity="high",
            latency_ms=5.6,
            upstream_status=200,
            detail="a word",
        )
    )
    assert event["type_uid"] == 600399
    assert event["activity_name"] == "tools/call"
    assert event["time"] == 1795376989064
    assert event["duration"] == 6
    assert event["actor"] == {
        "user": {"uid": "corp|alice", "groups": [{"name": "staff"}]},
        "app_uid": "ide",
        "session": {"uid": "g1"},
    }
    assert event["src_endpoint"] == {"ip": "2001:db8::1"}
    assert event["api"] == {
        "operation": "get_customer",
        "service": {"name": "crm"},
        "request": {"uid": "x1"},
        "response": {"code": 200},
    }
    assert (event["status_id"], event["status_code"], event["status_detail"]) == (2, "policy.denied", "a word")
    assert (event["action_id"], event["disposition_id"], event["severity_id"]) == (2, 2, 4)
    assert (event["metadata"]["uid"], event["metadata"]["correlation_uid"]) == ("e1", "4bf9")
    assert event["unmapped"]["rules"] == ["default-deny"]


@pytest.mark.parametrize(
    ("method", "activity"),
    [
        ("tools/list", (2, "Read")),
        ("resources/read", (2, "Read")),
        ("tools/call", (99, "tools/call")),
        ("made/up", (99, "made/up")),
        (None, (99, "exchange")),
    ],
)
def test_activities(method: str | None, activity: tuple[int, str]) -> None:
    (event,) = events(record(method=method))
    assert (event["activity_id"], event["activity_name"]) == activity


@pytest.mark.parametrize(
    ("decision", "status", "action", "disposition"),
    [
        ("allow", 1, 1, 1),
        ("redact", 1, 1, 11),
        ("deny", 2, 2, 2),
        ("error", 2, 99, 27),
        ("new", 99, 99, 99),
        ("", 0, 0, 0),
    ],
)
def test_decisions_known_and_not(decision: str, status: int, action: int, disposition: int) -> None:
    (event,) = events(record(decision=decision))
    assert (event["status_id"], event["action_id"], event["disposition_id"]) == (status, action, disposition)
    if status == 99:
        assert event["status"] == event["action"] == event["disposition"] == "new"


def test_what_enforcement_would_have_done_is_detected() -> None:
    (event,) = events(record(decision="allow", would_have="deny"))
    assert (event["action_id"], event["disposition"]) == (1, "Detected")
    assert event["unmapped"]["would_have"] == "deny"


@pytest.mark.parametrize(("said", "severity"), [("", 1), ("low", 2), ("medium", 3), ("high", 4), ("critical", 5)])
def test_severities(said: str, severity: int) -> None:
    assert events(record(severity=said))[0]["severity_id"] == severity


def test_a_severity_that_is_not_known_is_other_and_named() -> None:
    (event,) = events(record(severity="dire"))
    assert (event["severity_id"], event["severity"]) == (99, "dire")


FOUND = {
    "entity": "US_SSN",
    "direction": "results",
    "pointer": "/result/content/*/it's",
    "score": 0.85,
    "detector": "patterns",
    "rule": "ssn+key",
}


def test_what_was_found_is_a_data_security_finding_beside_it() -> None:
    more = FOUND | {"entity": "PERSON", "rule": "prose", "pointer": ""}
    call, finding = events(
        record(
            entities={"US_SSN": 2, "PERSON": 1},
            findings=[FOUND, FOUND, more],
            decision="redact",
            severity="high",
            mcp_server="crm",
            tool_name="get_customer",
            identity="agent:one",
        )
    )
    assert finding["type_uid"] == 200601
    assert finding["metadata"]["uid"] == finding["finding_info"]["uid"] != call["metadata"]["uid"]
    assert finding["finding_info"]["types"] == ["PERSON", "US_SSN"]
    assert finding["data_security"]["discovery_details"] == [
        {"type": "PERSON", "count": 1, "occurrences": [{"json_path": "$"}]},
        {"type": "US_SSN", "count": 2, "occurrences": [{"json_path": r"$['result']['content'][*]['it\'s']"}]},
    ]
    assert finding["data_security"]["detection_pattern"] == "prose, ssn+key"
    assert finding["unmapped"]["findings"] == [FOUND, FOUND, more]
    assert finding["unmapped"]["api"] == call["api"]
    assert finding["actor"] == call["actor"]
    assert finding["resources"] == [{"type": "MCP tool", "name": "crm/get_customer"}]
    assert (finding["disposition_id"], finding["is_alert"]) == (11, True)


def test_what_was_found_without_a_count_or_a_place() -> None:
    _, finding = events(record(entities={"US_SSN": 2}, decision="allow"))
    assert finding["data_security"]["discovery_details"] == [{"type": "US_SSN", "count": 2}]
    assert finding["is_alert"] is False
    _, finding = events(record(findings=[FOUND]))
    assert finding["finding_info"]["title"] == "something found in exchange"


@pytest.mark.parametrize(("reason", "technique"), [("injection.found", "AML.T0051"), ("poisoning.changed", None)])
def test_an_attack_is_a_detection_finding(reason: str, technique: str | None) -> None:
    call, found, attack = events(record(reason=reason, decision="deny", tool_name="t", entities={"INJECTION": 1}))
    assert attack["type_uid"] == 200401
    assert len({event["metadata"]["uid"] for event in (call, found, attack)}) == 3
    assert attack["finding_info"]["types"] == [reason]
    techniques = [one["technique"]["uid"] for one in attack["finding_info"].get("attacks", ())]
    assert techniques == ([technique] if technique else [])
    assert attack["evidences"][0]["api"] == call["api"]


@pytest.mark.parametrize("reason", list(Reason))
def test_no_reason_of_today_speaks_of_an_attack(reason: Reason) -> None:
    """The first that does is an event of its own class then, without a change here."""
    assert len(events(record(reason=reason))) == 1


def test_the_callers_trace_and_our_span_of_it() -> None:
    (ended,) = events(record(trace_id="a" * 32, span_id="b" * 16, latency_ms=5.4))
    assert ended["trace"] == {
        "uid": "a" * 32,
        "span": {
            "uid": span_id_of("x1"),
            "parent_uid": "b" * 16,
            "start_time": ended["time"] - 5,
            "end_time": ended["time"],
        },
    }
    assert ended["metadata"]["profiles"] == ["security_control", "trace"]
    (begun,) = events(record(trace_id="a" * 32, phase="intent"))
    assert begun["trace"] == {"uid": "a" * 32}
    (none,) = events(record(latency_ms=5.4))
    assert "trace" not in none
    assert none["metadata"]["profiles"] == ["security_control"]


@given(given=RECORDS)
@settings(max_examples=60, deadline=None)
def test_any_record_is_valid(given: dict[str, Any]) -> None:
    events(record() | given)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "10.0.0.1:80", "unix", "fe80::1%" + "z" * 60])
def test_what_is_no_address_is_a_name(address: str) -> None:
    assert events(record(client_ip=address))[0]["src_endpoint"] == {"name": address}


@pytest.mark.parametrize("kind", ["gap", "alert", "checkpoint", "token", "admin", "stream", "message"])
def test_every_kind_of_record_is_an_event(kind: str) -> None:
    assert events(record(kind=kind, phase=""))


def test_every_member_of_a_record_is_mapped_or_in_unmapped() -> None:
    full: dict[str, Any] = {name: f"<{name}>" for name in AuditRecord.__struct_fields__}
    full |= {"timestamp": "2026-11-22T19:49:49.064Z", "seq": 7, "groups": ["<groups>"], "latency_ms": 3.0}
    full |= {"upstream_status": 418, "client_ip": "<client_ip>", "entities": {"<entities>": 1}, "findings": []}
    (event, _) = ocsf.events(full)
    text = json.dumps(event)
    for name, value in full.items():
        said = {"timestamp": "1795376989064", "seq": '"sequence": 7', "latency_ms": '"duration": 3', "findings": "{"}
        assert said.get(name, "418" if name == "upstream_status" else f"<{name}>") in text, (name, value)


def test_the_page_of_docs_names_every_attribute_that_is_filled() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ocsf.md").read_text(encoding="utf-8")
    full = record(entities={"US_SSN": 1}, trace_id="t", reason="r", detail="d", latency_ms=1.0, mode="audit")
    full["reason"] = "injection.found"
    for event in events(full):
        assert all(f"`{name}" in page for name in event), set(event)


def test_the_checker_finds_what_is_wrong() -> None:
    rules = SCHEMA["classes"]["6003"]
    (event,) = events(record())
    for change in (
        {"new": 1},
        {"severity_id": 17},
        {"severity_id": "4"},
        {"time": "now"},
        {"api": {}},
        {"actor": {}},
        {"src_endpoint": {"ip": "x" * 41}},
        {"actor": {"user": {"groups": {}, "uid": "u"}}},
    ):
        assert faults_of(event | change, rules, "event"), change
    assert faults_of({name: event[name] for name in event if name != "time"}, rules, "event")
