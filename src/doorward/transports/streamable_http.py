"""Streamable HTTP towards clients, both eras on one endpoint (MCP 2025-03-26 … 2026-07-28, basic/transports).

A thin shell: bytes become an ``Inbound``, and what the pipeline sends becomes JSON or server-sent events. No rule lives
here but those of the wire itself.
"""

import re
from collections.abc import Awaitable, Callable

import msgspec

from doorward.core.exchange import Headers, Inbound
from doorward.core.ports import Clock, Send
from doorward.core.snapshot import Server, Snapshot
from doorward.transports import front
from doorward.transports.http1 import HttpRequest, Responder
from doorward.transports.http_inbound import inbound_of
from doorward.transports.http_send import HttpSend

Serve = Callable[[Inbound, Send], Awaitable[None]]
Handler = Callable[[HttpRequest, Responder], Awaitable[None]]
Refused = Callable[[str, str, str], None]
"""(reason, the caller's address, server id or "") of a request that was refused before it was a message."""

_ROUTE = re.compile(r"/mcp/([a-z0-9-]{1,63})")
_METADATA = re.compile(r"/\.well-known/oauth-protected-resource/mcp/([a-z0-9-]{1,63})")
_WELCOME = "/"  # among a request's notes; no server's id
_VERBS = frozenset({"POST", "GET", "DELETE"})
_JSON = (b"content-type", b"application/json")


class Welcome(msgspec.Struct, frozen=True):
    """What was found of a head that may go on, so that its next request is not asked again: by which snapshot, on which
    kind of connection, for which server, and what lets a page read the answer.
    """

    snapshot: Snapshot
    tls: bool
    server: str
    cors: Headers


class Listener:
    """The handler of the public HTTP server: routes, Host and Origin, and the way into the pipeline."""

    def __init__(self, serve: Serve, snapshot: Callable[[], Snapshot], clock: Clock, refused: Refused) -> None:
        self._serve = serve
        self._snapshot = snapshot
        self._clock = clock
        self._refused = refused
        self._more: dict[str, Handler] = {}

    def mount(self, prefix: str, handler: Handler) -> None:
        """Hand every path that begins with ``prefix`` to another handler, once Host and Origin have been checked."""
        self._more[prefix] = handler

    async def handle(self, request: HttpRequest, responder: Responder) -> None:
        """Answer one HTTP request."""
        received = self._clock.monotonic()
        snapshot = self._snapshot()
        known: Welcome | None = request.notes.get(_WELCOME)
        if known is None or known.snapshot is not snapshot or known.tls is not request.tls:
            known = await self._receive(request, responder, snapshot)
            if known is None:
                return
        send = HttpSend(responder, known.cors)
        try:
            await self._serve(inbound_of(request, snapshot, known.server, received), send)
        finally:
            send.stop()

    async def _receive(self, request: HttpRequest, responder: Responder, snapshot: Snapshot) -> Welcome | None:
        """What is found of a head that is for a server; None: it was answered here."""
        route = _ROUTE.fullmatch(request.path)
        server = route[1] if route is not None else ""
        problem = self._problem(request, snapshot)
        if problem is not None:
            await self._refuse(request, responder, snapshot, server, *problem)
        elif route is None:
            await self._other(request, responder, snapshot)
        elif request.method == "OPTIONS":
            await responder.whole(204, front.preflight(request))
        elif request.method not in _VERBS:
            allow = ((b"allow", b"POST, GET, DELETE, OPTIONS"),)
            await self._refuse(
                request, responder, snapshot, server, 405, "http.method", "this method is not served", allow
            )
        else:
            known = request.notes[_WELCOME] = Welcome(snapshot, request.tls, server, front.cors(request))
            return known
        return None

    def _problem(self, request: HttpRequest, snapshot: Snapshot) -> tuple[int, str, str] | None:
        if not front.host_allowed(request, snapshot):
            return 403, "http.host", "this Host is not served here; use the configured public_url"
        if not front.origin_allowed(request, snapshot):
            return 403, "http.origin", "this Origin may not call; it is not in listen.allowed_origins"
        encoding = request.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            return 415, "http.media_type", "an encoded body cannot be read; send it without Content-Encoding"
        return None

    async def _other(self, request: HttpRequest, responder: Responder, snapshot: Snapshot) -> None:
        for prefix, handler in self._more.items():
            if request.path.startswith(prefix):
                await handler(request, responder)
                return
        metadata = _METADATA.fullmatch(request.path)
        server = snapshot.servers.get(metadata[1]) if metadata is not None else None
        if server is None:
            nothing = "there is nothing at this path; a server is at /mcp/NAME"
            await self._refuse(request, responder, snapshot, "", 404, "http.route", nothing)
        elif request.method not in ("GET", "OPTIONS"):
            await self._refuse(request, responder, snapshot, server.id, 405, "http.method", "this method is not served")
        else:
            body = _protected_resource(snapshot, server)
            await responder.whole(200, (_JSON, (b"cache-control", b"max-age=300"), *front.cors(request)), body)

    async def _refuse(
        self,
        request: HttpRequest,
        responder: Responder,
        snapshot: Snapshot,
        server: str,
        status: int,
        reason: str,
        message: str,
        headers: Headers = (),
    ) -> None:
        self._refused(reason, front.caller(request, snapshot), server)
        await responder.whole(status, (_JSON, *headers), front.error(reason, message))


def _protected_resource(snapshot: Snapshot, server: Server) -> bytes:
    """RFC 9728 metadata of one server."""
    resource = f"{snapshot.public_url}/mcp/{server.id}"
    return b'{"resource":"%s","bearer_methods_supported":["header"]}' % resource.encode()
