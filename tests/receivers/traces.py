"""A receiver of OTLP/HTTP traces in protobuf that reads them with the published schema (opentelemetry-proto)."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.receivers.serving import Reply, Request, Serving


class Traces(Serving):
    """``taken``: every span in order, repeated ones too. ``unacceptable``: which make it refuse the whole."""

    def __init__(self, largest: int = 4 << 20) -> None:
        super().__init__()
        self._largest = largest
        self.unacceptable: Callable[[Any], bool] = lambda _: False
        self.taken: list[Any] = []

    def serve(self, request: Request) -> Reply:
        if request.path != "/v1/traces":
            return Reply(404)
        if request.headers["content-type"] != "application/x-protobuf":
            return Reply(415)
        if len(request.body) > self._largest:
            return Reply(413)
        try:
            asked = ExportTraceServiceRequest.FromString(request.body)
        except DecodeError:
            return Reply(400)
        spans = [span for group in asked.resource_spans for scope in group.scope_spans for span in scope.spans]
        if not spans or not all(map(_is_span, spans)) or any(map(self.unacceptable, spans)):
            return Reply(400)
        self.taken += spans
        return Reply(200)  # no body: every member of the answer has its default


def _is_span(span: Any) -> bool:
    ids = len(span.trace_id) == 16 and len(span.span_id) == 8 and any(span.trace_id) and any(span.span_id)
    return bool(ids and span.name and 0 < span.start_time_unix_nano <= span.end_time_unix_nano)
