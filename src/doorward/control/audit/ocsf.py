"""A record as OCSF 1.8 events: an API Activity, and a Detection Finding beside it where something was found.

What is mapped to what: docs/ocsf.md. Every member of the record that says something is in one of the event's
attributes or in ``unmapped``.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from doorward.control.audit.index_build import milliseconds

VERSION = "1.8.0"

API_ACTIVITY, DETECTION_FINDING = 6003, 2004

UNKNOWN, OTHER = 0, 99

_READ = 2
_CREATE = 1

_READING = frozenset({"resources/read", "prompts/get", "completion/complete", "tasks/get", "tasks/result"})

_SEVERITIES = {"": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_SEVERITY_NAMES = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}

_STATUS = {"allow": 1, "redact": 1, "deny": 2, "error": 2, "": UNKNOWN}
_STATUS_NAMES = {UNKNOWN: "Unknown", 1: "Success", 2: "Failure"}

_DONE = {"allow": (1, 1), "redact": (1, 11), "deny": (2, 2), "error": (OTHER, 27), "": (UNKNOWN, UNKNOWN)}
"""Decision -> action and disposition: allowed, corrected, blocked, error."""

_ACTIONS = {UNKNOWN: "Unknown", 1: "Allowed", 2: "Denied"}
_DISPOSITIONS = {UNKNOWN: "Unknown", 1: "Allowed", 2: "Blocked", 11: "Corrected", 15: "Detected", 27: "Error"}

_DETECTED = 15

_MAPPED = frozenset(
    {
        *("event_id", "exchange_id", "seq", "timestamp", "trace_id", "identity", "client", "groups", "client_ip"),
        *("grant_id", "mcp_server", "tool_name", "decision", "reason", "severity", "upstream_status", "latency_ms"),
        "detail",
    }
)

_OWN = ("gap", "alert", "checkpoint")
"""Kinds of records that tell of the gateway itself."""


def events(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of one record. Raises ``ValueError`` for what has no time."""
    activity, name = _activity(record)
    event = _base(record, API_ACTIVITY, 6, activity, name)
    action, disposition = _DONE.get(_text(record, "decision"), (OTHER, OTHER))
    if record.get("would_have") and disposition == 1:
        disposition = _DETECTED
    said = _text(record, "decision")
    event |= {
        **_involved(record),
        "action_id": action,
        "action": _ACTIONS.get(action, said),
        "disposition_id": disposition,
        "disposition": _DISPOSITIONS.get(disposition, said),
        **_status(record),
    }
    latency = record.get("latency_ms")
    if isinstance(latency, (int, float)):
        event["duration"] = round(latency)
    unmapped = {member: value for member, value in record.items() if member not in _MAPPED and _says(value)}
    if unmapped:
        event["unmapped"] = unmapped
    yield event
    if record.get("entities") or record.get("findings"):
        yield _finding(record)


def _finding(record: Mapping[str, Any]) -> dict[str, Any]:
    event = _base(record, DETECTION_FINDING, 2, _CREATE, "Create")
    own_id = f"{_text(record, 'event_id')}-finding"
    event["metadata"]["uid"] = own_id
    entities = record.get("entities")
    kinds = sorted(entities) if isinstance(entities, dict) else []
    found = [finding for finding in record.get("findings") or () if isinstance(finding, dict)]
    involved = _involved(record)
    event["finding_info"] = {
        "uid": own_id,
        "title": f"{', '.join(kinds) or 'something'} found in {_operation(record)}",
        "types": kinds,
        "created_time": event["time"],
    }
    event["status_id"], event["status"] = 1, "New"
    event["is_alert"] = record.get("decision") in ("deny", "redact") or bool(record.get("would_have"))
    event["evidences"] = [involved | {"data": finding} for finding in found] or [involved]
    event["unmapped"] = {"entities": entities or {}, "exchange_id": _text(record, "exchange_id")}
    return event


def _base(record: Mapping[str, Any], kind: int, category: int, activity: int, name: str) -> dict[str, Any]:
    severity = _SEVERITIES.get(_text(record, "severity"), OTHER)
    metadata = {
        "version": VERSION,
        "product": {"name": "Doorward", "vendor_name": "Doorward", "version": _own_version()},
        "log_name": "audit",
        "original_time": _text(record, "timestamp"),
        "sequence": record.get("seq", 0),
        "uid": _text(record, "event_id"),
    }
    if record.get("trace_id"):
        metadata["correlation_uid"] = _text(record, "trace_id")
    if kind == API_ACTIVITY:
        metadata["profiles"] = ["security_control"]
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": category,
        "class_uid": kind,
        "type_uid": kind * 100 + activity,
        "time": milliseconds(_text(record, "timestamp")),
        "severity_id": severity,
        "severity": _SEVERITY_NAMES.get(severity) or _text(record, "severity"),
        "metadata": metadata,
    }


@cache
def _own_version() -> str:
    """Looked up once: it takes longer than all of an event."""
    return version("doorward")


def _activity(record: Mapping[str, Any]) -> tuple[int, str]:
    """Whether a tool creates, changes or removes something, no record says: its call is another activity."""
    method = _text(record, "method")
    if method in _READING or method.endswith("/list"):
        return _READ, "Read"
    name = method or _text(record, "kind")
    return (OTHER, name) if name else (UNKNOWN, "Unknown")


def _operation(record: Mapping[str, Any]) -> str:
    return _text(record, "tool_name") or _text(record, "method") or _text(record, "kind") or "unknown"


def _involved(record: Mapping[str, Any]) -> dict[str, Any]:
    """Who, from where, what."""
    own = record.get("kind") in _OWN
    actor: dict[str, Any] = {}
    if record.get("identity"):
        actor["user"] = {"uid": _text(record, "identity")}
        groups = record.get("groups")
        if groups:
            actor["user"]["groups"] = [{"name": str(group)} for group in groups]
    elif not own:
        actor["user"] = {"name": "Unknown", "type_id": UNKNOWN, "type": "Unknown"}
    if record.get("client"):
        actor["app_uid"] = _text(record, "client")
    elif own:
        actor["app_name"] = "Doorward"
    if record.get("grant_id"):
        actor["session"] = {"uid": _text(record, "grant_id")}
    api: dict[str, Any] = {"operation": _operation(record)}
    if record.get("mcp_server"):
        api["service"] = {"name": _text(record, "mcp_server")}
    if record.get("exchange_id"):
        api["request"] = {"uid": _text(record, "exchange_id")}
    if isinstance(record.get("upstream_status"), int):
        api["response"] = {"code": record["upstream_status"]}
    address = _text(record, "client_ip")
    source = {"ip": address} if _is_address(address) else {"name": address or ("Doorward" if own else "Unknown")}
    return {"actor": actor, "src_endpoint": source, "api": api}


def _status(record: Mapping[str, Any]) -> dict[str, Any]:
    said = _text(record, "decision")
    status = _STATUS.get(said, OTHER)
    made: dict[str, Any] = {"status_id": status, "status": _STATUS_NAMES.get(status, said)}
    if record.get("reason"):
        made["status_code"] = _text(record, "reason")
    if record.get("detail"):
        made["status_detail"] = _text(record, "detail")
    return made


def _says(value: Any) -> bool:
    """Whether a member is not empty; numbers and False say something."""
    return value is not None and value not in ("", [], {}, ())


def _text(record: Mapping[str, Any], member: str) -> str:
    value = record.get(member)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
