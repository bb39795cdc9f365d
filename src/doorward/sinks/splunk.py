"""Splunk's HTTP Event Collector, with indexer acknowledgement: delivered is what an index has on its disk."""

import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

import msgspec

from doorward.configtypes import Duration, Refused, Secret
from doorward.core.delivery import Delivered, Event, Limits, SinkFault
from doorward.sinks.isolating import Isolating, Unacceptable
from doorward.sinks.marks import marks
from doorward.sinks.options import SinkOptions
from doorward.sinks.posting import SETTLED, Answer, Poster, address, field, judge, packed, wait_of

# "Troubleshoot HTTP Event Collector", status codes. About one event, by its place from 0: 6 invalid data format,
# 12 no event, 13 a blank one, 15 indexed fields.
_OF_AN_EVENT = frozenset((6, 12, 13, 15))

# Refusals of that page that want another configuration here or there.
_REMEDIES = {
    1: "the token is disabled",
    2: "the token is missing",
    3: "the token was not understood",
    4: "the token is unknown",
    7: "the token may not write to this index",
    10: "the token wants acknowledgement: set ack to true",
    11: "the channel is not taken",
    14: "the token has no acknowledgement: enable it, or set ack to false",
    16: "the token was not understood",
}
_SUCCESS = 0
_LAST_REFUSAL = 16
"""Codes above are about the health of the collector; with a status of 200 they are warnings."""

MOST_NAMED = 8
"""Events that are refused by name in one request, each with two more requests, before halves are faster."""

# No number of events is published. 1 MB a request is the advice for Splunk Cloud; limits.conf, [http_input]
# max_content_length, may say otherwise, and 413 is honoured.
MOST_IN_REQUEST = 1_000_000
PER_EVENT = 700

REQUESTS = 5
"""Of one delivery: indexers take seconds to have something, and it is waited for once."""

FIRST_LOOK = 0.1
LONGEST_LOOK = 5.0
"""Seconds between two questions whether the indexers have it; each time twice as long."""


class Splunk:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``url``: of the collector, without ``/services``; ``token``; ``index`` (empty: the token's default),
        ``source``, ``sourcetype`` (empty: ``doorward:FORMAT``), ``host`` (empty: this machine's name). ``ack``: wait
        until the indexers have a delivery, which the token must allow; at most ``ack_within``, then it is sent again.
        Without, delivered is what looked valid to the collector.
        """

        url: Secret
        token: Secret
        index: str = ""
        source: str = "doorward"
        sourcetype: str = ""
        host: str = ""
        ack: bool = True
        ack_within: Duration = Duration(120)
        gzip: bool = True
        ca: Path | None = None

    limits = Limits(events=5000, bytes=REQUESTS * MOST_IN_REQUEST, overhead=PER_EVENT)

    def __init__(self, options: Options) -> None:
        self.options = options
        url = address(options.url)
        if "/services" in url:
            raise Refused("url names a path of the collector", "write https://HOST:8088 alone")
        self._poster = Poster(url, headers=_headers(options), timeout=options.timeout, ca=options.ca)
        self._about = _about(options)
        self._text = options.format == "cef"
        self._isolating = Isolating()
        self._closed = Flag()
        self._channel = _channel(options)

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """An event that the collector names, and refuses alone too, is refused if it takes the others: these are sent
        again, also what came before that one, for which it gave no acknowledgement.
        """
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._closed.set()
        self._poster.close()

    def __repr__(self) -> str:
        return "Splunk(****)"

    def _put(self, events: Sequence[Event]) -> Delivered:
        try:
            return self._sent(events)
        except SinkFault:
            # An acknowledgement may be left that nobody has asked for. Each collector has numbers of its own: where
            # another takes its place behind one address, it would pass for that of a later delivery.
            self._channel = _channel(self.options)
            raise

    def _sent(self, events: Sequence[Event]) -> Delivered:
        again: dict[int, str] = {}
        refused: dict[int, str] = {}
        numbers = []
        for first, end in _requests(events):
            try:
                named, number = self._taken(events[first:end])
            except SinkFault as fault:
                if not first:
                    raise
                again = dict.fromkeys(range(first, len(events)), str(fault))
                break
            refused |= {first + place: why for place, why in named.items()}
            numbers.append(number)
        if self.options.ack:
            self._acknowledged(numbers)
        if again:
            self._channel = _channel(self.options)
        return Delivered(again, refused)

    def _taken(self, events: Sequence[Event]) -> tuple[dict[int, str], Any]:
        """What of one request is refused, by place, and the number of its acknowledgement. Raises ``SinkFault``."""
        places, refused, why = list(range(len(events))), dict[int, str](), ""
        while places and len(refused) < MOST_NAMED:
            said = self._request([events[place] for place in places])
            if said.get("code") not in _OF_AN_EVENT:
                return refused, said.get("ackId")
            why, named = f"code {said['code']}", said.get("invalid-event-number")
            alone = len(places) == 1
            if not isinstance(named, int) or not 0 <= named < len(places):
                raise Unacceptable(why)
            if not alone and self._request([events[places[named]]]).get("code") not in _OF_AN_EVENT:
                raise Unacceptable(why)
            refused[places.pop(named)] = why
        raise Unacceptable(why)

    def _request(self, events: Sequence[Event]) -> dict[str, Any]:
        """What the collector says of these: success, or that one of them is not to be taken. Raises ``SinkFault``."""
        answer, said = self._post(events)
        code = said.get("code")
        if answer.status == 413:
            raise Unacceptable("HTTP 413")
        if code in _OF_AN_EVENT:
            return said
        if code in _REMEDIES:
            wait = max(wait_of(answer), SETTLED)
            raise SinkFault(f"code {code}: {_REMEDIES[code]}", wait, "compare it with the token's settings in Splunk")
        judge(answer)
        if not isinstance(code, int) or _SUCCESS < code <= _LAST_REFUSAL:
            todo = "check its address: what answers there is no HTTP Event Collector"
            raise SinkFault(f"HTTP {answer.status} without success", SETTLED, todo)
        return said

    def _post(self, events: Sequence[Event]) -> tuple[Answer, dict[str, Any]]:
        """The answer, and what its body says. Raises ``SinkFault``."""
        body = b"".join(map(self._object, events))
        gzip = self.options.gzip
        headers = self._channel | ({"Content-Encoding": "gzip"} if gzip else {})
        answer = self._poster.post(packed(body) if gzip else body, headers, "/services/collector/event")
        return answer, _object_of(answer.body)

    def _object(self, event: Event) -> bytes:
        """One of the objects that follow each other in a request; an array it must not be. Its indexed fields have
        names of their own: Splunk finds those of the event by itself, and would show each value twice.
        """
        data = msgspec.json.encode(event.data.decode()) if self._text else event.data
        fields = {f"doorward_{name}": value for name, value in marks(event).items()}
        about = {"time": round(event.at, 3), **self._about, "fields": fields}
        return msgspec.json.encode(about)[:-1] + b',"event":' + data + b"}"

    def _acknowledged(self, numbers: Sequence[Any]) -> None:
        """Ask until the indexers have them. Raises ``SinkFault``. What was once said to be true is said never again, so
        that an answer which is lost costs the whole time and another delivery.
        """
        if not all(isinstance(number, int) for number in numbers):
            todo = "enable indexer acknowledgement for the token, or set ack to false"
            raise SinkFault("the answer has no ackId: the token has no acknowledgement", SETTLED, todo)
        until = time.monotonic() + self.options.ack_within
        waiting = list(numbers)
        pause = FIRST_LOOK
        while True:
            question = msgspec.json.encode({"acks": waiting})
            answer = self._poster.post(question, self._channel, "/services/collector/ack")
            judge(answer)
            acks = _object_of(answer.body).get("acks")
            if isinstance(acks, dict):
                waiting = [number for number in waiting if acks.get(str(number)) is not True]
            if not waiting:
                return
            left = until - time.monotonic()
            if left <= 0:
                raise SinkFault("not acknowledged in time")
            if self._closed.wait(min(pause, left)):
                raise SinkFault("closed")
            pause = min(pause * 2, LONGEST_LOOK)


def _requests(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Begin and end of what goes in one request each."""
    first, size = 0, 0
    for place, event in enumerate(events):
        more = len(event.data) + PER_EVENT
        if size and size + more > MOST_IN_REQUEST:
            yield first, place
            first, size = place, 0
        size += more
    yield first, len(events)


def _headers(options: Splunk.Options) -> dict[str, str]:
    return {"Authorization": f"Splunk {field(options.token, 'token')}", "Content-Type": "application/json"}


def _channel(options: Splunk.Options) -> dict[str, str]:
    """A new one, where it takes one."""
    return {"X-Splunk-Request-Channel": str(uuid.uuid4())} if options.ack else {}


def _about(options: Splunk.Options) -> dict[str, str]:
    about = {
        "host": options.host or socket.gethostname(),
        "source": options.source,
        "sourcetype": options.sourcetype or f"doorward:{options.format}",
    }
    return {**about, "index": options.index} if options.index else about


def _object_of(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
