"""What a client gets for each refusal (docs/reasons.md): row by row, both eras."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import (
    CALLER,
    LEGACY,
    SECRET,
    Bench,
    Literal,
    actions,
    body,
    call,
    reason_of,
    result,
    server,
)

from doorward.core.errors import BrokerFault, UpstreamFault
from doorward.core.policy import Mode
from doorward.core.snapshot import Limits

LIMITED = Limits(calls_per_minute=1)
FAULTS = [
    ("upstream.unreachable", 502, True),
    ("upstream.closed", 502, True),
    ("upstream.crashed", 502, True),
    ("upstream.garbage", 502, False),
    ("upstream.too_large", 502, False),
    ("upstream.no_answer", 502, False),
    ("upstream.timeout", 504, True),
    ("upstream.breaker", 503, True),
    ("limit.overload", 503, True),
]


def failing(bench: Bench, code: str) -> None:
    def script(_: Any) -> Any:
        raise UpstreamFault("the detail names 10.0.0.7", code=code)

    bench.server.script = script


@pytest.mark.parametrize(("code", "status", "again"), FAULTS)
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_legacy_client_gets_a_json_rpc_error_and_keeps_its_session(
    mode: Mode, code: str, status: int, again: bool
) -> None:
    bench = Bench(mode)
    failing(bench, code)
    client = await bench.send(call("a"), session=bench.sealed())
    assert client.status == 200
    assert client.json["id"] == "a"
    assert client.reason == code
    assert ("retry_after_s" in client.json["error"]["data"]) == again
    assert not -32768 <= client.json["error"]["code"] <= -32000
    assert "10.0.0.7" not in json.dumps(client.json)
    assert (bench.records[-1].phase, bench.records[-1].decision, bench.records[-1].reason) == ("outcome", "error", code)
    assert bench.idle()


@pytest.mark.parametrize(("code", "status", "again"), FAULTS)
async def test_a_modern_client_gets_the_status(code: str, status: int, again: bool) -> None:
    bench = Bench()
    failing(bench, code)
    client = await bench.modern("tools/call", {"name": "find"}, 5)
    assert client.status == status
    assert client.json["id"] == 5
    assert client.reason == code
    assert (client.header(b"retry-after") is not None) == again
    if again:
        assert client.header(b"retry-after") == str(client.json["error"]["data"]["retry_after_s"]).encode()


@pytest.mark.parametrize("code", ["upstream.unauthorized", "upstream.redirect"])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_server_that_wants_credentials_or_redirects_is_502(mode: Mode, code: str) -> None:
    bench = Bench(mode)
    failing(bench, code)
    start = body(1, "initialize", {"protocolVersion": "2025-11-25"})
    for client in (await bench.send(start), await bench.modern("tools/call", {"name": "find"})):
        assert (client.status, client.reason) == (502, code)
    assert (await bench.send(call(), session=bench.sealed())).status == 200  # a running session is not ended by it


async def test_the_rate_limit_of_each_era() -> None:
    bench = Bench(limits=LIMITED)
    assert (await bench.send(call())).json["result"] == {}
    legacy = await bench.send(call(2))
    assert (legacy.status, legacy.reason) == (200, "limit.rate")
    assert legacy.json["error"]["data"]["retry_after_s"] == 60
    modern = await bench.modern("tools/call", {"name": "find"})
    assert (modern.status, modern.reason) == (429, "limit.rate")
    assert modern.header(b"retry-after") == b"60"
    bench.clock.now += 60
    assert (await bench.send(call(3))).json["result"] == {}


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.WARN])
async def test_the_rate_limit_only_watches_in_audit(mode: Mode) -> None:
    bench = Bench(mode, limits=LIMITED)
    for identifier in (1, 2):
        assert (await bench.send(call(identifier))).json["result"] == {}
    assert [r.reason for r in bench.records] == ["", "", "limit.rate", "limit.rate"]


async def test_a_refused_tool_call_is_a_tool_result_in_the_modern_era_too() -> None:
    bench = Bench(tools=["find"])
    client = await bench.modern("tools/call", {"name": "wipe"}, 3)
    assert client.status == 200
    assert client.json["result"]["isError"] is True
    assert client.json["result"]["resultType"] == "complete"
    text = client.json["result"]["content"][0]["text"]
    assert "policy.denied" in text
    assert bench.records[-1].exchange_id in text


async def test_any_other_request_that_is_refused_is_a_json_rpc_error_with_200() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    client = await bench.send(body(8, "prompts/get", {"name": "x", "arguments": {"who": SECRET}}))
    assert client.status == 200
    assert client.json["error"]["code"] == 4220
    assert client.reason == "pii.blocked"
    assert SECRET not in json.dumps(client.json)


async def test_a_refused_result_is_a_tool_result() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    bench.server.script = lambda _: bench.server.json(result(1, {"content": [{"type": "text", "text": SECRET}]}))
    client = await bench.send(call())
    assert client.json["result"]["isError"] is True
    assert client.reason == "pii.blocked"
    assert SECRET not in json.dumps(client.json)
    assert bench.records[-1].decision == "deny"
    assert bench.records[-1].upstream_status == 200


@pytest.mark.parametrize("data", [body(None, "notifications/progress", {"message": SECRET}), result(4, {"a": SECRET})])
async def test_a_refused_notification_or_response_of_the_legacy_era_ends_no_session(data: bytes) -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    client = await bench.send(data, session=bench.sealed())
    assert client.status == 202
    assert all(SECRET.encode() not in seen.body for seen in bench.server.seen)
    # A server whose question was answered must not wait for ever.
    assert len(bench.server.seen) == (1 if b'"result"' in data else 0)
    assert bench.shape() == [("message", "")]


async def test_a_refused_notification_of_the_modern_era_is_4xx() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    client = await bench.modern("notifications/x", {"message": SECRET}, None)
    assert (client.status, client.reason) == (403, "pii.blocked")
    assert bench.server.seen == []
    assert bench.shape() == [("message", "")]


async def test_no_credential_refuses_in_every_mode() -> None:
    class Broken:
        name = "broken"

        async def mint(self, grant: Any, relayed: Any) -> Any:
            raise BrokerFault("vault is sealed")

    for mode in Mode:
        bench = Bench(crm=server(mode, broker=Broken()))
        client = await bench.send(call(), session=bench.sealed())
        assert (client.status, client.reason) == (200, "credential.unavailable")
        assert bench.server.seen == []
        assert "vault" not in json.dumps(client.json)


async def test_draining_refuses_what_is_new_and_serves_what_is_known() -> None:
    bench = Bench()
    bench.live.draining = True
    client = await bench.send(call())
    assert (client.status, client.reason) == (503, "gateway.draining")
    assert client.header(b"retry-after") == b"1"
    assert (await bench.send(call(), session=bench.sealed())).status == 200
    assert (await bench.send(verb="GET", session=bench.sealed())).status == 503


async def test_a_bug_of_ours_refuses_and_says_nothing() -> None:
    bench = Bench(Mode.AUDIT)

    def script(_: Any) -> Any:
        raise KeyError(SECRET)

    bench.server.script = script
    client = await bench.send(call(), session=bench.sealed())
    assert client.reason == "gateway.fault"
    assert SECRET not in json.dumps(client.json)
    assert bench.records[-1].reason == "gateway.fault"
    assert bench.idle()


# -- stdio: everything is a JSON-RPC error of ours


async def test_on_stdio_a_refused_tool_call_is_a_json_rpc_error() -> None:
    bench = Bench(tools=["find"])
    client = await bench.send(call(1, "wipe"), transport="stdio")
    assert client.reason == "policy.denied"
    assert client.json["error"]["code"] == 4030


@pytest.mark.parametrize("code", ["upstream.crashed", "gateway.fault", "journal.unavailable"])
async def test_on_stdio_discover_is_never_answered_like_a_modern_server(code: str) -> None:
    bench = Bench()
    failing(bench, code)
    client = await bench.send(body(1, "server/discover"), transport="stdio")
    assert client.json["error"]["code"] not in (-32020, -32021, -32022)
    assert reason_of(client.json) == code


async def test_after_each_kind_of_refusal_the_session_goes_on() -> None:
    bench = Bench(tools=["find"], scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    sealed = bench.sealed()
    refused = [call(1, "wipe"), call(2, "find", {"a": SECRET}), body(3, "ping", {"_meta": {"a": SECRET}})]
    for data in refused:
        client = await bench.send(data, session=sealed)
        assert client.status == 200
        assert client.reason
        assert (await bench.send(call(9), session=sealed)).json["result"] == {}


async def test_who_may_not_speak_to_a_server_does_not_make_us_speak_to_it() -> None:
    bench = Bench()
    sealed = bench.sealer.seal("other", CALLER.key, LEGACY, "upstream-1")
    client = await bench.send(result("s-1"), server="other", session=sealed)
    assert client.status == 202
    assert bench.server.seen == []
    assert [(r.decision, r.reason) for r in bench.records] == [("deny", "policy.denied")]
