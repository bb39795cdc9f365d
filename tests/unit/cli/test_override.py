import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from doorward.bootstrap import admin_records
from doorward.bootstrap.admin_records import os_user
from doorward.cli.override import command
from doorward.control import rollout
from doorward.control.store import Store, StoreFault

CONFIGURATION = """
identity: {agents: [{id: "agent:sales", secret: env:SALES_SECRET}]}
servers:
  crm: {url: http://127.0.0.1:9/mcp, mode: soft, tools: {"get_*": {mode: enforce}}}
"""
MORE = "  files: {url: http://127.0.0.1:9/mcp}\n"
WHY = "CRM migration, ticket OPS-311"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "doorward.yaml"
    made.write_text(CONFIGURATION)
    return made


def call(file: Path, verb: str, *arguments: str) -> Result:
    return CliRunner().invoke(command, [verb, "-c", str(file), *arguments])


def grant(file: Path, *more: str, **changes: str) -> Result:
    options = {"rule": "default-deny", "agent": "agent:sales", "tool": "delete_customer", "for": "4h", "why": WHY}
    return call(
        file, "grant", *(part for name, value in (options | changes).items() for part in (f"--{name}", value)), *more
    )


def records(file: Path) -> list[dict[str, Any]]:
    journals = (file.parent / ".doorward/audit").glob("*/journal-*.jsonl")
    found = [json.loads(line) for journal in journals for line in journal.read_text().splitlines()]
    found = [record for record in found if record["phase"] != "opened"]  # the first of each writer
    return sorted(found, key=lambda record: str(record["timestamp"]))


def in_force(file: Path) -> list[str]:
    store = Store(file.parent / ".doorward/state.db")
    try:
        return [granted.override.id for granted in store.overrides(time.time())]
    finally:
        store.close()


def test_granted_listed_and_revoked(file: Path) -> None:
    granted = grant(file, "--json")
    assert granted.exit_code == 0, granted.output
    shown = json.loads(granted.stdout)
    found = [shown[name] for name in ("rule", "agent", "server", "tool", "why", "by")]
    assert found == ["default-deny", "agent:sales", "crm", "delete_customer", WHY, os_user()]
    assert granted.stderr == ""

    listed = call(file, "list", "--json")
    assert json.loads(listed.stdout) == {"overrides": [shown]}
    plain = call(file, "list").stdout
    assert all(text in plain for text in (shown["id"], "agent:sales", "crm/delete_customer", shown["until"], WHY))

    assert call(file, "revoke", shown["id"], "--json").stdout == json.dumps({"id": shown["id"], "ended": True}) + "\n"
    assert call(file, "list").stdout == "no override is in force\n"
    assert json.loads(call(file, "list", "--json").stdout) == {"overrides": []}
    first, second = records(file)
    assert (first["kind"], first["method"], first["identity"]) == ("admin", "override grant", os_user())
    assert all(text in first["detail"] for text in (shown["id"], "default-deny", "agent:sales", "4h", WHY))
    assert (second["kind"], second["method"], second["detail"]) == ("admin", "override revoke", shown["id"])


def test_it_lasts_as_long_as_was_said(file: Path) -> None:
    before = time.time()
    assert grant(file, **{"for": "7d"}).exit_code == 0
    store = Store(file.parent / ".doorward/state.db")
    (granted,) = store.overrides(before)
    store.close()
    assert before + 7 * 86400 <= granted.override.until <= time.time() + 7 * 86400


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "*"},
        {"rule": "one-reading"},
        {"agent": "agent:*"},
        {"tool": "delete_*"},
        {"for": "8d"},
        {"for": "0s"},
        {"for": "4 hours"},
        {"why": "because"},
        {"server": "files"},
        {"server": "*"},
    ],
)
def test_what_must_not_be_is_refused_and_leaves_nothing(file: Path, changes: dict[str, str]) -> None:
    refused = grant(file, **changes)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: ")
    assert refused.stdout == ""
    assert in_force(file) == []
    assert records(file) == []


@pytest.mark.parametrize("missing", ["--rule", "--agent", "--tool", "--for", "--why"])
def test_nothing_is_guessed(file: Path, missing: str) -> None:
    arguments = ["--rule", "r", "--agent", "a", "--tool", "t", "--for", "4h", "--why", WHY]
    place = arguments.index(missing)
    assert call(file, "grant", *arguments[:place], *arguments[place + 2 :]).exit_code == 2


def test_the_server_is_asked_for_where_there_are_several(file: Path) -> None:
    file.write_text(CONFIGURATION + MORE)
    asked = grant(file)
    assert asked.exit_code == 2
    assert "crm, files" in asked.stderr
    assert grant(file, server="crm").exit_code == 0


def test_where_it_has_no_effect_it_says_so(file: Path) -> None:
    granted = grant(file, tool="get_customer")
    assert granted.exit_code == 0
    assert "enforce" in granted.stderr
    assert "soft alone" in granted.stderr


def test_what_may_be_misspelt_is_asked_about(file: Path) -> None:
    granted = grant(file, agent="agent:sale")
    assert (granted.exit_code, granted.stderr) == (0, "note: no agent 'agent:sale' is configured: is it spelt so?\n")
    assert grant(file, agent="corp|alice").stderr == ""
    store = Store(file.parent / ".doorward/state.db")
    store.keep_tool("crm", "get_it", b"{}", None, b"{}", 0.0)
    store.close()
    granted = grant(file)
    assert granted.exit_code == 0
    assert granted.stderr == "note: crm has listed no tool 'delete_customer' so far: is it spelt so?\n"


def test_what_is_not_in_force_cannot_be_revoked(file: Path) -> None:
    unknown = call(file, "revoke", "ovr-unknown")
    assert unknown.exit_code == 1
    assert "no such override" in unknown.stdout
    assert records(file) == []


def test_without_a_record_no_override(file: Path) -> None:
    (file.parent / ".doorward").mkdir(mode=0o700)
    (file.parent / ".doorward/audit").write_text("")
    assert grant(file).exit_code == 3
    assert in_force(file) == []


def test_what_cannot_be_recorded_is_revoked_all_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id = json.loads(grant(file, "--json").stdout)["id"]
    audit = file.parent / ".doorward/audit"
    audit.rename(file.parent / "elsewhere")
    audit.write_text("")
    assert call(file, "revoke", id).exit_code == 3
    assert in_force(file) == []


def test_a_wrong_configuration_or_store(file: Path) -> None:
    (file.parent / ".doorward").mkdir(mode=0o700)
    state = file.parent / ".doorward/state.db"
    state.write_bytes(b"no database at all" * 100)
    state.chmod(0o600)
    for failed in (grant(file), call(file, "list"), call(file, "revoke", "x")):
        assert failed.exit_code == 2
        assert "state.url" in failed.stderr
    file.write_text("servers: {crm: {}}")
    assert grant(file).exit_code == 2
    assert CliRunner().invoke(command, ["list", "-c", str(file.parent / "nothing.yaml")]).exit_code == 2


def test_a_store_that_fails_is_an_outside_fault(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreFault("the store cannot be written: disk I/O error")

    for method in ("add_override", "overrides", "end_override"):
        monkeypatch.setattr(Store, method, fails)
    for failed in (grant(file), call(file, "list"), call(file, "revoke", "x")):
        assert (failed.exit_code, failed.stderr) == (3, "error: the store cannot be written: disk I/O error\n")
        assert failed.stdout == ""


def test_the_record_comes_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(Store, "add_override", lambda self, override, **more: seen.append(len(records(file))))
    assert grant(file).exit_code == 0
    assert seen == [1]


def test_the_longest_override_fits_into_its_record() -> None:
    assert rollout.MOST_CHARACTERS + 128 + 2 * 256 + 63 + 100 <= admin_records.MOST_DETAIL
