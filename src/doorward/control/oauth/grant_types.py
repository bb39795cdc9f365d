"""The three grant types of the token endpoint: a request and its client, down to the claims of the grant to mint.

``client_credentials`` (RFC 6749 §4.4), JWT assertions of configured issuers (RFC 7523 §2.1, with ID-JAG as MCP's
enterprise-managed authorization uses it) and token exchange (RFC 8693), which only narrows.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from doorward.control.federation.matching import Matcher
from doorward.control.jose import jws
from doorward.control.jose.claims import InvalidToken, OAuthRefusal, audience, text
from doorward.control.oauth.clients import Client
from doorward.control.oauth.documents import CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE, Routes
from doorward.control.oauth.requests import Form, malformed
from doorward.control.tokens import grants
from doorward.control.tokens.globs import meet
from doorward.control.tokens.rights import Asked, Rights, Servers, parse_scope, within
from doorward.control.tokens.verifier import entries, scopes_of
from doorward.core.decision import Reason
from doorward.core.shared import Shared

if TYPE_CHECKING:
    from doorward.control.federation.external import Accepted

ID_JAG = "oauth-id-jag+jwt"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# What a bad token, or a revoked client, is called: RFC 6749 §5.2; RFC 8693 §2.2.2 has a name of its own.
_INVALID = {
    CLIENT_CREDENTIALS: "unauthorized_client",
    JWT_BEARER: "invalid_grant",
    TOKEN_EXCHANGE: "invalid_request",
}
_TOKEN_TYPES = (ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")


class External(Protocol):
    """Who verifies tokens that are not ours (``external.External``). Both raise ``InvalidToken``."""

    async def verify_assertion(self, jwt: str, now: float) -> "Accepted": ...

    async def access_token(self, jws: jws.Jws, now: float) -> "Accepted": ...


class Store(Protocol):
    """What is needed of the store to decide; synchronous."""

    def shared(self, now: float) -> Shared: ...

    def use_once(self, issuer: str, jti: str, *, until: float, now: float) -> bool: ...


class Settings(msgspec.Struct, frozen=True):
    """``issuer`` is our public URL, ``lifetime`` of a grant in seconds."""

    issuer: str
    clients: Mapping[str, Client]
    routes: Routes
    lifetime: float = 900.0


class Origin(msgspec.Struct, frozen=True):
    """What a verified token of an issuer stands for: which agent, for whom, and what that may be at most."""

    client: Client
    subject: str
    actors: tuple[str, ...]
    servers: Servers
    external: grants.External


class GrantTypes:
    """``ids`` makes a ``jti`` or ``grant_id``. Times are seconds since the epoch."""

    def __init__(
        self,
        settings: Settings,
        keys: grants.Keys,
        store: Store,
        external: External | None,
        ids: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._matcher = Matcher({c.id: c.match for c in settings.clients.values() if c.match is not None})
        self._keys = keys
        self._store = store
        self._external = external
        self._ids = ids

    async def claims(self, form: Form, client: Client | None, now: float) -> dict[str, Any]:
        """``client`` has authenticated; None: it has not, which an assertion alone allows (RFC 7521 §4.1).

        Raises ``OAuthRefusal``, and ``StoreFault``.
        """
        grant_type = form.need("grant_type")
        made = await self._made(grant_type, form, client, now)
        shared = await asyncio.to_thread(self._store.shared, now)
        if grants.revoked(made, shared.revocations):
            detail = "the token, or who stands behind it, has been revoked"
            raise OAuthRefusal(_INVALID[grant_type], detail, Reason.AUTH_REVOKED)
        return made

    async def _made(self, grant_type: str, form: Form, client: Client | None, now: float) -> dict[str, Any]:
        asked = self._asked(form)
        if grant_type == JWT_BEARER:
            return await self._assertion(form, client, asked, now)
        if client is None:
            raise OAuthRefusal("invalid_client", "the client did not authenticate", Reason.AUTH_REQUIRED, 401)
        if grant_type == CLIENT_CREDENTIALS:
            rights = within(asked, (client.servers,), self._settings.routes.urls)
            return self._first(client.id, client, rights, now)
        if grant_type == TOKEN_EXCHANGE:
            return await self._exchange(form, client, asked, now)
        raise OAuthRefusal("unsupported_grant_type", "this grant type is not supported", Reason.AUTH_KIND)

    def _asked(self, form: Form) -> Asked:
        urls = self._settings.routes.urls
        named = (*form.resources, *(urls.get(name, name) for name in form.audiences))
        scope = form.get("scope")
        return Asked(named or None, parse_scope(scope) if scope else None)

    def _first(
        self,
        subject: str,
        client: Client,
        rights: Rights,
        now: float,
        *,
        actors: tuple[str, ...] = (),
        external: grants.External | None = None,
    ) -> dict[str, Any]:
        return grants.claims(
            issuer=self._settings.issuer,
            subject=subject,
            client_id=client.id,
            rights=rights,
            token_id=self._ids(),
            grant_id=self._ids(),
            now=now,
            lifetime=self._settings.lifetime,
            actors=actors,
            external=external,
        )

    # assertions of issuers

    async def _assertion(self, form: Form, client: Client | None, asked: Asked, now: float) -> dict[str, Any]:
        assertion = form.need("assertion")
        try:
            accepted = await self._issuers().verify_assertion(assertion, now)
            origin = self._id_jag(accepted, client) if accepted.typ == ID_JAG else self._workload(accepted)
        except InvalidToken as fault:
            raise refusal_of(_INVALID[JWT_BEARER], "the assertion", fault) from None
        named = client.id if client is not None else form.get("client_id")
        if named and named != origin.client.id:
            raise OAuthRefusal("invalid_grant", "the assertion is of another client", Reason.AUTH_INVALID)
        if accepted.typ == ID_JAG:
            asked = _for_resource(asked, accepted.claims)
        rights = within(asked, (origin.servers, origin.client.servers), self._settings.routes.urls)
        made = self._first(origin.subject, origin.client, rights, now, actors=origin.actors, external=origin.external)
        if accepted.typ == ID_JAG:
            await self._new(accepted, now)
        return made

    def _workload(self, accepted: "Accepted") -> Origin:
        """The agent that an issuer's token is; or that acts for the token's subject, where ``match`` leaves ``sub``
        open and goes by the client.
        """
        issuer = accepted.issuer
        client = self._settings.clients[self._matcher.agent(issuer.config.issuer, accepted.claims)]
        itself = client.match is not None and client.match.sub is not None
        return Origin(
            client=client,
            subject=client.id if itself else f"{issuer.name}|{accepted.subject}",
            actors=() if itself else (client.id,),
            servers=_scoped(client, accepted.claims) if issuer.config.rights == "scopes" else client.servers,
            external=_named(accepted),
        )

    def _id_jag(self, accepted: "Accepted", client: Client | None) -> Origin:
        """draft-ietf-oauth-identity-assertion-authz-grant: the authenticated client acts for the token's subject."""
        if client is None:
            raise OAuthRefusal("invalid_client", "an ID-JAG needs client authentication", Reason.AUTH_REQUIRED, 401)
        if accepted.claims.get("client_id") != client.id:
            raise InvalidToken("was issued to another client")
        text(accepted.claims, "jti")
        limited = not {"scope", "scp"}.isdisjoint(accepted.claims) or accepted.issuer.config.rights == "scopes"
        return Origin(
            client=client,
            subject=f"{accepted.issuer.name}|{accepted.subject}",
            actors=(client.id,),
            servers=_scoped(client, accepted.claims) if limited else client.servers,
            external=_named(accepted),
        )

    async def _new(self, accepted: "Accepted", now: float) -> None:
        new = await asyncio.to_thread(
            self._store.use_once,
            accepted.issuer.config.issuer,
            str(accepted.claims["jti"]),
            until=accepted.expires,
            now=now,
        )
        if not new:
            raise OAuthRefusal("invalid_grant", "the assertion was used before", Reason.AUTH_INVALID)

    # token exchange

    async def _exchange(self, form: Form, client: Client, asked: Asked, now: float) -> dict[str, Any]:
        if form.need("subject_token_type") not in _TOKEN_TYPES:
            raise malformed("subject_token_type must be that of an access token or a JWT")
        if form.get("requested_token_type") not in ("", *_TOKEN_TYPES):
            raise malformed("requested_token_type must be that of an access token or a JWT")
        if "actor_token" in form.single or "actor_token_type" in form.single:
            raise malformed("actor_token is not supported: the client that authenticates is the actor")
        try:
            parent = await self._parent(form.need("subject_token"), now)
            return grants.narrow(
                parent,
                asked,
                client_id=client.id,
                held=client.servers,
                urls=self._settings.routes.urls,
                token_id=self._ids(),
                now=now,
                lifetime=self._settings.lifetime,
            )
        except InvalidToken as fault:
            raise refusal_of(_INVALID[TOKEN_EXCHANGE], "the subject token", fault) from None

    async def _parent(self, token: str, now: float) -> dict[str, Any]:
        if grants.is_own(token):
            return await asyncio.to_thread(grants.verify_own, token, self._keys, self._settings.issuer, now)
        found = jws.read(token.encode("ascii", "replace"))
        if found is None:
            raise InvalidToken("is not a signed JWT in the compact form")
        accepted = await self._issuers().access_token(found, now)
        origin = self._workload(accepted)
        urls = self._settings.routes.urls
        rights = within(Asked(self._meant_for(accepted), None), (origin.servers, origin.client.servers), urls)
        parent = self._first(origin.subject, origin.client, rights, now, actors=origin.actors, external=origin.external)
        return {**parent, "exp": int(accepted.expires), "jti": ""}  # no grant of ours: it has no id to descend from

    def _meant_for(self, accepted: "Accepted") -> tuple[str, ...] | None:
        """The servers that an issuer's access token is for; None: all, for it is for us as a whole.

        A configured ``audience`` stands in place of the servers' URLs, here as where the token comes with a call.
        """
        said, configured = audience(accepted.claims), accepted.issuer.config.audience
        if self._settings.issuer in said or configured in said:
            return None
        urls = self._settings.routes.urls.values() if configured is None else ()
        known = tuple(url for url in said if url in urls)
        if not known:
            raise InvalidToken("is for somebody else", Reason.AUTH_AUDIENCE)
        return known

    def _issuers(self) -> External:
        if self._external is None:
            raise InvalidToken("is of an issuer that this gateway does not trust", Reason.AUTH_ISSUER)
        return self._external


def refusal_of(error: str, what: str, fault: InvalidToken) -> OAuthRefusal:
    """What to answer about a token that was shown; one that could not be checked may be shown again."""
    if fault.reason is Reason.AUTH_UNAVAILABLE:
        return OAuthRefusal("temporarily_unavailable", f"{what} {fault.detail}", fault.reason, 503)
    return OAuthRefusal(error, f"{what} {fault.detail}", fault.reason)


def _named(accepted: "Accepted") -> grants.External:
    jti = accepted.claims.get("jti")
    return grants.External(
        issuer=accepted.issuer.name,
        sub=accepted.subject,
        jti=jti if isinstance(jti, str) and "\0" not in jti else "",
        client=accepted.client,
    )


def _scoped(client: Client, claims: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What a client may have, within the scopes of an issuer's token, read as where the token comes with a call."""
    allowed = entries(scopes_of(claims), client.servers)
    return {server: meet(client.servers[server], tools) for server, tools in allowed.items() if tools}


def _for_resource(asked: Asked, claims: Mapping[str, Any]) -> Asked:
    """An ID-JAG is for the resources that it names, and a request for it cannot name others."""
    if "resource" not in claims:
        return asked
    try:
        named = audience({"aud": claims["resource"]})
    except InvalidToken:
        raise OAuthRefusal("invalid_grant", "the assertion has no usable resource", Reason.AUTH_INVALID) from None
    if asked.resources is not None and not set(asked.resources) <= set(named):
        raise OAuthRefusal("invalid_target", "the assertion is for other resources", Reason.AUTH_AUDIENCE)
    return Asked(asked.resources or named, asked.scopes)
