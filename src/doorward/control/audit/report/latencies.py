"""Times of any number of calls in a fixed number of buckets, each 5 % wider than the one before."""

from collections.abc import Iterator, Sequence
from math import log10

_PER_DECADE = 48
_PER_BAR = 12
_LOWEST = 1e-3  # milliseconds: the resolution of records
_DECADES = 11
_SIZE = _PER_DECADE * _DECADES

_BARS = [_LOWEST * 10 ** (bar * _PER_BAR / _PER_DECADE) for bar in range(_SIZE // _PER_BAR + 1)]


class Latencies:
    """What ``percentile`` says is off by 2.5 % at most, and never beyond the slowest and the fastest."""

    def __init__(self) -> None:
        self._buckets = [0] * _SIZE
        self.count = 0
        self.slowest = 0.0
        self._fastest = float("inf")

    def add(self, milliseconds: float) -> None:
        """One more call."""
        self.count += 1
        if milliseconds > self.slowest:
            self.slowest = milliseconds
        if milliseconds < self._fastest:
            self._fastest = milliseconds
        place = int(log10(milliseconds / _LOWEST) * _PER_DECADE) if milliseconds > _LOWEST else 0
        self._buckets[min(place, _SIZE - 1)] += 1

    def percentile(self, share: float) -> float | None:
        """The time within which ``share`` of the calls ended; None: there were none."""
        if not self.count:
            return None
        wanted, so_far = share * self.count, 0
        for place, number in enumerate(self._buckets):
            so_far += number
            if so_far >= wanted:
                middle: float = _LOWEST * 10.0 ** ((place + 0.5) / _PER_DECADE)
                return min(max(middle, self._fastest), self.slowest)
        return self.slowest

    def bars(self) -> Sequence[int]:
        """How many calls in each quarter of a decade."""
        return [sum(self._buckets[place : place + _PER_BAR]) for place in range(0, _SIZE, _PER_BAR)]


def bars(*several: Latencies) -> Iterator[tuple[float, float, tuple[int, ...]]]:
    """(over, up to, how many of each) in milliseconds, from the first quarter of a decade with calls to the last."""
    columns = list(zip(*(one.bars() for one in several), strict=True))
    used = [place for place, column in enumerate(columns) if any(column)]
    for place in range(used[0], used[-1] + 1) if used else ():
        yield _BARS[place], _BARS[place + 1], columns[place]
