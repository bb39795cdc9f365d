"""OpenTelemetry logs over OTLP/HTTP in its JSON encoding: one log record for each event."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import LARGEST_EVENT, Delivered, Event, Limits, SinkFault
from doorward.sinks.isolating import Isolating, Unacceptable
from doorward.sinks.options import SinkOptions
from doorward.sinks.otlp_logs import record, request
from doorward.sinks.posting import Answer, Poster, address, fields, judge, packed

# No limit is published for receivers in general; 4 MiB unpacked is the least that is usual. The body of a record is
# JSON in JSON, up to twice as long, and beside it stand its attributes.
MOST_EVENTS = 500
MOST_BYTES = 1 << 20
PER_EVENT = 1024

PATH = "/v1/logs"

# OTLP 1.x, "OTLP/HTTP Response": 400 and 413 are about what was sent. 401 and the like are about us.
_ABOUT_THE_BATCH = frozenset((400, 413, 422))


class Otlp:
    name = "otlp"

    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``url``: of the receiver; ``/v1/logs`` is added where it does not end so. ``headers``: that it asks for.
        ``service``: ``service.name``; ``resource``: more attributes of the resource. ``ca``: who vouches for it.
        """

        url: Secret
        headers: dict[str, Secret] = msgspec.field(default_factory=dict)
        service: str = "doorward"
        resource: dict[str, str] = msgspec.field(default_factory=dict)
        ca: Path | None = None

    def __init__(self, options: Options) -> None:
        if not options.service:
            raise Refused("service is empty", "leave it out, or name the service")
        url = address(options.url)
        self.options = options
        self.limits = Limits(
            events=min(options.events or MOST_EVENTS, MOST_EVENTS),
            bytes=MOST_BYTES,
            overhead=PER_EVENT,
            event=LARGEST_EVENT,
        )
        self._resource = {"service.name": options.service, "host.name": socket.gethostname(), **options.resource}
        self._path = "" if url.partition("?")[0].rstrip("/").endswith(PATH) else PATH
        self._poster = Poster(url, headers=fields(options.headers), timeout=options.timeout, ca=options.ca)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._poster.close()

    def __repr__(self) -> str:
        return f"Otlp({self.options.service})"

    def _put(self, events: Sequence[Event]) -> Delivered:
        body = packed(request(self._resource, [record(event) for event in events]))
        answer = self._poster.post(body, _FIELDS, self._path)
        if answer.status in _ABOUT_THE_BATCH:
            raise Unacceptable(f"HTTP {answer.status}")
        judge(answer)
        return rejected(answer, len(events))


class _PartialSuccess(msgspec.Struct, rename="camel"):
    rejected_log_records: int | str = 0


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _PartialSuccess | None = None


def rejected(answer: Answer, count: int) -> Delivered:
    """``partialSuccess`` says how many records were rejected, for good, and not which: all of them, or it is halved."""
    if not answer.body.strip():
        return Delivered()
    try:
        said = msgspec.json.decode(answer.body, type=_Answer).partial_success
        rejections = int(said.rejected_log_records) if said is not None else 0  # int64 is a string in protobuf's JSON
    except (msgspec.MsgspecError, ValueError):
        raise SinkFault("the answer is not OTLP's") from None
    if rejections <= 0:
        return Delivered()
    if rejections < count:
        raise Unacceptable("rejected in part")
    return Delivered(refused=dict.fromkeys(range(count), "rejected by the receiver"))


_FIELDS: Mapping[str, str] = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
