"""A policy as the data plane needs it: what it covers, what it reads, and three forms of it (docs/policies.md).

``whole`` is the policy as written. ``best`` and ``worst`` are what is left of it when nothing is known of the
arguments: what a permit or a forbid may do for the caller at best, and at worst. None: nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from doorward.core.policy import Mode, Severity

NAMESPACE = "Doorward"
TOOL_CALL = "tools/call"
ACTIONS = (
    TOOL_CALL,
    "resources/read",
    "resources/subscribe",
    "prompts/get",
    "completion/complete",
    "tasks",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "other",
)
NEEDS_NO_PERMIT = frozenset({"other", "sampling/createMessage", "elicitation/create", "roots/list"})
"""Actions that only a ``forbid`` refuses: what permits them is the grant for the server, which brings the handshake and
the lists, or ``servers.X.server_requests``.
"""
PRINCIPALS = ("User", "Agent", "Anonymous")
RESOURCES = ("Server", "Tool", "Prompt", "Resource", "Task")

DEFAULT_DENY = "default-deny"
UNKNOWN_TOOL = "unknown-tool"
POLICY_ERROR = "policy-error"
UNREADABLE = "unreadable-argument"
BUILT_IN = frozenset({DEFAULT_DENY, UNKNOWN_TOOL, POLICY_ERROR, UNREADABLE})
"""Ids of rules that no file holds."""

Effect = Literal["permit", "forbid"]
Path = tuple[str, ...]


class Uid(msgspec.Struct, frozen=True):
    """An entity of the namespace ``Doorward``: ``Uid("Tool", "crm/find")``."""

    type: str
    id: str

    def __str__(self) -> str:
        return f'{NAMESPACE}::{self.type}::"{"".join(map(_escaped, self.id))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


class Scope(msgspec.Struct, frozen=True):
    """One part of a policy's head. ``kind``: ``is``; ``equals``: ``==``; ``within``: ``in``, any of them."""

    kind: str | None = None
    equals: Uid | None = None
    within: frozenset[Uid] | None = None

    def covers(self, uid: Uid, parents: frozenset[Uid]) -> bool:
        """Whether the head lets this entity through; ``parents`` are all that it is in."""
        if self.kind is not None and uid.type != self.kind:
            return False
        if self.equals is not None and uid != self.equals:
            return False
        return self.within is None or uid in self.within or not parents.isdisjoint(self.within)

    @property
    def named(self) -> frozenset[Uid]:
        return (self.within or frozenset()) | ({self.equals} if self.equals is not None else frozenset())


class Reads(msgspec.Struct, frozen=True):
    """What of the context a policy looks at.

    ``arguments``: paths below ``context.arguments``, each with whether the whole value matters (else only that it is
    there); None: it does not look there at all. ``facts``: names; None in it stands for all. ``context``: others.
    """

    arguments: frozenset[tuple[Path, bool]] | None = None
    facts: frozenset[str | None] = frozenset()
    context: frozenset[str] = frozenset()

    @property
    def caller_text(self) -> bool:
        """Whether the answer may depend on the arguments, themselves or by facts."""
        return self.arguments is not None or bool(self.facts)

    def __or__(self, other: "Reads") -> "Reads":
        arguments = self.arguments
        if other.arguments is not None:
            arguments = other.arguments if arguments is None else arguments | other.arguments
        return Reads(arguments, self.facts | other.facts, self.context | other.context)


class Rule(msgspec.Struct, frozen=True):
    """One policy. The three forms are Cedar's JSON policy format, their heads open: slices have applied the scopes."""

    id: str
    effect: Effect
    severity: Severity
    mode: Mode | None
    message: str
    file: str
    line: int
    text: str
    principal: Scope
    action: Scope
    resource: Scope
    reads: Reads
    whole: str
    best: str | None
    worst: str | None

    @property
    def observed(self) -> bool:
        """A ``forbid`` in audit or warn mode: evaluated and recorded, never deciding."""
        return self.mode is not None and not self.mode.enforcing

    @property
    def enforced(self) -> bool:
        """A ``forbid`` that brings an enforcing mode of its own: it decides where the tool is in audit or warn, too."""
        return self.mode is not None and self.mode.enforcing


class Shape(msgspec.Struct, frozen=True):
    """The Cedar type of an argument: ``String``, ``Long``, ``Boolean``, ``Set`` of ``item``, ``Record`` of members."""

    kind: Literal["String", "Long", "Boolean", "Set", "Record"]
    item: str = ""
    members: Mapping[str, "Shape"] = {}


NO_ARGUMENTS = Shape("Record")


class ToolFacts(msgspec.Struct, frozen=True):
    """What is known of a tool: the shape of its arguments, and what an approved manifest says of its effect."""

    shape: Shape = NO_ARGUMENTS
    read_only: bool = False
    destructive: bool = True


def tool_action(server: str, tool: str) -> Uid:
    """The action of one tool with a known schema. A server's id holds no slash, so no two tools share one."""
    return Uid("Action", f"{TOOL_CALL}/{server}/{tool}")


def action_of(method: str) -> str:
    """The action for a method: itself where it has one, ``tasks`` for all of them, else ``other``."""
    if method in ACTIONS:
        return method
    if method.startswith("tasks/"):
        return "tasks"
    return "resources/subscribe" if method == "resources/unsubscribe" else "other"


def reads_of(rules: Iterable[Rule]) -> Reads:
    """What several policies read together."""
    whole = Reads()
    for rule in rules:
        whole = whole | rule.reads
    return whole
