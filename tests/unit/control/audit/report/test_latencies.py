import random

import pytest

from doorward.control.audit.report.latencies import Latencies, bars


def of(*times: float) -> Latencies:
    made = Latencies()
    for time in times:
        made.add(time)
    return made


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_are_off_by_two_and_a_half_per_cent_at_most(share: float) -> None:
    chance = random.Random(1)
    times = sorted(chance.lognormvariate(3, 2) for _ in range(20_000))
    exact = times[int(share * len(times)) - 1]
    assert of(*times).percentile(share) == pytest.approx(exact, rel=0.025)


def test_one_call_is_told_exactly_and_none_is_not_nought() -> None:
    assert of(5.0).percentile(0.99) == 5.0
    assert Latencies().percentile(0.5) is None


@pytest.mark.parametrize("time", [0.0, -1.0, 1e-9, 1e300])
def test_times_that_cannot_be_do_no_harm(time: float) -> None:
    made = of(time, 1.0)
    assert made.count == 2
    assert len(list(bars(made))) > 0


def test_bars_go_from_the_fastest_to_the_slowest_without_holes() -> None:
    ours, whole = of(0.5, 0.6), of(5.0)
    rows = list(bars(ours, whole))
    assert sum(counts[0] for *_, counts in rows) == 2
    assert sum(counts[1] for *_, counts in rows) == 1
    assert rows[0][0] <= 0.5 < rows[0][1]
    assert rows[-1][0] <= 5.0 < rows[-1][1]
    assert all(rows[place][1] == rows[place + 1][0] for place in range(len(rows) - 1))
    assert list(bars(Latencies())) == []
