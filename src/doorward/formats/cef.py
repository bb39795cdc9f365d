"""A record in the Common Event Format, CEF:0 (ArcSight, "Implementing ArcSight CEF", revision 25).

What is mapped to what: docs/formats.md. One line whatever a name holds: the specification knows escapes for ``|`` and
the backslash in the header, and for ``=``, the backslash and line ends in the extension. A text that holds what it has
no form for is written as a JSON string there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from doorward.core.audit import milliseconds
from doorward.core.delivery import LARGEST_EVENT
from doorward.formats.members import address, number, own_version, text, texts
from doorward.formats.one_line import CUT, fitting

_SEVERITIES = {"": 1, "low": 3, "medium": 5, "high": 8, "critical": 10}

_LONGEST_ID = 40  # of externalId

# All control characters, the line ends of Unicode, what UTF-8 cannot hold.
_NO_FORM = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_FORM_IN_VALUE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_IN_HEADER = str.maketrans({"\\": "\\\\", "|": "\\|"})
_IN_VALUE = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"})


def lines(record: Mapping[str, Any], most: int = LARGEST_EVENT) -> list[bytes]:
    """One line. Raises ``ValueError`` for what has no time."""
    return fitting(record, lambda fitted: [_line(fitted)], most)


def _line(record: Mapping[str, Any]) -> bytes:
    said, what = text(record, "decision"), text(record, "method") or text(record, "kind")
    header = (
        "CEF:0",
        "Doorward",
        "Doorward",
        own_version(),
        _in_header(text(record, "reason") or f"{text(record, 'kind')}.{said}"),
        _in_header(f"{what} {said}".strip()),
        str(_SEVERITIES.get(text(record, "severity"), 5)),
    )
    extension = " ".join(f"{key}={_in_value(value)}" for key, value in _extension(record) if value != "")
    return f"{'|'.join(header)}|{extension}".encode()


def _extension(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "rt", str(milliseconds(text(record, "timestamp")))
    yield from _id(text(record, "event_id"))
    yield "act", text(record, "decision")
    yield "reason", text(record, "reason")
    yield "msg", text(record, "detail")
    yield "suser", text(record, "identity")
    yield from _source(record)
    yield "app", text(record, "transport")
    yield "requestMethod", text(record, "method")
    yield "cat", "/".join(filter(None, (text(record, "kind"), text(record, "phase"))))
    yield "deviceExternalId", text(record, "writer")
    yield "deviceProcessName", "doorward"
    yield from _custom("cs1", "tool", text(record, "tool_name"))
    yield from _custom("cs2", "server", text(record, "mcp_server"))
    yield from _custom("cs3", "argsHash", text(record, "args_hash"))
    yield from _custom("cs4", "traceId", text(record, "trace_id"))
    yield from _custom("cs5", "exchangeId", text(record, "exchange_id"))
    yield from _custom("cs6", "entities", _entities(record))
    yield from _custom("cn1", "redactionCount", _whole(record, "redaction_count"))
    yield from _custom("cn2", "latencyMs", _whole(record, "latency_ms"))
    yield from _custom("cn3", "upstreamStatus", _whole(record, "upstream_status"))
    yield from _custom("flexString2", "wouldHave", text(record, "would_have"))
    weight = number(record, "sampled")
    yield from _custom("cfp1", "weight", "" if weight is None else str(float(weight)))
    yield from _custom("cfp2", "cutMembers", str(float(len(texts(record, CUT)))) if record.get(CUT) else "")


def _custom(key: str, label: str, value: str) -> Iterator[tuple[str, str]]:
    if value != "":
        yield key, value
        yield f"{key}Label", label


def _id(event_id: str) -> Iterator[tuple[str, str]]:
    """A longer id than ``externalId`` may hold would be cut to one that others have as well."""
    if len(event_id) <= _LONGEST_ID:
        yield "externalId", event_id
    else:
        yield from _custom("flexString1", "eventId", event_id)


def _source(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = address(record)
    if found is None:
        yield "shost", text(record, "client_ip")
    elif found.version == 4:
        yield "src", str(found)
    else:
        yield from _custom("c6a2", "Source IPv6 Address", str(found))


def _entities(record: Mapping[str, Any]) -> str:
    found = record.get("entities")
    return ",".join(f"{name}:{count}" for name, count in found.items()) if isinstance(found, Mapping) else ""


def _whole(record: Mapping[str, Any], member: str) -> str:
    value = number(record, member)
    return "" if value is None else str(round(value))


def _in_header(value: str) -> str:
    return _NO_FORM.sub("\N{REPLACEMENT CHARACTER}", value).translate(_IN_HEADER)


def _in_value(value: str) -> str:
    """Spaces at its ends, which readers take off, have no form either; a quote at its begin says that it is JSON."""
    if value.isalnum():
        return value  # as most are
    if _NO_FORM_IN_VALUE.search(value) or value[:1] in (" ", '"') or value[-1:] == " ":
        # JSON with all but ASCII escaped, and DEL, which JSON leaves as it is.
        value = json.dumps(value).replace("\x7f", "\\u007f")
    return value.translate(_IN_VALUE)
