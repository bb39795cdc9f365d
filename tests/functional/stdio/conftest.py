"""A `StdioUpstream` before the scripted server, and the messages to send to it."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from tests.functional.stdio.processes import SERVER
from tests.processes import alive, children_of
from tests.waiting import until

from doorward.core.exchange import Answer, Outbound
from doorward.core.identity import NO_CREDENTIAL
from doorward.core.message import Notification, Request, read
from doorward.core.snapshot import Limits, Server, Target, Timeouts
from doorward.transports.stdio_backoff import Backoff
from doorward.transports.stdio_host import StdioUpstream

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = (b"accept", b"application/json, text/event-stream")
JSON = (b"content-type", b"application/json")


class Host:
    """The upstream under test, spoken to like the pipeline does."""

    def __init__(self, upstream: StdioUpstream) -> None:
        self.upstream = upstream
        self.garbage: list[tuple[str, int]] = []

    async def legacy(
        self, body: object, session: str | None = None, *, owner: str = "alice", verb: str = "POST", headers: Any = None
    ) -> Answer:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        reading = read(raw) if raw else None
        message = reading if isinstance(reading, Request | Notification) else None
        return await self.upstream.forward(
            Outbound(
                verb,
                raw if verb == "POST" else b"",
                (ACCEPT, JSON) if headers is None else headers,
                "2025-11-25",
                False,
                owner,
                session=session,
                message=message,
                endless=verb == "GET",
            ),
            NO_CREDENTIAL,
        )

    async def open(self, owner: str = "alice") -> str:
        """A new session's id."""
        answer = await self.legacy(call_of("initialize", {"protocolVersion": "2025-11-25"}), owner=owner)
        assert answer.status == 200
        assert answer.session is not None
        return answer.session

    async def modern(
        self,
        body: dict[str, Any],
        *,
        owner: str = "alice",
        headers: Any = None,
        version: str = MODERN,
        verb: str = "POST",
    ) -> Answer:
        raw = msgspec.json.encode(body)
        reading = read(raw)
        return await self.upstream.forward(
            Outbound(
                verb,
                raw,
                mirrored(body) if headers is None else headers,
                version,
                True,
                owner,
                message=reading if isinstance(reading, Request | Notification) else None,
                endless=isinstance(body, dict) and body.get("method") == "subscriptions/listen",
            ),
            NO_CREDENTIAL,
        )


def mirrored(body: dict[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that a modern client sends with a body."""
    headers = [ACCEPT, JSON]
    if "method" in body:
        headers.append((b"mcp-method", body["method"].encode()))
    if "name" in body.get("params", {}):
        headers.append((b"mcp-name", body["params"]["name"].encode()))
    return tuple(headers)


def call_of(method: str, params: dict[str, Any] | None = None, identifier: int | str = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params or {}}


def tool(name: str, identifier: int | str = 1, *, token: int | str | None = None, **arguments: Any) -> dict[str, Any]:
    """A legacy `tools/call`."""
    params: dict[str, Any] = {"name": name, "arguments": arguments}
    if token is not None:
        params["_meta"] = {"progressToken": token}
    return call_of("tools/call", params, identifier)


def modern(body: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """The same message with the `_meta` that 2026-07-28 requires."""
    params = body.get("params", {})
    return {**body, "params": {**params, "_meta": {**params.get("_meta", {}), **META, **meta}}}


def whole(answer: Answer) -> dict[str, Any]:
    """The one message of an answer that came whole."""
    assert answer.events is None
    return msgspec.json.decode(answer.body)


async def streamed(answer: Answer) -> list[dict[str, Any]]:
    """All messages of an answer that came as events."""
    assert answer.events is not None
    assert (b"content-type", b"text/event-stream") in answer.headers
    return [msgspec.json.decode(event.data) async for event in answer.events if event.data]


@pytest.fixture
async def host_of() -> AsyncIterator[Callable[..., Host]]:
    """Makes a host; afterwards everything it started must be gone."""
    hosts: list[Host] = []
    before = set(children_of(os.getpid()))

    def make(
        *args: str,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        command: str = sys.executable,
        script: str = SERVER,
        environ: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
        **settings: Any,
    ) -> Host:
        target = Target(transport="stdio", command=command, args=(script, *args), env=env or {})
        settings.setdefault("stop_grace", 5.0)
        settings.setdefault("backoff", Backoff(first=0.0, most=0.0))
        host = Host.__new__(Host)
        upstream = StdioUpstream(
            Server("crm", target),
            limits or Limits(),
            timeouts or Timeouts(),
            on_garbage=lambda server, nbytes: host.garbage.append((server, nbytes)),
            environ=environ,
            **settings,
        )
        host.__init__(upstream)  # type: ignore[misc]
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        await host.upstream.close()
        assert len(host.upstream.nursery) == 0
    await until(lambda: not [pid for pid in children_of(os.getpid()) if pid not in before and alive(pid)])
