"""The same work in many threads at once."""

import threading
from collections.abc import Callable
from typing import TypeVar

from tests.waiting import PATIENCE

T = TypeVar("T")


def at_once(work: Callable[[], T], threads: int = 12) -> list[T]:
    """What each of them got; they begin together and have all ended."""
    found: list[T] = []
    began = threading.Barrier(threads)

    def one() -> None:
        began.wait(PATIENCE)
        found.append(work())

    started = [threading.Thread(target=one) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(PATIENCE)
    assert len(found) == threads
    return found
