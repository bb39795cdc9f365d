"""Doorward as a subprocess: the way operators run it, for tests from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml

from tests.relay import HeaderRelay

AGENT = "agent:test"
TOKEN_VARIABLE = "DOORWARD_TEST_TOKEN"
TOKEN = "a-token-for-tests-only"
EVERY_REQUEST = ("sampling", "elicitation", "roots")
START = STOP = 20.0  # seconds that a loaded machine may take

Mode = Literal["audit", "warn", "soft", "enforce"]
Tree = Mapping[str, Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def merged(base: Tree, extra: Tree) -> dict[str, Any]:
    """`extra` laid over `base`, mapping by mapping."""
    both = {
        name: merged(base[name], value) if isinstance(base.get(name), Mapping) and isinstance(value, Mapping) else value
        for name, value in extra.items()
    }
    return {**base, **both}


class Gateway:
    """`with Gateway(directory, {"crm": {"url": …}}, mode="enforce") as gateway:` runs `doorward serve`.

    Everything it writes stays under `directory`. One agent, `agent:test`, may use every tool of every server with
    `TOKEN`, and every server may ask its clients, unless its settings say otherwise. `extra` is laid over the
    configuration. `with_token=True` puts a relay before the gateway that adds the token to every request, for clients
    that cannot: `url()` then leads through it. Leaving the block sends SIGTERM and asserts that it ended with 0.
    """

    def __init__(
        self,
        directory: Path,
        servers: Mapping[str, Tree],
        *,
        mode: Mode = "audit",
        extra: Tree | None = None,
        with_token: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.mode = mode
        self.port, self.admin_port = free_port(), free_port()
        self.log_path = directory / "gateway.log"
        self.config_path = directory / "doorward.yaml"
        self._relay = HeaderRelay("X-MCP-Token", TOKEN) if with_token else None
        self._environment = {**os.environ, TOKEN_VARIABLE: TOKEN, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.configure(merged(self._settings(servers), extra or {}))

    def _settings(self, servers: Mapping[str, Tree]) -> dict[str, Any]:
        # Clients on this machine may call the port that they dial by either name.
        names = [f"{host}:{self.dialled_port}" for host in ("127.0.0.1", "localhost")]
        rights = {name: ["*"] for name in servers}
        return {
            "listen": {
                "address": f"127.0.0.1:{self.port}",
                "allowed_hosts": names,
                "allowed_origins": [f"http://{name}" for name in names],
                "drain": "2s",
            },
            "admin": {"address": f"127.0.0.1:{self.admin_port}"},
            "keys": {"directory": str(self.directory / "keys")},
            "state": {"url": f"sqlite:{self.directory / 'state.db'}"},
            "audit": {"directory": str(self.audit_path)},
            "mode": self.mode,
            "identity": {"agents": [{"id": AGENT, "token": f"env:{TOKEN_VARIABLE}", "servers": rights}]},
            "servers": {name: {**self._allowed(), **server} for name, server in servers.items()},
        }

    def _allowed(self) -> dict[str, Any]:
        """What must be configured in enforcing modes, and need not be in the others."""
        return {"server_requests": list(EVERY_REQUEST)} if self.mode in ("soft", "enforce") else {}

    @property
    def dialled_port(self) -> int:
        return self._relay.port if self._relay else self.port

    @property
    def audit_path(self) -> Path:
        return self.directory / "audit"

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None, "the gateway was not started"
        return self._process.pid

    def url(self, server: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.dialled_port}/mcp/{server}"

    def admin_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.admin_port}{path}"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def configure(self, settings: Tree) -> None:
        """Writes the configuration; a running gateway reloads it."""
        self.settings = settings
        self.config_path.write_text(yaml.safe_dump(dict(settings), sort_keys=False))

    def start(self) -> None:
        command = [sys.executable, "-m", "doorward", "serve", "-c", str(self.config_path)]
        with self.log_path.open("ab") as log:
            # Its own group, so that nothing of it is left if it must be killed.
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self._kill(self._process)
            raise
        if self._relay:
            self._relay.target = self.port

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START
        while not self._is_ready():
            if process.poll() is not None:
                raise AssertionError(f"the gateway ended with {process.returncode} at its start:\n{self.log()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the gateway was not ready after {START} s:\n{self.log()}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.admin_url("/readyz"), timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """SIGTERM, and the assertion that it is enough."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._kill(process)
            raise AssertionError(f"the gateway did not end within {STOP} s of SIGTERM:\n{self.log()}") from None
        assert code == 0, f"the gateway ended with {code}:\n{self.log()}"

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def close(self) -> None:
        try:
            self.stop()
        finally:
            if self._relay:
                self._relay.close()
                self._relay = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
