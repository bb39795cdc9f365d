"""Composition root of one worker of ``serve``: configuration -> plug-ins -> Snapshot -> Pipeline -> listener.

Nothing else knows all the parts. It runs in a worker process (``worker/process.py``), which asks it to open, to take
another configuration, and to drain.
"""

import asyncio
import logging
import math
import socket
import ssl
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from doorward import configfile
from doorward.bootstrap.clock import SystemClock
from doorward.bootstrap.configured import compiled, known_tools, load_detectors
from doorward.bootstrap.following import Following
from doorward.bootstrap.identities import Identities, Identity
from doorward.bootstrap.journals import journal, signing
from doorward.bootstrap.leasing import Leasing
from doorward.bootstrap.recorded import Recorded
from doorward.bootstrap.recovered import recovered
from doorward.bootstrap.started import WorkerStart
from doorward.config import Tls
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.compile import Compiled
from doorward.control.keys import secret_keys
from doorward.control.policies.files import PolicyFiles, with_tests
from doorward.control.policies.schema import KnownTool
from doorward.control.store import Store, StoreFault
from doorward.core import audit
from doorward.core.audit import Record
from doorward.core.decision import Reason
from doorward.core.ports import Upstream
from doorward.core.shared import Shared
from doorward.core.snapshot import Keys, Server, Snapshot
from doorward.gateway.alerting import Alerting
from doorward.gateway.call import Ids
from doorward.gateway.conversations import Conversations
from doorward.gateway.edge_records import EdgeRecords
from doorward.gateway.live import Live
from doorward.gateway.meter import CONNECTIONS, EDGE_REFUSED, IN_FLIGHT, STREAMS, TASKS, UPSTREAM_FAILURES, Meter
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.sessions import Sealer
from doorward.gateway.stderr import Stderr
from doorward.gateway.upstreams import Upstreams
from doorward.transports.endpoints import PREFIXES as PUBLIC
from doorward.transports.endpoints import Endpoints
from doorward.transports.http1 import HttpServer
from doorward.transports.http1.limits import ServerLimits
from doorward.transports.http_upstream import HttpUpstream
from doorward.transports.legacy_sse import PREFIX, SseListener, SseUpstream
from doorward.transports.streamable_http import Listener
from doorward.transports.tls import ServerCertificate

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections that the kernel keeps for us until we accept them."""

ALERTS_WITHIN = 1.0
"""Seconds at the end for what people should still be told."""

CERTIFICATE_LOOK = 2.0
"""Seconds between two looks at the certificate's files."""


async def build(start: WorkerStart) -> "Gateway":
    """Everything but the socket. Raises ``InvalidConfiguration`` or ``JournalFault``."""
    loaded = configfile.load_text(start.text, file=str(start.path))
    assert start.store is not None
    store = Store(start.store)
    tools = known_tools(store, loaded.config.servers)
    keys, port = _keys(start.keys), start.port
    # Not what lies in the directory now: it may be gone, or half of something new, when a worker takes another's place.
    files = PolicyFiles(start.policies, start.policies_from)
    made = compiled(loaded, keys, version=start.version, port=port, known_tools=tools, lenient=True, files=files)
    certificate = _certificate(loaded.config.listen.tls, loaded.base_dir)
    gateway = Gateway(start, loaded, made.snapshot, store, certificate)
    await gateway.begin(loaded, made)
    return gateway


class Prepared(NamedTuple):
    """Another configuration, compiled and not in force yet."""

    loaded: configfile.Loaded
    made: Compiled
    identity: Identity


class Gateway:
    """One gateway in one process (``worker.service.Service``)."""

    def __init__(
        self,
        start: WorkerStart,
        loaded: configfile.Loaded,
        snapshot: Snapshot,
        store: Store,
        certificate: ServerCertificate | None,
    ) -> None:
        """Raises ``JournalFault``."""
        self._start = start
        self._store = store
        self._loaded: configfile.Loaded | None = None
        self._files: PolicyFiles | None = None
        self._certificate = certificate
        self._look: asyncio.TimerHandle | None = None
        self._meter = Meter()
        self._live = Live(snapshot)
        self._journal = Recorded(
            lambda changed: journal(loaded, start.keys, start.audit, changed), self._live, self._meter, self._offer
        )
        self._alerting: Alerting | None = None
        clock = self._clock = SystemClock()
        self._edge = EdgeRecords(self._journal, clock, Ids().next)
        self._stderr = Stderr(self._live, self._edge)
        self._upstreams = Upstreams(self._upstream, clock, snapshot)
        self._sealer = Sealer(snapshot.keys.sealing)
        self._following = Following(store, self._live, clock, self._recompile)
        self._catalogue = self._following.catalogue
        self._identities = Identities(start.keys, store, clock, self._journal, self._edge.room)
        self._leasing = Leasing(store, clock, start.workers)
        self._pipeline = Pipeline(
            self._live,
            self._journal,
            self._upstreams,
            clock,
            self._meter,
            self._sealer,
            self._edge.room,
            tokens=self._identities.cache,
            catalogue=self._catalogue,
            leases=self._leasing.leases,
            alert=lambda record: self._offer(record, alert=True),
            garbled=self._edge.room,
        )
        listener = Listener(self._pipeline.serve, lambda: self._live.snapshot, clock, self._refused)
        conversations = self._conversations = Conversations(self._pipeline, self._sealer)
        legacy = SseListener(conversations.open, conversations.post, lambda: self._live.snapshot, clock, self._refused)
        listener.mount(PREFIX, legacy.handle)
        endpoints = Endpoints(self._identities.serve, lambda: self._live.snapshot)
        for prefix in PUBLIC:
            listener.mount(prefix, endpoints.handle)
        self._server = HttpServer(
            listener.handle,
            _limits(snapshot),
            on_refused=self._refused,
            is_proxy=lambda client: client in self._live.snapshot.trusted_proxies,
        )
        self._meter.watch(CONNECTIONS, lambda: self._server.connections)
        self._meter.watch(IN_FLIGHT, lambda: self._pipeline.flow.calls)
        self._meter.watch(TASKS, lambda: len(asyncio.all_tasks()))
        self._meter.watch(STREAMS, lambda: self._pipeline.flow.streams)

    async def begin(self, loaded: configfile.Loaded, made: Compiled) -> None:
        """Before the first call: what has been revoked, and what is known of tools. Raises a ``Fault``."""
        self._loaded, self._files = loaded, made.policies.files
        self._identities.swap(self._identities.prepare(loaded, self._live.snapshot))
        self._keep_policies(made)
        self._tell(made.alerts)
        self._journal.journal.decided_by(made.snapshot.policy_digest)
        await asyncio.to_thread(recovered, self._start.audit, self._journal.journal)
        await asyncio.to_thread(load_detectors, made.snapshot)
        _import_for(made.snapshot)
        await self._following.start(loaded.config.servers)

    async def open(self, bound: socket.socket | None) -> None:
        """Accept connections."""
        assert bound is not None
        self._following.begin(self._revoke, self._leasing.run())
        bound.listen(BACKLOG)  # with TLS the edge accepts on the socket just as it gets it
        await self._server.start(sock=bound, ssl=self._certificate.context if self._certificate is not None else None)
        self._live.ready = True
        if self._certificate is not None:
            self._look_at_certificate()

    def prepare(self, version: int, text: str) -> Prepared:
        """Compile another text. Raises ``InvalidConfiguration``; nothing has changed then."""
        loaded = configfile.load_text(text, file=str(self._start.path))
        made = self._compiled(loaded, version, self._catalogue.known())
        load_detectors(made.snapshot)
        _import_for(made.snapshot)
        return Prepared(loaded, made, self._identities.prepare(loaded, made.snapshot))

    async def swap(self, prepared: Prepared) -> None:
        """Calls from now on see it; calls under way keep what they took."""
        await asyncio.to_thread(self._keep_policies, prepared.made)
        signer = await asyncio.to_thread(signing, prepared.loaded, self._start.keys)
        before, snapshot = self._loaded, prepared.made.snapshot
        # With the snapshot: policies are compiled anew from all three.
        self._loaded, self._files = prepared.loaded, prepared.made.policies.files
        self._live.swap(snapshot)
        self._following.catalogue.retry(prepared.loaded.config.servers)
        audit.forget()  # so that no hash key stays in memory that was erased meanwhile
        self._journal.journal.decided_by(snapshot.policy_digest)
        self._journal.journal.sign_with(signer)
        self._identities.swap(prepared.identity)
        self._sealer.rekey(snapshot.keys.sealing)
        self._server.limits = _limits(snapshot)
        self._upstreams.apply(snapshot)
        if before is None or before.config.alerts != prepared.loaded.config.alerts:
            old, self._alerting = self._alerting, None
            self._tell(prepared.made.alerts)
            if old is not None:
                await old.close()

    def _compiled(
        self,
        loaded: configfile.Loaded,
        version: int,
        tools: list[KnownTool],
        kept: Snapshot | None = None,
        files: PolicyFiles | None = None,
    ) -> Compiled:
        keys, port = _keys(self._start.keys), self._start.port
        return compiled(loaded, keys, version=version, port=port, known_tools=tools, kept=kept, files=files)

    def _keep_policies(self, made: Compiled) -> None:
        """Store the policy files of a digest, for ``policy explain``. If the store fails, no call does."""
        try:
            self._store.keep_policies(made.snapshot.policy_digest, made.policies.files.files, self._clock.wall())
        except StoreFault as fault:
            log.error("the policies are not kept for explanations: %s", fault.detail)

    def _tell(self, channels: list[Any]) -> None:
        self._alerting = Alerting(channels, self._clock, self._journal.append, Ids().next)
        self._alerting.start()

    def _offer(self, record: Record, *, alert: bool = False) -> None:
        if self._alerting is not None:
            self._alerting.offer(record, alert=alert)

    def _recompile(self, tools: list[KnownTool]) -> None:
        """The same configuration with policies that know more tools; the files stay those that are in force."""
        loaded, files, current = self._loaded, self._files, self._live.snapshot
        assert loaded is not None
        assert files is not None
        made = self._compiled(loaded, current.version, tools, current, with_tests(files))
        self._keep_policies(made)
        new = made.snapshot
        self._live.refine(replace(current, policies=new.policies, policy_digest=new.policy_digest))

    def _revoke(self, shared: Shared) -> None:
        """End calls and conversations under grants that were revoked."""
        self._pipeline.callers.revoke(shared)
        self._conversations.revoke(shared)

    async def drop(self, prepared: Prepared) -> None:
        """Nothing to do: what was prepared has nothing open yet."""

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
        await self._identities.close()
        if self._alerting is not None:
            await self._alerting.close(ALERTS_WITHIN)
        await self._following.close()
        self._edge.flush()
        self._journal.close()

    def _refused(self, reason: str, client: str, server: str = "") -> None:
        self._meter.count(EDGE_REFUSED, reason)
        self._edge.refused(reason, client, server)

    def _upstream(self, server: Server, snapshot: Snapshot) -> Upstream:
        match server.target.transport:
            case "stdio":
                from doorward.transports.stdio_host import StdioUpstream

                return StdioUpstream(
                    server, snapshot.limits, snapshot.timeouts, on_garbage=self._garbage, on_stderr=self._stderr
                )
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


def _import_for(snapshot: Snapshot) -> None:
    """Import now what only some configurations need, so that no call waits for it."""
    if any(server.target.transport == "stdio" for server in snapshot.servers.values()):
        import_module("doorward.transports.stdio_host")


def _keys(directory: Path) -> Keys:
    """The supervisor made them, so that no worker rotates a key that the others do not know yet."""
    found = secret_keys.read(directory)
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
