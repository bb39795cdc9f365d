import pytest
from tests.receivers.events import event

from doorward.sinks.cloudevents import headers, kind, trace, traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"kind": "exchange", "phase": "outcome"}, "doorward.exchange.outcome"),
        ({"kind": "admin", "phase": ""}, "doorward.admin"),
        ({}, "doorward"),
    ],
)
def test_the_kind(record: dict[str, str], named: str) -> None:
    assert kind(record) == named


def test_a_trace_that_is_none_is_left_out() -> None:
    assert traceparent({"trace_id": TRACE, "span_id": SPAN}) == f"00-{TRACE}-{SPAN}-00"
    assert trace({"trace_id": TRACE, "span_id": ""}) == (TRACE, "")
    assert traceparent({"trace_id": TRACE, "span_id": ""}) == ""
    for wrong in ("", "0" * 32, TRACE.upper(), TRACE + "\n", TRACE[1:]):
        assert trace({"trace_id": wrong, "span_id": SPAN}) == ("", "")
    assert trace({"trace_id": TRACE, "span_id": "0" * 16}) == (TRACE, "")


def test_cef_is_text() -> None:
    assert dict(headers(event(1), "cef", "edge"))["content-type"] == "text/plain; charset=utf-8"
    assert dict(headers(event(1), "ecs", "edge"))["content-type"] == "application/json"
    assert "traceparent" not in dict(headers(event(1), "ecs", "edge"))
