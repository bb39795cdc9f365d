"""The chains of all writers, one after the other, their segments on several processors."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field

from doorward.control.audit.verify.checkpoints import Mark
from doorward.control.audit.verify.findings import Fault
from doorward.control.audit.verify.places import Place, Unreadable
from doorward.control.audit.verify.segments import Named, Piece, Task, Told, sound
from doorward.control.audit.verify.vouching import Vouched
from doorward.control.audit.verify.walk import State, Walk

_WORTH_IT = 32 << 20
"""Bytes of segments from which on processes are started for them."""


@dataclass(slots=True)
class Writer:
    """What a writer's log holds, and what is wrong with it by itself."""

    place: Place
    vouched: Vouched
    named: Named = ()
    records: int = 0
    head: str = ""
    begun: str = ""
    ended: str = ""
    torn: int = 0
    told: Told = field(default_factory=Told)
    faults: list[Fault] = field(default_factory=list)

    @property
    def last(self) -> Mark | None:
        """Its last checkpoint that can be believed."""
        return self.vouched.proven.last


def chains(writers: list[Writer], jobs: int, advanced: Callable[[int], None]) -> Iterator[Writer]:
    """Each writer when its chain has been followed to its end. ``advanced`` is told of bytes that are done."""
    tasks = (
        Task(writer.place.writer, segment, writer.vouched.proven, writer.named)
        for writer in writers
        for segment in writer.place.segments
    )
    pieces = _sounded(tasks, jobs if _size(writers) >= _WORTH_IT else 1)
    for writer in writers:
        _follow(writer, pieces, advanced)
        yield writer


def processors() -> int:
    """How many there are for this process, but not more than are of use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(8, len(affinity(0)) if affinity is not None else os.cpu_count() or 1)


def _size(writers: list[Writer]) -> int:
    return sum(segment.size for writer in writers for segment in writer.place.segments)


def _sounded(tasks: Iterator[Task], jobs: int) -> Iterator[Piece | None]:
    pool = _pool(jobs) if jobs > 1 else None
    if pool is None:
        yield from map(sound, tasks)
        return
    waiting: deque[Future[Piece | None]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(sound, task))
            if len(waiting) > 2 * jobs:  # what is done is not heaped up either
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor as fault:  # that is no word on the log
        raise Unreadable(f"a process that read segments was killed ({fault}); try --jobs 1") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(jobs: int) -> ProcessPoolExecutor | None:
    try:
        return ProcessPoolExecutor(jobs)
    except (OSError, ImportError, NotImplementedError):  # no semaphores here: one process does it too
        return None


def _follow(writer: Writer, pieces: Iterator[Piece | None], advanced: Callable[[int], None]) -> None:
    """Join the pieces of one writer; where one does not fit, go on record by record."""
    state, vouched, marks, named = State(), 0, 0, 0
    failed: int | None = None
    for index, segment in enumerate(writer.place.segments):
        piece = next(pieces)
        if failed is None and piece is not None and _joins(piece, state):
            state = State(piece.next, piece.head) if piece.size else state
            vouched, marks, named = piece.vouched or vouched, marks + piece.marks, named + piece.named
            _add(writer, piece.told, piece.begun, piece.ended, piece.torn)
        elif failed is None:
            failed = index
        advanced(segment.size)
    if failed is None and (marks < writer.vouched.proven.lines or named < len(writer.named)):
        # Somebody says something that nothing in the segments was held against.
        failed, state, vouched, writer.told = 0, State(), 0, Told()
    if failed is not None:
        state = _walk(writer, failed, state, vouched)
    writer.records, writer.head = state


def _joins(piece: Piece, state: State) -> bool:
    return not piece.size or (piece.first, piece.prev) == (state.next, state.head)


def _walk(writer: Writer, first: int, state: State, vouched: int) -> State:
    segments = writer.place.segments
    walk = Walk(writer.place.writer, writer.vouched.proven, writer.named, state, vouched)
    walk.walk(segments[first:], segments[first - 1].number + 1 if first else 1)
    _add(writer, walk.told, walk.begun, walk.ended, walk.torn)
    writer.faults += walk.faults
    return walk.state


def _add(writer: Writer, told: Told, begun: str, ended: str, torn: int) -> None:
    writer.told.then(told)
    writer.begun = writer.begun or begun
    writer.ended = ended or writer.ended
    writer.torn = torn
