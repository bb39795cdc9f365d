"""What is compared: the upstream itself, nginx before it, Doorward before it."""

import base64
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from bench.payloads import CASES, CLEAN_1KB, SERVED, Case, answer, headers, request
from bench.processes import BenchError, Cores, cpu_seconds, free_port, pinned, running, tree, wait_until

SECRET_PREFIX = "whsec_"
TOKEN_VARIABLE = "BENCH_TOKEN"
_TOOLS = tuple(dict.fromkeys(case.tool for case in SERVED))
_AS_IT_IS: Mapping[str, object] = {}
_LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy of the environment


@dataclass(frozen=True)
class Target:
    """Where to send, and the process at the top of what is measured there."""

    name: str
    url: str
    root: int
    journal: Path | None = None

    def cpu_seconds(self) -> float:
        """CPU that all its processes took so far."""
        return cpu_seconds(tree(self.root))

    def check(self, case: Case, token: str, number: int = 7) -> None:
        """One call whose answer must be, byte for byte, what the upstream gives."""
        call = urllib.request.Request(self.url, request(case, number), headers(case, token))
        try:
            with _LOCAL.open(call, timeout=10) as response:
                body = response.read()
        except urllib.error.HTTPError as refused:
            raise BenchError(f"{self.name}, {case.label}: HTTP {refused.code} {refused.read()[:500]!r}") from refused
        if body != answer(case, number):
            raise BenchError(f"{self.name}, {case.label}: not the upstream's answer: {body[:500]!r}")

    def forget_records(self) -> None:
        """Empty the journal between rounds: it is opened for appending, so writing goes on at its start."""
        for file in self.journal.rglob("journal-*.jsonl") if self.journal else ():
            if file.is_file():
                os.truncate(file, 0)


@contextmanager
def all_targets(
    names: list[str], cores: Cores, directory: Path, token: str, cases: Sequence[Case] = CASES
) -> Iterator[list[Target]]:
    """Start the upstream and the targets of these names; stop them all at the end. ``cases``: what is to be asked."""
    start = {"nginx": _nginx, "doorward": _doorward, "detecting": _detecting, "shipping": _shipping}
    with ExitStack() as stack:
        direct = stack.enter_context(_upstream(cores.upstream, directory, token))
        targets = [direct]
        for name in names:
            if name in start:
                targets.append(stack.enter_context(start[name](cores.target, directory, direct.url, token)))
        for target in targets:
            for case in cases:
                target.check(case, token)
        yield targets


@contextmanager
def _upstream(core: int, directory: Path, token: str) -> Iterator[Target]:
    port, log = free_port(), directory / "upstream.log"
    with running(pinned(core, [sys.executable, "-m", "bench.upstream", str(port)]), log) as process:
        target = Target("direct", f"http://127.0.0.1:{port}/mcp", process.pid)
        wait_until(lambda: _answers(target, token), process, log, "the upstream")
        yield target


@contextmanager
def _nginx(core: int, directory: Path, upstream: str, token: str) -> Iterator[Target]:
    prefix, port, log = directory / "nginx", free_port(), directory / "nginx.log"
    prefix.mkdir()
    configuration = prefix / "nginx.conf"
    configuration.write_text(_NGINX.format(port=port, upstream=upstream.split("/")[2]))
    command = ["nginx", "-p", str(prefix), "-c", str(configuration), "-e", "stderr"]
    with running(pinned(core, command), log) as process:
        target = Target("nginx", f"http://127.0.0.1:{port}/mcp", process.pid)
        wait_until(lambda: _answers(target, token), process, log, "nginx")
        yield target


@contextmanager
def _doorward(
    core: int,
    directory: Path,
    upstream: str,
    token: str,
    name: str = "doorward",
    more: Mapping[str, object] = _AS_IT_IS,
) -> Iterator[Target]:
    home, port, log = directory / name, free_port(), directory / f"{name}.log"
    home.mkdir()
    file = home / "doorward.yaml"
    # JSON is YAML, and needs no quoting of ours.
    file.write_text(json.dumps({**configuration(home, port, upstream, _TOOLS), **more}, indent=1))
    command = [sys.executable, "-m", "doorward", "serve", "-c", str(file)]
    environment = os.environ | {TOKEN_VARIABLE: token}
    with running(pinned(core, command), log, environment) as process:
        target = Target(name, f"http://127.0.0.1:{port}/mcp/bench", process.pid, home / "audit")
        wait_until(lambda: _answers(target, token, CLEAN_1KB), process, log, name)
        yield target


@contextmanager
def _detecting(core: int, directory: Path, upstream: str, token: str) -> Iterator[Target]:
    """Doorward with the detectors for patterns and secrets."""
    inspect = {"detectors": [{"use": "patterns"}, {"use": "secrets"}]}
    with _doorward(core, directory, upstream, token, "detecting", {"inspect": inspect}) as target:
        yield target


@contextmanager
def _shipping(core: int, directory: Path, upstream: str, token: str) -> Iterator[Target]:
    """Doorward with four sinks: a file, and services that are slow, that hang, that are not there."""
    with slow_service() as slow, socket.create_server(("127.0.0.1", 0)) as hanging:
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        urls = {"slow": slow, "hangs": f"http://127.0.0.1:{hanging.getsockname()[1]}/"}
        urls["down"] = f"http://127.0.0.1:{free_port()}/"
        (directory / "secret").write_text(secret)
        sinks: list[dict[str, str]] = [{"use": "file", "path": str(directory / "shipped.jsonl")}]
        sinks += [
            {"use": "http", "name": name, "url": url, "secret": f"file:{directory / 'secret'}", "timeout": "2s"}
            for name, url in urls.items()
        ]
        audit = {"directory": str(directory / "shipping" / "audit"), "on_failure": "refuse", "sinks": sinks}
        with _doorward(core, directory, upstream, token, "shipping", {"audit": audit}) as target:
            yield target


class _Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.5)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def slow_service() -> Iterator[str]:
    """One that takes half a second for everything. The address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answers(target: Target, token: str, case: Case = CASES[0]) -> bool:
    try:
        target.check(case, token)
    except OSError:
        return False
    return True


def new_token() -> str:
    return secrets.token_urlsafe(24)


def configuration(home: Path, port: int, upstream: str, tools: Sequence[str]) -> dict[str, object]:
    """One worker, a token, an allow list, everything enforced, the journal on; the rate limit out of the way."""
    return {
        "listen": {"address": f"127.0.0.1:{port}", "workers": 1},
        "admin": {"address": f"127.0.0.1:{free_port()}"},
        "keys": {"directory": str(home / "keys")},
        "state": {"url": f"sqlite:{home / 'state.db'}"},
        "mode": "enforce",
        "identity": {
            "anonymous": False,
            "agents": [
                {"id": "agent:bench", "token": f"env:{TOKEN_VARIABLE}", "servers": {"bench": list(tools)}},
            ],
        },
        "servers": {"bench": {"url": upstream, "mode": "enforce"}},
        "audit": {"directory": str(home / "audit"), "on_failure": "refuse"},
        "limits": {"calls_per_minute": 1_000_000_000, "bytes_per_minute": "999999GiB"},
    }


# Buffers hold the largest answer, so that nginx never writes one to disk.
_NGINX = """\
daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  upstream mcp {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://mcp;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffers 8 32k;
      proxy_max_temp_file_size 0;
    }}
  }}
}}
"""
