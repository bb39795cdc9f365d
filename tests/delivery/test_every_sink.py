"""Every sink on the real shipper, from a log on disk to its strict receiver, through everything that goes wrong (G6).

A few hundred events for each here, with the shipper in this process. With ``DOORWARD_CHAOS`` set to N: N times (ten at
most) 50,000, the shipper in a process of its own, and its memory is looked at.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.audit_logs import Log, Writer
from tests.delivery.process import is_refused
from tests.delivery.rigs import RIGS, Rig
from tests.delivery.shipping_one import Apart, Here, Shipping
from tests.receivers.aws import account
from tests.waiting import until_here

from doorward.core import audit_layout

LONG = int(os.environ.get("DOORWARD_CHAOS", "0"))
EVENTS = min(LONG, 10) * 50_000 or 500
LAST = EVENTS // 5
"""Those that wait when the last fault ends."""
FAULTS = 20 if LONG else 0
"""0: each once."""
KILLS = max(3, min(LONG, 30))


class Book:
    """Writes a log, and knows what must be shipped of it."""

    def __init__(self, directory: Path, rig: Rig, writers: int = 3) -> None:
        self._rig = rig
        self._log = Log(directory / "audit", step=0.001)
        self._log.now = time.time() - 2 * 3600  # services look at the time
        self._random = Random(5)
        self._writers = [self._log.writer(segment_records=3000) for _ in range(writers)]
        self.due: dict[str, list[str]] = {writer.name: [] for writer in self._writers}
        self.refused: set[str] = set()
        self._count = 0
        for writer in self._writers:
            self._note(writer, json.loads(writer.lines()[0])["event_id"], span=False)

    def write(self, events: int) -> None:
        for number in range(self._count, self._count + events):
            writer = self._random.choice(self._writers)
            exchange = writer.intent() if number % 4 == 0 else self._log.id()
            event = self._log.id()
            detail = "x" * self._rig.largest if self._rig.largest and is_refused(event) else ""
            writer.record(
                "exchange",
                "outcome",
                event_id=event,
                exchange_id=exchange,
                identity=f"agent:{number % 3}",
                method="ping",
                detail=detail,
            )
            self._note(writer, event, large=bool(detail))
            if number % 50 == 49:
                self._note(writer, f"{writer.name}-checkpoint-{writer._number}", span=False)
                writer.checkpoint()
        self._count += events

    def _note(self, writer: Writer, event: str, *, span: bool = True, large: bool = False) -> None:
        if span or not self._rig.spans:
            self.due[writer.name].append(event)
            if large or self._rig.refused(event):
                self.refused.add(event)

    @property
    def events(self) -> set[str]:
        return {event for each in self.due.values() for event in each}

    def check(self, shipping: Shipping) -> None:
        """Everything came, what came twice is the same, first arrivals are in order; the rest are dead letters."""
        lanes = self._rig.lanes()
        came = {event for lane in lanes for event, _ in lane}
        assert came == self.events - self.refused
        assert len({arrival for lane in lanes for arrival in lane}) == len(came), "a repetition is not what it repeats"
        for lane in lanes:
            first = {event: place for place, (event, _) in reversed(list(enumerate(lane)))}
            for due in self.due.values():
                places = [first[event] for event in due if event in first and event not in self._rig.unordered]
                assert places == sorted(places), "not in the order of a writer"
        self._check_dead(shipping)
        self._check_cursor(shipping)

    def _check_dead(self, shipping: Shipping) -> None:
        path = shipping.audit / "shipping" / f"{shipping.name}.dead.jsonl"
        dead = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        assert {letter["event_id"] for letter in dead} == self.refused
        assert all(letter["reason"] for letter in dead)

    def _check_cursor(self, shipping: Shipping) -> None:
        saved = json.loads((shipping.audit / "shipping" / f"{shipping.name}.cursor.json").read_bytes())
        for writer in self._writers:
            segment, offset, seq, checkpoints, checkpoint_offset = saved["writers"][writer.name]
            assert (segment, offset, seq, checkpoints) == (
                writer._segment,
                writer._offset,
                writer.count - 1,
                writer._number,
            )
            path = writer.place / audit_layout.CHECKPOINTS
            assert checkpoint_offset == (path.stat().st_size if path.exists() else 0)


def faults(rig: Rig, random: Random) -> Iterator[tuple[str, int]]:
    """Each kind at least once, by chance in which order, and the one that keeps everything away last."""
    kinds = list(rig.kinds) + random.choices(rig.kinds, k=max(0, FAULTS - len(rig.kinds)))
    random.shuffle(kinds)
    yield from ((kind, random.randint(1, 4 if LONG else 2)) for kind in kinds)


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    account(monkeypatch)
    with RIGS[request.param](tmp_path, long=bool(LONG)) as made:
        yield made
    if LONG:
        shutil.rmtree(tmp_path)  # a gigabyte for each


@pytest.fixture
def book(tmp_path: Path, rig: Rig) -> Book:
    return Book(tmp_path, rig)


def test_every_fault_of_every_sink_loses_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, rig: Rig, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    name = request.node.callspec.params["rig"]
    shipping: Here | Apart = (Apart if LONG else Here)(tmp_path, name, rig.settings)
    began = time.monotonic()
    shipping.start()
    try:
        chosen = list(faults(rig, Random(f"{name} 6")))
        for kind, times in chosen:
            suffer(shipping, rig, book, kind, times, (EVENTS - LAST) // len(chosen))
        suffer(shipping, rig, book, rig.outage, 1, LAST)
        well, before = time.monotonic(), shipping.status()["delivered"]
        until_here(shipping.settled, 60 + EVENTS / 100)
        done, delivered = time.monotonic(), shipping.status()["delivered"]
        shipping.end()
    finally:
        shipping.abandon()
    book.check(shipping)
    assert book.refused or name in ("file", "stdout")
    if isinstance(shipping, Apart):
        grown = shipping.grown()
        with capsys.disabled():
            rate, more = (delivered - before) / (done - well), delivered - before
            told = f"{more:,} waited at the end and went at {rate:,.0f}/s, {grown / 2**20:.0f} MiB more"
            print(f"\n{name}: {delivered:,} events, {done - began:.0f} s, {told}")
        assert grown < 64 << 20


def suffer(shipping: Shipping, rig: Rig, book: Book, kind: str, times: int, events: int) -> None:
    """A fault that lasts until the sink has met it."""
    before = shipping.status()["repeated"]
    rig.bad(kind, times)
    try:
        book.write(events)
        until_here(lambda: rig.met(shipping.status()["repeated"] > before), 60 + EVENTS / 100)
    finally:
        rig.well()


@pytest.mark.parametrize("rig", ["splunk", "kafka"], indirect=True)
def test_kill_9_of_the_shipper_loses_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, rig: Rig, book: Book
) -> None:
    random = Random(7)
    shipping = Apart(tmp_path, request.node.callspec.params["rig"], rig.settings)
    try:
        for _ in range(KILLS):
            book.write(EVENTS // KILLS // 2)
            rig.bad("lost", 1)
            enough = rig.progress() + random.randint(1, 200)
            shipping.start()
            until_here(lambda enough=enough: rig.progress() >= enough or shipping.settled(), 60)  # type: ignore[misc]
            shipping.kill()
        shipping.start()
        until_here(shipping.settled, 60 + EVENTS / 100)
        shipping.end()
    finally:
        shipping.abandon()
    book.check(shipping)
