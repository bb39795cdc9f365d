"""All sinks of a log: one pump for each, a look at them each second, and the lock that makes it the only shipper."""

import fcntl
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread

import msgspec

from doorward.shipping import places
from doorward.shipping.cursor import Cursor
from doorward.shipping.dead_letters import DeadLetters
from doorward.shipping.extents import Extents
from doorward.shipping.places import Places
from doorward.shipping.pump import Pump
from doorward.shipping.sampling import FirstCalls, Sampling
from doorward.shipping.status import MOST_WRITERS, Alarm, Rate, Status, Written
from doorward.shipping.target import PACE, Pace, Target

log = logging.getLogger(__name__)


class Shipper:
    """``start``, then ``drain`` and ``close``; ``swap`` puts other sinks in their place. ``once``: the pumps end when
    all that is there was taken.
    """

    def __init__(
        self,
        directory: Path,
        targets: Sequence[Target],
        sampling: Sampling | None = None,
        *,
        once: bool = False,
        pace: Pace = PACE,
    ) -> None:
        self._places = Places(directory)
        self._targets = list(targets)
        self._sampling = sampling
        self._once = once
        self._pace = pace
        self._extents = Extents(directory)
        self._first_calls: FirstCalls | None = None
        self._cursors: dict[str, Cursor] = {}
        self._sinks: list[_Sink] = []
        self._descriptor = -1
        self._change = Lock()  # of the pumps
        self._over = Flag()
        self._ended = Flag()
        self._trouble = "it has not begun yet"
        self._elsewhere = False  # another shipper works on the log
        self._unread = 0  # bytes of the log, of which a sink that has not begun has taken nobody knows how much
        self._unwritten: str | None = None  # why the status is not
        self._in_vain = 0  # attempts to begin, not counted where another shipper is waited for
        self._thread = Thread(target=self._keep, name="shipper", daemon=True)

    def start(self) -> None:
        """Begin as soon as no other shipper works on this log."""
        self._thread.start()

    def swap(self, targets: Sequence[Target], sampling: Sampling | None) -> None:
        """Ship to these from now on; one of the same name goes on where the former was. May take seconds."""
        with self._change:
            before, unused = self._sinks, self._not_begun()
            self._sinks, self._targets, self._sampling = [], list(targets), sampling
            self._end(before, self._pace.flush)
            _close(unused)
            self._attempt()

    def drain(self, within: float | None = None) -> None:
        """Deliver what is there, for so long at most (``Pace.flush``)."""
        with self._change:
            _finish(self._sinks, self._pace.flush if within is None else within)

    def close(self) -> None:
        """Let go of everything; what was not taken is sent after the next start."""
        self._over.set()
        with self._change:
            self._end(self._sinks, 0.0)
            _close(self._not_begun())
            if self._sinks:
                self._tell()
            self._sinks, self._targets = [], []
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def wait(self, timeout: float | None = None) -> bool:
        """Until all pumps have ended by themselves (``once``); whether they have."""
        return self._ended.wait(timeout)

    @property
    def left(self) -> list[str]:
        """The sinks that have not got everything, each with why."""
        found = [f"{target.name}: {self._trouble}" for target in self._not_begun()]
        for sink in self._sinks:
            if sink.pump.gave_up:
                found.append(f"{sink.target.name}: {sink.pump.last_error or 'stopped'}")
            if sink.dead:
                found.append(f"{sink.target.name}: {sink.dead} dead letters in {self._places.dead(sink.target.name)}")
        return found

    def statuses(self) -> list[Status]:
        """Of all sinks, as they were at the last look. Never waits."""
        begun = {sink.target.name: sink.status for sink in self._sinks}
        return [
            begun.get(each.name)
            or Status(name=each.name, use=each.use, last_error=self._trouble, waiting_bytes=self._unread)
            for each in self._targets
        ]

    def _not_begun(self) -> list[Target]:
        begun = {sink.target.name for sink in self._sinks}
        return [target for target in self._targets if target.name not in begun]

    # -- the thread ------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._over.is_set():
            with self._change:
                try:
                    self._tick()
                except Exception:  # the thread must not end in silence
                    log.exception("the shipper has failed, and goes on")
            self._over.wait(self._pace.poll if self._once else self._pace.tick)
        self._ended.set()

    def _tick(self) -> None:
        self._attempt()
        self._unread = self._extents.size() if self._not_begun() and not self._elsewhere else 0
        if self._sinks:
            self._tell()
        begun = self._sinks or self._in_vain >= self._pace.tries
        if self._once and begun and all(sink.pump.join(0) for sink in self._sinks):
            self._ended.set()

    def _attempt(self) -> None:
        """Begin with those that have not begun, where it can be; else it is tried again."""
        self._keep_the_lock()
        waiting = [] if self._over.is_set() else self._not_begun()
        begun = len(self._sinks)
        for target in waiting:
            try:
                if not self._locked():
                    return
                self._begin(target)
            except OSError as error:
                self._say(f"{error.filename or self._places.directory} cannot be used: {error.strerror}")
            except RuntimeError as error:  # there is no thread to be had
                self._say(f"sink {target.name}: {error}")
        if waiting and len(self._sinks) == begun:
            self._in_vain += 1

    def _keep_the_lock(self) -> None:
        """Whoever removes a log removes our files in it: in the log that takes its place, they are made again."""
        if not os.path.isdir(self._places.log):
            return
        if self._descriptor >= 0 and self._lock_replaced():
            log.warning("%s is not what it was: it was removed or replaced", self._places.directory)
            os.close(self._descriptor)
            self._descriptor = -1
        if self._descriptor < 0 and self._sinks:
            try:
                self._locked()
            except OSError as error:
                self._say(f"{error.filename or self._places.directory} cannot be used: {error.strerror}")

    def _lock_replaced(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self._descriptor), os.stat(self._places.lock))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False  # nobody knows, and who lets go of it may not get it again

    def _locked(self) -> bool:
        """Raises ``OSError``."""
        if self._descriptor < 0:
            self._places.make()
            flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._places.lock, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                self._elsewhere = True
                self._say(f"another shipper works on {self._places.log}: this one waits for its end")
                return False
            except BaseException:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
        self._elsewhere = False
        return True

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("%s", trouble)
            self._trouble = trouble

    def _begin(self, target: Target) -> None:
        """Raises ``OSError``."""
        if self._first_calls is None:
            self._first_calls = FirstCalls(self._places.first_calls)
        cursor = self._cursors.get(target.name) or Cursor(self._places, target.name)
        self._cursors[target.name] = cursor
        pump = Pump(
            target,
            cursor,
            DeadLetters(self._places.dead(target.name), target.name),
            self._extents,
            self._sampling,
            self._first_calls,
            once=self._once,
            pace=self._pace,
        )
        sink = _Sink(target, pump)
        sink.look(_free(self._places.log))
        pump.start()  # first: what did not start has not begun, and is tried again
        self._sinks = [*self._sinks, sink]

    def _end(self, sinks: "Sequence[_Sink]", within: float) -> None:
        """The pumps end; a sink that hangs is left behind."""
        _finish(sinks, within)
        closing = [Thread(target=sink.pump.retire, name=f"closing {sink.target.name}", daemon=True) for sink in sinks]
        for thread in closing:  # side by side: one that hangs costs the others nothing
            thread.start()
        end = time.monotonic() + 2 * self._pace.leave
        for thread in closing:
            thread.join(max(0.0, end - time.monotonic()))
        for sink in sinks:
            sink.pump.disown()  # also where closing it has no end
            sink.look(_free(self._places.log))

    def _tell(self) -> None:
        for sink in self._sinks:
            sink.look(_free(self._places.log))
        written = Written(time.time(), os.getpid(), [sink.status for sink in self._sinks])
        try:
            places.replace(self._places.status, msgspec.json.encode(written) + b"\n", durable=False)
        except OSError as error:
            if error.strerror != self._unwritten:  # each second would be too often
                log.warning("%s cannot be written: %s", self._places.status, error.strerror)
            self._unwritten = error.strerror
        else:
            self._unwritten = None


class _Sink:
    """A pump, and how it was at the last look."""

    def __init__(self, target: Target, pump: Pump) -> None:
        self.target = target
        self.pump = pump
        self.status = Status(name=target.name, use=target.use)
        self._rate = Rate()
        self._alarm = Alarm(target.name)
        self._dead_before = pump.cursor.totals.dead

    @property
    def dead(self) -> int:
        """Dead letters of this pump."""
        return self.pump.cursor.totals.dead - self._dead_before

    def look(self, free: int) -> None:
        pump, totals = self.pump, self.pump.cursor.totals
        waiting, age = pump.waiting()
        stuck = pump.stuck()
        fill = waiting / (waiting + free) if waiting else 0.0
        self._alarm(fill, waiting)
        positions = pump.cursor.positions()
        self.status = Status(
            name=self.target.name,
            use=self.target.use,
            up=pump.up and not stuck,
            since=pump.since,
            delivered=totals.delivered,
            repeated=totals.repeated,
            dead=totals.dead,
            damaged=totals.damaged,
            waiting_bytes=waiting,
            waiting_seconds=age,
            fill=fill,
            acknowledged=totals.newest,
            writers={writer: positions[writer].seq for writer in list(positions)[-MOST_WRITERS:]},
            rate=self._rate(time.monotonic(), totals.delivered),
            last_error=f"a delivery is without an end for {stuck:.0f} s" if stuck else pump.last_error,
            remedy="" if stuck else pump.remedy,
            unsaved=pump.unsaved is not None,
        )


def _free(directory: Path) -> int:
    """Bytes that may still be written there."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _finish(sinks: "Sequence[_Sink]", within: float) -> None:
    """Each delivers what is there, for so long at most, all at the same time."""
    end = time.monotonic() + within
    for sink in sinks:
        sink.pump.finish(within)
    for sink in sinks:
        sink.pump.join(max(0.0, end - time.monotonic()))


def _close(targets: Sequence[Target]) -> None:
    for target in targets:
        target.close()
