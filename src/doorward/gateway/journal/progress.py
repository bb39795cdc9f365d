"""How far the journal has come, by ticket, and who waits for it: once for *written*, once for *synced*.

One thread of the journal's moves ``done`` on and then looks for waiters; a waiter puts itself down and then looks at
``done``. So one of the two always sees the other, without a lock on the call path.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from doorward.core.errors import JournalFault
from doorward.gateway.journal.bell import Bell

_MOST_LOST = 1000
"""Ranges of tickets that are remembered as lost; what was forgotten is not said to be kept."""

_FORGOTTEN = "nobody knows any more whether the record was kept"


class Progress:
    """``done``: all tickets up to this one have met their fate. ``stalled``: why nobody should wait now.

    ``asked`` is called when somebody begins to wait.
    """

    def __init__(self, asked: Callable[[], None] = lambda: None) -> None:
        self.done = 0
        self.stalled = ""
        self.asked = asked
        self._lost: list[tuple[int, int, str]] = []
        self._lost_to = 0
        self._forgotten_to = 0
        self._waiting: list[tuple[int, asyncio.Future[str]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waking = False
        self._blocked: list[tuple[int, threading.Event]] = []
        self._sought = 0
        self._answer = Bell()

    @property
    def awaited(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting or self._blocked)

    @property
    def tasks(self) -> int:
        """How many tasks wait."""
        return len(self._waiting)

    async def reach(self, ticket: int) -> None:
        """Return when it is done, at once where it is. Raises ``JournalFault`` if it was lost or nothing goes on."""
        done = self.done  # before the fate: another thread may lose a ticket, and then pass it, between the two
        why = self._fate(ticket)
        if not why and ticket > done:
            why = await self._wait(ticket)
        if why:
            raise JournalFault(why)

    async def _wait(self, ticket: int) -> str:
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = self._loop.create_future()
        self._waiting.append((ticket, future))
        self.asked()
        if ticket <= self.done or ticket <= self._lost_to:
            self._wake()
        if self.stalled:
            self.give_up()
        return await future

    def block(self, first: int, ticket: int, seconds: float) -> None:
        """``reach`` for a thread without a loop; also raises if one from ``first`` on was lost."""
        turned = threading.Event()
        entry = (ticket, turned)
        self._blocked.append(entry)
        self.asked()
        try:
            if ticket > self.done and not self._fate(ticket) and not turned.wait(seconds):
                raise JournalFault(self.stalled or f"the record was not on the disk within {seconds:g} s")
        finally:
            self._blocked.remove(entry)
        why = self._fate(ticket, first)
        if why:
            raise JournalFault(why)

    def linger(self, ticket: int, ring: Callable[[], None], seconds: float) -> bool:
        """In the loop, which stands still: ``ring``, and wait at most so long for this ticket. Whether it has met its
        fate. All who wait and whose tickets have are told here: ``publish`` leaves them to us meanwhile.
        """
        self._answer.forget()  # drop a ring that came after the wait before was over
        self._sought = ticket
        ring()
        if ticket > self.done:
            self._answer.wait(seconds)
        self._sought = 0  # before ``done`` is read: who moves it on afterwards wakes us as ever
        if self._waiting:
            self._wake()
        return ticket <= self.done

    def lose(self, first: int, last: int, why: str) -> None:
        """Note that these tickets were not kept, before ``done`` moves on to them."""
        if first > last:
            return
        lost = self._lost
        if len(lost) >= _MOST_LOST:
            self._forgotten_to = max(self._forgotten_to, *(end for _, end, _ in lost[: _MOST_LOST // 2]))
            self._lost = lost = lost[_MOST_LOST // 2 :]  # a new list: somebody may be reading the other
        lost.append((first, last, why))
        self._lost_to = max(self._lost_to, last)

    def publish(self) -> None:
        """After ``done`` went on or something was lost: one call into the loop for all who wait."""
        if sought := self._sought:  # the loop stands still for it, and looks at all before it goes on
            if sought <= self.done:
                self._answer.ring()
        elif self._waiting and not self._waking and self._loop is not None:
            self._waking = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and who waited with it
                self._loop.call_soon_threadsafe(self._wake)
        for ticket, turned in tuple(self._blocked):
            if ticket <= self.done or self._fate(ticket):
                turned.set()

    def give_up(self) -> None:
        """In the loop: nobody waits any longer, if it still is stalled."""
        why = self.stalled  # once: the thread may come back meanwhile, and no reason would say that all is kept
        if not why:
            return
        waiting, self._waiting = self._waiting, []
        for ticket, future in waiting:
            if not future.done():
                future.set_result(self._fate(ticket) if ticket <= self.done else why)

    def _wake(self) -> None:
        self._waking = False  # before ``done`` is read: who moves it on afterwards wakes us again
        done, rest = self.done, []
        for entry in self._waiting:
            ticket, future = entry
            why = self._fate(ticket)
            if ticket > done and not why:
                rest.append(entry)
            elif not future.done():  # else its task was cancelled
                future.set_result(why)
        self._waiting = rest

    def _fate(self, ticket: int, first: int | None = None) -> str:
        """Why it was lost, or one from ``first`` to it; "" where none was, or not yet."""
        first = ticket if first is None else first
        if first > self._lost_to:
            return ""
        for begin, end, why in reversed(self._lost):
            if begin <= ticket and first <= end:
                return why
        return _FORGOTTEN if first <= self._forgotten_to else ""
