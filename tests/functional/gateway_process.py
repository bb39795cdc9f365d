"""A supervisor as a real process: started, asked over its addresses, always ended."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE, until_here

QUICK = {"pulse": 0.1, "watch": 0.05, "scrape": 0.5, "start": 20.0, "grace": 1.0}


class Gateway:
    """One supervisor process; ``log`` holds what it and its workers wrote to stderr so far."""

    def __init__(self, config: Path, command: Sequence[str]) -> None:
        self.config = config
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        self.listen: tuple[str, int] = ("", 0)
        self.admin: tuple[str, int] = ("", 0)

    def ready(self) -> "Gateway":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "".join(self.log)
        about = json.loads(line)
        self.listen, self.admin = _address(about["listen"]), _address(about["admin"])
        return self

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self.admin, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def status(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads(self.get("/api/v1/status")[1])
        return about

    def metric(self, series: str) -> float | None:
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(series + " "):
                return float(line.rpartition(" ")[2])
        return None

    def workers(self) -> list[int]:
        return [worker["pid"] for worker in self.status()["workers"] if worker["pid"]]

    @contextlib.contextmanager
    def connected(self) -> Iterator[Callable[[str], str]]:
        """One connection to one worker, as a function from a command to the answer."""
        with socket.create_connection(self.listen, PATIENCE) as sock, sock.makefile("rw") as lines:

            def ask(command: str) -> str:
                lines.write(command + "\n")
                lines.flush()
                return lines.readline().strip()

            yield ask

    def ask(self, command: str) -> str:
        with self.connected() as ask:
            return ask(command)

    def ask_worker(self, pid: int, command: str) -> None:
        """Send a command to the worker with this process id, without waiting for an answer."""

        def sent() -> bool:
            with socket.create_connection(self.listen, PATIENCE) as sock, sock.makefile("rw") as lines:
                lines.write("pid\n")
                lines.flush()
                if lines.readline().strip() != str(pid):
                    return False
                lines.write(command + "\n")
                lines.flush()
                return True

        until_here(sent)

    def serves(self, version: int) -> bool:
        """Whether this version of the configuration is in force, in every worker."""
        about = self.status()
        return about["config"]["version"] == version and all(each["version"] == version for each in about["workers"])

    def write(self, **settings: Any) -> None:
        """Replace the configuration in one step, as an editor does."""
        self.write_text(json.dumps(settings))

    def write_text(self, text: str) -> None:
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.config)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def logged(self, words: str) -> bool:
        return any(words in line for line in self.log)

    def end(self) -> int:
        """The exit code."""
        code = self.process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reading.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(iter(self.process.stderr.readline, ""))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


@contextlib.contextmanager
def gateway(directory: Path, pace: dict[str, float] | None = None, **settings: Any) -> Iterator[Gateway]:
    """A running supervisor with these settings; killed at the end if it still runs."""
    config = directory / "gateway.json"
    config.write_text(json.dumps(settings))
    running = Gateway(config, ["tests.functional.fake_gateway", str(config), json.dumps(QUICK | (pace or {}))])
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def doorward(directory: Path, text: str, *options: str) -> Iterator[Gateway]:
    """The real ``doorward serve`` on this configuration; killed at the end if it still runs."""
    config = directory / "doorward.yaml"
    config.write_text(text)
    running = Gateway(config, ["doorward", "serve", "--json", "-c", str(config), *options])
    try:
        yield running
    finally:
        running.close()
