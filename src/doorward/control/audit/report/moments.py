"""Calls over time: counted by the hour, told by larger steps, so that there are never too many rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from doorward.control.audit.report.model import Moment, Outcomes

STEPS = ("hour", "day", "week", "month", "year")
MOST_ROWS = 62
"""Two months of days; of hours at most 48."""

_MOST_HOURS = 48
_SANE = ("2000", "2200")
_HOUR = timedelta(hours=1)


class Moments:
    """``add`` gives each call to its hour. Whether a timestamp is one is looked at once an hour, not once a call."""

    def __init__(self) -> None:
        self._hours: dict[str, list[int]] = {}
        self.undated = 0

    def add(self, timestamp: str, outcome: int) -> None:
        """One call; ``outcome`` is the place of a member of ``Outcomes``."""
        hour = timestamp[:13]
        counts = self._hours.get(hour)
        if counts is None:
            if not _is_hour(hour):
                self.undated += 1
                return
            counts = self._hours[hour] = [0] * len(Outcomes.__struct_fields__)
        counts[outcome] += 1

    def end(self) -> tuple[str, tuple[Moment, ...]]:
        """(the step, its moments without holes). No calls: no moments."""
        if not self._hours:
            return STEPS[0], ()
        first, last = _time(min(self._hours)), _time(max(self._hours))
        step = _step(first, last)
        sums = {start: [0] * len(Outcomes.__struct_fields__) for start in _starts(step, first, last)}
        for hour, counts in self._hours.items():
            told = sums[_start(step, _time(hour))]
            for place, count in enumerate(counts):
                told[place] += count
        return step, tuple(Moment(_said(step, start), Outcomes(*counts)) for start, counts in sums.items())


def _is_hour(text: str) -> bool:
    try:
        return text == _time(text).strftime("%Y-%m-%dT%H") and _SANE[0] <= text < _SANE[1]
    except ValueError:
        return False


def _time(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def _step(first: datetime, last: datetime) -> str:
    if last - first < _HOUR * _MOST_HOURS:
        return "hour"
    days = (last - first).days + 1
    for step, longest in (("day", 1), ("week", 7), ("month", 28)):
        if days < longest * (MOST_ROWS - 1):
            return step
    return "year"


def _start(step: str, moment: datetime) -> datetime:
    if step == "hour":
        return moment
    day = moment.replace(hour=0)
    if step == "week":
        return day - timedelta(days=day.weekday())
    if step == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if step == "month" else day


def _starts(step: str, first: datetime, last: datetime) -> Iterator[datetime]:
    start = _start(step, first)
    while start <= last:
        yield start
        beyond = {"hour": 1, "day": 24, "week": 168, "month": 32 * 24, "year": 366 * 24}[step] * _HOUR
        start = _start(step, start + beyond)


def _said(step: str, start: datetime) -> str:
    return start.strftime({"hour": "%Y-%m-%d %H:00", "month": "%Y-%m", "year": "%Y"}.get(step, "%Y-%m-%d"))
