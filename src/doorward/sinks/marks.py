"""The few members of a record that a service may index beside the event, in whichever format the event is."""

from doorward.core.delivery import Event

_MEMBERS = ("kind", "phase", "decision", "reason", "severity", "identity", "mcp_server", "tool_name", "trace_id")


def marks(event: Event) -> dict[str, str | list[str]]:
    """Flat, by the names of the record, without what is empty; ``finding`` lists the entities that were found."""
    record = event.record
    made: dict[str, str | list[str]] = {"event_id": event.id}
    made.update((name, value) for name in _MEMBERS if isinstance(value := record.get(name), str) and value)
    found = record.get("entities")
    if isinstance(found, dict) and found:
        made["finding"] = sorted(found)
    return made


def severity(event: Event) -> str:
    """``critical``, ``high``, ``medium``, ``low`` or empty. What broke without anybody refusing is ``high``."""
    said = event.record.get("severity")
    if said in ("critical", "high", "medium", "low"):
        return str(said)
    return "high" if event.record.get("decision") == "error" else ""
