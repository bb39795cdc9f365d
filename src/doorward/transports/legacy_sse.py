"""The HTTP+SSE transport of 2024-11-05, minimal and like to like. Deletable: only ``bootstrap`` knows of it.

MCP 2024-11-05, basic/transports: GET opens a stream whose first event, ``endpoint``, says where to POST.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qs, urljoin, urlsplit

from msgspec.structs import replace

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event, Inbound, Outbound, Reply
from doorward.core.identity import Credential
from doorward.core.ports import Clock, Send
from doorward.core.snapshot import Limits, Server, Snapshot, Timeouts
from doorward.transports import front
from doorward.transports.http1 import HttpRequest, Responder
from doorward.transports.http1.wire import request_line
from doorward.transports.http_inbound import inbound_of
from doorward.transports.http_send import HttpSend
from doorward.transports.http_upstream import HttpUpstream

PREFIX = "/sse/"
_ROUTE = re.compile(r"/sse/([a-z0-9-]{1,63})(/messages)?")
_JSON = (b"content-type", b"application/json")
Open = Callable[[Inbound, Send], Awaitable[None]]
Post = Callable[[Inbound], Awaitable[Reply]]
Refused = Callable[[str, str, str], None]


class SseListener:
    """``GET /sse/{server}`` and ``POST /sse/{server}/messages``; mounted on the public server."""

    def __init__(
        self, open_stream: Open, post: Post, snapshot: Callable[[], Snapshot], clock: Clock, refused: Refused
    ) -> None:
        self._open = open_stream
        self._post = post
        self._snapshot = snapshot
        self._clock = clock
        self._refused = refused

    async def handle(self, request: HttpRequest, responder: Responder) -> None:
        """Answer one request below ``/sse/``; Host and Origin have been checked."""
        snapshot = self._snapshot()
        route = _ROUTE.fullmatch(request.path)
        server = snapshot.servers.get(route[1]) if route is not None else None
        if route is None or server is None or server.target.transport != "sse":
            message = "there is no server of the 2024-11-05 transport at this path"
            await self._refuse(request, responder, snapshot, 404, "http.route", message)
        elif request.method == "OPTIONS":
            await responder.whole(204, front.preflight(request))
        elif request.method != ("POST" if route[2] else "GET"):
            await self._refuse(request, responder, snapshot, 405, "http.method", "this method is not served here")
        else:
            await self._call(
                request, responder, inbound_of(request, snapshot, server.id, self._clock.monotonic(), "sse")
            )

    async def _refuse(
        self, request: HttpRequest, responder: Responder, snapshot: Snapshot, status: int, reason: str, message: str
    ) -> None:
        self._refused(reason, front.caller(request, snapshot), "")
        await responder.whole(status, (_JSON,), front.error(reason, message))

    async def _call(self, request: HttpRequest, responder: Responder, inbound: Inbound) -> None:
        send = HttpSend(responder, front.cors(request))
        if inbound.verb == "POST":
            sealed = parse_qs(request.query).get("session", [""])[0]
            await send.whole(await self._post(replace(inbound, session=sealed.encode("latin-1", "replace"))))
            return
        try:
            await self._open(replace(inbound, session=None, last_event_id=None), send)
        finally:
            send.stop()


class SseUpstream(HttpUpstream):
    """One server of that transport: GET goes to its URL, a POST to the endpoint that its stream named (``session``)."""

    def __init__(self, server: Server, limits: Limits, timeouts: Timeouts) -> None:
        super().__init__(server, limits, timeouts)
        self._url = server.target.url

    def _path(self, outbound: Outbound) -> str:
        return self._target if outbound.session is None else outbound.session

    def _fields(self, outbound: Outbound) -> list[tuple[bytes, bytes]]:
        return []

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        answer = await super().forward(outbound, credential)
        if outbound.verb == "GET" and answer.events is not None:
            answer.events = _endpoints(answer.events, self._url)
        elif outbound.verb == "POST" and answer.status >= 400:
            raise UpstreamFault(f"the server answered a POST with {answer.status}", code="upstream.garbage")
        return answer


async def _endpoints(events: AsyncIterator[Event], url: str) -> AsyncIterator[Event]:
    """The same events, with the ``endpoint`` as a path of the configured origin; any other origin ends the stream."""
    async for event in events:
        if event.name == b"endpoint" and event.data:
            path = _endpoint(url, event.data.decode("latin-1").strip())
            yield Event(event.raw, path.encode("latin-1"), event.id, event.name, event.odd)
        else:
            yield event


def _endpoint(url: str, named: str) -> str:
    """Path and query to POST to. Raises ``UpstreamFault`` where that is elsewhere, or nowhere."""
    try:
        place = urlsplit(urljoin(url, named))
        path = place.path + (f"?{place.query}" if place.query else "")
        request_line("POST", path)
    except ValueError:
        raise UpstreamFault("the server's endpoint is no address", code="upstream.garbage") from None
    if (place.scheme, place.netloc) != urlsplit(url)[:2]:
        raise UpstreamFault("the server's endpoint is of another origin", code="upstream.garbage")
    return path
