import pytest

from doorward.control.audit.report.moments import MOST_ROWS, Moments


def told(*timestamps: str) -> tuple[str, list[tuple[str, int]]]:
    moments = Moments()
    for timestamp in timestamps:
        moments.add(timestamp, 0)
    step, rows = moments.end()
    return step, [(row.start, row.outcomes.allowed) for row in rows]


def test_hours_without_calls_are_told_too() -> None:
    assert told("2026-11-20T10:59:59.999Z", "2026-11-20T12:00:00.000Z", "2026-11-20T12:01:00.000Z") == (
        "hour",
        [("2026-11-20 10:00", 1), ("2026-11-20 11:00", 0), ("2026-11-20 12:00", 2)],
    )


@pytest.mark.parametrize(
    ("last", "step", "first_row", "rows"),
    [
        ("2026-01-02", "hour", "2026-01-01 00:00", 25),
        ("2026-01-10", "day", "2026-01-01", 10),
        ("2026-06-30", "week", "2025-12-29", 27),
        ("2027-12-31", "month", "2026-01", 24),
        ("2050-01-01", "year", "2026", 25),
    ],
)
def test_longer_times_are_told_in_larger_steps(last: str, step: str, first_row: str, rows: int) -> None:
    found, made = told("2026-01-01T00:00:00.000Z", f"{last}T00:00:00.000Z")
    assert (found, made[0][0], len(made)) == (step, first_row, rows)
    assert sum(number for _, number in made) == 2


def test_there_are_never_too_many_rows() -> None:
    for days in range(1, 3000, 13):
        moments = Moments()
        for day in (0, days):
            year, rest = divmod(day, 336)
            moments.add(f"{2020 + year}-{rest // 28 + 1:02d}-{rest % 28 + 1:02d}T00", 0)
        assert len(moments.end()[1]) <= MOST_ROWS + 1


@pytest.mark.parametrize(
    "timestamp", ["", "soon", "2026-13-01T00", "9999-12-31T23:00", "0001-01-01T00", "2026-1-1T0:00:"]
)
def test_what_is_no_time_is_counted_apart(timestamp: str) -> None:
    moments = Moments()
    moments.add(timestamp, 0)
    assert (moments.undated, moments.end()) == (1, ("hour", ()))


def test_each_outcome_has_its_place() -> None:
    moments = Moments()
    for outcome in (0, 1, 2, 3, 4, 4):
        moments.add("2026-11-20T10:00:00.000Z", outcome)
    (row,) = moments.end()[1]
    ends = row.outcomes
    assert (ends.allowed, ends.watched, ends.redacted, ends.refused, ends.failed, ends.total) == (1, 1, 1, 1, 2, 6)
