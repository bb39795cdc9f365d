"""OpenTelemetry logs over OTLP/HTTP in its JSON encoding: one log record for each event."""

import socket
from collections.abc import Sequence

import msgspec

from doorward.core.delivery import LARGEST_EVENT, Delivered, Event, Limits, SinkFault
from doorward.sinks.isolating import Isolating
from doorward.sinks.otlp_http import NO_RECEIVER, Exporter, OtlpOptions
from doorward.sinks.otlp_logs import record, request
from doorward.sinks.posting import Answer

# No limit is published for receivers in general; 4 MiB unpacked is the least that is usual. The body of a record is
# JSON in JSON, up to twice as long, and beside it stand its attributes.
MOST_EVENTS = 500
MOST_BYTES = 1 << 20
PER_EVENT = 1024

PATH = "/v1/logs"


class Otlp:
    Options = OtlpOptions

    def __init__(self, options: OtlpOptions) -> None:
        self.options = options
        self.limits = Limits(
            events=min(options.events or MOST_EVENTS, MOST_EVENTS),
            bytes=MOST_BYTES,
            overhead=PER_EVENT,
            event=LARGEST_EVENT,
        )
        self._resource = {"service.name": options.service, "host.name": socket.gethostname(), **options.resource}
        self._exporter = Exporter(options, PATH, "application/json", rejected)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._exporter.close()

    def __repr__(self) -> str:
        return f"Otlp({self.options.service})"

    def _put(self, events: Sequence[Event]) -> Delivered:
        return self._exporter.export(request(self._resource, [record(event) for event in events]), len(events))


class _PartialSuccess(msgspec.Struct, rename="camel"):
    rejected_log_records: int | str = 0


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _PartialSuccess | None = None


def rejected(answer: Answer) -> int:
    """``partialSuccess``: how many of the records were rejected."""
    if not answer.body.strip():
        return 0
    try:
        said = msgspec.json.decode(answer.body, type=_Answer).partial_success
        return int(said.rejected_log_records) if said is not None else 0  # int64 is a string in protobuf's JSON
    except (msgspec.MsgspecError, ValueError):
        raise SinkFault("the answer is not OTLP's", remedy=NO_RECEIVER) from None
