"""A record as an OTLP log record, in the JSON encoding of the protocol (OTLP 1.x, "JSON Protobuf Encoding").

Names of attributes are those of the semantic conventions for MCP, where they have one (``mcp.…``, ``gen_ai.…``,
``network.…``, ``client.…``, ``error.…``), else ``doorward.…``. Nothing in a record is text of a call.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from doorward.core.delivery import Event
from doorward.sinks.cloudevents import kind, trace

SCOPE = "doorward"
MOST_ELEMENTS = 32
"""Of a list in an attribute; the body has them all."""

# OpenTelemetry logs data model, "Field: SeverityNumber".
SEVERITIES: Mapping[str, tuple[int, str]] = {
    "low": (9, "INFO"),
    "medium": (13, "WARN"),
    "high": (17, "ERROR"),
    "critical": (21, "FATAL"),
}
_NONE = (9, "INFO")

# Attribute to member of the record; what is empty is left out.
_CONVENTIONS: Mapping[str, str] = {
    "mcp.method.name": "method",
    "gen_ai.tool.name": "tool_name",
    "mcp.protocol.version": "protocol",
    "client.address": "client_ip",
    "http.response.status_code": "upstream_status",
}
_MEMBERS = [
    "exchange_id",
    "batch_id",
    "writer",
    "kind",
    "phase",
    "identity",
    "client",
    "groups",
    "act",
    "grant_id",
    "credential",
    "mcp_server",
    "decision",
    "reason",
    "rules",
    "mode",
    "would_have",
    "override",
    "sensitivity",
    "facts",
    "severity",
    "pii_redacted",
    "redaction_count",
    "uninspected",
    "bytes_in",
    "bytes_out",
    "policy_digest",
    "latency_ms",
    "gateway_ms",
    "interim",
]
_TRANSPORTS: Mapping[str, str] = {"http": "tcp", "sse": "tcp", "stdio": "pipe"}


def request(resource: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> bytes:
    """The body of one request: ``ExportLogsServiceRequest``."""
    scope = {"scope": {"name": SCOPE}, "logRecords": records}
    return _encode({"resourceLogs": [{"resource": {"attributes": _listed(resource.items())}, "scopeLogs": [scope]}]})


def record(event: Event) -> dict[str, Any]:
    """One ``LogRecord``. Ids are hexadecimal, and times strings, as OTLP's JSON has them."""
    number, text = SEVERITIES.get(str(event.record.get("severity") or ""), _NONE)
    at = f"{int(event.at * 1000)}000000"
    made: dict[str, Any] = {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": number,
        "severityText": text,
        "eventName": kind(event.record),
        "body": {"stringValue": event.data.decode(errors="replace")},
        "attributes": _listed(attributes(event).items()),
    }
    trace_id, span_id = trace(event.record)
    if trace_id:
        made["traceId"] = trace_id
    if span_id:
        made["spanId"] = span_id
    return made


def attributes(event: Event) -> dict[str, Any]:
    """By their names, without what is empty."""
    members = event.record
    found = members.get("entities")
    entities = found if isinstance(found, dict) else {}
    weight = members.get("sampled", 1.0)
    made: dict[str, Any] = {"log.record.uid": event.id}
    made["doorward.weight"] = float(weight) if isinstance(weight, int | float) else 1.0
    made |= {name: members.get(member) for name, member in _CONVENTIONS.items()}
    made |= {f"doorward.{member}": members.get(member) for member in _MEMBERS}
    if members.get("method") == "tools/call":
        made["gen_ai.operation.name"] = "execute_tool"
    if members.get("decision") == "error":
        made["error.type"] = members.get("reason")
    made["network.transport"] = _TRANSPORTS.get(str(members.get("transport") or ""))
    made["doorward.entities"] = sorted(entities)
    made["doorward.found"] = sum(count for count in entities.values() if isinstance(count, int))
    return {name: value for name, value in made.items() if value not in (None, "", 0, False, [], ())}


_encode = msgspec.json.Encoder().encode


def _listed(pairs: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in pairs]


def _value(value: Any) -> dict[str, Any]:
    """``AnyValue``. An int64 is a string in protobuf's JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [{"stringValue": str(element)} for element in value[:MOST_ELEMENTS]]}}
    return {"stringValue": str(value)}
