import math
from random import Random

import pytest

from doorward.shipping.backoff import LONGEST_ASKED, Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 60.0, lambda: 1.0)
    assert [backoff.pause() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.pause() == 0.5


def test_the_jitter_is_full() -> None:
    random = Random(1)
    backoff = Backoff(60.0, 60.0, random.random)
    pauses = [backoff.pause() for _ in range(2000)]
    assert min(pauses) < 1
    assert max(pauses) > 59
    assert 28 < sum(pauses) / len(pauses) < 32


def test_who_asks_for_time_gets_it() -> None:
    backoff = Backoff(0.5, 60.0, lambda: 0.0)
    assert backoff.pause(90.0) == 90.0
    assert Backoff(0.5, 60.0, lambda: 1.0).pause(0.1) == 0.5


def test_those_who_were_asked_for_the_same_time_do_not_come_back_together() -> None:
    random = Random(1)
    pauses = {round(Backoff(0.5, 60.0, random.random).pause(120.0)) for _ in range(500)}
    assert (min(pauses), max(pauses), len(pauses)) == (120, 150, 31)


@pytest.mark.parametrize("asked", [math.inf, math.nan, -1.0])
def test_nonsense_is_not_time(asked: float) -> None:
    assert Backoff(0.5, 60.0, lambda: 1.0).pause(asked) == 0.5


def test_nobody_is_left_alone_for_good() -> None:
    assert Backoff(0.5, 60.0, lambda: 0.0).pause(1e12) == LONGEST_ASKED


def test_a_very_long_outage_is_no_overflow() -> None:
    backoff = Backoff(0.5, 60.0, lambda: 1.0)
    backoff.tries = 100_000
    assert backoff.pause() == 60.0
