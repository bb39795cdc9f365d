"""The agents as OAuth clients: what each may have, and how it proves to be itself at the token service.

``client_secret_basic`` and ``client_secret_post`` (RFC 6749 §2.3.1), ``private_key_jwt`` (RFC 7523 §2.2). Secrets are
kept as HMACs under ``keys.hashing``; nothing that proves anything is in a ``repr``.
"""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from doorward.config import Agent, Match
from doorward.configtypes import InvalidConfiguration, Problem, Refused, fetch
from doorward.control.jose import jws
from doorward.control.jose.claims import InvalidToken, audience, seconds, text
from doorward.control.jose.public_keys import KeySet, key_set, signed_by
from doorward.core.decision import Reason

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = (
    "ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
)  # fmt: skip
LONGEST_ASSERTION = 300.0
"""Seconds from ``iat``, where there is one, else from now, to ``exp``."""
LEEWAY = 60.0
MIN_SECRET = 16
_KIND = "agent"  # what every id of ours begins with, before a colon
_TYPES = frozenset(("", "jwt", "client-authentication+jwt"))  # the last one is of draft-ietf-oauth-rfc7523bis


class Client(msgspec.Struct, frozen=True):
    """One agent. ``servers``: server id -> names and globs of tools. At most one of the last three is set."""

    id: str
    servers: Mapping[str, tuple[str, ...]] = {}
    groups: tuple[str, ...] = ()
    secret: bytes | None = None
    keys: KeySet | None = None
    match: Match | None = None

    def __repr__(self) -> str:
        return f"Client({self.id})"


class Credentials(msgspec.Struct, frozen=True):
    """What a request shows: a secret, or an assertion, or neither; ``client_id`` is what it claims to be, or empty."""

    client_id: str = ""
    secret: str | None = None
    assertion: str | None = None

    def __repr__(self) -> str:
        return "Credentials(****)"


def compile_clients(
    agents: Sequence[Agent], *, hashing: bytes, environ: Mapping[str, str], base_dir: Path
) -> dict[str, Client]:
    """The agents by id. Raises ``InvalidConfiguration`` with every secret or key set that cannot be used."""
    made: dict[str, Client] = {}
    problems: list[Problem] = []
    for index, agent in enumerate(agents):
        try:
            made[agent.id] = _client(agent, hashing, environ, base_dir)
        except Refused as refusal:
            key = "secret" if agent.secret is not None else "jwks"
            path = f"identity.agents[{index}].{key}"
            problems.append(Problem(path=path, message=refusal.message, remedy=refusal.remedy))
    if problems:
        raise InvalidConfiguration(problems)
    return made


def read_basic(authorization: str) -> Credentials:
    """``Authorization: Basic`` of RFC 6749 §2.3.1: id and secret are form-encoded before they are joined by a colon.

    Raises ``InvalidToken``.
    """
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        joined = b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = joined.partition(":")
        if client_id == _KIND:  # a client that did not encode the colon of agent:NAME, as curl -u does not
            name, colon, secret = secret.partition(":")
            client_id = f"{_KIND}:{name}"
        if not colon:
            raise ValueError
        return Credentials(unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict"))
    except (ValueError, binascii.Error):
        raise InvalidToken("the Authorization header is not HTTP Basic as RFC 6749 has it") from None


def right_secret(client: Client | None, secret: str, hashing: bytes) -> bool:
    """Whether it is the client's. Takes as long for an unknown client, and for one that has no secret."""
    stored = client.secret if client is not None and client.secret is not None else b"\0" * 32
    given = _hashed(secret, hashing)
    return hmac.compare_digest(stored, given) and client is not None and client.secret is not None


class Assertion(msgspec.Struct, frozen=True):
    """A client assertion that proves who asks, once its ``jti`` turns out to be new. ``expires`` in epoch seconds."""

    client: Client
    jti: str
    expires: float


def read_assertion(token: str, clients: Mapping[str, Client], issuer: str, now: float) -> Assertion:
    """Check a ``private_key_jwt`` (RFC 7523 §3). Raises ``InvalidToken``.

    ``aud`` is our issuer and nothing else: that is what draft-ietf-oauth-rfc7523bis demands since an assertion for one
    endpoint could be replayed by another server that named the same one, and what the MCP SDKs send. (SDK 1.x spells
    an issuer without a path with a ``/`` at its end; that is the same URI by RFC 3986 §6.2.3.)
    """
    found = jws.read(token.encode("ascii", "replace"))
    if found is None:
        raise InvalidToken("is not a signed JWT in the compact form")
    fault = jws.header_fault(found)
    if fault or found.typ not in _TYPES:
        raise InvalidToken(fault or "is not a client assertion", Reason.AUTH_INVALID if fault else Reason.AUTH_KIND)
    client = clients.get(text(found.claims, "sub"))
    algorithm = text(found.header, "alg")
    if client is None or client.keys is None or algorithm not in ALGORITHMS:
        raise InvalidToken("is not signed by a client that has keys here")
    if not any(signed_by(found, algorithm, key) for key in client.keys.candidates(found, algorithm)):
        raise InvalidToken("is not signed by the client's key")
    _check(found.claims, client, issuer, now)
    return Assertion(client, text(found.claims, "jti"), seconds(found.claims, "exp"))


def _check(claims: Mapping[str, Any], client: Client, issuer: str, now: float) -> None:
    if claims.get("iss") != client.id:
        raise InvalidToken("was not issued by the client itself", Reason.AUTH_ISSUER)
    if audience(claims) not in {(spelling,) for spelling in _spellings(issuer)}:
        raise InvalidToken("is for somebody else: its aud must be this issuer alone", Reason.AUTH_AUDIENCE)
    expires = seconds(claims, "exp")
    if now >= expires:
        raise InvalidToken("has expired", Reason.AUTH_EXPIRED)
    for name in ("iat", "nbf"):
        if name in claims and seconds(claims, name) > now + LEEWAY:
            raise InvalidToken("is not valid yet")
    issued = seconds(claims, "iat") if "iat" in claims else now
    if expires - issued > LONGEST_ASSERTION or expires - now > LONGEST_ASSERTION + LEEWAY:
        raise InvalidToken("lives longer than five minutes", Reason.AUTH_LIFETIME)
    text(claims, "jti")


def _spellings(issuer: str) -> tuple[str, ...]:
    return (issuer, issuer + "/") if "/" not in issuer.partition("://")[2] else (issuer,)


def _client(agent: Agent, hashing: bytes, environ: Mapping[str, str], base_dir: Path) -> Client:
    secret: bytes | None = None
    keys: KeySet | None = None
    if agent.secret is not None:
        value = agent.secret.resolve(environ, base_dir)
        if len(value) < MIN_SECRET:
            remedy = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            raise Refused(f"must be at least {MIN_SECRET} characters", remedy)
        secret = _hashed(value, hashing)
    if agent.jwks is not None:
        keys = _key_file(agent.jwks, environ, base_dir)
    return Client(agent.id, agent.servers, agent.groups, secret, keys, agent.match)


def _key_file(reference: str, environ: Mapping[str, str], base_dir: Path) -> KeySet:
    if not reference.startswith("file:"):
        raise Refused("is no file", "write file:PATH of a JWKS document")
    try:
        document = msgspec.json.decode(fetch(reference, environ, base_dir))
    except (msgspec.DecodeError, RecursionError):
        document = None
    found = key_set(document) if isinstance(document, dict) else None
    if found is None:
        raise Refused(
            "the file holds no public key that can be used", 'write {"keys": [...]} with EC, OKP or RSA >= 2048'
        )
    return found


def _hashed(secret: str, hashing: bytes) -> bytes:
    return hmac.digest(hashing, b"doorward client secret\0" + secret.encode("utf-8", "surrogatepass"), "sha256")
