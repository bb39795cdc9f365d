"""``doorward token``: on real keys, a real store and a real log in a temporary directory."""

import json
import os
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.tokens import ec_key, signed

from doorward.bootstrap.admin_records import os_user
from doorward.cli.token import command
from doorward.control.store import Store
from doorward.core.errors import JournalFault

CONFIG = """
listen: {public_url: https://mcp.example.com, tls_terminated: true}
servers:
  hubspot: {url: http://127.0.0.1:1/mcp}
  files: {url: http://127.0.0.1:2/mcp}
identity:
  issuers: [{issuer: https://idp.example.com, name: idp}]
  agents:
    - {id: "agent:sales", secret: env:NOT_SET_HERE, servers: {hubspot: ["get_*", search], files: ["*"]}}
    - {id: "agent:helper", secret: env:NOT_SET_HERE, servers: {hubspot: ["get_*"]}}
    - {id: "agent:fixed", token: env:NOT_SET_HERE, servers: {hubspot: ["get_*"]}}
"""
YEARS = 100 * 365 * 86400.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "doorward.yaml"
    path.write_text(CONFIG)
    return path


def call(file: Path, verb: str, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, [verb, "-c", str(file), *arguments], input=stdin)


def mint(file: Path, *arguments: str) -> dict[str, Any]:
    done = call(file, "mint", "--agent", "agent:sales", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def inspect(file: Path, token: str) -> tuple[int, dict[str, Any]]:
    done = call(file, "inspect", "--json", stdin=token + "\n")
    return done.exit_code, json.loads(done.stdout)


def records(file: Path) -> list[dict[str, Any]]:
    found = [
        json.loads(line)
        for journal in file.parent.glob(".doorward/audit/*/journal-*.jsonl")
        for line in journal.read_text().splitlines()
    ]
    found = [record for record in found if record["phase"] != "opened"]  # the first of each writer
    return sorted(found, key=lambda record: str(record["timestamp"]))


def test_a_minted_token_is_printed_alone_kept_and_recorded(file: Path) -> None:
    done = call(file, "mint", "--agent", "agent:sales")
    assert done.exit_code == 0
    token = done.stdout.strip()
    code, found = inspect(file, token)
    assert (code, found["signature"], found["valid"]) == (0, "valid", True)
    assert found["claims"]["aud"] == ["https://mcp.example.com/mcp/hubspot", "https://mcp.example.com/mcp/files"]
    store = Store(file.parent / ".doorward/state.db")
    (row,) = store.grants(time.time())
    store.close()
    assert row.token_id == found["claims"]["jti"]
    (entry,) = records(file)
    assert (entry["kind"], entry["method"], entry["identity"]) == ("admin", "token mint", os_user())
    assert entry["grant_id"] == found["claims"]["grant_id"]
    assert token not in json.dumps(entry)


def test_less_may_be_asked_for(file: Path) -> None:
    made = mint(file, "--server", "hubspot", "--tool", "search", "--tool", "get_a*", "--lifetime", "5m")
    assert made["aud"] == ["https://mcp.example.com/mcp/hubspot"]
    assert made["scope"] == "hubspot:search hubspot:get_a*"
    assert 295 <= made["expires_in"] <= 300


def test_a_shorter_life_than_was_asked_for_is_told(file: Path) -> None:
    made = call(file, "mint", "--agent", "agent:sales", "--lifetime", "1h")
    assert made.exit_code == 0
    assert re.match(r"note: it lives (899|900) s and not 1h: ", made.stderr)
    assert call(file, "mint", "--agent", "agent:sales", "--lifetime", "15m").stderr == ""


def test_a_grant_that_opens_nothing_says_so(file: Path) -> None:
    parent = mint(file, "--server", "hubspot", "--tool", "search")
    made = call(file, "exchange", "--agent", "agent:helper", stdin=parent["access_token"])
    assert (made.exit_code, made.stderr) == (0, "note: it names no tool: the two lists have none in common\n")


@pytest.mark.parametrize(("named", "told"), [("agent:sale", True), ("agent:sales", False), ("idp|bob", False)])
def test_an_agent_that_is_not_configured_is_asked_about(file: Path, named: str, told: bool) -> None:
    done = call(file, "revoke", "--client" if named.startswith("agent:") else "--sub", named)
    assert done.exit_code == 0
    assert ("is it spelt so?" in done.stderr) is told


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--agent", "agent:nobody"], 2, "there is no agent"),
        (["--agent", "agent:sales", "--server", "crm"], 2, "there is no server"),
        (["--agent", "agent:sales", "--tool", "x"], 2, "without its server"),
        (["--agent", "agent:sales", "--lifetime", "soon"], 2, "expected a duration"),
        (["--agent", "agent:helper", "--server", "files"], 1, "refused"),
        (["--agent", "agent:helper", "--server", "hubspot", "--tool", "*"], 1, "refused"),
    ],
)
def test_what_is_not_minted(file: Path, arguments: list[str], code: int, said: str) -> None:
    done = call(file, "mint", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert records(file) == []


def test_an_exchange_reads_a_file_or_standard_input(file: Path, tmp_path: Path) -> None:
    parent = mint(file)
    (tmp_path / "parent").write_text(parent["access_token"] + "\n")
    for arguments, stdin in ((["--token-file", str(tmp_path / "parent")], None), ([], parent["access_token"])):
        done = call(file, "exchange", "--agent", "agent:helper", "--json", *arguments, stdin=stdin)
        assert done.exit_code == 0, done.output
        child = json.loads(done.stdout)
        assert child["scope"] == "hubspot:get_*"
        _, found = inspect(file, child["access_token"])
        assert found["claims"]["act"] == {"sub": "agent:helper"}
        assert found["claims"]["anc"] == [parent["jti"]]
    assert [entry["method"] for entry in records(file)] == ["token mint", "token exchange", "token exchange"]


def test_revoking_a_token_takes_its_children(file: Path) -> None:
    parent = mint(file)
    child = json.loads(call(file, "exchange", "--agent", "agent:helper", "--json", stdin=parent["access_token"]).stdout)
    done = call(file, "revoke", "-", "--json", stdin=parent["access_token"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said.pop("until")[:2], said) == (0, "20", {"revoked": f"token {parent['jti']}"})
    for token in (parent["access_token"], child["access_token"]):
        code, found = inspect(file, token)
        assert (code, found["signature"], found["valid"]) == (1, "valid", False)
        assert "revoked" in found["why"]
    done = call(file, "exchange", "--agent", "agent:helper", stdin=parent["access_token"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert records(file)[-1]["method"] == "token revoke"


@pytest.mark.parametrize("how", ["grant", "family", "client"])
def test_other_ways_to_revoke(file: Path, how: str) -> None:
    made = mint(file)
    token = made["access_token"]
    arguments = {
        "grant": ["--grant", made["grant_id"]],
        "family": [token, "--family"],
        "client": ["--client", "agent:sales"],
    }
    done = call(file, "revoke", *arguments[how])
    assert done.exit_code == 0, done.output
    assert inspect(file, token)[0] == 1
    assert token not in json.dumps(records(file))


@pytest.mark.parametrize("issuer", ["idp", "https://idp.example.com"])
@pytest.mark.parametrize("kind", ["sub", "jti", "client"])
def test_an_issuers_people_tokens_and_clients(file: Path, issuer: str, kind: str) -> None:
    done = call(file, "revoke", "--issuer", issuer, f"--{kind}", "x")
    assert done.exit_code == 0, done.output
    store = Store(file.parent / ".doorward/state.db")
    now = time.time()
    assert ("idp", kind, "x") in store.shared(now).revocations.external
    assert ("idp", kind, "x") in store.shared(now + 90 * 60).revocations.external  # as long as its tokens live
    store.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--grant", "g", "--sub", "s"], "one thing"),
        (["--issuer", "idp"], "one thing"),
        (["--jti", "j"], "one thing"),
        (["token", "--grant", "g"], "one thing"),
        (["--issuer", "other", "--sub", "s"], "no such issuer"),
    ],
)
def test_revoking_needs_one_thing(file: Path, arguments: list[str], said: str) -> None:
    done = call(file, "revoke", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert records(file) == []


def revoked(file: Path, later: float) -> frozenset[tuple[str, str, str]]:
    """Who outside is revoked, as the gateway reads it, ``later`` seconds from now."""
    store = Store(file.parent / ".doorward/state.db")
    try:
        return store.shared(time.time() + later).revocations.external
    finally:
        store.close()


@pytest.mark.parametrize("kind", ["sub", "client"])
def test_an_agent_with_a_fixed_token_is_revoked_for_good_and_until_that_is_lifted(file: Path, kind: str) -> None:
    done = call(file, "revoke", f"--{kind}", "agent:fixed")
    assert (done.exit_code, done.stdout) == (0, f"revoked: {kind} agent:fixed, for good\n")
    assert "--lift" in done.stderr
    assert ("", kind, "agent:fixed") in revoked(file, YEARS)
    done = call(file, "revoke", f"--{kind}", "agent:fixed", "--lift")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"lifted: {kind} agent:fixed\n", "")
    assert revoked(file, 0) == frozenset()
    assert records(file)[-1]["detail"] == f"lifted: {kind} agent:fixed"
    done = call(file, "revoke", f"--{kind}", "agent:fixed", "--lift")
    assert (done.exit_code, done.stdout) == (1, "")


def test_nobody_is_let_in_again_without_a_record(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(file, "revoke", "--client", "agent:fixed").exit_code == 0

    def broken(*_: Any, **__: Any) -> None:
        raise JournalFault("the disk is full")

    monkeypatch.setattr("doorward.bootstrap.token_desk.admin_record", broken)
    assert call(file, "revoke", "--client", "agent:fixed", "--lift").exit_code == 3
    assert ("", "client", "agent:fixed") in revoked(file, 0)


def test_a_fixed_token_that_is_revoked_for_a_time_is_said_to_be_good_again_then(file: Path) -> None:
    done = call(file, "revoke", "--client", "agent:fixed", "--for", "1h")
    assert "its fixed token is good again then" in done.stderr
    assert ("", "client", "agent:fixed") in revoked(file, 3500)
    assert revoked(file, 3700) == frozenset()
    assert call(file, "revoke", "--client", "agent:fixed").stdout.endswith("for good\n")
    assert call(file, "revoke", "--client", "agent:fixed", "--for", "1h").stdout.endswith("for good\n")  # not shortened


def test_until_when_an_agent_is_revoked_is_said_and_what_it_can_do_then(file: Path) -> None:
    done = call(file, "revoke", "--client", "agent:sales")
    assert re.fullmatch(r"revoked: client agent:sales, until 20\S+Z\n", done.stdout)
    assert "it can get grants again then" in done.stderr


def test_a_person_is_revoked_by_the_name_that_records_give_it(file: Path) -> None:
    done = call(file, "revoke", "--sub", "idp|bob|x")
    assert (done.exit_code, done.stderr) == (0, "")
    assert revoked(file, 3600) == {("idp", "sub", "bob|x")}  # as its tokens are asked for, and the grants made of them
    assert call(file, "revoke", "--sub", "none|bob").exit_code == 2
    assert call(file, "revoke", "--sub", "idp|bob|x", "--lift").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["--lift"], ["--lift", "--grant", "g"], ["--lift", "--client", "c", "--for", "1h"]]
)
def test_only_who_was_revoked_outside_can_be_let_in_again(file: Path, arguments: list[str]) -> None:
    assert call(file, "revoke", *arguments, stdin="x").exit_code == 2


def test_for_no_time_is_refused_and_for_all_time_is_not(file: Path) -> None:
    assert call(file, "revoke", "--client", "agent:sales", "--for", "0s").exit_code == 2
    assert records(file) == []
    assert call(file, "revoke", "--client", "agent:sales", "--for", "999999999d").exit_code == 0


def test_a_token_that_is_not_ours_revokes_nothing(file: Path) -> None:
    done = call(file, "revoke", stdin="nonsense")
    assert done.exit_code == 1
    assert records(file) == []


def test_inspecting_changes_nothing_and_says_what_it_could_not_check(file: Path) -> None:
    foreign = signed({"iss": "https://idp.example.com", "sub": "u"}, ec_key(), typ="at+jwt")
    code, found = inspect(file, foreign)
    assert (code, found["signature"], found["valid"]) == (1, "not checked", False)
    forged = signed({"iss": "https://mcp.example.com"}, ec_key(), typ="doorward-grant+jwt", kid="x")
    code, found = inspect(file, forged)
    assert (code, found["signature"], found["valid"]) == (1, "invalid", False)
    assert call(file, "inspect", "not-a-token").exit_code == 1
    assert os.listdir(file.parent) == ["doorward.yaml"]


def test_inspecting_an_expired_token_says_that_its_signature_is_good(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mint(file, "--lifetime", "1s")["access_token"]
    monkeypatch.setattr("doorward.cli.token._desk", _in_an_hour)
    code, found = inspect(file, token)
    assert (code, found["signature"], found["why"]) == (1, "valid", "it has expired")
    plain = call(file, "inspect", token).stdout
    assert "signature: valid\nvalid:     no, it has expired\nexpires:   2" in plain


def _in_an_hour(config: Path) -> Any:
    from doorward.bootstrap.token_desk import TokenDesk
    from doorward.configfile import load

    return TokenDesk(load(config), clock=lambda: time.time() + 3600)


def test_without_a_log_nothing_is_handed_out(file: Path) -> None:
    (file.parent / ".doorward").mkdir(mode=0o700)
    (file.parent / ".doorward/audit").write_text("in the way")
    done = call(file, "mint", "--agent", "agent:sales")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "the audit directory cannot be written" in done.stderr


def test_keys_that_others_can_read_are_refused(file: Path) -> None:
    mint(file)
    keys = file.parent / ".doorward/keys"
    keys.chmod(0o755)
    done = call(file, "mint", "--agent", "agent:sales")
    assert (done.exit_code, done.stdout) == (2, "")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o755
