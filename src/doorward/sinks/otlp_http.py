"""OTLP over HTTP: what every signal's sink can be told, one request, and what the receiver made of it."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import ALL, Delivered
from doorward.sinks.isolating import Unacceptable
from doorward.sinks.options import SinkOptions
from doorward.sinks.posting import Answer, Poster, address, fields, judge, packed

# OTLP 1.x, "OTLP/HTTP Response": 400 and 413 are about what was sent. 401 and the like are about us.
_ABOUT_THE_BATCH = frozenset((400, 413, 422))


NO_RECEIVER = "check its address: what answers there is no OTLP/HTTP receiver"


class OtlpOptions(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url``: of the receiver; the signal's path (``/v1/logs``, ``/v1/traces``) is added where it does not end so.
    ``headers``: that it asks for. ``service``: ``service.name``; ``resource``: more attributes of the resource. ``ca``:
    who vouches for it.
    """

    url: Secret
    headers: dict[str, Secret] = msgspec.field(default_factory=dict)
    service: str = "doorward"
    resource: dict[str, str] = msgspec.field(default_factory=dict)
    ca: Path | None = None


class Exporter:
    """``path``: the signal's. ``kind``: of the bodies. ``rejected``: how many an answer (``partialSuccess``) says were
    rejected, for good; it raises ``SinkFault`` for what is no such answer.
    """

    def __init__(self, options: OtlpOptions, path: str, kind: str, rejected: Callable[[Answer], int]) -> None:
        """Raises ``Refused``."""
        if not options.service:
            raise Refused("service is empty", "leave it out, or name the service")
        url = address(options.url)
        self._path = "" if url.partition("?")[0].rstrip("/").endswith(path) else path
        self._kind = kind
        self._rejected = rejected
        self._poster = Poster(url, headers=fields(options.headers), timeout=options.timeout, ca=options.ca)

    def export(self, body: bytes, count: int) -> Delivered:
        """Send ``body``, in which there are so many. Raises ``SinkFault``; ``Unacceptable`` where it is about some of
        them, and the receiver does not say which.
        """
        headers = {"Content-Type": self._kind, "Content-Encoding": "gzip"}
        answer = self._poster.post(packed(body), headers, self._path)
        if answer.status in _ABOUT_THE_BATCH:
            raise Unacceptable(f"HTTP {answer.status}")
        judge(answer)
        rejections = self._rejected(answer)
        if rejections <= 0:
            return ALL
        if rejections < count:
            raise Unacceptable("rejected in part")
        return Delivered(refused=dict.fromkeys(range(count), "rejected by the receiver"))

    def close(self) -> None:
        """Cut what is open."""
        self._poster.close()
