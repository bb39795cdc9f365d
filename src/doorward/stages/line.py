"""Exchange -> Line: the record of a call of which there is nothing to tell, which is nearly all of them.

``record`` would fill fifty members for it, and encode them, twice a call. Most of them say the same about every call of
one caller to one tool, so their text is kept. The lines say the same (tests/unit/stages/test_line.py).
"""

from functools import lru_cache
from typing import Any

import msgspec

from doorward.core.audit import VERSION, AuditRecord, Line, timestamp
from doorward.core.decision import Effect
from doorward.core.exchange import Exchange
from doorward.stages.record import key_of, revision, shared

KEPT = 512
"""Pairs of callers and tools whose text is kept, each one or two KB."""

_ALLOW = Effect.ALLOW  # to look a member up in an enumeration takes as long as ten comparisons
_THOUSANDTHS = tuple(f"{number:03d}" for number in range(1000))
_FIELDS = AuditRecord.__struct_fields__


def line(
    exchange: Exchange, phase: str, *, event_id: str, wall: float, hash_key_id: str, latency: float | None
) -> Line | None:
    """The same as ``stages/record.py`` ``record``, or None where there is more to say than fits."""
    if (
        exchange.decision is not None
        or exchange.reason
        or exchange.override
        or exchange.would_have
        or exchange.alert
        or exchange.effect is not _ALLOW
        or exchange.entities
        or exchange.redactions
        or exchange.uninspected
    ):
        return None
    who, rules, digests, end = _texts(exchange.credential, exchange.version, *key_of(exchange, hash_key_id))
    status = "null" if exchange.upstream_status is None else exchange.upstream_status
    took = "null" if latency is None else _milliseconds(latency)
    # What stands between quotes here is made of hexadecimal digits and words of ours: nothing needs an escape.
    return Line(
        f'{{"v":{VERSION},"event_id":"{event_id}","exchange_id":"{exchange.exchange_id}",'
        f'"batch_id":"{exchange.batch_id}",',
        f'"kind":"{exchange.kind}","phase":"{phase}","timestamp":"{timestamp(wall)}",'
        f'"trace_id":"{exchange.trace_id}","span_id":"{exchange.span_id}",{who},'
        f'"args_hash":"{exchange.args_hash}","response_hash":"{exchange.response_hash}",'
        f'"forwarded_hash":"{exchange.forwarded_hash}","delivered_hash":"{exchange.delivered_hash}",{rules},'
        f'"bytes_in":{exchange.bytes_in},"bytes_out":{exchange.bytes_out},{digests},"upstream_status":{status},'
        f'"latency_ms":{took},"gateway_ms":{_milliseconds(exchange.ours)},"interim":{exchange.interim},{end}}}',
        exchange.exchange_id,
        phase,
    )


def _milliseconds(seconds: float) -> str:
    """With three digits behind the point, in a quarter of the time that a float takes to be written."""
    microseconds = int(seconds * 1_000_000 + 0.5)
    return f"{microseconds // 1000}.{_THOUSANDTHS[microseconds % 1000]}"


@lru_cache(maxsize=KEPT)
def _texts(credential: str, version: str, *key: Any) -> tuple[str, str, str, str]:
    """The members that stand between those that differ from call to call; all that they depend on is an argument."""
    record = shared(*key)
    record.credential = credential
    record.protocol = revision(version)
    return (
        _members(record, "identity", "transport"),
        _members(record, "hash_key_id", "uninspected"),
        _members(record, "manifest_digest", "policy_digest"),
        _members(record, "detail", "sampled"),
    )


def _members(record: AuditRecord, first: str, last: str) -> str:
    names = _FIELDS[_FIELDS.index(first) : _FIELDS.index(last) + 1]
    return ",".join(f'"{name}":{msgspec.json.encode(getattr(record, name)).decode()}' for name in names)
