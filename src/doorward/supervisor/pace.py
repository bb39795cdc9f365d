"""The supervisor's times, in seconds, and the one rule about them that is worth a test of its own."""

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """``pulse``: how often a worker is asked for a sign of life. ``stuck``: without one for so long it is killed.

    ``start``: a worker must be ready by then. ``watch``: how often the configuration file is looked at. ``scrape``: how
    long an answer to ``/metrics`` waits for workers. ``settled``: a worker that lived so long did not crash at once.
    ``attempts``: failed first starts before giving up. ``grace``: beyond ``listen.drain``, until a worker is killed.
    """

    pulse: float = 2.0
    stuck: float = 10.0
    start: float = 60.0
    watch: float = 0.5
    scrape: float = 1.0
    prepare: float = 10.0
    settled: float = 10.0
    attempts: int = 3
    grace: float = 5.0


LONGEST_PAUSE = 30.0


def pause(streak: int) -> float:
    """Seconds to wait before the next start after ``streak`` quick deaths in a row: 0, 0, 1, 2, 4, … 30."""
    return 0.0 if streak < 2 else min(2.0 ** (streak - 2), LONGEST_PAUSE)
