"""A real server of the fewest lines, in a thread: for tests in which the gateway is a process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.waiting import PATIENCE


class Upstream(BaseHTTPRequestHandler):
    """Answers every POSTed request with its id and ``result``: a tool result without content."""

    protocol_version = "HTTP/1.1"

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"content": []}

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": self.result(asked)}).encode()
        self.head("application/json", ("Content-Length", str(len(body))))
        self.write(body)

    def head(self, kind: str, *more: tuple[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for field in more:
            self.send_header(*field)
        self.end_headers()

    def write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    """Serves on a free port of this machine until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def url_of(server: ThreadingHTTPServer) -> str:
    """Where it listens, as a configuration has it."""
    return f"http://127.0.0.1:{server.server_port}/mcp"
