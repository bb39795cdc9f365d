"""How long a sink that took nothing is left alone."""

import math
from collections.abc import Callable

LONGEST_ASKED = 3600.0
"""Seconds. A service that asks to be left alone for longer is tried again after these."""

LATER = 0.25
"""Of what was asked for, which many were asked at once: up to so much more."""


class Backoff:
    """Exponential, with full jitter: gateways that lost the same sink do not come back to it in step.

    ``first`` and ``longest``: bounds of the pause, in seconds; ``chance``: between 0 and 1.
    """

    def __init__(self, first: float, longest: float, chance: Callable[[], float]) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self.tries = 0

    def pause(self, asked: float = 0.0) -> float:
        """Seconds after one more failure; never fewer than were ``asked`` for."""
        most = min(self._longest, self._first * 2.0 ** min(self.tries, 32))
        self.tries += 1
        least = min(asked, LONGEST_ASKED) if math.isfinite(asked) and asked > 0 else 0.0
        chance = self._chance()
        return max(least * (1 + LATER * chance), most * chance)

    def reset(self) -> None:
        """Something was taken."""
        self.tries = 0
