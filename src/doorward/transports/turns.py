"""Turns of the event loop. A peer that sends faster than we work has its next message here before the last one is done;
whoever takes messages without a real wait would keep the loop to itself for as long as that peer likes.
"""

from time import monotonic

_LONGEST = 0.002
"""Seconds of one turn. A call of somebody else needs about five turns of the loop."""


class Turn:
    """One worker's turn. When it is ``over``, let the loop go round (``asyncio.sleep(0)``) and ``begin`` again."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self) -> None:
        """The loop has served the others meanwhile."""
        self._until = monotonic() + _LONGEST

    @property
    def over(self) -> bool:
        return monotonic() >= self._until
