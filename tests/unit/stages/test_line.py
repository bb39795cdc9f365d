"""A line says what the record says, member by member in the same order, or it is none."""

import json
from typing import Any

import msgspec
import pytest

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.exchange import Exchange, Inbound
from doorward.core.identity import Principal
from doorward.core.message import read
from doorward.core.policy import Mode
from doorward.stages.line import line
from doorward.stages.record import record

# One value for each member of an exchange that is not the one it has by itself.
OTHERS: dict[str, Any] = {
    "found": {("US_SSN", "results"): 1},
    "exchange_id": "ab",
    "inbound": Inbound("stdio", "GET", "x", client_ip="2001:db8::1"),
    "kind": "stream",
    "server": "crm",
    "sensitivity": "high",
    "mode": Mode.ENFORCE,
    "principal": Principal('us"er\u00e9', "cl\\ient", "idp", ("a", "b\n"), ("agent:a",)),
    "grant_id": "g%s{1}",
    "credential": "static",
    "version": "2025-11-25",
    "modern": True,
    "message": read(b'{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    "method": 'tools/"call"\u2028',
    "name": "n\u00e4me\x01" * 60,
    "batch_id": "cd",
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "policy_digest": "d",
    "decision": Decision(Effect.DENY, Reason.POLICY_DENIED),
    "refused": True,
    "effect": Effect.ERROR,
    "reason": Reason.DISCONNECTED,
    "would_have": Effect.DENY,
    "alert": True,
    "rules": ("r",),
    "facts": ("f",),
    "override": "o",
    "entities": {"US_SSN": 1},
    "findings": [{"entity": "US_SSN"}],
    "redactions": 1,
    "redacted_arguments": {"US_SSN": 1},
    "uninspected": 1,
    "args_hash": "e" * 64,
    "response_hash": "f" * 64,
    "forwarded_hash": "1" * 64,
    "delivered_hash": "2" * 64,
    "bytes_in": 3,
    "bytes_out": 1 << 40,
    "interim": 5,
    "upstream_status": 200,
    "answered": True,
    "ours": 0.0012346,
    "entry": None,
}
TOLD = {
    *("decision", "effect", "reason", "override", "would_have", "alert"),
    *("entities", "redactions", "uninspected"),
}


def both(exchange: Exchange, latency: float | None) -> tuple[Any, Any]:
    common: dict[str, Any] = {"event_id": "0f", "wall": 1_800_000_000.5, "hash_key_id": 'k"', "latency": latency}
    short = line(exchange, "intent", **common)
    whole = record(exchange, "intent", **common).line("w", 7, "99")
    assert whole.endswith(b"}\n")
    if short is None:
        return None, members(whole)
    assert short.line("w", 7, "99").endswith(b"}\n")
    return members(short.line("w", 7, "99")), members(whole)


def members(text: bytes) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    return found


@pytest.mark.parametrize("member", Exchange.__struct_fields__)
def test_each_member_of_an_exchange_shows_in_the_line_or_makes_it_a_record(member: str) -> None:
    made = Exchange("00", Inbound("http", "POST", "crm"))
    both(made, None)  # what is kept of one exchange must not show in the next
    short, whole = both(msgspec.structs.replace(made, **{"entry": None, member: OTHERS[member]}), None)
    if member in TOLD:
        assert short is None
    else:
        assert short == whole


@pytest.mark.parametrize("latency", [None, 0.0, 0.00012345, 1.5, 123456.789])
def test_all_of_them_together(latency: float | None) -> None:
    fields = {name: value for name, value in OTHERS.items() if name not in TOLD}
    short, whole = both(Exchange(**fields), latency)
    assert short == whole


def test_a_call_that_was_allowed_has_a_line() -> None:
    assert both(Exchange("00", Inbound("http", "POST", "crm"), effect=ALLOW.effect), 0.1)[0] is not None
