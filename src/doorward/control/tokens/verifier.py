"""A token that comes with a call -> Grant | Decision: ours, or a configured issuer's (OAuth 2.1 resource server)."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from doorward.config import Issuer
from doorward.control.federation.external import Accepted, External, audience, optional_text
from doorward.control.jose.claims import InvalidToken
from doorward.control.jose.jws import Jws, read
from doorward.control.tokens.grants import TYP
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Names, Severity, names

MAX_GROUPS = 1000
_MAX_SCOPES = 4096

Own = Callable[[str, float], Grant]
"""Our own token and the time -> what it is worth. Raises ``InvalidToken``."""


class Verifies(Protocol):
    """What the gateway needs: who brings this token? ``now`` is in seconds since the epoch.

    The grant's ``audience`` holds every server that the token is good for; whether the one that was called is among
    them is asked per call, so the same answer can be kept for all servers.
    """

    async def verify(self, token: bytes, now: float) -> Grant | Decision: ...


_REMEDY = {
    Reason.AUTH_INVALID: "get a new token, or check which token the client is configured with",
    Reason.AUTH_EXPIRED: "get a new token and send the request again",
    Reason.AUTH_AUDIENCE: "ask for a token with this server's URL as resource (RFC 8707)",
    Reason.AUTH_ISSUER: "get the token from an issuer that this server's protected resource metadata name",
    Reason.AUTH_LIFETIME: "have the issuer give shorter tokens, or raise max_lifetime of the issuer",
    Reason.AUTH_KIND: "send the access token, not the ID token or another one",
    Reason.AUTH_UNAVAILABLE: "try again in a minute; the operator finds the cause in the gateway's log",
}


def refused(fault: InvalidToken) -> Decision:
    """A token that is not accepted, as what clients and records see."""
    remedy = _REMEDY.get(fault.reason, _REMEDY[Reason.AUTH_INVALID])
    return Decision(Effect.DENY, fault.reason, Severity.CRITICAL, what=f"the token {fault.detail}", remedy=remedy)


class Verifier:
    """Judges tokens. ``own`` judges ours; ``urls``: URL of each server (``public_url/mcp/ID``) -> its id."""

    def __init__(self, external: External, own: Own, urls: Mapping[str, str]) -> None:
        self._external = external
        self._own = own
        self._urls = urls

    async def verify(self, token: bytes, now: float) -> Grant | Decision:
        """As ``Verifies`` says. Never raises for anything that a token holds."""
        try:
            jws = read(token)
            if jws is None:
                raise InvalidToken("is not one that this gateway knows")
            if jws.typ == TYP:
                return self._own(token.decode("ascii"), now)
            return await self._of_issuer(jws, now)
        except InvalidToken as fault:
            return refused(fault)

    async def _of_issuer(self, jws: Jws, now: float) -> Grant:
        accepted = await self._external.access_token(jws, now)
        servers = audience(accepted.claims, self._urls, accepted.issuer.config)
        if not servers:
            raise InvalidToken("is for no server of this gateway", Reason.AUTH_AUDIENCE)
        return to_grant(accepted, servers)


def to_grant(accepted: Accepted, servers: frozenset[str]) -> Grant:
    """What an issuer's token is worth: by its scopes (``rights: scopes``), or all tools, and policies decide.

    ``servers`` are those that it is for. Raises ``InvalidToken`` for groups or scopes that cannot be read: a rule that
    forbids something to a group must not be missed.
    """
    config, claims = accepted.issuer.config, accepted.claims
    scopes = scopes_of(claims) if config.rights == "scopes" else None
    every = names(["*"])
    principal = Principal(
        subject=accepted.subject,
        client=accepted.client,
        issuer=accepted.issuer.name,
        groups=groups_of(claims, config),
    )
    token_id = optional_text(claims, "jti")
    return Grant(
        principal=principal,
        servers=dict.fromkeys(servers, every) if scopes is None else scoped(scopes, servers),
        grant_id=f"ext:{_fingerprint(principal, token_id, accepted.expires)}",
        expires=accepted.expires,
        subject=principal.subject,
        audience=servers,
        external=(principal.issuer, token_id) if token_id else None,
        scopes=scopes,
        step_up=config.step_up,
    )


def groups_of(claims: Mapping[str, Any], config: Issuer) -> tuple[str, ...]:
    """The groups in the claim that the configuration names; none where it names none, or the token has none."""
    name = config.groups
    if name is None:
        return ()
    elsewhere = claims.get("_claim_names")  # OpenID Connect Core §5.6.2: Entra does that with many groups
    value = claims.get(name, [])
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or len(found) > MAX_GROUPS or (isinstance(elsewhere, dict) and name in elsewhere):
        raise InvalidToken("does not hold its groups in a form that can be read")
    return tuple(dict.fromkeys(_group(one) for one in found))


def scopes_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """``scope`` (RFC 8693 §4.2: a text with spaces), or ``scp`` as Okta and Entra write it; a list is read as well."""
    value = claims.get("scope", claims.get("scp", ""))
    found = value.split(" ") if isinstance(value, str) else value
    if not isinstance(found, list) or len(found) > _MAX_SCOPES or not all(isinstance(one, str) for one in found):
        raise InvalidToken("does not hold its scopes in a form that can be read")
    return frozenset(one for one in found if one)


def scoped(scopes: Iterable[str], servers: frozenset[str]) -> dict[str, Names]:
    """The tools that scopes name, as ``entries`` reads them, compiled."""
    return {server: names(tools) for server, tools in entries(scopes, servers).items()}


def entries(scopes: Iterable[str], servers: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names and globs, as a configuration writes them, of the tools that scopes ``server:tool`` name.

    A scope is split at the first ``:``, other characters percent-encoded. A ``*``, ``?`` or ``[`` as it is makes a
    glob, percent-encoded it stands for itself. What is no such scope, or names another server, gives nothing. Every
    one of ``servers`` is there, though maybe without a tool: a client must be able to shake hands before it can learn
    from a challenge which scope a call needs.
    """
    found: dict[str, list[str]] = {server: [] for server in servers}
    for scope in sorted(scopes):
        server, _, tool = scope.partition(":")
        if server in found and (entry := _entry(tool)):
            found[server].append(entry)
    return {server: tuple(tools) for server, tools in found.items()}


_TOOL = re.compile(r"(?:[\x21\x23-\x24\x26-\x5b\x5d-\x7e]|%[0-9A-Fa-f]{2})+")  # RFC 6749 §3.3, and whole escapes
_MARK = re.compile(r"%(?:2[Aa]|3[Ff]|5[Bb])")
_MEANING = re.compile(r"%(?:2[1AaDd]|3[Ff]|5[B-Eb-e])")  # what means something else within brackets, or begins them


def _entry(tool: str) -> str:
    """One name or glob; empty for what is no name of a tool, or has no clear meaning."""
    if not _TOOL.fullmatch(tool) or ("[" in tool and _MEANING.search(tool)):
        return ""
    try:
        entry = unquote(_MARK.sub(lambda mark: f"[{unquote(mark[0])}]", tool), errors="strict")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in entry else entry


def _group(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidToken("does not hold its groups in a form that can be read")
    return value


def _fingerprint(principal: Principal, token_id: str, expires: float) -> str:
    """A name for the token in records: the same for the same token, and nothing can be done with it."""
    said = f"{principal.key}\0{token_id or expires}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
