"""Alerts over the wire: the two plug-ins, from a configuration's words to a receiver on loopback."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.hooks import Answer, Arrived, hook, slack, slack_fault
from tests.waiting import until

from doorward.bootstrap.clock import SystemClock
from doorward.configtypes import Plugin
from doorward.core.audit import AuditRecord
from doorward.gateway.alerting import Alerting
from doorward.plugins import builder

SECRET = b"\x07" * 32


@asynccontextmanager
async def alerting(kept: list[AuditRecord], *specs: dict[str, Any]) -> AsyncIterator[Alerting]:
    build = builder({"KEY": "whsec_" + base64.b64encode(SECRET).decode()}, Path("."))
    channels = [build("alerts", Plugin.parse(spec)) for spec in specs]
    numbers = count(1)
    made = Alerting(channels, SystemClock(), kept.append, lambda: f"id{next(numbers)}", first_wait=0.01)
    made.start()
    try:
        yield made
    finally:
        await made.close()


def record(number: int, **members: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": f"e{number}",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "identity": "agent:sales",
        "mcp_server": "crm",
        "tool_name": "get_customer",
        "mode": "audit",
    }
    return AuditRecord(**{**usual, **members})


async def test_any_call_in_which_personal_data_was_found_is_one_line() -> None:
    kept: list[AuditRecord] = []
    with hook(slack) as channel:
        async with alerting(kept, {"use": "slack", "url": channel.url, "when": {"finding": "*"}}) as made:
            made.offer(record(1))
            made.offer(record(2, entities={"US_SSN": 2}))
            await until(lambda: len(kept) >= 1)
        arrived = channel.next()
        assert channel.arrived.empty()
    payload = json.loads(arrived.body)
    assert slack_fault(payload) == ""
    assert "get_customer on crm" in payload["blocks"][1]["text"]["text"]
    assert "found: US_SSN" in payload["blocks"][1]["text"]["text"]
    assert [(told.kind, told.detail) for told in kept] == [("alert", "sent by slack, 1 call")]


async def test_slack_that_wants_to_be_left_alone_gets_it_later() -> None:
    answers: list[Answer] = [(429, {"Retry-After": "0"}), (503, {}), (200, {})]
    kept: list[AuditRecord] = []
    with hook(lambda arrived: answers.pop(0)) as channel:
        async with alerting(kept, {"use": "slack", "url": channel.url, "when": {"finding": "*"}}) as made:
            made.offer(record(1, entities={"PERSON": 1}))
            await until(lambda: len(kept) >= 1)
        bodies = {channel.next().body for _ in range(3)}
    assert len(bodies) == 1
    assert kept[0].decision == "allow"


async def test_a_receiver_that_refuses_is_not_asked_again_and_the_other_one_is_told() -> None:
    kept: list[AuditRecord] = []
    with hook(lambda _: (404, {})) as gone, hook() as other:
        specs = [
            {"use": "slack", "url": gone.url},
            {"use": "webhook", "url": other.url, "secret": "env:KEY"},
        ]
        async with alerting(kept, *specs) as made:
            made.offer(record(1, mode="warn", would_have="deny", reason="policy.denied", severity="high"))
            await until(lambda: len(kept) >= 2)
        _verified(other.next())
        assert gone.next().body
        assert gone.arrived.empty()
    assert sorted((told.decision, told.detail) for told in kept) == [
        ("allow", "sent by webhook, 1 call"),
        ("error", "given up by slack, 1 call: HTTP 404 after 1 try"),
    ]


async def test_nothing_of_a_record_but_names_and_places_crosses() -> None:
    marked = record(
        1,
        entities={"US_SSN": 1},
        reason="pii.blocked",
        detail="MARK",
        args_hash="MARK",
        client_ip="MARK",
        findings=[{"entity": "US_SSN", "pointer": "/MARK", "score": 1.0, "detector": "stub"}],
    )
    kept: list[AuditRecord] = []
    with hook(slack) as one, hook() as two:
        specs = [
            {"use": "slack", "url": one.url, "when": {"finding": "*"}},
            {"use": "webhook", "url": two.url, "secret": "env:KEY", "when": {"finding": "*"}},
        ]
        async with alerting(kept, *specs) as made:
            made.offer(marked)
            await until(lambda: len(kept) >= 2)
        assert all(b"MARK" not in receiver.next().body for receiver in (one, two))


def _verified(arrived: Arrived) -> None:
    headers = arrived.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + arrived.body
    expected = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], expected)
