"""Streamable HTTP towards servers, on the pooled HTTP/1.1 client."""

import asyncio
from collections.abc import AsyncIterator
from math import inf
from urllib.parse import urlsplit

import msgspec

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event, Headers, Outbound
from doorward.core.identity import Credential
from doorward.core.snapshot import Limits, Server, Timeouts
from doorward.transports.charset import reads_alike
from doorward.transports.http1 import Origin, Pool
from doorward.transports.http1.errors import UpstreamFault as EdgeFault
from doorward.transports.http1.limits import ClientLimits, ServerLimits
from doorward.transports.http1.response import UpstreamResponse
from doorward.transports.sse import SseReader
from doorward.transports.turns import Turn

_PASSED = frozenset({b"content-type", b"cache-control", b"retry-after", b"x-accel-buffering", b"allow"})
_CODES = {
    "upstream.connect_failed": "upstream.unreachable",
    "upstream.connect_timeout": "upstream.unreachable",
    "upstream.tls_failed": "upstream.unreachable",
    "upstream.pool_full": "limit.overload",
    "upstream.first_byte_timeout": "upstream.timeout",
    "upstream.idle_timeout": "upstream.timeout",
    "upstream.total_timeout": "upstream.timeout",
}


_HEAD = "head"  # among a response's notes
_LEAST, _MOST = 512, 8192  # bytes of a stream that are cut at a time: more where they make few events
_FEW = 8


class Head(msgspec.Struct, frozen=True):
    """What the headers of an answer say: those that pass, the media type, the session id, whether they challenge, and
    whether two clients could read two bodies: two media types, or another charset.
    """

    passed: Headers
    kind: bytes
    session: str | None
    challenged: bool
    unclear: bool


class HttpUpstream:
    """One server's endpoint and the connections to it."""

    def __init__(self, server: Server, limits: Limits, timeouts: Timeouts) -> None:
        parts = urlsplit(server.target.url)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._passed = _PASSED | server.response_headers
        self._limit = limits.response_bytes
        self._total = timeouts.total
        self._pool = Pool(
            Origin.parse(server.target.url),
            ClientLimits(
                max_body=limits.response_bytes,
                connect=timeouts.connect,
                first_byte=timeouts.first_byte,
                idle=timeouts.idle,
                # What is under way is counted before (``gateway/flow.py``), streams apart, and answers to a server's
                # questions never. No client's connection has more than one request under way.
                connections=limits.in_flight + ServerLimits().connections,
            ),
        )

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        """Send, and return with the head of the answer; a body that is no event stream is read whole, within its
        limits.
        """
        try:
            response = await self._pool.request(
                outbound.verb,
                self._path(outbound),
                (*outbound.headers, *self._fields(outbound), *credential.headers),
                outbound.body,
                resend=outbound.resend,
                stream=outbound.endless,
                total=inf if outbound.endless else self._total,
            )
        except EdgeFault as fault:
            raise translated(fault) from fault
        try:
            answer = self._begun(response)
            if answer.events is None:
                answer.body = response.body_now(self._limit) if response.complete else await self._rest(response)
            return answer
        except BaseException as fault:
            response.abort()
            if isinstance(fault, EdgeFault):
                raise translated(fault) from fault
            raise

    def _begun(self, response: UpstreamResponse) -> Answer:
        """The answer with all but its body. Raises ``UpstreamFault`` for a head that may not pass."""
        status = response.status
        head: Head | None = response.notes.get(_HEAD)
        if head is None:
            head = response.notes[_HEAD] = self._sorted(response.headers)
        _check(status, head.challenged)
        if head.kind == b"text/event-stream" and status != 204:  # which has no body to be one
            stream = EventStream(response, self._limit)
            return Answer(
                status, head.passed, events=stream, session=head.session, abort=stream.abort, unclear=head.unclear
            )
        return Answer(status, head.passed, session=head.session, unclear=head.unclear)

    def _sorted(self, headers: Headers) -> "Head":
        kind, session, challenged = b"", None, False
        types: set[bytes] = set()
        passed: list[tuple[bytes, bytes]] = []
        for field in headers:
            name = field[0]
            if name == b"mcp-session-id":
                session = field[1].decode("latin-1")
            elif name in self._passed or name.startswith(b"mcp-"):
                passed.append(field)
                if name == b"content-type":
                    types.add(field[1])
                    kind = field[1].split(b";", 1)[0].strip().lower()
            elif name == b"www-authenticate":
                challenged = True
        unclear = len(types) > 1 or not all(map(reads_alike, types))
        return Head(tuple(passed), kind, session, challenged, unclear)

    async def _rest(self, response: UpstreamResponse) -> bytes:
        """A body that is still coming. The bound matters where a stream was asked for, which the pool lets run on."""
        try:
            async with asyncio.timeout(self._total):
                return await response.read(self._limit)
        except TimeoutError as error:
            raise UpstreamFault("the answer took longer than timeouts.total", code="upstream.timeout") from error

    def _path(self, outbound: Outbound) -> str:
        return self._target

    def _fields(self, outbound: Outbound) -> list[tuple[bytes, bytes]]:
        fields: list[tuple[bytes, bytes]] = []
        if outbound.version:
            fields.append((b"mcp-protocol-version", outbound.version.encode("latin-1")))
        if outbound.session is not None:
            fields.append((b"mcp-session-id", outbound.session.encode("latin-1")))
        if outbound.last_event_id is not None:
            fields.append((b"last-event-id", outbound.last_event_id))
        return fields

    async def close(self) -> None:
        await self._pool.close()


class EventStream:
    """The events of one answer, as they arrive; ends with the answer, or raises ``UpstreamFault``.

    A server that floods its client has its share of the loop and no more.
    """

    def __init__(self, response: UpstreamResponse, limit: int) -> None:
        self._response = response
        self._reader = SseReader(limit)
        self._events: list[Event] = []
        self._data: bytes | None = b""  # what has come, and from where on it is not cut yet
        self._start = 0
        self._slice = _LEAST
        self._turn = Turn()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if self._turn.over:
            await asyncio.sleep(0)
            self._turn.begin()
        while not self._events:
            if self._data is not None and self._start >= len(self._data):
                await self._receive()
            self._events = self._cut()
            if self._data is None and not self._events:
                raise StopAsyncIteration
            self._events.reverse()
        return self._events.pop()

    async def _receive(self) -> None:
        waits = not self._response.ready
        try:
            self._data, self._start = await self._response.chunk(), 0
        except EdgeFault as fault:
            raise translated(fault) from fault
        if waits:
            self._turn.begin()

    def _cut(self) -> list[Event]:
        if self._data is None:
            return self._reader.end()
        begin, self._start = self._start, self._start + self._slice
        events = self._reader.feed(self._data[begin : self._start])
        self._slice = min(2 * self._slice, _MOST) if len(events) <= _FEW else _LEAST
        return events

    def abort(self) -> None:
        """Close towards the server at once."""
        self._response.abort()


def _check(status: int, challenged: bool) -> None:
    """What never passes in any mode: it is ours to authenticate, and nobody follows a redirect."""
    if status == 401 or (status == 403 and challenged):
        raise UpstreamFault(f"the server answered {status}: give it credentials", code="upstream.unauthorized")
    if 300 <= status < 400:
        raise UpstreamFault(
            f"the server answered {status}: configure the address it points to", code="upstream.redirect"
        )


def translated(fault: EdgeFault) -> UpstreamFault:
    """The edge's fault in the product's words."""
    return UpstreamFault(str(fault), code=_CODES.get(fault.code, fault.code))
