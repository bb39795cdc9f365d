"""Which lines of the log are events, and what an event is made of."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from doorward.core import checkpoint
from doorward.core.audit import AuditRecord

Record = dict[str, Any]

_INTENT = b'"phase":"intent"'
"""Stands nowhere else in a line: within a string its quotes would be escaped."""

_FAR_ENOUGH = 640
"""Bytes of a line within which its phase stands."""

_decode = msgspec.json.Decoder(Record).decode
_RECORD: Record = msgspec.to_builtins(AuditRecord(event_id="", exchange_id="", kind="checkpoint", timestamp=""))


class NoRecord(ValueError):
    """A line of the log that is none; the verifier names it."""


def read(raw: bytes, writer: str, segment: int, offset: int) -> Record | None:
    """The record of a line, with an id in any case. None for an intent, whose outcome says the same and more.

    Raises ``NoRecord``.
    """
    if raw.find(_INTENT, 0, _FAR_ENOUGH) >= 0:
        return None  # half of all lines, and they need not be decoded
    try:
        record = _decode(raw)
    except (ValueError, RecursionError):
        raise NoRecord from None
    if record.get("phase") == "intent":
        return None
    if not isinstance(record.get("event_id"), str) or not record["event_id"]:
        record["event_id"] = f"{writer}-{segment}-{offset}"
    return record


class Signed(msgspec.Struct, frozen=True):
    """A line of ``checkpoints.jsonl`` as an event: ``record``, and behind which place of the log it belongs."""

    record: Record
    place: tuple[int, int]


def signed(line: bytes, writer: str) -> Signed:
    """The event of one. The line itself is in it, byte for byte: only so can its signature be checked elsewhere.

    Its ``seq`` and ``prev`` are those of the chain of checkpoints. Raises ``NoRecord``.
    """
    try:
        said = checkpoint.read(line)
        text = line.decode()
    except ValueError:
        raise NoRecord from None
    record = dict(_RECORD)
    record |= {
        "event_id": f"{writer}-checkpoint-{said.number}",
        "exchange_id": f"{writer}-checkpoint-{said.number}",
        "writer": writer,
        "seq": said.number,
        "prev": said.prev,
        "phase": "signed",
        "timestamp": said.timestamp,
        "manifest_digest": said.manifest_digest,
        "policy_digest": said.policy_digest,
        "checkpoint": text,
    }
    return Signed(record, (said.segment, said.offset))


def when(record: Record) -> float | None:
    """Seconds since the epoch; None where it does not say."""
    said = record.get("timestamp")
    if type(said) is not str or len(said) != 24 or said[19] != "." or said[23] != "Z":
        return None
    whole = _seconds(said[:19])
    try:
        return whole + int(said[20:23]) / 1000 if whole is not None else None
    except ValueError:
        return None


@lru_cache(maxsize=16)
def _seconds(said: str) -> float | None:
    try:
        return datetime.fromisoformat(f"{said}Z").timestamp()
    except ValueError:
        return None
