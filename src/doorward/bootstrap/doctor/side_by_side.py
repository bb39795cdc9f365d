"""Runs checks beside each other, each for a bounded time."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from doorward.bootstrap.doctor.line import Line, fail

T = TypeVar("T")

Check = tuple[str, Callable[[], list[Line]]]
"""What it is about, and how to look."""

MOST_THREADS = 16


def looked(checks: Sequence[Check], seconds: float) -> list[Line]:
    """The lines of all checks, in their order. One that has not ended after ``seconds`` is left behind: its thread ends
    with the process.
    """
    found: list[list[Line] | None] = [None] * len(checks)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(checks)):
        waiting.put(index)

    def work() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            found[index] = _looked(*checks[index])

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(MOST_THREADS, len(checks)))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0.0))
    late = f"no answer within {seconds:g} s"
    return [
        line
        for (about, _), lines in zip(checks, list(found), strict=True)
        for line in (lines if lines is not None else [fail(about, late, "see what it waits for: a name, a disk")])
    ]


def within(seconds: float, ask: Callable[[], T]) -> T | None:
    """The answer; None where there is none in time, and then the thread ends with the process."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None


def _looked(about: str, look: Callable[[], list[Line]]) -> list[Line]:
    try:
        return look()
    except OSError as fault:
        return [fail(about, f"cannot be looked at: {fault.strerror or fault}", "run this as the gateway's user")]
    except Exception as fault:  # noqa: BLE001 - one check that is wrong must not keep the others from being told
        return [fail(about, f"the check itself failed: {type(fault).__name__}", "report this")]
