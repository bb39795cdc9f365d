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
        """What sessions, pools, caches and limits are bound to. NUL separates, so no two principals share a key."""
        return f"{self.issuer}\0{self.subject}\0{self.client}"


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
