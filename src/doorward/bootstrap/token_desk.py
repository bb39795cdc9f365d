"""Grants from the command line, without a running gateway: on the same keys, the same store, the same log.

Whoever may read ``keys.directory`` may do this: the file permissions are the right. Each change is in the store and in
the log before anything is handed out.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import msgspec

from doorward import configfile
from doorward.bootstrap.admin_records import admin_record, os_user
from doorward.config import Agent
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.federation.issuers import name_of
from doorward.control.jose import jws
from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.keys import signing
from doorward.control.oauth.documents import public_url, routes
from doorward.control.oauth.service import issued_of
from doorward.control.store import Store, location
from doorward.control.store.rows import FOR_GOOD
from doorward.control.tokens import grants
from doorward.control.tokens.rights import Asked, spell_scope, within
from doorward.core.audit import timestamp
from doorward.core.decision import Reason

LONGEST_ASSERTION = 3600.0


class Made(msgspec.Struct, frozen=True):
    """A grant that was made, and what it says."""

    access_token: str
    expires_in: int
    scope: str
    claims: dict[str, Any]

    def __repr__(self) -> str:
        return "Made(****)"


class Inspection(msgspec.Struct, frozen=True):
    """What a token says, and what is true of it. ``signature``: "valid", "invalid", or "not checked" with ``why``."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signature: str
    valid: bool
    why: str = ""


class Ended(msgspec.Struct, frozen=True):
    """What was revoked, and when that is over; None: a revocation was lifted. ``agent``: of ours, the one it was."""

    what: str
    until: float | None
    agent: Agent | None = None


class TokenDesk:
    """For one configuration file. ``clock`` gives seconds since the epoch. Raises ``InvalidConfiguration``."""

    def __init__(self, loaded: configfile.Loaded, clock: Callable[[], float] = time.time) -> None:
        self._loaded = loaded
        self._config = loaded.config
        self._clock = clock
        self._issuer = public_url(loaded.config)
        self._urls = routes(loaded.config, self._issuer).urls
        self._keys_directory = loaded.base_dir / loaded.config.keys.directory

    def mint(self, agent_id: str, servers: tuple[str, ...], tools: tuple[str, ...], lifetime: float | None) -> Made:
        """A first grant for an agent. Raises ``OAuthRefusal`` for more than the agent may have."""
        agent, now = self._agent(agent_id), self._clock()
        made = grants.claims(
            issuer=self._issuer,
            subject=agent.id,
            client_id=agent.id,
            rights=within(self._asked(servers, tools), (agent.servers,), self._urls),
            token_id=uuid4().hex,
            grant_id=uuid4().hex,
            now=now,
            lifetime=self._lifetime(lifetime),
        )
        return self._handed_out("token mint", made, now)

    def exchange(
        self, token: str, agent_id: str, servers: tuple[str, ...], tools: tuple[str, ...], lifetime: float | None
    ) -> Made:
        """A narrower grant out of one of ours, for the agent that acts now. Raises as ``mint``, or ``InvalidToken``."""
        agent, now = self._agent(agent_id), self._clock()
        made = grants.narrow(
            grants.verify_own(token, self._keys(now), self._issuer, now),
            self._asked(servers, tools),
            client_id=agent.id,
            held=agent.servers,
            urls=self._urls,
            token_id=uuid4().hex,
            now=now,
            lifetime=self._lifetime(lifetime),
        )
        return self._handed_out("token exchange", made, now)

    def revoke_token(self, token: str, *, family: bool = False) -> Ended:
        """Revoke a token of ours and its descendants, or its whole family. Raises ``InvalidToken``."""
        now = self._clock()
        claims = grants.verify_own(token, self._keys(now), self._issuer, now)
        if family:
            return self.revoke_grant(claims["grant_id"])
        return self._revoke("token", claims["jti"], "", float(claims["exp"]) + 1, claims["grant_id"])

    def revoke_grant(self, grant_id: str) -> Ended:
        """Revoke a family."""
        return self._revoke("grant", grant_id, "", self._clock() + signing.LONGEST_GRANT + 1, grant_id)

    def revoke_outside(self, kind: str, value: str, issuer: str, lasts: float | None) -> Ended:
        """Revoke somebody of an issuer's (``kind`` "sub", "jti" or "client"; ``issuer``: name or URL); with an empty
        ``issuer`` an agent of ours, or ``NAME|sub`` as records call people. ``lasts`` in seconds; None: until all that
        exists now has expired, which a fixed token never does.
        """
        value, name, longest = self._outside(value, issuer)
        agent = None if name else self._known(value)
        if lasts is not None:
            until = self._clock() + lasts
        elif agent is not None and agent.token is not None:
            until = FOR_GOOD
        else:
            until = self._clock() + longest + signing.LONGEST_GRANT
        return msgspec.structs.replace(self._revoke(kind, value, name, min(until, FOR_GOOD), ""), agent=agent)

    def lift(self, kind: str, value: str, issuer: str) -> Ended | None:
        """End what ``revoke_outside`` began; None if there was nothing in force."""
        value, name, _ = self._outside(value, issuer)
        what = f"{kind} {value}" + (f" of {name}" if name else "")
        store = self._store()
        try:
            if (name, kind, value) not in store.shared(self._clock()).revocations.external:
                return None
            self._record("token revoke", f"lifted: {what}", "")  # what loosens is recorded before it is in force
            store.end_revocation(kind, value, issuer=name, now=self._clock())
        finally:
            store.close()
        return Ended(what, None, None if name else self._known(value))

    def _outside(self, value: str, issuer: str) -> tuple[str, str, float]:
        """Who is meant, the name of the issuer ("": ours), and how long a token of it lives at most."""
        if not issuer and "|" in value:
            issuer, _, value = value.partition("|")
        if not issuer:
            return value, "", 0.0
        found = [each for each in self._config.identity.issuers if issuer in (each.issuer, name_of(each))]
        if not found:
            raise _wrong("identity.issuers", f"there is no such issuer: {issuer}", "give its name or its URL")
        return value, name_of(found[0]), max(float(found[0].max_lifetime), LONGEST_ASSERTION)

    def inspect(self, token: str) -> Inspection:
        """What a token says and what is true of it; nothing is made or changed. Raises ``InvalidToken`` for no JWT."""
        found = jws.read(token.encode("ascii", "replace"))
        if found is None:
            raise InvalidToken("is not a signed JWT in the compact form")
        header, claims = dict(found.header), dict(found.claims)
        if found.typ != grants.TYP:
            why = "it is no grant of this gateway; whether its issuer signed it is checked when it is used"
            return Inspection(header, claims, "not checked", False, why)
        now, held = self._clock(), _Held(signing.read(self._keys_directory))
        try:
            grants.verify_own(token, held, self._issuer, now)
        except InvalidToken as fault:
            signature = "valid" if held.signed(found) else "invalid"
            return Inspection(header, claims, signature, False, f"it {fault.detail}")
        if self._is_revoked(claims, now):
            return Inspection(header, claims, "valid", False, "it has been revoked")
        return Inspection(header, claims, "valid", True)

    def _handed_out(self, verb: str, made: Mapping[str, Any], now: float) -> Made:
        if self._is_revoked(made, now):
            raise OAuthRefusal("invalid_request", "the token, or who stands behind it, is revoked", Reason.AUTH_REVOKED)
        token = grants.mint(made, self._keys(now).signer(now))
        store = self._store()
        try:
            store.issued(issued_of(made))
        finally:
            store.close()
        scope = spell_scope(made["servers"])
        self._record(verb, f"{made['jti']} for {made['client_id']}: {scope[:1000]}", made["grant_id"])
        return Made(token, int(made["exp"] - now), scope, dict(made))

    def _revoke(self, kind: str, value: str, issuer: str, until: float, grant_id: str) -> Ended:
        store = self._store()
        try:
            until = store.revoke(kind, value, issuer=issuer, until=until, by=os_user(), at=self._clock())
        finally:
            store.close()
        what = f"{kind} {value}" + (f" of {issuer}" if issuer else "")
        self._record("token revoke", f"{what} until {timestamp(until)}", grant_id)
        return Ended(what, until)

    def _is_revoked(self, claims: Mapping[str, Any], now: float) -> bool:
        path = location(self._config.state.url, self._loaded.base_dir)
        if not path.exists():
            return False
        store = Store(path)
        try:
            return grants.revoked(claims, store.shared(now).revocations)
        finally:
            store.close()

    def _known(self, agent_id: str) -> Agent | None:
        return next((agent for agent in self._config.identity.agents if agent.id == agent_id), None)

    def _agent(self, agent_id: str) -> Agent:
        if (agent := self._known(agent_id)) is not None:
            return agent
        raise _wrong("identity.agents", f"there is no agent {agent_id!r}", "list it there, with its servers and tools")

    def _asked(self, servers: tuple[str, ...], tools: tuple[str, ...]) -> Asked:
        for server in servers:
            if server not in self._urls:
                raise _wrong("servers", f"there is no server {server!r}", "give the name of a configured one")
        if tools and not servers:
            raise _wrong("", "a tool was named without its server", "add --server")
        scopes = tuple((server, tool) for server in servers for tool in tools)
        return Asked(tuple(self._urls[server] for server in servers) or None, scopes or None)

    def _lifetime(self, asked: float | None) -> float:
        usual = float(self._config.identity.tokens.lifetime)
        return usual if asked is None else min(asked, usual)

    def _keys(self, now: float) -> signing.SigningKeys:
        keys, tokens = self._config.keys, self._config.identity.tokens
        return signing.SigningKeys(self._keys_directory, rotate=float(keys.rotate), algorithm=tokens.algorithm, now=now)

    def _store(self) -> Store:
        return Store(location(self._config.state.url, self._loaded.base_dir))

    def _record(self, verb: str, detail: str, grant_id: str) -> None:
        admin_record(self._loaded, what=verb, detail=detail, user=os_user(), grant_id=grant_id)


class _Held:
    """The keys that are in the directory, as ``grants.verify_own`` asks for them."""

    def __init__(self, keys: list[signing.SigningKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    def find(self, kid: str, now: float) -> signing.SigningKey | None:
        return self._keys.get(kid)

    def signed(self, found: jws.Jws) -> bool:
        key = self._keys.get(str(found.header.get("kid", "")))
        if key is None or found.header.get("alg") != key.algorithm:
            return False
        return key.pair.signed(found.signed, found.signature)


def _wrong(path: str, message: str, remedy: str) -> InvalidConfiguration:
    return InvalidConfiguration([Problem(path=path, message=message, remedy=remedy)])
