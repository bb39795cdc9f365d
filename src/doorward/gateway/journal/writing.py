"""The thread that writes: it fixes each record's place in the chain, and writes what waits in groups.

A disk that fails stops it, and then it tries by itself until the disk takes records again (docs/guarantees.md, G4).
"""

import errno
import logging
import time
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate

from doorward.core.audit import Record
from doorward.core.decision import Reason
from doorward.gateway.journal import own_records
from doorward.gateway.journal.checkpoints import Mark
from doorward.gateway.journal.desk import Desk
from doorward.gateway.journal.home import Home
from doorward.gateway.journal.reserve import Reserve
from doorward.gateway.journal.segments import Segments
from doorward.gateway.journal.syncing import Syncer, SyncFault

log = logging.getLogger(__name__)

_GROUP = 256
"""Records that are written at once, of about one KB each: a larger group would keep its first waiter for longer."""

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
_UNFIT = (TypeError, ValueError, ArithmeticError, RecursionError)
"""What an encoder raises for a record that it cannot write as text."""


class Writer:
    """``count`` is the sequence of the next record, ``head`` the hash of the last one's line."""

    def __init__(
        self, writer: str, home: Home, desk: Desk, segments: Segments, reserve: Reserve, syncer: Syncer
    ) -> None:
        self.count = 0
        self.head = ""
        self.bytes = 0
        self._writer = writer
        self._home = home
        self._desk = desk
        self._settings = desk.settings
        self._segments = segments
        self._reserve = reserve
        self._syncer = syncer
        self._unsynced: tuple[int, int] | None = None

    def run(self) -> bool:
        """Until the desk is closed and empty. Whether all was kept and synced."""
        while not self._desk.fault:
            if self._desk.work():
                try:
                    self._turn()
                except OSError as error:
                    self._outage(error)
                finally:
                    self._desk.written_now()
            elif self._desk.closing:
                return self._last()
            else:
                self._desk.bell.wait()
        return False

    def keep(self, records: Sequence[Record], tickets: Sequence[int] = ()) -> None:
        """Write them with one call. Raises ``OSError``; then those that are not whole in the file are lost.

        ``tickets``: theirs; none where they are the journal's own, which are made again.
        """
        lines, head, unfit = self._lines(records)
        if unfit:
            records, tickets = self._without(records, tickets, unfit)
        taken, fault = self._segments.write(lines[0] if len(lines) == 1 else b"".join(lines))
        if fault is None:
            self._settle(records, tickets, lines, head, "")
            return
        ends = list(accumulate(map(len, lines)))
        whole = sum(end <= taken for end in ends)
        self._segments.cut(ends[whole - 1] if whole else 0, taken)
        if whole:
            head = sha256(lines[whole - 1]).hexdigest()
        self._settle(records, tickets, lines[:whole], head, _told(fault))
        raise OSError(*fault.args)

    def _lines(self, records: Sequence[Record]) -> tuple[list[bytes], str, dict[int, str]]:
        """The lines in their places of the chain, the hash of the last; and which records have none, with why."""
        lines: list[bytes] = []
        unfit: dict[int, str] = {}
        writer, count, head = self._writer, self.count, self.head
        for place, record in enumerate(records):
            try:
                line = record.line(writer, count, head)
            except _UNFIT as error:
                unfit[place] = f"a record could not be encoded ({type(error).__name__})"
                continue
            lines.append(line)
            count += 1
            head = sha256(line).hexdigest()
        return lines, head, unfit

    def _without(
        self, records: Sequence[Record], tickets: Sequence[int], unfit: dict[int, str]
    ) -> tuple[list[Record], list[int]]:
        log.error("%d audit records could not be encoded", len(unfit))
        with self._desk.lock:
            for place, why in unfit.items():
                self._desk.lose(records[place], tickets[place], why)
        self._desk.synced.publish()
        fit = [place for place in range(len(records)) if place not in unfit]
        return [records[place] for place in fit], [tickets[place] for place in fit]

    def _settle(
        self, records: Sequence[Record], tickets: Sequence[int], lines: list[bytes], head: str, why: str
    ) -> None:
        """As many records as there are ``lines`` are kept, the rest is lost."""
        desk, segments = self._desk, self._segments
        first, whole = self.count, len(lines)
        with desk.lock:
            offset = desk.turn(records, lines, segments.number, segments.offset)
            if whole:
                self.count += whole
                self.head = head
                self.bytes += offset - segments.offset
                segments.offset = offset
            for place in range(whole, len(tickets)):
                desk.lose(records[place], tickets[place], why)
            ticket = desk.settle(first, self.count - 1)
            if why:
                desk.halt(why)  # before anybody who waited for these can append another
            mark = Mark(segments.descriptor, segments.number, offset, self.count, self.head, ticket)
            wake = self._syncer.note(mark)
        desk.written.publish()
        if wake:
            self._syncer.wake()  # after those who wait for less
        if why:
            desk.synced.publish()

    # -- one turn --------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        segments, settings = self._segments, self._settings
        if self._syncer.fault is not None:
            self._look_at_syncs()
        if segments.sealed or segments.full(settings.segment_bytes, settings.segment_age):
            self._begin_segment()
        if self._unsynced is not None or segments.torn is not None:
            self._tell_breaks()
        if self._desk.lost:
            self._tell_lost()
        batch, last = self._desk.take(_GROUP)
        if batch:
            self.keep(batch, range(last - len(batch) + 1, last + 1))

    def _look_at_syncs(self) -> None:
        """After a failed sync the segment is sealed, for a sync that is tried again may lie; a second one in a row, or
        a checkpoint that cannot be written, stops us. Raises ``OSError``.
        """
        fault = self._syncer.fault
        if fault is None:
            return
        if not isinstance(fault, SyncFault):
            raise OSError(*fault.args)
        self._seal()
        if self._syncer.in_a_row > 1:
            raise SyncFault(*fault.args)

    def _seal(self) -> None:
        self._segments.sealed = True
        self._unsynced = (self._syncer.synced, self.count - 1)
        desk = self._desk
        with desk.lock:
            self._syncer.seal()
            desk.synced.lose(desk.synced.done + 1, desk.written.done, "the record may not have reached the disk")
            desk.synced.done = desk.written.done
        desk.synced.publish()

    def _begin_segment(self) -> None:
        """Raises ``OSError``."""
        if self._unsynced is None:
            try:
                self._syncer.settle()
            except SyncFault:
                self._look_at_syncs()
        self._segments.begin()
        self._syncer.made(self._home.path)

    def _tell_breaks(self) -> None:
        """What may be missing of the segments before, and what of them is no record. Raises ``OSError``."""
        if self._unsynced is None and self._segments.torn is None:
            return
        wall = self._desk.wall()
        if self._unsynced is not None:
            detail = f"records {self._unsynced[0]} to {self._unsynced[1]} may not have reached the disk"
            self.keep([own_records.gap(Reason.JOURNAL_UNSYNCED, detail, wall)])
            self._unsynced = None
        if self._segments.torn is not None:
            number, offset, size = self._segments.torn
            where = f"writer {self._writer}, segment {number}, offset {offset}"
            detail = f"{where}: {size} bytes of a record without its end could not be cut off"
            self.keep([own_records.gap(Reason.JOURNAL_TORN, detail, wall)])
            self._segments.torn = None

    def _tell_lost(self) -> None:
        """The gap record, and behind it the ends of exchanges whose own ends were lost. Raises ``OSError``."""
        if not self._desk.lost:
            return
        lost, wall = self._desk.swap_lost(), self._desk.wall()
        try:
            record = lost.record(wall)
            if record is not None:
                self.keep([record])
                lost.told()
            ends = [own_records.ended(end, wall, self._settings.refuses) for end in self._desk.owed(lost.ends)]
            for place in range(0, len(ends), _GROUP):
                self.keep(ends[place : place + _GROUP])
        except OSError:
            self._desk.untold(lost)
            raise

    # -- when it does not work -------------------------------------------------------------------------------------

    def _outage(self, error: OSError) -> None:
        """Refuse, and try until it works or nobody needs it any more."""
        self._desk.stop(_told(error))
        log.error("%s", self._desk.fault)
        self._tell_stop(error)
        while not self._desk.closing:
            self._pause()
            try:
                self._resume()
            except OSError as again:
                log.debug("still: %s", again)
            else:
                log.warning("the audit log can be written again")
                return

    def _tell_stop(self, error: OSError) -> None:
        full = error.errno in _FULL
        if full:
            self._reserve.free()
        if not self._segments.sealed:
            what = "the disk is full" if full else error.strerror or "it cannot be written"
            then = "calls are refused from now on" if self._settings.refuses else "calls go unrecorded from now on"
            try:
                record = own_records.gap(Reason.JOURNAL_UNAVAILABLE, f"{what}: {then}", self._desk.wall(), "began")
                self.keep([record])
            except OSError:
                pass  # the record of the end will say it

    def _pause(self) -> None:
        until = time.monotonic() + self._settings.retry_after
        while not self._desk.closing and (left := until - time.monotonic()) > 0:
            self._desk.bell.wait(left)

    def _resume(self) -> None:
        """Raises ``OSError`` where it is not over yet."""
        if isinstance(self._syncer.fault, SyncFault):
            self._seal()  # first: who waits for that sync need not wait for a disk that works
        self._reserve.make(sync=True)
        if self._segments.sealed:
            self._begin_segment()
        self._tell_breaks()
        self._tell_lost()
        self._syncer.settle()
        self._desk.resume()

    def _last(self) -> bool:
        """Everything is written: sync it, sign it."""
        try:
            try:
                self._syncer.settle()
            except SyncFault:  # once more, in a new segment
                self._turn()
                self._syncer.settle()
            self._tell_lost()
            self._syncer.settle()
            self._syncer.end()
            self._syncer.sign_last()
        except OSError as error:
            self._desk.stop(_told(error))
            log.error("%s", self._desk.fault)
            return False
        return True


def _told(error: OSError | None) -> str:
    return f"the audit log cannot be written: {error.strerror or error}" if error is not None else ""
