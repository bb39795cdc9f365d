"""The system's clocks."""

import time


class SystemClock:
    """``core.ports.Clock`` for real."""

    # Bound once: the data plane asks several times a call.
    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
