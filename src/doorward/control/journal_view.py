"""The last records of all writers, read from the ends of their journals: cheap however large the files are.

For people to look at. It proves nothing (that is the verifier's work), skips what it cannot read, and stops after
``MOST_BYTES``.
"""

import heapq
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

MOST_BYTES = 16 << 20
"""Read in all for one question."""

MOST_WRITERS = 64
"""Journals looked at: those written last. (Each start and each command that changes something is a writer.)"""

LONGEST_LINE = 1 << 20

_PIECE = 32 << 10

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
    journals, all_of_them = _journals(directory)
    budget = _Budget(most_bytes)
    merged = heapq.merge(*(_placed(journal, budget) for journal in journals), key=lambda found: found[0], reverse=True)
    found: list[tuple[Position, dict[str, Any]]] = []
    for position, record in merged:
        if (before is not None and position >= before) or not wanted(record):
            continue
        if len(found) == limit:
            return Recent([record for _, record in found], found[-1][0], all_of_them and not budget.short)
        found.append((position, record))
    return Recent([record for _, record in found], None, all_of_them and not budget.short)


def _journals(directory: Path) -> tuple[list[Path], bool]:
    """The journals that were written last, and whether these are all."""
    written: list[tuple[int, Path]] = []
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return [], True
    for entry in entries:
        journal = Path(entry.path) / "journal.jsonl"
        try:
            written.append((journal.stat().st_mtime_ns, journal))
        except OSError:
            continue  # no writer's directory
    last = heapq.nlargest(MOST_WRITERS, written)
    return [journal for _, journal in last], len(last) == len(written)


def _placed(journal: Path, budget: _Budget) -> Iterator[tuple[Position, dict[str, Any]]]:
    """The records of one journal, the last first. ``heapq.merge`` needs them in order, so what was written before a
    clock was set back stands at the time of the record after it.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    ceiling = "~"  # after every digit
    try:
        for line in backwards(journal, budget.take):
            try:
                record = decode(line)
                position = (min(str(record["timestamp"]), ceiling), str(record["writer"]), int(record["seq"]))
            except (msgspec.DecodeError, KeyError, ValueError, TypeError):
                continue
            ceiling = position[0]
            yield position, record
    except OSError:
        return


def backwards(file: Path, take: Callable[[int], int]) -> Iterator[bytes]:
    """The whole lines of a file from its end, without their line ends; ``take(n)`` says how much of ``n`` may be read.

    What follows the last line end is being written, and what is longer than ``LONGEST_LINE`` no record: both are left
    out.
    """
    with file.open("rb") as opened:
        place = opened.seek(0, os.SEEK_END)
        rest: bytes | None = None  # the beginning of the line that the pieces read so far cut; None: it is left out
        while place:
            size = take(min(_PIECE, place))
            if size == 0:
                return
            place = opened.seek(place - size)
            head, *lines = opened.read(size).split(b"\n")
            if lines:
                if rest is not None:
                    yield lines[-1] + rest
                yield from reversed(lines[:-1])
                rest = head
            elif rest is not None:
                rest = head + rest if len(rest) < LONGEST_LINE else None
        if rest is not None:
            yield rest
