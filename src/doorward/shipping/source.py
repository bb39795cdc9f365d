"""The log as one sink reads it: what is new of all writers in turn, each in the order of its chain.

Only whole lines are read, and at most one piece of one file is held. Nothing is ever passed over because it could not
be read just now: that is an ``OSError``, and the next look begins at the same place.
"""

import logging
import os
from collections import deque
from collections.abc import Collection, Generator, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from doorward.control.audit.read import LONGEST_LINE, segment_file
from doorward.core import audit_layout
from doorward.shipping import choosing
from doorward.shipping.choosing import NoRecord, Record
from doorward.shipping.cursor import START, Position
from doorward.shipping.extents import Extent, Extents

log = logging.getLogger(__name__)

PIECE = 256 << 10
"""Bytes that are read of one writer before it is the turn of another."""


class Found(NamedTuple):
    """A record, and how far its writer is read with it. Without one: only how far. ``ended``: nothing comes after.
    ``size``: bytes of its line.
    """

    writer: str
    record: Record | None
    position: Position
    ended: bool = False
    size: int = 0


class _Piece(NamedTuple):
    """Whole lines of a segment that follow each other; or a part of what is too long for a line."""

    segment: int
    offset: int
    data: bytes


class _Vouched(NamedTuple):
    """A line of ``checkpoints.jsonl``: behind which place of the log it belongs, and where the next line begins.
    ``record`` is None where it is no checkpoint.
    """

    record: Record | None
    place: tuple[int, int]
    end: int


class Source:
    """``follow``: writers that have nothing now may have something later; otherwise each that is there is read once,
    to where it ends when it is looked at first: what is written meanwhile has no end.

    ``positions`` and ``ended``: where to begin, and who needs no look.
    """

    def __init__(
        self,
        extents: Extents,
        positions: Mapping[str, Position],
        ended: Collection[str],
        *,
        follow: bool = True,
        piece: int = PIECE,
    ) -> None:
        self._extents = extents
        self._at = dict(positions)
        self._ended = ended
        self._follow = follow
        self._piece = piece
        self._names: list[str] | None = None
        self._turns: deque[str] = deque()
        self._joined: set[str] = set()
        self._fruitless: dict[str, Extent] = {}  # what there was when there was no whole line
        self._until: dict[str, Extent] = {}  # where who is not followed ends
        self.damaged = 0

    def turn(self) -> Iterator[Found] | None:
        """What the next writer has; to be taken to its end before the next turn. None: there is nothing now.

        Raises ``OSError`` where that one cannot be read; then it is the turn of the others before its own. Where it is
        the list of writers that cannot be had, those that are known come first.
        """
        try:
            self._join()
        except OSError:
            found = self._first()
            if found is None:
                raise
            return found
        return self._first()

    def _first(self) -> Iterator[Found] | None:
        for _ in range(len(self._turns)):
            found = self._next(self._turns.popleft())
            if found is not None:
                return found
        return None

    def _join(self) -> None:
        """New writers, the oldest first, go behind those that are there."""
        if self._names is not None and not self._follow:
            return
        names = self._extents.writers()
        if names is self._names:
            return
        new = [writer for writer in names if writer not in self._joined and writer not in self._ended]
        self._turns.extend(sorted(new, key=self._born))
        self._joined.update(new)
        self._names = names

    def _born(self, writer: str) -> int:
        try:
            return os.stat(self._extents.directory / writer / audit_layout.LOCK).st_mtime_ns
        except OSError:
            return 0

    def _next(self, writer: str) -> Iterator[Found] | None:
        at = self._at.get(writer, START)
        try:
            extent = self._extent(writer)
            if extent.beyond(at) and self._fruitless.get(writer) != extent:
                found = self._read(writer, at, extent)
                if found is not None:
                    self._turns.append(writer)
                    return found
                self._fruitless[writer] = extent
        except OSError:
            if not self._gone(writer):
                self._turns.append(writer)  # behind the others, which it must not hold up
                raise
            self._joined.discard(writer)  # removed; should it come back, it goes on where it was
            self._names = None
            return None
        if extent.closed:
            for kept in (self._at, self._fruitless, self._until):
                kept.pop(writer, None)
            return iter((Found(writer, None, at, ended=True),))
        if self._follow:
            self._turns.append(writer)
        return None

    def _extent(self, writer: str) -> Extent:
        """Raises ``OSError``."""
        if self._follow:
            return self._extents.of(writer)
        if writer not in self._until:
            self._until[writer] = self._extents.of(writer)
        return self._until[writer]

    def _gone(self, writer: str) -> bool:
        """Whether it was removed; what cannot be looked at was not."""
        try:
            os.lstat(self._extents.directory / writer)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False

    def _read(self, writer: str, at: Position, extent: Extent) -> Iterator[Found] | None:
        """Raises ``OSError``."""
        # After the look at the log, and of the log no more is read than there was then: so no record overtakes a
        # checkpoint that was written before it.
        vouched, more = self._vouched(writer, at)
        piece = self._records(writer, at, extent)
        if piece is None:
            if not vouched:
                return None
            # They may have been written since the look, with the records that they vouch for.
            piece = self._records(writer, at, self._extents.again(writer))
            if piece is None:
                # They vouch for more than there is, and must get out all the more.
                return self._merged(writer, at, None, vouched)
            vouched, more = self._vouched(writer, at)
        if more:
            last = max(each.place for each in vouched)
            piece = _up_to(piece, last)  # what is behind it has to wait for those that were not read
            if piece is None:
                return self._merged(writer, at, None, vouched)
        end = (piece.segment, piece.offset + len(piece.data))
        due: list[_Vouched] = []
        for each in vouched:
            if each.place > end:
                break
            due.append(each)
        return self._merged(writer, at, piece, due)

    def _records(self, writer: str, at: Position, extent: Extent) -> _Piece | None:
        first = max(at.segment, 1)
        there = 0
        for number, size in extent.segments:
            if number < first:
                continue
            offset = at.offset if number == at.segment else 0
            if size <= offset:
                there += 1
                continue
            # What follows the last line end is torn where there is a later segment, and else being written.
            try:
                data = self._lines(segment_file(self._extents.directory, writer, number), offset, size)
            except FileNotFoundError:
                os.stat(self._extents.directory / writer)  # the whole writer is gone: that is for who asked
                continue
            if data:
                self._miss(writer, number, number - first - there)
                return _Piece(number, offset, data)
            there += 1
        return None

    def _miss(self, writer: str, before: int, count: int) -> None:
        if count > 0:
            log.error(
                "%d segments before %d of writer %s are gone: what of them was not shipped is not",
                count,
                before,
                writer,
            )
            self.damaged += count

    def _vouched(self, writer: str, at: Position) -> tuple[list[_Vouched], bool]:
        """The next ones; whether there are more behind them."""
        path = self._extents.directory / writer / audit_layout.CHECKPOINTS
        try:
            data = self._lines(path, at.checkpoint_offset)
        except FileNotFoundError:
            os.stat(self._extents.directory / writer)
            return [], False
        if not data:
            return [], False
        found: list[_Vouched] = []
        end = at.checkpoint_offset
        for raw in data.splitlines(keepends=True):
            end += len(raw)
            try:
                made = choosing.signed(raw.rstrip(b"\n"), writer)
            except NoRecord:
                found.append(_Vouched(None, (0, 0), end))
            else:
                found.append(_Vouched(made.record, made.place, end))
        return found, path.stat().st_size > end

    def _lines(self, path: Path, offset: int, until: int | None = None) -> bytes:
        """Whole lines from there on; empty where there is none. What is too long for one has no line end."""
        wanted = self._piece
        with open(path, "rb", buffering=0, opener=_opened) as opened:
            while True:
                most = wanted if until is None else min(wanted, until - offset)
                data = os.pread(opened.fileno(), most, offset)
                end = data.rfind(b"\n") + 1
                if end:
                    return data[:end]
                if len(data) < wanted:
                    return b""
                if wanted >= LONGEST_LINE:
                    return data
                wanted = min(2 * wanted, LONGEST_LINE)

    def _merged(self, writer: str, at: Position, piece: _Piece | None, due: list[_Vouched]) -> Iterator[Found]:
        """The records with the checkpoints between them, and last how far the writer is read."""
        waiting = deque(due)
        self._fruitless.pop(writer, None)
        if piece is not None:
            at = Position(piece.segment, piece.offset, at.seq, at.checkpoints, at.checkpoint_offset)
            lines = piece.data.split(b"\n")
            cut = lines.pop()
            for raw in lines:
                while waiting and waiting[0].place <= (at.segment, at.offset):
                    at = yield from self._checkpoint(writer, at, waiting.popleft())
                record = self._record(raw, writer, at)
                offset = at.offset + len(raw) + 1
                if record is None:
                    at = Position(at.segment, offset, at.seq, at.checkpoints, at.checkpoint_offset)
                    continue
                seq = record.get("seq")
                at = Position(
                    at.segment, offset, seq if type(seq) is int else at.seq, at.checkpoints, at.checkpoint_offset
                )
                yield Found(writer, record, at, size=len(raw))
            if cut:
                self.damaged += 1
                at = Position(at.segment, at.offset + len(cut), at.seq, at.checkpoints, at.checkpoint_offset)
        for each in waiting:
            at = yield from self._checkpoint(writer, at, each)
        self._at[writer] = at
        yield Found(writer, None, at)

    def _checkpoint(self, writer: str, at: Position, vouched: _Vouched) -> Generator[Found, None, Position]:
        after = Position(at.segment, at.offset, at.seq, at.checkpoints + 1, vouched.end)
        if vouched.record is None:
            self.damaged += 1
        else:
            yield Found(writer, vouched.record, after, size=vouched.end - at.checkpoint_offset)
        return after

    def _record(self, raw: bytes, writer: str, at: Position) -> Record | None:
        try:
            return choosing.read(raw, writer, at.segment, at.offset)
        except NoRecord:
            self.damaged += 1
            return None


def _opened(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)  # a pipe of that name does not hold us


def _up_to(piece: _Piece, place: tuple[int, int]) -> _Piece | None:
    """Its lines that are before that place; None: there are none."""
    if place >= (piece.segment, piece.offset + len(piece.data)):
        return piece
    if place[0] != piece.segment or place[1] <= piece.offset:
        return None
    end = piece.data.rfind(b"\n", 0, place[1] - piece.offset) + 1
    return _Piece(piece.segment, piece.offset, piece.data[:end]) if end else None
