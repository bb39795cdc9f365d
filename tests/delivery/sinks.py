"""Sinks for tests of shipping: one that takes everything, and one that does what sinks do wrong."""

import random
from collections.abc import Callable, Sequence
from threading import Event as Flag

from doorward.core.delivery import ALL, Delivered, Event, Limits, SinkFault
from doorward.formats import FORMATS
from doorward.shipping.target import Pace, Target

FAST = Pace(poll=0.005, save=0.02, tick=0.02, first=0.001, longest=0.01, stuck=0.05, flush=0.2, leave=0.2)
"""Waits that tests can bear."""


class Memory:
    """``taken``: ids in the order in which they came, repetitions too."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits(events=100)
        self.deliveries: list[list[Event]] = []
        self.closed = 0

    def deliver(self, events: Sequence[Event]) -> Delivered:
        self.take(events)
        return ALL

    def take(self, events: Sequence[Event]) -> None:
        assert events
        assert len(events) <= self.limits.events
        assert sum(len(event.data) + self.limits.overhead for event in events) <= self.limits.bytes
        assert all(len(event.data) <= self.limits.event and b"\n" not in event.data for event in events)
        if self.limits.sorted:
            assert [event.at for event in events] == sorted(event.at for event in events)
        if self.limits.span:
            assert max(event.at for event in events) - min(event.at for event in events) <= self.limits.span
        if events:
            self.deliveries.append(list(events))

    def close(self) -> None:
        self.closed += 1

    @property
    def events(self) -> list[Event]:
        return [event for delivery in self.deliveries for event in delivery]

    @property
    def taken(self) -> list[str]:
        return [event.id for event in self.events]


Behaviour = Callable[["Bad", Sequence[Event]], Delivered]


class Bad(Memory):
    """Behaves as it is told; ``behave`` may be changed at any time. ``tries``: deliveries begun."""

    def __init__(self, behave: Behaviour, limits: Limits | None = None, seed: int = 1) -> None:
        super().__init__(limits)
        self.behave = behave
        self.random = random.Random(seed)
        self.released = Flag()
        self.tries = 0

    def deliver(self, events: Sequence[Event]) -> Delivered:
        self.tries += 1
        return self.behave(self, events)


def well(sink: Bad, events: Sequence[Event]) -> Delivered:
    sink.take(events)
    return ALL


def down(sink: Bad, events: Sequence[Event]) -> Delivered:
    raise SinkFault("connection refused")


def hanging(sink: Bad, events: Sequence[Event]) -> Delivered:
    """Until it is released."""
    sink.released.wait()
    return well(sink, events)


def losing_acknowledgements(sink: Bad, events: Sequence[Event]) -> Delivered:
    """It has taken them, and often nobody hears of it."""
    sink.take(events)
    if sink.random.random() < 0.5:
        raise SinkFault("the connection was reset")
    return ALL


def half_taking(sink: Bad, events: Sequence[Event]) -> Delivered:
    """The first of them, and of the rest it says so."""
    most = sink.random.randint(0, len(events))
    if most:
        sink.take(events[:most])
    return Delivered(again=dict.fromkeys(range(most, len(events)), "busy"))


def refusing(sink: Bad, events: Sequence[Event]) -> Delivered:
    """Each event whose id ends with a 7, for good."""
    refused = {at: "malformed" for at, event in enumerate(events) if event.id.endswith("7")}
    left = [event for at, event in enumerate(events) if at not in refused]
    if left:
        sink.take(left)
    return Delivered(refused=refused)


def broken(sink: Bad, events: Sequence[Event]) -> Delivered:
    """Whatever a plug-in can raise."""
    raise sink.random.choice((ValueError("a secret"), SystemExit(), KeyboardInterrupt(), MemoryError()))


def raving(sink: Bad, events: Sequence[Event]) -> Delivered:
    """An answer about events that it was not given."""
    return Delivered(again={len(events): "beyond"}, refused={-1: "before"})


def then_well(behave: Behaviour, times: int) -> Behaviour:
    """So often as ``behave``, then well."""

    def changing(sink: Bad, events: Sequence[Event]) -> Delivered:
        return (behave if sink.tries <= times else well)(sink, events)

    return changing


def target(sink: Memory, name: str = "test", every: float = 0.0, form: str = "native") -> Target:
    return Target(name, "test", sink, FORMATS[form], sink.limits, every)
