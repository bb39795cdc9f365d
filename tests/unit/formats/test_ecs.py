import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from doorward.core.audit import AuditRecord
from doorward.core.tracing import span_id_of
from doorward.formats import ecs

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"

# Of the fields that are set, the values that ECS 8.17 allows (elastic.co, "ECS categorization fields").
KINDS = {"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"}
OUTCOMES = {"failure", "success", "unknown"}
TYPES = {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"}


def event(**fields: Any) -> Any:
    given = {"event_id": "e1", "exchange_id": "x1", "kind": "exchange", "timestamp": "2026-11-22T19:49:49.064Z"}
    (line,) = ecs.lines(msgspec.to_builtins(AuditRecord(**(given | fields))))
    made = json.loads(line)
    assert made["event"]["kind"] in KINDS
    assert made["event"]["outcome"] in OUTCOMES
    assert set(made["event"]["type"]) <= TYPES
    assert made["event"]["category"] == ["api", "process"]
    assert all(isinstance(value, str) for value in made["labels"].values())
    return made


def test_a_call() -> None:
    made = event(
        phase="outcome",
        seq=7,
        trace_id="4bf9",
        span_id="00f0",
        identity="corp|alice",
        client="ide",
        groups=("staff",),
        client_ip="10.1.2.3",
        mcp_server="crm",
        tool_name="get_customer",
        method="tools/call",
        protocol="2025-11-25",
        transport="http",
        args_hash="808f",
        hash_key_id="k",
        decision="deny",
        reason="policy.denied",
        rules=("default-deny",),
        severity="high",
        latency_ms=5.25,
        upstream_status=200,
        entities={"US_SSN": 2},
    )
    assert made["@timestamp"] == "2026-11-22T19:49:49.064Z"
    assert made["event"] | {"module": 0, "dataset": 0, "provider": 0, "category": 0} == {
        "id": "e1",
        "kind": "alert",
        "category": 0,
        "type": ["denied"],
        "outcome": "failure",
        "action": "tools/call",
        "module": 0,
        "dataset": 0,
        "provider": 0,
        "severity": 73,
        "sequence": 7,
        "reason": "policy.denied",
        "code": "policy.denied",
        "duration": 5_250_000,
    }
    assert made["message"] == "deny crm/get_customer corp|alice policy.denied"
    assert (made["trace"], made["span"]) == ({"id": "4bf9"}, {"id": span_id_of("x1")})
    assert made["user"] == {"id": "corp|alice", "group": [{"name": "staff"}]}
    assert made["client"] == {"user": {"id": "ide"}}
    assert made["source"] == {"address": "10.1.2.3", "ip": "10.1.2.3"}
    assert made["service"]["target"] == {"name": "crm", "type": "mcp"}
    assert made["rule"] == {"id": ["default-deny"]}
    assert made["labels"]["args_hash"] == "808f"
    assert (made["labels"]["mcp_transport"], made["labels"]["mcp_protocol"]) == ("http", "2025-11-25")
    assert made["doorward"]["tool_name"] == "get_customer"
    assert made["doorward"]["entities"] == {"US_SSN": 2}


@pytest.mark.parametrize(
    ("decision", "outcome", "kind", "type"),
    [
        ("allow", "success", "event", "allowed"),
        ("redact", "success", "alert", "allowed"),
        ("deny", "failure", "alert", "denied"),
        ("error", "failure", "event", "end"),
        ("", "unknown", "event", "info"),
        ("new", "unknown", "event", "info"),
    ],
)
def test_decisions(decision: str, outcome: str, kind: str, type: str) -> None:
    made = event(decision=decision)["event"]
    assert (made["outcome"], made["kind"], made["type"]) == (outcome, kind, [type])


def test_what_enforcement_would_have_done_is_an_alert() -> None:
    assert event(decision="allow", would_have="deny")["event"]["kind"] == "alert"
    assert event(kind="alert")["event"]["kind"] == "alert"


def test_nothing_is_said_of_what_is_not_there() -> None:
    made = event(client_ip="")
    assert not {"trace", "span", "user", "client", "source", "rule"} & set(made)
    assert "target" not in made["service"]
    assert event(client_ip="somebody")["source"] == {"address": "somebody"}


def test_every_member_of_a_record_is_somewhere() -> None:
    full: dict[str, Any] = {name: f"<{name}>" for name in AuditRecord.__struct_fields__}
    full |= {"timestamp": "2026-11-22T19:49:49.064Z", "seq": 7, "latency_ms": 3.0, "groups": ["<groups>"]}
    full |= {"rules": ["<rules>"], "span_id": "<span_id>"}
    text = json.dumps(ecs.document(full))
    for name in full:
        said = {"timestamp": "19:49:49", "seq": '"sequence": 7', "latency_ms": "3000000", "severity": '"severity": 47'}
        assert said.get(name, f"<{name}>") in text, name


def test_the_page_names_every_field() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in event(trace_id="t", identity="i", client="c", client_ip="x", rules=("r",)):
        assert name in ("ecs", "message", "observer", "network") or f"`{name}" in page, name
