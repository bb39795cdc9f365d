"""How much one caller, and all of them, may have under way in this worker."""

from collections import OrderedDict

from doorward.core.decision import ALLOW, Decision
from doorward.core.snapshot import Limits
from doorward.stages.limit import OVERLOAD, STREAMS, Bucket, take

_BUCKETS = 10_000


class Flow:
    """Counts of calls in flight and open streams, and of bad tokens by address (the least recently used go first).

    How many calls and bytes a caller may have in a minute is in ``leases.py``.
    """

    __slots__ = ("_calls", "_failures", "_streams", "calls", "streams")

    def __init__(self) -> None:
        self.calls = 0
        self.streams = 0
        self._calls: dict[str, int] = {}
        self._streams: dict[str, int] = {}
        self._failures: OrderedDict[str, Bucket] = OrderedDict()

    def failed(self, client: str, per_minute: int, now: float) -> None:
        """A token of this address was bad."""
        bucket, _ = take(self._failures.get(client), per_minute, now)
        self._failures[client] = bucket
        self._failures.move_to_end(client)
        if len(self._failures) > _BUCKETS:
            self._failures.popitem(last=False)

    def may_try(self, client: str, per_minute: int, now: float) -> Decision:
        """Whether another unknown token of this address is looked into; good tokens that are known always pass."""
        return take(self._failures.get(client), per_minute, now)[1]

    def enter(self, owner: str, limits: Limits) -> Decision:
        """Count a call in, or say that there is no room."""
        mine = self._calls.get(owner, 0)
        if self.calls >= limits.in_flight or mine >= limits.in_flight_per_identity:
            return OVERLOAD
        self.calls += 1
        self._calls[owner] = mine + 1
        return ALLOW

    def leave(self, owner: str) -> None:
        self.calls -= 1
        _down(self._calls, owner)

    def open(self, owner: str, limits: Limits) -> Decision:
        """Count a long stream in, or say that this caller has enough."""
        mine = self._streams.get(owner, 0)
        if mine >= limits.streams_per_identity:
            return STREAMS
        self.streams += 1
        self._streams[owner] = mine + 1
        return ALLOW

    def shut(self, owner: str) -> None:
        self.streams -= 1
        _down(self._streams, owner)


def _down(counts: dict[str, int], owner: str) -> None:
    left = counts[owner] - 1
    if left:
        counts[owner] = left
    else:
        del counts[owner]
