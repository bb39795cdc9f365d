"""uvicorn for the admin address, inside the supervisor's loop: bounded, silent, and without hands on the signals."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette

LARGEST_HEAD = 16 << 10
"""Bytes of request line and headers."""


class AdminServer(uvicorn.Server):
    """``serve(sockets=[…])`` until ``should_exit``."""

    def __init__(self, application: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=64,
                h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_graceful_shutdown=1,
            )
        )

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
