"""Configuration and keys into a Snapshot."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from doorward.configfile import InvalidConfiguration, load_text
from doorward.configtypes import Problem
from doorward.control.compile import snapshot
from doorward.core.finding import Finding, Text
from doorward.core.leaf import Document, Leaf
from doorward.core.looking import Action, LookRule
from doorward.core.policy import Mode
from doorward.core.ports import Detector
from doorward.core.snapshot import Keys, Limits, Snapshot, Timeouts
from doorward.plugins import builder
from doorward.stages.inspect import texts

KEYS = Keys(b"h" * 32, "id", (b"s" * 32,), b"l" * 32)
TOKEN = "t0ken-" + "x" * 20
OTHER = "t0ken-" + "y" * 20
ENVIRON = {
    "TOKEN": TOKEN,
    "SAME": TOKEN,
    "OTHER": OTHER,
    "KEY": "k-value",
    "SHORT": "x" * 15,
    "SPACED": "x" * 20 + " y",
}


class Scanner:
    """A scanner that knows what it was made of."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = list(detectors)

    def quiet(self, raw: bytes, direction: str) -> bool:
        return False

    def passes(self, raw: bytes, direction: str) -> bool:
        return False

    async def scan(self, raw: bytes, value: Any, direction: str) -> list[Finding]:
        return await self.scan_text(raw, texts(value), direction)

    async def scan_text(self, raw: bytes, found: Sequence[Text], direction: str) -> list[Finding]:
        document = Document([Leaf(text, text.string) for text in found], direction)
        return [one for detector in self.detectors for one in detector.detect(document)]


def compiled(config: dict[str, Any], base: Path = Path("."), **more: Any) -> Snapshot:
    loaded = load_text(json.dumps(config))
    return snapshot(
        loaded.config,
        **{
            "version": 7,
            "build": builder(ENVIRON, base),
            "make_scanner": Scanner,
            "keys": KEYS,
            "environ": ENVIRON,
            "base_dir": base,
            **more,
        },
    )


def one(server: dict[str, Any], **config: Any) -> Snapshot:
    return compiled({"servers": {"a": {"url": "http://127.0.0.1:3001/mcp"} | server}, **config})


def agent(name: str, token: str = "env:TOKEN", **servers: list[str]) -> dict[str, Any]:
    return {"id": f"agent:{name}", "token": token, "servers": servers}


def refused(config: dict[str, Any]) -> dict[str, Problem]:
    with pytest.raises(InvalidConfiguration) as caught:
        compiled(config)
    assert all(problem.remedy for problem in caught.value.problems)
    assert not any(value in str(caught.value) for value in ENVIRON.values())
    return {problem.path: problem for problem in caught.value.problems}


OFF_LOOPBACK = {"address": "0.0.0.0:8080", "public_url": "https://mcp.example.com", "tls_terminated": True}


def test_a_plain_server() -> None:
    made = one({})
    server = made.servers["a"]
    assert (made.version, made.keys, made.scanner, made.actions) == (7, KEYS, None, {})
    assert (server.id, server.mode, server.sensitivity, server.strict_reading) == ("a", Mode.AUDIT, "medium", False)
    assert (server.target.url, server.target.transport) == ("http://127.0.0.1:3001/mcp", "http")
    assert server.broker is not None
    assert server.broker.name == "none"
    assert made.replace == {"default": "placeholder"}
    assert (made.limits, made.timeouts) == (Limits(), Timeouts())
    assert made.journal_required


def test_what_the_data_plane_counts_with_is_plain() -> None:
    made = one({}, limits={"request_bytes": "1MiB"}, timeouts={"connect": "2s"}, audit={"on_failure": "allow"})
    assert (made.limits.request_bytes, made.timeouts.connect) == (1 << 20, 2.0)
    assert type(made.limits.request_bytes) is int
    assert type(made.timeouts.connect) is float
    assert not made.journal_required


def test_the_nearest_mode_wins() -> None:
    tools = {"write_*": {"mode": "enforce", "sensitivity": "high"}, "write_log": {"mode": "soft"}, "get": {}}
    server = one({"tools": tools}, mode="warn").servers["a"]
    assert [server.mode_of(tool) for tool in (None, "read", "write_x", "write_log", "get")] == [
        Mode.WARN,
        Mode.WARN,
        Mode.ENFORCE,
        Mode.ENFORCE,
        Mode.WARN,
    ]
    assert (server.sensitivity_of("write_x"), server.sensitivity_of("get")) == ("high", "medium")
    assert one({"mode": "soft"}, mode="warn").servers["a"].mode is Mode.SOFT


@pytest.mark.parametrize(
    ("said", "propagates"), [({}, False), ({"trace": "pass"}, False), ({"trace": "propagate"}, True)]
)
def test_trace_context_goes_on_as_it_came_unless_it_is_said(said: dict[str, Any], propagates: bool) -> None:
    assert one({"url": "http://127.0.0.1:9/mcp", **said}).servers["a"].propagate is propagates


@pytest.mark.parametrize(
    ("server", "mode", "strict"),
    [
        ({}, "audit", False),
        ({}, "warn", False),
        ({}, "soft", True),
        ({}, "enforce", True),
        ({"mode": "audit"}, "enforce", False),
        ({"tools": {"x": {"mode": "soft"}}}, "audit", True),
        ({"tools": {"x": {"mode": "warn"}}}, "audit", False),
    ],
)
def test_strict_reading_is_for_servers_with_anything_enforcing(server: dict[str, Any], mode: str, strict: bool) -> None:
    assert one(server, mode=mode).servers["a"].strict_reading is strict


@pytest.mark.parametrize(
    ("anonymous", "loopback", "mode", "let_in"),
    [
        ("auto", True, "audit", True),
        ("auto", True, "warn", True),
        ("auto", True, "soft", False),
        ("auto", True, "enforce", False),
        ("auto", False, "audit", False),
        ("auto", False, "enforce", False),
        (True, True, "audit", True),
        (True, False, "warn", True),
        (True, True, "soft", False),
        (True, False, "enforce", False),
        (False, True, "audit", False),
        (False, False, "audit", False),
    ],
)
def test_who_is_let_in_without_a_token(anonymous: object, loopback: bool, mode: str, let_in: bool) -> None:
    listen = {} if loopback else OFF_LOOPBACK
    made = one({"mode": mode}, listen=listen, identity={"anonymous": anonymous})
    assert made.servers["a"].anonymous is let_in


def test_a_tool_in_an_enforcing_mode_does_not_close_its_server() -> None:
    server = one({"tools": {"x": {"mode": "enforce"}}}).servers["a"]
    assert (server.anonymous, server.strict_reading) == (True, True)


def test_agents_by_the_hash_of_their_token() -> None:
    agents = [agent("one", a=["get_*", "find"]), agent("two", "env:OTHER")]
    made = one({}, identity={"agents": agents})
    grant = made.agents[hashlib.sha256(TOKEN.encode()).digest()]
    assert (grant.principal.subject, grant.expires) == ("agent:one", None)
    assert [tool in grant.servers["a"] for tool in ("get_x", "find", "set")] == [True, True, False]
    assert made.agents[hashlib.sha256(OTHER.encode()).digest()].servers == {}
    assert TOKEN not in repr(made)


@pytest.mark.parametrize(
    ("token", "what"),
    [("env:SHORT", "at least 16"), ("env:SPACED", "without a space"), ("env:UNSET", "UNSET is not set")],
)
def test_a_token_that_cannot_be_used(token: str, what: str) -> None:
    found = refused({"identity": {"agents": [agent("one", token)]}})
    assert what in found["identity.agents[0].token"].message


def test_two_agents_with_one_token() -> None:
    found = refused({"identity": {"agents": [agent("one"), agent("two", "env:SAME")]}})
    assert "same token as that of agent:one" in found["identity.agents[1].token"].message


def test_a_child_process(tmp_path: Path) -> None:
    server = {"command": "npx", "args": ["-k", "${env:KEY}"], "env": {"A": "env:KEY", "B": "plain"}, "cwd": "tools"}
    target = compiled({"servers": {"a": server}}, tmp_path).servers["a"].target
    assert (target.transport, target.command, target.args) == ("stdio", "npx", ("-k", "k-value"))
    assert (target.env, target.cwd) == ({"A": "k-value", "B": "plain"}, str(tmp_path / "tools"))
    assert "k-value" not in repr(target)


def test_the_2024_11_05_transport() -> None:
    assert one({"transport": "sse"}).servers["a"].target.transport == "sse"


@pytest.mark.parametrize(
    ("server", "path", "what"),
    [
        ({"url": "${env:UNSET}"}, "servers.a.url", "is not set"),
        ({"url": "${env:KEY}"}, "servers.a.url", "not an http or https URL"),
        ({"command": ""}, "servers.a.command", "is empty"),
        ({"command": "x", "env": {"A=B": "c"}}, "servers.a.env", "no process can be given"),
        ({"command": "x", "env": {"A": "b\0"}}, "servers.a.env", "no process can be given"),
        ({"command": "x", "args": ["b\0"]}, "servers.a", "NUL"),
        ({"command": "x", "env": {"A": "env:UNSET"}}, "servers.a.env.A", "is not set"),
        ({"url": "http://x/", "credentials": "vault"}, "servers.a.credentials", "not available in this build"),
        (
            {"url": "http://x/", "credentials": {"use": "static", "headers": {"X": "env:UNSET"}}},
            "servers.a.credentials.headers.X",
            "is not set",
        ),
        (
            {"url": "http://x/", "credentials": {"use": "static", "headers": {"Host": "x"}}},
            "servers.a.credentials",
            "Host is the gateway's own",
        ),
        ({"url": "http://x/", "credentials": {"use": "static"}}, "servers.a.credentials", "'headers' is missing"),
    ],
)
def test_a_server_that_cannot_be_used(server: dict[str, Any], path: str, what: str) -> None:
    document = json.loads(json.dumps({"servers": {"a": server}}).replace("\\u0000", "${env:NUL}"))
    ENVIRONMENT = ENVIRON | {"NUL": "\0"}
    with pytest.raises(InvalidConfiguration) as caught:
        compiled(document, environ=ENVIRONMENT)
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert what in found[path]


def test_all_faults_at_once() -> None:
    agents = [agent("one", "env:SHORT")]
    servers = {"a": {"url": "${env:UNSET}"}, "b": {"url": "http://x/", "credentials": "vault"}}
    found = refused({"identity": {"agents": agents}, "servers": servers, "inspect": {"detectors": ["vision"]}})
    assert set(found) == {"identity.agents[0].token", "servers.a.url", "servers.b.credentials", "inspect.detectors[0]"}


def test_relay_names_what_transports_hand_over() -> None:
    server = one({"credentials": {"use": "relay", "headers": ["Authorization"]}}).servers["a"]
    assert server.relay == {b"authorization"}
    assert one({}).servers["a"].relay == frozenset()


def test_whatever_relays_is_refused_in_enforcing_modes() -> None:
    class Relaying:
        name = "theirs"
        relays = frozenset((b"authorization",))

    with pytest.raises(InvalidConfiguration, match="refused in enforcing modes"):
        compiled(
            {"servers": {"a": {"url": "http://x/", "credentials": "theirs", "tools": {"x": {"mode": "soft"}}}}},
            build=lambda kind, spec: Relaying(),
        )


def test_more_headers_in_lower_case() -> None:
    server = one({"headers": {"request": ["X-Tenant"], "response": ["X-Request-Id"]}}).servers["a"]
    assert (server.request_headers, server.response_headers) == ({b"x-tenant"}, {b"x-request-id"})


async def test_detectors_and_actions() -> None:
    entity = {"results": "redact", "arguments": "block", "severity": "critical", "threshold": 0.7}
    inspect = {
        "detectors": [{"use": "stub", "texts": {"SSN": ["078"]}}],
        "entities": {"SSN": entity, "PERSON": {}},
        "replace": {"SSN": "last4"},
    }
    made = one({}, inspect=inspect)
    assert isinstance(made.scanner, Scanner)
    assert [found.entity for found in await made.scanner.scan(b"", "x078", "results")] == ["SSN"]
    assert made.actions == {
        ("SSN", "arguments"): Action("block", 4, 0.7),
        ("SSN", "results"): Action("redact", 4, 0.7),
        ("PERSON", "arguments"): Action("detect", 3, 0.5),
        ("PERSON", "results"): Action("redact", 3, 0.5),
    }
    assert made.replace == {"default": "placeholder", "SSN": "last4"}


@pytest.mark.parametrize("name", ["vision", "unheard-of"])
def test_an_unknown_detector_keeps_it_from_starting(name: str) -> None:
    found = refused({"inspect": {"detectors": [{"use": "stub"}, {"use": name}]}})
    assert set(found) == {"inspect.detectors[1]"}


def test_what_one_server_and_its_tools_want_otherwise() -> None:
    wanted = {
        "inspect": {"entities": {"PERSON": {"results": "detect"}}, "allow": ["Ann Lee"]},
        "tools": {
            "read_*": {"inspect": {"entities": {"PERSON": {"results": "block"}}, "binary": "strip"}},
            "*": {"inspect": {"entities": {"PERSON": {"results": "redact"}}, "allow": ["/B.b/"]}},
        },
    }
    made = one(wanted, inspect={"detectors": ["stub"], "binary": "block"})
    server = made.servers["a"]
    assert all(isinstance(rule, LookRule) for rule in server.looks)
    for tool, effect, binary, allowed in (
        (None, "detect", "block", ["ann lee"]),
        ("write", "redact", "block", ["ann lee", "Bob"]),
        ("read_all", "block", "strip", ["ann lee", "Bob"]),
    ):
        chosen = made.looking(server, tool)
        assert (chosen.action("PERSON", "results").effect, chosen.binary) == (effect, binary)
        assert [value for value in ("ann lee", "Bob", "Bobby") if value in chosen.allow] == allowed
    assert made.looking(server, None).action("US_SSN", "arguments") == Action("detect")


@pytest.mark.parametrize("place", ["inspect", "servers.a.inspect", "servers.a.tools.t.inspect"])
def test_an_allowed_expression_that_is_none(place: str) -> None:
    bad = {"allow": ["/(?=x)/"]}
    server: dict[str, Any] = {"url": "http://127.0.0.1:1/"}
    config: dict[str, Any] = {"inspect": {"detectors": ["stub"]}, "servers": {"a": server}}
    if place == "inspect":
        config["inspect"] |= bad
    elif place == "servers.a.inspect":
        server["inspect"] = bad
    else:
        server["tools"] = {"t": {"inspect": bad}}
    found = refused(config)
    assert set(found) == {f"{place}.allow"}


def test_patterns_of_ones_own_and_those_that_are_none() -> None:
    assert one({}, inspect={"patterns": [{"entity": "ACCOUNT_ID", "regex": r"ACCT-\d{6,10}"}]}).scanner is not None
    found = refused({"inspect": {"patterns": [{"entity": "A", "regex": "a"}, {"entity": "B", "regex": "(?<=a)b"}]}})
    assert set(found) == {"inspect.patterns[1].regex"}


def test_the_credentials_that_must_not_come_back() -> None:
    key = ENVIRON["CRM_KEY"] if "CRM_KEY" in ENVIRON else next(iter(ENVIRON.values()))
    name = next(name for name, value in ENVIRON.items() if value == key)
    static = {
        "credentials": {
            "use": "static",
            "headers": {"Authorization": f"Bearer ${{env:{name}}}", "X-Tenant": "acme-corporation"},
        }
    }
    held = one(static).held
    assert held is not None
    assert held.in_bytes(key.encode())
    assert held.find(f"x {key} y") == [(2, 2 + len(key))]
    assert not held.find("acme-corporation")
    assert one({}).held is None


def test_names_of_the_edge_on_loopback() -> None:
    made = one({})
    assert made.public_url == "http://127.0.0.1:8080"
    assert made.allowed_hosts == {b"127.0.0.1:8080", b"localhost:8080", b"[::1]:8080"}
    assert made.allowed_origins == {b"http://127.0.0.1:8080", b"http://localhost:8080", b"http://[::1]:8080"}


def test_names_of_the_edge_off_loopback() -> None:
    listen = OFF_LOOPBACK | {"allowed_hosts": ["GW:8080"], "allowed_origins": ["https://app.example.com"]}
    made = one({}, listen=listen | {"trusted_proxies": ["10.0.0.1", "2001:DB8::0:1"]})
    assert made.public_url == "https://mcp.example.com"
    assert {b"mcp.example.com", b"mcp.example.com:443", b"gw:8080", b"localhost:8080"} <= made.allowed_hosts
    assert b"0.0.0.0:8080" not in made.allowed_hosts
    assert made.allowed_origins == {
        b"https://mcp.example.com",
        b"https://mcp.example.com:443",
        b"https://app.example.com",
    }
    assert made.trusted_proxies == {"10.0.0.1", "2001:db8::1"}


def test_the_usual_port_may_be_left_out_of_host() -> None:
    made = one({}, listen={"address": "[::1]:80"})
    assert made.public_url == "http://[::1]:80"
    assert {b"localhost", b"localhost:80", b"[::1]"} <= made.allowed_hosts


def test_a_public_url_with_a_port_and_a_prefix() -> None:
    made = one({}, listen=OFF_LOOPBACK | {"public_url": "https://MCP.example.com:8443/gw/"})
    assert made.public_url == "https://MCP.example.com:8443/gw"
    assert b"mcp.example.com:8443" in made.allowed_hosts
    assert b"mcp.example.com" not in made.allowed_hosts


def test_the_bound_port_where_the_file_says_0() -> None:
    made = compiled({"listen": {"address": "127.0.0.1:0"}}, port=4711)
    assert made.public_url == "http://127.0.0.1:4711"
    assert b"127.0.0.1:4711" in made.allowed_hosts


BASE: dict[str, Any] = {
    "servers": {"a": {"url": "http://x/", "tools": {"x": {"mode": "warn"}}}},
    "identity": {"agents": [agent("one", a=["get_*"])]},
    "inspect": {"detectors": [{"use": "stub", "texts": {"A": ["b"]}}], "entities": {"A": {"results": "redact"}}},
}


def test_the_policy_digest_is_the_same_for_the_same_rules() -> None:
    digest = compiled(BASE).policy_digest
    assert len(digest) == 64
    assert compiled(BASE, version=8).policy_digest == digest
    unrelated = BASE | {
        "audit": {"directory": "elsewhere"},
        "timeouts": {"connect": "1s"},
        "admin": {"address": "[::1]:1"},
    }
    assert compiled(unrelated).policy_digest == digest
    reordered = {key: BASE[key] for key in reversed(BASE)}
    assert compiled(reordered).policy_digest == digest


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "warn"},
        {"identity": {"agents": [agent("one", a=["get_*", "put"])]}},
        {"identity": {"agents": [agent("two", a=["get_*"])]}},
        {"identity": {"agents": [agent("one", "env:OTHER", a=["get_*"])]}},
        {"identity": {"agents": []}},
        {"identity": {"anonymous": False, "agents": [agent("one", a=["get_*"])]}},
        {"servers": {"a": {"url": "http://x/", "tools": {"x": {"mode": "soft"}}}}},
        {"servers": {"a": {"url": "http://x/"}}},
        {"inspect": BASE["inspect"] | {"entities": {"A": {"results": "block"}}}},
        {"inspect": BASE["inspect"] | {"detectors": [{"use": "stub", "texts": {"A": ["c"]}}]}},
        {"inspect": BASE["inspect"] | {"replace": {"A": "mask"}}},
        {"limits": {"calls_per_minute": 5}},
    ],
)
def test_the_policy_digest_changes_with_the_rules(change: dict[str, Any]) -> None:
    assert compiled(BASE | change).policy_digest != compiled(BASE).policy_digest


def test_a_token_cannot_be_guessed_from_the_policy_digest() -> None:
    other = Keys(b"h" * 32, "id", (b"s" * 32,), b"L" * 32)
    assert compiled(BASE, keys=other).policy_digest != compiled(BASE).policy_digest
    rotated = Keys(b"H" * 32, "id", (b"s" * 32,), b"l" * 32)  # the hash keys of records come and go
    assert compiled(BASE, keys=rotated).policy_digest == compiled(BASE).policy_digest
