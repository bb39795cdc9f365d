"""The admin address: probes, metrics, and the API. It runs in the supervisor and never on the call path."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

EXPOSITION = "text/plain; version=1.0.0; charset=utf-8"


class Board(Protocol):
    """What the supervisor can tell."""

    async def metrics(self) -> bytes:
        """Prometheus' text; answers in bounded time, whatever the workers do."""

    async def unready(self) -> list[str]:
        """Why this gateway should get no calls; empty when it should."""

    def status(self) -> dict[str, Any]:
        """The state of everything, ready for JSON, without secrets."""


def application(board: Board, names: Iterable[str] = (), routes: Iterable[Route] = ()) -> Starlette:
    """The ASGI application; ``names`` are hosts beside loopback's under which it may be called.

    ``routes`` are those of ``control.api``, which need the store.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_: Request) -> Response:
        reasons = await board.unready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        return Response(await board.metrics(), media_type=EXPOSITION)

    async def status(_: Request) -> Response:
        return JSONResponse(board.status())

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/api/v1/status", status),
            *routes,
        ],
        exception_handlers={HTTPException: _refused},
        middleware=[Middleware(OnlyHosts, names=frozenset(name.lower() for name in names) | {"localhost"})],
    )


async def _refused(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return JSONResponse({"error": fault.status_code, "detail": fault.detail}, fault.status_code, fault.headers)


class OnlyHosts:
    """Refuses a Host that could be a rebound DNS name, so that no web page reads this address through a browser.

    An IP address in Host cannot be rebound: the browser went to that very address.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allowed(scope):
            return await PlainTextResponse(_ELSEWHERE, 403)(scope, receive, send)
        return await self._app(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and (_without_port(hosts[0]) in self._names or _is_address(_without_port(hosts[0])))


_ELSEWHERE = "This Host is not allowed here: ask by an IP address, by localhost, or by the name in admin.address.\n"


def _without_port(host: str) -> str:
    """``[::1]:80`` -> ``::1``; ``name:80`` -> ``name``. Anything else stays, and is then no known name."""
    if host.startswith("["):
        inner, closed, rest = host[1:].partition("]")
        return inner if closed and (not rest or rest.startswith(":")) else host
    return host.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
