"""How one sink is: for metrics, ``doorward doctor`` and ``status.json``."""

import logging
from collections import deque

import msgspec

log = logging.getLogger(__name__)

MOST_WRITERS = 100
"""Writers whose acknowledged position is shown."""

WINDOW = 60.0
"""Seconds over which the rate is taken."""

MARKS = (0.5, 0.8)
"""Values of ``Status.fill`` at which the operator is warned."""


class Status(msgspec.Struct, kw_only=True):
    """``up``: the last delivery was taken; ``since`` when (seconds since the epoch) it is so. ``last_error``: the last
    one, also where it is up again; ``remedy``: what can be done about it, where that is known.

    ``delivered``, ``repeated``, ``dead``, ``damaged``: events acknowledged, sent again, set aside as dead letters, and
    lines of the log that are no records, or segments that are gone; since the cursor was made. ``waiting_bytes`` of the
    log are not acknowledged; ``waiting_seconds``: age of the oldest event that is not. ``fill``: of what waits and the
    disk's free space, the part that waits. ``acknowledged``: when the newest event was made that is. ``writers``: the
    last acknowledged ``seq`` of those that have not ended. ``rate``: events a second over the last minute.
    ``unsaved``: the cursor cannot be saved, so that a restart sends again what was taken since.
    """

    name: str
    use: str
    up: bool = False
    since: float = 0.0
    delivered: int = 0
    repeated: int = 0
    dead: int = 0
    damaged: int = 0
    waiting_bytes: int = 0
    waiting_seconds: float = 0.0
    fill: float = 0.0
    acknowledged: float = 0.0
    writers: dict[str, int] = {}
    rate: float = 0.0
    last_error: str = ""
    remedy: str = ""
    unsaved: bool = False


class Written(msgspec.Struct):
    """``status.json``: when it was written, seconds since the epoch, by which process, and the sinks."""

    at: float
    process: int
    sinks: list[Status]


class Rate:
    """Of a count that rises, over the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, now: float, count: int) -> float:
        self._seen.append((now, count))
        while now - self._seen[0][0] > WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        began, before = self._seen[0]
        return (count - before) / (now - began) if now > began else 0.0


class Alarm:
    """Tells once when a mark is passed, and once when it is better."""

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._passed = 0

    def __call__(self, fill: float, waiting: int) -> None:
        passed = sum(fill >= mark for mark in MARKS)
        if passed > self._passed:
            log.warning(
                "sink %s: what waits for it (%d MiB) takes %d%% of what the disk has; when the disk is full, calls are"
                " refused (audit.on_failure)",
                self._sink,
                waiting >> 20,
                100 * fill,
            )
        elif passed < self._passed:
            log.info("sink %s: what waits for it takes %d%% of what the disk has", self._sink, 100 * fill)
        self._passed = passed
