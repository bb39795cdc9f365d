"""A record of the log to the events that one sink gets of it: sampled, weighed, in the sink's format."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from doorward.core.delivery import Event, Limits
from doorward.shipping.choosing import Record, when
from doorward.shipping.dead_letters import Dead
from doorward.shipping.sampling import FirstCalls, Sampling

Lines = Callable[[Mapping[str, Any]], Sequence[bytes]]
"""A format: a record as lines without their ends (``doorward.formats``)."""


class Packed(NamedTuple):
    """``size``: bytes of the events' data, with what the sink adds to each. ``dead``: what can never be delivered."""

    events: list[Event]
    size: int
    dead: list[Dead]


NOTHING = Packed([], 0, [])


class Packing:
    """For one sink."""

    def __init__(self, lines: Lines, limits: Limits, sampling: Sampling | None, first_calls: FirstCalls) -> None:
        self._lines = lines
        self._overhead = limits.overhead
        self._largest = largest(limits)
        self._sampling = sampling
        self._first_calls = first_calls
        self._last = 0.0

    def __call__(self, record: Record, writer: str) -> Packed:
        at = self._time(record)
        first = self._first(record, at)
        if self._sampling is not None:
            weight = self._sampling.weight(record, at, first)
            if weight == 0.0:
                return NOTHING
            if weight != 1.0:
                record["sampled"] = weight
        identity = record.get("identity")
        key = identity if type(identity) is str and identity else writer
        name = record["event_id"]
        try:
            lines = self._lines(record)
        except MemoryError:
            raise  # not the record's fault: it is tried again
        except Exception as error:  # noqa: BLE001 - whatever a format does not bear must not hold up the rest
            event = Event(name, at, key, record, b"")
            return Packed([], 0, [Dead(event, f"it cannot be put into the sink's format: {type(error).__name__}")])
        if len(lines) == 1 and len(lines[0]) <= self._largest:
            return Packed([Event(name, at, key, record, lines[0])], len(lines[0]) + self._overhead, [])
        return self._several([Event(_numbered(name, n), at, key, record, line) for n, line in enumerate(lines)])

    def _several(self, events: list[Event]) -> Packed:
        fitting = [event for event in events if len(event.data) <= self._largest]
        size = sum(len(event.data) + self._overhead for event in fitting)
        dead = [
            Dead(event, f"{len(event.data)} bytes: the sink takes {self._largest} at most")
            for event in events
            if len(event.data) > self._largest
        ]
        return Packed(fitting, size, dead)

    def _time(self, record: Record) -> float:
        """Where a record does not say, it is taken for as old as the one before."""
        at = when(record)
        if at is not None:
            self._last = at
        return self._last

    def _first(self, record: Record, at: float) -> float | None:
        if record.get("kind") != "exchange":
            return None
        server = record.get("mcp_server")
        return self._first_calls.seen(server, at) if type(server) is str and server and at else None


def _numbered(name: str, number: int) -> str:
    """The first event of a record has the record's id; others, an id of their own that is the same each time."""
    return f"{name}-{number + 1}" if number else name


def largest(limits: Limits) -> int:
    """Bytes of the largest event that a sink takes."""
    return min(limits.event, limits.bytes - limits.overhead)


def clipped(limits: Limits, events: int = 0) -> Limits:
    """The limits of a sink, kept within what one delivery may take of our memory. ``events``: as configured; 0: all."""
    most = min(limits.events, events or limits.events, MOST_EVENTS)
    return msgspec.structs.replace(limits, events=max(most, 1), bytes=min(limits.bytes, MOST_BYTES))


MOST_EVENTS = 2_000
MOST_BYTES = 5 << 20
"""Of one delivery, whatever more a service takes: with the records beside it about 20 MiB of memory."""
