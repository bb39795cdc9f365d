"""Starts the children of one stdio server within its limits: how many, for whom, and how soon after a crash."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping

from doorward.core.errors import UpstreamFault
from doorward.core.identity import key_of
from doorward.core.snapshot import Limits, Target
from doorward.transports.child import spawn
from doorward.transports.stdio_backoff import Backoff
from doorward.transports.stdio_peer import Peer

log = logging.getLogger(__name__)

_SWEEPS = 4  # how often in an idle time the idle ones are looked for


class Nursery:
    """All children of one server. A child counts from before it is started until it is gone.

    ``spare(peer)`` says whether an idle child may be ended to make room: those that hold no session. ``gone(peer)``
    hears of each that has ended.
    """

    def __init__(
        self,
        server_id: str,
        target: Target,
        environment: Mapping[str, str],
        limits: Limits,
        *,
        idle: float,
        backoff: Backoff,
        stop_grace: float,
        on_garbage: Callable[[str, int], None],
        on_stderr: Callable[[str, bytes], Awaitable[str]],
        spare: Callable[[Peer], bool],
        gone: Callable[[Peer], None],
    ) -> None:
        self._server_id = server_id
        self._target = target
        self._environment = environment
        self._limits = limits
        self._idle = idle
        self._backoff = backoff
        self._stop_grace = stop_grace
        self._on_garbage = on_garbage
        self._on_stderr = on_stderr
        self._spare = spare
        self._gone = gone
        self._peers: set[Peer] = set()
        self._starting: list[str] = []  # callers
        self._births: set[asyncio.Task[Peer]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._peers) + len(self._starting)

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers))

    async def start(self, owner: str, *, modern: bool) -> Peer:
        """A new child for ``owner``. Raises ``UpstreamFault``: over a limit, soon after a crash, or not executable.

        Limits and crashes are counted by ``Principal.key``: a caller has no more for acting for many.
        """
        if self._closed:
            raise UpstreamFault("the server is being closed", code="upstream.closed")
        caller = key_of(owner)
        wait = self._backoff.wait(caller, self._now())
        if wait > 0:
            raise UpstreamFault(f"the server keeps crashing; next try in {wait:.0f} s", code="limit.overload")
        await self._make_room(caller)
        self._starting.append(caller)
        starting = asyncio.create_task(self._start(owner, modern))
        self._births.add(starting)
        starting.add_done_callback(self._births.discard)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:  # a client that left; half a start would be harder to undo than a whole one
            starting.add_done_callback(self._unwanted)
            raise
        finally:
            del starting  # it may hold an error, whose traceback holds us and the call

    async def end(self, peer: Peer) -> None:
        """End one child in order; returns when it is gone."""
        await peer.close()

    def end_soon(self, peer: Peer) -> None:
        """End one child in order without waiting for it."""
        if not peer.stopping:
            peer.stopping = True
            task = asyncio.create_task(peer.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all of them; no more are started."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*self._births, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers))
        await asyncio.gather(*self._closing)

    async def _start(self, owner: str, modern: bool) -> Peer:
        target = self._target
        try:
            child = spawn((target.command, *target.args), self._environment, cwd=target.cwd, stderr_piped=True)
            peer = Peer(
                self._server_id,
                owner,
                child,
                modern=modern,
                limit=self._limits.response_bytes,
                stop_grace=self._stop_grace,
                on_garbage=lambda nbytes: self._on_garbage(self._server_id, nbytes),
                on_stderr=lambda line: self._on_stderr(self._server_id, line),
                on_end=self._ended,
            )
            await peer.start()
        except OSError as problem:
            self._backoff.crashed(key_of(owner), 0.0, self._now())
            log.error("server %s: %s cannot be started: %s", self._server_id, target.command, problem.strerror)
            raise UpstreamFault("the server's command cannot be started") from None
        finally:
            self._starting.remove(key_of(owner))
        self._peers.add(peer)
        self._sweep_later()
        if self._closed:
            await peer.close()
            raise UpstreamFault("the server is being closed", code="upstream.closed")
        return peer

    def _unwanted(self, started: "asyncio.Task[Peer]") -> None:
        if started.exception() is None:
            self.end_soon(started.result())

    async def _make_room(self, caller: str) -> None:
        """Return when one more is within both limits; ends idle children that hold no session where that helps."""
        limits = self._limits
        while True:
            if self._of(caller) >= limits.children_per_principal:
                spare = self._spares(lambda peer: peer.caller == caller)
            elif len(self) >= limits.children_per_server:
                spare = self._spares(lambda peer: True)
            else:
                return
            if not spare:
                raise UpstreamFault("no more processes may be started for this server", code="limit.overload")
            await min(spare, key=lambda peer: peer.used).close()

    def _of(self, caller: str) -> int:
        return sum(peer.caller == caller for peer in self._peers) + self._starting.count(caller)

    def _spares(self, eligible: Callable[[Peer], bool]) -> list[Peer]:
        return [p for p in self._peers if eligible(p) and p.idle and not p.stopping and self._spare(p)]

    def _ended(self, peer: Peer) -> None:
        self._peers.discard(peer)
        now = self._now()
        if not peer.stopping:
            self._backoff.crashed(peer.caller, now - peer.started, now)
        self._gone(peer)

    def _sweep_later(self) -> None:
        if self._sweeper is None and self._peers and not self._closed:
            self._sweeper = asyncio.get_running_loop().call_later(self._idle / _SWEEPS, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        now = self._now()
        for peer in self._peers:
            if peer.idle and now - peer.used >= self._idle:
                self.end_soon(peer)
        self._sweep_later()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
