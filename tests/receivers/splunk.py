"""Splunk's HTTP Event Collector: its status codes, its channels, and acknowledgements that are told once."""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.receivers.serving import Reply, Request, Serving

_MEMBERS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}


class Splunk(Serving):
    """``indexed``: the objects as they came, repeated ones too. ``looks``: how often one must ask before an
    acknowledgement is true. ``numbered_from``: the place of the first event in ``invalid-event-number``.
    """

    def __init__(
        self, token: str, *, ack: bool = True, largest_body: int = 1_000_000, numbered_from: int = 0, **more: Any
    ) -> None:
        super().__init__(**more)
        self._token = token
        self.ack = ack
        self._largest = largest_body
        self._first = numbered_from
        self.indexes = {"", "main"}
        self.refuses: Callable[[Any], bool] = lambda _: False
        self.looks = 1
        self.indexed: list[dict[str, Any]] = []
        self._waiting: dict[str, dict[int, int]] = defaultdict(dict)
        self._numbers: dict[str, int] = defaultdict(int)

    @property
    def events(self) -> list[Any]:
        return [one["event"] for one in self.indexed]

    def serve(self, request: Request) -> Reply:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        channel = request.headers.get("x-splunk-request-channel", "")
        if request.path == "/services/collector/ack":
            return self._acks(channel, json.loads(request.body)["acks"])
        if request.path != "/services/collector/event":
            return Reply(404, {"text": "The requested URL was not found on this server.", "code": 404})
        if len(request.body) > self._largest:
            return Reply(413, {"text": "Content-Length too large", "code": 27})
        return self._index(request, channel)

    def _refusal(self, request: Request) -> Reply | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return _said(401, 2, "Token is required")
        if scheme != "Splunk":
            return _said(401, 3, "Invalid authorization")
        if token != self._token:
            return _said(403, 4, "Invalid token")
        if not self.ack:
            return _said(400, 14, "ACK is disabled") if request.path.endswith("/ack") else None
        channel = request.headers.get("x-splunk-request-channel", "")
        if not channel:
            return _said(400, 10, "Data channel is missing")
        try:
            return None if str(uuid.UUID(channel)) == channel else _said(400, 11, "Invalid data channel")
        except ValueError:
            return _said(400, 11, "Invalid data channel")

    def _index(self, request: Request, channel: str) -> Reply:
        text, decoder, at, number = request.body.decode(), json.JSONDecoder(), 0, 0
        if not text:
            return _said(400, 5, "No data")
        while at < len(text):
            try:
                one, at = decoder.raw_decode(text, at)
            except ValueError:
                return self._named(6, "Invalid data format", number)
            code = self._fault(one)
            if code:
                return self._named(code, "Invalid data format", number)
            self.indexed.append(one)
            number += 1
            while at < len(text) and text[at] in " \r\n\t":
                at += 1
        said: dict[str, Any] = {"text": "Success", "code": 0}
        if self.ack:
            said["ackId"] = self._numbers[channel]
            self._waiting[channel][self._numbers[channel]] = self.looks
            self._numbers[channel] += 1
        return Reply(200, said)

    def _fault(self, one: Any) -> int:
        if not isinstance(one, dict) or one.keys() - _MEMBERS or not isinstance(one.get("time"), float | int):
            return 6
        if any(not isinstance(one.get(name, ""), str) for name in ("host", "source", "sourcetype", "index")):
            return 6
        if one.get("index", "") not in self.indexes:
            return 7
        if "event" not in one:
            return 12
        if one["event"] in ("", None):
            return 13
        for value in one.get("fields", {}).values():  # flat
            if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
                return 15
        return 6 if self.refuses(one["event"]) else 0

    def _named(self, code: int, text: str, number: int) -> Reply:
        return Reply(400, {"text": text, "code": code, "invalid-event-number": number + self._first})

    def _acks(self, channel: str, numbers: list[int]) -> Reply:
        waiting, said = self._waiting[channel], {}
        for number in numbers:
            left = waiting.get(number, -1)
            said[str(number)] = left == 1
            if left == 1:
                del waiting[number]  # what was said once is forgotten
            elif left > 1:
                waiting[number] = left - 1
        return Reply(200, {"acks": said})


def _said(status: int, code: int, text: str) -> Reply:
    return Reply(status, {"text": text, "code": code})
