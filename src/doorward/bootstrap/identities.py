"""Who calls, put together for one worker: issuers, our own keys, the token service, and the cache of verified tokens.

A reload makes all of it anew but what must outlive it: keys that were fetched, attempts that were counted, tokens that
were verified (those only until the version changes).
"""

import os
from collections.abc import Callable, Hashable
from ipaddress import ip_network
from pathlib import Path

from doorward.configfile import Loaded
from doorward.control.federation.external import External
from doorward.control.federation.fetch import Fetcher
from doorward.control.federation.issuers import Issuers
from doorward.control.jose import public_keys
from doorward.control.keys.signing import SigningKeys
from doorward.control.oauth.attempts import Attempts
from doorward.control.oauth.clients import compile_clients
from doorward.control.oauth.documents import routes
from doorward.control.oauth.grant_types import Settings
from doorward.control.oauth.requests import Reply
from doorward.control.oauth.service import TokenService
from doorward.control.store import Store
from doorward.control.tokens import grants
from doorward.control.tokens.verifier import Verifier
from doorward.core.decision import Decision
from doorward.core.exchange import Headers
from doorward.core.identity import Grant
from doorward.core.ports import Clock, Journal
from doorward.core.snapshot import Snapshot
from doorward.gateway.tokens import TokenCache


class Identity:
    """One configuration's issuers, verifier and token service."""

    def __init__(self, issuers: Issuers, verifier: Verifier, service: TokenService, version: int) -> None:
        self.issuers = issuers
        self.verifier = verifier
        self.service = service
        self.version = version


class Identities:
    """``prepare`` makes the identity of a configuration, ``swap`` puts it in force."""

    def __init__(
        self,
        keys: Path,
        store: Store,
        clock: Clock,
        journal: Journal,
        room: Callable[[str, str], bool],
    ) -> None:
        self._keys = keys
        self._store = store
        self._clock = clock
        self._journal = journal
        self._room = room
        self._attempts: Attempts | None = None
        self._current: Identity | None = None
        self.cache = TokenCache(self, self._version)

    def prepare(self, loaded: Loaded, snapshot: Snapshot) -> Identity:
        """Nothing is in force yet. Raises ``InvalidConfiguration``."""
        config, own_url = loaded.config, snapshot.public_url
        signing = SigningKeys(
            self._keys,
            rotate=float(config.keys.rotate),
            algorithm=config.identity.tokens.algorithm,
            now=self._clock.wall(),
        )
        fetcher = Fetcher([ip_network(network) for network in config.egress.allow])
        previous = self._current.issuers if self._current is not None else None
        issuers = Issuers(config.identity.issuers, fetcher, base_dir=loaded.base_dir, previous=previous)
        external = External(issuers, own_url)
        clients = compile_clients(
            config.identity.agents, hashing=snapshot.keys.hashing, environ=os.environ, base_dir=loaded.base_dir
        )
        if config.identity.issuers or any(client.keys is not None for client in clients.values()):
            public_keys.load()
        known = routes(config, own_url)
        ids = {url: name for name, url in known.urls.items()}
        groups = {agent.id: agent.groups for agent in config.identity.agents if agent.groups}

        def own(token: str, now: float) -> Grant:
            return grants.to_grant(grants.verify_own(token, signing, own_url, now), ids, groups)

        per_minute = snapshot.limits.failed_logins_per_minute
        if self._attempts is None or self._attempts.per_minute != per_minute:
            self._attempts = Attempts(per_minute)
        service = TokenService(
            Settings(own_url, clients, known, float(config.identity.tokens.lifetime)),
            keys=signing,
            store=self._store,
            record=self._journal.append,
            kept=self._journal.written,
            clock=self._clock,
            attempts=self._attempts,
            hashing=snapshot.keys.hashing,
            external=external,
            room=self._room,
        )
        return Identity(issuers, Verifier(external, own, ids), service, snapshot.version)

    def swap(self, prepared: Identity) -> None:
        """In force from now on. Tokens that were verified before are verified again (``cache``)."""
        self._current = prepared

    async def verify(self, token: bytes, now: float) -> Grant | Decision:
        """``gateway.tokens.Verifies``, by what is in force."""
        assert self._current is not None
        return await self._current.verifier.verify(token, now)

    async def serve(self, method: str, path: str, query: str, headers: Headers, body: bytes, address: str) -> Reply:
        """``transports.endpoints.Serve``, by what is in force."""
        assert self._current is not None
        return await self._current.service.serve(method, path, query, headers, body, address)

    async def close(self) -> None:
        if self._current is not None:
            await self._current.issuers.close()

    def _version(self) -> Hashable:
        current = self._current
        return (current.version, current.issuers.version) if current is not None else None
