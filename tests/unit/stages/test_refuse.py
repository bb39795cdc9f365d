import json
from typing import Any

import pytest

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.exchange import Exchange, Inbound, Reply
from doorward.core.message import Notification, Request, Response, read
from doorward.core.policy import Severity
from doorward.stages.refuse import code_of, error_body, refusal, tool_refusal, unreadable
from doorward.stages.verdicts import denied

MESSAGES = {
    "call": {"id": 1, "method": "tools/call", "params": {"name": "x"}},
    "other": {"id": "a", "method": "prompts/get"},
    "notification": {"method": "notifications/x"},
    "response": {"id": 3, "result": {}},
}
PROTOCOL = range(-32768, -31999)


def exchange(
    kind: str | None, *, modern: bool = False, transport: str = "http", session: bytes | None = b"s"
) -> Exchange:
    message = None
    if kind is not None:
        found = read(json.dumps({"jsonrpc": "2.0", **MESSAGES[kind]}).encode())
        assert isinstance(found, Request | Notification | Response)
        message = found
    return Exchange("ex-1", Inbound(transport, "POST", "crm", session=session), modern=modern, message=message)


def decision(reason: Reason) -> Decision:
    return Decision(Effect.DENY, reason, Severity.HIGH, ("rule-1",), "the thing", "the remedy")


def refused(kind: str | None, reason: Reason, **where: Any) -> tuple[int, Any, Reply]:
    reply = refusal(exchange(kind, **where), decision(reason), challenge=b"Bearer x")
    return reply.status, json.loads(reply.body) if reply.body else None, reply


@pytest.mark.parametrize("kind", ["call", "other", "notification", "response", None])
@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("reason", [Reason.AUTH_REQUIRED, Reason.AUTH_INVALID, Reason.AUTH_EXPIRED])
def test_401_has_its_challenge(kind: str | None, modern: bool, reason: Reason) -> None:
    status, body, reply = refused(kind, reason, modern=modern)
    assert status == 401
    assert (b"www-authenticate", b"Bearer x") in reply.headers
    assert body["error"]["data"]["reason"] == reason


@pytest.mark.parametrize("reason", [Reason.POLICY_DENIED, Reason.PII_BLOCKED, Reason.PII_UNREDACTABLE])
@pytest.mark.parametrize("modern", [True, False])
def test_grant_policy_and_findings(reason: Reason, modern: bool) -> None:
    status, body, _ = refused("call", reason, modern=modern)
    assert status == 200
    assert body["id"] == 1
    assert body["result"]["isError"] is True
    assert body["result"].get("resultType") == ("complete" if modern else None)
    facts = body["result"]["_meta"]["io.doorward/decision"]
    assert facts == {
        "decision": "deny",
        "reason": reason,
        "rules": ["rule-1"],
        "what": "the thing",
        "remedy": "the remedy",
        "exchange_id": "ex-1",
    }
    text = body["result"]["content"][0]["text"]
    assert all(word in text for word in ("the thing", "rule-1", "the remedy", "ex-1", reason.value))
    status, body, _ = refused("other", reason, modern=modern)
    assert (status, body["id"], body["error"]["data"]) == (200, "a", facts)
    assert body["error"]["code"] not in PROTOCOL


@pytest.mark.parametrize("modern", [True, False])
def test_a_number_that_a_policy_cannot_read_costs_one_call(modern: bool) -> None:
    unread = denied(Reason.MESSAGE_AMBIGUOUS_NUMBER).decision
    reply = refusal(exchange("call", modern=modern), unread)
    result = json.loads(reply.body)["result"]
    assert (reply.status, result["isError"]) == (200, True)
    assert result["_meta"]["io.doorward/decision"]["reason"] == "message.ambiguous_number"
    reply = refusal(exchange("other", modern=modern), unread)
    error = json.loads(reply.body)["error"]
    assert (reply.status, error["code"] in PROTOCOL) == (200, False)
    assert json.loads(error_body(exchange("call", modern=modern), unread, 1))["error"]["code"] == error["code"]


@pytest.mark.parametrize(
    ("reason", "status", "wait"),
    [
        (Reason.LIMIT_RATE, 429, "1"),
        (Reason.LIMIT_STREAMS, 429, "5"),
        (Reason.LIMIT_OVERLOAD, 503, "1"),
        (Reason.JOURNAL_UNAVAILABLE, 503, "2"),
        (Reason.GATEWAY_DRAINING, 503, "1"),
        (Reason.UPSTREAM_BREAKER, 503, "2"),
        (Reason.DETECTOR_TIMEOUT, 503, "1"),
        (Reason.CREDENTIAL_UNAVAILABLE, 502, "5"),
        (Reason.UPSTREAM_UNREACHABLE, 502, "1"),
        (Reason.UPSTREAM_GARBAGE, 502, None),
        (Reason.UPSTREAM_TIMEOUT, 504, "1"),
        (Reason.GATEWAY_FAULT, 500, None),
    ],
)
def test_rate_overload_journal_and_upstream(reason: Reason, status: int, wait: str | None) -> None:
    for kind in ("call", "other"):
        got, body, reply = refused(kind, reason, modern=True)
        assert got == status
        assert dict(reply.headers).get(b"retry-after") == (wait.encode() if wait else None)
        legacy, legacy_body, legacy_reply = refused(kind, reason)
        assert legacy == 200
        assert legacy_body["error"] == body["error"]
        assert body["error"]["data"].get("retry_after_s") == (int(wait) if wait else None)
        assert b"retry-after" not in dict(legacy_reply.headers)
        assert body["error"]["code"] not in PROTOCOL
    assert refused(None, reason)[0] == status


@pytest.mark.parametrize("reason", [Reason.UPSTREAM_UNAUTHORIZED, Reason.UPSTREAM_REDIRECT])
def test_a_broken_set_up_is_a_502_unless_it_would_end_a_running_session(reason: Reason) -> None:
    assert refused("other", reason, session=None)[0] == 502
    assert refused("other", reason, modern=True)[0] == 502
    assert refused("other", reason)[0] == 200


@pytest.mark.parametrize("kind", ["notification", "response"])
def test_what_waits_for_no_answer(kind: str) -> None:
    status, body, _ = refused(kind, Reason.PII_BLOCKED, modern=True)
    assert (status, body["id"]) == (403, None)
    status, body, _ = refused(kind, Reason.PII_BLOCKED)
    assert (status, body) == (202, None)  # an HTTP error would end an old client's session


@pytest.mark.parametrize("kind", ["call", "other", "notification", None])
def test_what_is_not_one_clear_message(kind: str | None) -> None:
    status, body, _ = refused(kind, Reason.MESSAGE_BATCH_NOT_ALLOWED)
    assert (status, body["error"]["code"]) == (400, -32600)
    status, body, _ = refused(kind, Reason.HEADER_MISMATCH)
    assert (status, body["error"]["code"]) == (400, -32020)
    reply = unreadable(exchange(None), decision(Reason.MESSAGE_INVALID_JSON), -32700, "id-9")
    assert (reply.status, json.loads(reply.body)["error"]["code"], json.loads(reply.body)["id"]) == (
        400,
        -32700,
        "id-9",
    )


@pytest.mark.parametrize(
    "reason", [r for r in Reason if r is not Reason.NONE and not r.startswith(("header.", "message."))]
)
def test_on_stdio_everything_is_a_json_rpc_error_of_ours(reason: Reason) -> None:
    for kind in ("call", "other"):
        _, body, _ = refused(kind, reason, transport="stdio")
        assert body["error"]["data"]["reason"] == reason
        assert body["error"]["code"] not in PROTOCOL


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.NONE])
def test_codes_of_ours_stay_out_of_the_protocols_range(reason: Reason) -> None:
    assert code_of(reason) not in PROTOCOL
    body = json.loads(error_body(exchange("call"), decision(reason), 7))
    assert body["id"] == 7
    assert body["error"]["code"] not in PROTOCOL or reason.startswith(("header.", "message."))


@pytest.mark.parametrize("identifier", [0, "", -1, 'a"b', "é"])
def test_ids_come_back_as_they_were(identifier: Any) -> None:
    assert json.loads(tool_refusal(exchange("call"), decision(Reason.POLICY_DENIED), identifier))["id"] == identifier
    assert json.loads(error_body(exchange("call"), decision(Reason.POLICY_DENIED), identifier))["id"] == identifier
