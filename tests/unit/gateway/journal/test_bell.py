"""What wakes the journal's threads: no ring is lost, none is kept twice, and who rings never waits."""

import gc
import os
import threading

import pytest
from tests.waiting import PATIENCE

from doorward.gateway.journal.bell import Bell, Chime


@pytest.mark.parametrize("make", [Bell, Chime])
def test_a_ring_that_nobody_waits_for_is_kept_once(make: type[Bell] | type[Chime]) -> None:
    bell = make()
    for _ in range(100_000):  # more than a pipe holds
        bell.ring()
    bell.wait()
    bell.wait(0)  # there is no other: it would not come back
    bell.ring()
    bell.wait()


@pytest.mark.parametrize("make", [Bell, Chime])
def test_a_ring_wakes_who_waits(make: type[Bell] | type[Chime]) -> None:
    there, back = make(), make()

    def answer() -> None:
        for _ in range(200):
            there.wait()
            back.ring()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    for _ in range(200):
        there.ring()
        back.wait()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_ring_that_is_forgotten_wakes_nobody() -> None:
    bell = Bell()
    bell.forget()
    bell.ring()
    bell.forget()
    assert not bell._closed.acquire(blocking=False)
    bell.ring()
    bell.wait()


def test_the_pipe_is_closed_when_nobody_can_ring_any_more() -> None:
    chime = Chime()
    ends = chime._inner, chime._outer
    for end in ends:
        os.fstat(end)
    del chime
    gc.collect()
    for end in ends:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)
