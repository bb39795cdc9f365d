"""A writer's chain record by record, to say what is wrong with it and where: slow, and only after the quick way failed.

A line that does not belong where it stands is held until the next line tells more: if that one continues the chain
from before, the held line was put in; if it continues from the held line, what should stand before that is missing or
another.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from doorward.control.audit.verify.checkpoints import Proven
from doorward.control.audit.verify.findings import INTACT, Fault, records
from doorward.control.audit.verify.lines import LONGEST, Entry, read
from doorward.control.audit.verify.places import Segment
from doorward.control.audit.verify.segments import Named, Told
from doorward.control.audit.verify.strict import Unclear

MOST_FAULTS = 20
"""Faults of one writer that are reported: those after the first are often caused by it."""


class State(NamedTuple):
    """Where a chain has got to: ``next`` is the sequence of the record that belongs here, ``head`` what it names.
    (Empty and ``next`` not 0: nobody knows.)
    """

    next: int = 0
    head: str = ""

    def takes(self, entry: Entry | None, writer: str) -> bool:
        return (
            entry is not None
            and entry.writer == writer
            and entry.seq == self.next
            and (entry.prev == self.head or (self.next > 0 and not self.head and entry.prev != ""))
        )


@dataclass(slots=True, frozen=True)
class _Line:
    """A line, what it says (None: ``unclear`` says why), and its digest. ``skipped``: segments that are not there just
    before it.
    """

    entry: Entry | None
    unclear: str
    digest: str
    skipped: str


@dataclass(slots=True, frozen=True)
class _Doubt:
    """Somebody vouches for another head behind record ``last``: it, or one since ``first``, is bad."""

    first: int
    last: int
    head: str
    what: str


class Walk:
    """Walks some segments of one writer, from a state on; ``vouched``: the last count that a signature vouched for."""

    def __init__(self, writer: str, proven: Proven, named: Named, state: State, vouched: int) -> None:
        self.state = state
        self.told = Told()
        self.faults: list[Fault] = []
        self.torn = 0
        self.begun = self.ended = ""
        self._writer = writer
        self._held: _Line | None = None
        self._doubt: _Doubt | None = None
        self._loose = 0
        self._vouched = vouched
        self._vouchers = _vouchers(proven, named, state.next)
        self._voucher = next(self._vouchers, None)

    def walk(self, segments: list[Segment], number: int = 1) -> None:
        """All of them, in order; ``number`` is that of the first, if none is missing."""
        for segment in segments:
            self._segment(segment, segment.number - number)
            number = segment.number + 1
        if self._held is not None:
            self._judge(self._held)
        if self._doubt is not None:
            self._fault(self._doubt.first, self._doubt.last, self._doubt.what)

    def _segment(self, segment: Segment, skipped: int) -> None:
        missing = f"; so is what was before segment {segment.number}, {skipped} in all" if skipped else ""
        place = 0
        with segment.path.open("rb", buffering=1 << 20) as opened:
            while place < segment.size:
                line, size, digest = _whole(opened)
                place += size
                if not line.endswith(b"\n"):
                    self._unended(size, segment.last)
                    return
                self._line(_understood(line, digest, missing))
                missing = ""

    def _unended(self, size: int, last: bool) -> None:
        if last:
            self.torn = size
        else:
            self._loose = size

    def _line(self, line: _Line) -> None:
        if self._doubt is not None and self._settled(self._doubt, line):
            return
        fits = self.state.takes(line.entry, self._writer)
        held, self._held = self._held, None
        if held is not None and fits:
            self._put_in(held)
        elif held is not None:
            self._judge(held)
            fits = self.state.takes(line.entry, self._writer)
        if fits:
            self._take(line)
        else:
            self._held = line

    def _take(self, line: _Line) -> None:
        """A record where it belongs, or where it has to be taken for want of a better one."""
        entry = line.entry
        if entry is None:  # what is no record fits nowhere
            return
        if self._loose and entry.kind != "gap":  # what could not be written whole is told of by the journal itself
            what = f"{self._loose:,} bytes without a line's end stand before record {entry.seq:,}"
            self._fault(entry.seq, entry.seq, f"{what}, and it does not tell of a failed write")
        self._loose = 0
        self.told.entry(entry)
        self.begun = self.begun or entry.timestamp
        self.ended = entry.timestamp
        self.state = State(entry.seq + 1, line.digest)
        self._ask()

    def _ask(self) -> None:
        """Whether those agree who say something about the chain at this count."""
        count, head = self.state
        while self._voucher is not None and self._voucher[0] <= count:
            said, named, who = self._voucher
            self._voucher = next(self._vouchers, None)
            if said < count:
                continue  # that record is missing, which was told
            if named == head:
                self._vouched = count
            elif not any(fault.first is not None and fault.first >= self._vouched - 1 for fault in self.faults):
                what = f"{who} vouches for another record {count - 1:,}; the last that is vouched for"
                what += f" is record {self._vouched - 1:,}" if self._vouched else " is none"
                self._doubt = _Doubt(self._vouched, count - 1, named, what)

    def _settled(self, doubt: _Doubt, line: _Line) -> bool:
        """Whether the line behind a record that is in doubt is done with: it may tell that only that one is bad."""
        self._doubt = None
        bad, entry = doubt.last, line.entry
        if line.digest == doubt.head:
            self._fault(bad, bad, f"record {bad:,} stands twice: a line was put in before it")
            self.state = State(bad + 1, doubt.head)
            return True
        if entry is not None and (entry.seq, entry.prev) == (bad + 1, doubt.head):
            self._fault(bad, bad, f"record {bad:,} was changed: it is not the one that record {bad + 1:,} names")
            self.state = State(bad + 1, doubt.head)
        else:
            self._fault(doubt.first, bad, doubt.what)
        return False

    def _put_in(self, line: _Line) -> None:
        """The line behind it goes on from before it."""
        n, entry = self.state.next, line.entry
        if line.digest == self.state.head:
            self._fault(n - 1, n - 1, f"record {n - 1:,} stands twice")
        elif entry is None:
            self._fault(n, n, f"a line that is no record was put in before record {n:,}: {line.unclear}")
        elif entry.writer != self._writer:
            self._fault(n, n, f"a record of the writer {entry.writer[:64]!r} was put in before record {n:,}")
        else:
            self._fault(n, n, f"a line that says it is record {entry.seq:,} stands before record {n:,}")

    def _judge(self, line: _Line) -> None:
        """The line behind it does not go on from before it: the chain goes on from here, or nowhere."""
        n, entry = self.state.next, line.entry
        if line.digest == self.state.head:
            self._fault(n - 1, n - 1, f"record {n - 1:,} stands twice")
        elif entry is None:
            self._fault(n, n, f"the line where record {n:,} belongs is no record: {line.unclear}")
            self.state = State(n + 1)
        elif entry.writer != self._writer:
            self._fault(n, n, f"the line where record {n:,} belongs is of the writer {entry.writer[:64]!r}")
            self.state = State(n + 1)
        else:
            self._out_of_place(n, entry, line.skipped)
            self._take(line)

    def _out_of_place(self, n: int, entry: Entry, skipped: str) -> None:
        """A record of this writer that does not continue the chain, where record ``n`` belongs."""
        if entry.seq > n:
            self._fault(n, entry.seq - 1, f"{records(n, entry.seq - 1)} missing{skipped}")
        elif entry.seq == n - 1:
            self._fault(n - 1, n - 1, f"record {n - 1:,} stands twice, and the two differ")
        elif entry.seq < n:
            self._fault(n, n, f"a line that says it is record {entry.seq:,} stands behind record {n - 1:,}")
        elif n == 0:
            self._fault(0, 0, "the first record names a line before it")
        elif self._vouched == n:
            self._fault(n, n, f"record {n:,} was changed: record {n - 1:,}, which it does not name, is vouched for")
        else:
            self._fault(n - 1, n, f"record {n - 1:,} was changed: it is not the one that record {n:,} names")

    def _fault(self, first: int, last: int, what: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(self._writer, INTACT, first, last, what))


def _understood(line: bytes, digest: str, skipped: str) -> _Line:
    try:
        return _Line(read(line), "", digest, skipped)
    except Unclear as fault:
        return _Line(None, str(fault), digest, skipped)


def _whole(opened: BinaryIO) -> tuple[bytes, int, str]:
    """A line (of one that is too long, a part with its end), its size and its digest."""
    line = opened.readline(LONGEST + 1)
    digest, size = sha256(line), len(line)
    while not line.endswith(b"\n") and (rest := opened.readline(LONGEST)):
        digest.update(rest)
        size += len(rest)
        line = line[:LONGEST] + rest[-1:].rjust(2, b"\0")
    return line, size, digest.hexdigest()


def _vouchers(proven: Proven, named: Named, start: int) -> Iterator[tuple[int, str, str]]:
    """All who say something about counts from ``start`` on, in order: (count, head, who)."""
    checkpoints = ((mark.count, mark.head, f"checkpoint {mark.number}") for mark in proven.marks())
    others = ((count, head, f"the first record of the writer {who}") for count, head, who in named)
    return (said for said in heapq.merge(checkpoints, others) if said[0] >= start)
