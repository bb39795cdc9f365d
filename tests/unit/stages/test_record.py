import json

import msgspec

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.exchange import Exchange, Inbound
from doorward.core.identity import Principal
from doorward.core.policy import Mode, Severity
from doorward.stages.record import record


def exchange(**fields: object) -> Exchange:
    return Exchange("ex-1", Inbound("http", "POST", "crm", client_ip="192.0.2.1"), **fields)  # type: ignore[arg-type]


def test_what_is_known_of_an_exchange() -> None:
    principal = Principal("user-1", "client-1", "idp", ("staff",), ("agent:a",))
    decision = Decision(Effect.DENY, Reason.POLICY_DENIED, Severity.CRITICAL, ("r1", "r2"))
    found = record(
        exchange(
            server="crm",
            principal=principal,
            decision=decision,
            reason=decision.reason,
            effect=Effect.DENY,
            mode=Mode.SOFT,
            name="x" * 300,
            ours=0.0012346,
            would_have=Effect.DENY,
        ),
        "outcome",
        event_id="ev-1",
        wall=0.0,
        hash_key_id="k1",
        latency=0.25,
        detail="d",
    )
    shown = json.loads(msgspec.json.encode(found))
    assert shown["identity"] == "idp|user-1"
    assert (shown["client"], shown["groups"], shown["act"]) == ("client-1", ["staff"], ["agent:a"])
    assert (shown["decision"], shown["reason"], shown["severity"]) == ("deny", "policy.denied", "critical")
    assert (shown["rules"], shown["mode"], shown["would_have"]) == (["r1", "r2"], "soft", "deny")
    assert (shown["latency_ms"], shown["gateway_ms"]) == (250.0, 1.235)
    assert len(shown["tool_name"]) == 256
    assert shown["timestamp"] == "1970-01-01T00:00:00.000Z"


def test_empty_says_does_not_apply() -> None:
    found = record(exchange(), "intent", event_id="e", wall=0.0, hash_key_id="")
    assert (found.severity, found.rules, found.would_have, found.latency_ms, found.tool_name) == (
        "",
        (),
        None,
        None,
        None,
    )
