"""FastMCP's client as a player (see dialogue.py), in the era that the target's `mode` names."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import mcp_types as types
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from mcp.shared.exceptions import MCPError


def transport(target: dialogue.Json) -> Any:
    headers = target.get("headers", {})
    match target["transport"]:
        case "stdio":
            command, *arguments = target["command"]
            return StdioTransport(command, arguments, env=target["env"], keep_alive=False)
        case "sse":
            return SSETransport(target["url"], headers=headers)
    return StreamableHttpTransport(target["url"], headers=headers)


def verbs(client: Client[Any], heard: dialogue.Heard) -> dict[str, dialogue.Verb]:
    async def call(name: str, arguments: dialogue.Json | None = None) -> Any:
        return await client.call_tool_mcp(name, arguments or {}, progress_handler=dialogue.progress(heard))

    async def complete(prompt: str, argument: dialogue.Json) -> Any:
        return await client.complete_mcp(types.PromptReference(type="ref/prompt", name=prompt), argument)

    return {
        "call": call,
        "complete": complete,
        "level": client.set_logging_level,
        "ping": client.ping,
        "prompt": client.get_prompt_mcp,
        "prompts": client.list_prompts_mcp,
        "read": client.read_resource_mcp,
        "resources": client.list_resources_mcp,
        "templates": client.list_resource_templates_mcp,
        "tools": client.list_tools_mcp,
    }


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    async def sample(messages: Any, params: Any, context: Any) -> str:
        heard.note("sampling", params)
        return "a model's answer"

    async def elicit(message: str, response_type: Any, params: Any, context: Any) -> Any:
        heard.note("elicitation", params)
        return ElicitResult(action="accept", content={"response": "a person's answer"})

    async def roots(context: Any) -> list[Any]:
        heard.note("roots", None)
        return [types.Root(uri="file:///data", name="data")]

    async def log(message: Any) -> None:
        heard.note("log", message)

    async with Client(
        transport(target),
        mode=target["mode"],
        roots=roots,
        sampling_handler=sample,
        elicitation_handler=elicit,
        log_handler=log,
    ) as client:
        about = {
            "protocolVersion": client.protocol_version,
            "serverInfo": dialogue.plain(client.server_info),
            "capabilities": dialogue.plain(client.server_capabilities),
            "instructions": client.instructions,
        }
        yield about, verbs(client, heard)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    dialogue.run(connect, MCPError)
