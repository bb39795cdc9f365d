"""Records for the tests of the report, as the journal would hand them out."""

from typing import Any

import msgspec

from doorward.control.audit.report.collect import About, Counting
from doorward.control.audit.report.model import Report, Verification
from doorward.control.audit.report.seen import Seen, decode
from doorward.core.audit import AuditRecord

ABOUT = About("2026-11-23T12:00:00.000Z", "2026-11-16T12:00:00.000Z", "2026-11-23T12:00:00.000Z", "/var/log/audit")


def line(**more: Any) -> bytes:
    """One line of a journal; without anything said, the outcome of a call."""
    usual: dict[str, Any] = {
        "event_id": "e",
        "exchange_id": "x",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "identity": "agent:a",
        "mcp_server": "crm",
        "tool_name": "find",
        "method": "tools/call",
    }
    return msgspec.json.encode(AuditRecord(**(usual | more)))


def seen(**more: Any) -> Seen:
    """The same, read."""
    return decode(line(**more))


def intent(name: str = "x", **more: Any) -> Seen:
    """The first record of a call."""
    return seen(exchange_id=name, phase="intent", **more)


def report(*records: Seen, **more: Any) -> Report:
    """What is made of some records."""
    counting = Counting()
    counting.add_all(records)
    usual: dict[str, Any] = {"seals": {}, "unreadable": 0, "verification": Verification()}
    return counting.end(ABOUT, **(usual | more))
