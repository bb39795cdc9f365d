"""Which policies can matter to a question, compiled when first asked for.

A slice holds every rule whose head covers the question, and none else: their heads are taken as decided here, which
spares Cedar most of its work (property test: a slice decides as the whole set does). Rules are indexed by server, so
those of other servers cost nothing.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import cedarpy

from doorward.core.rules import TOOL_CALL, Reads, Rule, Uid, reads_of
from doorward.stages.arguments import Wanted, wanted
from doorward.stages.entities import Parties

K = TypeVar("K")
V = TypeVar("V")

MAX_SLICES = 4096


class Bounded(Generic[K, V]):
    """A mapping that forgets its oldest entry when it is full. Callers' names are in the keys, so it must end."""

    def __init__(self, most: int) -> None:
        self._held: dict[K, V] = {}
        self._most = most

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def put(self, key: K, value: V) -> V:
        if len(self._held) >= self._most:
            for oldest in list(self._held)[: max(1, self._most // 16)]:
                self._held.pop(oldest, None)
        self._held[key] = value
        return value


class Part:
    """Rules that are evaluated together, in the forms that are needed, each parsed once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.reads: Reads = reads_of(rules)

    @cached_property
    def whole(self) -> cedarpy.PolicySet:
        return _policy_set((rule.id, rule.whole) for rule in self.rules.values())

    @cached_property
    def best(self) -> cedarpy.PolicySet:
        """As the arguments may be at best for the caller."""
        return _policy_set((rule.id, rule.best) for rule in self.rules.values())

    @cached_property
    def worst(self) -> cedarpy.PolicySet:
        return _policy_set((rule.id, rule.worst) for rule in self.rules.values())

    @cached_property
    def permits(self) -> "Part":
        return Part([rule for rule in self.rules.values() if rule.effect == "permit"])

    @cached_property
    def wanted(self) -> Wanted:
        return wanted(self.reads.arguments or ())


def _policy_set(forms: Iterable[tuple[str, str | None]]) -> cedarpy.PolicySet:
    held = ",".join(f"{_quoted(name)}:{form}" for name, form in forms if form is not None)
    return cedarpy.PolicySet.from_json_str(f'{{"templates":{{}},"staticPolicies":{{{held}}},"templateLinks":[]}}')


def _quoted(name: str) -> str:
    return '"' + name + '"'  # ids are checked when they are loaded: no quotes, no backslashes


class Slice:
    """``deciding`` rules, and the ``observed`` ones: forbids in audit or warn mode. ``enforced``: those that decide
    whatever the tool's mode is.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.deciding = Part([rule for rule in rules if not rule.observed])
        self.enforced = Part([rule for rule in rules if rule.enforced])
        self.observed = Part([rule for rule in rules if rule.observed])

    @cached_property
    def open(self) -> bool:
        """Whether arguments may change anything."""
        return self.deciding.reads.caller_text or self.observed.reads.caller_text

    @cached_property
    def steady(self) -> bool:
        """Whether nothing but caller, action and resource matters, beside the arguments."""
        return not (self.deciding.reads.context or self.observed.reads.context)


class Slices:
    """All rules, by the server that they are about."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._everywhere: list[Rule] = []
        self._by_server: dict[str, list[Rule]] = {}
        named: set[Uid] = set()
        for rule in rules:
            named |= rule.principal.named | rule.action.named | rule.resource.named
            servers = servers_of(rule)
            for server in servers or ():
                self._by_server.setdefault(server, []).append(rule)
            if servers is None:
                self._everywhere.append(rule)
        self._named = frozenset(named)
        self._slices: Bounded[tuple[object, ...], Slice] = Bounded(MAX_SLICES)
        self._shared: Bounded[tuple[str, ...], Slice] = Bounded(MAX_SLICES)

    def of(self, server: str, asked: Parties) -> Slice:
        """The slice for one question. The same rules are the same slice, whoever asks."""
        key = self._key(server, asked)
        found = self._slices.get(key)
        if found is None:
            rules = [rule for rule in self._rules(server) if covers(rule, asked)]
            ids = tuple(rule.id for rule in rules)
            found = self._slices.put(key, self._shared.get(ids) or self._shared.put(ids, Slice(rules)))
        return found

    def _rules(self, server: str) -> list[Rule]:
        return [*self._by_server.get(server, ()), *self._everywhere]

    def _key(self, server: str, asked: Parties) -> tuple[object, ...]:
        """What can make a difference to a head: names that no head holds are all the same to it."""
        named = self._named
        return (
            server,
            asked.principal.type, asked.principal if asked.principal in named else None, asked.groups & named,
            asked.action if asked.action in named or not asked.actions else TOOL_CALL,
            asked.resource.type, asked.resource if asked.resource in named else None,
        )  # fmt: skip


def covers(rule: Rule, asked: Parties) -> bool:
    """Whether the head of a rule lets a question through."""
    return (
        rule.principal.covers(asked.principal, asked.groups)
        and rule.action.covers(asked.action, asked.actions)
        and rule.resource.covers(asked.resource, asked.servers)
    )


def servers_of(rule: Rule) -> frozenset[str] | None:
    """The servers that a rule can be about, by its head; None: any."""
    for scope, prefix in ((rule.resource, ""), (rule.action, f"{TOOL_CALL}/")):
        if scope.equals is None and scope.within is None:
            continue
        if all(uid.id.startswith(prefix) for uid in scope.named):
            return frozenset(uid.id.removeprefix(prefix).partition("/")[0] for uid in scope.named)
    return None
