"""A record as OCSF 1.8 events: an API Activity; beside it a Data Security Finding where something was found, and a
Detection Finding where the reason speaks of an attack.

What is mapped to what: docs/ocsf.md. Every member of the record that says something is in one of the event's
attributes or in ``unmapped``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from doorward.core.audit import milliseconds
from doorward.core.delivery import LARGEST_EVENT
from doorward.core.tracing import span_id_of
from doorward.formats.members import address, alerting, number, operation, own_version, says, text, texts
from doorward.formats.one_line import CUT, fitting, json_line

VERSION = "1.8.0"

API_ACTIVITY, DATA_SECURITY_FINDING, DETECTION_FINDING = 6003, 2006, 2004

ATTACKS: Mapping[str, tuple[str, str] | None] = {
    "injection": ("AML.T0051", "LLM Prompt Injection"),
    "poisoning": None,
}
"""First words of reasons that speak of an attack, and the technique of MITRE ATLAS where there is one. No reason of
this build begins so.
"""

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


def lines(record: Mapping[str, Any], most: int = LARGEST_EVENT) -> list[bytes]:
    """One to three JSON objects. Raises ``ValueError`` for what has no time."""
    return fitting(record, lambda fitted: [json_line(event) for event in events(fitted)], most)


def events(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of one record. Raises ``ValueError`` for what has no time."""
    yield _call(record)
    if record.get("entities") or record.get("findings"):
        yield _found(record)
    area = text(record, "reason").partition(".")[0]
    if area in ATTACKS:
        yield _attack(record, ATTACKS[area])


def _call(record: Mapping[str, Any]) -> dict[str, Any]:
    activity, name = _activity(record)
    event = _base(record, API_ACTIVITY, 6, activity, name)
    event |= {**_involved(record), **_controlled(record), **_status(record)}
    latency = number(record, "latency_ms")
    if latency is not None:
        event["duration"] = round(latency)
    if record.get("trace_id"):
        event["trace"] = _trace(record, event["time"], latency)
    unmapped = {member: value for member, value in record.items() if member not in _MAPPED and says(value)}
    if unmapped:
        event["unmapped"] = unmapped
    return event


def _found(record: Mapping[str, Any]) -> dict[str, Any]:
    """Class 2006. No value that was found is in a record, so none is in an event."""
    entities = record.get("entities")
    counts = dict(sorted(entities.items())) if isinstance(entities, Mapping) else {}
    findings = [finding for finding in record.get("findings") or () if isinstance(finding, Mapping)]
    title = f"{', '.join(counts) or 'something'} found in {operation(record)}"
    event = _finding(record, DATA_SECURITY_FINDING, "finding", title, list(counts))
    involved = _involved(record)
    event |= {"actor": involved["actor"], "src_endpoint": involved["src_endpoint"], **_controlled(record)}
    event["data_security"] = {
        "data_lifecycle_state_id": 2,
        "data_lifecycle_state": "Data in-Transit",
        "detection_system_id": 2,
        "detection_system": "DLP Gateway",
        "discovery_details": [_discovered(kind, count, findings) for kind, count in counts.items()],
    }
    rules = sorted({str(finding["rule"]) for finding in findings if finding.get("rule")})
    if rules:
        event["data_security"]["detection_pattern"] = ", ".join(rules)
    event["resources"] = [_resource(record)]
    event["unmapped"] = {"exchange_id": text(record, "exchange_id"), "api": involved["api"], "findings": findings}
    return event


def _discovered(kind: str, count: Any, findings: list[Mapping[str, Any]]) -> dict[str, Any]:
    """How much of one kind, and where."""
    places = dict.fromkeys(text(finding, "pointer") for finding in findings if finding.get("entity") == kind)
    made: dict[str, Any] = {"type": str(kind), "count": count if isinstance(count, int) else 0}
    if places:
        made["occurrences"] = [{"json_path": _path(pointer)} for pointer in places]
    return made


def _path(pointer: str) -> str:
    """A pointer of a record, whose indices and hidden names are ``*``, as a JSONPath (RFC 9535)."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    quoted = (step.replace("\\", "\\\\").replace("'", "\\'") for step in steps)
    return "$" + "".join("[*]" if step == "*" else f"['{step}']" for step in quoted)


def _attack(record: Mapping[str, Any], technique: tuple[str, str] | None) -> dict[str, Any]:
    """Class 2004."""
    title = f"{text(record, 'reason')} in {operation(record)}"
    event = _finding(record, DETECTION_FINDING, "attack", title, [text(record, "reason")])
    event |= _controlled(record)
    if technique is not None:
        event["finding_info"]["attacks"] = [{"technique": {"uid": technique[0], "name": technique[1]}}]
    event["evidences"] = [_involved(record)]
    event["resources"] = [_resource(record)]
    event["unmapped"] = {"exchange_id": text(record, "exchange_id"), "reason": text(record, "reason")}
    return event


def _finding(record: Mapping[str, Any], kind: int, what: str, title: str, types: list[str]) -> dict[str, Any]:
    """What both findings have in common; their ids hang on that of the record, so they are as stable."""
    event = _base(record, kind, 2, _CREATE, "Create")
    own_id = f"{text(record, 'event_id')}-{what}"
    event["metadata"]["uid"] = own_id
    event["finding_info"] = {"uid": own_id, "title": title, "types": types, "created_time": event["time"]}
    event["status_id"], event["status"] = 1, "New"
    event["is_alert"] = alerting(record)
    return event


def _resource(record: Mapping[str, Any]) -> dict[str, Any]:
    """The server that was called, as the object of a finding."""
    name = "/".join(filter(None, (text(record, "mcp_server"), text(record, "tool_name"))))
    return {"type": "MCP tool" if record.get("tool_name") else "MCP server", "name": name or operation(record)}


def _controlled(record: Mapping[str, Any]) -> dict[str, Any]:
    """The profile security_control: what the gateway did about it."""
    said = text(record, "decision")
    action, disposition = _DONE.get(said, (OTHER, OTHER))
    if record.get("would_have") and disposition == 1:
        disposition = _DETECTED
    return {
        "action_id": action,
        "action": _ACTIONS.get(action, said),
        "disposition_id": disposition,
        "disposition": _DISPOSITIONS.get(disposition, said),
    }


def _trace(record: Mapping[str, Any], end: int, latency: float | None) -> dict[str, Any]:
    """The profile trace: the caller's trace, and of what has ended our span (docs/traces.md)."""
    trace: dict[str, Any] = {"uid": text(record, "trace_id")}
    if latency is not None:
        span = {"uid": span_id_of(text(record, "exchange_id")), "start_time": end - round(latency), "end_time": end}
        trace["span"] = span | ({"parent_uid": text(record, "span_id")} if record.get("span_id") else {})
    return trace


def _base(record: Mapping[str, Any], kind: int, category: int, activity: int, name: str) -> dict[str, Any]:
    severity = _SEVERITIES.get(text(record, "severity"), OTHER)
    metadata = {
        "version": VERSION,
        "product": {"name": "Doorward", "vendor_name": "Doorward", "version": own_version()},
        "log_name": "audit",
        "original_time": text(record, "timestamp"),
        "sequence": record.get("seq", 0),
        "uid": text(record, "event_id"),
    }
    if record.get("trace_id"):
        metadata["correlation_uid"] = text(record, "trace_id")
    metadata["profiles"] = ["security_control"]
    if kind == API_ACTIVITY and record.get("trace_id"):
        metadata["profiles"] = ["security_control", "trace"]
    if record.get(CUT):
        metadata["is_truncated"] = True
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": category,
        "class_uid": kind,
        "type_uid": kind * 100 + activity,
        "time": milliseconds(text(record, "timestamp")),
        "severity_id": severity,
        "severity": _SEVERITY_NAMES.get(severity) or text(record, "severity"),
        "metadata": metadata,
    }


def _activity(record: Mapping[str, Any]) -> tuple[int, str]:
    """Whether a tool creates, changes or removes something, no record says: its call is another activity."""
    method = text(record, "method")
    if method in _READING or method.endswith("/list"):
        return _READ, "Read"
    name = method or text(record, "kind")
    return (OTHER, name) if name else (UNKNOWN, "Unknown")


def _involved(record: Mapping[str, Any]) -> dict[str, Any]:
    """Who, from where, what."""
    own = record.get("kind") in _OWN
    actor: dict[str, Any] = {}
    if record.get("identity"):
        actor["user"] = {"uid": text(record, "identity")}
        if record.get("groups"):
            actor["user"]["groups"] = [{"name": group} for group in texts(record, "groups")]
    elif not own:
        actor["user"] = {"name": "Unknown", "type_id": UNKNOWN, "type": "Unknown"}
    if record.get("client"):
        actor["app_uid"] = text(record, "client")
    elif own:
        actor["app_name"] = "Doorward"
    if record.get("grant_id"):
        actor["session"] = {"uid": text(record, "grant_id")}
    api: dict[str, Any] = {"operation": operation(record)}
    if record.get("mcp_server"):
        api["service"] = {"name": text(record, "mcp_server")}
    if record.get("exchange_id"):
        api["request"] = {"uid": text(record, "exchange_id")}
    if isinstance(record.get("upstream_status"), int):
        api["response"] = {"code": record["upstream_status"]}
    found = address(record)
    name = text(record, "client_ip") or ("Doorward" if own else "Unknown")
    source = {"name": name} if found is None else {"ip": str(found)}
    return {"actor": actor, "src_endpoint": source, "api": api}


def _status(record: Mapping[str, Any]) -> dict[str, Any]:
    said = text(record, "decision")
    status = _STATUS.get(said, OTHER)
    made: dict[str, Any] = {"status_id": status, "status": _STATUS_NAMES.get(status, said)}
    if record.get("reason"):
        made["status_code"] = text(record, "reason")
    if record.get("detail"):
        made["status_detail"] = text(record, "detail")
    return made
