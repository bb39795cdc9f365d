"""The seams. What touches the world stands behind one of these; ``bootstrap`` puts the real one in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from doorward.core.audit import Record
from doorward.core.exchange import Answer, Outbound, Reply
from doorward.core.finding import Finding, Text
from doorward.core.identity import Credential, Grant
from doorward.core.leaf import Document


class Clock(Protocol):
    """Time comes from here, so that rules can be tested without waiting."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def wall(self) -> float:
        """Seconds since the epoch."""


class Send(Protocol):
    """How the pipeline answers one ``Inbound``: either ``whole`` once, or ``open``, then ``event`` any number of times,
    then ``close``.

    Awaiting gives back-pressure: it returns when the client can take more. A client that went away cancels the serving
    task.
    """

    async def whole(self, reply: Reply) -> None: ...

    async def open(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None: ...

    async def event(self, raw: bytes) -> None: ...

    async def close(self) -> None: ...


class Upstream(Protocol):
    """The way to one server, whatever the wire."""

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        """Send, and return as soon as it is known how the server answers. Raises ``UpstreamFault``."""

    async def close(self) -> None: ...


class Detector(Protocol):
    """Finds things in leaves. ``heavy`` ones are run off the event loop.

    ``triggers``: expressions over the bytes of a message, in the syntax that RE2 and Hyperscan share; where none of
    them, and no way to hide something, occurs, ``detect`` would find nothing and is not called. None: always call it.
    ``directions``: where it is wanted, of "arguments" and "results".

    It may have three more: ``load()``, which does beforehand what would make the first message wait; ``wholes``
    (``core.finding.Wholes``), its own findings that take in what any detector finds inside them; and a true
    ``knows_quiet``: it finds nothing in a leaf that is ``quiet`` but what it found elsewhere, and raises ``Reached``
    (``detection/quiet.py``) where a text of ``Document.shut`` could have a part in what it finds. Without that, all
    texts are looked into.
    """

    name: str
    heavy: bool
    triggers: Sequence[str] | None
    directions: frozenset[str]

    def detect(self, document: Document) -> list[Finding]:
        """All findings; they may overlap. Must be linear in the length of the leaves, and call ``document.check``.
        Anything raised makes the message unscanned, which is refused.
        """


class Scanner(Protocol):
    """Looks through one message, within a deadline. Raises ``DetectorFault``."""

    def load(self) -> None:
        """Do now what would make the first message wait. Takes a while."""

    def quiet(self, raw: bytes, direction: str) -> bool:
        """Whether nothing can be found in these bytes: no trigger fires. Fast; most messages end here."""

    def passes(self, raw: bytes, direction: str) -> bool:
        """Whether it is quiet, and holds no binary content either. As fast."""

    async def scan(self, raw: bytes, value: Any, direction: str) -> list[Finding]:
        """All findings of all detectors in the message ``raw``, read as ``value``; resolved, none overlap."""

    async def scan_text(self, raw: bytes, found: Sequence[Text], direction: str) -> list[Finding]:
        """The same for a body that is no message, given as texts."""


class Held(Protocol):
    """The credentials that the gateway itself holds, to be found wherever they come back."""

    def in_bytes(self, raw: bytes) -> bool:
        """Whether ``find`` could find one in a text of this message. Fast; may say yes in vain, never no."""

    def find(self, string: str) -> Sequence[tuple[int, int]]:
        """Where one stands, plain or encoded once."""


class Broker(Protocol):
    """Gives the credential for one call to one server. Raises ``BrokerFault``: the call is refused in every mode."""

    name: str

    async def mint(self, grant: Grant, relayed: Sequence[tuple[bytes, bytes]]) -> Credential: ...


class Journal(Protocol):
    """The audit log of one process. ``writer``: its name there; empty where nothing is kept."""

    @property
    def writer(self) -> str: ...

    def append(self, record: Record, *, early: bool = False) -> int:
        """Give a record its place; it is written as soon as can be. Never waits. The number that comes back names it
        for ``written`` and ``synced``.

        ``early``: it is about somebody who is not known yet, and the first to be left out where space is short.
        Raises ``JournalFault`` while the journal cannot take records.
        """

    async def written(self, ticket: int | None = None) -> None:
        """Return when the kernel has this record (the last one) and all before. Raises ``JournalFault`` if it never
        got there.
        """

    async def synced(self, ticket: int | None = None) -> None:
        """The same, and the disk has them too."""

    def flush(self, timeout: float = 10.0) -> None:
        """``synced`` where there is no event loop."""

    def close(self) -> None:
        """Write and sync what is there, and end."""


class Seals(Protocol):
    """Makes session ids that say nothing and work for nobody else (``gateway/sessions.py``)."""

    def seal(self, server: str, owner: str, version: str, upstream_id: str) -> bytes: ...

    def open(self, sealed: bytes, server: str, owner: str) -> tuple[str, str] | None:
        """(protocol version, the upstream's id), or None for what is not ours or not this caller's."""


class Discovery(Protocol):
    """Finds servers that the configuration does not name. Nothing implements it yet."""

    async def servers(self) -> Sequence[Mapping[str, Any]]: ...
