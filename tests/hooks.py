"""Where alerts arrive: a receiver on loopback, and what Slack says of a message."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any, NamedTuple

Answer = tuple[int, Mapping[str, str]]
OK: Answer = (200, {})


class Arrived(NamedTuple):
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Hook:
    """``arrived`` gets every request in order; ``answer`` decides on each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.arrived: Queue[Arrived] = Queue()

    def next(self) -> Arrived:
        return self.arrived.get(timeout=10)


@contextmanager
def hook(answer: Callable[[Arrived], Answer] = lambda _: OK, context: ssl.SSLContext | None = None) -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived = Arrived(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            status, headers = answer(arrived)
            made.arrived.put(arrived)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        made = Hook(f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def slack(arrived: Arrived) -> Answer:
    """What Slack answers to a message: 400 to anything that breaks one of its limits."""
    return (400, {}) if slack_fault(json.loads(arrived.body)) else OK


def slack_fault(message: dict[str, Any]) -> str:
    """Which of Slack's limits a message breaks; empty if none."""
    if not isinstance(message.get("text"), str) or not 0 < len(message["text"]) <= 4000:
        return "no_text"
    blocks = message["blocks"]
    if not 0 < len(blocks) <= 50:
        return "invalid_blocks: count"
    if len(json.dumps(blocks, ensure_ascii=False)) > 13_000:
        return "msg_blocks_too_long"
    return next((fault for fault in map(_block_fault, blocks) if fault), "")


def _block_fault(block: dict[str, Any]) -> str:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": str(text)}, **rest} if len(rest) == 0:
            return "" if 0 < len(text) <= 150 else "header too long"
        case {"type": "section", "text": {"type": "plain_text" | "mrkdwn", "text": str(text)}, **rest} if not rest:
            return "" if 0 < len(text) <= 3000 else "section too long"
        case {"type": "context", "elements": [_, *_] as elements}:
            fine = len(elements) <= 10 and all(0 < len(element["text"]) <= 3000 for element in elements)
            return "" if fine else "context too long"
    return f"unknown block {block.get('type')}"
