"""What every public path owes a browser: Host, Origin, CORS, routes, metadata."""

from typing import Any

import pytest
from tests.functional.http.world import World
from tests.functional.pipeline.bench import call, result

from doorward.core.policy import Mode

PAGE = "https://app.example.com"


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example.com:{port}",
        "evil.127.0.0.1:{port}",
        "mcp.example.com.",
        "mcp.example.com:80",
    ],
)
async def test_a_foreign_host_is_refused_in_every_mode(world: World, mode: Mode, host: str) -> None:
    await world.start(mode)
    port = world.server.port
    world.allow({b"127.0.0.1:%d" % port, b"mcp.example.com:443"})
    client = await world.connect()
    for path in ("/mcp/crm", "/sse/crm", "/.well-known/oauth-protected-resource/mcp/crm", "/nothing"):
        await client.send("POST", path, call(1), Host=host.format(port=port))
        got = await client.answer()
        assert (got.status, got.json["error"]["data"]["reason"]) == (403, "http.host")
    assert world.upstream.seen == []
    assert world.edge[0] == ("http.host", "127.0.0.1", "crm")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("mcp.example.com", True), ("MCP.Example.com", True), ("mcp.example.com:80", True), ("mcp.example.com:81", False)],
)
async def test_the_schemes_own_port_may_be_left_out(world: World, host: str, allowed: bool) -> None:
    await world.start()
    world.allow({b"mcp.example.com"})
    assert (await (await world.connect()).ask(call(1), Host=host)).status == (200 if allowed else 403)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "null", "http://app.example.com", PAGE + ".evil.com", PAGE + ":8443", PAGE + "/", ""],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
async def test_a_foreign_origin_is_refused(world: World, origin: str, method: str) -> None:
    await world.start(Mode.AUDIT)
    world.allow({f"127.0.0.1:{world.server.port}".encode()}, allowed_origins=frozenset({PAGE.encode()}))
    client = await world.connect()
    await client.send(method, "/mcp/crm", call(1) if method == "POST" else b"", Origin=origin)
    got = await client.answer()
    assert got.status == 403
    assert "access-control-allow-origin" not in got.headers
    assert world.upstream.seen == []


async def test_two_origins_are_refused_and_an_allowed_one_may_read(world: World) -> None:
    await world.start()
    world.allow({f"127.0.0.1:{world.server.port}".encode()}, allowed_origins=frozenset({PAGE.encode()}))
    client = await world.connect()
    assert (await client.ask(call(1), Origin=[PAGE, PAGE])).status == 403
    got = await client.ask(call(1), Origin=PAGE)
    assert got.body == result(1)
    assert got.headers["access-control-allow-origin"] == PAGE
    assert got.headers["vary"] == "Origin"
    assert "Mcp-Session-Id" in got.headers["access-control-expose-headers"]
    assert "origin" not in world.upstream.seen[0].headers
    refused = await client.ask(call(1), Origin=PAGE, X_MCP_Token="wrong")
    assert refused.status == 401
    assert refused.headers["access-control-allow-origin"] == PAGE  # a page must be able to read a challenge


async def test_the_preflight_is_answered_here(world: World) -> None:
    await world.start()
    world.allow({f"127.0.0.1:{world.server.port}".encode()}, allowed_origins=frozenset({PAGE.encode()}))
    client = await world.connect()
    asked = "content-type, x-mcp-token, mcp-param-region, mcp-param-a b, cookie"
    await client.send(
        "OPTIONS",
        "/mcp/crm",
        Origin=PAGE,
        X_MCP_Token=None,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=asked,
    )
    got = await client.answer()
    assert got.status == 204
    assert got.headers["access-control-allow-origin"] == PAGE
    assert got.headers["access-control-allow-methods"] == "POST, GET, DELETE, OPTIONS"
    allowed = got.headers["access-control-allow-headers"].lower()
    for name in ("x-mcp-token", "mcp-session-id", "mcp-protocol-version", "mcp-param-region", "last-event-id"):
        assert name in allowed
    assert "cookie" not in allowed
    assert "a b" not in allowed
    assert "access-control-allow-credentials" not in got.headers
    assert world.upstream.seen == []


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("PUT", "/mcp/crm", 405, "http.method"),
        ("POST", "/", 404, "http.route"),
        ("POST", "/mcp/crm/", 404, "http.route"),
        ("POST", "/mcp/CRM", 404, "http.route"),
        ("POST", "/mcp/..%2fcrm", 404, "http.route"),
        ("POST", "/mcp/crm%00", 404, "http.route"),
        ("POST", "/mcp/" + "a" * 64, 404, "http.route"),
        ("POST", "/mcp/nowhere", 404, "http.route"),
        ("GET", "/sse/crm", 404, "http.route"),  # like to like: this server speaks Streamable HTTP
        ("POST", "/.well-known/oauth-protected-resource/mcp/crm", 405, "http.method"),
        ("GET", "/.well-known/oauth-protected-resource/mcp/nowhere", 404, "http.route"),
    ],
)
async def test_routes(world: World, method: str, path: str, status: int, reason: str) -> None:
    await world.start()
    client = await world.connect()
    await client.send(method, path, call(1) if method == "POST" else b"")
    got = await client.answer()
    assert (got.status, got.json["error"]["data"]["reason"]) == (status, reason)
    assert world.upstream.seen == []
    if method == "PUT":
        assert got.headers["allow"] == "POST, GET, DELETE, OPTIONS"
    assert (await client.ask(call(2))).body == result(2)  # the connection stays usable


async def test_an_encoded_body_is_refused(world: World) -> None:
    await world.start(Mode.AUDIT)
    got = await (await world.connect()).ask(call(1), Content_Encoding="gzip")
    assert (got.status, got.json["error"]["data"]["reason"]) == (415, "http.media_type")
    assert (await (await world.connect()).ask(call(1), Content_Encoding="identity")).status == 200


async def test_protected_resource_metadata(world: World) -> None:
    """RFC 9728: the resource is the configured public URL, whatever Host the request came by."""
    await world.start()
    client = await world.connect()
    await client.send("GET", "/.well-known/oauth-protected-resource/mcp/crm", X_MCP_Token=None)
    got = await client.answer()
    assert got.status == 200
    assert got.headers["content-type"] == "application/json"
    assert got.json["resource"] == "https://mcp.example.com/mcp/crm"
    assert got.json["bearer_methods_supported"] == ["header"]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "192.0.2.1", "127.0.0.1"),
        (("127.0.0.1",), "192.0.2.1", "192.0.2.1"),
        (("127.0.0.1",), "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (("127.0.0.1", "192.0.2.1"), "203.0.113.9, 192.0.2.1", "203.0.113.9"),
        (("127.0.0.1",), None, "127.0.0.1"),
        (("127.0.0.1",), "x" * 65, "127.0.0.1"),
    ],
)
async def test_the_callers_address(world: World, trusted: Any, forwarded: Any, address: str) -> None:
    await world.start()
    world.allow({f"127.0.0.1:{world.server.port}".encode()}, trusted_proxies=frozenset(trusted))
    await (await world.connect()).ask(call(1), X_Forwarded_For=forwarded)
    assert world.bench.records[0].client_ip == address
