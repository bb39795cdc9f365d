"""A real OpenTelemetry Collector: its own OTLP receiver, and a file that shows what it took."""

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.peers import PEERS, PeerMissing
from tests.receivers.aws import free_port

BINARY = PEERS / "collector" / "collector"

_SETTINGS = """
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{port}", max_request_body_size: {largest}}}
exporters:
  lines: {{path: "{out}"}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [lines]}}
    traces: {{receivers: [otlp], exporters: [lines]}}
"""


class Collector:
    """``largest``: the most bytes that it takes in a request. ``pause`` leaves it listening and silent; ``kill`` is
    kill -9.
    """

    def __init__(self, directory: Path, largest: int = 20 << 20) -> None:
        if not BINARY.exists():
            raise PeerMissing(BINARY, "make collector")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._out = directory / "taken.jsonl"
        self._told = directory / "collector.log"
        self._settings = directory / "collector.yaml"
        self._settings.write_text(_SETTINGS.format(port=self._port, largest=largest, out=self._out), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises ``AssertionError`` with what it says where it does not come up."""
        with self._told.open("ab") as told:
            command = [str(BINARY), "--config", f"file:{self._settings}"]
            self._process = subprocess.Popen(command, stdout=told, stderr=told)
        until = time.monotonic() + 30
        while True:
            assert self._process.poll() is None, self._told.read_text()
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until, self._told.read_text()
                time.sleep(0.05)

    def pause(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def logs(self) -> list[dict[str, Any]]:
        """All log records that it took, in their order, as it writes them in OTLP's JSON."""
        return [record for scope in self._scopes("resourceLogs", "scopeLogs") for record in scope["logRecords"]]

    def spans(self) -> list[dict[str, Any]]:
        return [span for scope in self._scopes("resourceSpans", "scopeSpans") for span in scope["spans"]]

    def _scopes(self, resources: str, scopes: str) -> list[dict[str, Any]]:
        lines = self._out.read_bytes().splitlines() if self._out.exists() else []
        taken = [resource for line in lines for resource in json.loads(line).get(resources, ())]
        return [scope for resource in taken for scope in resource[scopes]]


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """The attributes without the names of their types."""
    return {each["key"]: next(iter(each["value"].values())) for each in attributes}
