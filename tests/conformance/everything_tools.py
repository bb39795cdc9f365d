"""The tools of the full test server. The suite dictates names and outcomes; the rest serves our own tests."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.subscriptions import PromptsListChanged, ResourceUpdated, ServerEvent, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

AnswerT = TypeVar("AnswerT", bound=types.Result)
JsonObject = dict[str, Any]
Call = ServerRequestContext[Any, Any]

BUS = InMemorySubscriptionBus()  # what subscriptions/listen hears of

# One black pixel, and a WAV header without samples.
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
        "3a7e9b550000000a49444154789c63600000000200014898a4c50000000049454e44ae426082"
    )
).decode()
SILENCE = base64.b64encode(
    bytes.fromhex("524946462400000057415645666d74201000000001000100401f0000401f00000100080064617461") + bytes(4)
).decode()


class Tool(NamedTuple):
    """`run` gets the call and its arguments, and answers with a result in wire form."""

    description: str
    run: Callable[[Call, JsonObject], Awaitable[JsonObject]]
    schema: JsonObject = {"type": "object", "properties": {}}


def text(value: str) -> JsonObject:
    return {"type": "text", "text": value}


def image() -> JsonObject:
    return {"type": "image", "data": PIXEL, "mimeType": "image/png"}


def embedded(uri: str, mime_type: str, value: str) -> JsonObject:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": value}}


def content(*blocks: JsonObject) -> Callable[[Call, JsonObject], Awaitable[JsonObject]]:
    """A tool that always answers with these blocks."""

    async def run(call: Call, arguments: JsonObject) -> JsonObject:
        return {"content": list(blocks)}

    return run


# --- what happens while a call runs ----------------------------------------------------------------------------------


async def echo(call: Call, arguments: JsonObject) -> JsonObject:
    """Not the suite's: gives the arguments back, as text and structured."""
    return {"content": [text(json.dumps(arguments))], "structuredContent": arguments}


async def fail(call: Call, arguments: JsonObject) -> JsonObject:
    return {"content": [text("This tool fails on purpose.")], "isError": True}


async def log(call: Call, line: str) -> None:
    await call.session.send_log_message("info", line, logger="everything", related_request_id=call.request_id)


async def with_logging(call: Call, arguments: JsonObject) -> JsonObject:
    for line in ("started", "half way", "done"):
        await log(call, line)
        await asyncio.sleep(0.05)
    return {"content": [text("Three lines were logged.")]}


async def with_progress(call: Call, arguments: JsonObject) -> JsonObject:
    for percent in (0, 50, 100):
        await call.session.report_progress(percent, 100, f"{percent} of 100")
        await asyncio.sleep(0.05)
    token = (call.params or {}).get("_meta", {}).get("progressToken")
    return {"content": [text(f"progress token: {token}")]}


async def reconnect(call: Call, arguments: JsonObject) -> JsonObject:
    """Closes the response stream in the middle of the call; the client is to come back for the rest."""
    await log(call, "before the stream closes")
    if call.close_sse_stream is not None:
        await call.close_sse_stream()
    await asyncio.sleep(0.2)
    await log(call, "after the stream closed")
    return {"content": [text("The call outlived its first stream.")]}


# --- requests from server to client (revisions up to 2025-11-25) -----------------------------------------------------


async def ask(call: Call, request: types.ServerRequest, answer: type[AnswerT]) -> AnswerT:
    # Without the related id it would travel on the GET stream, which a client need not have opened.
    return await call.session.send_request(
        request, answer, metadata=ServerMessageMetadata(related_request_id=call.request_id)
    )


def sampling_request(prompt: str, max_tokens: int = 100) -> JsonObject:
    message = {"role": "user", "content": text(prompt)}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": max_tokens}}


def elicitation_request(message: str, properties: JsonObject, required: list[str] | None = None) -> JsonObject:
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


async def sample(call: Call, arguments: JsonObject) -> JsonObject:
    request = types.CreateMessageRequest.model_validate(sampling_request(arguments["prompt"]))
    answer = await ask(call, request, types.CreateMessageResult)
    return {"content": [text(f"the model said: {answer.content.model_dump_json(by_alias=True, exclude_none=True)}")]}


async def list_roots(call: Call, arguments: JsonObject) -> JsonObject:
    answer = await ask(call, types.ListRootsRequest(), types.ListRootsResult)
    return {"content": [text(" ".join(str(root.uri) for root in answer.roots))]}


async def elicit(call: Call, message: str, properties: JsonObject, required: list[str] | None = None) -> JsonObject:
    request = types.ElicitRequest.model_validate(elicitation_request(message, properties, required))
    answer = await ask(call, request, types.ElicitResult)
    return {"content": [text(f"{answer.action}: {json.dumps(answer.content)}")]}


async def elicit_response(call: Call, arguments: JsonObject) -> JsonObject:
    return await elicit(call, arguments["message"], {"response": {"type": "string"}}, ["response"])


# SEP-1034: one default for each primitive type.
DEFAULTS: JsonObject = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}


def titled(**options: str) -> list[JsonObject]:
    return [{"const": const, "title": title} for const, title in options.items()]


# SEP-1330: the five ways to spell a choice.
CHOICES: JsonObject = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {"type": "string", "oneOf": titled(value1="First", value2="Second", value3="Third")},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    "titledMulti": {"type": "array", "items": {"anyOf": titled(value1="First", value2="Second", value3="Third")}},
}


async def elicit_defaults(call: Call, arguments: JsonObject) -> JsonObject:
    return await elicit(call, "Please review the defaults", DEFAULTS)


async def elicit_choices(call: Call, arguments: JsonObject) -> JsonObject:
    return await elicit(call, "Please choose", CHOICES)


# --- input_required results (2026-07-28) -----------------------------------------------------------------------------

NAME = {"name": {"type": "string"}}
CONFIRMED = {"ok": {"type": "boolean"}}


def ask_for_name(message: str = "What is your name?") -> JsonObject:
    return elicitation_request(message, NAME, ["name"])


def input_required(requests: Mapping[str, JsonObject], state: str | None = None) -> JsonObject:
    result: JsonObject = {"resultType": "input_required", "inputRequests": dict(requests)}
    if state is not None:
        result["requestState"] = state
    return result


def answers(call: Call) -> JsonObject:
    return (call.params or {}).get("inputResponses") or {}


def state_of(call: Call) -> str | None:
    return (call.params or {}).get("requestState")


def needs(requests: Mapping[str, JsonObject], state: str | None = None) -> Callable[[Call, JsonObject], Awaitable[Any]]:
    """A tool that asks for all of `requests`, until all are answered and the state came back."""

    async def run(call: Call, arguments: JsonObject) -> JsonObject:
        given = answers(call)
        if requests.keys() <= given.keys() and state_of(call) == state:
            return {"content": [text(json.dumps(given))]}
        return input_required(requests, state)

    return run


async def tampered_state(call: Call, arguments: JsonObject) -> JsonObject:
    """The request state is sealed at the server's boundary, so one that arrives here is the one that left."""
    if (state := state_of(call)) is not None:
        return {"content": [text(f"state arrived whole: {state}")]}
    return input_required({"confirm": elicitation_request("Please confirm", CONFIRMED, ["ok"])}, "first round")


async def multi_round(call: Call, arguments: JsonObject) -> JsonObject:
    """Two questions, one after the other; the answers so far travel in the state."""
    given = answers(call)
    known: JsonObject = json.loads(state_of(call) or "{}")
    if "step2" in given and "name" in known:
        return {"content": [text(f"{known['name']} likes {given['step2'].get('content', {}).get('color')}.")]}
    if "step1" in given and "asked" in known:
        name = given["step1"].get("content", {}).get("name")
        question = elicitation_request("Which colour do you like?", {"color": {"type": "string"}}, ["color"])
        return input_required({"step2": question}, json.dumps({"name": name}))
    return input_required({"step1": ask_for_name()}, json.dumps({"asked": True}))


async def within_capabilities(call: Call, arguments: JsonObject) -> JsonObject:
    declared = call.session.client_capabilities or types.ClientCapabilities()
    requests = {}
    if declared.sampling is not None:
        requests["sample"] = sampling_request("Say hello")
    if declared.elicitation is not None:
        requests["ask"] = ask_for_name()
    return input_required(requests, "asked")


async def missing_capability(call: Call, arguments: JsonObject) -> JsonObject:
    declared = call.session.client_capabilities
    if declared is None or declared.sampling is None:
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "this tool needs a client that can sample",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return {"content": [text("The client can sample.")]}


# --- change notifications --------------------------------------------------------------------------------------------


def announces(
    event: ServerEvent, legacy: Callable[[Call], Awaitable[None]]
) -> Callable[[Call, JsonObject], Awaitable[JsonObject]]:
    """A tool that tells of a change, the way the call's revision has for it."""

    async def run(call: Call, arguments: JsonObject) -> JsonObject:
        if call.protocol_version in MODERN_PROTOCOL_VERSIONS:
            await BUS.publish(event)
        else:
            await legacy(call)
        return {"content": [text("announced")]}

    return run


WATCHED = "test://watched-resource"

# --- schemas ---------------------------------------------------------------------------------------------------------


def one_string(name: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


# SEP-2243: arguments that a client mirrors into Mcp-Param-* headers.
MIRRORED: JsonObject = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
    },
}

# SEP-1613 and SEP-2106: the keywords that the suite wants to see again, spelt as it spells them.
DIALECT_2020_12: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

# --- the table -------------------------------------------------------------------------------------------------------

TOOLS: Mapping[str, Tool] = {
    "echo": Tool("Gives its arguments back", echo, {"type": "object"}),
    "test_simple_text": Tool("One text block", content(text("A plain text answer."))),
    "test_image_content": Tool("One image", content(image())),
    "test_audio_content": Tool("One sound", content({"type": "audio", "data": SILENCE, "mimeType": "audio/wav"})),
    "test_embedded_resource": Tool(
        "One embedded resource", content(embedded("test://embedded-resource", "text/plain", "An embedded text."))
    ),
    "test_multiple_content_types": Tool(
        "Text, image and resource",
        content(
            text("Three kinds of content:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ),
    ),
    "test_error_handling": Tool("Fails", fail),
    "test_tool_with_logging": Tool("Logs while it runs", with_logging),
    "test_logging_tool": Tool("Logs while it runs, if the request asks for it", with_logging),
    "test_tool_with_progress": Tool("Reports progress", with_progress),
    "test_reconnection": Tool("Closes its stream half way", reconnect),
    "test_sampling": Tool("Asks the client's model", sample, one_string("prompt")),
    "test_roots": Tool("Asks for the client's roots", list_roots),
    "test_elicitation": Tool("Asks the person", elicit_response, one_string("message")),
    "test_elicitation_sep1034_defaults": Tool("Asks with defaults", elicit_defaults),
    "test_elicitation_sep1330_enums": Tool("Asks with choices", elicit_choices),
    "test_streaming_elicitation": Tool("Asks in its result", needs({"user_name": ask_for_name()})),
    "test_input_required_result_elicitation": Tool("Asks for a name", needs({"user_name": ask_for_name()})),
    "test_input_required_result_sampling": Tool(
        "Asks the client's model", needs({"capital_question": sampling_request("What is the capital of France?")})
    ),
    "test_input_required_result_list_roots": Tool("Asks for roots", needs({"client_roots": {"method": "roots/list"}})),
    "test_input_required_result_request_state": Tool(
        "Asks, and wants its state back",
        needs({"confirm": elicitation_request("Please confirm", CONFIRMED, ["ok"])}, "seen before"),
    ),
    "test_input_required_result_multiple_inputs": Tool(
        "Asks three things at once",
        needs(
            {
                "user_name": ask_for_name(),
                "greeting": sampling_request("Greet the person", 50),
                "client_roots": {"method": "roots/list"},
            },
            "three asked",
        ),
    ),
    "test_input_required_result_multi_round": Tool("Asks twice", multi_round),
    "test_input_required_result_tampered_state": Tool("Refuses a state that is not its own", tampered_state),
    "test_input_required_result_capabilities": Tool("Asks only what the client can answer", within_capabilities),
    "test_missing_capability": Tool("Needs a client that can sample", missing_capability),
    "test_x_mcp_header": Tool("Has arguments mirrored in headers", echo, MIRRORED),
    "json_schema_2020_12_tool": Tool("Has a schema of the 2020-12 dialect", echo, DIALECT_2020_12),
    "test_trigger_tool_change": Tool(
        "Says that the tools changed", announces(ToolsListChanged(), lambda call: call.session.send_tool_list_changed())
    ),
    "test_trigger_prompt_change": Tool(
        "Says that the prompts changed",
        announces(PromptsListChanged(), lambda call: call.session.send_prompt_list_changed()),
    ),
    "test_trigger_resource_update": Tool(
        "Says that the watched resource changed",
        announces(ResourceUpdated(WATCHED), lambda call: call.session.send_resource_updated(WATCHED)),
    ),
}
