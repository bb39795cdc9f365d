"""A record in the Elastic Common Schema, version 8.17: what it has fields for, and the rest below ``doorward``.

What is mapped to what: docs/formats.md.
"""

from collections.abc import Mapping
from typing import Any

from doorward.core.audit import milliseconds
from doorward.core.delivery import LARGEST_EVENT
from doorward.core.tracing import span_id_of
from doorward.formats.members import address, alerting, number, operation, own_version, says, text, texts
from doorward.formats.one_line import fitting, json_line

VERSION = "8.17.0"

_OUTCOMES = {"allow": "success", "redact": "success", "deny": "failure", "error": "failure"}
_TYPES = {"allow": "allowed", "redact": "allowed", "deny": "denied", "error": "end"}
_SEVERITIES = {"": 10, "low": 21, "medium": 47, "high": 73, "critical": 99}
"""As Elastic's own rules have them; 10 for what no rule objected to."""

_HASHES = ("args_hash", "response_hash", "forwarded_hash", "delivered_hash", "hash_key_id")
_LABELS = (*_HASHES, "mode", "would_have", "exchange_id", "batch_id", "override", "sensitivity")

_MAPPED = frozenset(
    {
        *("event_id", "seq", "timestamp", "trace_id", "identity", "groups", "client", "client_ip"),
        *("mcp_server", "method", "protocol", "transport", "decision", "reason", "rules", "severity", "latency_ms"),
        *_LABELS,
    }
)


def lines(record: Mapping[str, Any], most: int = LARGEST_EVENT) -> list[bytes]:
    """One JSON object. Raises ``ValueError`` for what has no time."""
    return fitting(record, lambda fitted: [json_line(document(fitted))], most)


def document(record: Mapping[str, Any]) -> dict[str, Any]:
    """The event."""
    milliseconds(text(record, "timestamp"))
    made: dict[str, Any] = {
        "@timestamp": text(record, "timestamp"),
        "ecs": {"version": VERSION},
        "message": _message(record),
        "event": _event(record),
        "observer": {"vendor": "Doorward", "product": "Doorward", "type": "proxy", "version": own_version()},
        "service": {"name": "doorward", "type": "mcp"},
        "network": {"protocol": "mcp"},
        "labels": {member: text(record, member) for member in _LABELS if says(record.get(member))},
        "doorward": {member: value for member, value in record.items() if member not in _MAPPED and says(value)},
    }
    for member in ("transport", "protocol"):
        if record.get(member):
            made["labels"][f"mcp_{member}"] = text(record, member)
    if record.get("mcp_server"):
        made["service"]["target"] = {"name": text(record, "mcp_server"), "type": "mcp"}
    if record.get("trace_id"):
        made["trace"] = {"id": text(record, "trace_id")}
        made["span"] = {"id": span_id_of(text(record, "exchange_id"))}
    if record.get("identity"):
        made["user"] = {"id": text(record, "identity")}
        if record.get("groups"):
            made["user"]["group"] = [{"name": group} for group in texts(record, "groups")]
    if record.get("client"):
        made["client"] = {"user": {"id": text(record, "client")}}
    if record.get("client_ip"):
        found = address(record)
        made["source"] = {"address": text(record, "client_ip")} | ({} if found is None else {"ip": str(found)})
    if record.get("rules"):
        made["rule"] = {"id": texts(record, "rules")}
    return made


def _event(record: Mapping[str, Any]) -> dict[str, Any]:
    said = text(record, "decision")
    event: dict[str, Any] = {
        "id": text(record, "event_id"),
        "kind": "alert" if alerting(record) else "event",
        "category": ["api", "process"],
        "type": [_TYPES.get(said, "info")],
        "outcome": _OUTCOMES.get(said, "unknown"),
        "action": text(record, "method") or text(record, "kind"),
        "module": "doorward",
        "dataset": "doorward.audit",
        "provider": "doorward",
        "severity": _SEVERITIES.get(text(record, "severity"), 47),
        "sequence": record.get("seq", 0),
    }
    if record.get("reason"):
        event["reason"] = text(record, "reason")
        event["code"] = text(record, "reason")
    latency = number(record, "latency_ms")
    if latency is not None:
        event["duration"] = round(latency * 1_000_000)  # nanoseconds
    return event


def _message(record: Mapping[str, Any]) -> str:
    where = "/".join(filter(None, (text(record, "mcp_server"), operation(record))))
    said = (text(record, "decision"), where, text(record, "identity"), text(record, "reason"))
    return " ".join(filter(None, said))
