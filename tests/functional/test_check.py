"""``doorward check`` and ``doorward schema``, as processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from doorward.cli.check import examine

GOOD = "servers:\n  crm: {url: http://127.0.0.1:3001/mcp}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "doorward.yaml"


def doorward(*arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "doorward", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**os.environ, **environ},
    )


def test_a_good_file(file: Path) -> None:
    file.write_text(GOOD)
    done = doorward("check", cwd=file.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "doorward.yaml: good, 0 warnings\n", "")
    assert os.listdir(file.parent) == ["doorward.yaml"]


def test_a_place_for_the_store_that_serve_would_refuse(file: Path) -> None:
    """Whether there is a store in it yet or not."""
    file.write_text(GOOD)
    state = file.parent / ".doorward"
    state.mkdir(mode=0o700)
    (state / "state.db").symlink_to(file.parent / "elsewhere.db")
    for complaint in ("is of the wrong kind", f"others can write to {state}"):
        done = doorward("check", "-c", str(file))
        assert done.returncode == 1
        assert complaint in done.stdout
        (state / "state.db").unlink(missing_ok=True)
        state.chmod(0o777)
    assert os.listdir(state) == []


def test_warnings_are_no_refusal(file: Path) -> None:
    file.write_text(f"mode: enforce\n{GOOD}")
    done = doorward("check", "-c", str(file))
    assert done.returncode == 0
    assert "warning: " in done.stdout
    assert "deny everybody" in done.stdout


def test_every_problem_with_its_place_and_remedy(file: Path) -> None:
    file.write_text("mod: audit\nlimits:\n  depth: deep\n")
    done = doorward("check", "-c", str(file))
    assert done.returncode == 1
    assert f"error: {file}:1:1: mod: unknown key 'mod' (did you mean mode?)\n" in done.stdout
    assert f"error: {file}:3:3: limits.depth: expected a whole number (" in done.stdout


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        ("servers:\n  a:\n    command: x\n    env:\n      K: env:DOORWARD_NOT_SET\n", 5, "servers.a.env.K"),
        ("servers:\n  a:\n    url: http://x/\n    credentials: vault\n", 4, "servers.a.credentials"),
        ("inspect:\n  detectors:\n    - {use: vision}\n", 3, "inspect.detectors[0]"),
        ("inspect:\n  detectors:\n    - use: stub\n      heavi: true\n", 4, "inspect.detectors[0].heavi"),
    ],
)
def test_secrets_and_plugins_are_looked_at_too(file: Path, text: str, line: int, path: str) -> None:
    file.write_text(text)
    done = doorward("check", "--json", "-c", str(file))
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    (problem,) = report["problems"]
    assert (problem["file"], problem["line"], problem["path"]) == (str(file), line, path)
    assert problem["remedy"]


def test_no_secret_is_printed(file: Path) -> None:
    file.write_text(
        """
        mcpServers:
          a: {command: x, env: {K: inline-hunter2}}
          b: {url: "http://x/?key=${env:K}", headers: {X-Key: header-hunter2}}
        identity: {agents: [{id: "agent:a", token: env:T, servers: {a: [x]}}, {id: "agent:b", token: env:T}]}
        """
    )
    done = doorward("check", "--json", "-c", str(file), K="environment-hunter2", T="hunter2" * 3)
    assert done.returncode == 1
    assert json.loads(done.stdout)["warnings"]
    assert "hunter2" not in done.stdout + done.stderr


def test_keys_that_others_can_read(file: Path) -> None:
    file.write_text(GOOD)
    keys = file.parent / ".doorward" / "keys"
    keys.mkdir(parents=True, mode=0o755)
    (keys / "hashing.key").write_text("")
    done = doorward("check", "-c", str(file))
    assert done.returncode == 1
    assert "can be read by others" in done.stdout


def test_a_file_that_is_not_there(file: Path) -> None:
    done = doorward("check", "-c", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr


def test_the_schema_is_what_is_committed() -> None:
    done = doorward("schema", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    committed = Path(__file__).resolve().parents[2] / "docs" / "doorward.schema.json"
    assert done.stdout == committed.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("when", "detectors", "words"),
    [
        ("{finding: '*', server: crn}", "[patterns]", "no server is 'crn', so nobody is ever told (did you mean crm?)"),
        ("{finding: SSN}", "[patterns]", "is 'SSN', so nobody is ever told (did you mean US_SSN?)"),
        ("{finding: '*'}", "[]", "is '*', so nobody is ever told (add inspect.detectors)"),
        ("{finding: 'US_*', server: 'c*'}", "[patterns]", ""),
        ("{finding: SSN}", "[{use: presidio}]", ""),  # only it knows
        ("{severity: high}", "[]", ""),
    ],
)
def test_an_alert_that_can_never_be_told_is_said(tmp_path: Path, when: str, detectors: str, words: str) -> None:
    file = tmp_path / "doorward.yaml"
    file.write_text(
        "servers: {crm: {url: http://127.0.0.1:9/mcp}}\n"
        f"inspect: {{detectors: {detectors}}}\n"
        f"alerts: [{{use: slack, url: 'https://hooks.slack.com/x', when: {when}}}]\n"
    )
    found = [str(notice) for notice in examine(file).warnings if "alerts" in notice.path]
    assert [words in each for each in found] == [True] * bool(words)
