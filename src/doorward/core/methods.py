"""What MCP says about each method, as one table: who sends it, what names its target, what must stay byte-exact.

The table adds labels and exemptions only. A method that is not in it passes all the same, as UNKNOWN: nothing is
allowed or refused for being new.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
"""Every protocol revision that is carried, oldest first."""

LEGACY = frozenset(REVISIONS[:4])
"""Revisions with a handshake and sessions; the others are modern: stateless, one request at a time."""

_BATCHING = frozenset({"2024-11-05", "2025-03-26"})  # MCP 2025-06-18 changelog: batching removed


def is_modern(version: str) -> bool:
    """Whether the revision is stateless (2026-07-28 on). Revisions are dates: a later one is modern too."""
    return version >= "2026-07-28"


def allows_batches(version: str) -> bool:
    """Whether a body may be a JSON array of messages in this revision."""
    return version in _BATCHING


# --- names of members, and the spellings that another reader could take for them

_FOLD = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)} | {0x17F: "s", 0x212A: "k"}


def fold(name: str) -> str:
    """`name` as a reader that ignores case compares it: ASCII letters, U+017F as s, U+212A as k."""
    return name.lower() if name.isascii() else name.translate(_FOLD)


class Names(msgspec.Struct, frozen=True):
    """Reserved member names, exact and folded."""

    exact: frozenset[str]
    folded: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> "Names":
        """The reserved names in these spellings."""
        exact = frozenset(names)
        return cls(exact, frozenset(map(fold, exact)))

    def has_variant(self, members: Iterable[str]) -> bool:
        """Whether a member is spelt unlike a reserved name but folds to it."""
        return any(name not in self.exact and fold(name) in self.folded for name in members)


META_PREFIX = "io.modelcontextprotocol/"
_META = Names.of(
    META_PREFIX + name
    for name in (
        "protocolVersion",
        "clientInfo",
        "clientCapabilities",
        "logLevel",
        "serverInfo",
        "subscriptionId",
        "related-task",
        "model-immediate-response",
    )
)

META_NAMES = _META.exact | {"progressToken", "traceparent", "tracestate", "baggage"}
"""Members of `_meta` whose spelling is known to be right."""


def has_meta_variant(members: Iterable[str]) -> bool:
    """Whether a member of `_meta` is one of the protocol's own, or like another one of them, but for its case.

    The prefix is the protocol's whatever follows: names that this table does not know come with later revisions.
    """
    seen: set[str] = set()
    for name in members:
        folded = fold(name)
        if folded.startswith(META_PREFIX):
            if folded in seen or not name.startswith(META_PREFIX):
                return True
            seen.add(folded)
    return _META.has_variant(members)


# --- the table

Sender = Literal["client", "server", "both"]

_EVERYWHERE = frozenset(
    {
        "/jsonrpc",
        "/id",
        "/method",
        "/params/_meta/progressToken",
        "/params/_meta/traceparent",
        "/params/_meta/tracestate",
        "/params/_meta/io.modelcontextprotocol~1protocolVersion",
        "/params/_meta/io.modelcontextprotocol~1subscriptionId",
        "/params/_meta/io.modelcontextprotocol~1related-task/taskId",
        "/result/_meta/io.modelcontextprotocol~1subscriptionId",
        "/result/_meta/io.modelcontextprotocol~1related-task/taskId",
    }
)


class Method(msgspec.Struct, frozen=True):
    """What is known about one method.

    `direction` is who sends it, `label` its name in metrics and records (bounded: `other` where unknown). `name_param`
    is the member of `params` that names its target. `opaque` holds JSON pointers, from the top of the request and of
    its response, of values that are never redacted; `*` stands for an array index. `reserved` are the members of
    `params` that the protocol defines, in every revision together; `tokens` those of them that are ids. `inside` are
    the members of those objects in `params` that decide what is asked for. A `safe` call has no side effect and may be
    sent again. `revisions` are those that know the method.
    """

    name: str
    direction: Sender
    label: str
    name_param: str | None
    opaque: frozenset[str]
    reserved: Names
    tokens: tuple[str, ...]
    safe: bool
    revisions: frozenset[str]
    inside: Mapping[str, Names] = MappingProxyType({})

    @property
    def is_notification(self) -> bool:
        """Whether the protocol sends it without an id."""
        return self.name.startswith("notifications/")

    def is_opaque(self, pointer: str) -> bool:
        """Whether the value at `pointer` must stay byte for byte."""
        return is_opaque(pointer, self.opaque)


_ALL = frozenset(REVISIONS)
_MODERN = _ALL - LEGACY
_FROM_2025_06 = frozenset(REVISIONS[2:4])
_FROM_2025_11 = frozenset(REVISIONS[3:])
_ONLY_2025_11 = frozenset(REVISIONS[3:4])


def _method(
    name: str,
    direction: Sender,
    members: str = "",
    *,
    target: str | None = None,
    opaque: str = "",
    tokens: str = "",
    safe: bool = False,
    revisions: frozenset[str] = _ALL,
    inside: Mapping[str, str] = MappingProxyType({}),
) -> Method:
    return Method(
        name=name,
        direction=direction,
        label=name or "other",
        name_param=target,
        opaque=_EVERYWHERE | frozenset(opaque.split()),
        reserved=Names.of(["_meta", *members.split()]),
        tokens=tuple(tokens.split()),
        safe=safe,
        revisions=revisions,
        inside=MappingProxyType({member: Names.of(names.split()) for member, names in inside.items()}),
    )


_CURSORS = "/params/cursor /result/nextCursor"
_STATE = "/params/requestState /result/requestState"  # MCP 2026-07-28 basic/patterns/mrtr: sent back exactly
_TASK = "/params/taskId /result/taskId"

_ROWS = (
    _method("initialize", "client", "protocolVersion capabilities clientInfo", revisions=LEGACY,
            opaque="/params/protocolVersion /result/protocolVersion"),
    _method("server/discover", "client", safe=True, revisions=_MODERN, opaque="/result/supportedVersions/*"),
    _method("ping", "both", safe=True, revisions=LEGACY),
    _method("tools/list", "client", "cursor", safe=True, opaque=_CURSORS),
    _method("tools/call", "client", "name arguments inputResponses requestState task", target="name",
            opaque=_STATE + " /result/taskId /result/task/taskId"),
    _method("resources/list", "client", "cursor", safe=True, opaque=_CURSORS),
    _method("resources/templates/list", "client", "cursor", safe=True, opaque=_CURSORS),
    _method("resources/read", "client", "uri inputResponses requestState", target="uri", safe=True, opaque=_STATE),
    _method("resources/subscribe", "client", "uri", target="uri", revisions=LEGACY),
    _method("resources/unsubscribe", "client", "uri", target="uri", revisions=LEGACY),
    _method("prompts/list", "client", "cursor", safe=True, opaque=_CURSORS),
    _method("prompts/get", "client", "name arguments inputResponses requestState", target="name", safe=True,
            opaque=_STATE),
    _method("completion/complete", "client", "ref argument context",
            inside={"ref": "type name uri", "argument": "name value"}),
    _method("logging/setLevel", "client", "level", revisions=LEGACY, opaque="/params/level"),
    _method("subscriptions/listen", "client", "notifications", revisions=_MODERN,
            inside={"notifications": "resourceSubscriptions taskIds"}),
    # Tasks: both ways in 2025-11-25, an extension of 2026-07-28 (SEP-2663).
    _method("tasks/get", "both", "taskId", target="taskId", opaque=_TASK, revisions=_FROM_2025_11),
    _method("tasks/update", "client", "taskId inputResponses", target="taskId", opaque=_TASK, revisions=_MODERN),
    _method("tasks/cancel", "both", "taskId", target="taskId", opaque=_TASK, revisions=_FROM_2025_11),
    _method("tasks/result", "both", "taskId", target="taskId", opaque=_TASK, revisions=_ONLY_2025_11),
    _method("tasks/list", "both", "cursor", safe=True, opaque=_CURSORS + " /result/tasks/*/taskId",
            revisions=_ONLY_2025_11),
    # What a legacy server asks the client; embedded in results and inputResponses since 2026-07-28.
    _method("sampling/createMessage", "server",
            "messages modelPreferences systemPrompt includeContext temperature maxTokens stopSequences metadata tools"
            " toolChoice task", revisions=LEGACY, opaque="/result/task/taskId"),
    _method("elicitation/create", "server", "mode message requestedSchema url elicitationId task",
            revisions=_FROM_2025_06, opaque="/params/elicitationId /result/task/taskId"),
    _method("roots/list", "server", safe=True, revisions=LEGACY),
    _method("notifications/initialized", "client", revisions=LEGACY),
    _method("notifications/cancelled", "both", "requestId reason", tokens="requestId", opaque="/params/requestId"),
    _method("notifications/progress", "both", "progressToken progress total message", tokens="progressToken",
            opaque="/params/progressToken"),
    _method("notifications/message", "server", "level logger data", opaque="/params/level"),
    _method("notifications/resources/updated", "server", "uri", target="uri"),
    _method("notifications/resources/list_changed", "server"),
    _method("notifications/tools/list_changed", "server"),
    _method("notifications/prompts/list_changed", "server"),
    _method("notifications/roots/list_changed", "client", revisions=LEGACY),
    _method("notifications/subscriptions/acknowledged", "server", "notifications", revisions=_MODERN),
    _method("notifications/elicitation/complete", "server", "elicitationId", revisions=_ONLY_2025_11,
            opaque="/params/elicitationId"),
    _method("notifications/tasks/status", "both", "taskId status statusMessage", target="taskId",
            opaque="/params/taskId", revisions=_ONLY_2025_11),
    _method("notifications/tasks", "server", "taskId status statusMessage", target="taskId", opaque="/params/taskId",
            revisions=_MODERN),
)  # fmt: skip

METHODS: Mapping[str, Method] = MappingProxyType({row.name: row for row in _ROWS})
"""Every method of every revision, by its name."""

UNKNOWN = _method("", "both")
"""What is assumed of a method that the table does not hold: only `_meta` is reserved, and it is not safe to repeat."""

OPAQUE: frozenset[str] = frozenset().union(*(row.opaque for row in _ROWS))
"""The opaque pointers of all methods together, for a walk that does not know the method (as of a response)."""


def method_entry(name: str) -> Method:
    """The table's entry for a method, UNKNOWN for one that it does not hold."""
    return METHODS.get(name, UNKNOWN)


def is_opaque(pointer: str, pointers: frozenset[str] = OPAQUE) -> bool:
    """Whether the value at `pointer` (from the top of a message) must stay byte for byte.

    Places, not names: a member called `cursor` inside `arguments` is the caller's own text, and is no exemption.
    """
    if pointer in pointers:
        return True
    return "/".join("*" if step.isdecimal() else step for step in pointer.split("/")) in pointers
