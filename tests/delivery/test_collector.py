"""``use: otlp`` and ``use: traces`` against a real OpenTelemetry Collector. `make collector` builds and runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.events import event, some, until_done
from tests.receivers.opentelemetry import Collector, plain

from doorward.configtypes import Duration, Secret
from doorward.core.delivery import ALL, Sink, SinkFault
from doorward.core.tracing import span_id_of
from doorward.sinks.otlp import Otlp
from doorward.sinks.traces import Traces

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MEMBERS = {
    "method": "tools/call",
    "trace_id": TRACE,
    "span_id": SPAN,
    "latency_ms": 5.25,
    "timestamp": "2026-09-21T14:13:20.064Z",
}
Make = Callable[..., Sink]


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with Collector(tmp_path) as up:
        yield up


@pytest.fixture
def sink() -> Iterator[Make]:
    made: list[Sink] = []

    def make(kind: type[Any], collector: Collector, **more: Any) -> Sink:
        made.append(kind(kind.Options(url=Secret(collector.url), **more)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def of_logs(collector: Collector) -> list[str]:
    return [plain(each["attributes"])["log.record.uid"] for each in collector.logs()]


def of_spans(collector: Collector) -> list[str]:
    return [plain(each["attributes"])["doorward.event_id"] for each in collector.spans()]


KINDS = [pytest.param(Otlp, of_logs, id="otlp"), pytest.param(Traces, of_spans, id="traces")]


def test_a_log_record_as_the_collector_reads_it(collector: Collector, sink: Make) -> None:
    called = event(1, decision="deny", severity="high", entities={"US_SSN": 2}, redaction_count=2, **MEMBERS)
    assert sink(Otlp, collector).deliver([called]) == ALL
    (taken,) = collector.logs()
    assert taken["body"] == {"stringValue": called.data.decode()}
    assert taken["timeUnixNano"] == "1790000001064000000"
    assert (taken["severityText"], taken["eventName"]) == ("ERROR", "doorward.exchange.outcome")
    assert (taken["traceId"], taken["spanId"]) == (TRACE, SPAN)
    attributes = plain(taken["attributes"])
    assert attributes["gen_ai.tool.name"] == "get_customer"
    assert attributes["doorward.decision"] == "deny"


def test_a_span_as_the_collector_reads_it(collector: Collector, sink: Make) -> None:
    called = event(1, exchange_id="e" * 32, **MEMBERS)
    assert sink(Traces, collector).deliver([called]) == ALL
    (taken,) = collector.spans()
    assert (taken["traceId"], taken["spanId"], taken["parentSpanId"]) == (TRACE, span_id_of("e" * 32), SPAN)
    assert taken["name"] == "tools/call get_customer"
    assert int(taken["endTimeUnixNano"]) - int(taken["startTimeUnixNano"]) == 5_250_000


@pytest.mark.parametrize(("kind", "ids"), KINDS)
def test_one_that_hangs_and_one_that_is_killed_lose_nothing(
    kind: type[Any], ids: Callable[[Collector], list[str]], collector: Collector, sink: Make
) -> None:
    events = some(600, **MEMBERS)
    shipped = sink(kind, collector, timeout=Duration(0.5))
    assert shipped.deliver(events[:200]) == ALL
    collector.pause()
    with pytest.raises(SinkFault, match="no answer in time"):
        shipped.deliver(events[200:400])
    collector.resume()
    assert not until_done(shipped, events[200:400])
    collector.kill()
    with pytest.raises(SinkFault):
        shipped.deliver(events[400:])
    collector.start()
    assert not until_done(shipped, events[400:])
    assert list(dict.fromkeys(ids(collector))) == [each.id for each in events]


@pytest.mark.parametrize(("kind", "ids"), KINDS)
def test_what_is_too_large_for_it_is_refused_alone(
    kind: type[Any], ids: Callable[[Collector], list[str]], tmp_path: Path, sink: Make
) -> None:
    events = some(20, **MEMBERS)
    events[7] = event(7, **MEMBERS, identity="x" * 9000)
    with Collector(tmp_path, largest=8000) as collector:
        said = sink(kind, collector).deliver(events)
        assert set(said.refused) == {7}
        assert not said.again
        assert ids(collector) == [each.id for each in events if each is not events[7]]
