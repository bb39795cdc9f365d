"""A service that refuses a whole request for the sake of one event: which one is found by halves.

It is believed only where it takes others: a service that refuses everything has been set up wrongly, and no event is a
dead letter for that. Where a delivery holds no others that it takes, one that it took before is sent to it once more.
"""

from collections.abc import Callable, Sequence

from doorward.core.delivery import Delivered, Event, SinkFault

MOST_REFUSALS = 40
"""Requests that may be refused one after the other: more than the halves of the largest delivery."""

UNTRUSTED_WAIT = 30.0
"""Seconds before another try where the service refuses everything: that is not about the moment."""


class Unacceptable(SinkFault):
    """The service will never take this request as it is, and did not say which event it is about."""


Put = Callable[[Sequence[Event]], Delivered]
"""Sends some events in one request. What it raises is about all of them. It may be given one of an earlier delivery."""


class Isolating:
    """Sends deliveries; halves what is ``Unacceptable``. Nothing is sent before what comes before it."""

    def __init__(self) -> None:
        self._witness: Event | None = None  # the last that was taken

    def send(self, events: Sequence[Event], put: Put) -> Delivered:
        """What became of them. Raises ``SinkFault`` where none is known to have been taken."""
        found = _Found(len(events))
        parts = [(0, len(events))]
        while parts:
            first, end = parts.pop()
            try:
                part = put(events[first:end])
            except Unacceptable as why:
                parts += found.refusal(first, end, str(why))
                if found.refusals > MOST_REFUSALS:
                    break
            except SinkFault as fault:
                if found.taken is None:
                    raise
                found.rest(first, str(fault))
                break
            else:
                found.part(first, end, part)
                if part.again:
                    break
        if found.taken is not None:
            self._witness = events[found.taken]
        elif found.suspects and not self._refused_alone(events[min(found.suspects)], put):
            said = f"refused whatever it holds: {next(iter(found.suspects.values()))}"
            remedy = "check its address and settings: it takes nothing at all"
            raise SinkFault(said, UNTRUSTED_WAIT, remedy, with_others=True)
        if found.refusals > MOST_REFUSALS:
            found.rest(first, "refused together with others")
        return Delivered(found.again, found.refused | found.suspects)

    def _refused_alone(self, suspect: Event, put: Put) -> bool:
        """Whether the service takes what it took before, and after that still not this one: had it just been set right,
        or wrong, one of the two would be otherwise. Raises ``SinkFault``.
        """
        witness = self._witness
        return witness is not None and _alone(witness, put) == Delivered() and bool(_alone(suspect, put).refused)


def _alone(event: Event, put: Put) -> Delivered:
    try:
        return put([event])
    except Unacceptable as why:
        return Delivered(refused={0: str(why)})


class _Found:
    """What is known of a delivery so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.again: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.suspects: dict[int, str] = {}  # refused alone, and without anything said of it
        self.taken: int | None = None  # the last that was
        self.refusals = 0

    def part(self, first: int, end: int, part: Delivered) -> None:
        self.again |= {first + place: why for place, why in part.again.items()}
        self.refused |= {first + place: why for place, why in part.refused.items()}
        for place in range(end - 1, first - 1, -1):
            if place not in self.again and place not in self.refused:
                self.taken = place
                break
        self.refusals = 0
        if part.again:
            self.rest(end, "not sent yet: earlier ones come first")

    def refusal(self, first: int, end: int, why: str) -> list[tuple[int, int]]:
        """The halves, the one that comes first at the end; none of a single event."""
        self.refusals += 1
        if end - first == 1:
            self.suspects[first] = why
            return []
        middle = (first + end) // 2
        return [(middle, end), (first, middle)]

    def rest(self, first: int, why: str) -> None:
        """Everything from ``first`` on, but for what is known of already, comes again."""
        for place in range(first, self._count):
            if place not in self.suspects:
                self.again.setdefault(place, why)
