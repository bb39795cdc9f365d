"""`doorward run` with grants: the token of a file, of a client, of the environment; revocation, policies, lists."""

import getpass
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.functional.stdio.conftest import call_of, modern, tool
from tests.functional.stdio.processes import SERVER, Client, end
from tests.journals import whole_lines
from tests.waiting import until_here

from doorward import configfile
from doorward.bootstrap.stdio_token import VARIABLES
from doorward.bootstrap.token_desk import TokenDesk
from doorward.control.store import Store

SECRET = "the-secret-of-" + "agent-a-0123456789"
CONFIG = """
mode: {mode}
listen: {{address: "127.0.0.1:8080"}}
identity:
  agents:
    - {{id: "agent:a", secret: "env:DOORWARD_TEST_SECRET", servers: {{crm: [echo, hang, environment, ask]}}}}
    - {{id: "agent:b", secret: "env:DOORWARD_TEST_SECRET", servers: {{crm: [hang]}}}}
    - {{id: "agent:c", secret: "env:DOORWARD_TEST_SECRET", servers: {{other: [echo]}}}}
servers: {{crm: {{command: ignored}}, other: {{command: ignored}}}}
{more}
"""


class World:
    """A configuration file, the desk that mints by it, and the processes that were started with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "doorward.yaml"
        self.token_file = root / "token"
        self.started: list[subprocess.Popen[bytes]] = []
        self.write()

    def write(self, mode: str = "enforce", more: str = "") -> None:
        self.file.write_text(CONFIG.format(mode=mode, more=more))

    @property
    def desk(self) -> TokenDesk:
        return TokenDesk(configfile.load(str(self.file)))

    def mint(self, agent: str = "agent:a", lifetime: float | None = None) -> str:
        return self.desk.mint(agent, (), (), lifetime).access_token

    def put(self, token: str) -> None:
        new = self.root / "token.new"
        new.touch(mode=0o600)
        new.write_text(token + "\n")
        new.rename(self.token_file)

    def run(self, *options: str, config: bool = True, **environ: str) -> "Caller":
        given = ("-c", str(self.file), "--server", "crm") if config else ()
        command = [sys.executable, "-m", "doorward", "run", *given, *options, "--", sys.executable, SERVER]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.root / "state"), "DOORWARD_TEST_SECRET": SECRET}
        pipe = subprocess.PIPE
        errors = (self.root / f"stderr-{len(self.started)}").open("wb")
        with errors:
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, env={**environment, **environ})
        self.started.append(process)
        return Caller(process, Path(errors.name))

    def records(self) -> list[dict[str, Any]]:
        found = [*self.root.glob(".doorward/audit/*/journal-*.jsonl"), *self.root.glob("state/**/journal-*.jsonl")]
        read = [json.loads(line) for file in found for line in whole_lines(file)]
        return [record for record in read if record["kind"] != "checkpoint"]

    def callers(self) -> set[str]:
        return {r["identity"] for r in self.records() if r["kind"] == "exchange" and r["phase"] == "outcome"}

    def end(self) -> None:
        end(self.started)


class Caller(Client):
    """``errors``: where the program's own log goes."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: Path) -> None:
        super().__init__(process)
        self.errors = errors

    def reason(self, identifier: int = 1, name: str = "echo") -> str:
        """Of the refusal of one call; "" if it is none."""
        answer = self.ask(tool(name, identifier))
        assert answer["id"] == identifier
        return str(answer["error"]["data"]["reason"]) if "error" in answer else ""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()


Answers = Callable[[dict[str, list[str]]], tuple[int, dict[str, Any], dict[str, str]]]


class Endpoint:
    """A token endpoint on loopback; ``answer`` says what it says to a form."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.answer: Answers = lambda form: (500, {}, {})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                outer.forms.append(form)
                outer.paths.append(self.path)
                status, body, headers = outer.answer(form)
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


# -- a file


def test_a_token_file_is_followed(world: World) -> None:
    world.put(world.mint())
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    assert client.reason(1) == ""
    assert client.reason(2, "log") == "policy.denied"
    world.put(world.mint("agent:b"))
    assert client.reason(3) == "policy.denied"
    world.put("no-token-at-all")
    assert client.reason(4) == "auth.expired"
    world.put(world.mint("agent:c"))
    assert client.reason(5) == "auth.audience"
    world.token_file.unlink()
    assert client.reason(6) == "auth.expired"
    world.put(world.mint())
    assert client.reason(7) == ""
    assert world.callers() == {"agent:a", "agent:b", "anonymous"}


def test_a_token_file_that_others_can_read_is_not_used(world: World) -> None:
    world.put(world.mint())
    world.token_file.chmod(0o644)
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    assert client.reason(1) == "auth.expired"
    world.token_file.chmod(0o600)
    assert client.reason(2) == ""
    assert "chmod" in client.errors.read_text()


@pytest.mark.parametrize("mode", ["audit", "enforce"])
def test_after_its_expiry_a_token_is_refused_until_another_comes(world: World, mode: str) -> None:
    world.write(mode)
    world.put(world.mint(lifetime=3.0))
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    until_here(lambda: client.reason(1) == "auth.expired")
    client.send({"jsonrpc": "2.0", "method": "notifications/x"})  # nobody waits for an answer to that
    world.put(world.mint())
    assert client.reason(2) == ""


def test_a_listen_ends_with_its_grant(world: World) -> None:
    world.put(world.mint())
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    assert client.reason(1) == ""  # it has started, however long that took
    world.put(world.mint(lifetime=4.0))
    client.send(modern(call_of("subscriptions/listen", {"notifications": {}}, 5)))
    assert client.line()["method"] == "notifications/subscriptions/acknowledged"
    ended = client.line()
    assert (ended["id"], ended["error"]["data"]["reason"]) == (5, "auth.expired")


# -- revocation


def test_what_is_revoked_ends_calls_under_way_and_refuses_new_ones(world: World) -> None:
    token = world.mint()
    world.put(token)
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    assert client.reason(1) == ""
    client.send(tool("hang", 2))
    until_here(lambda: any(r["tool_name"] == "hang" for r in world.records()))
    world.desk.revoke_token(token)
    ended = client.line()
    assert (ended["id"], ended["error"]["data"]["reason"]) == (2, "auth.revoked")
    assert client.reason(3) == "auth.revoked"
    world.put(world.mint())
    assert client.reason(4) == ""


# -- a client


@pytest.mark.parametrize("secret", ["env:DOORWARD_TEST_SECRET", "file:", SECRET])
def test_a_client_of_the_file_gets_its_grant_in_here(world: World, tmp_path: Path, secret: str) -> None:
    if secret == "file:":
        (tmp_path / "secret").write_text(SECRET + "\n")
        secret = f"file:{tmp_path}/secret"
    client = world.run(DOORWARD_CLIENT_ID="agent:a", DOORWARD_CLIENT_SECRET=secret)
    assert client.reason(1) == ""
    assert client.reason(2, "log") == "policy.denied"
    minted = [r for r in world.records() if r["kind"] == "token" and r["decision"] == "allow"]
    assert [r["identity"] for r in minted] == ["agent:a"]
    assert SECRET not in client.errors.read_text() + json.dumps(world.records())


def test_a_wrong_secret_yields_no_grant_and_no_local_user(world: World) -> None:
    wrong = "another-secret-" + "0123456789"
    client = world.run(DOORWARD_CLIENT_ID="agent:a", DOORWARD_CLIENT_SECRET=wrong)
    assert client.reason(1) == "auth.expired"
    assert world.callers() == {"anonymous"}
    said = client.errors.read_text()
    assert "invalid_client" in said
    assert wrong not in said


def test_a_client_elsewhere_is_renewed_before_its_grant_ends(world: World, endpoint: Endpoint) -> None:
    endpoint.answer = lambda form: (
        200,
        {"access_token": world.mint("agent:a", 2.0), "token_type": "Bearer", "expires_in": 2},
        {},
    )
    client = world.run(DOORWARD_CLIENT_ID="somebody", DOORWARD_CLIENT_SECRET=SECRET, DOORWARD_TOKEN_URL=endpoint.url)
    until_here(lambda: client.reason(1) == "")
    until_here(lambda: len(endpoint.forms) >= 3)
    endpoint.answer = lambda form: (503, {"error": "temporarily_unavailable"}, {})
    until_here(lambda: client.reason(2) == "auth.expired")
    endpoint.answer = lambda form: (
        200,
        {"access_token": world.mint("agent:a"), "token_type": "Bearer", "expires_in": 900},
        {},
    )
    until_here(lambda: client.reason(3) == "")
    assert set(endpoint.paths) == {"/oauth/token"}
    assert endpoint.forms[0] == {
        "grant_type": ["client_credentials"],
        "client_id": ["somebody"],
        "client_secret": [SECRET],
        "resource": ["http://127.0.0.1:8080/mcp/crm"],
    }


def test_a_token_endpoint_that_redirects_is_not_followed(world: World, endpoint: Endpoint) -> None:
    endpoint.answer = lambda form: (307, {}, {"Location": f"{endpoint.url}/elsewhere"})
    client = world.run(
        DOORWARD_CLIENT_ID="somebody", DOORWARD_CLIENT_SECRET=SECRET, DOORWARD_TOKEN_URL=endpoint.url + "/token"
    )
    assert client.reason(1) == "auth.expired"
    assert set(endpoint.paths) == {"/token"}


# -- who it is


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", "something"])
def test_without_a_configuration_a_token_is_refused(world: World, name: str, value: str) -> None:
    client = world.run(config=False, **{name: value})
    answer = client.ask(call_of("initialize", {"protocolVersion": "2025-11-25"}, "init"))
    assert (answer["id"], answer["error"]["data"]["reason"]) == ("init", "auth.expired")
    assert client.reason(1) == "auth.expired"
    assert "start with -c" in client.errors.read_text()
    assert not any(caller.startswith("user:") for caller in world.callers())


def test_the_local_user_is_the_caller_where_no_variable_is_set(world: World) -> None:
    client = world.run("--mode", "audit")
    assert client.reason(1) == ""
    (caller,) = world.callers()
    assert caller.startswith("user:")
    strict = world.run()
    assert strict.reason(1) == "policy.denied"
    world.file.write_text("mode: enforce\nservers: {crm: {command: ignored}}\n")  # nobody is permitted anything
    assert world.run().reason(1) == "policy.denied"


def test_a_policy_can_permit_the_local_user(world: World) -> None:
    policies = world.root / "policies"
    policies.mkdir()
    permit = f'@id("me") permit (principal == Doorward::User::"user:{getpass.getuser()}", action, resource);\n'
    (policies / "a.cedar").write_text(permit)
    world.write(more="policies: policies")
    assert world.run().reason(1) == ""


def test_without_a_store_nothing_is_run(world: World) -> None:
    (world.root / "state.db").write_bytes(b"no database at all, but of some length " * 50)
    world.write(more=f"state: {{url: 'sqlite:{world.root}/state.db'}}")
    client = world.run(DOORWARD_TOKEN="x")
    assert client.stdout.read() == b""
    assert client.process.wait(30) in (2, 3)


def test_the_child_sees_none_of_our_variables(world: World) -> None:
    world.put(world.mint())
    environ = dict.fromkeys(VARIABLES, "x")
    environ["DOORWARD_TOKEN_FILE"] = str(world.token_file)
    client = world.run(**environ)
    names = client.ask(tool("environment", 1))["result"]["names"]
    assert "PATH" in names
    assert [name for name in names if name.startswith("DOORWARD")] == []


# -- policies, lists, schemas


def test_policies_are_enforced_lists_cut_and_schemas_learnt(world: World) -> None:
    policies = world.root / "policies"
    policies.mkdir()
    (policies / "a.cedar").write_text(
        '@id("no-environment") forbid (principal, action, resource == Doorward::Tool::"crm/environment");\n'
    )
    world.write(more="policies: policies")
    world.put(world.mint())
    client = world.run(DOORWARD_TOKEN_FILE=str(world.token_file))
    denied = client.ask(tool("environment", 1))["error"]["data"]
    assert (denied["reason"], denied["rules"]) == ("policy.denied", ["no-environment"])
    assert [each["name"] for each in client.ask(call_of("tools/list", {}, 2))["result"]["tools"]] == ["echo"]
    assert client.ask(tool("echo", 3, region=7))["error"]["data"]["reason"] == "schema.arguments"
    assert client.ask(tool("echo", 4, region="eu"))["result"]["echo"] == {"region": "eu"}
    world.put(world.mint("agent:b"))
    assert client.ask(call_of("tools/list", {}, 5))["result"]["tools"] == []
    store = Store(world.root / ".doorward" / "state.db")
    try:
        assert [kept.tool for kept in store.tools("crm")] == ["echo"]
    finally:
        store.close()
    digests = {r["policy_digest"] for r in world.records() if r["kind"] == "exchange"}
    assert digests
    assert "" not in digests
