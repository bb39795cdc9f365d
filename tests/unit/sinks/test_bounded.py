from threading import Event

import pytest

from doorward.core.delivery import SinkFault
from doorward.sinks.bounded import MOST_LEFT, Bounded


def test_what_is_returned_or_raised_comes_back() -> None:
    bounded = Bounded("test")
    assert bounded.call(lambda: 7, 10) == 7
    with pytest.raises(ZeroDivisionError):
        bounded.call(lambda: 1 // 0, 10)


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
