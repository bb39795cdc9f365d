"""What CloudEvents 1.0 says of an event, as header fields beside the data (its Kafka binding, binary mode)."""

import re
from collections.abc import Mapping
from typing import Any

from doorward.core.audit import timestamp
from doorward.core.delivery import Event
from doorward.sinks.options import Format

JSON = "application/json"
CONTENT_TYPES: Mapping[Format, str] = {"native": JSON, "ocsf": JSON, "ecs": JSON, "cef": "text/plain; charset=utf-8"}


def headers(event: Event, form: Format, source: str) -> list[tuple[str, str]]:
    """``ce_…`` for what CloudEvents names, ``content-type``, and ``traceparent`` of the call, where it had one."""
    made = [
        ("ce_specversion", "1.0"),
        ("ce_id", event.id),
        ("ce_source", source),
        ("ce_type", kind(event.record)),
        ("ce_time", timestamp(event.at)),
        ("content-type", CONTENT_TYPES[form]),
    ]
    parent = traceparent(event.record)
    return [*made, ("traceparent", parent)] if parent else made


def kind(record: Mapping[str, Any]) -> str:
    """What kind of event it is: ``doorward.exchange.outcome``, ``doorward.admin``."""
    return ".".join(str(part) for part in ("doorward", record.get("kind"), record.get("phase")) if part)


def trace(record: Mapping[str, Any]) -> tuple[str, str]:
    """The ids of trace and span, if both are of the form that W3C Trace Context gives them; else empty ones."""
    trace_id, span_id = str(record.get("trace_id") or ""), str(record.get("span_id") or "")
    if not _TRACE.fullmatch(trace_id):
        return "", ""
    return trace_id, span_id if _SPAN.fullmatch(span_id) else ""


def traceparent(record: Mapping[str, Any]) -> str:
    """Of the caller's span, as it is in the record. Whether it was sampled is not recorded: 00."""
    trace_id, span_id = trace(record)
    return f"00-{trace_id}-{span_id}-00" if trace_id and span_id else ""


# All zeros are no id (W3C Trace Context, 3.2.2.3 and 3.2.2.4).
_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}", re.ASCII)
