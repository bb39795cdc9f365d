"""What the store hands out, one struct a kind of row. Times are seconds since the epoch. No token is among them."""

import msgspec

from doorward.core.shared import Override

FOR_GOOD = 253402300799.0
"""The last second of the calendar: until then what never expires is revoked."""


class Issued(msgspec.Struct, frozen=True):
    """One grant that we minted. ``parent`` is the ``jti`` it was exchanged from, or empty; ``servers`` is text to show.

    ``revoked`` is worked out when it is read: the token, one it descends from, its family or its client was revoked.
    """

    grant_id: str
    token_id: str
    client: str
    subject: str
    servers: str
    issued: float
    expires: float
    parent: str = ""
    revoked: bool = False


class Revoked(msgspec.Struct, frozen=True):
    """One revocation. ``until``: when all that it is about has expired anyway."""

    kind: str  # "token", "grant", "sub", "jti" or "client"
    issuer: str  # empty: ourselves
    value: str
    until: float
    by: str
    at: float


class Granted(msgspec.Struct, frozen=True):
    """One override, why it was given, and by whom."""

    override: Override
    why: str
    by: str
    created: float


class KeptTool(msgspec.Struct, frozen=True):
    """What a server last said about one tool: JSON as it came."""

    server: str
    tool: str
    input_schema: bytes
    output_schema: bytes | None
    annotations: bytes
    at: float


class Lease(msgspec.Struct, frozen=True):
    """A wish for ``want`` out of the ``most`` that all workers have for ``key`` in one ``window``.

    A negative ``want`` gives back.
    """

    key: str
    window: int
    want: int
    most: int
