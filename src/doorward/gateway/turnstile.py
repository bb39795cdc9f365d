"""Large messages are read one after the other, with time for everybody else between them. Reading is one step that
nothing interrupts; where several came together their steps would be one, as long as all of them.
"""

import asyncio
from types import TracebackType

from doorward.core.ports import Clock

LARGE = 64 << 10
"""Bytes of a message that waits for its turn."""

_SHORT = 0.002
"""Seconds of reading after which nobody needs a rest; longer ones are followed by a rest as long as they were."""


class Turnstile:
    """``async with turnstile:`` around the reading of one large message."""

    __slots__ = ("_begun", "_clock", "_lock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._begun = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._begun = self._clock.monotonic()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        took = self._clock.monotonic() - self._begun
        loop = asyncio.get_running_loop()
        if took < _SHORT:
            loop.call_soon(self._lock.release)  # not now: who is about to come would read in this very turn
        else:
            loop.call_later(took, self._lock.release)
