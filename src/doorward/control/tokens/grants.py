"""Our grants as claims: made, checked, narrowed, turned into what the data plane reads. Pure but for the signature.

A grant is a JWT of ``typ: doorward-grant+jwt``: ``iss`` (ours), ``sub`` (for whom), ``client_id`` (who holds it),
``aud`` (URLs of servers), ``exp``, ``iat``, ``nbf``, ``jti``, ``grant_id`` (the family), ``servers`` (id -> tools),
``act`` (who acts, the newest outside, RFC 8693 §4.1), ``anc`` (the ``jti`` of every grant it was narrowed from), and
``ext`` where an issuer's token stood at its beginning (docs/grants.md).
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from doorward.configtypes import InvalidConfiguration
from doorward.control.jose import jws
from doorward.control.jose.claims import InvalidToken, OAuthRefusal, audience, seconds, text, texts
from doorward.control.keys.signing import LONGEST_GRANT, SigningKey
from doorward.control.tokens.rights import Asked, Rights, Servers, within
from doorward.core.decision import Reason
from doorward.core.identity import Grant, Principal
from doorward.core.policy import names
from doorward.core.shared import Revocations

TYP = "doorward-grant+jwt"
DEEPEST = 4
"""Actors in a chain."""
LEEWAY = 60.0
"""Seconds that ``iat`` and ``nbf`` may lie ahead: clocks of two machines differ. ``exp`` gets none."""

_HEADER = frozenset(("alg", "typ", "kid"))

Claims = Mapping[str, Any]


class Keys(Protocol):
    """Where verification keys come from (``signing.SigningKeys``)."""

    def find(self, kid: str, now: float) -> SigningKey | None: ...


class External(msgspec.Struct, frozen=True):
    """The issuer's token at the beginning of a family: ``issuer`` is the configured NAME. Empty: it names none."""

    issuer: str
    sub: str = ""
    jti: str = ""
    client: str = ""


def claims(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    rights: Rights,
    token_id: str,
    grant_id: str,
    now: float,
    lifetime: float,
    actors: tuple[str, ...] = (),
    external: External | None = None,
) -> dict[str, Any]:
    """The claims of a first grant. ``lifetime`` in seconds; more than 15 minutes are cut. ``actors``: newest first."""
    issued = int(now)
    made: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "client_id": client_id,
        "aud": list(rights.audience),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(min(lifetime, LONGEST_GRANT)),
        "jti": token_id,
        "grant_id": grant_id,
        "servers": {server: list(tools) for server, tools in rights.servers.items()},
    }
    if actors:
        made["act"] = _chain(actors)
    if external is not None:
        made["ext"] = msgspec.to_builtins(external)
    return made


def narrow(
    parent: Claims,
    asked: Asked,
    *,
    client_id: str,
    held: Servers,
    urls: Mapping[str, str],
    token_id: str,
    now: float,
    lifetime: float = LONGEST_GRANT,
) -> dict[str, Any]:
    """The claims of a child (RFC 8693): never more, never longer than its verified ``parent``; ``client_id`` acts now.

    ``held`` is what that client may have itself, ``urls`` server id -> URL. Raises ``OAuthRefusal``.
    """
    actors = (client_id, *chain(parent))
    if len(actors) > DEEPEST:
        raise OAuthRefusal("invalid_request", f"a grant is handed on at most {DEEPEST} times", Reason.AUTH_KIND)
    of_parent = {server: tools for server, tools in parent["servers"].items() if urls.get(server) in parent["aud"]}
    rights = within(asked, (of_parent, held), urls)
    issued = int(now)
    made = {
        **parent,
        "client_id": client_id,
        "aud": list(rights.audience),
        "servers": {server: list(tools) for server, tools in rights.servers.items()},
        "iat": issued,
        "nbf": issued,
        "exp": min(parent["exp"], issued + int(min(lifetime, LONGEST_GRANT))),
        "jti": token_id,
        "act": _chain(actors),
    }
    if parent["jti"]:
        made["anc"] = [*parent.get("anc", ()), parent["jti"]]
    return made


def mint(made: Claims, key: SigningKey) -> str:
    """The signed token. Raises ``OAuthRefusal`` if it would be longer than a token may be."""
    token = jws.compact({"alg": key.algorithm, "typ": TYP, "kid": key.kid}, made, key.pair.sign)
    if len(token) > jws.MAX_TOKEN:
        detail = "the grant would be too long for a header: ask for fewer servers or tools, or use globs"
        raise OAuthRefusal("invalid_scope", detail, Reason.AUTH_SCOPE)
    return token


def verify_own(token: str | bytes, keys: Keys, issuer: str, now: float) -> dict[str, Any]:
    """The claims of one of our grants, every one of them checked; ``now`` in seconds since the epoch.

    Raises ``InvalidToken``. Whether it was revoked, and whether it is for the server that it is shown to, is not asked
    here.
    """
    found = jws.read(token.encode("ascii", "replace") if isinstance(token, str) else token)
    if found is None:
        raise InvalidToken("is not a signed JWT in the compact form")
    if found.typ != TYP:
        raise InvalidToken("is not a grant", Reason.AUTH_KIND)
    if not found.header.keys() <= _HEADER:
        raise InvalidToken("has a header member that no grant of ours has")
    key = _key(keys, text(found.header, "kid"), now)
    # The key says which algorithm; the token can only agree (RFC 8725 §3.1).
    if key is None or found.header.get("alg") != key.algorithm:
        raise InvalidToken("is not signed by a key of ours")
    if not key.pair.signed(found.signed, found.signature):
        raise InvalidToken("is not signed by a key of ours")
    _check(found.claims, issuer, now)
    return dict(found.claims)


def _key(keys: Keys, kid: str, now: float) -> SigningKey | None:
    try:
        return keys.find(kid, now)
    except InvalidConfiguration:  # somebody else can read the keys now, or they are damaged: nothing is verified
        raise InvalidToken(
            "cannot be checked: the gateway's own keys cannot be read", Reason.AUTH_UNAVAILABLE
        ) from None


def is_own(token: str) -> bool:
    """Whether a token says that it is one of ours. Nothing is verified: it only says whom to ask."""
    found = jws.read(token.encode("ascii", "replace"))
    return found is not None and found.typ == TYP


def chain(of: Claims) -> tuple[str, ...]:
    """The actors of a grant, the newest first."""
    found: list[str] = []
    act = of.get("act")
    while act is not None:
        if not isinstance(act, Mapping) or len(found) == DEEPEST:
            raise InvalidToken("has no usable act")
        found.append(text(act, "sub"))
        act = act.get("act")
    return tuple(found)


def external_of(of: Claims) -> External | None:
    """The issuer's token at the beginning of the family, if there was one."""
    if "ext" not in of:
        return None
    try:
        return msgspec.convert(of["ext"], External)
    except msgspec.ValidationError:
        raise InvalidToken("has no usable ext") from None


def origins(of: Claims) -> frozenset[tuple[str, str, str]]:
    """All that revokes a grant from outside: (issuer's name, "sub" | "jti" | "client", value); our own agents, whether
    they hold it, act in it or stand at its beginning, have the issuer "".
    """
    ours = {of["sub"], of["client_id"], *chain(of)}
    found = {("", kind, agent) for agent in ours for kind in ("sub", "client")}
    external = external_of(of)
    if external is not None:
        named = (("sub", external.sub), ("jti", external.jti), ("client", external.client))
        found |= {(external.issuer, kind, value) for kind, value in named if value}
    return frozenset(found)


def revoked(of: Claims, revocations: Revocations) -> bool:
    """Whether a grant, one it descends from, its family, an agent in it, or the token behind it has been revoked."""
    if of["grant_id"] in revocations.grants or not revocations.tokens.isdisjoint((of["jti"], *of.get("anc", ()))):
        return True
    return not revocations.external.isdisjoint(origins(of))


def to_grant(of: Claims, ids: Mapping[str, str], groups: Mapping[str, tuple[str, ...]] | None = None) -> Grant:
    """What the data plane reads. ``of``: verified claims. ``ids``: the exact URL of each server -> its id.

    The principal is the immediate caller: the newest actor, else ``sub``. Its ``act`` is whom it acts for: the actors
    before it, and last ``sub``. ``groups``: subject -> groups, as configured.
    """
    subject = text(of, "sub")
    actors = chain(of)
    issuer, caller = ("", actors[0]) if actors else _named(subject)
    external = external_of(of)
    principal = Principal(
        subject=caller,
        client=text(of, "client_id"),
        issuer=issuer,
        groups=(groups or {}).get(caller, ()) if not issuer else (),
        act=(*actors[1:], subject) if actors else (),
    )
    return Grant(
        principal=principal,
        servers={server: names(tools) for server, tools in of["servers"].items()},
        grant_id=of["grant_id"],
        expires=float(of["exp"]),
        subject=subject,
        token_id=of["jti"],
        ancestors=tuple(of.get("anc", ())),
        audience=frozenset(ids[url] for url in of["aud"] if url in ids),
        external=(external.issuer, external.jti) if external is not None and external.jti else None,
        origins=origins(of),
    )


def _named(subject: str) -> tuple[str, str]:
    """``NAME|sub`` -> (issuer's name, sub); an agent of ours has no issuer (no id of an agent holds a ``|``)."""
    issuer, bar, rest = subject.partition("|")
    return (issuer, rest) if bar else ("", subject)


def _chain(actors: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = actors
    return {"sub": first, "act": _chain(tuple(rest))} if rest else {"sub": first}


def _check(found: Claims, issuer: str, now: float) -> None:
    if found.get("iss") != issuer:
        raise InvalidToken("was issued by another gateway", Reason.AUTH_ISSUER)
    expires, issued = seconds(found, "exp"), seconds(found, "iat")
    if now >= expires:
        raise InvalidToken("has expired", Reason.AUTH_EXPIRED)
    if issued > now + LEEWAY or ("nbf" in found and seconds(found, "nbf") > now + LEEWAY):
        raise InvalidToken("is not valid yet")
    if expires - issued > LONGEST_GRANT:
        raise InvalidToken("lives longer than a grant may", Reason.AUTH_LIFETIME)
    for name in ("sub", "client_id", "jti", "grant_id"):
        text(found, name)
    audience(found)
    if len(texts(found.get("anc", []), "anc")) > DEEPEST:
        raise InvalidToken("has no usable anc")
    servers = found.get("servers")
    if not isinstance(servers, dict):
        raise InvalidToken("has no usable servers")
    for tools in servers.values():
        texts(tools, "servers")
    chain(found)
    external_of(found)
