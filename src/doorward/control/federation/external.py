"""Tokens of configured issuers: as access tokens (RFC 9068, RFC 8707) and as assertions (RFC 7523).

Everything is refused with ``InvalidToken``, whose detail repeats nothing of the token.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from doorward.config import Issuer
from doorward.control.federation.fetch import FetchFault
from doorward.control.federation.issuers import Issuers, TrustedIssuer
from doorward.control.jose.claims import InvalidToken
from doorward.control.jose.jws import Jws, header_fault, read
from doorward.control.jose.public_keys import signed_by
from doorward.core.decision import Reason

LEEWAY = 30.0  # seconds that an issuer's clock may be ahead of ours: for iat and nbf, never for exp
MAX_ASSERTION = 3600.0  # seconds
_MAX_TEXT = 1024  # characters of a name that ends up in records, policies and limits

_ACCESS = frozenset(("", "jwt", "at+jwt"))  # RFC 9068 §2.1; older issuers say JWT, or nothing
_ASSERTION = frozenset(("", "jwt", "oauth-id-jag+jwt"))

# Claims that an ID token has and an access token has not (OpenID Connect Core 1.0 §2 and §3.3.2.11).
_ID_CLAIMS = frozenset(("nonce", "at_hash", "c_hash", "s_hash"))
_OTHER_KINDS = frozenset(("id", "refresh", "offline", "logout"))


class Accepted(msgspec.Struct, frozen=True):
    """A token that is its issuer's and in time. ``expires`` in seconds since the epoch; ``typ`` as ``Jws.typ``."""

    issuer: TrustedIssuer
    claims: Mapping[str, Any]
    typ: str
    expires: float

    @property
    def subject(self) -> str:
        return str(self.claims["sub"])

    @property
    def client(self) -> str:
        """The OAuth client that it was issued to: ``client_id`` (RFC 9068 §2.2), else ``azp``; empty: not said."""
        return optional_text(self.claims, "client_id") or optional_text(self.claims, "azp")

    def __repr__(self) -> str:
        return f"Accepted({self.issuer.name}, ****)"


class External:
    """Judges tokens of ``issuers``. ``own_issuer`` is the audience that an assertion must have."""

    def __init__(self, issuers: Issuers, own_issuer: str) -> None:
        self._issuers = issuers
        self._own_issuer = own_issuer

    async def access_token(self, jws: Jws, now: float) -> Accepted:
        """A token for calling a server; its audience is still to be asked (``audience``). Raises ``InvalidToken``."""
        issuer = self._issuer(jws)
        if jws.typ not in _ACCESS or is_id_token(jws):
            raise InvalidToken("is not an access token", Reason.AUTH_KIND)
        _for_any_bearer(jws)
        await _signature(jws, issuer)
        return _in_time(jws, issuer, float(issuer.config.max_lifetime), now)

    async def assertion(self, jws: Jws, now: float) -> Accepted:
        """An assertion for our token endpoint, which may be used until it expires, at most an hour (RFC 7523 §3).

        An ID-JAG (``oauth-id-jag+jwt``) is one too: who takes it must also hold ``client_id`` and ``resource`` against
        the request, and take its ``jti`` once. Raises ``InvalidToken``.
        """
        issuer = self._issuer(jws)
        if jws.typ not in _ASSERTION:
            raise InvalidToken("is not an assertion", Reason.AUTH_KIND)
        _for_any_bearer(jws)
        await _signature(jws, issuer)
        if jws.claims.get("aud") not in (self._own_issuer, [self._own_issuer]):
            raise InvalidToken("is meant for somebody else: its aud must be this gateway alone", Reason.AUTH_AUDIENCE)
        return _in_time(jws, issuer, MAX_ASSERTION, now)

    async def verify_assertion(self, jwt: str, now: float) -> Accepted:
        """The same for the text of an assertion."""
        jws = read(jwt.encode()) if jwt.isascii() else None
        if jws is None:
            raise InvalidToken("is not a signed JWT")
        return await self.assertion(jws, now)

    def _issuer(self, jws: Jws) -> TrustedIssuer:
        iss = jws.claims.get("iss")
        issuer = self._issuers.named(iss) if isinstance(iss, str) else None
        if issuer is None:
            raise InvalidToken("is of an issuer that this gateway does not trust", Reason.AUTH_ISSUER)
        fault = header_fault(jws)
        if fault:
            raise InvalidToken(f"is refused: {fault}")
        return issuer


def _for_any_bearer(jws: Jws) -> None:
    if "cnf" in jws.claims:  # RFC 7800: whoever shows it must prove something, and no proof is checked here
        raise InvalidToken("is bound to a key (DPoP or mutual TLS), which is not supported", Reason.AUTH_KIND)


async def _signature(jws: Jws, issuer: TrustedIssuer) -> None:
    algorithm = jws.header.get("alg")
    if algorithm not in issuer.config.algorithms:  # so never "none" and never HS*, which no configuration can name
        raise InvalidToken("is signed with an algorithm that is not accepted from its issuer")
    try:
        candidates = await issuer.keys(jws, algorithm)
    except FetchFault:
        raise InvalidToken("cannot be checked: the keys of its issuer cannot be had", Reason.AUTH_UNAVAILABLE) from None
    if not any(signed_by(jws, algorithm, key) for key in candidates):
        raise InvalidToken("is not signed by a key of its issuer")


def _in_time(jws: Jws, issuer: TrustedIssuer, lifetime: float, now: float) -> Accepted:
    """``exp``, ``nbf``, ``iat`` (RFC 7519 §4.1) and ``sub``."""
    claims = jws.claims
    expires, issued, begins = moment(claims, "exp"), moment(claims, "iat"), moment(claims, "nbf")
    if expires is None:
        raise InvalidToken("does not say when it expires")
    if expires <= now:
        raise InvalidToken("has expired", Reason.AUTH_EXPIRED)
    if max(issued or 0.0, begins or 0.0) > now + LEEWAY:
        raise InvalidToken("is not valid yet: its iat or nbf is in the future")
    if expires - (now if issued is None else issued) > lifetime:
        raise InvalidToken("lives longer than tokens of its issuer may", Reason.AUTH_LIFETIME)
    if not optional_text(claims, "sub"):
        raise InvalidToken("does not say whom it is about (sub)")
    return Accepted(issuer, claims, jws.typ, expires)


def is_id_token(jws: Jws) -> bool:
    """Whether a token that is no declared access token looks like an ID token, or a token of yet another kind.

    Said by the issuer: a claim ``token_use`` (Amazon) or ``typ`` (Keycloak). Else: a claim that only ID tokens have, a
    security event (RFC 8417), or an audience that is the client alone, with no scope.
    """
    claims = jws.claims
    said = {str(claims.get(name, "")).lower() for name in ("token_use", "typ")}
    if not said.isdisjoint(_OTHER_KINDS) or "events" in claims:
        return True
    if jws.typ == "at+jwt":
        return False
    if not _ID_CLAIMS.isdisjoint(claims):
        return True
    clients = {claims[name] for name in ("azp", "client_id") if isinstance(claims.get(name), str)}
    return bool(clients) and "scope" not in claims and "scp" not in claims and set(audiences(claims)) <= clients


def audience(claims: Mapping[str, Any], urls: Mapping[str, str], issuer: Issuer) -> frozenset[str]:
    """The servers that a token is for. ``urls``: URL of a server, byte for byte -> its id (RFC 8707).

    An issuer that cannot name servers (``audience`` in the configuration) gives tokens that are good for all of them.
    """
    said = audiences(claims)
    if issuer.audience is not None:
        return frozenset(urls.values()) if issuer.audience in said else frozenset()
    return frozenset(urls[url] for url in said if url in urls)


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """``aud`` as a list; empty for what is neither a text nor a list of texts (RFC 7519 §4.1.3)."""
    aud = claims.get("aud")
    if isinstance(aud, str):
        return (aud,)
    if isinstance(aud, list) and all(isinstance(one, str) for one in aud):
        return tuple(aud)
    return ()


def optional_text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is a text or not there (then empty). NUL separates elsewhere, so none may hold one."""
    value = claims.get(name, "")
    if not isinstance(value, str) or "\0" in value or len(value) > _MAX_TEXT:
        raise InvalidToken(f"has no usable {name}")
    return value


def moment(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2) or None where there is none."""
    if name not in claims:
        return None
    value = claims[name]
    try:
        seconds = float(value) if not isinstance(value, str | bool | list | dict) and value is not None else -1.0
    except (ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds < 1 << 53:
        raise InvalidToken(f"has no usable {name}")
    return seconds
