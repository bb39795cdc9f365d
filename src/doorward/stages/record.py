"""Exchange -> AuditRecord."""

import re

from doorward.core.audit import AuditRecord, timestamp
from doorward.core.decision import Effect
from doorward.core.exchange import Exchange
from doorward.core.message import Message, Response

# W3C Trace Context, 3.2: version-traceid-parentid-flags. Never trusted as identity.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def trace_of(message: Message | None, header: bytes | None) -> tuple[str, str]:
    """(trace id, parent span id) from ``_meta.traceparent`` (SEP-414) or else from the header; empty where there is
    none.
    """
    if message is not None and not isinstance(message, Response):
        meta = message.params.get("_meta")
        value = meta.get("traceparent") if isinstance(meta, dict) else None
        if isinstance(value, str):
            match = _TRACEPARENT.fullmatch(value)
            if match is not None:
                return match[1], match[2]
    if header is not None:
        match = _TRACEPARENT.fullmatch(header.decode("latin-1"))
        if match is not None:
            return match[1], match[2]
    return "", ""


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
    """One record. ``wall`` in seconds since the epoch, ``latency`` in seconds since the request came in."""
    principal = exchange.principal
    decision = exchange.decision
    return AuditRecord(
        event_id=event_id,
        exchange_id=exchange.exchange_id,
        batch_id=exchange.batch_id,
        kind=exchange.kind,
        phase=phase,
        timestamp=timestamp(wall),
        trace_id=exchange.trace_id,
        span_id=exchange.span_id,
        identity=principal.subject,
        client=principal.client,
        groups=principal.groups,
        client_ip=exchange.inbound.client_ip,
        grant_id=exchange.grant_id,
        act=principal.act,
        credential=exchange.credential,
        mcp_server=exchange.server,
        tool_name=exchange.name[:256] if exchange.name is not None else None,
        method=exchange.method,
        protocol=exchange.version,
        transport=exchange.inbound.transport,
        args_hash=exchange.args_hash,
        response_hash=exchange.response_hash,
        forwarded_hash=exchange.forwarded_hash,
        delivered_hash=exchange.delivered_hash,
        hash_key_id=hash_key_id,
        decision=exchange.effect.value,
        reason=exchange.reason.value,
        rules=decision.rules if decision is not None else (),
        mode=exchange.mode.value,
        would_have=exchange.would_have.value if exchange.would_have is not None else None,
        severity=decision.severity.name.lower() if decision is not None else "",
        sensitivity=exchange.sensitivity,
        pii_redacted=exchange.effect is Effect.REDACT,
        redaction_count=exchange.redactions,
        entities=exchange.entities,
        findings=exchange.findings,
        uninspected=exchange.uninspected,
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
        policy_digest=exchange.policy_digest,
        upstream_status=exchange.upstream_status,
        latency_ms=round(latency * 1000, 3) if latency is not None else None,
        gateway_ms=round(exchange.ours * 1000, 3),
        interim=exchange.interim,
        detail=detail,
    )
