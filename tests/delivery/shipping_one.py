"""A real sink on the real shipper: in this process, or in one of its own that tests may kill.

``python -m tests.delivery.shipping_one AUDIT OUT SINK SETTINGS``; SETTINGS are the sink's options in JSON. SIGTERM ends
it; then OUT/memory says by how many bytes it had grown.
"""

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.delivery.process import _most_memory

from doorward.configtypes import Duration, Secret, Size
from doorward.core.delivery import Sink
from doorward.formats import FORMATS
from doorward.shipping.packing import clipped
from doorward.shipping.shipper import Shipper
from doorward.shipping.target import Pace, Target

ROOT = Path(__file__).resolve().parents[2]
PACE = Pace(poll=0.02, save=0.05, tick=0.05, first=0.005, longest=0.05, stuck=5.0, leave=1.0)

CLASSES = {"cloudwatch": "CloudWatch"}
TYPES: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("url", "token", "key", "secret"), Secret),
    **dict.fromkeys(("timeout", "ack_within", "every"), Duration),
    **dict.fromkeys(("size", "largest"), Size),
    "brokers": tuple,
    "path": Path,
}


def sink(name: str, settings: Mapping[str, Any]) -> Sink:
    """The plug-in of that name. ``descriptor``, ``disk`` and ``proof`` among its settings are for tests alone."""
    module = importlib.import_module(f"doorward.sinks.{name}")
    options = {each: TYPES.get(each, lambda value: value)(value) for each, value in settings.items()}
    more = [options.pop("descriptor")] if "descriptor" in options else []
    if "disk" in options:
        module.os = Disk(Path(options.pop("disk")))  # type: ignore[attr-defined]
    if "proof" in options:
        module.PROOF = options.pop("proof")  # type: ignore[attr-defined]
    made = getattr(module, CLASSES.get(name, name.capitalize()))
    found: Sink = made(made.Options(**options), *more)
    return found


class Disk:
    """``os`` with a disk that does what stands in a file, one word for each write: full, lost, slow, hang."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self._order = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, opened: int, data: bytes) -> int:
        words = self._orders.read_text().split() if self._orders.exists() else []
        self._order = words[0] if words else ""
        if words:
            new = self._orders.with_suffix(".new")
            new.write_text(" ".join(words[1:]))
            new.rename(self._orders)
        if self._order == "full":
            if len(data) > 1000:
                os.write(opened, data[:1000])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(opened, data)

    def fsync(self, opened: int) -> None:
        order, self._order = self._order, ""
        if order in ("slow", "hang"):
            time.sleep(0.05 if order == "slow" else 0.4)
        os.fsync(opened)
        if order == "lost":
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def shipper(audit: Path, name: str, settings: Mapping[str, Any]) -> Shipper:
    made = sink(name, settings)
    limits = clipped(made.limits, settings.get("events", 0))
    return Shipper(audit, [Target(name, name, made, FORMATS["native"], limits, 0.02)], pace=PACE)


class Shipping:
    """One sink being shipped to, and what the shipper says of it."""

    def __init__(self, directory: Path, name: str, settings: Mapping[str, Any]) -> None:
        self.audit, self.out = directory / "audit", directory / "out"
        self.name, self.settings = name, settings
        self.out.mkdir(exist_ok=True)

    def status(self) -> dict[str, Any]:
        """Of a look that was begun after this was called."""
        asked, seen = time.time(), 0.0
        end = time.monotonic() + 30
        while True:
            try:
                said = json.loads((self.audit / "shipping" / "status.json").read_bytes())
            except FileNotFoundError:
                said = {"at": 0.0, "process": 0}
            if said["process"] == self.process() and said["at"] > asked and said["at"] != seen:
                if seen:
                    (one,) = said["sinks"]
                    return dict(one)
                seen = said["at"]
            assert time.monotonic() < end
            time.sleep(0.01)

    def process(self) -> int:
        raise NotImplementedError

    def settled(self) -> bool:
        status = self.status()
        return bool(status["up"] and not status["waiting_bytes"])


class Here(Shipping):
    """In this process."""

    def start(self) -> None:
        self._module = importlib.import_module(f"doorward.sinks.{self.name}")
        self._before = dict(vars(self._module))
        self._shipper = shipper(self.audit, self.name, self.settings)
        self._shipper.start()

    def process(self) -> int:
        return os.getpid()

    def end(self) -> None:
        self._shipper.drain()
        self._shipper.close()

    def abandon(self) -> None:
        self._shipper.close()
        vars(self._module).update(self._before)


class Apart(Shipping):
    """In a process of its own."""

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.delivery.shipping_one", str(self.audit), str(self.out), self.name]
        command.append(json.dumps(self.settings))
        descriptors = [self.settings["descriptor"]] if "descriptor" in self.settings else []
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=descriptors)

    def process(self) -> int:
        assert self._process.poll() is None
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        assert self._process.wait(60) == -signal.SIGKILL

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0

    def abandon(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def grown(self) -> int:
        return int((self.out / "memory").read_text())


def main() -> None:
    audit, out, name, settings = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    made = shipper(Path(audit), name, json.loads(settings))
    before = _most_memory()
    made.start()
    stop.wait()
    made.drain()
    made.close()
    (Path(out) / "memory").write_text(str(_most_memory() - before))


if __name__ == "__main__":
    main()
