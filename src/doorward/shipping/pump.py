"""One sink's thread: reads on where its cursor is, delivers, and moves the cursor when the sink has taken it.

One delivery is under way at a time, and what was not taken is sent again before anything newer. Nothing is given up
but what the sink refuses as such, one by one. Whatever a sink does, it happens in its own thread.
"""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Event as Flag
from threading import Lock, Thread

from doorward.core.delivery import Delivered, Event, SinkFault
from doorward.shipping.backoff import Backoff
from doorward.shipping.batches import Batch, Gatherer, deliveries
from doorward.shipping.cursor import START, Cursor
from doorward.shipping.dead_letters import MOST_REASON, Dead, DeadLetters
from doorward.shipping.extents import Extents
from doorward.shipping.packing import Packing
from doorward.shipping.sampling import FirstCalls, Sampling
from doorward.shipping.source import Source
from doorward.shipping.target import PACE, Pace, Target

log = logging.getLogger(__name__)

SAY_EACH = 60.0
"""Seconds between two lines of the log that say the same of one sink."""


class Pump:
    """``once``: end when all that is there was taken, or a delivery has failed too often.

    ``gave_up``: it ended before everything was taken.
    """

    def __init__(
        self,
        target: Target,
        cursor: Cursor,
        dead_letters: DeadLetters,
        extents: Extents,
        sampling: Sampling | None,
        first_calls: FirstCalls,
        *,
        once: bool = False,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.target = target
        self.cursor = cursor
        self.gave_up = False
        self.up = True
        self.since = wall()
        self.last_error = ""
        self.remedy = ""  # for the last error
        self.unsaved: str | None = None  # why the cursor is not on the disk
        self._dead_letters = dead_letters
        self._extents = extents
        self._first_calls = first_calls
        self._once = once
        self._pace = pace
        self._clock = clock
        self._wall = wall
        self._backoff = Backoff(pace.first, pace.longest, chance)
        self._source = Source(extents, cursor.positions(), cursor.ended, follow=not once)
        packing = Packing(target.lines, target.limits, sampling, first_calls)
        self._gatherer = Gatherer(self._source, packing, target.limits, clock)
        self._batch = Batch()
        self._parts: deque[list[Event]] | None = (
            None  # what of the batch is not settled; None: the batch is being gathered
        )
        self._whole = True  # nothing of the batch is settled
        self._most = target.limits.events  # events of a delivery: fewer while the sink is too slow for as many
        self._damaged = 0
        self._unsaid, self._say_dead = 0, float("-inf")
        self._told = self._last_told = ""  # what was logged of the failure that goes on, and of the last one
        self._tell_again = float("-inf")
        self._delivering = 0.0  # when the delivery under way began; 0: none is
        self._saved = clock()
        self._wake = Flag()
        self._deadline: float | None = None
        self._lock = Lock()
        self._retired = False
        self._finished = False
        self._thread = Thread(target=self._run, name=f"sink {target.name}", daemon=True)

    # -- from outside ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def finish(self, within: float) -> None:
        """Deliver what is there and end: after so many seconds, or with the next failure, in any case."""
        self._extents.forget()  # before: what is there now is found when it is read to the end
        self._deadline = self._clock() + within
        self._wake.set()

    def join(self, timeout: float | None = None) -> bool:
        """Whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def retire(self) -> None:
        """Close the sink. Its thread has no say any more then, whether or not it comes back."""
        self.target.close()
        if not self.join(self._pace.leave):
            log.warning("sink %s: it does not come back; what it had is sent again", self.target.name)
        self.disown()
        self._save()

    def disown(self) -> None:
        """Whatever its sink still says, the cursor is another's now."""
        with self._lock:
            self._retired = True

    def stuck(self) -> float:
        """Seconds for which a delivery has been without an end, where that is too long; else 0."""
        began = self._delivering
        lasted = self._clock() - began if began else 0.0
        return lasted if lasted > self._pace.stuck else 0.0

    def waiting(self) -> tuple[int, float]:
        """Bytes of the log that are not acknowledged, and the age of the oldest event that is not."""
        positions, size = self.cursor.positions(), 0
        try:
            writers = self._extents.writers()
        except OSError:
            writers = []
        for writer in writers:
            if writer not in self.cursor.ended:
                try:
                    size += self._extents.of(writer).beyond(positions.get(writer, START))
                except OSError:
                    continue
        oldest = self._batch.oldest
        return size, max(0.0, self._wall() - oldest) if oldest is not None else 0.0

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._over():
                why = todo = ""
                try:
                    self._round()
                except OSError as error:
                    why, todo = _unusable(error), _PERMIT
                except Exception as error:  # a thread must not end in silence
                    log.exception("sink %s: shipping has failed", self.target.name)
                    why = f"shipping has failed: {type(error).__name__}"
                if why:  # only here: during the pause an exception would keep all that was being done
                    self._failed(why, remedy=todo)
            if not self._finished:
                self.gave_up = True
        finally:
            if not self._retired:  # whoever retires it saves, and then the cursor may be another process's
                self._save()

    def _over(self) -> bool:
        if self._finished or self.gave_up or self._retired:
            return True
        return self._deadline is not None and self._clock() >= self._deadline

    def _round(self) -> None:
        """Raises ``OSError``."""
        if self._parts is None and not self._gathered():
            return
        assert self._parts is not None
        batch = self._batch
        if batch.dead:
            self._bury(batch.dead)
            batch.dead = []
        while self._parts:
            if self._over() or not self._deliver(self._parts[0][: self._most]):
                return
        self._settle()

    def _gathered(self) -> bool:
        """Whether there is something to be done; else wait for it."""
        ending = self._deadline is not None or self._once
        batch = self._batch
        try:
            full = self._gatherer.gather(batch)
        except OSError as error:
            if not (batch.after or batch.ended):
                # Soon again: the others may have something any moment.
                self._failed(_unusable(error), remedy=_PERMIT, longest=self._pace.tick)
                return False
            self._tell(_unusable(error), _PERMIT)  # and what there is of other writers goes out
            full = True
        if not full and not ending and batch.events:
            ripe = batch.begun + self.target.every - self._clock()
            if ripe > 0:
                self._wait(min(self._pace.poll, ripe))
                return False
        self._count_damaged()
        if batch.after or batch.ended or batch.dead:
            self._parts, self._whole = deque(deliveries(batch, self.target.limits)), True
            return True
        if ending:
            self._finished = True
        else:
            self._well()  # whatever there was, nothing is left of it
            self._save_in_time()
            self._wait(self._pace.poll)
        return False

    def _count_damaged(self) -> None:
        if self._source.damaged > self._damaged:
            log.error(
                "sink %s: %d lines or segments of the log are no records, or gone, and are not shipped;"
                " `doorward audit verify` names them",
                self.target.name,
                self._source.damaged - self._damaged,
            )
            self.cursor.totals.damaged += self._source.damaged - self._damaged
            self._damaged = self._source.damaged
            self.cursor.touch()

    def _deliver(self, part: list[Event]) -> bool:
        """One attempt; whether something of it was settled. Raises ``OSError`` for dead letters that cannot be kept."""
        began = self._delivering = self._clock()
        why, wait, remedy, with_others = "", 0.0, "", False
        try:
            answer = self.target.sink.deliver(tuple(part))  # ours stays whole, whatever a plug-in does with its own
            again, refused = _understood(answer, len(part))
        except SinkFault as fault:
            why, wait, remedy = str(fault) or "the sink does not say why", fault.wait, fault.remedy
            with_others = fault.with_others
        except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, and its text may hold a secret
            why = f"the sink has failed: {type(error).__name__}"
        finally:
            self._delivering = 0.0
        if self._retired:
            return False
        if why:  # only here: during the pause a fault would keep what the sink had made of the events
            if self._clock() - began >= self._pace.slow:
                self._most = max(len(part) // 2, 1)
            if with_others:
                self._widen()
            return self._not_taken(len(part), why, wait, remedy)
        if refused:
            self._bury([Dead(part[at], why) for at, why in refused.items()])
        taken = len(part) - len(again) - len(refused)
        self.cursor.totals.delivered += taken
        self.cursor.touch()
        self._rest(part, again)
        if not again:
            self._most = min(2 * self._most, self.target.limits.events)
            self._well()
            return True
        why = next(iter(again.values()))
        if not taken and not refused:
            return self._not_taken(len(again), why)
        self.cursor.totals.repeated += len(again)
        self._well()  # it takes what it can, which is no fault
        self.last_error, self.remedy = why[:MOST_REASON], ""
        if self._deadline is None:
            self._save_in_time()
            self._wait(self._backoff.pause())
        return True

    def _rest(self, part: list[Event], again: Mapping[int, str]) -> None:
        """What is left of the delivery that ``part`` was the begin of."""
        assert self._parts is not None
        left = [part[at] for at in sorted(again)] + self._parts[0][len(part) :]
        self._whole = self._whole and len(again) == len(part)
        if left:
            self._parts[0] = left
        else:
            self._parts.popleft()

    def _widen(self) -> None:
        """Let the next attempt have later events in it, as many as there are."""
        self._most = self.target.limits.events
        if self._whole:
            self._parts = None

    def _not_taken(self, events: int, why: str, wait: float = 0.0, remedy: str = "") -> bool:
        self.cursor.totals.repeated += events
        self.cursor.touch()
        self._failed(why, wait, remedy)
        return False

    def _well(self) -> None:
        self._backoff.reset()
        if not self.up:
            self.up, self.since = True, self._wall()
            if self._told:
                log.info("sink %s: it takes events again", self.target.name)
                self._told = ""

    def _failed(self, why: str, wait: float = 0.0, remedy: str = "", *, longest: float = float("inf")) -> None:
        if self._retired:
            return
        if self.up:
            self.up, self.since = False, self._wall()
        if self._tell(why, remedy):
            self._told = why
        pause = min(self._backoff.pause(wait), longest)
        if self._deadline is not None or (self._once and self._backoff.tries >= self._pace.tries):
            self.gave_up = True
        else:
            self._save_in_time()
            self._wait(pause)

    def _tell(self, why: str, remedy: str = "") -> bool:
        """Whether it is in our log: the same is not, again and again."""
        self.last_error, self.remedy = why[:MOST_REASON], remedy[:MOST_REASON]
        if why == self._last_told and self._clock() < self._tell_again:
            return False
        said = f"{self.last_error} ({self.remedy})" if self.remedy else self.last_error
        log.warning("sink %s: not taken, and sent again until it is: %s", self.target.name, said)
        self._last_told = why
        self._tell_again = self._clock() + SAY_EACH
        return True

    def _bury(self, dead: list[Dead]) -> None:
        self._dead_letters.keep(dead)
        self.cursor.totals.dead += len(dead)
        self.cursor.touch()
        self._unsaid += len(dead)
        if self._clock() >= self._say_dead:
            last = dead[-1].reason[:MOST_REASON]
            log.warning("sink %s: %d more dead letters; the last: %s", self.target.name, self._unsaid, last)
            self._unsaid, self._say_dead = 0, self._clock() + SAY_EACH

    def _settle(self) -> None:
        with self._lock:
            if self._retired:
                return
            self.cursor.totals.newest = max(self.cursor.totals.newest, *(event.at for event in self._batch.events), 0.0)
            self.cursor.advance(self._batch.after, self._batch.ended)
        self._batch, self._parts = Batch(), None
        self._save_in_time()

    def _save_in_time(self) -> None:
        if self._clock() - self._saved >= self._pace.save:
            self._saved = self._clock()
            self._save()

    def _save(self) -> None:
        try:
            self._first_calls.save()  # first: what the cursor is beyond is not read again
            self.cursor.save()
        except OSError as error:
            if error.strerror != self.unsaved:  # each second would be too often
                log.error("sink %s: its cursor cannot be saved: %s", self.target.name, error.strerror)
            self.unsaved = error.strerror
        else:
            self.unsaved = None

    def _wait(self, seconds: float) -> None:
        """Until then, or until it is to end."""
        self._wake.wait(seconds)


_PERMIT = "check owner and permissions of audit.directory and all below it, and the disk"


def _unusable(error: OSError) -> str:
    return f"the log, or what is kept beside it, cannot be used: {error.strerror}"


def _understood(answer: object, events: int) -> tuple[dict[int, str], dict[int, str]]:
    """What is to be sent again, and what is refused, each with why. Raises ``SinkFault`` for what says neither."""
    if not isinstance(answer, Delivered):
        raise SinkFault("the sink did not say what became of the events")
    again, refused = dict(answer.again), dict(answer.refused)
    if any(type(at) is not int or not 0 <= at < events for at in (*again, *refused)):
        raise SinkFault("the sink spoke of events that it was not given")
    for at in again:
        refused.pop(at, None)
    return again, refused
