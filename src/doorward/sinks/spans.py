"""An exchange as one span, by the names of the OpenTelemetry semantic conventions for MCP (docs/traces.md). Pure.

The span is of kind SERVER: it tells of the request as it came to us, from the caller's span to our answer. A CLIENT
span towards the server would be a second one with nearly the same begin and end, for what is ours is a few
milliseconds; how many, an attribute says.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from doorward.core.audit import milliseconds
from doorward.core.tracing import span_id_of, trace_id_of

Value = str | int | float | bool | tuple[str, ...]

_IDS = {size: re.compile(rf"(?!0+\Z)[0-9a-f]{{{size}}}") for size in (16, 32)}


class Span(msgspec.Struct, frozen=True):
    """``parent`` is empty where the caller has no span. Times are nanoseconds since the epoch. ``error``: why it
    failed, empty where it did not.
    """

    name: str
    trace_id: str
    span_id: str
    parent: str
    start: int
    end: int
    attributes: Mapping[str, Value]
    error: str = ""


def span(record: Mapping[str, Any]) -> Span | None:
    """The span of a record; None of what is no end of an exchange. Raises ``ValueError`` for what has no time, or none
    that a span can have.
    """
    if record.get("kind") != "exchange" or record.get("phase") != "outcome":
        return None
    exchange_id = _text(record, "exchange_id")
    trace_id, parent = _text(record, "trace_id"), _text(record, "span_id")
    if not _IDS[32].fullmatch(trace_id):
        trace_id, parent = trace_id_of(exchange_id), ""
    end = milliseconds(_text(record, "timestamp")) * 1_000_000
    latency = record.get("latency_ms")
    took = latency * 1_000_000 if isinstance(latency, (int, float)) else 0
    if not 0 <= took <= end < 1 << 64:
        raise ValueError("outside of what nanoseconds since the epoch can say")
    method, tool = _text(record, "method"), _text(record, "tool_name")
    return Span(
        name=f"{method or 'unknown'} {tool}".strip(),
        trace_id=trace_id,
        span_id=span_id_of(exchange_id),
        parent=parent if _IDS[16].fullmatch(parent) else "",
        start=end - round(took),
        end=end,
        attributes={name: value for name, value in _attributes(record).items() if value not in ("", None, ())},
        error=_error(record),
    )


def _attributes(record: Mapping[str, Any]) -> dict[str, Value | None]:
    """The conventions' own, then ours. Never an argument or a result: no record holds one."""
    method, tool = _text(record, "method"), _text(record, "tool_name")
    entities = record.get("entities")
    weight = record.get("sampled", 1)
    return {
        "mcp.method.name": method or "unknown",
        "mcp.protocol.version": _text(record, "protocol"),
        "gen_ai.operation.name": "execute_tool" if method == "tools/call" else "",
        "gen_ai.tool.name": tool,
        "error.type": _error(record),
        "network.transport": "pipe" if record.get("transport") == "stdio" else "tcp",
        "client.address": _text(record, "client_ip"),
        "doorward.identity": _text(record, "identity"),
        "doorward.mcp_server": _text(record, "mcp_server"),
        "doorward.exchange_id": _text(record, "exchange_id"),
        "doorward.event_id": _text(record, "event_id"),
        "doorward.decision": _text(record, "decision"),
        "doorward.reason": _text(record, "reason"),
        "doorward.would_have": _text(record, "would_have"),
        "doorward.mode": _text(record, "mode"),
        "doorward.act": _texts(record.get("act")),
        "doorward.entities": _texts(sorted(entities)) if isinstance(entities, Mapping) else (),
        "doorward.redaction_count": record.get("redaction_count") or None,
        "doorward.gateway_ms": record.get("gateway_ms"),
        "doorward.upstream_status": record.get("upstream_status"),
        "doorward.weight": weight if weight != 1 else None,
    }


def _error(record: Mapping[str, Any]) -> str:
    """Why it failed, as one of few words; a tool that failed in its own words (``isError``) no record tells of."""
    if record.get("decision") not in ("deny", "error"):
        return ""
    return _text(record, "reason") or "_OTHER"


def _text(record: Mapping[str, Any], member: str) -> str:
    """Half of a surrogate pair, which no encoding of a span can hold, becomes a question mark."""
    value = record.get(member)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text({"": each}, "") for each in values) if isinstance(values, (list, tuple)) else ()
