import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from doorward.cli.policy import command
from doorward.control.store import Store
from doorward.core.audit import AuditRecord, timestamp

NOW = 1_800_000_000.0
CONFIGURATION = """
servers:
  crm: {url: http://127.0.0.1:9/mcp, mode: soft}
identity:
  agents:
    - {id: "agent:ops", secret: env:NOWHERE, servers: {crm: [export]}}
"""
POLICY = """
@id("all")
permit (principal == Doorward::Agent::"agent:a", action, resource in Doorward::Server::"crm");
@id("no-big-limit")
forbid (principal, action == Doorward::Action::"tools/call/crm/list", resource)
when { context.arguments has limit && context.arguments.limit > 100 };
"""
CASE = '- {call: {agent: "agent:a", server: crm, tool: find}, expect: allow, rule: all}\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("doorward.cli.policy.time.time", lambda: NOW)
    made = tmp_path / "doorward.yaml"
    made.write_text(CONFIGURATION)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "crm.cedar").write_text(POLICY)
    (tmp_path / "policies" / "crm.test.yaml").write_text(CASE)
    return made


def call(file: Path, verb: str, *arguments: str) -> Result:
    return CliRunner().invoke(command, [verb, "-c", str(file), *arguments])


def keep(file: Path, digest: str = "d1") -> None:
    store = Store(file.parent / ".doorward/state.db")
    try:
        for tool in ("list", "find"):
            schema = b'{"properties":{"limit":{"type":"integer"}}}'
            store.keep_tool("crm", tool, schema, None, b"{}", NOW)
        store.keep_policies(digest, {"crm.cedar": POLICY}, NOW)
    finally:
        store.close()


def write(file: Path, *changes: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "event_id": "e",
        "exchange_id": "x1",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": timestamp(NOW - 60),
        "identity": "agent:a",
        "client": "agent:a",
        "grant_id": "g",
        "mcp_server": "crm",
        "tool_name": "list",
        "method": "tools/call",
        "mode": "soft",
        "policy_digest": "d1",
    }
    place = file.parent / ".doorward/audit" / ("a" * 32)
    place.mkdir(parents=True)
    lines = [msgspec.json.encode(AuditRecord(**{**usual, **change})) + b"\n" for change in changes]
    (place / "journal-000001.jsonl").write_bytes(b"".join(lines))


def test_show_prints_cedar_with_its_places(file: Path) -> None:
    keep(file)
    shown = call(file, "show")
    assert shown.exit_code == 0, shown.output
    assert f'// {file.parent / "policies" / "crm.cedar"}:2\n@id("all")' in shown.stdout
    assert '// identity.agents\n@id("agents:agent:ops:crm")' in shown.stdout
    assert shown.stderr == ""


def test_show_as_json(file: Path) -> None:
    keep(file)
    shown = json.loads(call(file, "show", "--json").stdout)
    assert [rule["id"] for rule in shown["rules"]] == ["all", "no-big-limit", "agents:agent:ops:crm"]
    assert shown["rules"][1]["effect"] == "forbid"
    assert shown["rules"][1]["severity"] == "high"
    assert len(shown["digest"]) == 64


def test_what_is_not_known_yet_is_a_warning_and_looking_makes_no_store(file: Path) -> None:
    shown = call(file, "show")
    assert shown.exit_code == 0
    assert "warning: " in shown.stderr
    assert "crm/list is not known" in shown.stderr
    assert not (file.parent / ".doorward").exists()


def test_cases_pass(file: Path) -> None:
    keep(file)
    tested = call(file, "test")
    assert (tested.exit_code, tested.stdout) == (0, "1 of 1 cases passed\n")


def test_a_case_that_fails_is_a_no(file: Path) -> None:
    keep(file)
    tests = file.parent / "policies" / "crm.test.yaml"
    limit = '- {call: {agent: "agent:a", server: crm, tool: list, arguments: {limit: 101}}, expect: allow}\n'
    tests.write_text(CASE + limit)
    tested = call(file, "test")
    assert tested.exit_code == 1
    assert tested.stdout == (
        f"failed: {tests}:2: agent:a: crm/list: expected allow, decided was deny by no-big-limit\n1 of 2 cases passed\n"
    )
    shown = json.loads(call(file, "test", "--json").stdout)
    assert (shown["ok"], shown["failed"]) == (False, 1)
    assert [case["passed"] for case in shown["cases"]] == [True, False]
    assert shown["cases"][1]["line"] == 2


def test_no_case_is_said(file: Path) -> None:
    (file.parent / "policies" / "crm.test.yaml").unlink()
    tested = call(file, "test")
    assert (tested.exit_code, tested.stdout) == (0, "there is no case (*.test.yaml)\n")


@pytest.mark.parametrize("verb", ["show", "test", "replay"])
def test_policies_that_are_wrong(file: Path, verb: str) -> None:
    policy = file.parent / "policies" / "crm.cedar"
    policy.write_text("permit (principal, action, resource);")
    asked = call(file, verb)
    assert asked.exit_code == 2
    assert asked.stdout == ""
    assert f"error: {policy}:1: policies: has no @id" in asked.stderr


def test_cases_that_are_wrong(file: Path) -> None:
    (file.parent / "policies" / "crm.test.yaml").write_text("- {expect: allow}\n")
    tested = call(file, "test")
    assert tested.exit_code == 2
    assert "'call' is missing" in tested.stderr


def test_a_configuration_that_is_wrong(file: Path) -> None:
    file.write_text("server: {}\n")
    assert call(file, "explain", "x1").exit_code == 2


def test_a_store_that_cannot_be_read(file: Path) -> None:
    keep(file)
    with sqlite3.connect(file.parent / ".doorward/state.db") as database:
        database.execute("DROP TABLE tool")
    database.close()
    asked = call(file, "show")
    assert asked.exit_code == 3
    assert asked.stderr.startswith("error: ")


def test_explain(file: Path) -> None:
    keep(file)
    denied = {"decision": "deny", "reason": "policy.denied", "severity": "high", "rules": ("no-big-limit",)}
    write(file, {"phase": "intent"}, denied)
    explained = call(file, "explain", "x1")
    assert explained.exit_code == 0, explained.output
    assert "rule         no-big-limit (crm.cedar:4)\n" in explained.stdout
    assert "enforcement  would have done the same\n" in explained.stdout
    shown = json.loads(call(file, "explain", "x1", "--json").stdout)
    assert shown["rules"][0]["line"] == 4
    assert (shown["decision"], shown["enforcement"], shown["policies_known"]) == ("deny", "deny", True)


def test_explain_without_a_store(file: Path) -> None:
    write(file, {"rules": ("all",)})
    explained = call(file, "explain", "x1")
    assert "rule         all (its text was not kept)\n" in explained.stdout


def test_an_exchange_that_nobody_recorded_is_a_no(file: Path) -> None:
    explained = call(file, "explain", "x9")
    assert explained.exit_code == 1
    assert "x9: no record of it" in explained.stderr


def test_replay(file: Path) -> None:
    keep(file)
    write(
        file,
        {"exchange_id": "old", "timestamp": timestamp(NOW - 90_000)},
        {},
        {"exchange_id": "x2", "tool_name": "find", "decision": "deny", "reason": "policy.denied"},
        {"exchange_id": "x3", "tool_name": "find", "identity": "agent:b"},
    )
    replayed = call(file, "replay")
    assert replayed.exit_code == 0, replayed.output
    assert replayed.stdout.splitlines()[-1] == "3 calls, 0 the same, 1 to allow, 1 to deny, 1 depends on arguments"
    shown = json.loads(call(file, "replay", "--since", "7d", "--json").stdout)
    assert shown["calls"] == 4
    assert shown["since"] == timestamp(NOW - 7 * 86400)
    assert {row["change"] for row in shown["rows"]} == {"to allow", "to deny", "depends on arguments"}


def test_replay_of_another_directory_and_mode(file: Path, tmp_path: Path) -> None:
    keep(file)
    write(file, {"tool_name": "find"})
    other = tmp_path / "other"
    other.mkdir()
    (other / "none.cedar").write_text('@id("none")\n@severity("low")\nforbid (principal, action, resource);')
    assert "1 to deny" in call(file, "replay", "--policy", str(other)).stdout
    assert "1 to deny" in call(file, "replay", "--policy", str(other), "--mode", "enforce").stdout
    assert "1 the same" in call(file, "replay", "--policy", str(other), "--mode", "audit").stdout


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--mode", "strict"), ("--policy", "nowhere")])
def test_replay_used_wrongly(file: Path, arguments: tuple[str, str]) -> None:
    assert call(file, "replay", *arguments).exit_code == 2
