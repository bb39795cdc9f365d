"""``mcpServers`` as clients write it."""

import json
from typing import Any

import pytest

from doorward.configfile import InvalidConfiguration, Loaded, load_text
from doorward.configfile.clients import slug
from doorward.configtypes import Plugin, Reference, Text


def loaded(servers: dict[str, Any], /, **more: Any) -> Loaded:
    return load_text(json.dumps({"mcpServers": servers, **more}))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("GitHub", "github"),
        ("My Server (v2)", "my-server-v2"),
        ("Büro", "buro"),
        ("a__b", "a-b"),
        ("-x-", "x"),
        ("日本", ""),
        ("y" * 80, "y" * 63),
        ("io.github/files", "io-github-files"),
    ],
)
def test_names_are_slugged(name: str, made: str) -> None:
    assert slug(name) == made


def test_a_pasted_command() -> None:
    env = {"TOKEN": "inline-value", "OTHER": "${env:OTHER}"}
    made = loaded({"My Files": {"type": "stdio", "command": "npx", "args": ["-y", "x"], "env": env}})
    server = made.config.servers["my-files"]
    assert server.command == Text("npx")
    assert server.args == (Text("-y"), Text("x"))
    assert server.env["TOKEN"] == Reference("inline-value")
    (notice,) = made.warnings
    assert "TOKEN" in notice.message
    assert "OTHER" not in notice.message
    assert "inline-value" not in f"{made.warnings} {made.config}"


def test_a_pasted_url_with_headers() -> None:
    made = loaded({"crm": {"type": "streamable-http", "url": "https://x.example/mcp", "headers": {"X-Api-Key": "v"}}})
    server = made.config.servers["crm"]
    assert server.transport == "http"
    assert server.credentials == Plugin("static", {"headers": {"X-Api-Key": "v"}})
    assert [notice.path for notice in made.warnings] == ["servers.crm.credentials.headers.X-Api-Key"]


def test_sse_stays_sse() -> None:
    assert loaded({"a": {"type": "sse", "url": "http://127.0.0.1/sse"}}).config.servers["a"].transport == "sse"


def test_beside_our_own_servers() -> None:
    made = loaded({"B": {"command": "b"}}, servers={"a": {"url": "http://127.0.0.1:1/"}}, mode="warn")
    assert set(made.config.servers) == {"a", "b"}


def test_what_only_clients_use_is_ignored_with_a_notice() -> None:
    made = loaded({"a": {"command": "x", "timeout": 60, "autoApprove": ["y"], "disabled": False}})
    assert {notice.path for notice in made.warnings} == {"mcpServers.a.timeout", "mcpServers.a.autoApprove"}


@pytest.mark.parametrize("value", ["true", "yes", 1, None, [True]])
def test_whether_a_server_is_disabled_is_said_clearly(value: object) -> None:
    with pytest.raises(InvalidConfiguration, match="disabled: expected true or false"):
        loaded({"a": {"command": "x", "disabled": value}})


def test_a_disabled_server_is_left_out() -> None:
    made = loaded({"a": {"command": "x", "disabled": True}, "b": {"command": "y"}})
    assert set(made.config.servers) == {"b"}
    assert "disabled" in made.warnings[0].message


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"mcpServers": {"A b": {"command": "x"}, "a-B": {"command": "y"}}}, "would both be called 'a-b'"),
        ({"mcpServers": {"A": {"command": "x"}}, "servers": {"a": {"command": "y"}}}, "would both be called 'a'"),
        ({"mcpServers": {"日本": {"command": "x"}}}, "no id can be made"),
        ({"mcpServers": {"a": []}}, "expected a mapping"),
        ({"mcpServers": []}, "expected a mapping of names"),
        ({"mcpServers": {"a": {"type": "websocket", "url": "http://127.0.0.1/"}}}, "no transport"),
        ({"mcpServers": {"a": {"command": "x", "comand": 1}}}, "unknown key 'comand'"),
        ({"mcpServers": {"a": {"command": "x", "env": {"K": "${input:key}"}}}}, "not a reference"),
    ],
)
def test_refused(document: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidConfiguration, match=what):
        load_text(json.dumps(document))


def test_a_fault_is_placed_where_it_was_pasted() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        load_text('mode: audit\nmcpServers:\n  "My Server":\n    comand: x\n    headers: {A: 1}\n')
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [("servers.my-server.comand", 4)]


def test_a_fault_in_pasted_headers_is_placed_there() -> None:
    made = load_text("mcpServers:\n  a:\n    url: http://127.0.0.1:1/\n    headers:\n      X-Key: v\n")
    assert [(notice.line, notice.column) for notice in made.warnings] == [(5, 7)]
