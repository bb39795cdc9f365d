"""When something held: first seen, last seen, how often."""

from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

Key = TypeVar("Key", bound=Hashable)

MOST_SPANS = 5_000


class Spans(Generic[Key]):
    """At most ``most`` keys; what comes after is left out, and ``full`` says so."""

    def __init__(self, most: int = MOST_SPANS) -> None:
        self._most = most
        self._spans: dict[Key, _Span] = {}
        self.full = False

    def add(self, key: Key, timestamp: str) -> None:
        """Seen once more; records of several writers come in any order."""
        span = self._spans.get(key)
        if span is None:
            if len(self._spans) >= self._most:
                self.full = True
                return
            span = self._spans[key] = _Span(timestamp, timestamp)
        if timestamp > span.last:
            span.last = timestamp
        elif timestamp < span.first:
            span.first = timestamp
        span.count += 1

    def __len__(self) -> int:
        return len(self._spans)

    def rows(self) -> list[tuple[Key, str, str, int]]:
        """(key, first, last, count), the one that was seen first first."""
        rows = [(key, span.first, span.last, span.count) for key, span in self._spans.items()]
        return sorted(rows, key=lambda row: (row[1], str(row[0])))


class _Span(msgspec.Struct):
    first: str
    last: str
    count: int = 0
