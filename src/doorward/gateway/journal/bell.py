"""Wakes one thread. Far cheaper than ``threading.Event`` where it is rung for each record and the thread is awake."""

import contextlib
import os
import select
import threading
import weakref


class Bell:
    """A ring that nobody waits for is kept, once. Whoever was woken looks at everything that could have rung."""

    def __init__(self) -> None:
        self._closed = threading.Lock()
        self._closed.acquire()
        self._rung = False

    def ring(self) -> None:
        """From any thread, any number of times. Never waits."""
        if not self._rung:
            self._rung = True
            with contextlib.suppress(RuntimeError):  # two rang at once, and the other was first
                self._closed.release()

    def wait(self, seconds: float | None = None) -> None:
        """Return when it rings or the time is over; now and then without a reason."""
        self._closed.acquire(timeout=-1 if seconds is None else seconds)
        self._rung = False  # before the caller looks: what rings from here on will wake it again

    def forget(self) -> None:
        """Drop a ring that was kept. Only for the thread that waits."""
        if self._rung:
            self._closed.acquire(blocking=False)
            self._rung = False


class Chime:
    """A ``Bell`` that costs a system call and saves changes of threads: it lets go of the interpreter before it rings.

    A lock is released with the interpreter held. Where both share a processor, whoever waits for that lock runs at
    once, finds the interpreter taken, and sleeps again: six changes of threads from a ring to its answer, and so two.
    """

    def __init__(self) -> None:
        """Raises ``OSError``."""
        self._inner, self._outer = os.pipe()
        for descriptor in (self._inner, self._outer):
            weakref.finalize(self, os.close, descriptor)  # not before: somebody may ring at the very end
        self._poll = select.poll()
        self._poll.register(self._inner, select.POLLIN)
        self._rung = False

    def ring(self) -> None:
        """From any thread, any number of times. Never waits: there is never more than a few bytes in the pipe."""
        if not self._rung:
            self._rung = True
            os.write(self._outer, b"\0")

    def wait(self, seconds: float | None = None) -> None:
        """Return when it rings or the time is over; now and then without a reason."""
        if seconds is None or self._poll.poll(seconds * 1000):
            os.read(self._inner, 64)
        self._rung = False  # before the caller looks
