"""One segment, on the supposition that nothing is wrong with it: quick, and for several processes at once.

Whatever is not as it should be makes the answer None; ``walk.py`` then says what and where. So there is nothing here to
tell kinds of tampering apart, only to be sure that there is none.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from doorward.control.audit.verify.checkpoints import Proven
from doorward.control.audit.verify.lines import INTERRUPTED, LONGEST, Entry, Parts, Quick, read
from doorward.control.audit.verify.places import Segment
from doorward.control.audit.verify.strict import Unclear

STREAM = "stream "
"""Goes before the ids of streams, which begin and end apart from exchanges."""

_TORN = "journal.torn"
_PHASES = {"exchange": ("intent", "outcome"), "stream": ("opened", "closed")}

MOST_ADMITTED = 1000
"""Gaps of one segment that are kept to be shown."""


Named = tuple[tuple[int, str, str], ...]
"""What the first records of other writers say of one: how many records it had, its head, and who says so; in order."""


@dataclass(slots=True, frozen=True)
class Task:
    """What is to be looked at, and who vouches."""

    writer: str
    segment: Segment
    proven: Proven
    named: Named


@dataclass(slots=True, frozen=True)
class Admitted:
    """What the log says of itself: a record of kind ``gap``."""

    seq: int
    timestamp: str
    reason: str
    detail: str


@dataclass(slots=True)
class Told:
    """What records say about exchanges, and about the log itself.

    ``open``: begun and not ended, with the record that says so. ``ended``: ended and not begun, as far as seen;
    ``interrupted``: ended by another writer than their own. ``set_aside``: what is said of torn lines.
    """

    open: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    interrupted: set[str] = field(default_factory=set)
    set_aside: set[str] = field(default_factory=set)
    admitted: list[Admitted] = field(default_factory=list)
    gaps: int = 0

    def entry(self, entry: Entry) -> None:
        """Take a record in."""
        if entry.kind == "gap":
            self.gaps += 1
            if entry.reason == _TORN:
                self.set_aside.add(entry.detail)
            if len(self.admitted) < MOST_ADMITTED:
                self.admitted.append(Admitted(entry.seq, entry.timestamp, entry.reason, entry.detail))
        elif entry.kind in _PHASES:
            name = entry.exchange_id if entry.kind == "exchange" else STREAM + entry.exchange_id
            begin, end = _PHASES[entry.kind]
            if entry.phase == begin:
                self.open[name] = entry.seq
            elif entry.phase == end:
                if entry.reason == INTERRUPTED:
                    self.interrupted.add(name)
                self._end(name)

    def stream(self, exchange_id: str, phase: bytes, seq: int) -> None:
        """Take in the record of a stream that went as it should."""
        if phase == b"opened":
            self.open[STREAM + exchange_id] = seq
        elif phase == b"closed":
            self._end(STREAM + exchange_id)

    def _end(self, name: str) -> None:
        if self.open.pop(name, None) is None:
            self.ended.add(name)

    def then(self, later: "Told") -> None:
        """Take in what the records after these say."""
        for name in [name for name in self.open if name in later.ended]:
            del self.open[name]
        self.open.update(later.open)
        self.interrupted |= later.interrupted
        self.set_aside |= later.set_aside
        self.admitted += later.admitted[: MOST_ADMITTED - len(self.admitted)]
        self.gaps += later.gaps


@dataclass(slots=True)
class Piece:
    """A segment with nothing wrong in it; it begins with record ``first``, whose ``prev`` is given, and ends before
    ``next``. ``marks`` and ``named``: how many of those who vouch agreed; ``vouched``: the last count for which a
    checkpoint did, 0 if none. ``torn``: bytes without a line's end.
    """

    first: int = 0
    prev: str = ""
    next: int = 0
    head: str = ""
    begun: str = ""
    ended: str = ""
    size: int = 0
    torn: int = 0
    marks: int = 0
    named: int = 0
    vouched: int = 0
    told: Told = field(default_factory=Told)


def sound(task: Task) -> Piece | None:
    """What is in a segment, or None where anything in it is not right."""
    try:
        return _read(task)
    except Unclear:
        return None


def _read(task: Task) -> Piece:
    piece, quick, vouchers = Piece(), Quick(), _Vouchers(task)
    writer, size, told = task.writer.encode(), task.segment.size, piece.told
    begun, ended = told.open, told.ended
    expected, due, place, head = -1, -1, 0, b""
    with task.segment.path.open("rb", buffering=1 << 20) as opened:
        readline = opened.readline
        while place < size:
            line = readline(LONGEST + 1)
            if line[-1:] != b"\n":
                piece.torn = _torn(line, task.segment.last)
                break
            parts = quick(line) or _slowly(line, told)
            exchange, whose, number, prev, what, moment = parts
            seq = int(number)
            if seq != expected or prev != head or whose != writer:
                if expected >= 0 or whose != writer:
                    raise Unclear("the chain is broken")
                piece.first, piece.prev, piece.begun = seq, prev.decode(), moment.decode()
                expected, due = seq, vouchers.begin(seq, prev)
            head = sha256(line).hexdigest().encode()
            place += len(line)
            expected += 1
            if what == b'exchange","phase":"intent':
                begun[exchange.decode()] = seq
            elif what == b'exchange","phase":"outcome':
                if begun.pop(exchange.decode(), None) is None:
                    ended.add(exchange.decode())
            elif what[:6] == b"stream":
                told.stream(exchange.decode(), what.rpartition(b'"')[2], seq)
            if expected == due:
                due = vouchers.met(expected, head, place)
    piece.size, piece.next, piece.head = place, max(expected, 0), head.decode()
    piece.marks, piece.named, piece.vouched = vouchers.marks, vouchers.named, vouchers.vouched
    if place:
        piece.ended = moment.decode()
    return piece


def _slowly(line: bytes, told: Told) -> Parts:
    """The parts of a line that is not written like most; what it says is taken in here."""
    entry = read(line)
    told.entry(entry)
    seq, prev, moment = str(entry.seq).encode(), entry.prev.encode(), entry.timestamp.encode("utf-8", "replace")
    return b"", entry.writer.encode("utf-8", "replace"), seq, prev, b"", moment


def _torn(line: bytes, last: bool) -> int:
    if len(line) > LONGEST or not last:
        raise Unclear("a line without an end")
    return len(line)


class _Vouchers:
    """Who says which head the chain has at which count: the checkpoints made in a segment, and other writers."""

    def __init__(self, task: Task) -> None:
        self.marks = self.named = self.vouched = 0
        self._checkpoints = task.proven.marks(task.segment.number)
        self._mark = next(self._checkpoints, None)
        self._others = list(reversed(task.named))

    def begin(self, first: int, prev: bytes) -> int:
        """The count at which somebody says something next."""
        while self._others and self._others[-1][0] <= first:
            self._others.pop()  # it is for the segment before to agree
        return self.met(first, prev, 0)

    def met(self, count: int, head: bytes, offset: int) -> int:
        """The chain has got to a count. Raises ``Unclear`` where somebody says otherwise; else as ``begin``."""
        while self._mark is not None and self._mark.count <= count:
            if (self._mark.count, self._mark.head.encode(), self._mark.offset) != (count, head, offset):
                raise Unclear("a checkpoint says otherwise")
            self.marks += 1
            self.vouched = count
            self._mark = next(self._checkpoints, None)
        while self._others and self._others[-1][0] <= count:
            if self._others.pop()[:2] != (count, head.decode()):
                raise Unclear("another writer says otherwise")
            self.named += 1
        return min((self._mark.count if self._mark else 1 << 62), (self._others[-1][0] if self._others else 1 << 62))
