"""``doorward run -c``: what a configuration file adds to a pipe. Issuers, grants, policies, tools, what is revoked.

Imported only where there is a file: nobody who runs without one waits for cryptography, Cedar or SQLite.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from doorward import configfile
from doorward.bootstrap.configured import compiled, known_tools
from doorward.bootstrap.following import Following
from doorward.bootstrap.identities import Identities
from doorward.bootstrap.stdio_caller import Caller
from doorward.bootstrap.stdio_post import Poster
from doorward.bootstrap.stdio_token import TOKEN_URL, Post, TokenSource, chosen
from doorward.control.oauth.service import TOKEN as ENDPOINT
from doorward.control.policies.files import PolicyFiles, with_tests
from doorward.control.policies.schema import KnownTool
from doorward.control.store import Store, location
from doorward.core.errors import Fault
from doorward.core.ports import Clock, Journal
from doorward.core.shared import Shared
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.live import Live

log = logging.getLogger(__name__)

_FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


class Configuration:
    """A configuration file, read and compiled, and its store, which is open. Raises ``InvalidConfiguration``, and
    ``StoreFault``: without the store nobody could say what has been revoked.
    """

    def __init__(self, loaded: configfile.Loaded, directory: Path, keys: Keys) -> None:
        self.loaded = loaded
        self.directory = directory
        self.keys = keys
        self._files: PolicyFiles | None = None
        self.store = Store(location(loaded.config.state.url, loaded.base_dir))
        try:
            self.snapshot = self.compiled(known_tools(self.store, loaded.config.servers), lenient=True)
        except Fault:
            self.store.close()
            raise

    def compiled(self, tools: list[KnownTool], *, lenient: bool = False, kept: Snapshot | None = None) -> Snapshot:
        """A file is read once for a run, policies too, so there is one version only."""
        files = None if self._files is None else with_tests(self._files)
        made = compiled(self.loaded, self.keys, version=1, known_tools=tools, lenient=lenient, kept=kept, files=files)
        self._files = made.policies.files
        return made.snapshot


class Governance:
    """What goes on beside the calls of ``run -c``. ``start`` before the first call, ``close`` after the last."""

    def __init__(
        self,
        configuration: Configuration,
        server: str,
        environ: Mapping[str, str],
        live: Live,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._store = configuration.store
        self._environ = environ
        self._live = live
        self._identities = Identities(configuration.directory, self._store, clock, journal, lambda *_: True)
        self._following = Following(self._store, live, clock, self._recompile)
        self.catalogue = self._following.catalogue
        resource = f"{live.snapshot.public_url}/mcp/{server}"
        self._source: TokenSource | None = chosen(environ, self._post, resource, clock)
        self.caller: Caller | None = None  # None: no variable says who calls
        if self._source is not None:
            self.caller = Caller(self._source, self._identities.cache, live, server, clock)

    async def start(self) -> None:
        """Raises ``InvalidConfiguration`` and ``StoreFault``: no call may be served then."""
        if self._source is not None:
            loaded, snapshot = self._configuration.loaded, self._live.snapshot
            self._identities.swap(self._identities.prepare(loaded, snapshot))
        await self._following.start(self._configuration.loaded.config.servers)

    def follow(self, on_change: Callable[[Shared], None]) -> None:
        """Begin what goes on beside the calls. ``on_change`` is told what has been revoked."""
        self._following.begin(on_change, *([self._source.run()] if self._source is not None else []))

    async def close(self) -> None:
        await self._identities.close()
        await self._following.close()

    # -- grants

    def _post(self, client_id: str) -> Post:
        """To the token service in here if the client is one of the file's agents, else to the one at the URL."""
        for agent in self._configuration.loaded.config.identity.agents:
            if agent.id == client_id and agent.secret is not None:
                return self._in_process
        return Poster(self._environ.get(TOKEN_URL, ""))

    async def _in_process(self, form: bytes) -> tuple[int, bytes]:
        status, _, body = await self._identities.serve("POST", ENDPOINT, "", _FORM, form, "")
        return status, body

    # -- what servers say about their tools

    def _recompile(self, tools: list[KnownTool]) -> None:
        """The same configuration with policies that know more tools. Called in a thread."""
        current = self._live.snapshot
        made = self._configuration.compiled(tools, kept=current)
        self._live.refine(replace(current, policies=made.policies, policy_digest=made.policy_digest))
