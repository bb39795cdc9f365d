from typing import Any

from doorward.control.pii_report import Row, report
from doorward.core.audit import AuditRecord


def record(**more: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": "e",
        "exchange_id": "x",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "mcp_server": "crm",
        "tool_name": "find",
    }
    return AuditRecord(**(usual | more))


def found(entity: str, count: int, direction: str = "results", **more: Any) -> AuditRecord:
    places = [{"entity": entity, "direction": direction, "pointer": "/result", "score": 1.0}] * min(count, 100)
    return record(entities={entity: count}, findings=places, **more)


def test_what_passed_is_what_was_found_less_what_was_redacted_or_refused() -> None:
    made = report(
        [
            found("PERSON", 3),
            found("PERSON", 2, redaction_count=2, decision="redact"),
            found("SECRET", 1, "arguments", decision="deny"),
            found("PERSON", 4, redaction_count=1, decision="redact"),
            record(),
            record(uninspected=2),
        ],
        "2026-11-19",
    )
    assert (made.records, made.found, made.redacted, made.refused, made.unredacted) == (6, 10, 3, 1, 6)
    assert made.uninspected == 2


def test_by_day_server_tool_entity_and_direction() -> None:
    made = report(
        [
            found("PERSON", 3),
            found("PERSON", 1),
            found("PERSON", 1, "arguments"),
            found("PERSON", 1, timestamp="2026-11-21T00:00:00.000Z"),
            found("US_SSN", 1, tool_name=None, method="resources/read"),
        ],
        "",
    )
    day = "2026-11-20"
    assert made.rows == [
        Row(day, "crm", "find", "PERSON", "arguments", 1),
        Row(day, "crm", "find", "PERSON", "results", 4),
        Row(day, "crm", "resources/read", "US_SSN", "results", 1),
        Row("2026-11-21", "crm", "find", "PERSON", "results", 1),
    ]


def test_places_that_found_no_room_are_counted_too() -> None:
    rows = report([found("PERSON", 250)], "").rows
    assert [(row.direction, row.count) for row in rows] == [("more", 150), ("results", 100)]


def test_an_intent_and_what_is_no_message_say_nothing() -> None:
    assert report([found("PERSON", 1, phase="intent"), found("PERSON", 1, kind="admin")], "").found == 0
