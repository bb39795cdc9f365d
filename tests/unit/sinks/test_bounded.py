from threading import Event

import pytest
from tests.garbage import uncollected

from doorward.core.delivery import SinkFault
from doorward.sinks.bounded import MOST_LEFT, Bounded


def test_what_is_returned_or_raised_comes_back() -> None:
    bounded = Bounded("test")
    assert bounded.call(lambda: 7, 10) == 7
    with pytest.raises(ZeroDivisionError):
        bounded.call(lambda: 1 // 0, 10)


class Payload:
    """What a call was to send."""

    __module__ = "doorward.test"


def test_of_a_call_that_has_ended_nothing_is_kept() -> None:
    bounded = Bounded("test")

    def fail(payload: Payload) -> None:
        try:
            raise KeyError(payload)
        except KeyError as before:
            kept = OSError("from a library")  # which has it in its frame too
            raise kept from before

    with uncollected() as found:
        for _ in range(3):
            payload = Payload()
            with pytest.raises(OSError, match="from a library"):
                bounded.call(lambda payload=payload: fail(payload), 10)  # type: ignore[misc]
        del payload
    assert not found
    assert bounded._run is None


def test_what_does_not_come_back_is_left_but_only_so_often() -> None:
    bounded, end = Bounded("test"), Event()
    for _ in range(MOST_LEFT):
        with pytest.raises(SinkFault, match="no answer in time"):
            bounded.call(lambda: end.wait(10), 0.01)
    with pytest.raises(SinkFault, match="earlier requests are still"):
        bounded.call(lambda: 7, 0.01)
    end.set()
    for thread in bounded._left:
        thread.join(10)
    assert bounded.call(lambda: 7, 10) == 7


def test_closing_ends_a_call() -> None:
    bounded, end = Bounded("test"), Event()

    def work() -> None:
        bounded.close()
        end.wait(10)

    with pytest.raises(SinkFault, match="closed"):
        bounded.call(work, 10)
    end.set()
    with pytest.raises(SinkFault, match="closed"):
        bounded.call(lambda: 7, 10)
