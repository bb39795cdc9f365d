"""Amazon CloudWatch Logs, PutLogEvents: one log event for each event, into one stream for each gateway host."""

import re
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from doorward.configtypes import Refused
from doorward.core.delivery import LARGEST_EVENT, Delivered, Event, Limits
from doorward.sinks.aws import Aws, AwsOptions, Rejected
from doorward.sinks.isolating import Isolating

# CloudWatch Logs API reference, PutLogEvents: 10,000 events; 1,048,576 bytes, counted as the messages in UTF-8 and 26
# for each event; 1 MB an event; in the order of time; no more than 24 hours from the first to the last.
MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
PER_EVENT = 26
MOST_IN_EVENT = 1_000_000 - PER_EVENT
SPAN = 24 * 3600.0 - 1  # times are cut to milliseconds


class CloudWatch:
    class Options(AwsOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``group``: the log group. ``stream``: the log stream; empty: this host's name. ``create``: make them where
        they are not there.
        """

        group: str
        stream: str = ""
        create: bool = False

    def __init__(self, options: Options) -> None:
        self._group = options.group
        self._stream = options.stream or re.sub(r"[:*\s]", "-", socket.gethostname()) or "doorward"
        if not re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", self._group, re.ASCII):
            raise Refused("group is no name of a log group", "1 to 512 of A-Z a-z 0-9 . - _ / #")
        if not re.fullmatch(r"[^:*]{1,512}", self._stream) or not self._stream.isprintable():
            raise Refused("stream is no name of a log stream", "1 to 512 characters, without : and *")
        self.options = options
        self.limits = Limits(
            events=min(options.events or MOST_EVENTS, MOST_EVENTS),
            bytes=MOST_BYTES,
            overhead=PER_EVENT,
            event=min(LARGEST_EVENT, MOST_IN_EVENT),
            span=SPAN,
            sorted=True,
        )
        self._aws = Aws("logs", options)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._aws.close()

    def __repr__(self) -> str:
        return f"CloudWatch({self._group}, {self._stream})"

    def _put(self, events: Sequence[Event]) -> Delivered:
        now = time.time()  # none is of later, unless the clock was set back since
        messages = [
            {"timestamp": int(min(event.at, now) * 1000), "message": event.data.decode(errors="replace")}
            for event in events
        ]
        arguments = {"logGroupName": self._group, "logStreamName": self._stream, "logEvents": messages}
        try:
            answer = self._aws.call("put_log_events", arguments)
        except Rejected as said:
            if said.code == "DataAlreadyAcceptedException":  # older doubles of the service say so
                return Delivered()
            if said.code != "ResourceNotFoundException":
                raise
            if not self.options.create:
                raise Rejected(said.code, MISSING, said.wait, "make it, or check its name and region") from None
            self._create()
            answer = self._aws.call("put_log_events", arguments)
        return rejected(answer, len(events))

    def _create(self) -> None:
        group = {"logGroupName": self._group}
        for operation, what in (
            ("create_log_group", group),
            ("create_log_stream", group | {"logStreamName": self._stream}),
        ):
            try:
                self._aws.call(operation, what)
            except Rejected as said:
                if said.code != "ResourceAlreadyExistsException":
                    raise


def rejected(answer: Mapping[str, Any], count: int) -> Delivered:
    """HTTP 200 may hide rejected events: those whose time the service does not take, now or ever. None is too new but
    by a clock that is wrong, here or there: that passes.
    """
    info = answer.get("rejectedLogEventsInfo") or {}
    refused = dict.fromkeys(range(min(info.get("expiredLogEventEndIndex", 0), count)), EXPIRED)
    refused |= dict.fromkeys(range(min(info.get("tooOldLogEventEndIndex", 0), count)), TOO_OLD)
    again = dict.fromkeys(range(max(info.get("tooNewLogEventStartIndex", count), 0), count), TOO_NEW)
    return Delivered(again, refused)


MISSING = "the log group or stream is not there (create: true makes it)"
TOO_OLD = "too old: CloudWatch takes what is at most 14 days old"
EXPIRED = "expired: older than the log group keeps events"
TOO_NEW = "too new: more than two hours in the future; is this host's clock right?"
