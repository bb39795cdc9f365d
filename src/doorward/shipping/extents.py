"""What there is of the log: which writers, how long their files are, who has ended. Looked at once for all sinks."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from doorward.core import audit_layout
from doorward.shipping import closing
from doorward.shipping.cursor import START, Position

FRESH = 0.1
"""Seconds for which a look at a writer holds."""

SURE = 2.0
"""Seconds after a change of a directory within which another one may carry the same time."""

AT_LEAST_EACH = 10.0
"""Seconds after which the directory is read again whatever its time says."""


class Extent(NamedTuple):
    """The files of a writer: (number, bytes) of each segment, bytes of its checkpoints. ``closed``: nothing follows."""

    segments: tuple[tuple[int, int], ...] = ()
    checkpoints: int = 0
    closed: bool = False

    def beyond(self, at: Position) -> int:
        """Bytes that are not before ``at``."""
        found = max(self.checkpoints - at.checkpoint_offset, 0)
        for number, size in reversed(self.segments):
            if number <= at.segment:
                return found + (max(size - at.offset, 0) if number == at.segment else 0)
            found += size
        return found


class Extents:
    """Of all writers of a log. A writer that has ended is looked at once."""

    def __init__(
        self, directory: Path, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._wall = wall
        self._lock = RLock()
        self._writers: list[str] = []
        self._time = -1
        self._settled = False  # the time of the directory can be believed
        self._listed = float("-inf")
        self._final: dict[str, Extent] = {}
        self._recent: dict[str, tuple[float, Extent]] = {}

    def writers(self) -> list[str]:
        """Their names; the same list where none was added or removed. No directory: none. Raises ``OSError``: a log
        that cannot be listed is not one that has nothing.
        """
        with self._lock:
            now = self._clock()
            try:
                changed = os.stat(self.directory).st_mtime_ns
                if changed != self._time or not self._settled or now - self._listed >= AT_LEAST_EACH:
                    found = self._listing()
                    if found != self._writers:
                        self._writers = found
                    self._time, self._listed = changed, now
                    self._settled = self._wall() - changed / 1e9 > SURE
            except FileNotFoundError:
                self._writers, self._time = [], -1  # not to be had now; nobody has ended for that
            return self._writers

    def size(self) -> int:
        """Bytes of all writers, as far as they can be looked at."""
        found = 0
        with suppress(OSError):
            for writer in self.writers():
                with suppress(OSError):
                    found += self.of(writer).beyond(START)
        return found

    def forget(self) -> None:
        """Look again at what is asked for from now on."""
        with self._lock:
            self._recent.clear()
            self._time = -1

    def of(self, writer: str) -> Extent:
        """At most ``FRESH`` seconds old. Raises ``OSError``."""
        with self._lock:
            final = self._final.get(writer)
            if final is not None:
                return final
            now = self._clock()
            recent = self._recent.get(writer)
            if recent is not None and now - recent[0] < FRESH:
                return recent[1]
            found = self._look(writer)
            if found.closed:
                found = self._look(writer)  # again: it may have grown until it was closed
                if found.closed and not closing.whole(self.directory / writer, found.segments):
                    found = found._replace(closed=False)
            if found.closed:
                self._final[writer] = found
                self._recent.pop(writer, None)
            else:
                self._recent[writer] = (now, found)
            return found

    def again(self, writer: str) -> Extent:
        """What there is of it now. Raises ``OSError``."""
        with self._lock:
            self._recent.pop(writer, None)
            return self.of(writer)

    def _listing(self) -> list[str]:
        with os.scandir(self.directory) as entries:
            return sorted(entry.name for entry in entries if audit_layout.is_writer(entry.name))

    def _look(self, writer: str) -> Extent:
        segments, checkpoints, closed = [], 0, False
        with os.scandir(self.directory / writer) as found:
            entries = list(found)  # all names first: a segment grows no more once another one behind it was seen
        for entry in entries:
            number = audit_layout.segment_number(entry.name)
            if number is not None:
                segments.append((number, entry.stat().st_size))
            elif entry.name == audit_layout.CHECKPOINTS:
                checkpoints = entry.stat().st_size
            elif entry.name == audit_layout.CLOSED:
                closed = True
        return Extent(tuple(sorted(segments)), checkpoints, closed)
