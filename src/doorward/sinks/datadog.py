"""Datadog's logs, version 2 of the intake. It dates anew, or drops, what is older than 18 hours when it comes."""

import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import Delivered, Event, Limits
from doorward.sinks.isolating import Isolating, Unacceptable
from doorward.sinks.marks import marks, severity
from doorward.sinks.options import SinkOptions
from doorward.sinks.posting import Poster, address, field, judge, packed

# docs.datadoghq.com/api/latest/logs/send-logs: 1000 entries, 5 MB a request uncompressed, 1 MB a log. A larger log is
# cut, and the answer is 2xx all the same: so none is ever sent.
MOST_ENTRIES = 1000
LARGEST_REQUEST = 5_000_000
LARGEST_LOG = 1_000_000

_STATUS = {"critical": "critical", "high": "error", "medium": "warning", "low": "notice", "": "info"}


class Datadog:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``key``: an API key. ``site``: as in the address of your Datadog. ``url``: the whole address of an intake, in
        place of the site's. ``service``, ``source``, ``hostname`` (empty: this machine's), ``tags``: of every log.
        """

        key: Secret
        site: str = "datadoghq.com"
        url: Secret | None = None
        service: str = "doorward"
        source: str = "doorward"
        hostname: str = ""
        tags: Mapping[str, str] = {}
        ca: Path | None = None

    # An event's quotes are escaped within the log, so that its bytes may double; deliver counts them exactly.
    limits = Limits(events=MOST_ENTRIES, bytes=2_000_000, overhead=600)

    def __init__(self, options: Options) -> None:
        self.options = options
        headers = {
            "DD-API-KEY": field(options.key, "key"),
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        self._poster = Poster(_intake(options), headers=headers, timeout=options.timeout, ca=options.ca)
        self._tags = _tags(options.tags)
        self._host = options.hostname or socket.gethostname()
        self._isolating = Isolating()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """202: taken. 400 and 413: sent in smaller parts, and what is refused alone is never to be taken."""
        return self._isolating.send(events, self._put)

    def close(self) -> None:
        self._poster.close()

    def __repr__(self) -> str:
        return "Datadog(****)"

    def _log(self, event: Event) -> bytes:
        return msgspec.json.encode(
            {
                "ddsource": self.options.source,
                "ddtags": self._tags,
                "service": self.options.service,
                "hostname": self._host,
                "status": _STATUS[severity(event)],
                "timestamp": int(event.at * 1000),
                "doorward": marks(event),
                "message": event.data.decode(),
            }
        )

    def _put(self, events: Sequence[Event]) -> Delivered:
        logs = [self._log(event) for event in events]
        refused = {place: _TOO_LARGE for place, log in enumerate(logs) if len(log) > LARGEST_LOG}
        body = b"[" + b",".join(log for place, log in enumerate(logs) if place not in refused) + b"]"
        if len(body) > LARGEST_REQUEST:
            raise Unacceptable("more than the 5 MB of a request")
        if len(refused) < len(logs):
            self._post(body)
        return Delivered(refused=refused)

    def _post(self, body: bytes) -> None:
        answer = self._poster.post(packed(body))
        if answer.status in (400, 413):
            raise Unacceptable(f"HTTP {answer.status}")
        judge(answer)


_TOO_LARGE = "larger than the 1 MB that Datadog takes whole"


def _intake(options: Datadog.Options) -> str:
    if options.url is not None:
        return address(options.url)
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", options.site, re.ASCII):
        raise Refused("site is not a name of a Datadog site", "such as datadoghq.com, us3.datadoghq.com, datadoghq.eu")
    return f"https://http-intake.logs.{options.site}/api/v2/logs"


def _tags(tags: Mapping[str, str]) -> str:
    if any("," in part for tag in tags.items() for part in tag):
        raise Refused("a tag holds a comma", "which separates tags at Datadog")
    return ",".join(f"{name}:{value}" for name, value in tags.items())
