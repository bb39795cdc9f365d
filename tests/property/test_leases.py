"""Over any arrivals at any workers, in any minute: at most a tenth more than the limit, and nothing wasted for good."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.test_leases import ME, NOW, Pool

from doorward.core.decision import ALLOW
from doorward.gateway.leases import WINDOW, Leases, Wish

Arrival = tuple[int, float, int, bool]
"""Which worker, seconds since the last, how many calls, and whether its background comes round after them."""

ARRIVALS = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0, 20), st.integers(1, 60), st.booleans()), min_size=1, max_size=80
)


def played(workers: list[Leases], per_minute: int, arrivals: list[Arrival]) -> dict[int, int]:
    """Calls that passed, by minute. The store answers late: what one round asked for comes after the next calls."""
    pool = Pool()
    passed: dict[int, int] = {}
    under_way: dict[int, list[tuple[Wish, int]]] = {}
    now = NOW
    for which, later, many, round_comes in arrivals:
        now += later
        which %= len(workers)
        leases = workers[which]
        allowed = sum(leases.allow(ME, "crm", "t", per_minute, now) is ALLOW for _ in range(many))
        minute = int(now // WINDOW)
        passed[minute] = passed.get(minute, 0) + allowed
        for wish, amount in under_way.pop(which, []):
            leases.given(wish, amount, now)
        if round_comes:
            under_way[which] = [(wish, pool.lease(wish)) for wish in leases.wishes(now)]
    return passed


@given(st.integers(2, 4), st.integers(1, 400), ARRIVALS)
@settings(max_examples=300, deadline=None)
def test_no_minute_is_over_run_by_more_than_a_tenth(workers: int, per_minute: int, arrivals: list[Arrival]) -> None:
    passed = played([Leases(workers) for _ in range(workers)], per_minute, arrivals)
    assert all(count <= 1.1 * per_minute for count in passed.values())


@given(st.integers(2, 4), st.integers(1, 400), ARRIVALS)
@settings(max_examples=100, deadline=None)
def test_what_is_over_does_not_add_up(workers: int, per_minute: int, arrivals: list[Arrival]) -> None:
    passed = played([Leases(workers) for _ in range(workers)], per_minute, arrivals)
    assert sum(passed.values()) <= per_minute * len(passed) + max(workers, per_minute / 10)


@given(st.integers(1, 400), ARRIVALS)
@settings(max_examples=100, deadline=None)
def test_one_worker_never_passes_more_than_a_full_bucket_and_its_refill(
    per_minute: int, arrivals: list[Arrival]
) -> None:
    passed = played([Leases(1)], per_minute, arrivals)
    lasted = sum(later for _, later, _, _ in arrivals)
    assert sum(passed.values()) <= per_minute * (1 + lasted / WINDOW) + 1e-6
