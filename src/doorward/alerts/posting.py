"""One POST to an address that the operator wrote: verified TLS, no redirects, one deadline for the whole of it."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Timer
from urllib.parse import SplitResult, urlsplit

import msgspec

from doorward.configfile.outgoing import address as address
from doorward.configfile.outgoing import reachable
from doorward.core.alerting import Sent

TIMEOUT = 10.0
"""Seconds for one attempt, from the look-up of the name to the answer's head."""


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
    with closing(_connection(parts, timeout)) as connection:
        alarm = Timer(timeout, _cut, [connection.sock])  # a socket's own timeout begins anew with every byte
        alarm.daemon = True
        alarm.start()
        try:
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
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


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    """To one address that was looked at first, so that the name cannot change its meaning in between."""
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    opened = socket.create_connection((_allowed(host, port, plain=not secure), port), timeout)
    connection = HTTPConnection(host, port, timeout=timeout)  # it writes the Host field
    connection.sock = opened
    if secure:
        try:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError):
            opened.close()
            raise
    return connection


def _allowed(host: str, port: int, *, plain: bool) -> str:
    """The first address of a host that may be reached."""
    for *_, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        at = str(found[0])
        if reachable(at, here=plain):
            return at
    raise ConnectionError("the name has no address that may be reached")


def _cut(opened: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(opened, socket.SHUT_RDWR)  # not the TLS socket's: another thread is reading from it


def _seconds(field: str | None) -> float | None:
    """``Retry-After`` in its form of seconds (RFC 9110, 10.2.3); a date is left alone."""
    return float(field) if field is not None and field.isascii() and field.isdigit() and len(field) < 7 else None
