"""What killed writers left behind, put in order by one process when it starts (guarantees, G2).

A line without its end is set aside; an exchange without its outcome gets one, ``journal.interrupted``, in the log of
the process that does this, for a writer is never continued by another; then the writer is marked as closed. All of it
can be killed at any moment and is done again from where it was.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import uuid4

import msgspec

from doorward.core import audit_layout
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.decision import Reason
from doorward.core.errors import JournalFault
from doorward.gateway.journal import remains, tidy
from doorward.gateway.journal.own_records import gap
from doorward.gateway.journal.remains import Opener, OutOfTime, Place, Remains, Start

log = logging.getLogger(__name__)

LOCK = "recovery.lock"
MOST_OPEN = 100_000
"""Exchanges without an end that are remembered, over all writers. More are one ``gap``."""

_AT_ONCE = 200
"""Writers whose locks are held together: they share one wait for the disk."""
_FLUSH_EACH = 1000  # records: a journal takes ten times as many before it refuses


class Taking(Protocol):
    """The journal that the records go to; without a ``writer`` it is one that keeps nothing."""

    @property
    def writer(self) -> str: ...

    def append(self, record: AuditRecord) -> object: ...

    def flush(self) -> None:
        """Return when the disk has all of them. Raises ``JournalFault``, also if one since the last flush was lost."""


class Recovered(msgspec.Struct):
    """What was done. ``writers``: closed; ``interrupted``: exchanges ended; ``torn``: pieces set aside and recorded.

    ``damaged``: lines that are no records, which are left for the verifier to name. ``left``: writers that are for the
    next time; ``problems``: why, where it was not for lack of time. ``skipped``: somebody else was at it, or nobody
    would keep the records.
    """

    writers: int = 0
    interrupted: int = 0
    torn: int = 0
    damaged: int = 0
    left: int = 0
    problems: list[str] = msgspec.field(default_factory=list)
    skipped: bool = False


class _Dead(NamedTuple):
    """A writer that nobody holds and that is not closed."""

    place: Path
    begin: Start


def recover(
    directory: Path,
    journal: Taking,
    *,
    now: float,
    limit_seconds: float | None = None,
    opener: Opener = remains.plain,
    monotonic: Callable[[], float] = time.monotonic,
) -> Recovered:
    """Put in order what killed writers left in the audit directory. Blocks: not on the event loop.

    ``now`` is in seconds since the epoch. After ``limit_seconds`` no more is begun. Raises ``JournalFault``; nothing
    that it concerns is marked as closed then.
    """
    if not directory.is_dir():
        return Recovered()
    if not journal.writer:
        return Recovered(skipped=True)  # what is not kept would be lost for good
    end = monotonic() + limit_seconds if limit_seconds is not None else None
    with tidy.held(directory / LOCK) as alone:
        if not alone:
            return Recovered(skipped=True)
        return _Recovery(directory, journal, now, opener, lambda: end is not None and monotonic() >= end).run()


class _Recovery:
    def __init__(self, directory: Path, journal: Taking, now: float, opener: Opener, late: Callable[[], bool]) -> None:
        self._directory = directory
        self._journal = journal
        self._now = now
        self._opener = opener
        self._late = late
        self._done = Recovered()
        self._ended: set[str] = set()  # by a recovery that was killed
        self._told: set[str] = set()
        self._room = MOST_OPEN
        self._unflushed = 0

    def run(self) -> Recovered:
        with contextlib.suppress(OSError):
            tidy.drop_unborn(self._directory, self._now)
        # What takes long comes last: one writer without checkpoints must not hold up the others at each start.
        dead = sorted(self._dead(), key=lambda found: found.begin.size)
        read = [(found.place, left) for found in dead if (left := self._read(found)) is not None]
        for first in range(0, len(read), _AT_ONCE):
            if first and self._late():
                self._done.left += len(read) - first
                break
            self._close(read[first : first + _AT_ONCE])
        return self._done

    def _dead(self) -> Iterator[_Dead]:
        with os.scandir(self._directory) as entries:
            places = [Path(entry.path) for entry in entries if audit_layout.is_writer(entry.name)]
        for place in places:
            with self._kept(place):
                if (place / audit_layout.CLOSED).exists() or not remains.segments(place):
                    continue  # without a segment it has only just begun, or never did
                with tidy.held(place / audit_layout.LOCK) as free:
                    if free and self._late():
                        raise OutOfTime
                    if free:
                        yield _Dead(place, remains.start(place, self._opener))

    def _read(self, found: _Dead) -> Remains | None:
        """What the writer left, its tail set aside."""
        place = found.place
        with self._kept(place), tidy.held(place / audit_layout.LOCK) as free:
            if free:
                left = remains.read(place, found.begin, most=self._room, late=self._late, opener=self._opener)
                (place / audit_layout.RESERVE).unlink(missing_ok=True)
                for tail in left.tails:
                    tidy.set_aside(place, tail)
                tidy.synced(place)
                self._room -= len(left.open)
                self._ended |= left.ended
                self._told |= left.told
                self._done.damaged += left.damaged
                return left
            self._done.left += 1
        return None

    def _close(self, several: list[tuple[Path, Remains]]) -> None:
        with contextlib.ExitStack() as locks:
            ours = []
            for place, left in several:
                with self._kept(place):
                    if locks.enter_context(tidy.held(place / audit_layout.LOCK)):
                        ours.append((place, left))
                    else:
                        self._done.left += 1
            recorded = []
            for place, left in ours:
                with self._kept(place):
                    self._record(place, left)
                    recorded.append((place, left))
            self._flush()
            for place, left in recorded:
                with self._kept(place):
                    tidy.mark(place, self._mark(left))
                    self._done.writers += 1

    def _mark(self, left: Remains) -> dict[str, object]:
        by, at = self._journal.writer, timestamp(self._now)
        return {"by": by, "at": at, "count": left.count, "head": left.head}

    def _record(self, place: Path, left: Remains) -> None:
        for detail in sorted(tidy.torn(place)):
            if detail not in self._told:
                self._append(gap(Reason.JOURNAL_TORN, detail, self._now))
                self._done.torn += 1
        for exchange_id, where in left.open.items():
            if exchange_id not in self._ended:
                self._interrupt(place, exchange_id, where)
        if left.uncounted:
            many = f"up to {left.uncounted} more exchanges without an outcome"
            detail = f"writer {place.name}: {many} were not ended one by one"
            self._append(gap(Reason.JOURNAL_INTERRUPTED, detail, self._now))

    def _interrupt(self, place: Path, exchange_id: str, where: Place) -> None:
        intent = _intent(place, where, self._opener)
        if intent is None or intent.exchange_id != exchange_id or intent.phase not in _ENDS:
            self._done.damaged += 1
            return
        intent.event_id = uuid4().hex
        intent.phase = _ENDS[intent.phase]
        intent.timestamp = timestamp(self._now)
        intent.decision, intent.reason = "error", Reason.JOURNAL_INTERRUPTED
        intent.detail = f"its writer {place.name} ended before the outcome"
        self._append(intent)
        self._done.interrupted += 1

    def _append(self, record: AuditRecord) -> None:
        self._journal.append(record)
        self._unflushed += 1
        if self._unflushed >= _FLUSH_EACH:
            self._flush()

    def _flush(self) -> None:
        if self._unflushed:
            self._journal.flush()
            self._unflushed = 0

    @contextlib.contextmanager
    def _kept(self, place: Path) -> Iterator[None]:
        """What goes wrong with one writer is told, and the others go on."""
        try:
            yield
        except OutOfTime:
            self._done.left += 1
        except JournalFault:
            raise
        except Exception as fault:  # whatever lies there, it must not keep the others, or a process, from starting
            if not isinstance(fault, OSError):
                log.exception("what writer %s left cannot be understood", place.name)
            self._done.left += 1
            self._done.problems.append(f"writer {place.name}: {getattr(fault, 'strerror', '') or type(fault).__name__}")


_ENDS = {"intent": "outcome", "opened": "closed"}


def _intent(place: Path, where: Place, opener: Opener) -> AuditRecord | None:
    try:
        return msgspec.json.decode(remains.line_at(place, where, opener), type=AuditRecord)
    except (FileNotFoundError, ValueError, RecursionError):
        return None
