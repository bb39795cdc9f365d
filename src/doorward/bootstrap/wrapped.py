"""Composition root of ``run``: a child that runs already, the pipeline between it and our stdin and stdout, a journal.

Without a configuration file: mode audit, no detectors, and the person who runs us as the caller, who may do
everything. State (journal, keys) is under ``$XDG_STATE_HOME/doorward``. With one, the file says all that, for one of
its servers, and its policies say what the caller may. The caller is whoever the token says (``stdio_token.py``), and
the person who runs us only where no variable speaks of a token.
"""

import asyncio
import getpass
import hashlib
import logging
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from doorward.bootstrap.clock import SystemClock
from doorward.bootstrap.recovered import recovered
from doorward.bootstrap.stdio_caller import NoCaller
from doorward.bootstrap.stdio_token import is_set
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.keys import secret_keys
from doorward.control.keys.audit_keys import Deferred
from doorward.core.errors import Fault, JournalFault
from doorward.core.exchange import Answer, Inbound, Outbound
from doorward.core.identity import Credential, Grant, Principal
from doorward.core.policy import Mode, names
from doorward.core.ports import Journal
from doorward.core.snapshot import Keys, Server, Snapshot, Target
from doorward.gateway.call import Ids
from doorward.gateway.duplex import Caller, Duplex
from doorward.gateway.edge_records import EdgeRecords
from doorward.gateway.journal import FileJournal, NullJournal
from doorward.gateway.live import Live
from doorward.gateway.meter import Meter
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.upstreams import Upstreams
from doorward.transports.child import Child
from doorward.transports.stdio import Overlong
from doorward.transports.stdio_run import StdioRun

if TYPE_CHECKING:  # heavy, and needed with a configuration file alone
    from doorward.bootstrap.stdio_configured import Configuration, Governance

log = logging.getLogger(__name__)

WRONG, FAILED = 2, 3
_ROTATE = 30 * 86400.0  # seconds; nothing is sealed here, but the keys are the same kind as the gateway's
_TOO_LONG = (
    b'{"jsonrpc":"2.0","id":null,"error":{"code":4001,"message":"the message is longer than limits.request_bytes",'
    b'"data":{"reason":"message.too_large"}}}'
)


class Setting:
    """What ``run`` runs with: one server's snapshot, where the records go, and the file that says so, if there is one.

    ``token`` stands for the local user; None: a variable says who calls.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        server: str,
        audit: Path,
        open_journal: Callable[[], FileJournal],
        configuration: "Configuration | None" = None,
    ) -> None:
        self.token: bytes | None = None
        if not is_set(os.environ):
            self.token = secrets.token_bytes(32)
            local = {hashlib.sha256(self.token).digest(): _local_user(server)}
            snapshot = replace(snapshot, agents={**snapshot.agents, **local})
        self.snapshot = snapshot
        self.server = server
        self.audit = audit
        self.open_journal = open_journal
        self.configuration = configuration


def serve(child: Child, argv: Sequence[str], *, config: str | None, server: str | None, mode: str | None) -> int:
    """Carry messages until the child has ended. Returns the exit code; the child is gone then, whatever happened."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="doorward: %(levelname)s %(message)s")
    try:
        chosen = Mode(mode) if mode is not None else None
        setting = _configured(config, server, chosen) if config is not None else _alone(argv, server, chosen)
        journal = _journal(setting)
        return asyncio.run(_carry(child, setting, journal))
    except InvalidConfiguration as invalid:
        for problem in invalid.problems:
            print(f"doorward: {problem}", file=sys.stderr)
        return WRONG
    except JournalFault as fault:
        print(f"doorward: {fault.detail}; records are required here, so nothing is forwarded", file=sys.stderr)
        return FAILED
    except Fault as fault:
        print(f"doorward: {fault.detail}; nothing is forwarded", file=sys.stderr)
        return FAILED
    finally:
        child.reap()


async def _carry(child: Child, setting: Setting, journal: Journal) -> int:
    snapshot, clock = setting.snapshot, SystemClock()
    wire: StdioRun
    duplex: Duplex

    async def overlong(side: str, line: Overlong) -> None:
        log.warning("a message of %d bytes from the %s is over the limit and was left out", line.nbytes, side)
        if side == "client":
            await wire.to_client(_TOO_LONG)
        else:
            await duplex.too_large(line.head)

    limits = snapshot.limits
    wire = StdioRun(
        child, request_bytes=limits.request_bytes, response_bytes=limits.response_bytes, on_overlong=overlong
    )
    live = Live(snapshot)
    live.ready = True
    upstreams = Upstreams(lambda server, snapshot: _Pipe(wire.to_server), clock, snapshot)
    governance = _governance(setting, live, journal)
    catalogue = governance.catalogue if governance is not None else None
    edge = EdgeRecords(journal, clock, Ids().next)
    pipeline = Pipeline(live, journal, upstreams, clock, Meter(), _Unsealed(), catalogue=catalogue, garbled=edge.room)
    template = Inbound("stdio", "POST", setting.server, token=setting.token)
    # Beside the calls: whoever starts a server again should not wait for what killed ones left in the log.
    threading.Thread(target=recovered, args=(setting.audit, journal), name="recovery", daemon=True).start()
    duplex = Duplex(pipeline, template, wire.to_server, wire.to_client, caller=_caller(setting, governance))
    try:
        if setting.configuration is not None:  # or the first message would be late for its deadline
            from doorward.bootstrap.configured import load_detectors

            await asyncio.to_thread(load_detectors, snapshot)
        if governance is not None:
            await governance.start()
            governance.follow(duplex.revoke)
        return await wire.run(duplex)
    finally:
        await upstreams.close()
        if governance is not None:
            await governance.close()
        edge.flush()
        journal.close()


def _governance(setting: Setting, live: Live, journal: Journal) -> "Governance | None":
    if setting.configuration is None:
        return None
    from doorward.bootstrap.stdio_configured import Governance

    return Governance(setting.configuration, setting.server, os.environ, live, journal, SystemClock())


def _caller(setting: Setting, governance: "Governance | None") -> Caller | None:
    """Who says who calls; None: it is the local user."""
    if setting.token is not None:
        return None
    if governance is not None and governance.caller is not None:
        return governance.caller
    log.error(
        "a DOORWARD_* variable says who calls, and there is no configuration to check that with: all calls are "
        "refused; start with -c FILE, or unset the variable"
    )
    return NoCaller()


class _Pipe:
    """What the gateway itself has to say to the child (``core.ports.Upstream``); everything else goes by the duplex."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._write = write

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        await self._write(outbound.body)
        return Answer(202, ())

    async def close(self) -> None:
        return


class _Unsealed:
    """A pipe has no session ids (``core.ports.Seals``); so nobody waits here for a cryptographic library to load."""

    def seal(self, server: str, owner: str, version: str, upstream_id: str) -> bytes:
        raise AssertionError("a pipe has no session ids")

    def open(self, sealed: bytes, server: str, owner: str) -> tuple[str, str] | None:
        return None


# -- what to run with


def state_directory() -> Path:
    """``$XDG_STATE_HOME/doorward`` (XDG Base Directory: an empty or relative value does not count)."""
    home = os.environ.get("XDG_STATE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "state"
    return base / "doorward"


def _alone(argv: Sequence[str], server: str | None, mode: Mode | None) -> Setting:
    """No configuration."""
    state = state_directory()
    name = server or _slug(os.path.basename(argv[0]))
    mode = mode or Mode.AUDIT
    wrapped = Server(name, Target(transport="stdio", command=argv[0]), mode=mode, strict_reading=mode.enforcing)
    snapshot = Snapshot(
        version=1,
        policy_digest="",
        servers={name: wrapped},
        agents={},
        keys=_keys(state / "keys", required=mode.enforcing),
        journal_required=mode.enforcing,
    )
    keys, audit = state / "keys", state / "audit"
    signer = Deferred(keys, rotate=_ROTATE, now=time.time())
    return Setting(snapshot, name, audit, partial(FileJournal, audit, signer=signer))


def _local_user(server: str) -> Grant:
    """The caller where nothing else says who it is: a token that nobody else knows stands for it."""
    user = Principal(subject=f"user:{_user()}", client="doorward run")
    return Grant(user, {server: names(["*"])}, grant_id="local")


def _configured(config: str, server: str | None, mode: Mode | None) -> Setting:
    """The settings of one server of a configuration file. Its ``command`` is not used: the child runs already."""
    # Not at the top: nobody who runs without a file should wait for YAML, Cedar, SQLite and cryptography.
    from doorward import configfile
    from doorward.bootstrap import journals
    from doorward.bootstrap.configured import directories
    from doorward.bootstrap.stdio_configured import Configuration

    loaded = configfile.load(config)
    keys, audit = directories(loaded)
    found = secret_keys.load(keys, rotate=loaded.config.keys.rotate, now=time.time())
    configuration = Configuration(loaded, keys, found)
    snapshot = configuration.snapshot
    if server is None and len(snapshot.servers) == 1:
        server = next(iter(snapshot.servers))
    if server is None or server not in snapshot.servers:
        known = ", ".join(sorted(snapshot.servers)) or "none"
        wrong = "does not say which server to use" if server is None else f"has no server {server!r}"
        problem = Problem(path="servers", message=f"{config} {wrong}", remedy=f"give --server with one of: {known}")
        raise InvalidConfiguration([problem])
    wrapped = snapshot.servers[server]
    if mode is not None:
        strict = mode.enforcing or any(rule.mode is not None and rule.mode.enforcing for rule in wrapped.tools)
        anonymous = wrapped.anonymous and not mode.enforcing
        wrapped = replace(wrapped, mode=mode, strict_reading=strict, anonymous=anonymous)
    opened = partial(journals.journal, loaded, keys, audit)
    return Setting(replace(snapshot, servers={server: wrapped}), server, audit, opened, configuration)


def _journal(setting: Setting) -> Journal:
    """Records are required where the mode enforces or the file says so; elsewhere a missing journal is only loud."""
    try:
        return setting.open_journal()
    except JournalFault as fault:
        if setting.snapshot.journal_required:
            raise
        log.warning("%s; going on without records", fault.detail)
        return NullJournal()


def _keys(directory: Path, *, required: bool) -> Keys:
    try:
        return secret_keys.load(directory, rotate=_ROTATE, now=time.time())
    except InvalidConfiguration as invalid:
        if required:
            raise
        log.warning("%s; using keys for this run alone", "; ".join(problem.message for problem in invalid.problems))
        return secret_keys.ephemeral()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _slug(name: str) -> str:
    """A server id (``[a-z0-9-]{1,63}``) from a command's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "server"
