"""What is done about findings, and about what nobody can look into: for all, for one server, for some of its tools."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from doorward.core.policy import Names

RESULTS, ARGUMENTS = "results", "arguments"
"""The directions: server to client, and client to server."""

SECRET = "SECRET"

_EFFECTS = ("detect", "redact", "block")
_BINARY = ("pass", "strip", "block")


class Action(msgspec.Struct, frozen=True):
    """What is done about one entity in one direction."""

    effect: str  # "detect", "redact" or "block"
    severity: int = 3
    threshold: float = 0.5


_DEFAULT = {RESULTS: Action("redact"), ARGUMENTS: Action("detect")}
_DEFAULT_OF_SECRETS = {RESULTS: Action("redact", 4), ARGUMENTS: Action("block", 4)}


def default_action(entity: str, direction: str) -> Action:
    """Where nothing is configured: results are redacted; arguments are what somebody chose to send, so personal data
    in them is only told of, and a secret stays here.
    """
    return (_DEFAULT_OF_SECRETS if entity == SECRET else _DEFAULT)[direction]


class Expression(Protocol):
    """A compiled regular expression (RE2)."""

    def fullmatch(self, text: str, /) -> object: ...


class Allow(msgspec.Struct, frozen=True):
    """Values that are no finding, whatever a detector says: compared whole, case aside."""

    values: frozenset[str] = frozenset()
    expressions: tuple[Expression, ...] = ()

    def __contains__(self, value: str) -> bool:
        return value.strip().casefold() in self.values or any(e.fullmatch(value) for e in self.expressions)

    def __or__(self, other: "Allow") -> "Allow":
        return Allow(self.values | other.values, self.expressions + other.expressions)


class Looking(msgspec.Struct, frozen=True):
    """What holds for one call. ``binary``: "pass", "strip" or "block" what is neither text nor can be decoded to it."""

    actions: Mapping[tuple[str, str], Action] = {}  # (entity, direction) -> what to do
    allow: Allow = Allow()
    binary: str = "pass"

    def action(self, entity: str, direction: str) -> Action:
        return self.actions.get((entity, direction)) or default_action(entity, direction)


class LookRule(msgspec.Struct, frozen=True):
    """What a server, or some of its tools, want otherwise. ``names`` None: all of the server. ``binary`` None: as it
    is.
    """

    names: Names | None = None
    actions: Mapping[tuple[str, str], Action] = {}
    allow: Allow = Allow()
    binary: str | None = None


def looking(whole: Looking, rules: Iterable[LookRule], tool: str | None) -> Looking:
    """The nearest setting wins: the tool's, then the server's, then the whole. Of several globs that match one tool,
    the stricter.
    """
    actions, allow, binary = dict(whole.actions), whole.allow, whole.binary
    nearest: dict[tuple[str, str], Action] = {}
    nearest_binary: str | None = None
    for rule in rules:
        if rule.names is None:
            actions.update(rule.actions)
            binary = rule.binary or binary
        elif tool is not None and tool in rule.names:
            for place, action in rule.actions.items():
                nearest[place] = max(nearest.get(place, action), action, key=_strictness)
            if rule.binary is not None:
                nearest_binary = max(nearest_binary or rule.binary, rule.binary, key=_BINARY.index)
        else:
            continue
        allow = allow | rule.allow
    return Looking({**actions, **nearest}, allow, nearest_binary or binary)


def strictest(whole: Looking, rules: Iterable[LookRule]) -> Looking:
    """What holds for a message that may be any tool's: of everything that is set for one the strictest, and of the
    values that are allowed those that are allowed to all.
    """
    base = looking(whole, rules, None)
    actions, binary = dict(base.actions), base.binary
    for rule in rules:
        if rule.names is None:
            continue
        for place, action in rule.actions.items():
            actions[place] = max(actions.get(place) or default_action(*place), action, key=_strictness)
        binary = max(binary, rule.binary or binary, key=_BINARY.index)
    return Looking(actions, base.allow, binary)


def _strictness(action: Action) -> tuple[int, int, float]:
    return _EFFECTS.index(action.effect), action.severity, -action.threshold
