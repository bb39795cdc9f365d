"""The last records of all writers, read from the ends of their journals: cheap however large the files are.

For people to look at. It proves nothing (that is the verifier's work), skips what it cannot read, and stops after
``MOST_BYTES``.
"""

import heapq
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from doorward.control.audit.read import lines_back, segment_file, segments, writers

MOST_BYTES = 16 << 20
"""Read in all for one question."""

MOST_WRITERS = 64
"""Journals looked at: those written last. (Each start and each command that changes something is a writer.)"""

Position = tuple[str, str, int]
"""Timestamp, writer, sequence: the order of the view, the newest highest."""


class Recent(msgspec.Struct, frozen=True):
    """Records, the newest first. ``next`` is where the following page begins, None if there is none.

    ``whole``: nothing was left out for want of bytes or writers.
    """

    records: list[dict[str, Any]]
    next: Position | None
    whole: bool


class _Budget:
    """What one question may still read."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.short = False

    def take(self, wanted: int) -> int:
        taken = min(wanted, self.left)
        self.left -= taken
        self.short = self.short or taken < wanted
        return taken


def recent(
    directory: Path,
    limit: int,
    *,
    before: Position | None = None,
    wanted: Callable[[dict[str, Any]], bool] = lambda record: True,
    most_bytes: int = MOST_BYTES,
) -> Recent:
    """At most ``limit`` records for which ``wanted`` is true, older than ``before``. No journal: no records."""
    last, all_of_them = _written_last(directory)
    budget = _Budget(most_bytes)
    placed = (_placed(directory, writer, budget) for writer in last)
    merged = heapq.merge(*placed, key=lambda found: found[0], reverse=True)
    found: list[tuple[Position, dict[str, Any]]] = []
    for position, record in merged:
        if (before is not None and position >= before) or not wanted(record):
            continue
        if len(found) == limit:
            return Recent([record for _, record in found], found[-1][0], all_of_them and not budget.short)
        found.append((position, record))
    return Recent([record for _, record in found], None, all_of_them and not budget.short)


def _written_last(directory: Path) -> tuple[list[str], bool]:
    """The writers that wrote last, and whether these are all."""
    written: list[tuple[int, str]] = []
    for writer in writers(directory):
        numbers = segments(directory, writer)
        try:
            written.append((segment_file(directory, writer, numbers[-1]).stat().st_mtime_ns, writer))
        except (OSError, IndexError):
            continue  # it has not written yet
    last = heapq.nlargest(MOST_WRITERS, written)
    return [writer for _, writer in last], len(last) == len(written)


def _placed(directory: Path, writer: str, budget: _Budget) -> Iterator[tuple[Position, dict[str, Any]]]:
    """The records of one writer, the last first. ``heapq.merge`` needs them in order, so what was written before a
    clock was set back stands at the time of the record after it.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    ceiling = "~"  # after every digit
    for line in lines_back(directory, writer, budget.take):
        try:
            record = decode(line.raw)
            position = (min(str(record["timestamp"]), ceiling), str(record["writer"]), int(record["seq"]))
        except (msgspec.DecodeError, KeyError, ValueError, TypeError):
            continue
        ceiling = position[0]
        yield position, record
