"""Lines on the standard output, for a log collector that reads it (containers, systemd)."""

import os
import select
import sys
import time
from collections.abc import Sequence
from threading import Event as Flag

from doorward.core.delivery import ALL, Delivered, Event, Limits, SinkFault
from doorward.sinks.options import SinkOptions

# A pipe that poll calls writable takes this much without blocking (pipe(7)).
_PIECE = select.PIPE_BUF


class Stdout:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Nothing of its own. ``timeout``: for one delivery, while nobody reads."""

    limits = Limits(events=1000, bytes=1 << 20, overhead=1)

    def __init__(self, options: Options, descriptor: int | None = None) -> None:
        """``descriptor``: in place of the standard output's."""
        self.options = options
        self._descriptor = descriptor
        self._begun = b""  # the rest of a line whose beginning is written already
        self._closed = Flag()

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """What a pipe took counts as delivered: a pipe says nothing more about it."""
        until = time.monotonic() + self.options.timeout
        self._write(self._begun + b"".join(event.data + b"\n" for event in events), until)
        return ALL

    def close(self) -> None:
        self._closed.set()

    def _write(self, data: bytes, until: float) -> None:
        """All of it. Raises ``SinkFault``; then the next delivery begins by ending the line that this one began."""
        descriptor = sys.stdout.fileno() if self._descriptor is None else self._descriptor
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        sent = 0
        try:
            while sent < len(data):
                if self._closed.is_set() or time.monotonic() >= until:
                    raise SinkFault("nobody reads the standard output")
                if poll.poll(100):
                    sent += os.write(descriptor, data[sent : sent + _PIECE])
        except OSError as fault:
            raise SinkFault(fault.strerror or type(fault).__name__) from None
        finally:
            within = data[sent - 1 : sent] != b"\n" if sent else bool(self._begun)
            self._begun = data[sent : data.find(b"\n", sent) + 1] if within else b""
