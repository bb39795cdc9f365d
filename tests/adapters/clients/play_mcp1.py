"""The official SDK 1.x as a player (see dialogue.py)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import dialogue
import httpx
from mcp import McpError, types
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client


def streams(target: dialogue.Json) -> AbstractAsyncContextManager[Any]:
    headers = target.get("headers", {})
    match target["transport"]:
        case "stdio":
            command, *arguments = target["command"]
            return stdio_client(StdioServerParameters(command=command, args=arguments, env=target["env"]))
        case "sse":
            return sse_client(target["url"], headers=headers)
    return streamable_http_client(target["url"], http_client=httpx.AsyncClient(headers=headers, timeout=30))


@asynccontextmanager
async def until_closed(target: dialogue.Json) -> AsyncIterator[Any]:
    try:
        async with streams(target) as pipes:
            yield pipes
    except* anyio.BrokenResourceError:
        pass  # over stdio this generation trips over a message that arrives while it closes


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    async def sample(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        heard.note("sampling", params)
        answer = types.TextContent(type="text", text="a model's answer")
        return types.CreateMessageResult(role="assistant", content=answer, model="none")

    async def elicit(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        heard.note("elicitation", params)
        return types.ElicitResult(action="accept", content={"response": "a person's answer"})

    async def roots(context: Any) -> types.ListRootsResult:
        heard.note("roots", None)
        return types.ListRootsResult(roots=[types.Root(uri="file:///data", name="data")])  # type: ignore[arg-type]

    async def log(params: types.LoggingMessageNotificationParams) -> None:
        heard.note("log", params)

    async def message(incoming: Any) -> None:
        root = getattr(incoming, "root", None)
        if isinstance(root, types.LoggingMessageNotification | types.ProgressNotification):
            return  # these have callbacks of their own
        if isinstance(incoming, types.ServerNotification):
            heard.note("notification", root)

    async with (
        until_closed(target) as (read, write, *_),
        ClientSession(
            read,
            write,
            sampling_callback=sample,
            elicitation_callback=elicit,
            list_roots_callback=roots,
            logging_callback=log,
            message_handler=message,
        ) as session,
    ):
        about = dialogue.plain(await session.initialize())

        async def withdraw() -> None:
            # This generation has no cancellation of its own: its users send the notification by hand.
            last = session._request_id - 1
            params = types.CancelledNotificationParams(requestId=last, reason="no longer wanted")
            await session.send_notification(types.ClientNotification(types.CancelledNotification(params=params)))

        yield about, {**dialogue.requests(session, types, heard), "withdraw": withdraw}


if __name__ == "__main__":
    dialogue.run(connect, McpError)
