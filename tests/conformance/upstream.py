"""Starts and stops the full test server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers import ROOT


@contextmanager
def everything(log: Path) -> Iterator[str]:
    """The URL of a full MCP server on a free port, for as long as the block lasts; its stderr goes to `log`."""
    command = [sys.executable, "-m", "tests.conformance.everything_server"]
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as server,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().decode().strip()
            assert url.startswith("http"), f"the test server did not start:\n{log.read_text()}"
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
