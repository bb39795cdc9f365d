"""Wakes one thread. Far cheaper than ``threading.Event`` where it is rung for each record and the thread is awake."""

import contextlib
import threading


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
        """Until it rings, or the time is over. Now and then for nothing."""
        self._closed.acquire(timeout=-1 if seconds is None else seconds)
        self._rung = False  # before the caller looks: what rings from here on will wake it again
