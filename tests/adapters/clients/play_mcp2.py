"""The official SDK 2.x as a player (see dialogue.py), in the era that the target's `mode` names."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


def transport(target: dialogue.Json) -> Any:
    headers = target.get("headers", {})
    match target["transport"]:
        case "stdio":
            command, *arguments = target["command"]
            return stdio_client(StdioServerParameters(command=command, args=arguments, env=target["env"]))
        case "sse":
            return sse_client(target["url"], headers=headers)
    return streamable_http_client(target["url"], http_client=httpx2.AsyncClient(headers=headers, timeout=30))


def listener(client: Client) -> dialogue.Verb:
    async def listen(resource: str) -> Any:
        """Subscribes to a resource, makes the call that touches it, and hears of it; then ends the subscription."""
        async with client.listen(tools_list_changed=True, resource_subscriptions=[resource]) as subscription:
            await client.call_tool("test_trigger_resource_update", {})
            async for event in subscription:
                return [dialogue.plain(subscription.honored), repr(event)]
        return None

    return listen


def second_listener(client: Client) -> dialogue.Verb:
    async def listen_twice() -> None:
        async with client.listen(tools_list_changed=True), client.listen(tools_list_changed=True):
            pass

    return listen_twice


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
        return types.ListRootsResult(roots=[types.Root(uri="file:///data", name="data")])

    async def log(params: types.LoggingMessageNotificationParams) -> None:
        heard.note("log", params)

    async def message(incoming: Any) -> None:
        if isinstance(incoming, types.LoggingMessageNotification | types.ProgressNotification):
            return  # these have callbacks of their own
        if isinstance(incoming, types.Notification):
            heard.note("notification", incoming)

    async with Client(
        transport(target),
        mode=target["mode"],
        cache=None,
        log_level="info",
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=roots,
        logging_callback=log,
        message_handler=message,
    ) as client:
        about = {
            "protocolVersion": client.protocol_version,
            "serverInfo": dialogue.plain(client.server_info),
            "capabilities": dialogue.plain(client.server_capabilities),
            "instructions": client.instructions,
        }
        verbs = {"listen": listener(client), "listen_twice": second_listener(client)}
        yield about, {**dialogue.requests(client, types, heard), **verbs}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what is deprecated in the newest revision is played in the older ones
    dialogue.run(connect, MCPError)
