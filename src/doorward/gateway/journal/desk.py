"""Where the loop and the journal's threads meet: what waits to be written, what was lost, how far the journal has come.

The lock is held for moments only, never while the disk is asked for anything.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from doorward.core.audit import Opening, Record
from doorward.core.checkpoint import Open
from doorward.core.errors import JournalFault
from doorward.gateway.journal.bell import Chime
from doorward.gateway.journal.own_records import BEGINS, ENDS, Lost
from doorward.gateway.journal.progress import Progress
from doorward.gateway.journal.settings import Settings

_MOST_UNKNOWN = 2000
"""Lost ends that are remembered while it is not known whether their exchange has a beginning in the log."""


class Desk:
    """``bell`` wakes the writer, and ``attention`` tells it that something broke beside it. ``writing_since`` and
    ``syncing_since``: when what goes on now began; 0: nothing does. ``doubts``: turns of the writer until the disk
    counts as prompt; 0: it does.
    """

    def __init__(
        self,
        settings: Settings,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        changed: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.wall = wall
        self.monotonic = monotonic
        self.lock = threading.Lock()
        self.bell = Chime()
        self.written = Progress()
        self.synced = Progress()
        self.ticket = 0
        self.lost = Lost()
        self.closing = False
        self.attention = False
        self.fault = ""
        self.writing_since = 0.0
        self.syncing_since = 0.0
        self.failures = 0
        self.doubts = 0
        self._queue: deque[Record] = deque()
        self._open: dict[str, tuple[int, int]] = {}
        self._refusing = ""
        self._stalled = ""
        self._given_up = False
        self._changed = changed
        self._telling = threading.Lock()
        self._told = ""

    # -- whoever has something to record ---------------------------------------------------------------------------

    def append(self, record: Record, early: bool) -> int:
        with self.lock:
            why = self._refusing
            if not why and len(self._queue) >= self.settings.most_queued // (10 if early else 1):
                why = "too many records wait to be written"
            if why:
                self._lose(record, why)
                raise JournalFault(why)
            self._queue.append(record)
            self.ticket = ticket = self.ticket + 1
        return ticket

    @property
    def queued(self) -> int:
        return len(self._queue)

    # -- the writer ------------------------------------------------------------------------------------------------

    def work(self) -> bool:
        """Whether there is something for the writer; then it counts as at work."""
        if not (self._queue or self.attention or (self.lost and not self._stalled)):
            return False
        with self.lock:
            self.attention = False
            self.writing_since = self.monotonic()
            return True

    def take(self, most: int) -> tuple[list[Record], int]:
        """The next records, in order, and the ticket of the last of them."""
        with self.lock:
            queue = self._queue
            if len(queue) > most:
                return [queue.popleft() for _ in range(most)], self.ticket - len(queue)
            taken = list(queue)
            queue.clear()
            return taken, self.ticket

    def written_now(self) -> None:
        """The writer's turn is over."""
        with self.lock:
            if self.doubts:
                prompt = self.monotonic() - self.writing_since <= self.settings.moment
                self.doubts = self.doubts - 1 if prompt else self.settings.proof
            self.writing_since = 0.0
            self._given_up = False
            if self._stalled:
                self._judge(self.monotonic())
        if self._told != (self.fault or self._stalled):
            self.tell()

    def doubt(self) -> None:
        """The disk was slow: it counts as slow for some turns of the writer."""
        with self.lock:
            self.doubts = self.settings.proof

    def synced_now(self) -> None:
        """What the other thread did is over."""
        with self.lock:
            self.syncing_since = 0.0
            if self._stalled:
                self._judge(self.monotonic())
        if self._told != (self.fault or self._stalled):
            self.tell()

    def turn(self, records: Sequence[Record], lines: Sequence[bytes], segment: int, offset: int) -> int:
        """With the lock: these lines of these records stand in the file from there on; each may begin or end an
        exchange. Where the last of them ends.
        """
        for record, line in zip(records, lines):  # noqa: B905 (a record without a line is lost)
            phase = record.phase
            if phase in ENDS:
                self._open.pop(record.exchange_id, None)
            elif phase in BEGINS and not isinstance(record, Opening):
                self._open[record.exchange_id] = (segment, offset)
            offset += len(line)
        return offset

    def settle(self, first: int, last: int) -> int:
        """With the lock: what was taken has met its fate, and these sequences were kept, if any: says so later, if
        those who waited were told otherwise. The last ticket that has.
        """
        if self._given_up and first <= last:
            self.lost.late = (first, last)
        self._given_up = False
        self.written.done = ticket = self.ticket - len(self._queue)
        return ticket

    def lose(self, record: Record, ticket: int, why: str) -> None:
        """With the lock: a record that had its ticket is not kept."""
        self._lose(record, why)
        self.written.lose(ticket, ticket, why)
        self.synced.lose(ticket, ticket, why)

    def halt(self, why: str) -> None:
        """With the lock: nothing is taken from here on. What waited, or was being written and not settled, is lost."""
        self.fault = self._refusing = why
        self.lost.stopped = True
        self.lost.begin(why, self.wall())
        self.written.lose(self.written.done + 1, self.ticket - len(self._queue), why)
        self.synced.lose(self.written.done + 1, self.ticket - len(self._queue), why)
        self._drop(why)
        self.written.done = self.ticket  # nothing waits

    def stop(self, why: str) -> None:
        """``halt``, and say so."""
        with self.lock:
            self.failures += 1
            self.halt(why)
        self.publish()
        self.tell()

    def resume(self) -> None:
        """Records are taken again. In the writer, whose turn begins anew: the time before was no hang."""
        with self.lock:
            self.fault = ""
            self._refusing = CLOSED if self.closing else ""
            self.writing_since = self.monotonic()
            if self._stalled:
                self._judge(self.writing_since)
                self._refusing = self._stalled or self._refusing
        self.tell()

    def end(self) -> None:
        """Fail all who still wait: no thread is left that could do the work."""
        with self.lock:
            why = self.fault or CLOSED
            self._refusing = self._refusing or why
            self._drop(why)
            for progress in (self.written, self.synced):
                progress.lose(progress.done + 1, self.ticket, why)
                progress.done = self.ticket
        self.publish()

    def swap_lost(self) -> Lost:
        """What was lost so far, for the writer to record."""
        with self.lock:
            lost, self.lost = self.lost, Lost()
            return lost

    def untold(self, lost: Lost) -> None:
        """What ``swap_lost`` gave could not be recorded: take it back."""
        with self.lock:
            self.lost.merge(lost)

    def owed(self, ends: dict[str, Record]) -> list[Record]:
        """Those of the lost ends whose exchange begins in the log and does not end there."""
        with self.lock:
            return [record for key, record in ends.items() if key in self._open]

    # -- the loop's watch ------------------------------------------------------------------------------------------

    def close(self) -> bool:
        """Take nothing more; False if it was so before."""
        with self.lock:
            first, self.closing = not self.closing, True
            self._refusing = self._refusing or CLOSED
        self.bell.ring()
        return first

    def overdue(self) -> float | None:
        """Judge whether the disk hangs. Seconds after which to look again; None: nothing is going on."""
        now = self.monotonic()
        with self.lock:
            self._judge(now)
            going = [since for since in (self.writing_since, self.syncing_since) if since]
            busy = bool(going) or self.synced.done < self.ticket
        for progress in (self.written, self.synced):
            if progress.stalled:
                progress.give_up()
        self.tell()
        if not busy:
            return None
        stuck = self.settings.stuck_after
        return min((left for since in going if (left := since + stuck - now) > 0), default=stuck)

    def _judge(self, now: float) -> None:
        """With the lock."""
        stuck = self.settings.stuck_after
        writing = bool(self.writing_since) and now - self.writing_since >= stuck
        syncing = bool(self.syncing_since) and now - self.syncing_since >= stuck
        if not (writing or syncing):
            if self._stalled:
                self._stalled = ""
                self._refusing = self.fault or (CLOSED if self.closing else "")
                self.bell.ring()  # the gap is to be told
        elif not self._stalled:
            self._stalled = f"a {'write' if writing else 'sync'} has not ended for {stuck:g} s"
            self._refusing = self.fault or self._stalled
            self.failures += not self.fault  # a stop is counted already
        if writing and not self.written.stalled:
            self._given_up = self.written.done < self.ticket - len(self._queue)  # calls' records are being written
            self._drop(self._stalled)
        self.written.stalled = self._stalled if writing else ""
        self.synced.stalled = self._stalled

    # -- both --------------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        self.written.publish()
        self.synced.publish()

    def tell(self) -> None:
        """Say whether the journal works, if it has not been said."""
        with self._telling:
            why = self.fault or self._stalled
            if why != self._told:
                self._told = why
                self._changed(why)

    def open_before(self, segment: int, offset: int) -> tuple[Open, ...]:
        """With the lock: intents from before this place that have no outcome yet."""
        place = (segment, offset)
        return tuple(Open(key, *begun) for key, begun in self._open.items() if begun < place)

    @property
    def open(self) -> int:
        return len(self._open)

    def _drop(self, why: str) -> None:
        """With the lock: what waits is lost."""
        for record in self._queue:
            self._lose(record, why)
        first = self.ticket - len(self._queue) + 1
        self._queue.clear()
        self.written.lose(first, self.ticket, why)
        self.synced.lose(first, self.ticket, why)

    def _lose(self, record: Record, why: str) -> None:
        self.lost.add(why, self.wall())
        if record.phase in ENDS:
            key, ends = record.exchange_id, self.lost.ends
            if key in self._open or len(ends) < _MOST_UNKNOWN:
                ends.setdefault(key, record)


CLOSED = "the journal is closed"
