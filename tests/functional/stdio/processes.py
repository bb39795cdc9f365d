"""What the stdio tests start, and see of themselves."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHILDREN = Path(__file__).parent / "children"
SERVER = str(CHILDREN / "server.py")


class Client:
    """Speaks lines to a program."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.stdin, self.stdout = process, process.stdin, process.stdout

    def send(self, *messages: object) -> None:
        for message in messages:
            self.stdin.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
        self.stdin.flush()

    def line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout.readline())
        return found

    def ask(self, message: object) -> dict[str, Any]:
        self.send(message)
        return self.line()


def end(started: "Iterable[subprocess.Popen[bytes]]") -> None:
    """Kill what is left of them, and close their pipes."""
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))
