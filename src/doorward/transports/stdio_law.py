"""What an HTTP server owes its clients, for a server that speaks stdio (MCP basic/transports, every revision).

Behind ``serve`` a child process knows nothing of HTTP, so these checks and status codes are ours. Everything here is a
function from what came in to the answer that is due, or None.
"""

from typing import Any

import msgspec

from doorward.core.decision import ALLOW
from doorward.core.exchange import Answer, Headers, Inbound, Outbound
from doorward.core.message import Message, Notification, Request, Response, Unreadable, read
from doorward.stages.mirrors import ParamMap, compare
from doorward.transports.stdio_messages import Id, Line

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602
HEADER_MISMATCH = -32020

JSON: Headers = ((b"content-type", b"application/json"),)
SSE: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)

_META = "io.modelcontextprotocol/"
_REQUIRED = (_META + "protocolVersion", _META + "clientCapabilities")

# Only these errors have a status of their own; every other one is an answer like a result.
_STATUS = {-32700: 400, -32600: 400, -32602: 400, -32601: 404, -32020: 400, -32021: 400, -32022: 400}


def status_of(code: int | None) -> int:
    """The HTTP status of a modern response with this JSON-RPC error code; None for a result."""
    return 200 if code is None else _STATUS.get(code, 200)


def error(status: int, code: int, message: str, identifier: Id | None = None, headers: Headers = ()) -> Answer:
    """A JSON-RPC error of ours with an HTTP status."""
    body = {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": message}}
    return Answer(status, (*JSON, *headers), msgspec.json.encode(body))


def refuse_verb(outbound: Outbound) -> Answer | None:
    """GET and DELETE belong to sessions, which the modern era has not; a GET is for a client that reads events."""
    if outbound.modern:
        return error(405, INVALID_REQUEST, "this protocol version has POST alone", headers=((b"allow", b"POST"),))
    if outbound.verb == "GET" and not _accepts(outbound, b"text/event-stream"):
        return error(406, INVALID_REQUEST, "Accept must list text/event-stream")
    return None


def refuse_post(outbound: Outbound, line: Line | tuple[Line, ...] | None) -> Answer | None:
    """The checks on any POST, before its content counts."""
    kind = _header(outbound, b"content-type")
    if kind is not None and kind.split(b";", 1)[0].strip().lower() != b"application/json":
        return error(415, INVALID_REQUEST, "Content-Type must be application/json")
    if outbound.modern and not (_accepts(outbound, b"application/json") and _accepts(outbound, b"text/event-stream")):
        return error(406, INVALID_REQUEST, "Accept must list application/json and text/event-stream")
    if line is None:
        code = PARSE_ERROR if not _is_json(outbound.body) else INVALID_REQUEST
        return error(400, code, "the body is not one JSON-RPC message")
    if outbound.modern and (isinstance(line, tuple) or line.kind == "response"):
        return error(400, INVALID_REQUEST, "the body must be one request or notification")
    return None


def refuse_modern(outbound: Outbound, line: Line, params: ParamMap | None) -> Answer | None:
    """A modern request: its required ``_meta`` and the headers that mirror it ("Server Validation").

    ``params`` is what the tool's schema says about ``Mcp-Param-*``; None if it has not passed here.
    """
    message = outbound.message
    if message is None or message.raw != outbound.body:  # unread, or changed by a redaction since it was read
        message = _loosely(line)
    if message is None:
        return error(400, PARSE_ERROR, "the body is not one JSON-RPC message", line.id)
    if line.kind == "request" and not isinstance(message, Response):
        meta = message.params.get("_meta")
        missing = [name for name in _REQUIRED if not isinstance(meta, dict) or name not in meta]
        if missing:
            return error(400, INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}", line.id)
        if not isinstance(meta, dict) or not isinstance(meta[_REQUIRED[0]], str):
            return error(400, INVALID_PARAMS, f"{_REQUIRED[0]} must be a string", line.id)
    decision = compare(_as_inbound(outbound), message, None, params)
    if decision is not ALLOW:
        return error(400, HEADER_MISMATCH, decision.what, line.id)
    return None


def tool_name(outbound: Outbound) -> str | None:
    """The tool that a request calls, if it is one and was read."""
    if isinstance(outbound.message, Request) and outbound.message.method == "tools/call":
        name: Any = outbound.message.params.get("name")
        return name if isinstance(name, str) else None
    return None


def _loosely(line: Line) -> Message | None:
    """The body as most servers read it: the last of two equal members counts."""
    try:
        value = msgspec.json.decode(line.raw)
    except (msgspec.MsgspecError, RecursionError):
        return None
    params = value.get("params", {})
    if not isinstance(params, dict):
        return None
    if line.id is None:
        return Notification(line.raw, line.method, params, value)
    return Request(line.raw, line.id, line.method, params, value)


def _as_inbound(outbound: Outbound) -> Inbound:
    mirrors = tuple((name, value) for name, value in outbound.headers if _mirrors(name))
    version = outbound.version.encode("latin-1", "replace") or None
    return Inbound("stdio", outbound.verb, "", mirrors=mirrors, version=version)


def _mirrors(name: bytes) -> bool:
    return name in (b"mcp-method", b"mcp-name") or name.startswith(b"mcp-param-")


def _header(outbound: Outbound, wanted: bytes) -> bytes | None:
    values = [value for name, value in outbound.headers if name == wanted]
    return b",".join(values) if values else None


def _accepts(outbound: Outbound, media_type: bytes) -> bool:
    ranges = (_header(outbound, b"accept") or b"").lower().split(b",")
    wanted = (media_type, media_type.split(b"/")[0] + b"/*", b"*/*")
    return any(_wanted(each, wanted) for each in ranges)


def _wanted(media_range: bytes, wanted: tuple[bytes, ...]) -> bool:
    kind, _, parameters = media_range.partition(b";")
    refused = parameters.replace(b" ", b"") in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return kind.strip() in wanted and not refused


def _is_json(body: bytes) -> bool:
    reading = read(body)
    return not isinstance(reading, Unreadable) or reading.rpc_code != PARSE_ERROR
