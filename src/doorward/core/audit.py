"""The audit record and the words it is made of: one JSON object a line (docs/records.md).

``stages/record.py`` fills it from an exchange; ``gateway/journal/`` keeps it.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

VERSION = 1

_encode = msgspec.json.Encoder().encode


class AuditRecord(msgspec.Struct, kw_only=True):
    """One line of the journal. Every member is always there; empty says: does not apply, or nothing of it.

    No argument or result text is ever in a record: hashes are keyed, findings are types, counts and places. ``writer``,
    ``seq`` and ``prev`` are the journal's to fill. Times: ``timestamp`` is UTC with milliseconds, the latencies are
    milliseconds.
    """

    v: int = VERSION
    event_id: str
    exchange_id: str
    batch_id: str = ""
    writer: str = ""
    seq: int = 0
    prev: str = ""
    kind: str
    phase: str = ""
    timestamp: str
    trace_id: str = ""
    span_id: str = ""
    identity: str = ""
    client: str = ""
    groups: tuple[str, ...] = ()
    client_ip: str = ""
    grant_id: str = ""
    act: tuple[str, ...] = ()
    credential: str = ""
    mcp_server: str = ""
    tool_name: str | None = None
    method: str | None = None
    protocol: str = ""
    transport: str = ""
    args_hash: str = ""
    response_hash: str = ""
    forwarded_hash: str = ""
    delivered_hash: str = ""
    hash_key_id: str = ""
    decision: str = "allow"
    reason: str = ""
    rules: tuple[str, ...] = ()
    mode: str = ""
    would_have: str | None = None
    severity: str = ""
    override: str | None = None
    sensitivity: str = ""
    facts: tuple[str, ...] = ()
    pii_redacted: bool = False
    redaction_count: int = 0
    entities: dict[str, int] = {}
    findings: list[dict[str, Any]] = []
    uninspected: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    manifest_digest: str = ""
    policy_digest: str = ""
    upstream_status: int | None = None
    latency_ms: float | None = None
    gateway_ms: float | None = None
    interim: int = 0
    detail: str = ""
    sampled: float = 1.0

    def line(self, writer: str, seq: int, prev: str) -> bytes:
        """As the journal keeps it, with the three members that are the journal's own."""
        self.writer, self.seq, self.prev = writer, seq, prev
        return _encode(self) + b"\n"


class Opening(AuditRecord, kw_only=True):
    """The first record of a writer: ``kind`` "checkpoint", ``phase`` "opened".

    ``heads``: the writers that it found and that nobody had named at their end yet, each with how many records it had
    and the SHA-256 of its last line. So every writer is named by one that came later, or is among the newest.
    """

    heads: dict[str, tuple[int, str]] = {}


class Line(msgspec.Struct, frozen=True, gc=False):
    """A record as text already, but for the three members that are the journal's own (``stages/line.py``).

    ``before`` ends where ``writer`` begins, ``after`` is what follows ``prev``. Nothing in it is worth telling anybody:
    it has no reason, no finding, no refusal. ``exchange_id`` and ``phase`` are those in the text: the journal must know
    which exchanges it still owes an end.
    """

    before: str
    after: str
    exchange_id: str
    phase: str

    def line(self, writer: str, seq: int, prev: str) -> bytes:
        """As the journal keeps it."""
        return f'{self.before}"writer":"{writer}","seq":{seq},"prev":"{prev}",{self.after}\n'.encode()


Record = AuditRecord | Line
"""What a journal takes."""


def digest(key: bytes, data: bytes | memoryview) -> str:
    """HMAC-SHA-256 over received bytes, in hexadecimal. Keyed: a plain hash of an SSN is undone by trying all."""
    inner, outer = _contexts(key)
    inner = inner.copy()
    inner.update(data)
    outer = outer.copy()
    outer.update(inner.digest())
    found: str = outer.hexdigest()
    return found


def forget() -> None:
    """Keep no key that ``digest`` was called with: one may be about to be erased."""
    _contexts.cache_clear()


@lru_cache(maxsize=8)
def _contexts(key: bytes) -> tuple[Any, Any]:
    """The two hashes of RFC 2104 with the key already in them: half the cost of a call is the key's set-up."""
    block = (key if len(key) <= 64 else sha256(key).digest()).ljust(64, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in block)), sha256(bytes(byte ^ 0x5C for byte in block))


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds, from seconds since the epoch."""
    return _moment(int(seconds * 1000))


@lru_cache(maxsize=8)  # under load several records share a millisecond
def _moment(milliseconds: int) -> str:
    whole, rest = divmod(milliseconds, 1000)
    return f"{_second(whole)}.{rest:03d}Z"


@lru_cache(maxsize=8)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def milliseconds(timestamp: str) -> int:
    """Since the epoch, of a time as records have it. Raises ``ValueError``."""
    if len(timestamp) != 24 or timestamp[10] != "T" or timestamp[19] != "." or timestamp[23] != "Z":
        raise ValueError("not a time of a record")
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)
