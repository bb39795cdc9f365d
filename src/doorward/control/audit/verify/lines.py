"""One line of a journal: what the chain and the count of exchanges need of it, slowly and quickly.

``read`` parses all of it. ``Quick`` takes apart, without parsing, lines that look exactly as the journal writes the
records of ordinary calls, and never takes one that ``read`` would refuse or read differently: every byte of the line
either matches an expression that allows nothing but JSON of the expected form, or belongs to a stretch of members that
was parsed before, byte for byte the same.
"""

import re
from typing import Any, NamedTuple

from doorward.control.audit.verify.strict import Unclear, is_count, strict

LONGEST = 8 << 20
"""Bytes of a line. Nothing that the journal writes comes near it."""

VERSION = 1
INTERRUPTED = "journal.interrupted"
"""The reason in the outcome of an exchange whose writer was killed, written by a later writer."""

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Entry(NamedTuple):
    """A record, as far as it matters here."""

    writer: str
    seq: int
    prev: str
    kind: str
    phase: str
    exchange_id: str
    timestamp: str
    reason: str
    detail: str
    heads: dict[str, Any]


def read(line: bytes) -> Entry:
    """What a line says, its end included. Raises ``Unclear``."""
    if len(line) > LONGEST:
        raise Unclear(f"it is longer than {LONGEST >> 20} MiB")
    if not line.endswith(b"\n"):
        raise Unclear("it has no end")
    return entry(strict(line[:-1]))


def entry(record: dict[str, Any]) -> Entry:
    """The members of a parsed record, checked. Raises ``Unclear``."""
    if type(record.get("v")) is not int or record["v"] != VERSION:
        raise Unclear(f"its version is not {VERSION}: use the verifier of the gateway that wrote it")
    seq = record.get("seq")
    if not is_count(seq):
        raise Unclear("its seq is not a count")
    prev = _text(record, "prev")
    if prev and not _HEX.fullmatch(prev):
        raise Unclear("its prev is not a SHA-256")
    heads = record.get("heads", {})
    if not isinstance(heads, dict):
        raise Unclear("its heads are not an object")
    return Entry(
        writer=_text(record, "writer"),
        seq=seq,
        prev=prev,
        kind=_text(record, "kind"),
        phase=_text(record, "phase"),
        exchange_id=_text(record, "exchange_id"),
        timestamp=_text(record, "timestamp"),
        reason=_text(record, "reason"),
        detail=_text(record, "detail"),
        heads=heads,
    )


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise Unclear(f"its {name} is not a text")
    return value


def _members(*names: str) -> list[str]:
    return " ".join(names).split()


# The members of a record in the order in which the journal writes them (a test compares it with core/audit.py): some
# that differ from record to record, and two stretches between them that are the same for many.
HEAD = _members("v event_id exchange_id batch_id writer seq prev kind phase timestamp trace_id span_id")
CALLER = _members(
    "identity client groups client_ip grant_id act credential mcp_server tool_name method protocol transport"
)
HASHES = _members("args_hash response_hash forwarded_hash delivered_hash")
VERDICT = _members(
    "hash_key_id decision reason rules mode would_have severity override sensitivity facts pii_redacted",
    "redaction_count entities findings uninspected",
)
TAIL = _members(
    "bytes_in bytes_out manifest_digest policy_digest upstream_status latency_ms gateway_ms interim detail sampled"
)

_ID = rb'"[!#-\[\]-~]{0,128}"'  # printable ASCII but for the quote and the backslash: JSON as it stands
_DIGITS = rb'"[0-9a-f]*"'
_COUNT = rb"(?:[1-9][0-9]{0,14}|0)"
_TIME = rb"(?:[1-9][0-9]{0,14}\.[0-9]{1,15}|0\.[0-9]{1,15}|null)"
_KIND_AND_PHASE = (
    rb'exchange","phase":"(?:intent|outcome)|message","phase":"|stream","phase":"(?:opened|summary|closed)'
)
_SHAPES = {
    "v": b"1",
    "event_id": _ID,
    "exchange_id": rb'"([!#-\[\]-~]{0,128})"',
    "batch_id": _ID,
    "writer": rb'"([0-9a-f]{32})"',
    "seq": rb"(0|[1-9][0-9]{0,17})",
    "prev": rb'"([0-9a-f]{64}|)"',
    "timestamp": rb'"([0-9TZ:.-]{1,40})"',
    "upstream_status": rb"(?:[1-9][0-9]{2}|null)",
    "latency_ms": _TIME,
    "gateway_ms": _TIME,
    "sampled": rb"1\.0",
    "detail": rb'"[ !#-\[\]-~]*"',
}


def _expression(names: list[str], before: bytes, after: bytes) -> re.Pattern[bytes]:
    members = []
    for name in names:
        if name == "kind":
            members.append(rb'"kind":"(' + _KIND_AND_PHASE + rb')"')
        elif name != "phase":  # it is in the expression for "kind"
            usual = _DIGITS if name.endswith(("_id", "_hash", "_digest")) else _COUNT
            members.append(b'"' + name.encode() + b'":' + _SHAPES.get(name, usual))
    return re.compile(before + b",".join(members) + after)


_head = _expression(HEAD, rb"\{", b",").match
_hashes = _expression(HASHES, b",", b",").match
_tail = _expression(TAIL, b",", rb"\}\n").fullmatch
_BEFORE_HASHES, _BEFORE_TAIL = b',"args_hash":"', b',"bytes_in":'

Parts = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""exchange_id, writer, seq, prev, kind and phase as they stand (``exchange","phase":"intent``), timestamp."""


class Quick:
    """The quick way to read a line; it remembers stretches that it has parsed, at most ``KEPT`` of each."""

    KEPT = 4096
    LONGEST = 4096

    def __init__(self) -> None:
        self._callers: set[bytes] = set()
        self._verdicts: set[bytes] = set()

    def __call__(self, line: bytes) -> Parts | None:
        """The parts of a line, or None: it is for ``read`` to say."""
        head = _head(line)
        if head is None:
            return None
        caller = head.end()
        hashes = line.find(_BEFORE_HASHES, caller)
        found = _hashes(line, hashes) if hashes > 0 else None
        if found is None:
            return None
        verdict = found.end()
        tail = line.find(_BEFORE_TAIL, verdict)
        if tail < 0 or _tail(line, tail) is None:
            return None
        if line[caller:hashes] not in self._callers and not self._learn(self._callers, CALLER, line[caller:hashes]):
            return None
        if line[verdict:tail] not in self._verdicts and not self._learn(self._verdicts, VERDICT, line[verdict:tail]):
            return None
        return head.groups()  # type: ignore[return-value]  # six groups, none of them optional

    def _learn(self, known: set[bytes], names: list[str], stretch: bytes) -> bool:
        """Whether these are the members ``names``, well formed and worth remembering."""
        if len(stretch) > self.LONGEST:
            return False
        try:
            members = strict(b"{" + stretch + b"}")
        except Unclear:
            return False
        # What closes another writer's exchange is for `read`, and so is a reason that is none.
        if list(members) != names or not isinstance(members.get("reason", ""), str):
            return False
        if members.get("reason") == INTERRUPTED:
            return False
        if len(known) >= self.KEPT:
            known.clear()
        known.add(stretch)
        return True
