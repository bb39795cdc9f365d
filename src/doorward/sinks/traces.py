"""Exchanges as OpenTelemetry spans, over OTLP/HTTP in protobuf: the SDK's spans, its exporter's encoding, our POST.

The exporter itself is not used: it tries again by itself and logs what a receiver says, and here both are the pump's.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from doorward.configtypes import Refused
from doorward.core.delivery import Delivered, Event, Limits, SinkFault
from doorward.sinks.isolating import Isolating
from doorward.sinks.otlp_http import NO_RECEIVER, Exporter, OtlpOptions
from doorward.sinks.posting import Answer
from doorward.sinks.spans import Span, span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

PATH = "/v1/traces"

# No limit is published for receivers in general; 4 MiB unpacked is the least that is usual. A span is smaller than its
# record.
MOST_SPANS = 500
MOST_BYTES = 2 << 20


class Traces:
    Options = OtlpOptions

    def __init__(self, options: OtlpOptions) -> None:
        if options.format != "native":
            raise Refused("a span has one form only", "leave format out")
        self.options = options
        self.limits = Limits(events=min(options.events or MOST_SPANS, MOST_SPANS), bytes=MOST_BYTES)
        self._encode, rejected = _library({"service.name": options.service, **options.resource})
        self._exporter = Exporter(options, PATH, "application/x-protobuf", rejected)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """Records that are no end of an exchange make no span: they count as taken."""
        spans: dict[int, Span] = {}
        refused: dict[int, str] = {}
        for place, event in enumerate(events):
            try:
                found = span(event.record)
            except ValueError:
                refused[place] = "it has no time"
                continue
            if found is not None:
                spans[place] = found
        if not spans:
            return Delivered(refused=refused)
        places = list(spans)
        chosen = {events[place].id: found for place, found in spans.items()}
        made = self._isolating.send([events[place] for place in places], lambda part: self._put(part, chosen))
        again = {places[index]: why for index, why in made.again.items()}
        return Delivered(again, refused | {places[index]: why for index, why in made.refused.items()})

    def close(self) -> None:
        self._exporter.close()

    def __repr__(self) -> str:
        return f"Traces({self.options.service})"

    def _put(self, events: Sequence[Event], spans: Mapping[str, Span]) -> Delivered:
        made = (spans.get(event.id) or span(event.record) for event in events)  # it may be one of before
        return self._exporter.export(self._encode([each for each in made if each is not None]), len(events))


Encode = Callable[[Sequence[Span]], bytes]
Rejected = Callable[[Answer], int]


def _library(resource: Mapping[str, str]) -> tuple[Encode, Rejected]:
    """What needs OpenTelemetry, imported where somebody wants traces. Raises ``Refused``."""
    try:
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
    except ImportError:
        raise Refused("OpenTelemetry is not installed", "pip install 'doorward[otel]'") from None

    malformed: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError  # it has no types
    ours = Resource(dict(resource))
    scope = InstrumentationScope("doorward")
    sampled = TraceFlags(TraceFlags.SAMPLED)

    def readable(made: Span) -> "ReadableSpan":
        trace_id = int(made.trace_id, 16)
        parent = SpanContext(trace_id, int(made.parent, 16), is_remote=True) if made.parent else None
        return ReadableSpan(
            name=made.name,
            context=SpanContext(trace_id, int(made.span_id, 16), is_remote=False, trace_flags=sampled),
            parent=parent,
            resource=ours,
            attributes=dict(made.attributes),
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR, made.error) if made.error else Status(StatusCode.UNSET),
            start_time=made.start,
            end_time=made.end,
            instrumentation_scope=scope,
        )

    def encode(spans: Sequence[Span]) -> bytes:
        data: bytes = encode_spans([readable(made) for made in spans]).SerializeToString(deterministic=True)
        return data

    def rejected(answer: Answer) -> int:
        """``partial_success``: how many of the spans were rejected."""
        try:
            said = ExportTraceServiceResponse.FromString(answer.body)
        except malformed:
            raise SinkFault("the answer is not OTLP's", remedy=NO_RECEIVER) from None
        return int(said.partial_success.rejected_spans)

    return encode, rejected
