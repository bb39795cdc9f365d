"""The full test server, with tools for refusals, one that waits to be cancelled, and an HTTP side that breaks when it
is asked to.

    python -m tests.adapters.faulty_server

Prints its URL as its first line. A `tools/call` whose arguments name a `fault` is answered by that fault.
"""

import asyncio
import json
import socket
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from mcp.shared.exceptions import MCPDeprecationWarning
from tests.conformance.everything_server import Replay, build
from tests.conformance.everything_tools import Call, JsonObject, echo, text

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LARGE = 200_000  # bytes of text, more than the gateway of the tests takes
SSE = b"text/event-stream"


class Patience:
    """Server middleware: `wait` runs `until` a file exists; `was_cancelled` says how often it did not come to that."""

    def __init__(self) -> None:
        self._cancelled = 0

    async def __call__(self, call: Call, call_next: Callable[[Call], Awaitable[Any]]) -> Any:
        name = (call.params or {}).get("name") if call.method == "tools/call" else None
        if name == "wait":
            return await self._wait(call)
        if name == "was_cancelled":
            return complete(str(self._cancelled))
        return await call_next(call)

    async def _wait(self, call: Call) -> JsonObject:
        until = (call.params or {}).get("arguments", {}).get("until")
        try:
            await call.session.report_progress(0, 1, "waiting")
            while until is None or not Path(until).exists():  # noqa: ASYNC110  (nothing else tells of a file)
                await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            self._cancelled += 1
            raise
        return complete("waited")


def complete(line: str, **members: Any) -> JsonObject:
    return {"resultType": "complete", "content": [text(line)], **members}


# `amount` may be null, and 2.0 is an integer to JSON Schema: both are valid, and no policy can read them.
PAYMENT = {
    "type": "object",
    "properties": {
        "amount": {"type": ["integer", "null"]},
        "factor": {"type": "integer"},
        "note": {"type": "string"},
    },
}
COUNTED = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}

LISTED: list[JsonObject] = [
    {"name": "pay", "description": "Gives its arguments back", "inputSchema": PAYMENT},
    {
        "name": "miscount",
        "description": "Breaks its own outputSchema",
        "inputSchema": {"type": "object"},
        "outputSchema": COUNTED,
    },
    {"name": "begin_task", "description": "Says that it began the task `id`", "inputSchema": {"type": "object"}},
]


async def with_listed(call: Call, call_next: Callable[[Call], Awaitable[Any]]) -> Any:
    """Server middleware: the tools of `LISTED` stand last in the list, and can be called."""
    if call.method == "tools/list":
        listed = await call_next(call)
        return {**listed, "tools": [*listed["tools"], *LISTED]}
    if call.method != "tools/call":
        return await call_next(call)
    params = call.params or {}
    arguments = params.get("arguments") or {}
    match params.get("name"):
        case "pay":
            return {"resultType": "complete", **await echo(call, arguments)}
        case "miscount":
            return complete("counted", structuredContent={"count": "many"})
        case "begin_task":
            return complete("began", task={"taskId": arguments["id"], "status": "working"})
    return await call_next(call)


def faults(app: App) -> App:
    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await app(scope, receive, send)
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        asked = json.loads(b"".join(message.get("body", b"") for message in messages))
        fault = (asked.get("params", {}).get("arguments") or {}).get("fault")
        if fault is None:
            pending = iter(messages)
            return await app(scope, lambda: replayed(pending, receive), send)
        return await break_it(fault, asked["id"], receive, send)

    return serve


async def replayed(pending: Any, receive: Receive) -> Message:
    for message in pending:
        return message  # type: ignore[no-any-return]
    return await receive()


async def break_it(fault: str, identifier: Any, receive: Receive, send: Send) -> None:
    def response(**result: Any) -> bytes:
        body = {"jsonrpc": "2.0", "id": identifier, "result": {"resultType": "complete", "content": [], **result}}
        return json.dumps(body).encode()

    right = response()
    match fault:
        case "garbage":
            await answer(send, 200, b"<html>It works!</html>")
        case "half":
            await answer(send, 200, right[:-5])
        case "html":
            await answer(send, 500, b"<html>blocked-text</html>", b"text/html")
        case "large":
            await answer(send, 200, response(content=[text("x" * LARGE)]))
        case "wrong_id":
            await answer(send, 200, right.replace(json.dumps(identifier).encode(), b'"another"', 1))
        case "duplicate_key":
            await answer(send, 200, right.replace(b'"content"', b'"content": 1, "content"'))
        case "twice":
            await answer(send, 200, (b"data: " + right + b"\n\n") * 2, SSE)
        case "no_answer":
            await answer(send, 200, b": nothing to say\n\n", SSE)
        case "garbage_event":
            await answer(send, 200, b"data: <html>\n\ndata: " + right + b"\n\n", SSE)
        case "unauthorized":
            await answer(send, 401, b"", more=[(b"www-authenticate", b"Bearer")])
        case "redirect":
            await answer(send, 302, b"", more=[(b"location", b"http://127.0.0.1:9/")])
        case "hang":
            await receive()  # until the connection is closed
        case _:
            raise AssertionError(f"no such fault: {fault}")


async def answer(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    server = build()
    server.middleware += [Patience(), with_listed]
    app = faults(server.streamable_http_app(event_store=Replay(), retry_interval=100))
    config = uvicorn.Config(app, http="h11", log_level="warning", timeout_graceful_shutdown=1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
