"""A full MCP server on the official SDK: all that the official suite asks of one, in both eras.

    python -m tests.conformance.everything_server [--port N] [--stdio]

Over HTTP it prints its URL as its first line once it listens (port 0: any free port), and serves 2025-03-26 to
2026-07-28 on that one endpoint. It ends on SIGTERM.
"""

import argparse
import asyncio
import socket
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.caching import CACHEABLE_METHODS, CacheHint
from mcp.server.lowlevel.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from tests.conformance.everything_tools import (
    BUS,
    PIXEL,
    TOOLS,
    WATCHED,
    Call,
    JsonObject,
    answers,
    elicitation_request,
    embedded,
    image,
    input_required,
    text,
)

Handler = Callable[[Call, Any], Awaitable[JsonObject]]

NAME = "doorward-everything"
TEMPLATE = "test://template/{id}/data"


class Replay(EventStore):
    """Keeps every event of every stream, in order; an event's id is its place in that order."""

    def __init__(self) -> None:
        self._events: list[tuple[str, types.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: types.JSONRPCMessage | None) -> str:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        if not last_event_id.isdecimal() or not 0 < int(last_event_id) <= len(self._events):
            return None
        start = int(last_event_id)
        stream = self._events[start - 1][0]
        for number, (owner, message) in enumerate(self._events[start:], start + 1):
            if owner == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


async def list_tools(call: Call, params: Any) -> JsonObject:
    return {
        "tools": [
            {"name": name, "description": tool.description, "inputSchema": tool.schema} for name, tool in TOOLS.items()
        ]
    }


async def call_tool(call: Call, params: types.CallToolRequestParams) -> JsonObject:
    tool = TOOLS.get(params.name)
    if tool is None:
        raise MCPError(types.INVALID_PARAMS, f"no such tool: {params.name}")
    return await tool.run(call, params.arguments or {})


async def list_resources(call: Call, params: Any) -> JsonObject:
    return {
        "resources": [
            {"uri": "test://static-text", "name": "static-text", "mimeType": "text/plain"},
            {"uri": "test://static-binary", "name": "static-binary", "mimeType": "image/png"},
            {"uri": WATCHED, "name": "watched-resource", "mimeType": "text/plain"},
        ]
    }


async def list_templates(call: Call, params: Any) -> JsonObject:
    return {"resourceTemplates": [{"uriTemplate": TEMPLATE, "name": "template", "mimeType": "application/json"}]}


async def read_resource(call: Call, params: types.ReadResourceRequestParams) -> JsonObject:
    uri = str(params.uri)
    before, after = TEMPLATE.split("{id}")
    if uri == "test://static-binary":
        return {"contents": [{"uri": uri, "mimeType": "image/png", "blob": PIXEL}]}
    if uri in ("test://static-text", WATCHED):
        return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": "The text of a resource."}]}
    if uri.startswith(before) and uri.endswith(after):
        key = uri.removeprefix(before).removesuffix(after)
        return {"contents": [{"uri": uri, "mimeType": "application/json", "text": f'{{"id": "{key}"}}'}]}
    raise MCPError(types.INVALID_PARAMS, "no such resource", {"uri": uri})


async def done(call: Call, params: Any) -> JsonObject:
    """For requests that ask for nothing but an answer."""
    return {}


PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_prompts(call: Call, params: Any) -> JsonObject:
    return {
        "prompts": [
            {
                "name": name,
                "description": f"The prompt {name}",
                "arguments": [{"name": argument, "required": True} for argument in arguments],
            }
            for name, arguments in PROMPTS.items()
        ]
    }


def messages(*blocks: JsonObject) -> JsonObject:
    return {"messages": [{"role": "user", "content": block} for block in blocks]}


async def get_prompt(call: Call, params: types.GetPromptRequestParams) -> JsonObject:
    given = params.arguments or {}
    if missing := set(PROMPTS.get(params.name, ())) - given.keys():
        raise MCPError(types.INVALID_PARAMS, f"missing: {sorted(missing)}")
    match params.name:
        case "test_simple_prompt":
            return messages(text("A prompt without arguments."))
        case "test_prompt_with_arguments":
            return messages(text(f"A prompt with {given['arg1']} and {given['arg2']}."))
        case "test_prompt_with_embedded_resource":
            return messages(embedded(given["resourceUri"], "text/plain", "An embedded text."), text("Read it."))
        case "test_prompt_with_image":
            return messages(image(), text("Look at it."))
        case "test_input_required_result_prompt" if "user_context" in answers(call):
            return messages(text(f"A prompt with {answers(call)['user_context'].get('content')}."))
        case "test_input_required_result_prompt":
            question = elicitation_request("Which context?", {"context": {"type": "string"}}, ["context"])
            return input_required({"user_context": question})
    raise MCPError(types.INVALID_PARAMS, f"no such prompt: {params.name}")


async def complete(call: Call, params: types.CompleteRequestParams) -> JsonObject:
    candidates = ("paris", "park", "party")
    values = [candidate for candidate in candidates if candidate.startswith(params.argument.value)]
    return {"completion": {"values": values, "total": len(values), "hasMore": False}}


def with_result_type(handler: Handler) -> Handler:
    """The modern era wants every result to say of what type it is."""

    async def handle(call: Call, params: Any) -> JsonObject:
        result = await handler(call, params)
        return {"resultType": "complete", **result} if call.protocol_version in MODERN_PROTOCOL_VERSIONS else result

    return handle


def build() -> Server[Any]:
    handlers: dict[str, Any] = {
        "on_list_tools": list_tools,
        "on_call_tool": call_tool,
        "on_list_resources": list_resources,
        "on_list_resource_templates": list_templates,
        "on_read_resource": read_resource,
        "on_subscribe_resource": done,
        "on_unsubscribe_resource": done,
        "on_list_prompts": list_prompts,
        "on_get_prompt": get_prompt,
        "on_completion": complete,
    }
    server: Server[Any] = Server(
        NAME,
        version="1.0.0",
        instructions="A server for tests.",
        cache_hints=dict.fromkeys(CACHEABLE_METHODS, CacheHint(ttl_ms=60_000, scope="public")),
        on_subscriptions_listen=ListenHandler(BUS),
        get_tool_input_schema=lambda name: TOOLS[name].schema if name in TOOLS else None,
        **{name: with_result_type(handler) for name, handler in handlers.items()},
    )
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, done)
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


def serve_http(server: Server[Any], port: int) -> None:
    app = server.streamable_http_app(event_store=Replay(), retry_interval=100)
    # h11 trims white space around header values (RFC 9110 section 5.5), httptools leaves the trailing one to us.
    # Long streams must not hold up the end.
    config = uvicorn.Config(app, http="h11", log_level="warning", timeout_graceful_shutdown=1)
    with socket.create_server(("127.0.0.1", port)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
        uvicorn.Server(config).run(sockets=[listening])


async def serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--stdio", action="store_true")
    options = parser.parse_args()
    # What is deprecated at the newest revision is what the older ones must still show.
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    if options.stdio:
        asyncio.run(serve_stdio(build()))
    else:
        serve_http(build(), options.port)


if __name__ == "__main__":
    main()
