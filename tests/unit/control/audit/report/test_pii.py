from typing import Any

from tests.unit.control.audit.report.records import intent, seen

from doorward.control.audit.report.pii import Row, report
from doorward.control.audit.report.seen import Seen


def found(entity: str, count: int, direction: str = "results", **more: Any) -> Seen:
    places = [{"entity": entity, "direction": direction, "pointer": "/result", "score": 1.0}] * min(count, 100)
    return seen(entities={entity: count}, findings=places, **more)


def test_what_passed_is_what_was_found_less_what_was_redacted_or_refused() -> None:
    made = report(
        [
            found("PERSON", 3),
            found("PERSON", 2, redaction_count=2, decision="redact"),
            found("SECRET", 1, "arguments", decision="deny"),
            found("PERSON", 4, redaction_count=1, decision="redact"),
            seen(),
            seen(uninspected=2),
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


def test_what_was_noted_in_between_counts_once() -> None:
    made = report(
        [
            intent(),
            found("PERSON", 1, kind="message", phase="", redaction_count=1),
            found("PERSON", 3, kind="message", phase="", redaction_count=3),
            found("PERSON", 4, redaction_count=4, decision="redact"),
        ],
        "",
    )
    assert (made.records, made.found, made.redacted) == (1, 4, 4)


def test_a_stream_counts_where_it_closes_and_as_far_as_it_came() -> None:
    closed = found("PERSON", 2, kind="stream", phase="closed")
    assert report([seen(kind="stream", phase="opened"), closed], "").found == 2
    open_still = found("PERSON", 3, kind="stream", phase="summary")
    assert report([seen(kind="stream", phase="opened"), open_still], "").found == 3
    assert report([open_still, open_still], "").found == 3
