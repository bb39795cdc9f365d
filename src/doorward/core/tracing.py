"""W3C trace context, and the ids of our own spans: one pure function each, so that whoever sees a record can tell them.

A trace is never a proof of anything: its context is what the caller says.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from doorward.core.message import Message, Response

# W3C Trace Context, 3.2: version-traceid-parentid-flags; ff is no version, and zeros are no id.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")

BEGUN = "01"
"""The flags of a trace that begins here: sampled."""


class Context(NamedTuple):
    """Where in which trace somebody is: the ids and the flags in hexadecimal."""

    trace_id: str
    span_id: str
    flags: str = BEGUN

    def traceparent(self) -> str:
        """As a ``traceparent``, of version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def parse(traceparent: str) -> Context | None:
    """What a ``traceparent`` says; None where it is not valid."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return None if match is None else Context(match[1], match[2], match[3])


def context_of(message: Message | None, header: bytes | None) -> Context | None:
    """Of ``_meta.traceparent`` (SEP-414), or else of the header."""
    match = _match(message, header)
    return None if match is None else Context(match[1], match[2], match[3])


def ids_of(message: Message | None, header: bytes | None) -> tuple[str, str]:
    """The trace and the caller's span in it, as ``context_of`` finds them; empty where there is none."""
    match = _match(message, header)
    return ("", "") if match is None else (match[1], match[2])


def _match(message: Message | None, header: bytes | None) -> re.Match[str] | None:
    if message is not None and not isinstance(message, Response):
        meta = message.params.get("_meta")
        value = meta.get("traceparent") if isinstance(meta, dict) else None
        if isinstance(value, str):
            match = _TRACEPARENT.fullmatch(value)
            if match is not None:
                return match
    return None if header is None else _TRACEPARENT.fullmatch(header.decode("latin-1"))


def span_id_of(exchange_id: str) -> str:
    """The id of our span of an exchange, 16 hexadecimal digits, never all zero."""
    return _never_zero(sha256(f"doorward span {exchange_id}".encode("utf-8", "surrogatepass")).hexdigest()[:16])


def trace_id_of(exchange_id: str) -> str:
    """The id of the trace that an exchange begins, where its caller is in none; 32 digits, never all zero."""
    return _never_zero(sha256(f"doorward trace {exchange_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32])


def _never_zero(digits: str) -> str:
    return digits if digits.strip("0") else digits[:-1] + "1"
