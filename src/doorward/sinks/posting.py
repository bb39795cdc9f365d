"""HTTP for the sinks: one kept connection, verified TLS, no redirects, one deadline for each request as a whole."""

import gzip
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from threading import Event, Lock, Timer
from urllib.parse import urlsplit

import msgspec

from doorward.configfile.headers import well_formed_name
from doorward.configfile.outgoing import address as address
from doorward.configtypes import Refused, Secret
from doorward.core.delivery import SinkFault
from doorward.outgoing.reaching import beginning, connect, cut, readable, shake, trouble, trust

LARGEST_ANSWER = 64 << 10
"""Bytes of an answer's body that are read."""

LONGEST_WAIT = 300.0
"""The longest ``Retry-After`` that is believed, in seconds: a service may say "next year", and the log waits."""

SETTLED = 30.0
"""Seconds before another try where the answer is about us (credentials, address), and not about the moment."""


class Answer(msgspec.Struct, frozen=True):
    """Status, header fields by their names in lower case, and the first ``LARGEST_ANSWER`` bytes of the body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Poster:
    """Sends requests to one server, one after the other. ``close`` may come from another thread."""

    def __init__(self, url: str, *, headers: Mapping[str, str], timeout: float, ca: Path | None = None) -> None:
        """``url``: as ``address`` checked it. ``timeout``: for one request, from connecting to the answer's last byte;
        only the look-up of the name has the system's own time. ``ca``: who vouches for the server, in place of the
        system's authorities. Raises ``Refused``.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        if ca is not None and not secure:
            raise Refused("ca goes with https", "write https://, or leave ca out")
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._tls = trust(ca) if secure else None
        self._path = parts.path.rstrip("/") if parts.path != "/" else ""
        self._given = parts.path or "/"
        self._query = f"?{parts.query}" if parts.query else ""
        self._host_field = parts.netloc
        self._headers = {"User-Agent": "doorward", **headers}
        self._timeout = timeout
        self._lock = Lock()
        self._opened: socket.socket | None = None
        self._busy = False
        self._closed = Event()

    def post(self, body: bytes, headers: Mapping[str, str] = {}, path: str = "", method: str = "POST") -> Answer:
        """Send ``body``, to ``path`` below the address. Any status is an answer. Raises ``SinkFault`` without one."""
        until = time.monotonic() + self._timeout
        target = (self._path + path if path else self._given) + self._query
        fields = {"Host": self._host_field, **self._headers, **headers}
        self._begin()
        try:
            kept = self._kept()
            if kept is not None:
                with suppress(ConnectionError):  # it was just being closed for idleness; the ids stay the same
                    return self._exchange(kept, method, target, fields, body, until)
            return self._exchange(self._connect(until), method, target, fields, body, until)
        except (OSError, HTTPException, UnicodeError) as fault:
            why, todo = trouble(fault, late=time.monotonic() >= until)
            raise SinkFault(why, remedy=todo) from None
        finally:
            self._end()

    def close(self) -> None:
        """Cut what is open; a ``post`` that is under way ends with a ``SinkFault``, and so does any later one."""
        with self._lock:
            self._closed.set()
            if self._opened is not None:
                cut(self._opened)
                if not self._busy:
                    self._opened.close()

    def __repr__(self) -> str:
        return "Poster(****)"

    def _begin(self) -> None:
        with self._lock:
            if self._closed.is_set():
                raise SinkFault("closed")
            self._busy = True

    def _end(self) -> None:
        with self._lock:
            self._busy = False
            if self._closed.is_set() and self._opened is not None:
                self._opened.close()

    def _kept(self) -> socket.socket | None:
        """The open connection, if the server has said nothing on it since: an end, or what nobody asked for."""
        opened = self._opened
        if opened is None:
            return None
        try:
            if not readable(opened):
                return opened
        except (OSError, ValueError):
            pass
        self._drop(opened)
        return None

    def _connect(self, until: float) -> socket.socket:
        opened = connect(self._host, self._port, self._tls, until)
        with self._lock:
            if not self._closed.is_set():
                self._opened = opened
                return opened
        opened.close()
        raise ConnectionError(0, "closed")

    def _exchange(
        self, opened: socket.socket, method: str, target: str, fields: Mapping[str, str], body: bytes, until: float
    ) -> Answer:
        """One request and its answer on one connection, which is closed unless another request may follow on it."""
        left = max(until - time.monotonic(), 0.001)
        opened.settimeout(left)
        alarm = Timer(left, cut, [opened])  # a socket's own timeout begins anew with every byte
        alarm.daemon = True
        alarm.start()
        reusable = False
        try:
            shake(opened)
            line = HTTPConnection(self._host, self._port)
            line.sock = opened
            with suppress(*_GONE):  # it may have answered before it had all: 413
                line.request(method, target, body, dict(fields))
            with line.getresponse() as response:
                answer, reusable = _read(response)
            return answer
        finally:
            alarm.cancel()
            if not reusable:
                self._drop(opened)

    def _drop(self, opened: socket.socket) -> None:
        with self._lock:
            self._opened = None
            opened.close()


def field(secret: Secret, name: str) -> str:
    """A secret as the value of a header field: one line of printable ASCII. Raises ``Refused``, with ``name`` only."""
    text = secret.reveal().strip()
    if not text or not text.isascii() or not text.isprintable():
        raise Refused(f"{name} cannot be sent in a header field", "one line of ASCII without control characters")
    return text


def fields(given: Mapping[str, Secret]) -> dict[str, str]:
    """Header fields that the operator named. Raises ``Refused`` for what is ours to say, and what is no name."""
    for name in given:
        if not well_formed_name(name) or name.lower() in _OURS:
            raise Refused("headers name a field that cannot be set", "such as Authorization or api-key")
    return {name: field(value, name) for name, value in given.items()}


def wait_of(answer: Answer) -> float:
    """The seconds of ``Retry-After`` (RFC 9110, 10.2.3: a number, or a date), at most ``LONGEST_WAIT``; 0: none."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(said).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(at - time.time(), 0.0), LONGEST_WAIT)


def judge(answer: Answer) -> None:
    """Nothing for 2xx. Any other raises ``SinkFault``: with the answer's wait for 408, 429 and 5xx, which pass by
    themselves (RFC 9110, 15), and at least ``SETTLED`` for the rest, redirects among them.
    """
    if 200 <= answer.status < 300:
        return
    passing = answer.status in (408, 429) or answer.status >= 500
    wait = wait_of(answer)
    raise SinkFault(f"HTTP {answer.status}", wait if passing else max(wait, SETTLED), _todo(answer.status))


def _todo(status: int) -> str:
    if status in (401, 403, 407):
        return "check the sink's credentials, and what they may do there"
    if status in (404, 405, 410, 501):
        return "check its address: nothing takes events there"
    if 300 <= status < 400:
        return "write the address that it leads to: redirects are not followed"
    return ""


def packed(body: bytes) -> bytes:
    """In gzip, the same bytes for the same body; goes with ``Content-Encoding: gzip``."""
    return gzip.compress(body, compresslevel=3, mtime=0)


_GONE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""Of a connection that the other side ended, while we send."""

_OURS = frozenset(("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection"))


def _read(response: HTTPResponse) -> tuple[Answer, bool]:
    """The answer, and whether its body ended where another answer may begin. Raises ``HTTPException``, ``OSError``."""
    body = beginning(response, LARGEST_ANSWER + 1)
    whole = len(body) <= LARGEST_ANSWER
    if whole and response.length:
        raise HTTPException  # its end is missing: nobody knows what it would have said
    headers = {name.lower(): value for name, value in response.getheaders()}
    last = response.status >= 200  # else another follows, which would be taken for that to the next request
    return Answer(response.status, headers, body[:LARGEST_ANSWER]), whole and last and not response.will_close
