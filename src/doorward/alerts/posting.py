"""One POST to an address that the operator wrote: verified TLS, no redirects, and it ends in time."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from threading import Timer
from urllib.parse import urlsplit

import msgspec

from doorward.configfile.outgoing import address as address
from doorward.core.alerting import Sent
from doorward.outgoing.reaching import connect, cut, shake, trust

TIMEOUT = 10.0
"""Seconds to connect for one attempt, and as many for all the rest, up to the answer's head."""


class Status(msgspec.Struct, frozen=True):
    """What came back: the status, and the seconds of ``Retry-After``."""

    code: int
    retry_after: float | None = None


Post = Callable[[str, Mapping[str, str], bytes, float], Status]
"""``post(url, headers, body, timeout)``; raises ``OSError`` where there was no answer."""


def post(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Status:
    """Send ``body``: ``timeout`` seconds to connect, and as many for all the rest. Raises ``OSError``.

    A redirect is an answer like any other.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    with closing(HTTPConnection(host, port)) as connection:  # it writes the Host field
        connection.sock = connect(host, port, trust(None) if secure else None, time.monotonic() + timeout)
        connection.sock.settimeout(timeout)
        alarm = Timer(timeout, cut, [connection.sock])  # a socket's own timeout begins anew with every byte
        alarm.daemon = True
        alarm.start()
        try:
            shake(connection.sock)
            target = parts.path or "/"
            connection.request("POST", f"{target}?{parts.query}" if parts.query else target, body, dict(headers))
            response = connection.getresponse()
        except HTTPException as broken:
            raise ConnectionError(f"no HTTP answer: {type(broken).__name__}") from None
        finally:
            alarm.cancel()
        return Status(response.status, _seconds(response.getheader("Retry-After")))


def judged(status: Status) -> Sent:
    """What a status says about sending again (RFC 9110, 15): later on 408, 429 and 5xx, otherwise never."""
    if 200 <= status.code < 300:
        return Sent(True)
    again = status.code in (408, 429) or status.code >= 500
    return Sent(False, again, status.retry_after, f"HTTP {status.code}")


def _seconds(field: str | None) -> float | None:
    """``Retry-After`` in its form of seconds (RFC 9110, 10.2.3); a date is left alone."""
    return float(field) if field is not None and field.isascii() and field.isdigit() and len(field) < 7 else None
