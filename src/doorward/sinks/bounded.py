"""Calls into a library whose own time-outs do not bound a call as a whole (botocore's begin anew with each byte)."""

from collections.abc import Callable
from threading import Event, Thread
from traceback import clear_frames
from typing import Any, TypeVar

from doorward.core.delivery import SinkFault

MOST_LEFT = 4
"""Calls that were given up and have not come back; while there are so many, no other is begun."""

T = TypeVar("T")


class Bounded:
    """Runs one call after the other, each in a thread of its own that is left behind when it does not come back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._closed = False
        self._run: _Run | None = None
        self._left: list[Thread] = []

    def call(self, work: Callable[[], T], seconds: float) -> T:
        """What ``work`` returns or raises, which then has no traceback. Raises ``SinkFault`` after ``seconds``, or when
        closed.
        """
        self._left = [thread for thread in self._left if thread.is_alive()]
        if len(self._left) >= MOST_LEFT:
            raise SinkFault(f"{MOST_LEFT} earlier requests are still without an end", seconds)
        run = self._run = _Run(work)
        if self._over():
            raise SinkFault("closed")
        thread = Thread(target=run, name=self._name, daemon=True)
        thread.start()
        run.woken.wait(seconds)
        self._run = None  # nothing of what was to be done is kept beyond its end
        if not run.ended():
            self._left.append(thread)
            raise SinkFault("closed" if self._over() else "no answer in time")
        if run.raised is None:
            made: T = run.made
            return made
        raised, run.raised = run.raised, None
        try:
            raise raised
        finally:
            del raised  # it holds this frame in its traceback, and with it what was to be sent

    def close(self) -> None:
        """A call that is under way ends with a ``SinkFault``, and so does any later one. From any thread."""
        self._closed = True
        run = self._run
        if run is not None:
            run.woken.set()

    def _over(self) -> bool:
        return self._closed


class _Run:
    """One call, and what became of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.woken = Event()
        self._ended = False
        self.made: Any = None
        self.raised: BaseException | None = None

    def __call__(self) -> None:
        try:
            self.made = self._work()
        except BaseException as raised:  # noqa: BLE001 - whatever it is, it is raised where it was called
            self.raised = _bare(raised)
        self._ended = True
        self.woken.set()

    def ended(self) -> bool:
        return self._ended


def _bare(raised: BaseException) -> BaseException:
    """Without where it comes from. Those frames hold what was to be sent; ours holds the exception, and so do some of
    botocore's and urllib3's: in such a ring all of it would lie about until the garbage collector comes.
    """
    each: BaseException | None = raised
    while each is not None:
        clear_frames(each.__traceback__)
        each.__traceback__ = None
        before, each.__context__, each.__cause__ = each.__context__ or each.__cause__, None, None
        each = before
    return raised
