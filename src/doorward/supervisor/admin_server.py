"""uvicorn for the admin address, inside the supervisor's loop: bounded, silent, and without hands on the signals."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

LARGEST_HEAD = 16 << 10
"""Bytes of request line and headers."""

MOST = 64
"""Connections; from here on uvicorn answers 503."""


STALL = 30.0
"""Seconds after which a client that takes nothing of its answer is cut off."""

GIVES_WAY = 5.0
"""Seconds after which such a client makes room for another, where all connections are taken."""


class Yielding(H11Protocol):
    """One connection. Where all are taken, the one that has waited the longest for a request makes room for the next,
    and if none waits, the one whose answer has been unread for the longest.

    uvicorn waits for a first request, and for an answer to be read, for as long as it takes, so a handful of silent
    clients would keep probes out.
    """

    waiting_since = 0.0
    unread_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.waiting_since = now = self.loop.time()
        if len(self.connections) >= MOST:
            others = [each for each in self.connections if isinstance(each, Yielding) and each is not self]
            idle = [(each.waiting_since, each) for each in others if each.waits()]
            slow = [(now - unread, each) for each in others if (unread := each.unread(now)) >= GIVES_WAY]
            if idle or slow:
                min(idle or slow, key=lambda found: found[0])[1].transport.abort()

    def unread(self, now: float) -> float:
        """For how many seconds there has been something to read and the client has taken nothing worth mentioning."""
        if self.transport.get_write_buffer_size() == 0:
            self.unread_since = None
        elif self.unread_since is None:
            self.unread_since = now
        return 0.0 if self.unread_since is None else now - self.unread_since

    def resume_writing(self) -> None:
        self.unread_since = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    def waits(self) -> bool:
        """Whether nothing has been asked yet, or all has been answered."""
        under_way: RequestResponseCycle | None = self.cycle
        return not self.transport.is_closing() and (under_way is None or under_way.response_complete)


class AdminServer(uvicorn.Server):
    """``serve(sockets=[…])`` until ``should_exit``."""

    def __init__(self, application: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=Yielding,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=MOST,
                h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_graceful_shutdown=1,
            )
        )

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second, by uvicorn."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for each in list(self.server_state.connections):
                if isinstance(each, Yielding) and each.unread(now) >= STALL:
                    each.transport.abort()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The supervisor decides what a signal means."""
        yield


@contextlib.asynccontextmanager
async def served(application: Starlette, bound: socket.socket) -> AsyncIterator[None]:
    """The application on a bound socket for as long as the block runs."""
    server = AdminServer(application)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
