"""`doorward run` as an IDE starts it: the whole gateway around one stdio server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.functional.stdio.conftest import call_of, modern, tool
from tests.functional.stdio.processes import SERVER, Client, end
from tests.journals import whole_lines
from tests.processes import alive
from tests.waiting import until_here

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

INITIALIZE = call_of("initialize", {"protocolVersion": "2025-11-25"}, "init")


Run = Callable[..., Client]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*args: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Client:
        command = [sys.executable, "-m", "doorward", "run", *options, "--", *(args or (sys.executable, SERVER))]
        environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), **(env or {})}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        started.append(process)
        return Client(process)

    yield start
    end(started)


def records(tmp_path: Path) -> list[dict[str, Any]]:
    found = (tmp_path / "state" / "doorward" / "audit").glob("*/journal-*.jsonl")
    read = [json.loads(line) for file in found for line in whole_lines(file)]
    return [record for record in read if record["kind"] != "checkpoint"]


def test_messages_pass_both_ways_and_are_recorded(run: Run, tmp_path: Path) -> None:
    client = run()
    assert client.ask(INITIALIZE)["id"] == "init"
    client.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert client.line()["method"] == "notifications/tools/list_changed"
    assert client.ask(tool("echo", 1, text="hello"))["result"]["echo"] == {"text": "hello"}
    client.send(tool("progress", 2, token="t"))
    assert [client.line().get("method") for _ in range(3)] == ["notifications/progress"] * 2 + [None]
    assert client.ask(tool("ask", 3))["method"] == "roots/list"
    assert client.ask({"jsonrpc": "2.0", "id": "ours-1", "result": {"roots": []}})["result"]["answer"] == {"roots": []}
    client.stdin.close()
    assert client.stdout.read() == b""
    assert client.process.wait(30) == 0
    calls = [r for r in records(tmp_path) if r["method"] == "tools/call" and r["phase"] == "outcome"]
    assert [call["tool_name"] for call in calls] == ["echo", "progress", "ask"]
    assert {call["identity"].split(":")[0] for call in calls} == {"user"}
    assert {(call["mode"], call["decision"], call["transport"]) for call in calls} == {("audit", "allow", "stdio")}
    assert "hello" not in json.dumps(records(tmp_path))


def ends(tmp_path: Path) -> list[tuple[str, str]]:
    """Of the streams: decision and reason."""
    closed = [record for record in records(tmp_path) if record["kind"] == "stream" and record["phase"] == "closed"]
    return [(record["decision"], record["reason"]) for record in closed]


def test_a_session_that_its_client_ends_has_no_reason(run: Run, tmp_path: Path) -> None:
    client = run()
    assert client.ask(INITIALIZE)["id"] == "init"
    client.stdin.close()
    client.process.wait(30)
    assert ends(tmp_path) == [("allow", "")]


def test_a_server_that_ends_before_its_client_is_recorded(run: Run, tmp_path: Path) -> None:
    client = run()
    assert client.ask(INITIALIZE)["id"] == "init"
    client.send(tool("crash", 1))
    assert client.line()["error"]["data"]["reason"] == "upstream.crashed"
    assert client.stdout.read() == b""
    client.process.wait(30)
    assert ends(tmp_path) == [("allow", "upstream.crashed")]


def test_bytes_pass_as_they_are(run: Run) -> None:
    client = run("cat")
    odd = b' {"jsonrpc":"2.0" ,"method":"notifications/x","params":{"n":1e3,"u":"\\u00e9","s":"\xc3\xa9"},"more":[] }\n'
    client.send(odd)
    assert client.stdout.readline() == odd


def test_the_modern_era_passes_as_well(run: Run) -> None:
    client = run()
    assert client.ask(modern(call_of("server/discover")))["result"]["method"] == "server/discover"
    client.send(modern(call_of("subscriptions/listen", {"notifications": {}}, 5)))
    assert client.line()["method"] == "notifications/subscriptions/acknowledged"
    assert client.ask(modern(tool("echo", 6)))["id"] == 6


def test_a_legacy_servers_error_to_discover_is_its_own(run: Run) -> None:
    client = run(sys.executable, SERVER, "--legacy")
    assert client.ask(modern(call_of("server/discover")))["error"] == {"code": -32601, "message": "Method not found"}


def test_a_crash_answers_what_was_asked_and_ends_us_like_the_server(run: Run) -> None:
    client = run()
    client.send(tool("hang", 1), tool("crash", 2))
    errors = {client.line()["id"] for _ in range(2)}
    assert errors == {1, 2}
    assert client.stdout.read() == b""
    assert client.process.wait(30) == 3


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on(run: Run) -> None:
    client = run()
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"' + b"x" * (5 << 20) + b'"}}\n')
    assert client.line()["error"]["data"]["reason"] == "message.too_large"
    assert client.ask(tool("echo", 2))["id"] == 2


def test_enforce_refuses_what_has_no_single_reading(run: Run) -> None:
    client = run(options=("--mode", "enforce"))
    refusal = client.ask(b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n')
    assert "error" in refusal
    assert client.ask(tool("echo", 3))["result"]["echo"] == {}


def test_settings_and_caller_can_come_from_a_configuration(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "doorward.yaml"
    config.write_text(
        "mode: enforce\n"
        "identity: {agents: [{id: 'agent:a', token: 'env:A_TOKEN', servers: {crm: [echo]}}]}\n"
        "servers: {crm: {command: ignored}, other: {command: ignored}}\n"
        f"keys: {{directory: {tmp_path}/keys}}\naudit: {{directory: {tmp_path}/state/doorward/audit}}\n"
    )
    token = "a-token-" + "of-an-agent"
    env = {"A_TOKEN": token, "DOORWARD_TOKEN": token}
    client = run(options=("-c", str(config), "--server", "crm"), env=env)
    assert client.ask(tool("echo", 1))["result"]["echo"] == {}
    assert client.ask(tool("log", 2))["error"]["data"]["reason"] == "policy.denied"
    assert {r["identity"] for r in records(tmp_path)} == {"agent:a"}
    for options, text in ((("-c", str(config)), b"--server"), (("-c", str(config), "--server", "no"), b"crm, other")):
        wrong = run(options=options, env=env)
        assert wrong.process.wait(30) == 2
        assert wrong.process.stderr is not None
        assert text in wrong.process.stderr.read()


def test_without_records_audit_goes_on_and_enforce_does_not(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, no directory")
    client = run()
    assert client.ask(tool("echo", 1))["id"] == 1
    strict = run(options=("--mode", "enforce"))
    assert strict.process.wait(30) in (2, 3)


@pytest.mark.parametrize(("command", "code"), [("/nowhere/at-all", 127), ("/etc/hostname", 126)])
def test_a_command_that_cannot_be_started(run: Run, command: str, code: int) -> None:
    client = run(command)
    assert client.process.wait(30) == code
    assert client.process.stderr is not None
    assert command.encode() in client.process.stderr.read()


def test_a_signal_in_the_first_moment_reaches_the_child(run: Run) -> None:
    client = run("sleep", "300")
    until_here(lambda: os.path.exists(f"/proc/{client.process.pid}/task") and _children(client.process.pid))
    (child,) = _children(client.process.pid)
    client.process.send_signal(signal.SIGTERM)
    assert client.process.wait(30) == 128 + signal.SIGTERM
    assert not alive(child)


def test_a_signal_while_the_child_is_being_started_reaches_it(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from doorward.bootstrap import run\n"
        "spawn = run.spawn\n"
        "def signalled(*args):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return spawn(*args)\n"
        "run.spawn = signalled\n"
        "sys.exit(run.run(['sleep', '300'], config=None, server=None, mode=None))\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, stdin=subprocess.DEVNULL, timeout=30)
    assert ended.returncode == 128 + signal.SIGTERM


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
