import json

import pytest

from doorward.core.snapshot import Keys, Snapshot
from doorward.transports import front
from doorward.transports.http1 import HttpRequest

SNAPSHOT = Snapshot(
    1,
    "",
    {},
    {},
    Keys(b"", "", ()),
    allowed_hosts=frozenset({b"mcp.example.com", b"127.0.0.1:8080", b"[::1]:8080"}),
    allowed_origins=frozenset({b"https://app.example.com", b"http://localhost:3000"}),
    trusted_proxies=frozenset({"10.0.0.1", "10.0.0.2"}),
)


def request(*headers: tuple[bytes, bytes], client: str = "192.0.2.1", tls: bool = False) -> HttpRequest:
    return HttpRequest("POST", "/mcp/x", "", "/mcp/x", headers, b"", client, tls)


@pytest.mark.parametrize(
    ("host", "tls", "allowed"),
    [
        (b"mcp.example.com", False, True),
        (b"MCP.EXAMPLE.COM", False, True),
        (b"mcp.example.com:80", False, True),
        (b"mcp.example.com:443", True, True),
        (b"mcp.example.com:443", False, False),
        (b"mcp.example.com:80", True, False),
        (b"mcp.example.com:8080", False, False),
        (b"mcp.example.com.", False, False),
        (b"mcp.example.com.evil.com", False, False),
        (b"evil-mcp.example.com", False, False),
        (b"mcp.example.com:80:80", False, False),
        (b"127.0.0.1:8080", False, True),
        (b"127.0.0.1", False, False),
        (b"[::1]:8080", False, True),
        (b"", False, False),
    ],
)
def test_hosts_are_compared_exactly(host: bytes, tls: bool, allowed: bool) -> None:
    assert front.host_allowed(request((b"host", host), tls=tls), SNAPSHOT) is allowed


def test_no_host_is_none_of_ours() -> None:
    assert not front.host_allowed(request(), SNAPSHOT)


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ([], True),
        ([b"https://app.example.com"], True),
        ([b"HTTPS://App.example.com"], True),
        ([b"http://localhost:3000"], True),
        ([b"http://localhost:3001"], False),
        ([b"http://localhost"], False),
        ([b"http://app.example.com"], False),
        ([b"https://app.example.com.evil.com"], False),
        ([b"https://app.example.com/"], False),
        ([b"null"], False),
        ([b""], False),
        ([b"https://app.example.com"] * 2, False),
        ([b"https://app.example.com https://evil.com"], False),
    ],
)
def test_origins_are_compared_exactly(origins: list[bytes], allowed: bool) -> None:
    assert front.origin_allowed(request(*((b"origin", o) for o in origins)), SNAPSHOT) is allowed


def test_cors_only_where_there_is_an_origin() -> None:
    assert front.cors(request()) == ()
    fields = dict(front.cors(request((b"origin", b"https://app.example.com"))))
    assert fields[b"access-control-allow-origin"] == b"https://app.example.com"
    assert fields[b"vary"] == b"Origin"
    assert b"*" not in fields.values()


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (b"mcp-param-region", [b"mcp-param-region"]),
        (b"Mcp-Param-A, mcp-param-b-c ,content-type", [b"Mcp-Param-A", b"mcp-param-b-c"]),
        (b"mcp-param-tenant_id,Mcp-Param-a.b", [b"mcp-param-tenant_id", b"Mcp-Param-a.b"]),
        (b"x-evil, cookie, authorization-x, mcp-other", []),
        (b"mcp-param-a\xe9, mcp-param-a b, mcp-param-*", []),
        (b"", []),
    ],
)
def test_the_preflight_repeats_parameter_headers_and_no_others(asked: bytes, granted: list[bytes]) -> None:
    fields = dict(front.preflight(request((b"access-control-request-headers", asked))))
    named = [name.strip() for name in fields[b"access-control-allow-headers"].split(b",")]
    fixed = [n.strip() for n in dict(front.preflight(request()))[b"access-control-allow-headers"].split(b",")]
    assert named == fixed + granted
    assert {b"X-MCP-Token", b"baggage"} <= set(fixed)


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("192.0.2.1", [b"203.0.113.5"], "192.0.2.1"),
        ("10.0.0.1", [b"203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [b"198.51.100.9, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [b"198.51.100.9", b"203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", [b"203.0.113.5, 10.0.0.2"], "203.0.113.5"),
        ("10.0.0.1", [b"10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [b" , "], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
def test_the_callers_address(client: str, forwarded: list[bytes], expected: str) -> None:
    headers = [(b"x-forwarded-for", value) for value in forwarded]
    assert front.caller(request(*headers, client=client), SNAPSHOT) == expected


def test_an_error_before_there_is_a_message() -> None:
    shown = json.loads(front.error("http.host", 'a "quoted" word'))
    assert shown["id"] is None
    assert shown["error"]["data"]["reason"] == "http.host"
    assert not -32768 <= shown["error"]["code"] <= -32000
