"""The file format: one frozen struct per section, section name = field name.

``docs/configuration.md`` explains each key. ``configfile.load`` reads a file into ``Config``; ``configfile/rules.py``
says what must hold between the sections.
"""

from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from doorward.configtypes import Duration, Plugin, Reference, Size, Text
from doorward.core.policy import Mode

SERVER_NAME = r"^[a-z0-9-]{1,63}$"
ISSUER_NAME = r"^[A-Za-z0-9._-]{1,64}$"
AGENT_ID = r"^agent:[A-Za-z0-9._:/@-]{1,128}$"

Sensitivity = Literal["low", "medium", "high", "critical"]
Direction = Literal["detect", "redact", "block"]
Binary = Literal["pass", "strip", "block"]
SignedBy = Literal["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
Replacement = Literal["placeholder", "mask", "hash", "last4", "surrogate"]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Filled = Annotated[str, Meta(min_length=1)]
ServerName = Annotated[str, Meta(pattern=SERVER_NAME)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections share: frozen, named members only, unknown keys refused."""


def _lasts(text: str) -> Duration:
    return field(default_factory=partial(Duration.parse, text))


def _holds(text: str) -> Size:
    return field(default_factory=partial(Size.parse, text))


class Tls(Section, frozen=True):
    """Certificates of the public address. ``client_ca`` is a gate, not an identity."""

    certificate: Filled
    key: Filled
    client_ca: str | None = None


class Listen(Section, frozen=True):
    """Where clients come in."""

    address: str = "127.0.0.1:8080"
    public_url: str | None = None
    tls: Tls | None = None
    tls_terminated: bool = False
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    drain: Duration = _lasts("30s")


class Admin(Section, frozen=True):
    """Where operators and probes come in."""

    address: str = "127.0.0.1:8081"


class Keys(Section, frozen=True):
    """Key material shared by all workers."""

    directory: Filled = ".doorward/keys"
    rotate: Duration = _lasts("30d")


class State(Section, frozen=True):
    """The control plane's store."""

    url: Filled = "sqlite:.doorward/state.db"


class Issuer(Section, frozen=True):
    """An identity provider whose tokens are accepted. ``name`` stands in policies for it (default: its host)."""

    issuer: Filled
    name: Annotated[str, Meta(pattern=ISSUER_NAME)] | None = None
    jwks: str | None = None
    max_lifetime: Duration = _lasts("90m")
    rights: Literal["policy", "scopes"] = "policy"
    step_up: bool = False
    audience: Filled | None = None
    algorithms: tuple[SignedBy, ...] = ("ES256", "EdDSA", "PS256", "RS256")
    groups: Filled | None = None


class Match(Section, frozen=True):
    """Claims that make an issuer's token an agent's: exact values, or globs. ``sub``, or another claim that names one.

    ``claims`` holds others than ``sub``.
    """

    issuer: Filled
    sub: Filled | None = None
    claims: dict[Filled, Filled] = {}


class Agent(Section, frozen=True):
    """One agent, how it proves itself (exactly one of ``token``, ``secret``, ``jwks``, ``match``), what it may use.

    ``jwks: file:PATH`` holds the public keys with which it signs its client assertions (``private_key_jwt``).
    """

    id: Annotated[str, Meta(pattern=AGENT_ID)]
    token: Reference | None = None
    secret: Reference | None = None
    jwks: str | None = None
    match: Match | None = None
    groups: tuple[Filled, ...] = ()
    servers: dict[str, tuple[Filled, ...]] = {}


class Tokens(Section, frozen=True):
    """The gateway's own grants."""

    lifetime: Duration = _lasts("15m")
    algorithm: Literal["ES256", "EdDSA"] = "ES256"


class Identity(Section, frozen=True):
    """Who may call."""

    anonymous: Literal["auto"] | bool = "auto"
    issuers: tuple[Issuer, ...] = ()
    agents: tuple[Agent, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)


class Entity(Section, frozen=True):
    """What is done about one kind of finding, by direction; what is not set is as for any entity."""

    arguments: Direction | None = None
    results: Direction | None = None
    severity: Sensitivity | None = None
    threshold: Share = 0.5


class Pattern(Section, frozen=True):
    """An entity of your own, in RE2 syntax."""

    entity: Filled
    regex: Filled
    score: Share = 0.9


class NearerInspect(Section, frozen=True):
    """What one server, or some of its tools, want otherwise than ``inspect``."""

    entities: dict[Filled, Entity] = {}
    allow: tuple[Filled, ...] = ()
    binary: Binary | None = None


class Tool(Section, frozen=True):
    """Settings for the tools that a glob names; what is not set here comes from the server."""

    mode: Mode | None = None
    sensitivity: Sensitivity | None = None
    strict: bool | None = None
    calls_per_minute: Count | None = None
    inspect: NearerInspect | None = None


class Headers(Section, frozen=True):
    """Header fields that cross beside the usual ones."""

    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()


class Server(Section, frozen=True):
    """One MCP server behind the gateway: exactly one of ``url`` and ``command``."""

    url: Text | None = None
    command: Text | None = None
    args: tuple[Text, ...] = ()
    env: dict[str, Reference] = {}
    cwd: str | None = None
    transport: Literal["auto", "http", "sse"] = "auto"
    mode: Mode | None = None
    sensitivity: Sensitivity = "medium"
    credentials: Plugin = field(default_factory=partial(Plugin, "none"))
    headers: Headers = field(default_factory=Headers)
    tools: dict[Filled, Tool] = {}
    inspect: NearerInspect | None = None
    authorization_servers: tuple[str, ...] = ()
    server_requests: tuple[Literal["sampling", "elicitation", "roots"], ...] | None = None
    trace: Literal["pass", "propagate"] = "pass"


class Inspect(Section, frozen=True):
    """What is looked for in messages, and what is done about it."""

    detectors: tuple[Plugin, ...] = ()
    entities: dict[Filled, Entity] = {}
    patterns: tuple[Pattern, ...] = ()
    replace: dict[Filled, Replacement] = {}
    allow: tuple[Filled, ...] = ()
    binary: Binary = "pass"
    on_timeout: Literal["refuse", "pass"] = "refuse"


class Sampling(Section, frozen=True):
    """How much of old records is shipped; the log itself keeps all."""

    after: Duration = _lasts("90d")
    keep: Share = 0.1


class Segment(Section, frozen=True):
    """When a writer of the log begins another file."""

    size: Size = _holds("64MiB")
    age: Duration = _lasts("1d")


class Audit(Section, frozen=True):
    """The log."""

    directory: Filled = ".doorward/audit"
    checkpoints: Filled | None = None
    segment: Segment = field(default_factory=Segment)
    on_failure: Literal["refuse", "allow"] = "refuse"
    sampling: Sampling | None = None
    sinks: tuple[Plugin, ...] = ()


class Limits(Section, frozen=True):
    """What one message, one caller and the whole may use."""

    request_bytes: Size = _holds("4MiB")
    response_bytes: Size = _holds("16MiB")
    header_bytes: Size = _holds("32KiB")
    depth: Annotated[int, Meta(ge=8, le=512)] = 64
    in_flight: Count = 1000
    in_flight_per_identity: Count = 100
    buffered: Size = _holds("256MiB")
    streams_per_identity: Count = 20
    children_per_server: Count = 32
    children_per_principal: Count = 8
    calls_per_minute: Count = 600
    bytes_per_minute: Size = _holds("1GiB")
    failed_logins_per_minute: Count = 30


class Timeouts(Section, frozen=True):
    """How long an upstream may take. Listen and GET streams are exempt from ``idle`` and ``total``."""

    connect: Duration = _lasts("5s")
    first_byte: Duration = _lasts("300s")
    idle: Duration = _lasts("300s")
    total: Duration = _lasts("1h")


class Egress(Section, frozen=True):
    """Networks that fetched URLs may reach beside public ones."""

    allow: tuple[str, ...] = ()


class Config(Section, frozen=True):
    """A Doorward configuration."""

    listen: Listen = field(default_factory=Listen)
    admin: Admin = field(default_factory=Admin)
    keys: Keys = field(default_factory=Keys)
    state: State = field(default_factory=State)
    mode: Mode = Mode.AUDIT
    identity: Identity = field(default_factory=Identity)
    servers: dict[ServerName, Server] = {}
    policies: str | None = None
    inspect: Inspect = field(default_factory=Inspect)
    audit: Audit = field(default_factory=Audit)
    alerts: tuple[Plugin, ...] = ()
    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    egress: Egress = field(default_factory=Egress)
