"""The live ways to the servers: one ``Upstream`` each, made when first needed, with a breaker before it."""

import asyncio
from collections.abc import Callable

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Outbound
from doorward.core.identity import Credential
from doorward.core.ports import Clock, Upstream
from doorward.core.snapshot import Server, Snapshot, Target

_FAILURES = 5  # in a row, until a server is left alone (guarantees.md, fault 14)
_PAUSE = 10.0  # seconds, then one call may try
_BREAKING = frozenset({"upstream.unreachable", "upstream.timeout"})

Place = tuple[Target, frozenset[bytes]]
"""Where a server is, and which of its headers pass: what an upstream is made for."""

Make = Callable[[Server, Snapshot], Upstream]


class Guarded:
    """An upstream with its breaker. Only a server that cannot be reached opens it: an answer of any kind closes it."""

    __slots__ = ("_clock", "_failures", "_until", "_upstream")

    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        if self._failures >= _FAILURES:
            now = self._clock.monotonic()
            if now < self._until:
                raise UpstreamFault("the breaker is open", code="upstream.breaker")
            self._until = now + _PAUSE  # this call tries, the others wait for it
        try:
            answer = await self._upstream.forward(outbound, credential)
        except UpstreamFault as fault:
            if fault.code in _BREAKING:
                self._failures += 1
                if self._failures == _FAILURES:
                    self._until = self._clock.monotonic() + _PAUSE
            raise
        self._failures = 0
        return answer

    async def close(self) -> None:
        await self._upstream.close()


class Upstreams:
    """Finds the upstream of a server; drops it when a new snapshot says something else about where the server is."""

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
        self._live[server.id] = (place, guarded)
        if known is not None:
            self._retire(known[1])
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
        task = asyncio.get_running_loop().create_task(guarded.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        for _, guarded in self._live.values():
            await guarded.close()
        self._live.clear()
        if self._closing:
            await asyncio.wait(self._closing, timeout=5.0)
