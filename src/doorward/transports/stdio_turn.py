"""One HTTP answer of a stdio server while it is made: bounded lines, on their way from the child to the client."""

import asyncio
from collections import deque
from collections.abc import Callable

from doorward.core.errors import UpstreamFault
from doorward.transports.stdio_messages import Id, Line
from doorward.transports.turns import Turn as LoopTurn

_HELD = 256 * 1024  # bytes that may wait for a slow client; above, the child is not read


class Mailbox:
    """Lines for one reader. The writer waits while it is full; either side can leave at any time."""

    __slots__ = ("_changed", "_fault", "_held", "_lines", "_turn", "abandoned", "count", "ended")

    def __init__(self) -> None:
        self._turn = LoopTurn()
        self._lines: deque[bytes] = deque()
        self._held = 0
        self._changed = asyncio.Event()
        self._fault: UpstreamFault | None = None
        self.count = 0  # lines that ever came in
        self.ended = False
        self.abandoned = False

    async def put(self, line: bytes) -> bool:
        """Hand over a line, waiting for room first. False: nobody reads any more."""
        while self._held > _HELD and not self.abandoned:
            await self._wait()
        if self.abandoned or self.ended:
            return False
        self.put_now(line)
        return True

    def put_now(self, line: bytes) -> None:
        """Hand over a line even if the reader is slow."""
        self._lines.append(line)
        self._held += len(line)
        self.count += 1
        self._changed.set()

    async def take(self) -> bytes | None:
        """The next line; None at the end. Raises the fault that ended it, after the lines before it."""
        if self._lines and self._turn.over:
            await asyncio.sleep(0)
            self._turn.begin()
        while not self._lines:
            if self._fault is not None:
                raise UpstreamFault(self._fault.detail, code=self._fault.code)  # ours would hold who reads, and be held
            if self.ended or self.abandoned:
                return None
            await self._wait()
            self._turn.begin()
        line = self._lines.popleft()
        self._held -= len(line)
        self._changed.set()
        return line

    def end(self, fault: UpstreamFault | None = None) -> None:
        """No more lines come. Only the first end counts."""
        if not self.ended:
            self.ended = True
            self._fault = fault
            self._changed.set()

    def abandon(self) -> list[bytes]:
        """The reader has left; returns the lines that it did not take."""
        left = list(self._lines)
        self._lines.clear()
        self._held = 0
        self.abandoned = True
        self._changed.set()
        return left

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Turn:
    """One POST with requests in it. It is over when each of them was answered, or when the child is gone.

    ``on_over`` is called once, at that moment, and ``over`` is set, also if the client had left long before.
    """

    __slots__ = ("_on_over", "box", "code", "ids", "method", "observe", "over", "tokens")

    def __init__(self, requests: list[Line], on_over: Callable[["Turn"], None]) -> None:
        self.box = Mailbox()
        self.ids: set[Id] = {line.id for line in requests if line.id is not None}
        self.tokens: set[Id] = {line.token for line in requests if line.token is not None}
        self.method = requests[0].method if len(requests) == 1 else ""
        self.code: int | None = None  # of the error that answered it, if one did
        self.observe: Callable[[bytes], None] | None = None  # sees the answer as it goes by
        self.over = asyncio.Event()
        self._on_over = on_over

    @property
    def single(self) -> bool:
        """Whether one line was the whole answer."""
        return self.box.ended and self.box.count == 1

    def answered(self, line: Line, identifier: Id) -> None:
        """Take note of a response to the request with this id."""
        self.ids.discard(identifier)
        self.code = line.code
        if self.observe is not None:
            self.observe(line.raw)

    def finish(self, fault: UpstreamFault | None = None) -> None:
        """Nothing more comes for it."""
        if not self.box.ended:
            self.box.end(fault)
            self.over.set()
            self._on_over(self)
