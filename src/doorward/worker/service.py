"""What a worker process runs, as the worker sees it. ``bootstrap.serve.build`` and
``bootstrap.shipping.build`` make them.
"""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from doorward.worker.sockets import Place


class Service(Protocol):
    """One gateway, or one shipper, in one process."""

    async def open(self, bound: socket.socket | None) -> None:
        """Begin: accept connections on a bound socket, where there is one."""

    def prepare(self, version: int, text: str) -> Any:
        """Compile another configuration text and change nothing. Raises ConfigurationFault."""

    async def swap(self, prepared: Any) -> None:
        """Let calls from now on see what ``prepare`` gave."""

    async def drop(self, prepared: Any) -> None:
        """What ``prepare`` gave is not to be, for others refused it."""

    def reasons(self) -> list[str]:
        """Why this worker should get no calls; empty when all is well."""

    def export(self) -> dict[str, Any]:
        """What the supervisor shows: a gateway's ``Meter.export()``, a shipper's ``{"sinks": […]}``."""

    async def drain(self) -> None:
        """Take no new calls, end the endless streams politely, return when the last call is answered."""

    async def close(self) -> None:
        """Cut what is left, close every connection and child, and the journal."""


class Start(msgspec.Struct, frozen=True):
    """What a new worker is told. ``text`` is what was read from ``path``, so that all compile the same bytes. ``name``:
    in the log.

    ``keys``, ``audit`` and ``store`` are where they were at the start: a reload does not move them. ``policies``: the
    files of the version in force, name -> text, and ``policies_from``, what problems call their directory.
    """

    worker: int
    version: int
    path: Path
    text: str
    listen: Place
    keys: Path
    audit: Path
    store: Path | None = None
    workers: int = 1
    name: str = "worker"
    log_format: str = "text"
    log_level: str = "INFO"
    policies: dict[str, str] = {}
    policies_from: str = ""

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self.listen.port

    def plain(self) -> dict[str, Any]:
        """As the channel carries it."""
        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return plain

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Start":
        """From what the channel carried."""
        return msgspec.convert(plain, cls, dec_hook=lambda kind, value: kind(value))


Build = Callable[[Start], Awaitable[Service]]
