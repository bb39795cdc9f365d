"""What travels to a sink, and what the sink says of it (``shipping`` sends, ``sinks`` take)."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

LARGEST_EVENT = 256 << 10
"""Bytes of one event in any format: what every sink takes."""


class Event(msgspec.Struct, frozen=True):
    """One record on its way out.

    ``id``: the record's ``event_id``, the same each time it is sent. ``at``: when it was made, seconds since the epoch.
    ``key``: what belongs together in a sink that has partitions: the identity. ``record``: its members, with the weight
    that sampling gave it. ``data``: the same in the sink's format, one line without its end.
    """

    id: str
    at: float
    key: str
    record: Mapping[str, Any]
    data: bytes


class Limits(msgspec.Struct, frozen=True):
    """What one delivery may hold: ``events``, and ``bytes`` of their data with ``overhead`` added for each event.

    ``event``: the largest of one event's data; a larger one is a dead letter. ``span``: seconds between the oldest and
    the newest event of a delivery; 0: any. ``sorted``: the events of a delivery must be in the order of time.
    """

    events: int = 1000
    bytes: int = 1 << 20
    overhead: int = 1
    event: int = LARGEST_EVENT
    span: float = 0.0
    sorted: bool = False


class Delivered(msgspec.Struct, frozen=True):
    """What became of the events of a delivery, by their place in it; what is not named was taken.

    ``again``: not taken, and worth another try, with why. ``refused``: never to be taken as they are, with why: dead
    letters.
    """

    again: Mapping[int, str] = {}
    refused: Mapping[int, str] = {}


ALL = Delivered()
"""Everything was taken."""


class SinkFault(Exception):
    """Nobody knows that anything of a delivery was taken: all of it is sent again. ``wait``: not before so many
    seconds. ``with_others``: what is at fault would show if it came with later events. The text is for people, and
    holds no secret and nothing of an event; ``remedy`` is what they can do, where that is known.
    """

    def __init__(self, detail: str, wait: float = 0.0, remedy: str = "", *, with_others: bool = False) -> None:
        super().__init__(detail)
        self.wait = wait
        self.remedy = remedy
        self.with_others = with_others


class Sink(Protocol):
    """Takes deliveries, one after the other, on a thread of its own: it may block.

    A delivery has ended when the sink's own service has said that it has the events. What takes longer than its own
    time-outs is a ``SinkFault``.
    """

    @property
    def limits(self) -> Limits: ...

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """Raises ``SinkFault``; any other exception counts as one."""

    def close(self) -> None:
        """Let go of connections and files; from another thread too, and then ``deliver`` ends soon."""
