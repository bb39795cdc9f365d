"""How long a crashing server is left alone."""

import pytest

from doorward.transports.stdio_backoff import Backoff


def test_each_crash_in_a_row_doubles_the_wait_up_to_the_most() -> None:
    backoff, now, waits = Backoff(), 100.0, []
    for _ in range(8):
        backoff.crashed("alice", 0.1, now)
        waits.append(backoff.wait("alice", now))
        now += waits[-1]
        assert backoff.wait("alice", now) == 0
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_each_principal_waits_for_its_own_crashes() -> None:
    backoff = Backoff()
    backoff.crashed("alice", 0.1, 0)
    assert backoff.wait("bob", 0) == 0
    assert backoff.wait("alice", 0.25) == 0.75


@pytest.mark.parametrize(("lived", "later"), [(30.0, 2.0), (0.1, 40.0)])
def test_a_long_life_or_a_long_peace_ends_the_row(lived: float, later: float) -> None:
    backoff = Backoff()
    for _ in range(3):
        backoff.crashed("alice", 0.1, 0)
    backoff.crashed("alice", lived, 4 + later)
    assert backoff.wait("alice", 4 + later) == 1


def test_the_table_is_bounded() -> None:
    backoff = Backoff()
    for number in range(10_000):
        backoff.crashed(str(number), 0, 0)
    assert len(backoff._crashes) == 4096
    assert backoff.wait("9999", 0) == 1
    assert backoff.wait("0", 0) == 0
