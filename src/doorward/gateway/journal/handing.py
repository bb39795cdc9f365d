"""When the loop hands the writer what waits, and whether it stands still for the answer.

A record is written in less time than its caller needs to go to sleep and to be woken through the selector. So the loop
waits for the thread with the interpreter free, for a moment at most (``Settings``); and once that was in vain not
again, until the disk has been prompt for a while. So a disk that hangs has stopped the loop once, for a moment.
"""

import asyncio
from typing import Any

from doorward.gateway.journal.desk import Desk

MOST_TURNS = 8
"""Turns of the loop for which a record waits while each brings more of them: then all are one group."""

ENOUGH = 16
"""Records of a group that nothing more is waited for, and beyond which the loop has better things to do meanwhile."""


class Hand:
    """In the loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._several = False
        self._alone: asyncio.Task[Any] | None = None
        self._others = False
        self._seen = 0
        self._turns = 0

    def over(self, ticket: int) -> None:
        """Somebody is about to wait for this ticket. Where calls come one by one, what waits is written now; where
        there are several in a turn, at its end, in one group.
        """
        desk, task = self._desk, asyncio.current_task()
        if self._alone is not None:  # once a turn at most: others have waited for it as long
            self._others = self._others or self._alone is not task
        elif not (self._several or desk.doubts or desk.written.tasks):
            self._alone = task
            self._linger(ticket)

    def over_soon(self) -> bool:
        """At the end of a turn: hand over what waits. False: ask again at the end of the next, for there are several
        calls at work, and this turn has brought records of more of them.
        """
        desk, waiting = self._desk, self._desk.written.tasks
        if self._several and desk.queued < ENOUGH and desk.ticket > self._seen and self._turns < MOST_TURNS:
            self._seen = desk.ticket
            self._turns += 1
            return False
        self._several = waiting > 1 or self._others
        self._turns, self._alone, self._others = 0, None, False
        if desk.queued:  # else it was handed over already
            if waiting and desk.queued <= ENOUGH and not desk.doubts:
                self._linger(desk.ticket)
            else:
                desk.bell.ring()
        return True

    def _linger(self, ticket: int) -> None:
        desk = self._desk
        if not desk.written.linger(ticket, desk.bell.ring, desk.settings.moment):
            desk.doubt()
