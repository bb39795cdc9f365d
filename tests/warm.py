"""Programs on somebody's SDK, started from an interpreter that has imported it (warm_host.py is the other half).

To import an SDK takes a second of the processor, far more than most of what a test has it do. Each start is still a
process of its own, with streams, an environment and a directory of its own, and an exit code.
"""

import atexit
import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests import warm_host

ROOT = Path(__file__).resolve().parent.parent
START = 40.0  # seconds that a loaded machine may take to import an SDK
LOST = -9  # the exit code of what ended without a word


class Host:
    """One interpreter, for as long as this process lives."""

    _of: dict[str, "Host"] = {}

    def __init__(self, python: str, first: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="warm-")
        self.address = str(Path(self._directory.name) / "host")
        # With -m the root is in the path, as our modules need; the other interpreters have scripts alone.
        program = ["-m", "tests.warm_host"] if python == sys.executable else [warm_host.__file__]
        self._process = subprocess.Popen(
            [python, *program, self.address, first], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        atexit.register(self._close)

    @classmethod
    def of(cls, python: str, first: str) -> "Host":
        """The host of an interpreter; ``first`` is imported when it starts."""
        if python not in cls._of:
            cls._of[python] = cls(python, first)
        return cls._of[python]

    def connected(self) -> socket.socket:
        deadline = time.monotonic() + START
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.address)
                return connection
            except OSError:
                connection.close()
                assert self._process.poll() is None, "the interpreter ended at its start"
                assert time.monotonic() < deadline, "the interpreter did not start"
                time.sleep(0.01)

    def _close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._directory.cleanup()


class Process:
    """A started program, as far as ``subprocess.Popen`` is needed: its stdin and stdout are pipes."""

    def __init__(self, python: str, target: str, *arguments: str, stderr: IO[Any]) -> None:
        host = Host.of(python, target)
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")
        self._code: int | None = None
        try:
            self._connection = host.connected()
            _send(self._connection, target, arguments, (theirs_in, theirs_out, stderr.fileno()))
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.pid = self._reply(START)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises ``subprocess.TimeoutExpired``."""
        if self._code is None:
            self._code = self._reply(timeout)
            self._connection.close()
        return self._code

    def kill(self) -> None:
        self._connection.close()
        self._code = LOST if self._code is None else self._code

    def _reply(self, timeout: float | None) -> int:
        self._connection.settimeout(timeout)
        try:
            data = self._connection.recv(warm_host.REPLY.size, socket.MSG_WAITALL)
        except TimeoutError:
            raise subprocess.TimeoutExpired("a warm program", timeout or 0.0) from None
        except ConnectionError:
            data = b""
        code: int = warm_host.REPLY.unpack(data)[0] if len(data) == warm_host.REPLY.size else LOST
        return code


def command(target: str, *arguments: str) -> str:
    """A shell's command for others to run, with arguments of their own behind ours: what ``python -m`` is otherwise."""
    return shlex.join(words(target, *arguments))


def words(target: str, *arguments: str, python: str = sys.executable) -> list[str]:
    """The same, word by word."""
    host = Host.of(python, target)
    host.connected().close()  # who runs the command does not wait for the import
    # No site, no environment: this interpreter has only to hand over.
    return [python, "-I", "-S", str(Path(__file__).with_name("warm_start.py")), host.address, target, *arguments]


def _send(connection: socket.socket, target: str, arguments: Sequence[str], streams: Sequence[int]) -> None:
    environment: Mapping[str, str] = dict(os.environ)
    wanted = {"target": target, "arguments": arguments, "environment": environment, "directory": os.getcwd()}
    data = json.dumps(wanted).encode()
    socket.send_fds(connection, [warm_host.LENGTH.pack(len(data))], streams)
    connection.sendall(data)
