import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.receivers.serving import Fault, Reply, Request, Serving

from doorward.configtypes import Refused, Secret
from doorward.core.audit import AuditRecord
from doorward.core.delivery import ALL, Delivered, Event, SinkFault
from doorward.core.tracing import span_id_of, trace_id_of
from doorward.sinks.posting import Answer
from doorward.sinks.spans import span
from doorward.sinks.traces import Traces

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CANARY = "canary-" + "7c1e"


class Receiver(Serving):
    """Takes spans as a strict collector does. ``refuses``: a whole request because of one."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: Callable[[Any], bool] = lambda _: False
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []

    def serve(self, request: Request) -> Reply:
        assert request.path == "/v1/traces"
        assert request.headers["content-type"] == "application/x-protobuf"
        asked = ExportTraceServiceRequest.FromString(request.body)
        (group,) = asked.resource_spans
        self.resources.append({each.key: each.value.string_value for each in group.resource.attributes})
        spans = [each for scope in group.scope_spans for each in scope.spans]
        for each in spans:
            assert (len(each.trace_id), len(each.span_id)) == (16, 8)
            assert any(each.trace_id)
            assert any(each.span_id)
            assert each.start_time_unix_nano <= each.end_time_unix_nano
        if any(map(self.refuses, spans)):
            return Reply(400)
        self.spans += spans
        return Reply(200)

    @property
    def ids(self) -> list[str]:
        return [each.span_id.hex() for each in self.spans]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


class Make:
    """Makes sinks, and closes them in the end."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.made: list[Traces] = []

    def __call__(self, **options: Any) -> Traces:
        url = Secret(options.pop("url", self._receiver.url))
        self.made.append(Traces(Traces.Options(url=url, **options)))
        return self.made[-1]


@pytest.fixture
def sink(receiver: Receiver) -> Iterator[Make]:
    make = Make(receiver)
    yield make
    for made in make.made:
        made.close()


def record(number: int = 1, **fields: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "event_id": f"e{number}",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-11-22T19:49:49.064Z",
        "latency_ms": 5.25,
        "gateway_ms": 0.64,
        "trace_id": TRACE,
        "span_id": SPAN,
        "identity": "agent:one",
        "client_ip": "10.1.2.3",
        "mcp_server": "crm",
        "tool_name": "get_customer",
        "method": "tools/call",
        "protocol": "2025-11-25",
        "transport": "http",
        "act": ("agent:boss",),
        "mode": "enforce",
        "upstream_status": 200,
    }
    return json.loads(msgspec.json.encode(AuditRecord(**(usual | fields))))


def event(number: int = 1, **fields: Any) -> Event:
    made = record(number, **fields)
    return Event(made["event_id"], 0.0, "k", made, b"{}")


def attributes(found: Any) -> dict[str, Any]:
    values = {}
    for each in found.attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        values[each.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return values


# -- a record as a span


def test_a_call_is_a_span_under_the_callers() -> None:
    found = span(record(entities={"US_SSN": 2}, redaction_count=2, decision="redact", sampled=10.0))
    assert found is not None
    assert (found.name, found.trace_id, found.parent) == ("tools/call get_customer", TRACE, SPAN)
    assert found.span_id == span_id_of("x1")
    assert found.end == 1795376989064 * 1_000_000
    assert found.end - found.start == 5_250_000
    assert found.error == ""
    assert found.attributes == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-11-25",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_customer",
        "network.transport": "tcp",
        "client.address": "10.1.2.3",
        "doorward.identity": "agent:one",
        "doorward.mcp_server": "crm",
        "doorward.exchange_id": "x1",
        "doorward.event_id": "e1",
        "doorward.decision": "redact",
        "doorward.mode": "enforce",
        "doorward.act": ("agent:boss",),
        "doorward.entities": ("US_SSN",),
        "doorward.redaction_count": 2,
        "doorward.gateway_ms": 0.64,
        "doorward.upstream_status": 200,
        "doorward.weight": 10.0,
    }


def test_a_trace_that_begins_here_has_the_id_that_the_server_was_given() -> None:
    for fields in ({"trace_id": "", "span_id": ""}, {"trace_id": "0" * 32}, {"trace_id": "x"}):
        found = span(record(**fields))
        assert found is not None
        assert (found.trace_id, found.parent) == (trace_id_of("x1"), "")
    found = span(record(span_id="0" * 16))
    assert found is not None
    assert (found.trace_id, found.parent) == (TRACE, "")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"decision": "deny", "reason": "policy.denied"}, "policy.denied"),
        ({"decision": "error", "reason": "upstream.timeout"}, "upstream.timeout"),
        ({"decision": "error"}, "_OTHER"),
        ({"decision": "allow", "reason": "client.cancelled"}, ""),
        ({"decision": "allow", "would_have": "deny", "reason": "policy.denied"}, ""),
    ],
)
def test_what_failed_says_why(fields: dict[str, Any], error: str) -> None:
    found = span(record(**fields))
    assert found is not None
    assert found.error == found.attributes.get("error.type", "") == error


def test_what_is_not_there_is_not_said() -> None:
    found = span({"kind": "exchange", "phase": "outcome", "timestamp": "2026-11-22T19:49:49.064Z"})
    assert found is not None
    assert found.name == "unknown"
    assert found.start == found.end
    assert set(found.attributes) == {"mcp.method.name", "network.transport"}


@pytest.mark.parametrize(("transport", "said"), [("stdio", "pipe"), ("http", "tcp"), ("sse", "tcp")])
def test_the_transport(transport: str, said: str) -> None:
    found = span(record(transport=transport, method="ping", tool_name=None))
    assert found is not None
    assert found.attributes["network.transport"] == said
    assert found.name == "ping"
    assert not {"gen_ai.operation.name", "gen_ai.tool.name"} & set(found.attributes)


@pytest.mark.parametrize(
    ("kind", "phase"), [("exchange", "intent"), ("message", ""), ("stream", "closed"), ("gap", ""), ("checkpoint", "")]
)
def test_only_the_end_of_an_exchange_is_one(kind: str, phase: str) -> None:
    assert span(record(kind=kind, phase=phase)) is None


# -- the sink


def test_spans_arrive(receiver: Receiver, sink: Make) -> None:
    traces = sink(service="edge", resource={"deployment.environment.name": "prod"})
    denied = event(2, decision="deny", reason="policy.denied", trace_id="", span_id="")
    assert traces.deliver([event(1), denied, event(3, kind="gap", phase="")]) == ALL
    first, second = receiver.spans
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id.hex()) == (TRACE, span_id_of("x1"), SPAN)
    assert (first.kind, first.status.code) == (2, 0)  # SERVER, UNSET
    assert (second.trace_id.hex(), second.parent_span_id) == (trace_id_of("x2"), b"")
    assert (second.status.code, second.status.message) == (2, "policy.denied")
    assert attributes(second)["error.type"] == "policy.denied"
    assert attributes(first)["doorward.act"] == ["agent:boss"]
    assert receiver.resources == [{"service.name": "edge", "deployment.environment.name": "prod"}]


def test_the_same_delivery_is_the_same_bytes(receiver: Receiver, sink: Make) -> None:
    sink().deliver([event(1), event(2)])
    sink().deliver([event(1), event(2)])
    assert receiver.requests[0].body == receiver.requests[1].body


def test_nothing_is_sent_for_what_is_no_span(receiver: Receiver, sink: Make) -> None:
    traces = sink()
    assert traces.deliver([event(1, kind="gap", phase="")]) == ALL
    late = event(2, timestamp="never")
    assert traces.deliver([late]) == Delivered(refused={0: "it has no time"})
    assert receiver.requests == []


@pytest.mark.parametrize("kind", ["cut", "lost"])
def test_no_answer_is_a_fault_and_the_next_try_gives_the_same_span(receiver: Receiver, sink: Make, kind: str) -> None:
    traces = sink()
    receiver.next(Fault(kind))
    with pytest.raises(SinkFault):
        traces.deliver([event(1)])
    assert traces.deliver([event(1)]) == ALL
    assert set(receiver.ids) == {span_id_of("x1")}


@pytest.mark.parametrize(("status", "wait"), [(503, 7.0), (401, 30.0), (302, 30.0)])
def test_a_refusal_that_is_not_about_the_spans_is_a_fault(
    receiver: Receiver, sink: Make, status: int, wait: float
) -> None:
    traces = sink()
    headers = {"Retry-After": "7"} if status == 503 else {}
    receiver.next(Fault("status", status, headers))
    with pytest.raises(SinkFault, match=f"HTTP {status}") as caught:
        traces.deliver([event(1)])
    assert caught.value.wait == wait


@pytest.mark.parametrize(
    "changed",
    [
        {"timestamp": "0001-01-01T00:00:00.000Z"},
        {"timestamp": "9999-12-31T23:59:59.999Z"},
        {"latency_ms": 1e308},
        {"latency_ms": -1.0},
        {"latency_ms": 1e15},
    ],
)
def test_a_record_that_somebody_changed_holds_up_nothing(
    changed: dict[str, Any], receiver: Receiver, sink: Make
) -> None:
    """What protobuf has no number for would make each try of the delivery fail."""
    assert set(sink().deliver([event(1, **changed), event(2)]).refused) == {0}
    assert len(receiver.spans) == 1


def test_a_span_that_the_receiver_refuses_is_found_and_the_others_arrive(receiver: Receiver, sink: Make) -> None:
    traces = sink()
    bad = bytes.fromhex(span_id_of("x3"))
    receiver.refuses = lambda found: found.span_id == bad
    made = traces.deliver([event(1), event(9, kind="gap", phase=""), event(2), event(3), event(4)])
    assert made == Delivered(refused={3: "HTTP 400"})
    assert sorted(set(receiver.ids)) == sorted(map(span_id_of, ("x1", "x2", "x4")))


def test_who_refuses_everything_is_not_believed(receiver: Receiver, sink: Make) -> None:
    traces = sink()
    receiver.refuses = lambda _: True
    with pytest.raises(SinkFault, match="refused whatever it holds"):
        traces.deliver([event(1), event(2), event(3, kind="gap", phase="")])


def test_a_delivery_of_which_none_is_taken_is_refused_where_an_earlier_one_still_is(
    receiver: Receiver, sink: Make
) -> None:
    traces = sink()
    assert traces.deliver([event(1)]) == ALL
    good = receiver.ids[0]
    receiver.refuses = lambda found: found.span_id.hex() != good
    assert traces.deliver([event(2), event(3)]) == Delivered(refused=dict.fromkeys((0, 1), "HTTP 400"))
    assert receiver.ids == [good, good]


class Said:
    """In the place of the connection: answers with these bytes."""

    def __init__(self, *rejections: int) -> None:
        self._rejections = iter(rejections)
        self.sent: list[int] = []

    def post(self, body: bytes, headers: Any, path: str) -> Answer:
        (group,) = ExportTraceServiceRequest.FromString(gzip.decompress(body)).resource_spans
        self.sent.append(len(group.scope_spans[0].spans))
        said = ExportTraceServiceResponse()
        said.partial_success.rejected_spans = next(self._rejections)
        return Answer(200, {}, said.SerializeToString())

    def close(self) -> None: ...


def test_what_is_rejected_in_part_is_found_by_halves(sink: Make) -> None:
    """The answer says how many, for good, and not which."""
    traces = sink()
    said = Said(1, 0, 1, 1, 0)
    traces._exporter._poster = said  # type: ignore[assignment]
    made = traces.deliver([event(number) for number in range(4)])
    assert made == Delivered(refused={2: "rejected by the receiver"})
    assert said.sent == [4, 2, 2, 1, 1]


def test_an_answer_that_is_no_protobuf_is_a_fault(receiver: Receiver, sink: Make) -> None:
    traces = sink()
    receiver.next(Fault("status", 200, said={"ok": True}))
    with pytest.raises(SinkFault, match="not OTLP"):
        traces.deliver([event(1)])


def test_a_canary_in_what_no_span_tells_is_in_none(receiver: Receiver, sink: Make) -> None:
    traces = sink()
    hidden = dict.fromkeys(("detail", "args_hash", "response_hash", "forwarded_hash", "delivered_hash"), CANARY)
    finding = {"entity": "US_SSN", "pointer": f"/{CANARY}"}
    traces.deliver([event(1, findings=[finding], entities={"US_SSN": 1}, decision="deny", **hidden)])
    assert CANARY.encode() not in receiver.requests[0].body


# -- options


def test_its_repr_and_faults_show_no_secret(receiver: Receiver, sink: Make) -> None:
    traces = sink(headers={"Authorization": Secret("Bearer " + CANARY)})
    assert CANARY not in repr(traces) + repr(traces.options)
    traces.deliver([event(1)])
    assert receiver.requests[0].headers["authorization"] == "Bearer " + CANARY


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"url": "http://collector.example.com:4318"}, "neither https"),
        ({"service": ""}, "service"),
        ({"format": "ocsf"}, "one form"),
        ({"headers": {"Content-Type": Secret("x")}}, "headers"),
        ({"headers": {"a b": Secret("x")}}, "headers"),
    ],
)
def test_wrong_options(receiver: Receiver, sink: Make, options: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what):
        sink(**options)


def test_a_path_that_is_given_is_kept(receiver: Receiver, sink: Make) -> None:
    traces = sink(url=receiver.url + "/v1/traces")
    assert traces.deliver([event(1)]) == ALL


def test_without_the_library_it_says_what_to_install(
    receiver: Receiver, sink: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.common.trace_encoder", None)
    with pytest.raises(Refused, match="not installed") as caught:
        sink()
    assert "doorward[otel]" in caught.value.remedy


def test_importing_it_imports_no_library() -> None:
    script = "import sys, doorward.sinks.traces; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
