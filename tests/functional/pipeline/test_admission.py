"""Who may come in: eras, sessions, headers that repeat the body, and bodies that nobody can read."""

import json

import pytest
from tests.functional.pipeline.bench import LEGACY, META, MODERN, OTHER, Bench, body, call, result, rule, server

from doorward.core.identity import Grant
from doorward.core.policy import Mode

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
DUPLICATE = b'{"jsonrpc":"2.0","id":5,"method":"tools/call","method":"ping","params":{"name":"find"}}'


# -- eras


async def test_a_legacy_session_is_opened_for_the_server_and_stays_sealed_for_the_client() -> None:
    bench = Bench()
    sealed = bench.sealed()
    client = await bench.send(call(7), session=sealed, version=LEGACY.encode())
    assert client.json == {"jsonrpc": "2.0", "id": 7, "result": {}}
    assert bench.server.seen[0].session == "upstream-1"
    assert bench.server.seen[0].version == LEGACY
    assert not bench.server.seen[0].modern


async def test_a_modern_request_drops_session_and_last_event_id() -> None:
    bench = Bench()
    client = await bench.modern("tools/call", {"name": "find"}, session=b"whatever", last_event_id=b"3")
    assert client.status == 200
    seen = bench.server.seen[0]
    assert seen.modern
    assert seen.session is None
    assert seen.last_event_id is None
    assert (b"mcp-method", b"tools/call") in seen.headers


async def test_a_modern_server_mints_no_session_through_us() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.json(result(), session="smuggled")
    client = await bench.modern("tools/call", {"name": "find"})
    assert client.header(b"mcp-session-id") is None


async def test_a_session_keeps_its_era_whatever_its_messages_say() -> None:
    """In audit the contradiction passes and is recorded, and the sealed version has decided."""
    bench = Bench(Mode.AUDIT)
    await bench.send(call(1, _meta=META), session=bench.sealed(), version=MODERN.encode())
    assert not bench.server.seen[0].modern
    assert bench.server.seen[0].session == "upstream-1"
    assert bench.records[-1].would_have == "deny"


async def test_without_header_and_session_the_assumed_version_is_recorded_and_none_is_forwarded() -> None:
    bench = Bench()
    await bench.send(call())
    assert bench.records[0].protocol == "2025-03-26"
    assert bench.server.seen[0].version == ""


# -- sessions


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
async def test_a_session_that_does_not_open_is_404_in_every_mode(mode: Mode, verb: str) -> None:
    bench = Bench(mode)
    client = await bench.send(call(3) if verb == "POST" else b"", verb=verb, session=b"forged")
    assert client.status == 404
    assert client.reason == "session.unknown"
    assert bench.server.seen == []
    assert bench.records[-1].decision == "deny"


async def test_a_stolen_session_is_404_for_another_principal_and_on_another_server() -> None:
    bench = Bench()
    sealed = bench.sealed()
    assert (await bench.send(call(), session=sealed, token=OTHER)).status == 404
    assert (await bench.send(call(), session=sealed, server="other")).status == 404
    assert (await bench.send(call(), session=sealed)).status == 200


async def test_a_batch_in_an_unknown_session_is_404_too() -> None:
    bench = Bench()
    client = await bench.send(b"[" + call(1) + b"," + call(2) + b"]", session=b"forged")
    assert client.status == 404
    assert len(bench.records) == 2


@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_version_header_unlike_the_sealed_one(mode: Mode, verb: str) -> None:
    bench = Bench(mode)
    client = await bench.send(
        call() if verb == "POST" else b"", verb=verb, session=bench.sealed(), version=b"2025-03-26"
    )
    if mode.enforcing:
        assert client.status == 400
        assert client.json["error"]["code"] == -32020
        assert client.reason == "header.version"
        assert bench.server.seen == []
    else:
        assert client.status == 200
        assert bench.server.seen[0].version == "2025-03-26"  # passed as it came
        assert "header.version" in {record.reason for record in bench.records}


# -- header law


MISMATCHES = {
    "header.mismatch": [(b"mcp-method", b"ping"), (b"mcp-name", b"find")],
    "header.missing": [(b"mcp-method", b"tools/call")],
    "header.duplicate": [(b"mcp-method", b"tools/call"), (b"mcp-name", b"find"), (b"mcp-name", b"find")],
    "header.malformed": [(b"mcp-method", b"tools/call"), (b"mcp-name", b"=?base64?Zml=?=")],
}


@pytest.mark.parametrize(("reason", "mirrors"), MISMATCHES.items())
@pytest.mark.parametrize("mode", list(Mode))
async def test_each_kind_of_header_fault(mode: Mode, reason: str, mirrors: list[tuple[bytes, bytes]]) -> None:
    bench = Bench(mode)
    data = call(4, _meta=META)
    client = await bench.send(data, version=MODERN.encode(), mirrors=tuple(mirrors))
    if mode.enforcing:
        assert client.status == 400
        assert client.json["error"]["code"] == -32020
        assert client.json["id"] == 4
        assert client.reason == reason
        assert bench.server.seen == []
    else:
        assert client.status == 200
        assert bench.server.seen[0].body == data
        assert [(r.reason, r.would_have, r.decision) for r in bench.records] == [(reason, "deny", "allow")] * 2


async def test_a_version_sent_twice_is_refused() -> None:
    bench = Bench()
    client = await bench.send(call(), version=LEGACY.encode(), version_count=2)
    assert client.reason == "header.duplicate"


async def test_an_encoded_name_is_decoded_and_forwarded_as_it_was() -> None:
    bench = Bench()
    client = await bench.send(
        call(1, "naïve", _meta=META),
        version=MODERN.encode(),
        mirrors=((b"mcp-method", b"tools/call"), (b"mcp-name", b"=?base64?bmHDr3Zl?=")),
    )
    assert client.status == 200
    assert (b"mcp-name", b"=?base64?bmHDr3Zl?=") in bench.server.seen[0].headers


async def learnt(bench: Bench) -> None:
    schema = {
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "dry": {"type": "boolean", "x-mcp-header": "Dry"},
            "deep": {"type": "object", "properties": {"id": {"type": "string", "x-mcp-header": "Deep-Id"}}},
        },
    }
    page = result(1, {"tools": [{"name": "find", "inputSchema": schema}], "resultType": "complete"})
    bench.server.script = lambda _: bench.server.json(page)
    await bench.modern("tools/list", {})
    bench.server.script = lambda _: bench.server.json(result(2))
    bench.server.seen.clear()


ARGUMENTS = {"region": "eu", "count": 10, "dry": True, "deep": {"id": "x"}}
MIRRORED = {
    b"mcp-param-region": b"eu",
    b"mcp-param-count": b"10",
    b"mcp-param-dry": b"true",
    b"mcp-param-deep-id": b"x",
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({b"mcp-param-count": b"10.0"}, ""),  # integers are compared as numbers
        ({b"mcp-param-count": b"010"}, ""),
        ({b"mcp-param-unknown": b"anything"}, ""),  # MUST be forwarded and otherwise ignored
        ({b"mcp-param-count": b"11"}, "header.mismatch"),
        ({b"mcp-param-dry": b"false"}, "header.mismatch"),
        ({b"mcp-param-dry": b"True"}, "header.mismatch"),
        ({b"mcp-param-deep-id": b"y"}, "header.mismatch"),
        ({b"mcp-param-region": b"=?base64?ZXU=?="}, ""),
        ({b"mcp-param-region": b"=?base64?ZX?="}, "header.malformed"),
        ({b"mcp-param-region": None}, "header.missing"),
        ({b"mcp-param-deep-id": None}, "header.missing"),
    ],
)
async def test_mirrored_arguments_once_the_schema_has_passed(change: dict[bytes, bytes | None], reason: str) -> None:
    bench = Bench()
    await learnt(bench)
    fields = tuple((k, v) for k, v in {**MIRRORED, **change}.items() if v is not None)
    client = await bench.modern("tools/call", {"name": "find", "arguments": ARGUMENTS}, 2, more=fields)
    if reason:
        assert client.reason == reason
        assert bench.server.seen == []
    else:
        assert client.status == 200, client.json
        assert set(fields) <= set(bench.server.seen[0].headers)


async def test_mirrored_arguments_of_a_tool_whose_schema_nobody_saw_pass() -> None:
    bench = Bench()
    client = await bench.modern("tools/call", {"name": "find"}, more=((b"mcp-param-region", b"mars"),))
    assert client.status == 200


async def test_a_mirror_without_its_argument_is_refused() -> None:
    bench = Bench()
    await learnt(bench)
    client = await bench.modern("tools/call", {"name": "find"}, 2, more=((b"mcp-param-region", b"eu"),))
    assert client.reason == "header.mismatch"


# -- bodies with no single reading


@pytest.mark.parametrize("mode", WATCHING)
async def test_audit_passes_what_nobody_can_read_and_says_so(mode: Mode) -> None:
    bench = Bench(mode)
    client = await bench.send(DUPLICATE)
    assert client.status == 200
    assert bench.server.seen[0].body is not None
    assert bench.server.seen[0].body == DUPLICATE
    first = bench.records[0]
    assert (first.method, first.reason, first.would_have, first.uninspected) == (
        None,
        "message.duplicate_key",
        "deny",
        1,
    )
    assert [r.phase for r in bench.records] == ["intent", "outcome"]


@pytest.mark.parametrize("mode", ENFORCING)
async def test_enforcing_modes_refuse_what_nobody_can_read(mode: Mode) -> None:
    bench = Bench(mode)
    client = await bench.send(DUPLICATE)
    assert client.status == 400
    assert client.json["id"] == 5
    assert client.json["error"]["code"] == -32600
    assert client.reason == "message.duplicate_key"
    assert bench.server.seen == []


async def test_one_enforced_tool_is_enough_to_refuse_an_unread_body() -> None:
    bench = Bench(crm=server(Mode.AUDIT, tools=(rule("pay_*", Mode.ENFORCE),)))
    assert (await bench.send(DUPLICATE)).status == 400
    assert (await bench.send(call())).status == 200  # what can be read is judged in its own mode


@pytest.mark.parametrize("mode", WATCHING)
async def test_a_rule_that_is_enforced_is_enough_to_refuse_an_unread_body(mode: Mode) -> None:
    bench = Bench(crm=server(mode, strict_reading=True))  # as compiled where a forbid has an enforcing @mode
    assert (await bench.send(DUPLICATE)).reason == "message.duplicate_key"
    assert bench.server.seen == []
    assert (await bench.send(call())).status == 200


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("where", ["request", "response"])
async def test_depth_over_the_limit_is_refused_in_every_mode(mode: Mode, where: str) -> None:
    bench = Bench(mode)
    deep = b'{"jsonrpc":"2.0","id":1,"method":"ping","result":' + b"[" * 80 + b"]" * 80 + b"}"
    if where == "request":
        client = await bench.send(deep.replace(b'"result"', b'"params"'))
        assert client.reason == "message.too_deep"
        assert client.status == 400
        assert bench.server.seen == []
    else:
        bench.server.script = lambda _: bench.server.json(deep.replace(b'"method":"ping",', b""))
        client = await bench.send(call(1))
        assert client.reason == "upstream.garbage"


@pytest.mark.parametrize("mode", list(Mode))
async def test_size_over_the_limit_is_refused_in_every_mode(mode: Mode) -> None:
    from doorward.core.snapshot import Limits

    bench = Bench(mode, limits=Limits(request_bytes=100))
    client = await bench.send(call(1, "x" * 100))
    assert client.status == 413
    assert client.reason == "message.too_large"
    assert bench.server.seen == []


# -- who calls


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"token": None}, 401, "auth.required"),
        ({"token": b"wrong"}, 401, "auth.invalid"),
        ({"token": None, "token_ambiguous": True}, 400, "auth.ambiguous"),
    ],
)
async def test_a_missing_or_bad_token_in_every_mode(mode: Mode, fields: dict, status: int, reason: str) -> None:
    bench = Bench(mode)
    client = await bench.send(call(), **fields)
    assert (client.status, client.reason) == (status, reason)
    challenge = client.header(b"www-authenticate")
    if status == 401:
        metadata = b"https://mcp.example.com/.well-known/oauth-protected-resource/mcp/crm"
        assert challenge is not None
        assert challenge.startswith(b'Bearer resource_metadata="' + metadata + b'"')
        assert (b"invalid_token" in challenge) == (fields["token"] is not None)
    assert bench.server.seen == []
    assert [r.decision for r in bench.records] == ["deny"]


async def test_an_expired_token() -> None:
    bench = Bench()
    digest, grant = next(iter(bench.snapshot.agents.items()))
    late = Grant(grant.principal, grant.servers, expires=bench.clock.wall())
    bench.snapshot.agents[digest] = late  # type: ignore[index]
    assert (await bench.send(call())).reason == "auth.expired"


async def test_anonymous_is_let_in_where_the_server_says_so_and_recorded() -> None:
    bench = Bench(crm=server(Mode.AUDIT, anonymous=True))
    assert (await bench.send(call(), token=None)).status == 200
    assert [(r.identity, r.would_have, r.reason) for r in bench.records] == [("anonymous", "deny", "auth.required")] * 2


async def test_an_unknown_server_is_404_and_recorded() -> None:
    bench = Bench()
    client = await bench.send(call(), server="nowhere")
    assert (client.status, client.reason) == (404, "http.route")
    assert [(r.mcp_server, r.decision) for r in bench.records] == [("nowhere", "deny")]
    counted = bench.meter.export()["counts"]["doorward_calls_total"]
    assert [labels[0] for labels, _ in counted] == ["other"]  # no label is a stranger's text


# -- allow lists


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_tool_that_the_grant_does_not_name(mode: Mode) -> None:
    bench = Bench(mode, tools=["find", "get_*"])
    assert (await bench.send(call(1, "find"))).json["result"] == {}
    assert (await bench.send(call(2, "get_all"))).json["result"] == {}
    client = await bench.send(call(3, "wipe"))
    assert client.status == 200
    if mode.enforcing:
        found = client.json["result"]
        assert found["isError"] is True
        assert "resultType" not in found
        assert found["_meta"]["io.doorward/decision"]["reason"] == "policy.denied"
        assert found["_meta"]["io.doorward/decision"]["exchange_id"] == bench.records[-1].exchange_id
        assert len(bench.server.seen) == 2
        assert bench.records[-1].decision == "deny"
    else:
        assert client.json["result"] == {}
        assert bench.records[-1].would_have == "deny"
    assert (await bench.send(call(4, "find"))).json["result"] == {}


async def test_a_response_of_a_modern_client_is_refused() -> None:
    bench = Bench()
    client = await bench.send(result(9), version=MODERN.encode())
    assert (client.status, client.reason) == (400, "message.response_not_allowed")
    assert bench.server.seen == []


async def test_relay_is_refused_where_it_is_enforced() -> None:
    bench = Bench(crm=server(Mode.ENFORCE, relay=frozenset({b"authorization"})))
    assert (await bench.send(call())).reason == "policy.relay_enforced"


async def test_a_message_keeps_the_snapshot_it_began_with() -> None:
    bench = Bench()
    seen = []

    def script(_):  # type: ignore[no-untyped-def]
        other = Bench(Mode.AUDIT).snapshot
        bench.live.snapshot = other
        seen.append(1)
        return bench.server.json(result(1))

    bench.server.script = script
    await bench.send(call())
    assert {r.mode for r in bench.records} == {"enforce"}
    assert seen
    assert json.loads(body(1, "ping")) == {"jsonrpc": "2.0", "id": 1, "method": "ping"}
