"""Starts and stops the servers of these tests: other people's, and our own faulty one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gateway import free_port
from tests.peers import ROOT, node, npm_bin, python_of

START = 20.0
EVERYTHING = "@modelcontextprotocol/server-everything"


def npm_server(name: str, *arguments: str) -> list[str]:
    return [str(node()), str(npm_bin(f"@modelcontextprotocol/server-{name}", "dist/index.js")), *arguments]


def python_server(module: str, *arguments: str) -> list[str]:
    return [str(python_of("servers")), "-m", module, *arguments]


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # node is started by a script of its wheel, and both are to end
        ) as server,
    ):
        try:
            yield server
        finally:
            end_group(server)


def end_group(server: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)
    except ProcessLookupError:
        pass  # it has ended already
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)


@contextmanager
def faulty_server(log: Path) -> Iterator[str]:
    """The URL of `faulty_server.py`, for as long as the block lasts."""
    with running([sys.executable, "-m", "tests.adapters.faulty_server"], log) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        assert url.startswith("http"), f"the test server did not start:\n{log.read_text()}"
        yield url


@contextmanager
def everything_over(transport: str, log: Path) -> Iterator[str]:
    """The URL of `server-everything` over `streamableHttp` or `sse`."""
    port = free_port()
    with running(npm_server("everything", transport), log, PORT=str(port)) as server:
        deadline = time.monotonic() + START
        while not _listens(port):
            assert server.poll() is None, f"the server ended at its start:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server does not listen:\n{log.read_text()}"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/{'sse' if transport == 'sse' else 'mcp'}"


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
