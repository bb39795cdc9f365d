"""The whole product, as operators run it: nothing of a canary reaches the other side, a disk, the log at its most
talkative, the metrics, or whoever is alerted.
"""

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.functional.gateway_process import Gateway, doorward
from tests.hooks import Hook, hook
from tests.journals import whole_lines
from tests.waiting import PATIENCE, until_here

CANARY = "canary.wire@corp-wire.example.org"
ENCODED = base64.b64encode(f"to: {CANARY}\n".encode()).decode()
SPELLINGS = [spelling.encode() for spelling in (CANARY, "canary.wire", quote(CANARY, safe=""), ENCODED)]
TOKEN = "a-token-" + "of-the-matrix"
TALKER = str(Path(__file__).with_name("talker.py"))
MODERN = "2026-07-28"
JSON = "application/json"


def shown(data: bytes | str) -> list[bytes]:
    """Which spellings of the canary stand there."""
    raw = data if isinstance(data, bytes) else data.encode()
    return [spelling for spelling in SPELLINGS if spelling in raw]


class Upstream(BaseHTTPRequestHandler):
    """Says the canary wherever an HTTP server can; which way is the name of the tool."""

    seen: list[bytes]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(f"{self.path}\n{self.headers}".encode() + body)
        asked = json.loads(body)
        say = {"content": [{"type": "text", "text": f"ask {CANARY}"}], "structuredContent": {CANARY: [CANARY, ENCODED]}}
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": {**say, "_meta": {"acme/who": CANARY}}}
        if asked["method"] == "tools/list":
            schema = {"type": "object", "title": CANARY, "properties": {CANARY: {"default": CANARY, "enum": [CANARY]}}}
            tool = {"name": f"ask_{CANARY}", "description": CANARY, "inputSchema": schema, "outputSchema": schema}
            answer["result"] = {"tools": [tool]}
        how = asked["params"].get("name")
        if how == "stream":
            note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": CANARY}}
            events = b"".join(b"event: message\ndata: %b\n\n" % json.dumps(one).encode() for one in (note, answer))
            self._send(200, "text/event-stream", events)
        elif how == "page":
            self._send(500, "text/html", f"<p>nobody is at {CANARY}</p>".encode())
        elif how == "error":
            error = {"code": -32000, "message": f"no {CANARY}", "data": {"trace": [CANARY]}}
            self._send(200, JSON, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}).encode())
        else:
            self._send(200, JSON, json.dumps(answer).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name in ("Set-Cookie", "Location", "WWW-Authenticate", "X-Acme", "Link"):
            self.send_header(name, f"who={CANARY}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextlib.contextmanager
def upstream() -> Iterator[tuple[str, list[bytes]]]:
    class Handler(Upstream):
        seen: list[bytes] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp", Handler.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def configuration(directory: Path, url: str, alerts: str) -> str:
    heard = str(directory / "heard.jsonl")
    return json.dumps(
        {
            "listen": {"address": "127.0.0.1:0"},
            "admin": {"address": "127.0.0.1:0"},
            "mode": "enforce",
            "identity": {
                "agents": [{"id": "agent:a", "token": "env:A_TOKEN", "servers": {"web": ["*"], "pipe": ["*"]}}]
            },
            "servers": {
                "web": {"url": url, "server_requests": ["sampling", "elicitation", "roots"]},
                "pipe": {"command": sys.executable, "args": [TALKER, CANARY, heard]},
            },
            "inspect": {
                "detectors": [{"use": "patterns"}, {"use": "secrets"}],
                "entities": {"EMAIL_ADDRESS": {"arguments": "redact"}},
            },
            "alerts": [{"use": "webhook", "url": alerts, "secret": "env:HOOK_KEY", "when": {"finding": "*"}}],
        }
    )


class Caller:
    """A client of either era, over HTTP. ``got``: every byte that it was ever sent, heads included."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._session = ""
        self.got = b""

    def post(self, server: str, message: dict[str, Any], **more: str) -> tuple[int, bytes]:
        fields = {"Content-Type": JSON, "Accept": f"{JSON}, text/event-stream", "X-MCP-Token": TOKEN}
        fields |= {"Cookie": f"who={CANARY}", "X-Other": CANARY, "Forwarded": f'for="{CANARY}"', **more}
        connection = http.client.HTTPConnection(*self._gateway.listen, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", f"/mcp/{server}?who={quote(CANARY)}", json.dumps(message), fields)
            answer = connection.getresponse()
            body = answer.read()
            self.got += str(answer.headers).encode() + body
            self._session = answer.headers.get("Mcp-Session-Id") or self._session
            return answer.status, body

    def legacy(self, server: str, method: str, params: dict[str, Any]) -> tuple[int, bytes]:
        fields = {"MCP-Protocol-Version": "2025-11-25"} if method != "initialize" else {}
        if self._session:
            fields["Mcp-Session-Id"] = self._session
        return self.post(server, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **fields)

    def modern(self, server: str, method: str, params: dict[str, Any], **mirrors: str) -> tuple[int, bytes]:
        meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        fields = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method, **mirrors}
        if "name" in params:
            fields["Mcp-Name"] = params["name"]
        return self.post(server, message, **fields)


ARGUMENTS = {
    "to": CANARY,
    CANARY: [{"note": json.dumps({"cc": CANARY})}],
    "data": ENCODED,
    "at": f"a://{quote(CANARY)}",
}
WAYS = ("plain", "stream", "page", "error")


def on_disk(directory: Path) -> dict[str, list[bytes]]:
    """What of the canary stands in any file of the gateway's, but for the store: what a server says of its tools is
    kept as it said it, for policies speak of the names and calls are held against the schemas.
    """
    files = [path for path in directory.rglob("*") if path.is_file() and not path.name.startswith("state.db")]
    found = {str(path.relative_to(directory)): shown(path.read_bytes()) for path in files}
    return {name: spellings for name, spellings in found.items() if spellings}


def records(directory: Path) -> list[dict[str, Any]]:
    files = directory.rglob("journal-*.jsonl")
    return [json.loads(line) for file in files for line in whole_lines(file)]


def test_serve_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", TOKEN)
    monkeypatch.setenv("HOOK_KEY", "whsec_" + base64.b64encode(b"\x07" * 32).decode())
    home = tmp_path / "gateway"
    home.mkdir()
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(hook())
        url, seen = stack.enter_context(upstream())
        text = configuration(tmp_path, url, receiver.url)
        running = stack.enter_context(doorward(home, text, "--log-level", "debug"))
        running.ready()
        caller = Caller(running)
        for how in WAYS:
            params = {"name": how, "arguments": ARGUMENTS}
            assert caller.legacy("web", "tools/call", params)[0] == (500 if how == "page" else 200)
            assert caller.modern("web", "tools/call", params)[0] == (500 if how == "page" else 200)
        assert (
            caller.modern("web", "resources/read", {"uri": f"a://{CANARY}"}, **{"Mcp-Name": f"a://{CANARY}"})[0] == 200
        )
        assert caller.legacy("web", "tools/list", {})[0] == caller.modern("web", "tools/list", {})[0] == 200
        assert len(seen) == 11
        assert caller.legacy("pipe", "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}})[0] == 200
        assert caller.legacy("pipe", "tools/call", {"name": "say", "arguments": ARGUMENTS})[0] == 200
        assert caller.modern("pipe", "tools/call", {"name": "say", "arguments": ARGUMENTS})[0] == 200
        until_here(lambda: len([r for r in records(home) if r["detail"] == "stderr"]) == 2)
        until_here(lambda: running.logged("cannot reach "))
        metrics = running.get("/metrics")[1]
        status = running.get("/api/v1/status")[1]
        running.signal(signal.SIGTERM)
        assert running.end() == 0
        assert shown(b"".join(seen)) == []
        assert shown((tmp_path / "heard.jsonl").read_bytes()) == []
        assert shown(caller.got) == []
        assert b"who=" not in caller.got
        assert b"X-Acme" not in caller.got
        assert shown("".join(running.log)) == []
        assert shown(metrics + status) == []
        assert "EMAIL_ADDRESS" in json.dumps(told(receiver))
        assert shown(json.dumps(told(receiver))) == []
    (home / "doorward.yaml").unlink()
    assert on_disk(home) == {}
    outcomes = [record for record in records(home) if record["phase"] == "outcome" and record["method"] == "tools/call"]
    assert len(outcomes) == 10
    assert all(record["entities"]["EMAIL_ADDRESS"] >= 6 for record in outcomes)
    garbage = [record for record in records(home) if "bytes that are no message" in record["detail"]]
    assert len(garbage) == 2


def told(receiver: Hook) -> list[Any]:
    return [json.loads(arrived.body) for arrived in list(receiver.arrived.queue)]


def test_run_tells_nobody(tmp_path: Path) -> None:
    """(The wrapped server's stderr is its own: it goes where it went before, and no further.)"""
    home = tmp_path / "gateway"
    home.mkdir()
    config = home / "doorward.yaml"
    settings = json.loads(configuration(tmp_path, "http://127.0.0.1:1/mcp", "http://127.0.0.1:1/"))
    config.write_text(json.dumps({**settings, "alerts": []}))
    heard = tmp_path / "heard.jsonl"
    options = ["-c", str(config), "--server", "pipe", "--", sys.executable, TALKER, CANARY, str(heard), "quiet"]
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9, "reason": f"ask {CANARY}"}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "say", "arguments": ARGUMENTS}},
        {"jsonrpc": "2.0", "id": 2, "method": "acme/unheard-of", "params": {"who": CANARY}},
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "doorward", "run", *options],
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=home,
        env={**os.environ, "A_TOKEN": TOKEN, "DOORWARD_TOKEN": TOKEN},
    )
    assert ran.returncode == 0, ran.stderr
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer.get("id") for answer in answers if "result" in answer] == [0, 1, 2]
    assert len(heard.read_text().splitlines()) == len(messages)
    assert shown(ran.stdout) == []
    assert shown(ran.stderr) == []
    assert shown(heard.read_bytes()) == []
    config.unlink()
    assert on_disk(home) == {}
    assert sum(record["entities"].get("EMAIL_ADDRESS", 0) for record in records(home)) >= 10
