"""Events as shipping makes them, small."""

import json
from typing import Any

from doorward.core.delivery import Event, Sink, SinkFault

AT = 1_790_000_000.064


def event(number: int, *, at: float = AT, data: bytes | None = None, **members: Any) -> Event:
    """The record of one call, with other members than usual."""
    record = {
        "event_id": f"{number:032x}",
        "kind": "exchange",
        "phase": "outcome",
        "decision": "allow",
        "reason": "",
        "severity": "",
        "identity": "agent:sales",
        "mcp_server": "crm",
        "tool_name": "get_customer",
        "trace_id": "",
        "entities": {},
        **members,
    }
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() if data is None else data
    return Event(record["event_id"], at + number, record["identity"], record, line)


def some(count: int, **members: Any) -> list[Event]:
    return [event(number, **members) for number in range(count)]


def ids(lines: list[Any]) -> list[str]:
    """Of decoded native events."""
    return [line["event_id"] for line in lines]


def until_done(sink: Sink, events: list[Event]) -> list[Event]:
    """As the pump does it: what comes again is sent again, in its order. The refused ones."""
    refused = []
    for _ in range(50):
        try:
            said = sink.deliver(events)
        except SinkFault:
            continue
        refused += [events[place] for place in sorted(said.refused)]
        events = [events[place] for place in sorted(said.again)]
        if not events:
            return refused
    raise AssertionError("it does not end")
