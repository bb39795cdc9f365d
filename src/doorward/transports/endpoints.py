"""The public endpoints beside ``/mcp``: the token service and its documents, as plain requests and answers."""

from collections.abc import Awaitable, Callable

from doorward.core.exchange import Headers
from doorward.core.snapshot import Snapshot
from doorward.transports import front
from doorward.transports.http1 import HttpRequest
from doorward.transports.http1.responder import Responder

PREFIXES = ("/oauth/", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/")

Serve = Callable[[str, str, str, Headers, bytes, str], Awaitable[tuple[int, Headers, bytes]]]
"""(method, path, query, headers, body, the caller's address) -> (status, headers, body)."""


class Endpoints:
    """Hands what comes to ``PREFIXES`` to one function. Host and Origin have been checked (``streamable_http``)."""

    def __init__(self, serve: Serve, snapshot: Callable[[], Snapshot]) -> None:
        self._serve = serve
        self._snapshot = snapshot

    async def handle(self, request: HttpRequest, responder: Responder) -> None:
        """Answer one request; a page of an allowed origin may read the answer."""
        if request.method == "OPTIONS":
            await responder.whole(204, front.preflight(request))
            return
        client = front.caller(request, self._snapshot())
        status, headers, body = await self._serve(
            request.method, request.path, request.query, request.headers, request.body, client
        )
        await responder.whole(status, (*headers, *front.cors(request)), body)
