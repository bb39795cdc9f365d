"""A compressed hour of shipping to sinks that do everything wrong, and shippers that are killed (guarantees, G6).

20,000 events here; with ``DOORWARD_CHAOS`` set (as `make chaos` does) half a million: an hour at ten times 50,000.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.audit_logs import Log
from tests.delivery.process import is_refused
from tests.waiting import until_here

ROOT = Path(__file__).resolve().parents[2]
LONG = int(os.environ.get("DOORWARD_CHAOS", "0"))
EVENTS = 500_000 if LONG else 20_000
KILLS = max(5, min(LONG, 100))
BAD = ("down", "hanging", "slow", "half", "losing", "refusing", "fine")
STAYING = ("half", "losing", "refusing", "fine")
"""Those that are the same whenever they are looked at, so that a kill meets them at work."""


class Running:
    """A shipper in a process of its own, and what its sinks have taken."""

    def __init__(self, directory: Path, names: tuple[str, ...]) -> None:
        self.audit, self.out = directory / "audit", directory / "out"
        self.names = names
        self.out.mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.delivery.process", str(self.audit), str(self.out), *self.names]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def size(self) -> int:
        """Bytes that were written about what was taken."""
        return sum(path.stat().st_size for name in self.names if (path := self.out / name).exists())

    def taken(self, name: str) -> list[tuple[str, str]]:
        """(id, checksum) in the order in which they came; what was being written at a kill was never taken."""
        lines = (self.out / name).read_text().splitlines()
        return [(parts[0], parts[1]) for line in lines if len(parts := line.split(" ")) == 2 and parts[1]]

    def settled(self) -> bool:
        """The shipper says that nothing waits. It writes it by the tick."""
        try:
            said = json.loads((self.audit / "shipping" / "status.json").read_bytes())
        except FileNotFoundError:
            return False
        assert self.process is not None
        assert self.process.poll() is None
        return said["process"] == self.process.pid and all(sink["waiting_bytes"] == 0 for sink in said["sinks"])

    def dead(self, name: str) -> list[str]:
        path = self.audit / "shipping" / f"{name}.dead.jsonl"
        if not path.exists():
            return []
        found = []
        for line in path.read_bytes().splitlines():
            try:
                found.append(json.loads(line)["event_id"])
            except ValueError:
                continue  # it was killed while it wrote: the event is in a later line
        return found


class Book:
    """Writes a log, and knows what must be shipped of it."""

    def __init__(self, directory: Path, writers: int = 4) -> None:
        log = self._log = Log(directory / "audit")
        self._random = Random(5)
        self._writers = [log.writer(segment_records=3000) for _ in range(writers)]
        self.due = {writer.name: [json.loads(writer.lines()[0])["event_id"]] for writer in self._writers}

    def write(self, events: int) -> None:
        for number in range(events):
            writer = self._random.choice(self._writers)
            exchange = writer.intent() if number % 4 == 0 else self._log.id()
            record = writer.record("exchange", "outcome", exchange_id=exchange, identity="agent:sales", method="ping")
            self.due[writer.name].append(record.event_id)
            if number % 500 == 499:
                self.due[writer.name].append(f"{writer.name}-checkpoint-{writer._number}")
                writer.checkpoint()

    @property
    def events(self) -> set[str]:
        return {event for each in self.due.values() for event in each}

    def check(self, running: Running) -> None:
        for name in running.names:
            taken = running.taken(name)
            first = dict(reversed(taken))
            refused = {event for event in self.events if is_refused(event)} if name == "refusing" else set()
            assert set(first) == self.events - refused, name
            assert set(running.dead(name)) == refused, name
            assert len(set(taken)) == len(first), f"{name}: a repetition is not what it repeats"
            place = {event: at for at, (event, _) in reversed(list(enumerate(taken)))}
            for due in self.due.values():
                places = [place[event] for event in due if event not in refused]
                assert places == sorted(places), f"{name}: not in the order of a writer"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    made = Running(tmp_path, request.param)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.mark.parametrize("running", [BAD], indirect=True, ids=["all"])
def test_an_hour_of_faults_loses_nothing(running: Running, book: Book) -> None:
    running.start()
    book.write(EVENTS)
    until_here(lambda: running.size() > 0, 60)
    (running.out / "well").touch()
    until_here(running.settled, 60 + EVENTS / 500)
    assert running.end(signal.SIGTERM) == 0
    book.check(running)
    assert int((running.out / "memory").read_text()) < 64 << 20


@pytest.mark.parametrize("running", [STAYING], indirect=True, ids=["staying"])
def test_kill_9_of_the_shipper_loses_nothing(running: Running, book: Book) -> None:
    random = Random(7)
    for _ in range(KILLS):
        book.write(EVENTS // 20)
        running.start()
        enough = running.size() + random.randint(1, 100_000)
        until_here(lambda enough=enough: running.size() >= enough or running.settled(), 60)
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
    running.start()
    until_here(running.settled, 60 + EVENTS / 500)
    assert running.end(signal.SIGTERM) == 0
    book.check(running)
