from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.events import event, some
from tests.receivers.otlp import Otlp as Receiver
from tests.receivers.otlp import attributes
from tests.receivers.serving import Fault

from doorward.configtypes import Duration, Plugin, Refused, Secret
from doorward.core.delivery import ALL, SinkFault
from doorward.plugins import builder
from doorward.sinks.otlp import Otlp, rejected
from doorward.sinks.posting import SETTLED, Answer

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
Make = Callable[..., Otlp]
KEY = "to" + "ken-1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver({"api-key": KEY}) as up:
        yield up


@pytest.fixture
def sink() -> Iterator[Make]:
    made: list[Otlp] = []

    def make(receiver: Receiver, path: str = "", **more: Any) -> Otlp:
        options: dict[str, Any] = {"url": Secret(receiver.url + path), "headers": {"api-key": Secret(KEY)}, **more}
        made.append(Otlp(Otlp.Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_record_in_the_conventions_names(receiver: Receiver, sink: Make) -> None:
    called = event(
        1,
        at=1_790_000_000.064,
        method="tools/call",
        protocol="2025-11-25",
        transport="http",
        client_ip="10.1.2.3",
        upstream_status=200,
        trace_id=TRACE,
        span_id=SPAN,
        severity="high",
        decision="redact",
        reason="pii.redacted",
        rules=["r1", "r2"],
        entities={"US_SSN": 2, "EMAIL": 1},
        pii_redacted=True,
        redaction_count=3,
        latency_ms=5.25,
        sampled=0.1,
    )
    assert sink(receiver, service="edge", resource={"deployment.environment.name": "prod"}).deliver([called]) == ALL
    (made,) = receiver.taken
    assert made.time_unix_nano == made.observed_time_unix_nano == 1_790_000_001_064_000_000
    assert (made.severity_number, made.severity_text) == (17, "ERROR")
    assert (made.trace_id.hex(), made.span_id.hex()) == (TRACE, SPAN)
    assert made.event_name == "doorward.exchange.outcome"
    assert made.body.string_value.encode() == called.data
    assert attributes(made.attributes) == {
        "log.record.uid": called.id,
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_customer",
        "mcp.protocol.version": "2025-11-25",
        "network.transport": "tcp",
        "client.address": "10.1.2.3",
        "http.response.status_code": 200,
        "doorward.kind": "exchange",
        "doorward.phase": "outcome",
        "doorward.identity": "agent:sales",
        "doorward.mcp_server": "crm",
        "doorward.decision": "redact",
        "doorward.reason": "pii.redacted",
        "doorward.rules": ["r1", "r2"],
        "doorward.severity": "high",
        "doorward.entities": ["EMAIL", "US_SSN"],
        "doorward.found": 3,
        "doorward.pii_redacted": True,
        "doorward.redaction_count": 3,
        "doorward.latency_ms": 5.25,
        "doorward.weight": pytest.approx(0.1),
    }
    (resource,) = receiver.resources
    assert resource["service.name"] == "edge"
    assert resource["deployment.environment.name"] == "prod"
    assert resource["host.name"]


def test_a_record_that_is_none_of_a_call(receiver: Receiver, sink: Make) -> None:
    bare = event(1, kind="gap", phase="", decision="error", reason="journal.torn", tool_name=None, trace_id="0" * 32)
    assert sink(receiver).deliver([bare]) == ALL
    (made,) = receiver.taken
    assert (made.severity_text, made.event_name, made.trace_id) == ("INFO", "doorward.gap", b"")
    named = attributes(made.attributes)
    assert named["error.type"] == "journal.torn"
    assert "gen_ai.tool.name" not in named


def test_a_record_that_somebody_changed_holds_up_nothing(receiver: Receiver, sink: Make) -> None:
    odd = event(1, kind=7, phase=["x"], entities=["a"], sampled="x", trace_id=5, rules={"a": 1}, severity=3, groups=[1])
    assert sink(receiver).deliver([odd, event(2, entities={"US_SSN": "two"}, sampled=None)]) == ALL
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("path", ["", "/", "/v1/logs"])
def test_the_path_is_added_where_it_is_not_there(path: str, receiver: Receiver, sink: Make) -> None:
    assert sink(receiver, path).deliver(some(1)) == ALL


def test_the_limits_are_within_what_is_usual(receiver: Receiver, sink: Make) -> None:
    """Full in count and in bytes, every byte of the data one that JSON writes as two, and the attributes long."""
    made = sink(receiver)
    size = made.limits.bytes // made.limits.events - made.limits.overhead
    assert size > 900
    rules = [f"rule-{number}" for number in range(100)]
    events = [event(n, data=b'"' * size, rules=rules, facts=rules, policy_digest="0" * 64) for n in range(500)]
    assert made.deliver(events) == ALL
    assert made.deliver([event(n, data=b'"' * made.limits.event) for n in range(4)]) == ALL
    assert len(receiver.taken) == 504
    assert sink(receiver, events=20).limits.events == 20


@pytest.mark.parametrize("bad", [{3}, {0, 7}, set(range(8)), {0}])
def test_rejected_records_are_found(bad: set[int], receiver: Receiver, sink: Make) -> None:
    """The answer only counts them; those around one may come twice, with the same id."""
    events = some(8)
    receiver.rejects = lambda record: record.body.string_value.encode() in {events[place].data for place in bad}
    said = sink(receiver).deliver(events)
    assert said.refused == dict.fromkeys(bad, "rejected by the receiver")
    assert not said.again
    assert {record.body.string_value.encode() for record in receiver.taken} == {
        one.data for place, one in enumerate(events) if place not in bad
    }


def test_a_request_that_is_refused_for_one_record(receiver: Receiver, sink: Make) -> None:
    events = some(8)
    receiver.unacceptable = lambda record: record.body.string_value.encode() == events[2].data
    said = sink(receiver).deliver(events)
    assert (set(said.refused), set(said.again)) == ({2}, set())
    assert len(receiver.taken) == 7


def test_one_that_refuses_everything_is_not_believed(receiver: Receiver, sink: Make) -> None:
    receiver.unacceptable = lambda _: True
    with pytest.raises(SinkFault, match="refused whatever it holds: HTTP 400"):
        sink(receiver).deliver(some(4))


def test_a_smaller_receiver_gets_smaller_requests(sink: Make) -> None:
    with Receiver({"api-key": KEY}, largest=20_000) as receiver:
        assert sink(receiver).deliver(some(60)) == ALL
        assert len(receiver.taken) == 60


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_comes_again_when_the_receiver_says(status: int, receiver: Receiver, sink: Make) -> None:
    made = sink(receiver)
    receiver.next(Fault("status", status, {"Retry-After": "3"}))
    with pytest.raises(SinkFault, match=f"HTTP {status}") as caught:
        made.deliver(some(2))
    assert caught.value.wait == 3
    assert made.deliver(some(2)) == ALL


@pytest.mark.parametrize("status", [401, 403, 404, 405, 415, 302])
def test_what_is_about_us_refuses_no_event(status: int, receiver: Receiver, sink: Make) -> None:
    receiver.next(Fault("status", status))
    with pytest.raises(SinkFault, match=f"HTTP {status}") as caught:
        sink(receiver).deliver(some(2))
    assert caught.value.wait >= SETTLED
    assert not receiver.taken


@pytest.mark.parametrize("kind", ["hang", "cut", "lost", "half", "trickle"])
def test_without_an_answer_all_comes_again(kind: str, receiver: Receiver, sink: Make) -> None:
    made = sink(receiver, timeout=Duration(0.5) if kind in ("hang", "trickle") else Duration(10))
    receiver.next(Fault(kind))
    with pytest.raises(SinkFault):
        made.deliver(some(2))
    assert sink(receiver).deliver(some(2)) == ALL


@pytest.mark.parametrize("said", [[], "ok", {"partialSuccess": {"rejectedLogRecords": "many"}}, {"partialSuccess": 1}])
def test_an_answer_that_is_not_otlp_is_none(said: Any, receiver: Receiver, sink: Make) -> None:
    """A log-in page answers 200 too."""
    receiver.next(Fault("status", 200, said=said))
    with pytest.raises(SinkFault, match="not OTLP"):
        sink(receiver).deliver(some(1))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"partialSuccess":null}', b'{"partialSuccess":{"errorMessage":"slow down"}}', b'{"more":1}']
)
def test_answers_that_say_all_was_taken(body: bytes) -> None:
    assert rejected(Answer(200, {}, body)) == 0


def test_as_a_configuration_writes_it(receiver: Receiver, tmp_path: Path) -> None:
    spec = {"url": receiver.url, "headers": {"api-key": "env:KEY"}, "resource": {"team": "soc"}, "timeout": "5s"}
    made = builder({"KEY": KEY}, tmp_path)("sinks", Plugin("otlp", spec))
    assert isinstance(made, Otlp)
    assert made.deliver(some(1)) == ALL
    assert KEY not in f"{made!r} {made.options!r}"
    made.close()
    with pytest.raises(SinkFault):
        made.deliver(some(1))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"url": Secret("http://otel.example.com:4318")}, "neither https"),
        ({"service": ""}, "service"),
        ({"headers": {"Content-Type": Secret("text/plain")}}, "headers"),
        ({"headers": {"a b": Secret("x")}}, "headers"),
        ({"headers": {"api-key": Secret("a\nb")}}, "api-key"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        Otlp(Otlp.Options(**{"url": Secret("https://otel.example.com"), **wrong}))
