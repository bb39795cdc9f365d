"""One configured sink, ready to be shipped to; and the times of shipping."""

import logging

import msgspec

from doorward.core.delivery import Limits, Sink
from doorward.shipping.packing import Lines

log = logging.getLogger(__name__)


class Target(msgspec.Struct, frozen=True):
    """``name``: of its files and metrics. ``use``: the plug-in. ``limits``: of one delivery. ``every``: seconds that an
    event may wait for others.
    """

    name: str
    use: str
    sink: Sink
    lines: Lines
    limits: Limits
    every: float = 1.0

    def close(self) -> None:
        """Close the sink. Never raises."""
        try:
            self.sink.close()
        except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything
            log.warning("sink %s: closing it failed: %s", self.name, type(error).__name__)


class Pace(msgspec.Struct, frozen=True):
    """Seconds. ``poll``: between two looks at the log. ``save``: between two saves of a cursor. ``tick``: between two
    statuses. ``first`` and ``longest``: the pauses after failures. ``stuck``: after which a delivery without an end
    counts as a failure in the status. ``slow``: after which a delivery that failed is tried with half as many events.
    ``flush``: for what is there, before another configuration is used. ``leave``:
    for a sink to come back after it was closed.
    """

    poll: float = 0.2
    save: float = 1.0
    tick: float = 1.0
    first: float = 0.5
    longest: float = 60.0
    stuck: float = 30.0
    slow: float = 1.0
    flush: float = 2.0
    leave: float = 1.0
    tries: int = 5
    """How often in a row a delivery may fail where the log is shipped once."""


PACE = Pace()
