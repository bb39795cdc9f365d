"""Events that a sink refuses as such: kept in a file, so that they hold up nothing and are not lost either."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from doorward.core.audit import timestamp
from doorward.core.delivery import Event
from doorward.shipping import places

MOST_REASON = 500
"""Characters."""


class Dead(NamedTuple):
    event: Event
    reason: str


class DeadLetters:
    """One sink's."""

    def __init__(self, path: Path, sink: str, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._sink = sink
        self._wall = wall

    def keep(self, dead: Sequence[Dead]) -> None:
        """They are on the disk when this returns. Raises ``OSError``."""
        now = timestamp(self._wall())
        places.append(self._path, b"".join(self._line(each, now) for each in dead))

    def _line(self, dead: Dead, now: str) -> bytes:
        said = {
            "sink": self._sink,
            "time": now,
            "reason": dead.reason[:MOST_REASON],
            "event_id": dead.event.id,
            "event": dead.event.record,
        }
        try:
            return msgspec.json.encode(said) + b"\n"
        except (ValueError, RecursionError):  # what no format bears; the log has it, and its id says where
            return msgspec.json.encode(said | {"event": None}) + b"\n"
