"""A client for the official suite's client scenarios (all but auth), on the official SDK.

    python -m tests.conformance.client URL

The suite says by environment which scenario it plays and at which revision. Every scenario is the same session: connect
with all callbacks, list, then make the calls that the scenario waits for. What is right is judged by the suite.
"""

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import mcp_types as types
from mcp.client.client import Client
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

Call = tuple[str, dict[str, Any]]

SUM: Call = ("add_numbers", {"a": 5, "b": 3})
ANY_VALUE = {"string": "x", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "array": []}


def calls_of(scenario: str, context: dict[str, Any], tools: Sequence[types.Tool]) -> Iterable[Call]:
    """The tool calls that a scenario waits for."""
    match scenario:
        case "tools_call" | "request-metadata" | "http-standard-headers":
            return [SUM]
        case "sse-retry":
            return [("test_reconnection", {})]
        case "elicitation-sep1034-client-defaults":
            return [("test_client_elicitation_defaults", {})]
        case "json-schema-2020-12-preservation":
            return [("json_schema_echo", {"schema": tool.input_schema}) for tool in tools if "2020_12" in tool.name]
        case "sep-2322-client-request-state":
            # The stateful loop comes before the unrelated call, which must carry nothing of it.
            return [(f"test_mrtr_{name}", {}) for name in ("echo_state", "unrelated", "no_state", "no_result_type")]
        case "http-custom-headers":
            known = {tool.name for tool in tools}
            planned = [(call["name"], call.get("arguments") or {}) for call in context.get("toolCalls", [])]
            return [call for call in planned if call[0] in known]
        case "http-invalid-tool-headers":
            return [(tool.name, some_arguments(tool.input_schema)) for tool in tools]
        case "initialize" | "json-schema-ref-no-deref":
            return []
    raise SystemExit(f"not a scenario of this client: {scenario}")


def some_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: ANY_VALUE.get(properties[name].get("type"), "x") for name in schema.get("required", [])}


async def sample(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    return types.CreateMessageResult(role="assistant", content=types.TextContent(type="text", text="yes"), model="none")


async def roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[])


async def elicit(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Accepts with the schema's defaults (SEP-1034), and says yes to every required truth value."""
    schema = getattr(params, "requested_schema", None) or {}
    properties: dict[str, Any] = schema.get("properties", {})
    content = {name: field["default"] for name, field in properties.items() if "default" in field}
    agreed = {name: True for name, field in properties.items() if field.get("type") == "boolean"}
    return types.ElicitResult(action="accept", content={**agreed, **content})


async def read_everything(client: Client) -> None:
    """One request of each kind that names something, where the server offers it."""
    if client.server_capabilities.resources is not None:
        for resource in (await client.list_resources()).resources:
            await client.read_resource(resource.uri)
    if client.server_capabilities.prompts is not None:
        for prompt in (await client.list_prompts()).prompts:
            await client.get_prompt(prompt.name, {argument.name: "x" for argument in prompt.arguments or []})


async def play(url: str, scenario: str, context: dict[str, Any], mode: str) -> None:
    async with Client(
        url, mode=mode, sampling_callback=sample, list_roots_callback=roots, elicitation_callback=elicit
    ) as client:
        tools = (await client.list_tools()).tools
        for name, arguments in calls_of(scenario, context, tools):
            try:
                await client.call_tool(name, arguments)
            except (MCPError, ValidationError) as refusal:
                # The SDK takes no result without its type, and one scenario sends one: the suite only wants no retry.
                print(f"{name}: {refusal}", file=sys.stderr)
        if scenario == "http-standard-headers":
            await read_everything(client)


def main() -> None:
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    modern = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"] in MODERN_PROTOCOL_VERSIONS
    # The suite plays json-schema-ref-no-deref at every revision on a server that knows the handshake only.
    legacy_only = scenario == "json-schema-ref-no-deref"
    mode = "auto" if modern and not legacy_only else "legacy"
    asyncio.run(play(sys.argv[1], scenario, context, mode))


if __name__ == "__main__":
    main()
