"""The server side of the HTTP edge: listening, counting, sweeping, draining."""

import asyncio
import contextvars
import socket
import ssl as tls
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

from .accepting import TlsAcceptor
from .connection import Connection
from .heads import RequestHeads
from .limits import ServerLimits
from .memory import HeaderBlocks
from .outbox import Outbox
from .refusals import TOO_MANY_CONNECTIONS, TOO_MANY_FROM_ADDRESS, Refusal, refusal
from .responder import Handler

_REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}
_BACKLOG = 1024


def _ignore(code: str, client: str) -> None:
    """The default for `on_refused`."""


def _keep_alive(listening: socket.socket) -> None:
    """A client that vanished without a word is found by TCP; accepted sockets inherit these options on Linux."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        option = getattr(socket, name, None)
        if option is not None and listening.family in (socket.AF_INET, socket.AF_INET6):
            listening.setsockopt(socket.IPPROTO_TCP, option, value)


def _none(client: str) -> bool:
    """The default for `is_proxy`."""
    return False


class _StatusLines(dict[int, bytes]):
    """The status line and `Date`, kept until the next tick."""

    def __missing__(self, status: int) -> bytes:
        date = formatdate(usegmt=True).encode("ascii")
        line = self[status] = b"HTTP/1.1 %d %b\r\ndate: %b\r\n" % (status, _REASONS.get(status, b""), date)
        return line


class HttpServer:
    """Serves HTTP/1.1 on one address. The handler runs in one task per request, cancelled when its client goes away.

    `on_refused(code, client)` hears of every request (or connection) that was refused before a handler saw it. An
    address for which `is_proxy` is true stands for many clients: what one client may hold does not bound it.
    """

    def __init__(
        self,
        handler: Handler,
        limits: ServerLimits,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        on_refused: Callable[[str, str], None] = _ignore,
        is_proxy: Callable[[str], bool] = _none,
    ) -> None:
        self.handler = handler
        self.limits = limits
        self.refused = on_refused
        self._is_proxy = is_proxy
        self.buffered = 0  # request bytes held now
        self._buffered_by: dict[str, int] = {}  # of them, by address, those of bodies that came in pieces
        self.owed = 0  # bytes of answers that clients have not taken yet
        self.draining = False
        self.context = contextvars.copy_context()
        self._loop = loop
        self._listener: asyncio.Server | TlsAcceptor | None = None
        self._connections: set[Connection] = set()
        self._addresses: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines = _StatusLines()
        self._blocks = HeaderBlocks()
        self.heads = RequestHeads(limits)
        self.status_line = self._lines.__getitem__
        self.header_block = self._blocks.__getitem__
        self._timer: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event = asyncio.Event()

    async def start(
        self,
        *,
        host: str | None = None,
        port: int = 0,
        ssl: tls.SSLContext | None = None,
        reuse_port: bool = True,
        sock: socket.socket | None = None,
    ) -> None:
        """Listens on host and port, or on a bound socket. Raises OSError as `bind` does."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        self.outbox = Outbox(loop)
        if ssl is not None:
            if sock is None:
                family = socket.AF_INET6 if host is not None and ":" in host else socket.AF_INET
                sock = socket.create_server((host or "", port), family=family, backlog=_BACKLOG, reuse_port=reuse_port)
            timeout = self.limits.head_timeout
            self._listener = TlsAcceptor(loop, sock, ssl, self._connect, self._has_room, timeout)
        elif sock is not None:
            self._listener = await loop.create_server(self._connect, sock=sock, backlog=_BACKLOG)
        else:
            self._listener = await loop.create_server(
                self._connect, host, port, reuse_port=reuse_port, backlog=_BACKLOG
            )
        for listening in self._listener.sockets:
            _keep_alive(listening)
        self._tick()

    @property
    def port(self) -> int:
        """The port listened on; 0 for a socket without one."""
        assert self._listener is not None, "start() comes first"
        name = self._listener.sockets[0].getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    @property
    def connections(self) -> int:
        """Open connections now."""
        return len(self._connections)

    async def drain(self, seconds: float) -> None:
        """Stops listening, closes idle connections, lets requests under way finish, and aborts what is left."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.close_idle()
        try:
            async with asyncio.timeout(seconds):
                await self._emptied()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
            await self._emptied()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._forget()

    async def _emptied(self) -> None:
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    # What a connection asks for.

    def admit(self, connection: Connection, client: str) -> Refusal | None:
        """Counts a new connection, or says why there is no place for it."""
        if len(self._connections) >= self.limits.connections or self.draining:
            return refusal(TOO_MANY_CONNECTIONS, self.limits.retry_after)
        if client:
            count = self._addresses.get(client, 0)
            if count >= self.limits.connections_per_address and not self._is_proxy(client):
                return refusal(TOO_MANY_FROM_ADDRESS, self.limits.retry_after)
            self._addresses[client] = count + 1
        self._connections.add(connection)
        return None

    def forget(self, connection: Connection, client: str, task: asyncio.Task[None] | None) -> None:
        """A connection is gone; its task, if it still runs, is kept until it has ended."""
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        if client:
            count = self._addresses[client] - 1
            if count:
                self._addresses[client] = count
            else:
                del self._addresses[client]
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not self._connections:
            self._empty.set()

    def hold(self, client: str, size: int) -> None:
        """So many bytes more, or less, are held for an address."""
        held = self._buffered_by.get(client, 0) + size
        if held:
            self._buffered_by[client] = held
        else:
            self._buffered_by.pop(client, None)

    def owe(self, connection: Connection, size: int) -> None:
        """So many bytes more, or less, wait for a client to take them. Where all that wait are too many, those others
        are cut that have taken longest: whoever reads is done in a moment.
        """
        self.owed += size
        if size > 0 and self.owed > self.limits.buffered_bytes:
            others = [other for other in self._connections if other.congested and other is not connection]
            for other in sorted(others, key=lambda one: one.owes_since):
                if self.owed <= self.limits.buffered_bytes:
                    break
                other.abort()

    def crowded_by(self, client: str) -> bool:
        """Whether an address holds so much that the others would not be left their half."""
        half = self.limits.buffered_bytes // 2
        return self.buffered > half and self._buffered_by.get(client, 0) > half and not self._is_proxy(client)

    def _has_room(self, client: str, pending: int, pending_from_client: int) -> bool:
        """Before a TLS handshake, where no answer can be given."""
        limits = self.limits
        if len(self._connections) + pending >= limits.connections:
            code = TOO_MANY_CONNECTIONS[1]
        elif (
            client
            and self._addresses.get(client, 0) + pending_from_client >= limits.connections_per_address
            and not self._is_proxy(client)
        ):
            code = TOO_MANY_FROM_ADDRESS[1]
        else:
            return True
        self.refused(code, client)
        return False

    def _connect(self) -> Connection:
        assert self._loop is not None
        return Connection(self, self._loop)

    def _tick(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(self.limits.tick, self._tick)
        self._forget()
        now = self._loop.time()
        for connection in list(self._connections):
            connection.sweep(now)

    def _forget(self) -> None:
        self._lines.clear()  # they hold the date
        self._blocks.clear()
        self.heads.forget()
