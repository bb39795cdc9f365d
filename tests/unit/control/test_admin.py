import json
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from doorward.control.admin import EXPOSITION, application


class Board:
    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)

    async def metrics(self) -> bytes:
        return b"doorward_config_version 1.0\n"

    async def unready(self) -> list[str]:
        return self.reasons

    def status(self) -> dict[str, Any]:
        return {"version": "1"}


async def get(
    path: str, *hosts: bytes, board: Board | None = None, method: str = "GET", routes: Iterable[Route] = ()
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", host) for host in hosts]
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "scheme": "http"}
    scope["query_string"] = query.encode()
    await application(board or Board(), ["Admin.Internal"], routes)(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


async def test_readiness_is_a_status_and_its_reasons() -> None:
    status, _, body = await get("/readyz", b"localhost")
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": []})
    status, _, body = await get("/readyz", b"localhost", board=Board("draining"))
    assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["draining"]})


async def test_liveness_does_not_ask_the_workers() -> None:
    status, _, body = await get("/healthz", b"localhost", board=Board("draining"))
    assert (status, json.loads(body)) == (200, {"alive": True})


async def test_metrics_and_status_are_the_boards() -> None:
    status, headers, body = await get("/metrics", b"localhost")
    assert (status, headers[b"content-type"].decode(), body) == (200, EXPOSITION, b"doorward_config_version 1.0\n")
    assert json.loads((await get("/api/v1/status", b"localhost"))[2]) == {"version": "1"}


@pytest.mark.parametrize("host", [b"127.0.0.1:8081", b"[::1]:1", b"10.1.2.3", b"LOCALHOST:1", b"admin.internal:8081"])
async def test_known_names_and_plain_addresses_are_hosts(host: bytes) -> None:
    assert (await get("/metrics", host))[0] == 200


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (b"",),
        (b"evil.example",),
        (b"localhost.evil.example",),
        (b"127.0.0.1.evil.example",),
        (b"[::1",),
        (b"[::1]evil",),
        (b"user@localhost",),
        (b"localhost", b"localhost"),
    ],
)
async def test_any_other_host_is_refused(hosts: tuple[bytes, ...]) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/api/v1/status"):
        assert (await get(path, *hosts))[0] == 403


async def test_nothing_can_be_written_here() -> None:
    assert (await get("/metrics", b"localhost", method="POST"))[0] == 405


async def _more(request: Request) -> Response:
    if request.query_params.get("limit") == "x":
        raise HTTPException(400, "limit is a number")
    return JSONResponse({"more": True})


async def test_routes_of_the_api_are_behind_the_same_door() -> None:
    routes = [Route("/api/v1/more", _more)]
    assert (await get("/api/v1/more", b"localhost"))[0] == 404
    assert (await get("/api/v1/more", b"localhost", routes=routes))[0] == 200
    assert (await get("/api/v1/more", b"evil.example", routes=routes))[0] == 403
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await get("/api/v1/more", b"localhost", routes=routes, method=method))[0] == 405


async def test_what_is_wrong_with_a_question_is_said_in_json() -> None:
    status, headers, body = await get("/api/v1/more?limit=x", b"localhost", routes=[Route("/api/v1/more", _more)])
    assert (status, headers[b"content-type"]) == (400, b"application/json")
    assert json.loads(body) == {"error": 400, "detail": "limit is a number"}
