"""The client side of the HTTP edge: keep-alive connections to one origin, with every wait and every size bounded."""

import asyncio
import re
import ssl as tls
from collections.abc import Sequence
from math import inf
from urllib.parse import urlsplit

from .answering import ResponseReader
from .errors import ConnectFailed, ConnectTimeout, PoolFull, TlsFailed, UpstreamClosed
from .heads import AnswerHeads
from .limits import ClientLimits
from .memory import UpstreamHeads
from .outbox import Outbox
from .response import UpstreamResponse, answer
from .upstream import UpstreamConnection
from .wire import Header

_PORTS = {"http": 80, "https": 443}
_KEEP_ALIVE_TIMEOUT = re.compile(rb"(?i)(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,6})")
# Methods for which an empty body needs no length (RFC 9110 §8.6).
_BODYLESS = frozenset(("GET", "HEAD", "DELETE", "OPTIONS"))


class Origin:
    """Where an upstream listens. `ssl` is None for plain HTTP."""

    __slots__ = ("host", "port", "scheme", "ssl")

    def __init__(self, scheme: str, host: str, port: int, ssl: tls.SSLContext | None = None) -> None:
        if scheme not in _PORTS or not host:
            raise ValueError("an origin is http or https, with a host")
        if scheme == "https" and ssl is None:
            ssl = tls.create_default_context()
        self.scheme = scheme
        self.host = host
        self.port = port
        self.ssl = ssl if scheme == "https" else None

    @classmethod
    def parse(cls, url: str, ssl: tls.SSLContext | None = None) -> "Origin":
        """The origin of a URL; `ssl` replaces the default, verifying context. Raises ValueError."""
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError("a URL with user information is not an origin")
        return cls(parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0), ssl)

    @property
    def authority(self) -> str:
        """What `Host` says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Pool:
    """Connections to one origin. Not bound to a loop before the first request."""

    def __init__(self, origin: Origin, limits: ClientLimits) -> None:
        self.origin = origin
        self.limits = limits
        self._answers = AnswerHeads(limits)
        self._heads = UpstreamHeads(b"host: %b\r\naccept-encoding: identity\r\n" % origin.authority.encode("ascii"))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[UpstreamConnection] = []  # the last one used comes first, so that surplus ages out
        self._busy: set[UpstreamConnection] = set()
        self._open: set[UpstreamConnection] = set()
        self._connecting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._emptied = asyncio.Event()

    @property
    def idle(self) -> int:
        """Connections waiting for a request."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Connections with a request under way, or being opened."""
        return len(self._busy) + self._connecting

    async def request(
        self,
        method: str,
        target: str,
        headers: Sequence[Header],
        body: bytes = b"",
        *,
        resend: bool = False,
        stream: bool = False,
        total: float = inf,
    ) -> UpstreamResponse:
        """Sends one request and waits for the head of its answer.

        `Host`, `Accept-Encoding`, `Content-Length` and the hop-by-hop headers are ours. `resend`: the call has no side
        effect and may be sent again, on a fresh connection, if a reused one died before any byte of an answer.
        `stream`: the time between two bytes of the body is not bounded. `total`: seconds until the end of the body, to
        the next tick. Raises an `UpstreamFault`; ValueError for headers, a method or a target that would break the
        framing.
        """
        head = self._heads[method, target, tuple(headers)]
        if body or method not in _BODYLESS:
            head = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
        else:
            head += b"\r\n"
        connection = self._take() or await self._connect()
        while True:
            reader = ResponseReader(self.limits, method == "HEAD", self._answers)
            try:
                await connection.begin(reader, head, body, stream, total)
                return answer(connection, reader)
            except UpstreamClosed:
                never_left = connection.untried  # not a byte of it went out, so nothing can have happened twice
                if not connection.reused or connection.touched or not (resend or never_left):
                    raise
            except BaseException:
                connection.abandon(reader)
                raise
            connection = await self._connect()

    async def close(self) -> None:
        """Cuts every connection; requests under way fail with UpstreamClosed."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()
        while self._open:
            self._emptied.clear()
            await self._emptied.wait()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._forget()

    # What a connection asks for.

    def done(self, connection: UpstreamConnection, keep_alive: bytes | None) -> None:
        """An answer is complete and its connection in order."""
        self._busy.discard(connection)
        life = self.limits.idle_life if keep_alive is None else self._life(keep_alive)
        if self._closed or life <= 0 or self._loop is None:
            connection.close()
            return
        connection.idle_since = now = self._loop.time()
        connection.expires = now + life
        self._idle.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        self._busy.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._open:
            self._emptied.set()

    def _life(self, keep_alive: bytes) -> float:
        limits = self.limits
        match = _KEEP_ALIVE_TIMEOUT.search(keep_alive)
        if match is None:
            return limits.idle_life
        return min(int(match[1]) - limits.idle_margin, limits.idle_life_most)

    def _take(self) -> UpstreamConnection | None:
        while self._idle:
            connection = self._idle.pop()
            assert self._loop is not None
            if connection.usable(self._loop.time()):
                self._busy.add(connection)
                return connection
            connection.abort()
        return None

    async def _connect(self) -> UpstreamConnection:
        if self._closed:
            raise UpstreamClosed("the pool is closed")
        if self.busy >= self.limits.connections:
            raise PoolFull("too many calls to this upstream are under way")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self.outbox = Outbox(self._loop)
        loop = self._loop
        origin = self.origin
        self._connecting += 1
        try:
            async with asyncio.timeout(self.limits.connect):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(self, loop),
                    origin.host,
                    origin.port,
                    ssl=origin.ssl,
                    server_hostname=origin.host if origin.ssl is not None else None,
                )
        except TimeoutError:
            raise ConnectTimeout("the upstream did not accept a connection in time") from None
        except tls.SSLError as fault:
            raise TlsFailed(f"no TLS with the upstream: {fault.reason or type(fault).__name__}") from None
        except OSError as fault:
            raise ConnectFailed(f"no connection to the upstream: {fault.strerror or type(fault).__name__}") from None
        except UnicodeError:
            raise ConnectFailed("the upstream's name is not a host name") from None
        finally:
            self._connecting -= 1
        if connection.dead:
            raise ConnectFailed("the upstream closed the connection at once")
        self._open.add(connection)
        self._busy.add(connection)
        if self._timer is None:
            self._timer = loop.call_later(self.limits.tick, self._tick)
        return connection

    def _tick(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(self.limits.tick, self._tick) if self._open else None
        self._forget()
        now = self._loop.time()
        for connection in list(self._busy):
            connection.sweep(now)
        for connection in [idle for idle in self._idle if now >= idle.expires]:
            self._idle.remove(connection)
            connection.close()

    def _forget(self) -> None:
        self._heads.clear()
        self._answers.forget()
