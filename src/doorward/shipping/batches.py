"""What is delivered together: gathered by size, cut where a service wants it otherwise than it comes."""

from collections.abc import Callable, Iterator

import msgspec

from doorward.core.delivery import Event, Limits
from doorward.shipping.cursor import Position
from doorward.shipping.dead_letters import Dead
from doorward.shipping.packing import MOST_BYTES, Packed, Packing
from doorward.shipping.source import Found, Source

MOST_TURNS = 64
"""Turns of writers in one batch: where nearly nothing is shipped, the cursor moves on all the same."""

MOST_DEAD = 50
"""Dead letters of one batch: they count for no limit of a delivery."""

MOST_HELD = MOST_BYTES
"""Of the lines whose records are in a batch: a format may say less of them, and the records are kept all the same."""


class Batch(msgspec.Struct):
    """Events in the order of the log, and how far it is settled with them. ``writers``: by number, of what writer each
    event is. ``held``: bytes of the lines whose records are kept.
    """

    events: list[Event] = []
    writers: list[str] = []
    dead: list[Dead] = []
    size: int = 0
    held: int = 0
    after: dict[str, Position] = {}
    ended: list[str] = []
    turns: int = 0
    begun: float = 0.0

    @property
    def oldest(self) -> float | None:
        """When the first of its events was made."""
        return min((event.at for event in self.events), default=None)


class Gatherer:
    """Fills batches from a source; what does not fit any more is the first of the next."""

    def __init__(self, source: Source, packing: Packing, limits: Limits, clock: Callable[[], float]) -> None:
        self.source = source
        self._packing = packing
        self._limits = limits
        self._clock = clock
        self._turn: Iterator[Found] | None = None
        # The next one, until it is in a batch: whatever fails in between, it is not passed over.
        self._found: Found | None = None
        self._packed: Packed | None = None

    def gather(self, batch: Batch) -> bool:
        """Add what there is; whether it is full. Raises ``OSError``; what was added stays."""
        while True:
            if self._found is None:
                self._found = self._next(batch)
            found = self._found
            if found is None:
                return batch.turns >= MOST_TURNS
            if found.record is not None:
                if self._packed is None:
                    self._packed = self._packing(found.record, found.writer)
                if not self._fits(batch, found, self._packed):
                    return True
                self._add(batch, found, self._packed)
            self._found = self._packed = None
            if found.ended:
                batch.after.pop(found.writer, None)
                batch.ended.append(found.writer)
            else:
                batch.after[found.writer] = found.position

    def _next(self, batch: Batch) -> Found | None:
        while True:
            if self._turn is None:
                if batch.turns >= MOST_TURNS:
                    return None
                self._turn = self.source.turn()
                if self._turn is None:
                    return None
                batch.turns += 1
            try:
                found = next(self._turn, None)
            except BaseException:
                self._turn = None  # it goes on where the source knows it to be
                raise
            if found is not None:
                return found
            self._turn = None

    def _fits(self, batch: Batch, found: Found, packed: Packed) -> bool:
        if len(batch.dead) >= MOST_DEAD or (batch.held and batch.held + found.size > MOST_HELD):
            return False
        if not batch.events or not packed.events:
            return True  # more than a delivery takes is cut later
        limits = self._limits
        return len(batch.events) + len(packed.events) <= limits.events and batch.size + packed.size <= limits.bytes

    def _add(self, batch: Batch, found: Found, packed: Packed) -> None:
        batch.dead += packed.dead
        if packed.events or packed.dead:
            batch.held += found.size
        if packed.events:
            if not batch.events:
                batch.begun = self._clock()
            batch.events += packed.events
            batch.writers += [found.writer] * len(packed.events)
            batch.size += packed.size


def deliveries(batch: Batch, limits: Limits) -> Iterator[list[Event]]:
    """Its events, cut into what may be sent together. The order of each writer stays."""
    events = in_time(batch) if limits.sorted else batch.events
    part: list[Event] = []
    size, oldest, newest = 0, 0.0, 0.0
    for event in events:
        more = len(event.data) + limits.overhead
        low, high = (min(oldest, event.at), max(newest, event.at)) if part else (event.at, event.at)
        if part and (
            len(part) >= limits.events
            or size + more > limits.bytes
            or (limits.sorted and event.at < newest)
            or (limits.span and high - low > limits.span)
        ):
            yield part
            part, size, low, high = [], 0, event.at, event.at
        part.append(event)
        size, oldest, newest = size + more, low, high
    if part:
        yield part


def in_time(batch: Batch) -> list[Event]:
    """In the order of time as far as the order of each writer allows: where its clock was set back, its events stand
    behind the one that they follow.
    """
    floors: dict[str, float] = {}
    keyed = []
    for writer, event in zip(batch.writers, batch.events, strict=True):
        floor = floors[writer] = max(event.at, floors.get(writer, event.at))
        keyed.append((floor, event))
    return [
        event for _, event in sorted(keyed, key=lambda each: each[0])
    ]  # a stable sort: events of one time stay in order
