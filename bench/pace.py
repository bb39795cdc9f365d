"""Calls at a fixed rate, sent when they are due whether or not earlier ones were answered (an open loop).

Latency counts from the moment that a call was *due*, so a target that stalls cannot hide it by delaying the calls
behind. The targets take turns, a slice each, in one process: what disturbs the machine meets all of them.

    python -m bench.pace '{"rate": 200, "slice_s": 1, "slices": 10, "token": "…", "case": ["text", 1, "2026-07-28"],
                           "urls": {"direct": "http://…"}}'

prints the latencies as JSON: {target: [[seconds, …] a slice, …]}. Plain sockets and select(): its timeout has
microseconds, where event loops round to milliseconds.
"""

import gc
import json
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httptools

from bench.payloads import Case, headers, request, template

_CONNECTIONS = 16
_GRACE_S = 5.0


class Connection:
    """One kept-alive connection with at most one call under way."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self.number = 0
        self._body = bytearray()
        self._complete = False
        self._parser = httptools.HttpResponseParser(self)

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, call: bytes, number: int, due: float) -> None:
        self.due, self.number = due, number
        self._complete = False
        self._body.clear()
        self.socket.sendall(call)

    def receive(self) -> bytes | None:
        """The body, once it is complete."""
        data = self.socket.recv(262_144)
        if not data:
            raise SystemExit("a connection was closed")
        self._parser.feed_data(data)
        return bytes(self._body) if self._complete else None

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() != 200:
            raise SystemExit(f"HTTP {self._parser.get_status_code()}: {bytes(self._body[:500])!r}")
        self._complete = True


class Pacer:
    """The calls of one case to one target."""

    def __init__(self, url: str, case: Case, token: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._head = _head(parts.path, parts.netloc, headers(case, token))
        self._case = case
        self._before, self._after = template(case)
        # Used in turn: a gateway closes a connection on which nothing is said for 10 s (docs/reasons.md, head_timeout).
        self._idle = deque(Connection(parts.hostname, parts.port) for _ in range(_CONNECTIONS))
        self._busy: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._number = 0
        self._taken: list[float] = []

    def slice(self, rate: float, seconds: float) -> list[float]:
        """Latencies in seconds of the calls that were due within a slice; returns when all are answered."""
        self._taken = []
        count = round(rate * seconds)
        start = time.perf_counter() + 0.005
        due = [start + at / rate for at in range(count)]
        deadline = due[-1] + _GRACE_S
        sent = 0
        while len(self._taken) < count:
            now = time.perf_counter()
            while sent < count and due[sent] <= now:
                self._waiting.append(due[sent])
                sent += 1
            self._send_waiting()
            until = due[sent] if sent < count else deadline
            self._collect(max(0.0, until - time.perf_counter()))
            if now > deadline:
                raise SystemExit(f"{count - len(self._taken)} calls were not answered within {_GRACE_S} s")
        return self._taken

    def _send_waiting(self) -> None:
        while self._waiting and self._idle:
            connection = self._idle.popleft()
            self._number += 1
            body = request(self._case, self._number)
            connection.send(self._head % len(body) + body, self._number, self._waiting.popleft())
            self._busy.append(connection)

    def _collect(self, timeout: float) -> None:
        readable, _, _ = select.select(self._busy, (), (), timeout)
        for connection in readable:
            body = connection.receive()
            if body is None:
                continue
            self._taken.append(time.perf_counter() - connection.due)
            if body != self._before + b"%d" % connection.number + self._after:
                raise SystemExit(f"not the upstream's answer: {body[:500]!r}")
            self._busy.remove(connection)
            self._idle.append(connection)


def _head(path: str, host: str, fields: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines).replace("%", "%%") + "\r\nContent-Length: %d\r\n\r\n").encode()


def main(plan: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Take all slices, in turns; the first of each target only warms it up."""
    shape, kilobytes, era = plan["case"]
    case = Case(shape, kilobytes, era)
    pacers = {name: Pacer(url, case, plan["token"]) for name, url in plan["urls"].items()}
    for pacer in pacers.values():
        pacer.slice(plan["rate"], 0.5)
    taken: dict[str, list[list[float]]] = {name: [] for name in pacers}
    gc.disable()
    for _ in range(plan["slices"]):
        for name, pacer in pacers.items():
            taken[name].append(pacer.slice(plan["rate"], plan["slice_s"]))
            gc.collect()
    return taken


if __name__ == "__main__":
    json.dump(main(json.loads(sys.argv[1])), sys.stdout)
