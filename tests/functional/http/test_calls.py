"""Requests and whole answers over real sockets: what crosses, what does not, and what replaces it."""

import asyncio
import base64
import json
from typing import Any

import pytest
from tests.functional.http.world import Request, Wire, World
from tests.functional.pipeline.bench import META, MODERN, TOKEN, body, call, event, result
from tests.functional.pipeline.on_behalf import ANOTHERS, FOR_ALICE, RENEWED, verifier
from tests.waiting import until

from doorward.brokers.relay import RelayBroker
from doorward.brokers.static import StaticBroker
from doorward.configtypes import Secret
from doorward.core.policy import Mode
from doorward.core.snapshot import Limits, Timeouts
from doorward.gateway.tokens import TokenCache

BEARER = f"Bearer {TOKEN.decode()}"


# -- what crosses


async def test_a_call_crosses_byte_for_byte(world: World) -> None:
    await world.start()
    client = await world.connect()
    data = b' {"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"find","arguments":{"n":1.50}}}'
    got = await client.ask(data)
    assert (got.status, got.body) == (200, result(1))
    assert world.upstream.seen[0].body == data
    again = await client.ask(call(2))
    assert again.body == result(2)
    assert world.upstream.accepted == 1  # kept alive on both sides


async def test_request_headers_by_allow_list(world: World) -> None:
    await world.start(request_headers=frozenset({b"x-tenant"}))
    client = await world.connect()
    await client.send(
        "POST",
        "/mcp/crm?key=of-the-client",
        call(1),
        User_Agent="me/1",
        Traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        Tracestate="a=b",
        Baggage="c=d",
        Mcp_Param_X="y",
        X_Tenant="t",
        Cookie="session=1",
        X_Forwarded_For="1.2.3.4",
        Forwarded="for=1.2.3.4",
        Via="1.1 x",
        X_Doorward_Route="elsewhere",
        Accept_Encoding="gzip",
        Origin=None,
        Authorization="Bearer of-the-client",
    )
    assert (await client.answer()).status == 200
    (seen,) = world.upstream.seen
    assert seen.target == "/mcp"  # the client's query string is not forwarded
    assert sorted(seen.headers) == sorted(
        [
            "host",
            "accept-encoding",
            "content-type",
            "accept",
            "content-length",
            "user-agent",
            "traceparent",
            "tracestate",
            "baggage",
            "mcp-param-x",
            "x-tenant",
        ]
    )
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["host"] == f"127.0.0.1:{world.upstream.port}"


@pytest.mark.parametrize("own", [{"X_MCP_Token": TOKEN.decode()}, {"X_MCP_Token": None, "Authorization": BEARER}])
async def test_our_token_is_never_forwarded(world: World, own: dict[str, Any]) -> None:
    await world.start()
    client = await world.connect()
    assert (await client.ask(call(1), **own)).status == 200
    assert TOKEN.decode() not in str(world.upstream.seen[0].fields)
    assert "authorization" not in world.upstream.seen[0].headers


@pytest.mark.parametrize(
    "fields",
    [
        {"X_MCP_Token": [TOKEN.decode()] * 2},
        {"X_MCP_Token": None, "Authorization": [BEARER] * 2},
    ],
)
async def test_a_token_sent_twice_is_400(world: World, fields: dict[str, Any]) -> None:
    await world.start()
    got = await (await world.connect()).ask(call(1), **fields)
    assert got.status == 400
    assert got.json["error"]["data"]["reason"] == "auth.ambiguous"


async def test_a_bad_token_is_401_with_a_challenge(world: World) -> None:
    await world.start(Mode.AUDIT, anonymous=True)
    client = await world.connect()
    got = await client.ask(call(1), X_MCP_Token="wrong")
    assert got.status == 401
    assert got.headers["www-authenticate"].startswith('Bearer resource_metadata="https://mcp.example.com/.well-known/')
    assert (await client.ask(call(1), X_MCP_Token=None)).status == 200


async def test_static_credentials_replace_whatever_the_client_sends(world: World) -> None:
    broker = StaticBroker(StaticBroker.Options({"Authorization": Secret("Bearer of-the-gateway")}))
    await world.start(broker=broker)
    await (await world.connect()).ask(call(1), Authorization="Bearer of-the-client")
    assert [v for k, v in world.upstream.seen[0].fields if k == "authorization"] == ["Bearer of-the-gateway"]
    assert world.bench.records[-1].credential == "static"


async def test_relay_hands_on_what_is_named_and_nothing_else(world: World) -> None:
    broker = RelayBroker(RelayBroker.Options(("Authorization",)))
    await world.start(Mode.AUDIT, broker=broker, relay=broker.relays, anonymous=True)
    client = await world.connect()
    await client.ask(call(1), Authorization="Bearer of-the-client", X_Api_Key="k")
    assert world.upstream.seen[0].headers["authorization"] == "Bearer of-the-client"
    assert "x-api-key" not in world.upstream.seen[0].headers
    assert TOKEN.decode() not in str(world.upstream.seen[0].fields)
    await client.ask(call(1), Authorization="Bearer of-the-client", X_MCP_Token=None)
    assert world.bench.records[-1].identity == "anonymous"
    assert world.bench.records[-1].credential == "relay"
    assert "of-the-client" not in str(world.bench.records)


@pytest.mark.parametrize("mode", list(Mode))
async def test_response_headers_by_allow_list(world: World, mode: Mode) -> None:
    async def script(request: Request, wire: Wire) -> None:
        lines = ["Mcp-Thing: 1", "Cache-Control: no-store", "Retry-After: 3", "X-Accel-Buffering: no"]
        lines += [
            "Set-Cookie: a=b",
            "Location: http://x/",
            "WWW-Authenticate: Basic",
            "X-More: m",
            "Server: s",
            "Link: l",
        ]
        await wire.whole(result(1), "200 OK", *lines)

    world.upstream.script = script
    await world.start(mode, response_headers=frozenset({b"x-more"}))
    got = await (await world.connect()).ask(call(1))
    assert sorted(got.headers) == [
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "mcp-thing",
        "retry-after",
        "x-accel-buffering",
        "x-more",
    ]


# -- what the server may not say


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
@pytest.mark.parametrize(
    ("status", "line", "reason"),
    [
        ("401 Unauthorized", "WWW-Authenticate: Bearer", "upstream.unauthorized"),
        ("401 Unauthorized", "X-A: b", "upstream.unauthorized"),
        ("403 Forbidden", "WWW-Authenticate: Bearer", "upstream.unauthorized"),
        ("302 Found", "Location: http://127.0.0.1:1/", "upstream.redirect"),
        ("308 Permanent Redirect", "Location: /elsewhere", "upstream.redirect"),
    ],
)
async def test_challenges_and_redirects_become_502(
    world: World, mode: Mode, status: str, line: str, reason: str
) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.whole(b"{}", status, line)

    world.upstream.script = script
    await world.start(mode)
    client = await world.connect()
    got = await client.ask(body(1, "initialize", {"protocolVersion": "2025-11-25"}))
    assert (got.status, got.json["error"]["data"]["reason"]) == (502, reason)
    assert "www-authenticate" not in got.headers
    assert "location" not in got.headers
    assert len(world.upstream.seen) == 1  # nobody follows


async def test_a_403_without_a_challenge_is_the_servers_own(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.whole(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}', "403 Forbidden")

    world.upstream.script = script
    await world.start()
    assert (await (await world.connect()).ask(call(1))).status == 403


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "upstream.closed"),
        (b"220 mail.example.com ESMTP\r\n\r\n", "upstream.garbage"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{", "upstream.closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}", "upstream.garbage"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\ndata: {", "upstream.closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n", "upstream.no_answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}", "upstream.garbage"),
    ],
)
async def test_a_server_that_keeps_to_nothing_gives_one_clean_error(world: World, raw: bytes, reason: str) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.raw(raw)
        wire.writer.close()

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    got = await client.ask(call(1), Mcp_Session_Id=world.bench.sealed().decode())
    assert got.status == 200
    answer = got.json if got.headers["content-type"] == "application/json" else json.loads(got.body.split(b"data: ")[1])
    assert answer["id"] == 1
    assert answer["error"]["data"]["reason"] == reason
    world.upstream.script = world.upstream._echo
    assert (await client.ask(call(2))).body == result(2)  # on the same connection


@pytest.mark.parametrize("announced", [True, False])
async def test_an_answer_that_is_too_large(world: World, announced: bool) -> None:
    async def script(request: Request, wire: Wire) -> None:
        if announced:
            await wire.whole(result(1, {"text": "x" * 5000}))
            return
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:  # without an end
            await wire.event(b"x" * 1000)

    world.upstream.script = script
    await world.start(limits=Limits(response_bytes=4000))
    got = await (await world.connect()).ask(call(1))
    assert got.json["error"]["data"]["reason"] == "upstream.too_large"


async def test_an_event_without_an_end(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(b": first\n\n", end=False)
        await wire.event(b"data: ")
        while True:
            await wire.event(b"x" * 1000)

    world.upstream.script = script
    await world.start(limits=Limits(response_bytes=4000))
    got = await (await world.connect()).ask(call(1))
    error = json.loads(got.body.split(b"data: ")[-1])
    assert error["error"]["data"]["reason"] == "upstream.too_large"


@pytest.mark.parametrize("part", ["head", "body", "stream"])
async def test_a_server_that_never_answers(world: World, part: str) -> None:
    async def script(request: Request, wire: Wire) -> None:
        if part == "body":
            await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{")
        elif part == "stream":
            await wire.stream(b": x\n\n", end=False)
        await asyncio.Event().wait()

    world.upstream.script = script
    await world.start(timeouts=Timeouts(first_byte=0.05, idle=0.05, total=1))
    got = await (await world.connect()).ask(call(1))
    assert b'"upstream.timeout"' in got.body
    assert world.bench.records[-1].reason == "upstream.timeout"


async def test_the_total_time_bounds_a_stream_that_never_rests(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(end=False)
        while True:
            await wire.event(b": again\n\n")
            await asyncio.sleep(0.005)

    world.upstream.script = script
    await world.start(timeouts=Timeouts(total=0.1))
    got = await (await world.connect()).ask(call(1))
    assert b'"upstream.timeout"' in got.body


async def test_nobody_listens(world: World) -> None:
    await world.start()
    dead = await world.connect()
    port = world.upstream.port
    assert world.upstream._server is not None
    world.upstream._server.close()
    got = await dead.ask(call(1))
    assert got.json["error"]["data"]["reason"] == "upstream.unreachable"
    assert str(port) not in got.body.decode()


@pytest.mark.parametrize(("method", "times"), [("tools/call", 1), ("tools/list", 2), ("resources/read", 2)])
async def test_a_call_with_possible_effects_is_tried_once_and_a_list_again(
    world: World, method: str, times: int
) -> None:
    dying = False

    async def script(request: Request, wire: Wire) -> None:
        nonlocal dying
        if dying:  # the kept connection dies without a byte
            dying = False
            wire.writer.transport.abort()
            return
        await world.upstream._echo(request, wire)

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.ask(body(1, "ping"))
    dying = True
    got = await client.ask(body(2, method, {"name": "find", "uri": "a:b"}))
    assert len(world.upstream.seen) == 1 + times
    assert ("error" in got.json) == (times == 1)


# -- eras and sessions on the wire


async def test_initialize_then_a_call_in_the_sealed_session(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        if b'"initialize"' in request.body:
            await wire.whole(result(0, {"protocolVersion": "2025-06-18"}), "200 OK", "Mcp-Session-Id: upstream-7")
        else:
            await world.upstream._echo(request, wire)

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    first = await client.ask(body(0, "initialize", {"protocolVersion": "2025-11-25"}))
    sealed = first.headers["mcp-session-id"]
    assert "upstream-7" not in sealed
    assert b"upstream-7" not in base64.urlsafe_b64decode(sealed + "==")
    got = await client.ask(call(1), Mcp_Session_Id=sealed, Mcp_Protocol_Version="2025-06-18")
    assert got.body == result(1)
    assert world.upstream.seen[1].headers["mcp-session-id"] == "upstream-7"
    assert world.upstream.seen[1].headers["mcp-protocol-version"] == "2025-06-18"
    for verb in ("DELETE", "GET"):
        await client.send(verb, "/mcp/crm", Mcp_Session_Id=sealed)
        assert (await client.answer()).status == 202
        assert world.upstream.seen[-1].headers["mcp-session-id"] == "upstream-7"
    got = await client.ask(call(1), Mcp_Session_Id="A" + sealed[1:] if sealed[0] != "A" else "B" + sealed[1:])
    assert (got.status, got.json["error"]["data"]["reason"]) == (404, "session.unknown")


async def test_a_session_of_an_agent_is_for_the_person_that_it_was_opened_for(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        if b'"initialize"' in request.body:
            await wire.whole(result(0, {"protocolVersion": "2025-11-25"}), "200 OK", "Mcp-Session-Id: upstream-7")
        else:
            await world.upstream._echo(request, wire)

    world.upstream.script = script
    await world.start(parts={"tokens": TokenCache(verifier(), lambda: 0)})
    client = await world.connect()
    first = await client.ask(body(0, "initialize", {"protocolVersion": "2025-11-25"}), X_MCP_Token=FOR_ALICE.decode())
    fields = {"Mcp_Session_Id": first.headers["mcp-session-id"], "Mcp_Protocol_Version": "2025-11-25"}
    for token in ANOTHERS:
        for verb, data in (("POST", call(1)), ("GET", b""), ("DELETE", b"")):
            await client.send(verb, "/mcp/crm", data, **fields, X_MCP_Token=token.decode())
            refused = await client.answer()
            assert (refused.status, refused.json["error"]["data"]["reason"]) == (404, "session.unknown")
    assert len(world.upstream.seen) == 1
    for token in (FOR_ALICE, RENEWED):  # a grant lives 15 minutes, a session longer
        assert (await client.ask(call(1), **fields, X_MCP_Token=token.decode())).body == result(1)
        assert world.upstream.seen[-1].headers["mcp-session-id"] == "upstream-7"


async def test_a_modern_call_drops_the_headers_of_the_other_era(world: World) -> None:
    await world.start()
    client = await world.connect()
    fields = {"Mcp_Protocol_Version": MODERN, "Mcp_Method": "tools/call", "Mcp_Name": "find"}
    got = await client.ask(call(1, _meta=META), **fields, Mcp_Session_Id="x", Last_Event_ID="5")
    assert got.status == 200
    assert "mcp-session-id" not in world.upstream.seen[0].headers
    assert "last-event-id" not in world.upstream.seen[0].headers
    assert world.upstream.seen[0].headers["mcp-name"] == "find"
    got = await client.ask(call(1, _meta=META), **{**fields, "Mcp_Name": ["find", "find"]})
    assert (got.status, got.json["error"]["code"]) == (400, -32020)


async def test_status_codes_are_kept(world: World) -> None:
    data = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}'

    async def script(request: Request, wire: Wire) -> None:
        await wire.whole(data, "404 Not Found")

    world.upstream.script = script
    await world.start()
    got = await (await world.connect()).ask(call(1))
    assert (got.status, got.body) == (404, data)


async def test_intent_is_there_before_the_first_byte_and_outcome_before_the_answer(world: World) -> None:
    seen: list[list[tuple[str, str]]] = []

    async def script(request: Request, wire: Wire) -> None:
        seen.append(world.bench.shape())
        await world.upstream._echo(request, wire)

    world.upstream.script = script
    await world.start()
    await (await world.connect()).ask(call(1))
    assert seen == [[("exchange", "intent")]]
    assert world.bench.shape() == [("exchange", "intent"), ("exchange", "outcome")]


async def test_a_batch_over_http(world: World) -> None:
    async def script(request: Request, wire: Wire) -> None:
        await wire.stream(event(b"[" + result(1) + b"]"), event(result(2)))

    world.upstream.script = script
    await world.start()
    got = await (await world.connect()).ask(b"[" + call(1) + b"," + call(2) + b"]")
    assert got.body == event(b"[" + result(1) + b"]") + event(result(2))


async def test_a_reload_cuts_no_call_under_way(world: World) -> None:
    proceed = asyncio.Event()

    async def script(request: Request, wire: Wire) -> None:
        await proceed.wait()
        await wire.whole(result(1))

    world.upstream.script = script
    await world.start()
    client = await world.connect()
    await client.send("POST", "/mcp/crm", call(1))
    await until(lambda: bool(world.upstream.seen))
    world.allow({client.host.encode()}, timeouts=Timeouts(connect=1.0))
    world.bench.upstreams.apply(world.bench.live.snapshot)
    proceed.set()
    assert (await client.answer()).body == result(1)
    await until(lambda: world.upstream.open == 0)  # and then the old connections go
