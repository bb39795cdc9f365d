"""The one way in which the gateway fetches a URL: guarded, bounded, JSON only (docs/issuers.md).

https, or http to loopback; no redirects; the name is resolved once, every address is judged (``egress.py``), and the
connection goes to a judged address under the name that was asked for, so a second answer of the DNS changes nothing.
Size and time are bounded as wholes, so a server that drips is cut like one that hangs.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httptools
import msgspec

from doorward.control.federation.egress import Network, permitted
from doorward.core.decode import UndecodableError, decode
from doorward.core.errors import Fault

MAX_BODY = 1 << 20
TOTAL = 5.0  # seconds, from the name to the last byte
_CONNECT = 2.0  # seconds for one of several addresses
_OVERHEAD = 64 << 10  # bytes of heads and chunk framing beside the body
_DEPTH = 32

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class FetchReason(StrEnum):
    """Why a fetch gave nothing. Stable; for logs and ``doctor``."""

    URL = "fetch.url"
    RESOLVE = "fetch.resolve"
    ADDRESS = "fetch.address"
    CONNECT = "fetch.connect"
    TLS = "fetch.tls"
    TIMEOUT = "fetch.timeout"
    MALFORMED = "fetch.malformed"
    REDIRECT = "fetch.redirect"
    STATUS = "fetch.status"
    ENCODING = "fetch.encoding"
    TOO_LARGE = "fetch.too_large"
    JSON = "fetch.json"
    ISSUER = "fetch.issuer"  # a metadata document that speaks for somebody else
    KEYS = "fetch.keys"  # no key set in it, or none with a usable key
    FILE = "fetch.file"


class FetchFault(Fault):
    """Nothing usable was fetched. ``reason`` says why; neither body nor query is ever in it."""

    code = "auth.unavailable"

    def __init__(self, reason: FetchReason, host: str = "") -> None:
        super().__init__(f"{reason} ({host})" if host else str(reason))
        self.reason = reason


class Location(msgspec.Struct, frozen=True):
    """A URL taken apart and found usable. ``authority`` is ``host:port``, always with the port."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as RFC 9112 §3.2.1 wants it

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def host_field(self) -> str:
        """The ``Host`` field: without the port that the scheme implies."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}", re.ASCII)
_SIX = re.compile(r"[0-9a-f:.]+", re.ASCII)


def locate(url: str) -> Location:
    """Take a URL apart. Raises ``FetchFault``: not http(s), user information, a fragment, an oddly spelt host."""
    if not _VISIBLE.fullmatch(url) or any(character in url for character in '#\\"<>^`{|}'):
        raise FetchFault(FetchReason.URL)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchFault(FetchReason.URL) from None
    if parts.scheme not in _PORTS or "@" in parts.netloc or port == 0 or not _usable(host):
        raise FetchFault(FetchReason.URL)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Location(parts.scheme, host, port or _PORTS[parts.scheme], target)


def _usable(host: str) -> bool:
    """A name, a dotted quad or an IPv6 address; not ``0x7f.1`` and its like, which resolvers read as addresses."""
    if ":" in host:
        return _SIX.fullmatch(host) is not None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _QUAD.fullmatch(host) is not None
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system knows it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Fetches JSON objects. ``allow`` is ``egress.allow``; ``resolve`` and ``tls`` are parameters for tests."""

    def __init__(
        self,
        allow: Iterable[Network] = (),
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        total: float = TOTAL,
    ) -> None:
        self._allow = tuple(allow)
        self._resolve = resolve
        self._tls = tls
        self._total = total

    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The JSON object at ``url``. Raises ``FetchFault`` only.

        ``written`` holds the authorities (``host:port``) that the operator wrote for this purpose; for them private
        networks and loopback are open, for all others not.
        """
        location = locate(url)
        try:
            async with asyncio.timeout(self._total):
                body = await self._get(location, location.authority in written)
        except TimeoutError:
            raise FetchFault(FetchReason.TIMEOUT, location.host) from None
        try:
            document = decode(body, _DEPTH)
        except UndecodableError:
            raise FetchFault(FetchReason.JSON, location.host) from None
        if type(document) is not dict:
            raise FetchFault(FetchReason.JSON, location.host)
        return document

    async def _get(self, location: Location, written: bool) -> bytes:
        addresses = await self._addresses(location, written)
        reader, writer = await self._connect(location, addresses)
        try:
            writer.write(_request(location))
            return await _answer(reader, location.host)
        except ssl.SSLError:
            raise FetchFault(FetchReason.TLS, location.host) from None
        except OSError:
            raise FetchFault(FetchReason.CONNECT, location.host) from None
        finally:
            writer.transport.abort()  # nothing more is wanted, so no farewell is waited for

    async def _addresses(self, location: Location, written: bool) -> Sequence[str]:
        try:
            addresses = await self._resolve(location.host, location.port)
        except (OSError, UnicodeError):
            raise FetchFault(FetchReason.RESOLVE, location.host) from None
        if not permitted(addresses, written=written, allow=self._allow):
            raise FetchFault(FetchReason.ADDRESS, location.host)
        if location.scheme == "http" and not all(_on_this_machine(address) for address in addresses):
            raise FetchFault(FetchReason.URL, location.host)
        return addresses

    async def _connect(
        self, location: Location, addresses: Sequence[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first of the judged addresses that answers."""
        tls = self._context() if location.scheme == "https" else None
        name = location.host if tls is not None else None
        why = FetchReason.CONNECT
        for address in addresses:
            try:
                async with asyncio.timeout(_CONNECT if address != addresses[-1] else None):
                    return await asyncio.open_connection(address, location.port, ssl=tls, server_hostname=name)
            except ssl.SSLError:
                why = FetchReason.TLS
            except OSError:  # TimeoutError is one
                continue
        raise FetchFault(why, location.host)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._tls


def _on_this_machine(address: str) -> bool:
    return address == "::1" or address.startswith("127.")  # what `permitted` has read as an address already


def _request(location: Location) -> bytes:
    fields = (
        f"GET {location.target} HTTP/1.1",
        f"Host: {location.host_field}",
        "Accept: application/json, application/jwk-set+json",
        "Accept-Encoding: identity",
        "User-Agent: doorward",
        "Connection: close",
    )
    return ("\r\n".join(fields) + "\r\n\r\n").encode("ascii")


async def _answer(reader: asyncio.StreamReader, host: str) -> bytes:
    answer = _Answer(host)
    received = 0
    try:
        while not answer.whole:
            data = await reader.read(1 << 16)
            received += len(data)
            if received > MAX_BODY + _OVERHEAD:
                raise FetchFault(FetchReason.TOO_LARGE, host)
            if not data:
                return answer.at_end()
            answer.feed(data)
        return bytes(answer.body)
    finally:
        answer.close()


class _Answer:
    """What httptools tells about one response; it refuses as soon as it can."""

    def __init__(self, host: str) -> None:
        self.body = bytearray()
        self.whole = False
        self._host = host
        self._refused: FetchReason | None = None
        self._headed = False
        self._framed = False
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read on. Raises ``FetchFault``."""
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self.whole:  # what follows a whole answer is nobody's
                raise FetchFault(self._refused or FetchReason.MALFORMED, self._host) from None

    def at_end(self) -> bytes:
        """The body where the end of the connection is its end (RFC 9112 §6.3, rule 8). Raises ``FetchFault``."""
        if self._framed or not self._headed:
            raise FetchFault(FetchReason.MALFORMED, self._host)
        return bytes(self.body)

    def close(self) -> None:
        """Nothing more comes. The parser holds us, so we let go of it."""
        self._parser = None

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            self._refuse(FetchReason.ENCODING)
        if name in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self._headed = True
        status = self._parser.get_status_code()
        if status != 200:
            self._refuse(FetchReason.REDIRECT if 300 <= status < 400 else FetchReason.STATUS)

    def on_body(self, data: bytes) -> None:
        self.body += data
        if len(self.body) > MAX_BODY:
            self._refuse(FetchReason.TOO_LARGE)

    def on_message_complete(self) -> None:
        self.whole = True

    def _refuse(self, reason: FetchReason) -> None:
        self._refused = self._refused or reason
        raise FetchFault(reason, self._host)  # ends the reading; `feed` gives the reason
