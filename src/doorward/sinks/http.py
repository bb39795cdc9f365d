"""Signed POSTs of many events to an address of your own, as the Standard Webhooks specification (v1) writes it."""

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import ALL, Delivered, Event, Limits
from doorward.outgoing import webhooks
from doorward.sinks.isolating import Isolating, Unacceptable
from doorward.sinks.options import SinkOptions
from doorward.sinks.posting import Poster, address, field, judge, packed


class Http:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``url``; ``secret``: ``whsec_`` and 24 to 64 bytes in base64; ``body``: an event a line, or a JSON array;
        ``headers``: further fields, such as ``Authorization``; ``gzip``: compress, and sign what was compressed;
        ``ca``: who vouches for the server, in place of the system's authorities.
        """

        url: Secret
        secret: Secret
        body: Literal["lines", "array"] = "lines"
        headers: Mapping[str, Secret] = {}
        gzip: bool = False
        ca: Path | None = None

    # Ours, for nobody publishes one: what common servers and functions take without being told to.
    limits = Limits(events=1000, bytes=1 << 20, overhead=2)

    def __init__(self, options: Options) -> None:
        self.options = options
        self._key = webhooks.key_of(options.secret)
        self._poster = Poster(address(options.url), headers=_fields(options), timeout=options.timeout, ca=options.ca)
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """2xx: taken. 413: sent in smaller parts. 422: likewise, and what is refused alone is never to be taken."""
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._poster.close()

    def __repr__(self) -> str:
        return "Http(****)"

    def _put(self, events: Sequence[Event]) -> Delivered:
        body = _array(events, self.options.format) if self.options.body == "array" else _lines(events)
        if self.options.gzip:
            body = packed(body)
        answer = self._poster.post(body, webhooks.signed(self._key, batch_id(events), time.time(), body))
        if answer.status in (413, 422):
            raise Unacceptable(f"HTTP {answer.status}")
        judge(answer)
        return ALL


def batch_id(events: Sequence[Event]) -> str:
    """Of these events in this order, whenever they are sent."""
    return "batch_" + sha256("\n".join(event.id for event in events).encode()).hexdigest()[:32]


def _lines(events: Sequence[Event]) -> bytes:
    return b"".join(event.data + b"\n" for event in events)


def _array(events: Sequence[Event], format: str) -> bytes:
    if format == "cef":  # text, and no JSON
        return msgspec.json.encode([event.data.decode() for event in events])
    return b"[" + b",".join(event.data for event in events) + b"]"


def _fields(options: Http.Options) -> dict[str, str]:
    kind = "application/json" if options.body == "array" else _LINES[options.format == "cef"]
    fields = {"Content-Type": kind}
    if options.gzip:
        fields["Content-Encoding"] = "gzip"
    for name, value in options.headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or name.lower() in _OURS:
            raise Refused("headers: a name that cannot be set", "letters, digits and -; none that belongs to HTTP")
        fields[name] = field(value, f"headers: {name}")
    return fields


_LINES = ("application/x-ndjson", "text/plain; charset=utf-8")
_OURS = frozenset(
    (
        *("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "expect"),
        *("upgrade", "te", "trailer", "webhook-id", "webhook-timestamp", "webhook-signature"),
    )
)
