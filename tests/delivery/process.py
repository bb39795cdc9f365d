"""A shipper in a process of its own, for tests that kill it: ``python -m tests.delivery.process AUDIT OUT NAME...``.

Each NAME is a sink that behaves as its name says and writes what it takes into OUT/NAME: an id and a checksum a line.
Those that are only bad for a while are well as soon as OUT/well is there. SIGTERM ends it; then OUT/memory says by how
many bytes it had grown.
"""

import os
import random
import resource
import signal
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

from doorward.core.delivery import ALL, Delivered, Event, Limits, SinkFault
from doorward.formats import FORMATS
from doorward.shipping.shipper import Shipper
from doorward.shipping.target import Pace, Target

PACE = Pace(poll=0.02, save=0.05, tick=0.05, first=0.005, longest=0.05, stuck=5.0, leave=0.2)


class Recording:
    """Takes what it is given into a file, before it says so."""

    limits = Limits(events=500)

    def __init__(self, out: Path, name: str) -> None:
        self._well = out / "well"
        self._behave: Callable[[Sequence[Event]], Delivered] = getattr(self, name)
        self._random = random.Random()
        self._file = os.open(out / name, os.O_CREAT | os.O_RDWR | os.O_APPEND)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # it was killed while it wrote

    def deliver(self, events: Sequence[Event]) -> Delivered:
        return self._behave(events)

    def close(self) -> None:
        pass

    def take(self, events: Sequence[Event]) -> None:
        data = b"".join(b"%s %d\n" % (event.id.encode(), zlib.crc32(event.data)) for event in events)
        os.write(self._file, data)

    def fine(self, events: Sequence[Event]) -> Delivered:
        self.take(events)
        return ALL

    def down(self, events: Sequence[Event]) -> Delivered:
        if not self._well.exists():
            raise SinkFault("connection refused")
        return self.fine(events)

    def hanging(self, events: Sequence[Event]) -> Delivered:
        while not self._well.exists():
            time.sleep(0.005)
        return self.fine(events)

    def slow(self, events: Sequence[Event]) -> Delivered:
        if not self._well.exists():
            time.sleep(0.2)
        return self.fine(events)

    def losing(self, events: Sequence[Event]) -> Delivered:
        self.take(events)
        if self._random.random() < 0.3:
            raise SinkFault("the connection was reset")
        return ALL

    def half(self, events: Sequence[Event]) -> Delivered:
        most = self._random.randint(0, len(events)) if self._random.random() < 0.5 else len(events)
        self.take(events[:most])
        return Delivered(again=dict.fromkeys(range(most, len(events)), "busy"))

    def refusing(self, events: Sequence[Event]) -> Delivered:
        refused = {at: "malformed" for at, event in enumerate(events) if is_refused(event.id)}
        self.take([event for at, event in enumerate(events) if at not in refused])
        return Delivered(refused=refused)


def is_refused(event_id: str) -> bool:
    return zlib.crc32(event_id.encode()) % 100 == 0


def _short(record: Any) -> list[bytes]:
    return [record["event_id"].encode()]


def main() -> None:
    audit, out, *names = sys.argv[1:]
    # The real format for one of them; the others are about what is delivered, not how it looks.
    lines = [FORMATS["native"], *[_short] * len(names)]
    targets = [
        Target(name, "test", Recording(Path(out), name), line, Recording.limits, 0.02)
        for name, line in zip(names, lines, strict=False)
    ]
    stop = Flag()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    before = _most_memory()
    shipper = Shipper(Path(audit), targets, pace=PACE)
    shipper.start()
    stop.wait()
    shipper.drain()
    shipper.close()
    (Path(out) / "memory").write_text(str(_most_memory() - before))


def _most_memory() -> int:
    """Bytes. What getrusage says of a process that was just started is about the one that started it."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
