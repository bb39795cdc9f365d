"""How far one sink has acknowledged, writer by writer.

At least once: it is saved after deliveries were acknowledged and never before, so one that is old only makes that
events are sent again. Writers that have ended and of which the sink has everything stand in a file of their own that
only grows: a log has thousands of them, and they would have to be written each second.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Annotated

import msgspec

from doorward.core import audit_layout
from doorward.shipping import places
from doorward.shipping.places import Places

log = logging.getLogger(__name__)

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All before it is settled: bytes of a segment, and ``checkpoints`` lines (``checkpoint_offset`` bytes) of
    ``checkpoints.jsonl``. ``seq``: of the last record; -1: of none.
    """

    segment: _Count = 0
    offset: _Count = 0
    seq: int = -1
    checkpoints: _Count = 0
    checkpoint_offset: _Count = 0


START = Position()


class Totals(msgspec.Struct):
    """Events: acknowledged, sent again, set aside as dead letters; and what of the log cannot be read: lines that are
    no records, segments that are gone.

    ``newest``: when the newest event was made that is settled (seconds since the epoch).
    """

    delivered: _Count = 0
    repeated: _Count = 0
    dead: _Count = 0
    damaged: _Count = 0
    newest: float = 0.0


class _Saved(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    v: int = 1
    sink: str
    totals: Totals
    writers: dict[str, Position]


class Cursor:
    """One sink's. The pump moves it; others may look."""

    def __init__(self, files: Places, name: str) -> None:
        """As it was saved. Raises ``OSError`` where it cannot be read or made."""
        self._name = name
        self._path, self._ended_path = files.cursor(name), files.ended(name)
        self._lock = Lock()
        self._new: list[str] = []  # writers that have ended, which no file says yet
        self._dirty = False
        self._positions: dict[str, Position] = {}
        self.ended: set[str] = set()
        self.totals = Totals()
        self._load()

    def position(self, writer: str) -> Position:
        return self._positions.get(writer, START)

    def positions(self) -> dict[str, Position]:
        """Those of writers that have more, or may have."""
        with self._lock:
            return dict(self._positions)

    def advance(self, after: Mapping[str, Position], ended: Iterable[str]) -> None:
        """The sink has everything before these."""
        with self._lock:
            self._positions.update(after)
            for writer in ended:
                self._positions.pop(writer, None)
                self.ended.add(writer)
                self._new.append(writer)
            self._dirty = True

    def touch(self) -> None:
        """The totals have changed."""
        self._dirty = True

    def save(self) -> None:
        """Unless nothing has changed. Raises ``OSError``."""
        with self._lock:
            if not self._dirty:
                return
            if self._new:  # first: a writer that is in neither file would be sent again from the beginning
                places.append(self._ended_path, "".join(f"{writer}\n" for writer in self._new).encode())
                self._new = []
            saved = _Saved(sink=self._name, totals=self.totals, writers=self._positions)
            places.replace(self._path, msgspec.json.encode(saved) + b"\n")
            self._dirty = False

    def _load(self) -> None:
        try:
            saved = msgspec.json.decode(self._path.read_bytes(), type=_Saved)
            if saved.v != 1 or saved.sink != self._name:
                raise ValueError("of another version, or another sink")
        except FileNotFoundError:
            self._ended_path.unlink(missing_ok=True)  # without a cursor everything is sent
        except ValueError:
            self._set_aside()
        else:
            self.totals, self._positions = saved.totals, saved.writers
            self.ended = _names(self._ended_path)
            return
        self._dirty = True
        self.save()

    def _set_aside(self) -> None:
        mark = f"damaged-{time.time_ns()}"
        for path in (self._path, self._ended_path):
            if path.exists():
                path.rename(path.with_name(f"{path.name}.{mark}"))
        log.error(
            "sink %s: its cursor cannot be read, and is now %s: everything is sent again from the beginning of the log,"
            " with the same ids",
            self._name,
            self._path.with_name(f"{self._path.name}.{mark}"),
        )


def _names(path: Path) -> set[str]:
    try:
        lines = path.read_text("ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return set()
    return {line for line in lines if audit_layout.is_writer(line)}
