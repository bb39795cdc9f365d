"""Counts by name that stay small, however many names peers think of."""

import heapq
from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

MOST_KEYS = 20_000

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class Tally(Generic[Key]):
    """A counter of at most ``most`` keys. When it is full the rarer half goes, and is only counted in ``others``.

    After that the counts of single keys are lower bounds; ``total`` is always exact.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._counts: Counter[Key] = Counter()
        self.others = 0

    def add(self, key: Key, number: int = 1) -> None:
        """Count ``number`` more of ``key``."""
        counts = self._counts
        if key not in counts and len(counts) >= self._most:
            kept = Counter(dict(counts.most_common(self._most // 2)))
            self.others += counts.total() - kept.total()
            counts = self._counts = kept
        counts[key] += number

    def __getitem__(self, key: Key) -> int:
        return self._counts[key]

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def total(self) -> int:
        """The count over all keys, those that were dropped included."""
        return self._counts.total() + self.others

    def top(self, number: int | None = None) -> list[tuple[Key, int]]:
        """The most frequent, and among equals in the order of their names."""
        ranked = sorted(self._counts.items(), key=lambda row: (-row[1], str(row[0])))
        return ranked[:number]


class Newest(Generic[Row]):
    """The ``most`` newest of some rows, whatever order they come in; ``seen``: how many there were."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[str, int, Row]] = []
        self.seen = 0

    def add(self, timestamp: str, row: Row) -> None:
        """One more."""
        self.seen += 1
        entry = (timestamp, self.seen, row)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def rows(self) -> list[Row]:
        """Those kept, the oldest first."""
        return [row for _, _, row in sorted(self._heap, key=lambda entry: entry[:2])]
