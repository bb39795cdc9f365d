"""Amazon Data Firehose, PutRecordBatch: one record for each event, with a line end, since Firehose adds none."""

from collections.abc import Mapping, Sequence
from typing import Any

from doorward.configtypes import Refused
from doorward.core.delivery import LARGEST_EVENT, Delivered, Event, Limits, SinkFault
from doorward.sinks.aws import Aws, AwsOptions
from doorward.sinks.isolating import Isolating

# Firehose API reference, PutRecordBatch: 500 records, 4 MB a request, 1,000 KB a record before base64; fixed. A million
# bytes are meant by MB here, the smaller reading.
MOST_RECORDS = 500
MOST_BYTES = 4_000_000
MOST_IN_RECORD = 1_000_000


class Firehose:
    class Options(AwsOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``stream``: the name of the Firehose stream, which takes from "Direct PUT"."""

        stream: str

    def __init__(self, options: Options) -> None:
        if not 1 <= len(options.stream) <= 64 or not set(options.stream) <= _NAME:
            raise Refused("stream is no name of a Firehose stream", "1 to 64 of A-Z a-z 0-9 _ . -")
        self.options = options
        self.limits = Limits(
            events=min(options.events or MOST_RECORDS, MOST_RECORDS),
            bytes=MOST_BYTES,
            overhead=1,
            event=min(LARGEST_EVENT, MOST_IN_RECORD - 1),
        )
        self._aws = Aws("firehose", options)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._aws.close()

    def __repr__(self) -> str:
        return f"Firehose({self.options.stream})"

    def _put(self, events: Sequence[Event]) -> Delivered:
        records = [{"Data": event.data + b"\n"} for event in events]
        answer = self._aws.call("put_record_batch", {"DeliveryStreamName": self.options.stream, "Records": records})
        return failed(answer, len(events))


def failed(answer: Mapping[str, Any], count: int) -> Delivered:
    """HTTP 200 may hide failed records: those, and only those, again. All of them are about the moment."""
    responses = answer.get("RequestResponses", [])
    if answer.get("FailedPutCount") == 0 and len(responses) == count:
        return Delivered()
    again = {
        place: f"not taken: {_named(response['ErrorCode'])}"
        for place, response in enumerate(responses)
        if response.get("ErrorCode")
    }
    if len(responses) != count or not again:
        raise SinkFault("the answer does not say which records failed")
    return Delivered(again=again)


_KNOWN = frozenset(("ServiceUnavailableException", "InternalFailure", "ThrottlingException"))
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def _named(code: object) -> str:
    return code if isinstance(code, str) and code in _KNOWN else "another error"
