"""A record as the report sees it: the members that it counts, and no others, so that a million are read in seconds."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

MORE = "more"
"""The direction of findings for whose place there was no room in their record."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where one finding was."""

    entity: str = ""
    direction: str = MORE


class Seen(msgspec.Struct, frozen=True, gc=False):
    """Part of an ``AuditRecord``; the names are the same, docs/records.md says what they mean."""

    kind: str
    timestamp: str
    exchange_id: str
    phase: str = ""
    writer: str = ""
    identity: str = ""
    mcp_server: str = ""
    tool_name: str | None = None
    method: str | None = None
    decision: str = "allow"
    reason: str = ""
    rules: tuple[str, ...] = ()
    mode: str = ""
    would_have: str | None = None
    override: str | None = None
    redaction_count: int = 0
    entities: dict[str, int] = {}
    findings: list[Place] = []
    uninspected: int = 0
    policy_digest: str = ""
    latency_ms: float | None = None
    gateway_ms: float | None = None
    detail: str = ""

    @property
    def what(self) -> str:
        """The tool, or else the method."""
        return self.tool_name or self.method or ""


decode: Callable[[bytes], Seen] = msgspec.json.Decoder(Seen).decode
"""Raises ``msgspec.DecodeError``."""


class Lines:
    """The records in some lines, from ``since`` on and before ``until`` (timestamps; empty: no bound).

    Within each writer the oldest line must come first. ``unreadable``: lines that were no record; known at the end.
    """

    def __init__(self, lines: Iterable[bytes], since: str = "", until: str = "") -> None:
        self._lines = lines
        self._since = since
        self._until = until or "~"  # after every digit
        self.unreadable = 0

    def __iter__(self) -> Iterator[Seen]:
        for line in self._lines:
            try:
                record = decode(line)
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            if self._since <= record.timestamp < self._until:
                yield record
