"""Follows the store: what is revoked or overridden is in force on this worker within ``EVERY`` and one reading.

While the store cannot be read, what was last read stays in force: no revocation is forgotten. But new ones are not
seen, so the worker says that it is in trouble (``/readyz``), no token may be minted (``readable`` is False), and after
``BEARABLE`` seconds it is ``blind``: a caller with a token that could have been revoked is then to be refused.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Protocol

from doorward.control.store import StoreFault
from doorward.core.ports import Clock
from doorward.core.shared import Shared

log = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two looks. Revocations are promised within 2 s on every worker."""

LATE = 1.0
"""Seconds after which a look that has not ended counts as failed (a disk that hangs raises nothing)."""

BEARABLE = 60.0
"""Seconds for which calls go on with what was last read."""

AGAIN = 60.0
"""Seconds after which all is read again in any case, so that what has expired goes."""


class Readable(Protocol):
    """The store, as far as it is needed here. Let it be one of its own: one that writes may keep it waiting."""

    def changed(self) -> int: ...

    def shared(self, now: float) -> Shared: ...


class Watch:
    """``start`` once before the first call, then ``run`` beside the calls.

    ``on_change(shared)`` gets every new reading, the first one too; ``on_trouble(reason)`` why the store cannot be
    read, once, and None when it can be (again); ``on_blind`` what ``blind`` says, when it changes. All are called on
    the event loop.
    """

    def __init__(
        self,
        store: Readable,
        clock: Clock,
        on_change: Callable[[Shared], None],
        on_trouble: Callable[[str | None], None],
        on_blind: Callable[[bool], None] = lambda blind: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._on_blind = on_blind
        self._blind = False  # what was told
        self._shared: Shared | None = None
        self._due = 0.0  # seconds since the epoch: read then, changed or not
        self._good = -math.inf  # monotonic: when it was last known that nothing had been missed
        self._begun = 0.0
        self._look: asyncio.Task[Shared | None] | None = None
        self.readable = False

    @property
    def blind(self) -> bool:
        """Whether it is too long since the store could be read."""
        return self._clock.monotonic() - self._good > BEARABLE

    async def start(self) -> None:
        """The first reading. Raises ``StoreFault``: nobody knows what is revoked then, and no call may be served."""
        begun = self._clock.monotonic()
        self._took(await asyncio.to_thread(self._read), begun)

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                await self._once()
        finally:
            if self._look is not None:
                self._look.cancel()

    async def _once(self) -> None:
        if self._look is None:
            self._begun = self._clock.monotonic()
            self._look = asyncio.create_task(asyncio.to_thread(self._read))
        done, _ = await asyncio.wait((self._look,), timeout=LATE)
        if not done:  # it holds a thread: wait for this one rather than send another after it
            self._failed(f"the store has not answered for {LATE:g} s")
            return
        look, self._look = self._look, None
        try:
            shared = look.result()
        except StoreFault as fault:
            self._failed(fault.detail)
        else:
            self._took(shared, self._begun)

    def _read(self) -> Shared | None:
        """In a thread. None: nothing has changed."""
        now = self._clock.wall()
        known = self._shared
        if known is not None and now < self._due and self._store.changed() == known.epoch:
            return None
        return self._store.shared(now)

    def _took(self, shared: Shared | None, begun: float) -> None:
        self._good = begun  # a look that hung may have read before somebody revoked
        if not self.readable:
            self.readable = True
            self._on_trouble(None)
        self._tell_blind()
        if shared is None:
            return
        now = self._clock.wall()
        self._due = min((now + AGAIN, *(override.until for override in shared.overrides)))
        if shared != self._shared:
            self._shared = shared
            self._on_change(shared)

    def _failed(self, reason: str) -> None:
        if self.readable:
            self.readable = False
            log.error("revocations and overrides are not followed, what was last read stays in force: %s", reason)
            self._on_trouble(reason)
        self._tell_blind()

    def _tell_blind(self) -> None:
        if self.blind != self._blind:
            self._blind = not self._blind
            self._on_blind(self._blind)
