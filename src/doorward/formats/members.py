"""What all formats ask of a record."""

import ipaddress
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any


@cache
def own_version() -> str:
    """Looked up once: it takes longer than all of an event."""
    return version("doorward")


def text(record: Mapping[str, Any], member: str) -> str:
    """A member as text; empty where it is not there."""
    value = record.get(member)
    return value if isinstance(value, str) else "" if value is None else str(value)


def number(record: Mapping[str, Any], member: str) -> float | None:
    """A member that is a number."""
    value = record.get(member)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def says(value: Any) -> bool:
    """Whether a member is not empty; numbers and False say something."""
    return value is not None and value not in ("", [], {}, ())


def texts(record: Mapping[str, Any], member: str) -> list[str]:
    """A member that is a list of texts."""
    value = record.get(member)
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else []


def operation(record: Mapping[str, Any]) -> str:
    """What was done or asked for: the tool, else the method, else the kind of record."""
    return text(record, "tool_name") or text(record, "method") or text(record, "kind") or "unknown"


def alerting(record: Mapping[str, Any]) -> bool:
    """Whether something was refused or redacted, or would have been; or the gateway raised an alert itself."""
    return (
        record.get("decision") in ("deny", "redact") or bool(record.get("would_have")) or record.get("kind") == "alert"
    )


def address(record: Mapping[str, Any]) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The caller's, where it is one; with a zone behind it, it is none to those who collect events."""
    return _parsed(text(record, "client_ip"))


@lru_cache(maxsize=4096)
def _parsed(written: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(written)
    except ValueError:
        return None
    return None if getattr(found, "scope_id", None) else found
