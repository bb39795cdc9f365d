"""Accepting TLS connections so that those still in their handshake are counted like all others.

An asyncio server shows a TLS connection to its protocol only once the handshake is over; until then nothing would bound
their number. Here the socket is accepted first, counted, and handed to the loop afterwards.
"""

import asyncio
import socket
import ssl as tls
from collections import Counter
from collections.abc import Callable
from functools import partial

_BURST = 64  # connections taken at one go, so that the loop sees something else in between


class TlsAcceptor:
    """Accepts on one listening socket. `welcome(client, pending, pending_from_client)` says whether there is room."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        context: tls.SSLContext,
        factory: Callable[[], asyncio.Protocol],
        welcome: Callable[[str, int, int], bool],
        handshake_timeout: float,
    ) -> None:
        self.sockets = (sock,)
        self._loop = loop
        self._context = context
        self._factory = factory
        self._welcome = welcome
        self._timeout = handshake_timeout
        self._pending: set[asyncio.Task[None]] = set()
        self._from: Counter[str] = Counter()
        sock.setblocking(False)
        loop.add_reader(sock.fileno(), self._accept)

    def close(self) -> None:
        """Stops listening and cuts the handshakes under way."""
        sock = self.sockets[0]
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        for task in self._pending:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_BURST):
            try:
                sock, address = self.sockets[0].accept()
            except OSError:
                return  # nobody is left, or we are out of descriptors: the next event tries again
            client = address[0] if isinstance(address, tuple) else ""
            if not self._welcome(client, len(self._pending), self._from[client]):
                sock.close()
                continue
            sock.setblocking(False)
            self._from[client] += 1
            task = self._loop.create_task(self._shake(sock))
            self._pending.add(task)
            task.add_done_callback(partial(self._done, client))

    async def _shake(self, sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._factory, sock, ssl=self._context, ssl_handshake_timeout=self._timeout
            )
        except (OSError, TimeoutError):  # ssl.SSLError is an OSError
            sock.close()
        except asyncio.CancelledError:
            sock.close()
            raise

    def _done(self, client: str, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        self._from[client] -= 1
        if not self._from[client]:
            del self._from[client]
