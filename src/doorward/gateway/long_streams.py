"""Streams that stay open: summed up in the log while they last, ended with their grant, and politely at a stop."""

import asyncio
import logging

from doorward.core.decision import Reason
from doorward.core.errors import JournalFault
from doorward.core.ports import Clock
from doorward.gateway.books import Books
from doorward.gateway.call import Call
from doorward.gateway.callers import Callers

log = logging.getLogger(__name__)

_SUMMARY = 60.0  # seconds between the summaries of a long stream (docs/records.md)


class LongStreams:
    """The calls of one worker that have ``stream`` set and were forwarded."""

    def __init__(self, books: Books, callers: Callers, clock: Clock) -> None:
        self._books = books
        self._callers = callers
        self._clock = clock
        self._open: set[Call] = set()

    def begin(self, call: Call) -> None:
        """It is about to be forwarded."""
        self._open.add(call)
        loop = asyncio.get_running_loop()
        call.timer = loop.call_later(_SUMMARY, self._summarise, call)
        if call.grant.expires is not None:
            left = call.grant.expires - self._clock.wall()
            call.expiry = loop.call_later(max(0.0, left), self._callers.cut, call, Reason.AUTH_EXPIRED)

    def leave(self, call: Call) -> None:
        """It is over."""
        self._open.discard(call)
        if call.timer is not None:
            call.timer.cancel()

    def drain(self) -> None:
        """End all of them politely: ``Delivery`` says goodbye once the server's side has ended."""
        for call in list(self._open):
            call.draining = True
            if call.answer is not None:
                call.answer.abort()

    def _summarise(self, call: Call) -> None:
        if call not in self._open:
            return
        try:
            self._books.note(call, call.first, "stream", "summary", Reason.NONE)
        except JournalFault:
            log.error("a stream's summary could not be recorded")
        call.timer = asyncio.get_running_loop().call_later(_SUMMARY, self._summarise, call)
