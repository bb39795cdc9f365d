"""Who calls, what they hold, and the secrets that only the gateway holds."""

from collections.abc import Mapping

import msgspec

from doorward.core.policy import Names


class Principal(msgspec.Struct, frozen=True):
    """Who calls: subject, client, issuer, groups, and the chain of agents it acts for (nearest first)."""

    subject: str
    client: str = ""
    issuer: str = ""
    groups: tuple[str, ...] = ()
    act: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What records, policies and overrides call it: ``ISSUER|sub``; our own agents and users have no issuer."""
        return f"{self.issuer}|{self.subject}" if self.issuer else self.subject

    @property
    def key(self) -> str:
        """What limits and caches go by: the immediate caller. NUL separates, so no two principals share a key."""
        return f"{self.issuer}\0{self.subject}\0{self.client}"

    @property
    def holder(self) -> str:
        """What sessions, tasks and processes are bound to: the key, and for whom it acts, so that an agent cannot use
        for one person what it made for another. The same for each renewed grant of a chain; without one, the key.
        """
        return "\0".join((self.key, *self.act)) if self.act else self.key


def key_of(holder: str) -> str:
    """The ``Principal.key`` in a ``Principal.holder``: what is counted is the immediate caller's, whomever it acts for.

    Neither part of a key nor anybody in a chain holds a NUL, so the first three parts are the key.
    """
    return holder if holder.count("\0") <= 2 else "\0".join(holder.split("\0", 3)[:3])


ANONYMOUS = Principal(subject="anonymous")


class Grant(msgspec.Struct, frozen=True):
    """What a principal holds: named servers, and on each the names of its tools (docs/grants.md).

    ``principal`` is the immediate caller; ``subject`` is for whom it acts (the same, unless the grant was exchanged).
    ``audience`` holds the ids of the servers whose URL stands in the token's ``aud``; None for a fixed credential,
    which has none. ``token_id`` and ``ancestors`` are the ids by which it can be revoked, ``external`` the (issuer,
    ``jti``) of a token that is not ours, ``origins`` everybody else behind it: (issuer, "sub" | "client", value).
    ``scopes``: what an external token carries where its issuer has ``rights:
    scopes``, else None.
    """

    principal: Principal
    servers: Mapping[str, Names]
    grant_id: str = ""
    expires: float | None = None  # seconds since the epoch; None: a fixed credential
    subject: str = ""
    token_id: str = ""
    ancestors: tuple[str, ...] = ()
    audience: frozenset[str] | None = None
    external: tuple[str, str] | None = None
    origins: frozenset[tuple[str, str, str]] = frozenset()
    scopes: frozenset[str] | None = None
    step_up: bool = False


NOTHING = Grant(ANONYMOUS, {})


class Credential:
    """Headers for one upstream that no client ever sees; prints as stars."""

    __slots__ = ("headers", "label")

    def __init__(self, headers: tuple[tuple[bytes, bytes], ...] = (), label: str = "none") -> None:
        self.headers = headers
        self.label = label  # what the record says: the broker's name, never the value

    def __repr__(self) -> str:
        return f"Credential({self.label}, ****)" if self.headers else f"Credential({self.label})"


NO_CREDENTIAL = Credential()
