"""The items through a running gateway: ``doorward serve`` before a server that answers with the prepared messages.

Results come back through it; requests are read where they arrive. Every entity is at ``redact`` both ways. What the
gateway refuses counts as the refusal that the caller gets.
"""

import http.client
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.detection.data import Item
from bench.processes import free_port, running, wait_until
from bench.targets import TOKEN_VARIABLE, configuration, new_token
from doorward.configfile.rules import ENTITIES

_VERSION = "2025-11-25"
_ASK = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "item", "arguments": {}}}


class Upstream(ThreadingHTTPServer):
    """Answers ``tools/call`` number n with item n, and keeps what requests arrived."""

    daemon_threads = True

    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.items = items
        self.arrived: dict[int, Any] = {}

    def answer(self, call: Any) -> Any:
        """The message that answers it, or None for what is none of ours."""
        if call.get("method") != "tools/call":
            return None
        number = call["id"]
        message = self.items[number]["message"]
        if "method" not in message:
            return message | {"id": number}
        self.arrived[number] = call
        return {"jsonrpc": "2.0", "id": number, "result": {"content": []}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one piece
    server: Upstream

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.server.answer(call)
        body = b"" if answer is None else json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing of the items goes to the terminal."""


def redacted(items: Sequence[Item], names: bool) -> dict[str, Any]:
    """By the item's id: its message as it was delivered."""
    upstream = Upstream(items)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory(prefix="doorward-bench-") as home:
            url = f"http://127.0.0.1:{upstream.server_address[1]}/mcp"
            with _gateway(Path(home), url, names) as gateway:
                return {item["id"]: gateway.through(number, item, upstream) for number, item in enumerate(items)}
    finally:
        upstream.shutdown()
        upstream.server_close()


class _Gateway:
    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def through(self, number: int, item: Item, upstream: Upstream) -> Any:
        """The item's message, as the gateway let it pass, under its own id."""
        message = item["message"]
        up = "method" in message
        came = self.call((message if up else _ASK) | {"id": number})
        if up and "error" not in came:
            came = upstream.arrived[number]
        if "id" in message:
            return came | {"id": message["id"]}
        return {name: value for name, value in came.items() if name != "id"}

    def call(self, message: Any) -> Any:
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {self._token}",
            "mcp-protocol-version": _VERSION,
        }
        self._line.request("POST", "/mcp/bench", json.dumps(message, ensure_ascii=False).encode(), headers)
        return json.loads(self._line.getresponse().read())

    def answers(self) -> bool:
        try:
            self.call(_ASK | {"id": 0})
        except (OSError, ValueError, http.client.HTTPException):
            self._line.close()
            return False
        return True


@contextmanager
def _gateway(home: Path, url: str, names: bool) -> Iterator[_Gateway]:
    port, log, token = free_port(), home / "doorward.log", new_token()
    file = home / "doorward.yaml"
    file.write_text(json.dumps(_configuration(home, port, url, names)))
    command = [sys.executable, "-m", "doorward", "serve", "-c", str(file)]
    with running(command, log, os.environ | {TOKEN_VARIABLE: token}) as process:
        gateway = _Gateway(port, token)
        wait_until(gateway.answers, process, log, "doorward")
        yield gateway


def _configuration(home: Path, port: int, url: str, names: bool) -> dict[str, object]:
    """That of the other measurements, with every entity at ``redact``."""
    return configuration(home, port, url, ["*"]) | {
        "inspect": {
            "detectors": [{"use": name} for name in ("patterns", "secrets", *(["names"] if names else []))],
            "entities": {entity: {"arguments": "redact", "results": "redact"} for entity in ENTITIES},
        },
    }
