"""All that the data plane reads, frozen. ``control/compile.py`` makes them, ``gateway/live.py`` swaps them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from doorward.core.identity import Grant
from doorward.core.looking import Action, Allow, Looking, LookRule, looking, strictest
from doorward.core.policy import Mode, ToolRule, strictness
from doorward.core.ports import Broker, Held, Scanner
from doorward.core.question import Policies


class Limits(msgspec.Struct, frozen=True):
    """``limits`` of the configuration, in bytes and counts."""

    request_bytes: int = 4 << 20
    response_bytes: int = 16 << 20
    header_bytes: int = 32 << 10
    depth: int = 64
    in_flight: int = 1000
    in_flight_per_identity: int = 100
    buffered: int = 256 << 20
    streams_per_identity: int = 20
    children_per_server: int = 32
    children_per_principal: int = 8
    calls_per_minute: int = 600
    bytes_per_minute: int = 1 << 30
    failed_logins_per_minute: int = 30


class Timeouts(msgspec.Struct, frozen=True):
    """``timeouts`` of the configuration, in seconds. Listen and GET streams are exempt from ``idle`` and ``total``."""

    connect: float = 5.0
    first_byte: float = 300.0
    idle: float = 300.0
    total: float = 3600.0


class Target(msgspec.Struct, frozen=True):
    """Where a server is: a ``url``, or a ``command`` with ``args`` and ``env`` (secrets resolved; never printed)."""

    url: str = ""
    transport: str = "http"  # "http", "sse" or "stdio"
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    cwd: str | None = None

    def __repr__(self) -> str:
        return f"Target({self.transport}, {self.url.partition('?')[0] or self.command})"  # a query may hold a secret


class Server(msgspec.Struct, frozen=True):
    """One registered upstream with everything that is set for it, the nearest setting already chosen.

    ``strict_reading``: the server, or any of its tools, is in an enforcing mode, so a body that has no single reading
    is refused for the whole server (docs/transparency.md). ``anonymous``: a call without a token is let in.
    """

    id: str
    target: Target
    mode: Mode = Mode.AUDIT
    tools: tuple[ToolRule, ...] = ()
    sensitivity: str = "medium"
    strict_reading: bool = False
    anonymous: bool = False
    broker: Broker | None = None
    relay: frozenset[bytes] = frozenset()
    request_headers: frozenset[bytes] = frozenset()  # more that pass to the server, lower case
    response_headers: frozenset[bytes] = frozenset()  # more that pass to the client, lower case
    server_requests: frozenset[str] | None = None  # what it may ask of clients; None: not configured
    looks: tuple[LookRule, ...] = ()  # what it wants otherwise done about findings
    propagate: bool = False  # its spans hang under ours: requests get our trace context

    def mode_of(self, tool: str | None) -> Mode:
        """The mode that holds for a tool: of the rules that match the strictest, else the server's."""
        if tool is None or not self.tools:
            return self.mode
        chosen = [rule.mode for rule in self.tools if rule.mode is not None and tool in rule.names]
        return max(chosen, key=strictness) if chosen else self.mode

    def strictest(self, mode: Mode) -> Mode:
        """The strictest of ``mode`` and those of its tools: it holds for what may be any tool's."""
        return max((mode, *(rule.mode for rule in self.tools if rule.mode)), key=strictness)

    def rate_of(self, tool: str | None) -> int | None:
        """The lowest ``calls_per_minute`` of the rules that match a tool, or None."""
        if tool is None:
            return None
        found = [rule.rate for rule in self.tools if rule.rate is not None and tool in rule.names]
        return min(found) if found else None

    def strict(self, tool: str | None) -> bool:
        """Whether a rule that matches the tool says ``strict``."""
        return tool is not None and any(rule.strict and tool in rule.names for rule in self.tools)

    def sensitivity_of(self, tool: str | None) -> str:
        """``sensitivity`` of the first tool rule that sets it, else the server's."""
        if tool is not None:
            for rule in self.tools:
                if rule.sensitivity is not None and tool in rule.names:
                    return rule.sensitivity
        return self.sensitivity


class Keys(msgspec.Struct, frozen=True):
    """Secret keys shared by all workers.

    ``hashing``, called ``hash_key_id`` in records, is the key of this period. ``sealing`` may hold retired keys after
    the first, to open with only. ``lasting`` never changes: for what must stay comparable from one period to the next.
    """

    hashing: bytes
    hash_key_id: str
    sealing: tuple[bytes, ...]
    lasting: bytes = b""

    def __repr__(self) -> str:
        return "Keys(****)"


class Snapshot(msgspec.Struct, frozen=True):
    """One version of everything. A call takes it once and keeps it to its end."""

    version: int
    policy_digest: str
    servers: Mapping[str, Server]
    agents: Mapping[bytes, Grant]  # SHA-256 of a fixed token -> what it is worth
    keys: Keys
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    policies: Policies | None = None  # None: the grant alone decides
    scanner: Scanner | None = None
    held: Held | None = None  # the credentials of all servers
    actions: Mapping[tuple[str, str], Action] = {}  # (entity, "arguments" | "results") -> what to do
    replace: Mapping[str, str] = {}  # entity or "default" -> "placeholder" | "mask" | "hash" | "last4" | "surrogate"
    allow: Allow = Allow()  # values that are no finding
    binary: str = "pass"  # what happens to what cannot be looked into: "pass", "strip" or "block"
    refuse_late: bool = True  # inspect.on_timeout: refuse; else what was not looked through in time passes
    public_url: str = ""
    allowed_hosts: frozenset[bytes] = frozenset()
    allowed_origins: frozenset[bytes] = frozenset()
    trusted_proxies: frozenset[str] = frozenset()
    journal_required: bool = True  # audit.on_failure: refuse
    settings: Mapping[str, Any] = {}

    def looking(self, server: Server, tool: str | None) -> Looking:
        """What is done about findings in one call."""
        whole = Looking(self.actions, self.allow, self.binary)
        return looking(whole, server.looks, tool) if server.looks else whole

    def looking_at_any(self, server: Server) -> Looking:
        """The same where it may be any tool's."""
        return strictest(Looking(self.actions, self.allow, self.binary), server.looks)
