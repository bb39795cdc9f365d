"""A log as a company of two hundred people might have it after a week of ``warn`` and ``soft``, made up.

``python -m tests.unit.control.audit.report.sample DIRECTORY [CALLS]`` writes one to look at.
"""

import random
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from doorward.core import audit_layout, checkpoint
from doorward.core.audit import AuditRecord, timestamp

END = 1_795_392_000.0  # 2026-11-23T00:00:00Z
DAY = 86_400.0

AGENTS = ("agent:sales-assistant-v2", "agent:ci", "agent:support-bot", "agent:finance-close")
PEOPLE = tuple(f"corp|{name}" for name in ("alice", "bob", "chidi", "dora", "emeka", "fatima", "goran", "hana", "ines"))
TOOLS = {
    "crm": ("get_customer", "search", "update_customer", "delete_customer", "export"),
    "files": ("read_file", "write_file", "list_directory"),
    "wiki": ("search", "get_page"),
    "tickets": ("create", "comment", "list"),
    "payments": ("get_invoice", "refund"),
}
SERVERS = tuple(TOOLS)
MODES = {"crm": ("warn", "soft"), "files": ("audit", "warn"), "wiki": ("enforce", "enforce")}
OBJECTIONS = (
    ("policy.denied", ("default-deny",), "high", 12),
    ("policy.denied", ("no-refunds-by-agents",), "critical", 5),
    ("policy.denied", ("office-hours-only", "no-export"), "medium", 4),
    ("pii.blocked", ("US_SSN",), "critical", 4),
    ("limit.rate", ("calls_per_minute",), "low", 6),
    ("schema.arguments", ("input-schema",), "medium", 2),
)
ENTITIES = ("EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER", "US_SSN", "CREDIT_CARD", "AWS_KEY", "IBAN_CODE")


def record(kind: str, at: float, **more: Any) -> AuditRecord:
    """One record, ``at`` seconds since the epoch."""
    usual: dict[str, Any] = {"event_id": "e", "exchange_id": "x", "kind": kind, "timestamp": timestamp(at)}
    return AuditRecord(**(usual | more))


def week(calls: int = 20_000, seed: int = 7) -> list[AuditRecord]:
    """The records of a week that ends at ``END``, in the order of time."""
    chance = random.Random(seed)
    made: list[AuditRecord] = []
    for number in range(calls):
        made += _call(chance, f"{number:032x}", _moment(chance))
    made += _beside(chance)
    return sorted(made, key=lambda one: one.timestamp)


def _moment(chance: random.Random) -> float:
    """In office hours mostly, and less on the weekend."""
    while True:
        day, hour = chance.randrange(7), min(max(chance.gauss(13.0, 3.2), 0.0), 23.99)
        weekend = day in (5, 6)
        if not weekend or chance.random() < 0.15:
            return END - (7 - day) * DAY + hour * 3600.0


def _call(chance: random.Random, name: str, at: float) -> Iterator[AuditRecord]:
    server = chance.choices(SERVERS, (9, 6, 4, 3, 1))[0]
    early = at < END - 3 * DAY
    common: dict[str, Any] = {
        "exchange_id": name,
        "identity": chance.choice(AGENTS if chance.random() < 0.6 else PEOPLE),
        "mcp_server": server,
        "mode": MODES.get(server, ("audit", "audit"))[0 if early else 1],
        "method": "tools/call",
        "tool_name": chance.choice(TOOLS[server]),
        "transport": "http",
        "policy_digest": sha256(b"early" if early else b"late").hexdigest(),
    }
    whole = chance.lognormvariate(4.2, 0.9)
    ours = chance.lognormvariate(-0.5, 0.45)
    end: dict[str, Any] = {"latency_ms": round(whole + ours, 3), "gateway_ms": round(ours, 3), "upstream_status": 200}
    drawn = chance.random()
    if drawn < 0.045:
        reason, rules, severity, _ = chance.choices(OBJECTIONS, [weight for *_, weight in OBJECTIONS])[0]
        end |= {"reason": reason, "rules": rules, "severity": severity}
        if common["mode"] == "enforce" or (common["mode"] == "soft" and severity in ("high", "critical")):
            refused = end | {"decision": "deny", "latency_ms": round(ours, 3), "upstream_status": None}
            yield record("exchange", at, phase="outcome", **common, **refused)
            return
        end["would_have"] = "deny"
    elif drawn < 0.055:
        end |= {
            "decision": "error",
            "reason": chance.choice(("upstream.timeout", "upstream.closed", "client.disconnected")),
        }
    elif drawn < 0.16:
        end |= _found(chance, redact=common["mode"] in ("soft", "enforce"))
    yield record("exchange", at, phase="intent", **common)
    yield record("exchange", at + whole / 1000, phase="outcome", **common, **end)


def _found(chance: random.Random, *, redact: bool) -> dict[str, Any]:
    entity = chance.choices(ENTITIES, (9, 7, 5, 2, 2, 1, 1))[0]
    direction = "results" if chance.random() < 0.8 else "arguments"
    number = 1 + int(chance.expovariate(0.6))
    places = [{"entity": entity, "direction": direction, "pointer": "/result/*", "score": 0.9}] * min(number, 100)
    found: dict[str, Any] = {"entities": {entity: number}, "findings": places}
    if not redact:
        return found | {"would_have": "redact", "reason": "pii.redacted"}
    return found | {"decision": "redact", "reason": "pii.redacted", "redaction_count": number, "pii_redacted": True}


def _beside(chance: random.Random) -> Iterator[AuditRecord]:
    """What is no call."""
    for hour in range(0, 168, 6):
        at = END - 7 * DAY + hour * 3600.0
        yield record("message", at, method="notifications/initialized", mcp_server="crm", identity="corp|alice")
        yield record("token", at, method="oauth/token", identity="agent:ci", decision="allow")
    for place, (what, detail) in enumerate(
        (
            ("token mint", "grant 9c1f2b7e for agent:ci: crm: get_*, search; 15 minutes"),
            (
                "override grant",
                "ovr-3f9a0c55b1d2: default-deny, agent:sales-assistant-v2, crm/delete_customer, 4 h: "
                "CRM migration, ticket OPS-311, agreed with Ines",
            ),
            ("audit erase-key", "key c1d0ee166f887aa3: retention of the second quarter is over"),
        )
    ):
        yield record("admin", END - (5 - place) * DAY + 36_000, identity="os:ines", method=what, detail=detail)
    for number in range(14):
        at = END - chance.random() * 6 * DAY
        decision = "error" if number == 3 else "allow"
        yield record("alert", at, reason="policy.denied", severity="high", decision=decision, mcp_server="crm")
    yield record("gap", END - 2 * DAY, reason="auth.invalid", detail="1240 refused, not recorded singly")
    yield record("gap", END - 1.5 * DAY, reason="journal.unavailable", detail="3 records could not be kept")
    lost = {"exchange_id": "f" * 32, "identity": "agent:ci", "mcp_server": "crm", "tool_name": "search"}
    yield record("exchange", END - 2.5 * DAY, phase="intent", method="tools/call", **lost)
    cut = {"decision": "error", "reason": "journal.interrupted", "detail": "its writer ended before the outcome"}
    yield record("exchange", END - 2.4 * DAY, phase="outcome", method="tools/call", **lost, **cut)


def write(directory: Path, records: list[AuditRecord], *, writers: int = 3, closed: bool = True) -> None:
    """As ``writers`` processes one after the other would have written them, each with one checkpoint.

    The checkpoint's signature is none.
    """
    share = -(-len(records) // writers)
    for number in range(writers):
        name = sha256(f"writer {number}".encode()).hexdigest()[:32]
        part = records[number * share : (number + 1) * share]
        if part:
            _write(directory / name, name, part)
            if closed and number < writers - 1:
                (directory / name / audit_layout.CLOSED).write_text("{}")


def _write(directory: Path, writer: str, records: list[AuditRecord]) -> None:
    directory.mkdir(parents=True)
    prev, lines = "", []
    for seq, one in enumerate(records):
        lines.append(one.line(writer, seq, prev))
        prev = sha256(lines[-1]).hexdigest()
    (directory / audit_layout.segment(1)).write_bytes(b"".join(lines))
    made = checkpoint.Checkpoint(
        writer=writer,
        number=0,
        count=len(lines),
        head=prev,
        segment=1,
        offset=sum(map(len, lines)),
        timestamp=records[-1].timestamp,
        prev="",
        key_id="0" * 16,
    )
    (directory / audit_layout.CHECKPOINTS).write_bytes(checkpoint.line(checkpoint.unsigned(made), bytes(64)))


if __name__ == "__main__":
    write(Path(sys.argv[1]), week(int(sys.argv[2]) if len(sys.argv) > 2 else 20_000))
