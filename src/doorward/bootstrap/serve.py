"""Composition root of one worker of ``serve``: configuration -> plug-ins -> Snapshot -> Pipeline -> listener.

Nothing else knows all the parts. It runs in a worker process (``worker/process.py``), which asks it to open, to take
another configuration, and to drain.
"""

import asyncio
import logging
import math
import socket
import ssl
from pathlib import Path
from typing import Any, Protocol

from doorward import configfile
from doorward.bootstrap.clock import SystemClock
from doorward.bootstrap.configured import compiled
from doorward.bootstrap.recorded import Recorded
from doorward.config import Tls
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control import keys as keystore
from doorward.core.decision import Reason
from doorward.core.ports import Upstream
from doorward.core.snapshot import Keys, Server, Snapshot
from doorward.gateway.call import Ids
from doorward.gateway.conversations import Conversations
from doorward.gateway.edge_records import EdgeRecords
from doorward.gateway.journal import FileJournal
from doorward.gateway.live import Live
from doorward.gateway.meter import CONNECTIONS, EDGE_REFUSED, IN_FLIGHT, STREAMS, TASKS, UPSTREAM_FAILURES, Meter
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.sessions import Sealer
from doorward.gateway.upstreams import Upstreams
from doorward.transports.http1 import HttpServer
from doorward.transports.http1.limits import ServerLimits
from doorward.transports.http_upstream import HttpUpstream
from doorward.transports.legacy_sse import PREFIX, SseListener, SseUpstream
from doorward.transports.stdio_host import StdioUpstream
from doorward.transports.streamable_http import Listener
from doorward.transports.tls import ServerCertificate

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections that the kernel keeps for us until we accept them."""

CERTIFICATE_LOOK = 2.0
"""Seconds between two looks at the certificate's files."""


class Start(Protocol):
    """What the worker was told (``worker.service.Start``, which this layer cannot see)."""

    @property
    def version(self) -> int: ...
    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def keys(self) -> Path: ...
    @property
    def audit(self) -> Path: ...


async def build(start: Start) -> "Gateway":
    """Everything but the socket. Raises ``InvalidConfiguration`` or ``JournalFault``."""
    loaded = configfile.load_text(start.text, file=str(start.path))
    keys = _keys(start.keys)
    snapshot = compiled(loaded, keys, version=start.version, port=start.port)
    certificate = _certificate(loaded.config.listen.tls, loaded.base_dir)
    return Gateway(start, snapshot, FileJournal(start.audit), certificate)


class Gateway:
    """One gateway in one process (``worker.service.Service``)."""

    def __init__(
        self, start: Start, snapshot: Snapshot, journal: FileJournal, certificate: ServerCertificate | None
    ) -> None:
        self._start = start
        self._certificate = certificate
        self._look: asyncio.TimerHandle | None = None
        self._meter = Meter()
        self._live = Live(snapshot)
        self._journal = Recorded(journal, self._live, self._meter)
        clock = SystemClock()
        self._edge = EdgeRecords(self._journal, clock, Ids().next)
        self._upstreams = Upstreams(self._upstream, clock, snapshot)
        self._sealer = Sealer(snapshot.keys.sealing)
        self._pipeline = Pipeline(
            self._live, self._journal, self._upstreams, clock, self._meter, self._sealer, self._edge.room
        )
        listener = Listener(self._pipeline.serve, lambda: self._live.snapshot, clock, self._refused)
        conversations = Conversations(self._pipeline, self._sealer)
        legacy = SseListener(
            conversations.open, conversations.post, lambda: self._live.snapshot, clock, self._refused
        )
        listener.mount(PREFIX, legacy.handle)
        self._server = HttpServer(listener.handle, _limits(snapshot), on_refused=self._refused)
        self._meter.watch(CONNECTIONS, lambda: self._server.connections)
        self._meter.watch(IN_FLIGHT, lambda: self._pipeline.flow.calls)
        self._meter.watch(TASKS, lambda: len(asyncio.all_tasks()))
        self._meter.watch(STREAMS, lambda: self._pipeline.flow.streams)

    async def open(self, bound: socket.socket) -> None:
        """Accept connections."""
        bound.listen(BACKLOG)  # with TLS the edge accepts on the socket just as it gets it
        await self._server.start(sock=bound, ssl=self._certificate.context if self._certificate is not None else None)
        self._live.ready = True
        if self._certificate is not None:
            self._look_at_certificate()

    def prepare(self, version: int, text: str) -> Snapshot:
        """Compile another text. Raises ``InvalidConfiguration``; nothing has changed then."""
        loaded = configfile.load_text(text, file=str(self._start.path))
        return compiled(loaded, _keys(self._start.keys), version=version, port=self._start.port)

    async def swap(self, prepared: Snapshot) -> None:
        """Calls from now on see it; calls under way keep what they took."""
        self._live.swap(prepared)
        self._sealer.rekey(prepared.keys.sealing)
        self._server.limits = _limits(prepared)
        self._upstreams.apply(prepared)

    def reasons(self) -> list[str]:
        return self._live.healthy_reasons()

    def export(self) -> dict[str, Any]:
        return self._meter.export()

    async def drain(self) -> None:
        """No new connections, polite ends for the long streams; returns when the last call is answered."""
        self._live.draining = True
        await asyncio.gather(self._server.drain(math.inf), self._pipeline.drain())

    async def close(self) -> None:
        """Cut what is left."""
        if self._look is not None:
            self._look.cancel()
        self._live.ready = False
        await self._server.drain(0)
        await self._upstreams.close()
        self._edge.flush()
        self._journal.close()

    def _refused(self, reason: str, client: str, server: str = "") -> None:
        self._meter.count(EDGE_REFUSED, reason)
        self._edge.refused(reason, client, server)

    def _upstream(self, server: Server, snapshot: Snapshot) -> Upstream:
        match server.target.transport:
            case "stdio":
                return StdioUpstream(server, snapshot.limits, snapshot.timeouts, on_garbage=self._garbage)
            case "sse":
                return SseUpstream(server, snapshot.limits, snapshot.timeouts)
            case _:
                return HttpUpstream(server, snapshot.limits, snapshot.timeouts)

    def _garbage(self, server: str, size: int) -> None:
        """A child wrote a line that is no message: it went to nobody."""
        self._meter.count(UPSTREAM_FAILURES, server, Reason.UPSTREAM_GARBAGE.value)
        self._edge.garbage(Reason.UPSTREAM_GARBAGE.value, server, size)

    def _look_at_certificate(self) -> None:
        assert self._certificate is not None
        try:
            if self._certificate.reload():
                log.info("the certificate of listen.tls was read again")
        except (OSError, ssl.SSLError) as error:
            log.error("the new certificate of listen.tls is not used, the last good one is: %s", type(error).__name__)
        self._look = asyncio.get_running_loop().call_later(CERTIFICATE_LOOK, self._look_at_certificate)


def _keys(directory: Path) -> Keys:
    """The supervisor made them, so that no worker rotates a key that the others do not know yet."""
    found = keystore.read(directory)
    if found is None:
        raise InvalidConfiguration([Problem(path="keys.directory", message="the keys are gone", remedy="restart")])
    return found


def _certificate(tls: Tls | None, base_dir: Path) -> ServerCertificate | None:
    if tls is None:
        return None
    client_ca = base_dir / tls.client_ca if tls.client_ca is not None else None
    try:
        return ServerCertificate(base_dir / tls.certificate, base_dir / tls.key, client_ca)
    except (OSError, ssl.SSLError) as error:
        message = f"the certificate cannot be used: {error.strerror or type(error).__name__}"
        remedy = "check the paths, and that key and certificate belong together"
        raise InvalidConfiguration([Problem(path="listen.tls", message=message, remedy=remedy)]) from None


def _limits(snapshot: Snapshot) -> ServerLimits:
    limits = snapshot.limits
    return ServerLimits(body_bytes=limits.request_bytes, head_bytes=limits.header_bytes, buffered_bytes=limits.buffered)
