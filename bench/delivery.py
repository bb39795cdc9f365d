"""How fast a log is shipped, and what an event costs of a processor: `python -m bench.delivery [--events N]`.

First reading, choosing and each format alone, into a sink that does nothing; then each sink towards a receiver on
loopback that answers at once and looks at nothing (what the sinks send is tested elsewhere). The shipper runs in a
process of its own, so that its processor time is its own. One record in two is an intent, which is read and not
shipped. A sink whose library is not installed is left out.
"""

import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from bench.audit_index import written
from doorward import configfile
from doorward.bootstrap.shipping import shipper
from doorward.configtypes import InvalidConfiguration
from doorward.core.delivery import ALL, Delivered, Event, Limits
from doorward.formats import FORMATS
from doorward.shipping.shipper import Shipper
from doorward.shipping.target import Target

Spec = dict[str, Any]
_KEY = "k" * 40  # nobody checks it


class Null:
    limits = Limits()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return ALL

    def close(self) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    """Says to every service's client what it wants to hear."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _numbers = count()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = b"" if self.path.endswith("/v1/traces") else json.dumps(self._answer(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if answer else "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, body: bytes) -> Spec:
        if self.path.startswith("/services/collector/ack"):
            return {"acks": {str(number): True for number in json.loads(body)["acks"]}}
        if self.path.startswith("/services/collector"):
            return {"text": "Success", "code": 0, "ackId": next(self._numbers)}
        if self.headers.get("X-Amz-Target", "").endswith(".PutRecordBatch"):
            return {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "r"}] * len(json.loads(body)["Records"])}
        return {}

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def http_receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def tcp_receiver() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))

    def drain(opened: socket.socket) -> None:
        with opened:
            while opened.recv(1 << 16):
                pass

    def accept() -> None:
        while True:
            try:
                opened, _ = listening.accept()
            except OSError:
                return
            Thread(target=drain, args=(opened,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    with listening:
        yield listening.getsockname()[1]


@contextmanager
def kafka_receiver() -> Iterator[str]:
    """librdkafka's mock cluster, in this process. Raises ``ImportError``."""
    from confluent_kafka import Producer

    holder = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = holder.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"


@contextmanager
def _http(**options: Any) -> Iterator[Spec]:
    """``{url}`` in an option is the receiver's address."""
    with http_receiver() as url:
        yield {
            name: value.replace("{url}", url) if isinstance(value, str) else value for name, value in options.items()
        }


@contextmanager
def _syslog() -> Iterator[Spec]:
    with tcp_receiver() as port:
        yield {"host": "127.0.0.1", "port": port, "tls": False}


@contextmanager
def _kafka() -> Iterator[Spec]:
    with kafka_receiver() as address:
        yield {"brokers": [address], "topic": "audit", "tls": False}


@contextmanager
def _plain(**options: Any) -> Iterator[Spec]:
    yield options


SINKS: dict[str, Callable[[], Any]] = {
    "file": lambda: _plain(path="out.jsonl"),
    "stdout": lambda: _plain(),
    "http": lambda: _http(url="{url}/events", secret="whsec" + "_" + base64.b64encode(_KEY.encode()).decode()),
    "splunk": lambda: _http(url="{url}", token=_KEY),
    "datadog": lambda: _http(url="{url}/api/v2/logs", key=_KEY),
    "otlp": lambda: _http(url="{url}"),
    "traces": lambda: _http(url="{url}"),
    "syslog": _syslog,
    "kafka": _kafka,
    "firehose": lambda: _http(endpoint="{url}", stream="audit", region="eu-central-1"),
    "cloudwatch": lambda: _http(endpoint="{url}", group="audit", stream="one", region="eu-central-1"),
}
"""Sink -> a receiver, and the options with which the sink reaches it."""


def measure(log: Path, directory: Path, said: Spec) -> Spec | str:
    """Ship all of a log once, in a process of its own; what it took, or why not."""
    shutil.rmtree(log / "shipping", ignore_errors=True)
    file = directory / "doorward.yaml"
    sinks = [said] if "format_alone" not in said else []
    file.write_text(
        json.dumps(
            {"servers": {"crm": {"url": "http://127.0.0.1:9/"}}, "audit": {"directory": str(log), "sinks": sinks}}
        )
    )
    environ = os.environ | {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": _KEY}
    command = [sys.executable, "-m", "bench.delivery", "--child", str(file), said.get("format_alone", "")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    if done.returncode:
        return lines[-1] if lines else f"exit code {done.returncode}"
    found: Spec = json.loads(lines[-1])
    return found


def child(file: Path, form: str) -> None:
    """Told on stderr, for stdout is a sink."""
    loaded = configfile.load(file)
    if form:
        made = Shipper(
            Path(loaded.config.audit.directory), [Target("null", "null", Null(), FORMATS[form], Limits())], once=True
        )
    else:
        try:
            made = shipper(loaded, once=True)
        except InvalidConfiguration as invalid:
            sys.exit(str(invalid))
    before, cpu, wall = most_memory_kib(), time.process_time(), time.perf_counter()
    made.start()
    made.wait()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    left = made.left
    made.close()
    if left:
        sys.exit("; ".join(left))
    (status,) = json.loads((Path(loaded.config.audit.directory) / "shipping" / "status.json").read_bytes())["sinks"]
    told = {"events": status["delivered"], "wall": wall, "cpu": cpu, "grown": (most_memory_kib() - before) / 1024}
    print(json.dumps(told), file=sys.stderr)


def most_memory_kib() -> int:
    """What getrusage says of a process that was just started is about the one that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def row(name: str, found: Spec | str) -> str:
    if isinstance(found, str):
        return f"{name:<12} {found}"
    events = found["events"]
    return (
        f"{name:<12} {events / found['wall']:>10,.0f} {found['cpu'] / events * 1e6:>10.1f} {found['grown']:>8.0f}"
        if events
        else f"{name:<12} nothing was shipped"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000, help="that are shipped, and as many intents")
    parser.add_argument("--only", nargs="*", default=[*FORMATS, *SINKS], help="formats and sinks")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(Path(asked.child[0]), asked.child[1])
        return
    figures: dict[str, Spec | str] = {}
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as temporary:
        directory = Path(temporary)
        written(directory / "audit", 2 * asked.events)
        print(f"{'':<12} {'events/s':>10} {'us/event':>10} {'MiB more':>8}")
        for form in [each for each in FORMATS if each in asked.only]:
            figures[form] = measure(directory / "audit", directory, {"format_alone": form})
            print(row(form, figures[form]), flush=True)
        for name in [each for each in SINKS if each in asked.only]:
            try:
                with SINKS[name]() as options:
                    figures[name] = measure(directory / "audit", directory, {"use": name, **options})
            except ImportError as fault:
                figures[name] = f"left out: {fault.name} is not installed"
            print(row(name, figures[name]), flush=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
