"""The live ways to the servers: one ``Upstream`` each, made when first needed, with a breaker before it."""

import asyncio
from collections.abc import Callable

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Outbound
from doorward.core.identity import Credential
from doorward.core.ports import Clock, Upstream
from doorward.core.snapshot import Server, Snapshot, Target

_FAILURES = 5  # in a row, until a server is left alone (docs/failure.md)
_PAUSE = 10.0  # seconds, then one call may try
_BREAKING = frozenset({"upstream.unreachable", "upstream.timeout"})

Place = tuple[Target, frozenset[bytes]]
"""Where a server is, and which of its headers pass: what an upstream is made for."""

Make = Callable[[Server, Snapshot], Upstream]


class Guarded:
    """An upstream with its breaker. Only a server that cannot be reached opens it: an answer of any kind closes it.

    It knows how many calls are under way, for it is replaced only when the last of them is over.
    """

    __slots__ = ("_clock", "_failures", "_over", "_under_way", "_until", "_upstream")

    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._under_way = 0
        self._over: asyncio.Event | None = None  # somebody waits for the last call to end

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        if self._failures >= _FAILURES:
            now = self._clock.monotonic()
            if now < self._until:
                raise UpstreamFault("the breaker is open", code="upstream.breaker")
            self._until = now + _PAUSE  # this call tries, the others wait for it
        self._under_way += 1
        answer: Answer | None = None
        try:
            answer = await self._upstream.forward(outbound, credential)
        except UpstreamFault as fault:
            if fault.code in _BREAKING:
                self._failures += 1
                if self._failures == _FAILURES:
                    self._until = self._clock.monotonic() + _PAUSE
            raise
        finally:
            if answer is None or answer.events is None:
                self._ended()
            else:
                answer.abort = _Once(answer.abort, self._ended)  # the pipeline ends every answer with it
        self._failures = 0
        return answer

    def _ended(self) -> None:
        self._under_way -= 1
        if self._over is not None and not self._under_way:
            self._over.set()

    async def retire(self, seconds: float) -> None:
        """Close when the last call is over, at the latest after so many seconds."""
        self._over = asyncio.Event()
        try:
            while self._under_way:
                await asyncio.wait_for(self._over.wait(), seconds)
        except TimeoutError:
            return
        finally:
            await self.close()

    async def close(self) -> None:
        await self._upstream.close()


class _Once:
    """Abort an answer, any number of times; the first time says that it is over."""

    __slots__ = ("_abort", "_ended")

    def __init__(self, abort: Callable[[], None], ended: Callable[[], None]) -> None:
        self._abort = abort
        self._ended: Callable[[], None] | None = ended

    def __call__(self) -> None:
        self._abort()
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()


class Upstreams:
    """Finds the upstream of a server; drops it when a new snapshot says something else about where the server is.

    Calls keep the snapshot that they began with, so one of an older snapshot may still ask for a place that is gone.
    """

    __slots__ = ("_clock", "_closing", "_live", "_make", "_snapshot")

    def __init__(self, make: Make, clock: Clock, snapshot: Snapshot) -> None:
        self._make = make
        self._clock = clock
        self._snapshot = snapshot
        self._live: dict[str, tuple[Place, Guarded]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def get(self, server: Server) -> Guarded:
        known = self._live.get(server.id)
        place = (server.target, server.response_headers)
        if known is not None and known[0] == place:
            return known[1]
        guarded = Guarded(self._make(server, self._snapshot), self._clock)
        current = self._snapshot.servers.get(server.id)
        if current is not None and (current.target, current.response_headers) == place:
            self._live[server.id] = (place, guarded)
        else:  # of an older snapshot: for this call alone
            self._retire(guarded)
        return guarded

    def apply(self, snapshot: Snapshot) -> None:
        """A new snapshot is in force: what it no longer names is closed, what changed is made anew at its next call."""
        changed = snapshot.limits != self._snapshot.limits or snapshot.timeouts != self._snapshot.timeouts
        self._snapshot = snapshot
        for name, (place, guarded) in list(self._live.items()):
            server = snapshot.servers.get(name)
            moved = server is None or (server.target, server.response_headers) != place
            if moved or (changed and place[0].transport != "stdio"):
                del self._live[name]
                self._retire(guarded)

    def _retire(self, guarded: Guarded) -> None:
        task = asyncio.get_running_loop().create_task(guarded.retire(self._snapshot.timeouts.total))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        for _, guarded in self._live.values():
            await guarded.close()
        self._live.clear()
        for task in self._closing:
            task.cancel()
        if self._closing:
            await asyncio.wait(self._closing, timeout=5.0)
