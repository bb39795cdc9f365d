"""Writes of one turn of the event loop, made together at its end.

A write wakes the peer. When each call's write stands alone, the peer has gone to sleep again before the next one, and
both sides pay for a wake-up a message; made together, the first one wakes it and the rest find it at work. It also
keeps the code of one kind together in the processor's caches. Measured on loopback with 16 callers: a third of the CPU
of a call.
"""

import asyncio
from typing import Protocol


class Sender(Protocol):
    """A connection that has bytes to write."""

    def flush(self) -> None: ...


class Outbox:
    """The connections of one loop that have something to write; they are asked to in the next turn."""

    __slots__ = ("_loop", "_senders")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._senders: list[Sender] = []

    def add(self, sender: Sender) -> None:
        """Ask ``sender`` to flush, after everything that this turn still does."""
        if not self._senders:
            self._loop.call_soon(self._flush)
        self._senders.append(sender)

    def _flush(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.flush()
