"""What two workers of one gateway share: revocations, overrides, limits, assertions that were used, and the API."""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey
from tests.functional.upstreams import Upstream, listening, url_of
from tests.gateway import Gateway
from tests.tokens import basic, signed
from tests.waiting import PATIENCE, until_here

SALES, SIGNER, GLOB = "agent:sales", "agent:signer", "agent:glob"
RULE = "no-deleting"
IN_FORCE = 2.0  # seconds: the promise of docs/rollout.md, "What the workers share"
LIMIT = 60
POLICY = f"""\
@id("{RULE}")
forbid (principal, action in Doorward::Action::"tools/call", resource) when {{ resource.name == "delete" }};
"""
WHY = "moving customers, ticket OPS-311"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Held(Upstream):
    """Answers calls; ``hold`` and GET streams last until ``over`` is set."""

    over: threading.Event

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "tools/list":
            return {"tools": [{"name": "late", "inputSchema": {}}]}
        if asked["params"]["name"] == "hold":
            self.over.wait(PATIENCE)
        return super().result(asked)

    def do_GET(self) -> None:
        self.head("text/event-stream", ("Connection", "close"))
        self.write(b": open\n\n")
        self.over.wait(PATIENCE)
        self.close_connection = True

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the gateway may have cut it: that is what some tests want
            super().write(data)


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    handler = type("Handler", (Held,), {"over": threading.Event()})
    with listening(handler) as server:
        try:
            yield url_of(server)
        finally:
            handler.over.set()


class Answer(NamedTuple):
    status: int
    body: Any

    @property
    def facts(self) -> Mapping[str, Any]:
        """Why it was refused; empty if it was not."""
        refused = self.body.get("result", {}).get("_meta", {}).get("io.doorward/decision")
        found: Mapping[str, Any] = refused or self.body.get("error", {}).get("data", {})
        return found


class World:
    """A running gateway with two workers, and one open connection to each."""

    def __init__(self, gateway: Gateway, secret: str, key: ECKey) -> None:
        self.gateway, self.secret, self.key = gateway, secret, key
        self.workers: dict[str, http.client.HTTPConnection] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)

    def meet(self, token: str) -> None:
        """Open connections until one leads to each worker; ``writer`` of the records tells them apart."""

        def looks() -> list[dict[str, Any]]:
            return self.items("decisions", tool="look")

        def both() -> bool:
            connection, before = self.connect(), len(looks())
            assert self.call(connection, token, "look").status == 200
            until_here(lambda: len(looks()) > before)
            writer = looks()[0]["writer"]
            if writer in self.workers:
                connection.close()
            else:
                self.workers[writer] = connection
            return len(self.workers) == 2

        until_here(both)

    def call(self, on: http.client.HTTPConnection, token: str, tool: str, server: str = "crm") -> Answer:
        return self.send(on, token, "tools/call", {"name": tool, "arguments": {}}, server)

    def send(self, on: http.client.HTTPConnection, token: str, method: str, params: Any, server: str = "crm") -> Answer:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return _read(on, "POST", f"/mcp/{server}", json.dumps(message), _headers(token))

    def each(self, token: str, tool: str, server: str = "crm") -> list[Answer]:
        return [self.call(connection, token, tool, server) for connection in self.workers.values()]

    def grant(self, **form: str) -> str:
        name, value = basic(SALES, self.secret)
        with contextlib.closing(self.connect()) as connection:
            answer = self.ask_token(connection, {name.decode(): value.decode()}, **form)
        assert answer.status == 200, answer
        return str(answer.body["access_token"])

    def ask_token(self, on: http.client.HTTPConnection, headers: Mapping[str, str], **form: str) -> Answer:
        body = urlencode({"grant_type": "client_credentials", **form})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return _read(on, "POST", "/oauth/token", body, {**kind, **headers})

    def items(self, what: str, **query: str) -> list[dict[str, Any]]:
        admin = http.client.HTTPConnection("127.0.0.1", self.gateway.admin_port, timeout=PATIENCE)
        with contextlib.closing(admin):
            answer = _read(admin, "GET", f"/api/v1/{what}?{urlencode(query)}", None, {})
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.body.get("items") or answer.body.get("servers") or []
        return found

    def doorward(self, *arguments: str, said: str = "") -> Any:
        command = [sys.executable, "-m", "doorward", *arguments, "--json", "-c", str(self.gateway.config_path)]
        environment = {**os.environ, "SALES_SECRET": self.secret}
        done = subprocess.run(
            command, input=said, capture_output=True, text=True, timeout=PATIENCE, check=True, env=environment
        )
        return json.loads(done.stdout)

    def close(self) -> None:
        for connection in self.workers.values():
            connection.close()


def _read(
    on: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> Answer:
    on.request(method, path, body, dict(headers))
    answer = on.getresponse()
    return Answer(answer.status, json.loads(answer.read()))


def _headers(token: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
        "Authorization": f"Bearer {token}",
    }


def soon(condition: Callable[[], bool]) -> None:
    """It must be so within what is promised; three times that, for other tests run beside this one."""
    until_here(condition, 3 * IN_FORCE)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    secret, key = secrets.token_urlsafe(24), ECKey.generate_key("P-256")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "rules.cedar").write_text(POLICY)
    (tmp_path / "signer.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    everything = {"crm": ["*"], "soft": ["*"]}
    with upstream() as url:
        servers = {
            "crm": {"url": url, "tools": {"counted": {"calls_per_minute": LIMIT}}},
            "soft": {"url": url, "mode": "soft"},
        }
        agents = [
            {"id": SALES, "secret": "env:SALES_SECRET", "servers": everything},
            {"id": SIGNER, "jwks": "file:signer.json", "servers": everything},
            {"id": GLOB, "jwks": "file:signer.json", "servers": {"crm": ["lat*"]}},
        ]
        extra = {"listen": {"workers": 2}, "identity": {"agents": agents}, "policies": "policies"}
        environment = {"SALES_SECRET": secret}
        with Gateway(tmp_path, servers, mode="enforce", extra=extra, environment=environment) as gateway:
            made = World(gateway, secret, key)
            try:
                made.meet(made.grant())
                yield made
            finally:
                made.close()


def test_a_revocation_holds_on_both(world: World) -> None:
    token, other = world.grant(), world.grant()
    assert [answer.status for answer in world.each(token, "look")] == [200, 200]
    world.doorward("token", "revoke", said=token)
    soon(lambda: [answer.status for answer in world.each(token, "look")] == [401, 401])
    assert {answer.facts["reason"] for answer in world.each(token, "look")} == {"auth.revoked"}
    assert [answer.status for answer in world.each(other, "look")] == [200, 200]
    assert [revoked["kind"] for revoked in world.items("revocations")] == ["token"]
    assert [grant["revoked"] for grant in world.items("grants")].count(True) == 1


def test_a_revocation_ends_streams_and_calls_on_both(world: World) -> None:
    token = world.grant()
    ends: list[float] = []

    def hold(connection: http.client.HTTPConnection) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            world.call(connection, token, "hold")
        ends.append(time.monotonic())

    def listen(response: http.client.HTTPResponse) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            while response.read1():
                pass
        ends.append(time.monotonic())

    streams = [world.connect() for _ in range(8)]  # enough that both have one, all but surely; the calls have both
    threads = [threading.Thread(target=hold, args=(held,)) for held in world.workers.values()]
    for stream in streams:
        stream.request("GET", "/mcp/crm", headers={**_headers(token), "Accept": "text/event-stream"})
        response = stream.getresponse()
        assert response.status == 200
        threads.append(threading.Thread(target=listen, args=(response,)))
    for thread in threads:
        thread.start()
    until_here(lambda: _in_flight(world) >= 2)
    assert ends == []
    world.doorward("token", "revoke", said=token)
    soon(lambda: len(ends) == len(threads))
    for thread in threads:
        thread.join(PATIENCE)
    for stream in streams:
        stream.close()


def test_an_override_holds_and_ends_on_both(world: World) -> None:
    token = world.grant()
    assert [answer.facts["rules"] for answer in world.each(token, "delete", "soft")] == [[RULE], [RULE]]
    about = ["--rule", RULE, "--agent", SALES, "--server", "soft", "--tool", "delete", "--for", "1h", "--why", WHY]
    made = world.doorward("override", "grant", *about)["id"]
    soon(lambda: not any(answer.facts for answer in world.each(token, "delete", "soft")))
    assert [(one["id"], one["why"]) for one in world.items("overrides")] == [(made, WHY)]

    def told() -> bool:
        passed = world.items("decisions", server="soft", decision="allow", would_have="deny")
        return {(one["override"], one["writer"]) for one in passed} >= {(made, writer) for writer in world.workers}

    until_here(told)
    assert all(answer.facts for answer in world.each(token, "delete"))  # there it is enforced
    world.doorward("override", "revoke", made)
    soon(lambda: all(answer.facts for answer in world.each(token, "delete", "soft")))
    assert world.items("overrides") == []


def test_a_limit_holds_over_both_together(world: World) -> None:
    """In one minute of the clock: at most a tenth more than the limit, and each worker lets some pass."""
    token = world.grant()
    passed = dict.fromkeys(world.workers, 0)
    begun = time.time() // 60
    for _ in range(2 * LIMIT):
        for writer, connection in world.workers.items():
            passed[writer] += not world.call(connection, token, "counted").facts
    over = time.time() // 60 - begun  # a new minute brings a new window
    assert LIMIT // 2 <= sum(passed.values()) <= (LIMIT + LIMIT // 10) * (1 + over)
    assert all(passed.values())

    def refused() -> list[Any]:
        return world.items("decisions", tool="counted", reason="limit.rate")

    until_here(refused)
    assert {one["writer"] for one in refused()} <= set(world.workers)


def test_an_assertion_is_used_once_on_whichever_worker(world: World) -> None:
    form = proof(world, SIGNER)
    first, second = (world.ask_token(connection, {}, **form) for connection in world.workers.values())
    assert first.status == 200
    assert (second.status, second.body["error"]) == (401, "invalid_client")
    assert [grant["client"] for grant in world.items("grants")].count(SIGNER) == 1


def test_what_a_server_tells_one_worker_of_its_tools_the_other_knows_too(world: World) -> None:
    """A client lists by one connection and calls by another."""
    first, _ = world.workers.values()
    token = world.ask_token(first, {}, **proof(world, GLOB)).body["access_token"]
    assert [answer.facts["rules"] for answer in world.each(token, "late")] == [["default-deny"]] * 2
    assert [tool["name"] for tool in world.send(first, token, "tools/list", {}).body["result"]["tools"]] == ["late"]
    soon(lambda: [answer.facts for answer in world.each(token, "late")] == [{}, {}])
    digests = {one["policy_digest"] for one in world.items("decisions", tool="late", limit="2")}
    assert len(digests) == 1


def proof(world: World, agent: str) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": agent, "sub": agent, "aud": world.url, "jti": secrets.token_hex(8), "iat": now, "exp": now + 60}
    return {"client_assertion_type": BEARER, "client_assertion": signed(claims, world.key)}


def test_the_api_tells_the_modes(world: World) -> None:
    assert {one["id"]: one["mode"] for one in world.items("modes")} == {"crm": "enforce", "soft": "soft"}


def _in_flight(world: World) -> float:
    admin = http.client.HTTPConnection("127.0.0.1", world.gateway.admin_port, timeout=PATIENCE)
    with contextlib.closing(admin):
        admin.request("GET", "/metrics")
        lines = admin.getresponse().read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("doorward_in_flight"))
