"""The token service: who asks, what they get, and the record of it, before the answer (docs/grants.md).

No HTTP server is in here: ``serve`` takes a request apart and gives an answer back. Whatever hands out a grant, refuses
one or revokes one is recorded first; without the record nothing is handed out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from uuid import uuid4

from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.keys.signing import LONGEST_GRANT, SigningKeys
from doorward.control.oauth.attempts import Attempts
from doorward.control.oauth.clients import Credentials
from doorward.control.oauth.documents import TOKEN_EXCHANGE, document
from doorward.control.oauth.grant_types import ACCESS_TOKEN, External, GrantTypes, Settings, refusal_of
from doorward.control.oauth.grant_types import Store as Deciding
from doorward.control.oauth.proofs import MustWait, Proofs, Told
from doorward.control.oauth.requests import (
    Form,
    Reply,
    answer,
    later,
    malformed,
    published,
    read_credentials,
    read_form,
    refused,
    unknown,
    wrong_method,
)
from doorward.control.store.rows import Issued
from doorward.control.tokens import grants
from doorward.control.tokens.rights import spell_scope
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.decision import Reason
from doorward.core.errors import Fault, JournalFault
from doorward.core.exchange import Headers
from doorward.core.ports import Clock

log = logging.getLogger(__name__)

TOKEN, REVOKE, JWKS, AUTHORIZE = "/oauth/token", "/oauth/revoke", "/oauth/jwks", "/oauth/authorize"


class Store(Deciding, Protocol):
    """What is needed of the store; synchronous."""

    def issued(self, grant: Issued) -> None: ...

    def revoke(self, kind: str, value: str, *, issuer: str = "", until: float, by: str, at: float) -> float: ...


async def _at_once(ticket: int) -> None:
    """Where a record is there as soon as it was taken."""


class TokenService:
    """One configuration's token service; at a reload a new one takes its place and keeps ``attempts``.

    ``record`` takes one record and gives it a number, or raises ``JournalFault``; ``kept`` returns when the record of a
    number is there, or raises it: nothing is handed out before. ``room(address, reason)``: whether one more refusal of
    this address is recorded singly (``gateway.edge_records``). ``hashing``: the key that client secrets were hashed
    with.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keys: SigningKeys,
        store: Store,
        record: Callable[[AuditRecord], int],
        kept: Callable[[int], Awaitable[None]] = _at_once,
        clock: Clock,
        attempts: Attempts,
        hashing: bytes,
        external: External | None = None,
        room: Callable[[str, str], bool] = lambda address, reason: True,
        ids: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._store = store
        self._record = record
        self._recorded = kept
        self._clock = clock
        self._attempts = attempts
        self._room = room
        self._ids = ids
        self._proofs = Proofs(settings, store, clock, attempts, hashing)
        self._types = GrantTypes(settings, keys, store, external, ids)

    async def serve(self, method: str, path: str, query: str, headers: Headers, body: bytes, address: str) -> Reply:
        """Answer one request. Never raises a fault: what is broken is a 503, and nothing is handed out."""
        if path in (TOKEN, REVOKE):
            if method != "POST":
                return wrong_method(b"POST")
            return await self._post(Told(path, address), query, headers, body)
        if method != "GET":
            return wrong_method(b"GET")
        return await self._get(path)

    async def _get(self, path: str) -> Reply:
        if path == JWKS:
            try:
                return published(await asyncio.to_thread(self._keys.jwks, self._clock.wall()))
            except Fault as fault:
                return _unavailable(fault)
        if path == AUTHORIZE:
            # No redirect: there is no client whose redirect_uri we know.
            detail = "nobody logs in here; use the token endpoint, or an authorization server of your organization"
            return refused(OAuthRefusal("unsupported_response_type", detail, Reason.AUTH_KIND))
        found = document(path, self._settings.issuer, self._settings.routes)
        return published(found) if found is not None else unknown()

    async def _post(self, told: Told, query: str, headers: Headers, body: bytes) -> Reply:
        wait = self._attempts.request(told.address, self._clock.monotonic())
        basic = any(name.lower() == b"authorization" for name, _ in headers)
        try:
            if wait:
                self._refused(told, Reason.LIMIT_RATE, "too many requests of this address")
                return later(wait)
            form = read_form(query, headers, body)
            act = self._token if told.path == TOKEN else self._revoke
            reply = await act(told, form, read_credentials(headers, form))
            for ticket in told.tickets:
                await self._recorded(ticket)
            return reply
        except OAuthRefusal as refusal:
            if refusal.status == 401 or refusal.reason in _FAILED:
                known = told.client if told.client in self._settings.clients else ""
                self._attempts.failed(told.address, known, self._clock.monotonic())
            self._refused(told, refusal.reason, f"{refusal.error}: {refusal.detail}")
            return refused(refusal, basic=basic)
        except MustWait as limit:
            self._refused(told, Reason.LIMIT_RATE, "too many requests of this client")
            return later(limit.seconds)
        except Fault as fault:
            log.error("the token service could not answer: %s", fault.detail)
            return _unavailable(fault)

    # POST /oauth/token

    async def _token(self, told: Told, form: Form, credentials: Credentials) -> Reply:
        client = await self._proofs.client(told, form, credentials)
        told.proven = client is not None
        now = self._clock.wall()
        claims = await self._types.claims(form, client, now)
        token = await asyncio.to_thread(self._kept, claims, now)
        told.client = claims["client_id"]
        exchange = form.get("grant_type") == TOKEN_EXCHANGE
        parent = claims.get("anc", [""])[-1]
        what = f"exchanged {parent} for {claims['jti']}" if exchange else f"minted {claims['jti']}"
        self._keep(told, claims, f"{what}: {_listed(claims)}")
        reply = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": max(0, int(claims["exp"] - now)),
            "scope": spell_scope(claims["servers"]),
        }
        if exchange:
            reply["issued_token_type"] = ACCESS_TOKEN
        return answer(reply)

    def _kept(self, claims: Mapping[str, Any], now: float) -> str:
        token = grants.mint(claims, self._keys.signer(now))
        self._store.issued(issued_of(claims))
        return token

    # POST /oauth/revoke (RFC 7009)

    async def _revoke(self, told: Told, form: Form, credentials: Credentials) -> Reply:
        client = await self._proofs.client(told, form, credentials)
        if client is None:
            raise OAuthRefusal("invalid_client", "the client did not authenticate", Reason.AUTH_REQUIRED, 401)
        told.proven = True
        token, family = form.need("token"), form.get("family")
        if family not in ("", "true", "false"):
            raise malformed("family is true or false")
        now = self._clock.wall()
        try:
            claims = await asyncio.to_thread(grants.verify_own, token, self._keys, self._settings.issuer, now)
        except InvalidToken as fault:
            if fault.reason is Reason.AUTH_UNAVAILABLE:
                raise refusal_of("invalid_request", "the token", fault) from None
            return answer({})  # RFC 7009 §2.2: what is no valid token needs no revoking
        if not _may_revoke(client.id, claims, whole=family == "true"):
            detail = "the grant is neither this client's nor handed on by it"
            raise OAuthRefusal("unauthorized_client", detail, Reason.AUTH_INVALID)
        kind, value = ("grant", claims["grant_id"]) if family == "true" else ("token", claims["jti"])
        until = now + LONGEST_GRANT if kind == "grant" else claims["exp"]
        await asyncio.to_thread(self._store.revoke, kind, value, until=until + 1, by=client.id, at=now)
        self._keep(told, claims, f"revoked {kind} {value}")
        return answer({})

    # records

    def _keep(self, told: Told, claims: Mapping[str, Any], detail: str) -> None:
        actors = grants.chain(claims)
        entry = self._entry(told, "allow", Reason.NONE, detail)
        entry.identity = actors[0] if actors else claims["sub"]
        entry.grant_id = claims["grant_id"]
        entry.act = actors[1:]
        entry.groups = self._settings.clients[told.client].groups if told.client in self._settings.clients else ()
        told.tickets.append(self._record(entry))

    def _refused(self, told: Told, reason: Reason, detail: str) -> None:
        if not self._room(told.address, str(reason)):
            return
        try:
            self._record(self._entry(told, "deny", reason, detail))
        except JournalFault as fault:  # it is refused all the same
            log.error("a refusal went unrecorded: %s", fault.detail)

    def _entry(self, told: Told, decision: str, reason: Reason, detail: str) -> AuditRecord:
        return AuditRecord(
            event_id=self._ids(),
            exchange_id=self._ids(),
            kind="token",
            timestamp=timestamp(self._clock.wall()),
            identity=told.client if told.proven else "",
            client=told.client,
            client_ip=told.address,
            method=told.path.removeprefix("/"),
            transport="http",
            decision=decision,
            reason=str(reason),
            detail=detail,
        )


_FAILED = frozenset((Reason.AUTH_INVALID, Reason.AUTH_ISSUER))
"""Refusals of tokens that somebody may be guessing or replaying."""


def issued_of(claims: Mapping[str, Any]) -> Issued:
    """The row that remembers a grant."""
    return Issued(
        grant_id=claims["grant_id"],
        token_id=claims["jti"],
        parent=claims.get("anc", [""])[-1],
        client=claims["client_id"],
        subject=claims["sub"],
        servers=_listed(claims),
        issued=float(claims["iat"]),
        expires=float(claims["exp"]),
    )


def _listed(claims: Mapping[str, Any]) -> str:
    listed = spell_scope(claims["servers"])
    return listed if len(listed) <= 1000 else f"{listed[:1000]}…"


def _may_revoke(client_id: str, claims: Mapping[str, Any], *, whole: bool) -> bool:
    """A client revokes what it holds and what came of it, a whole family only if it stands at its beginning."""
    actors = grants.chain(claims)
    ours = "|" not in claims["sub"]
    if whole:
        return client_id == (claims["sub"] if ours or not actors else actors[-1])
    return client_id in (claims["client_id"], claims["sub"], *actors)


def _unavailable(fault: Fault) -> Reply:
    body = {"error": "temporarily_unavailable", "error_description": "try again soon", "reason": fault.code}
    return answer(body, 503, (b"retry-after", b"2"))
