"""Exchange -> AuditRecord."""

import re
from copy import copy
from functools import lru_cache

from doorward.core.audit import AuditRecord, timestamp
from doorward.core.decision import Effect
from doorward.core.exchange import Exchange

# A part of a name: letters and digits of any language, and what names are joined with (MCP 2025-11-25 server/tools,
# "Tool Names", allows less).
_PARTS = re.compile(r"([ /]+)")
_NAME = re.compile(r"[\w.:-]*|[ /]+")
_DIGITS = re.compile(r"\d(?:[_.:-]?\d){6,}")  # as many as a telephone number has
_RANDOM = re.compile(r"(?=(?:[A-Za-z]*\d){3})[A-Za-z0-9]{20,}")  # nothing says what it is, but tokens look so
_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@lru_cache(maxsize=4096)
def shown(name: str) -> str:
    """A name that a peer chose (a tool, a method) as a record may tell it: what in it could be data is ``*``.

    It depends on the name alone, for what is refused before it is looked into is recorded too.
    """
    parts = (part if _NAME.fullmatch(part) else "*" for part in _PARTS.split(name))
    return _RANDOM.sub("*", _DIGITS.sub("*", "".join(parts)))


def revision(version: str) -> str:
    """A protocol revision as a record may tell it; a peer can claim any."""
    return version if _REVISION.fullmatch(version) else shown(version)


def record(
    exchange: Exchange,
    phase: str,
    *,
    event_id: str,
    wall: float,
    hash_key_id: str,
    latency: float | None = None,
    detail: str = "",
) -> AuditRecord:
    """One record. ``wall`` in seconds since the epoch, ``latency`` in seconds since the request came in.

    Half of a record never changes between an intent and its outcome: that half is made once and copied.
    """
    if exchange.entry is None:
        entry = exchange.entry = _unchanging(exchange, hash_key_id)
    else:
        entry = copy(exchange.entry)
    entry.event_id = event_id
    entry.phase = phase
    entry.timestamp = timestamp(wall)
    entry.kind = exchange.kind
    entry.credential = exchange.credential
    entry.protocol = revision(exchange.version)
    entry.args_hash = exchange.args_hash
    entry.response_hash = exchange.response_hash
    entry.forwarded_hash = exchange.forwarded_hash
    entry.delivered_hash = exchange.delivered_hash
    entry.decision = exchange.effect
    entry.reason = exchange.reason
    entry.uninspected = exchange.uninspected
    entry.bytes_out = exchange.bytes_out
    entry.upstream_status = exchange.upstream_status
    entry.interim = exchange.interim
    entry.detail = detail
    entry.gateway_ms = round(exchange.ours * 1000, 3)
    if latency is not None:
        entry.latency_ms = round(latency * 1000, 3)
    entry.rules = exchange.rules
    entry.facts = exchange.facts
    entry.override = exchange.override
    entry.would_have = exchange.would_have
    if exchange.decision is not None:
        entry.rules = tuple(dict.fromkeys((*exchange.decision.rules, *exchange.rules)))
        entry.severity = exchange.decision.severity.name.lower()
    if exchange.entities or exchange.redactions:
        _found(entry, exchange)
    return entry


def _found(entry: AuditRecord, exchange: Exchange) -> None:
    entry.entities = exchange.entities
    entry.findings = exchange.findings
    entry.pii_redacted = exchange.effect is Effect.REDACT
    entry.redaction_count = exchange.redactions


def _unchanging(exchange: Exchange, hash_key_id: str) -> AuditRecord:
    entry = shared(*key_of(exchange, hash_key_id))
    entry.exchange_id = exchange.exchange_id
    entry.batch_id = exchange.batch_id
    entry.trace_id = exchange.trace_id
    entry.span_id = exchange.span_id
    entry.bytes_in = exchange.bytes_in
    return entry


Texts = tuple[str, ...]
Key = tuple[str, str, Texts, Texts, str, str, str, str | None, str | None, str, str, str, str, str, Texts, Texts]
"""The arguments of ``shared``."""


def key_of(exchange: Exchange, hash_key_id: str) -> Key:
    """What the records of many exchanges have in common: the same caller, the same tool, the same rules."""
    principal, inbound, name = exchange.principal, exchange.inbound, exchange.name
    return (
        principal.name,
        principal.client,
        principal.groups,
        principal.act,
        inbound.client_ip,
        exchange.grant_id,
        exchange.server,
        name[:256] if name is not None else None,
        exchange.method,
        inbound.transport,
        hash_key_id,
        str(exchange.mode),  # the plain text of a StrEnum hashes faster than the member
        exchange.sensitivity,
        exchange.policy_digest,
        exchange.rules,
        exchange.facts,
    )


def shared(
    subject: str,
    client: str,
    groups: Texts,
    act: Texts,
    client_ip: str,
    grant_id: str,
    server: str,
    name: str | None,
    method: str | None,
    transport: str,
    hash_key_id: str,
    mode: str,
    sensitivity: str,
    policy_digest: str,
    rules: Texts,
    facts: Texts,
) -> AuditRecord:
    """A record with the members that a ``Key`` decides; the others are empty."""
    return AuditRecord(
        event_id="",
        exchange_id="",
        kind="",
        timestamp="",
        identity=subject,
        client=client,
        groups=groups,
        client_ip=client_ip,
        grant_id=grant_id,
        act=act,
        mcp_server=server,
        tool_name=shown(name) if name is not None else None,
        method=shown(method) if method is not None else None,
        transport=transport,
        hash_key_id=hash_key_id,
        mode=mode,
        sensitivity=sensitivity,
        policy_digest=policy_digest,
        rules=rules,
        facts=facts,
    )
