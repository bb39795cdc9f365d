"""How much work a JSON Schema can ask for: how often one value may be judged, at each depth of what is judged.

A validator follows ``allOf``, ``anyOf`` and ``$ref`` without remembering where it has been, so a few lines of schema
can double the work with every level. A server writes the schema, and a caller or the server what is judged.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_ONE_IN_PLACE = ("not", "if", "then", "else")
_MANY_IN_PLACE = ("allOf", "anyOf", "oneOf")
_NAMED_IN_PLACE = ("dependentSchemas", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_OF_ANY_MEMBER = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_OF_ANY_ELEMENT = ("items", "additionalItems", "contains", "unevaluatedItems")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")  # RFC 3986 section 2.1
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

MAX_SUBSCHEMAS = 4096
MAX_COMPARED = 1 << 26

Edge = tuple[str | None, int]
"""Where else a subschema looks: at the value itself (None), any member ("{") or one ("{name"), any element ("[") or one
("[1"); and with which one."""


class CostlyError(ValueError):
    """The schema asks for too much, or for what cannot be told without running it."""


class Costs(msgspec.Struct, frozen=True):
    """For a value nested 0, 1, … levels deep: the most subschemas that one path down through it can meet.

    ``converged``: deeper values cost no more than the last level.
    """

    levels: tuple[int, ...]
    converged: bool

    def at(self, depth: int) -> int | None:
        """None: more than was worth counting."""
        if depth < len(self.levels):
            return self.levels[depth]
        return self.levels[-1] if self.converged else None


def costs(schema: Any, depth: int, most: int) -> Costs:
    """Counted for ``depth`` levels, or until one is over ``most``.

    Raises CostlyError where level 0 is over it already, where a subschema leads back to itself in place, for more than
    ``MAX_SUBSCHEMAS``, and for a reference that leads out of the schema.
    """
    edges = _Graph(schema).edges
    order = _in_place_order(edges)
    levels: list[int] = []
    below: list[int] = [0] * len(edges)
    for _ in range(depth + 1):
        # No value is an object and an array at once: the branches for the one do not add to those for the other.
        here = [max(pair) for pair in zip(*(_level(edges, order, below, kind, most) for kind in "{["), strict=True)]
        if here[0] > most:
            break
        levels.append(here[0])
        if here == below:
            return Costs(tuple(levels), converged=True)
        below = here
    if not levels:
        raise CostlyError("too much work for any value")
    return Costs(tuple(levels), converged=False)


def comparisons(schema: Any, depth: int) -> int:
    """With how much one path down through a value can be compared by ``enum``, in the measure of ``costs``.

    Up to ``MAX_COMPARED``, which stands for all that is more.
    """
    graph = _Graph(schema)
    own = [_enumerated(node) for node in graph.nodes]
    if not any(own):
        return 0
    order = _in_place_order(graph.edges)
    below = [0] * len(own)
    for _ in range(depth + 1):
        pairs = zip(*(_level(graph.edges, order, below, kind, MAX_COMPARED, own) for kind in "{["), strict=True)
        here = [max(pair) for pair in pairs]
        if here == below:
            break
        below = here
    return min(below[0], MAX_COMPARED)


def _enumerated(node: dict[str, Any]) -> int:
    """The members of an ``enum`` that a value may be held against one by one. Texts alone are looked up."""
    members = node.get("enum")
    if not isinstance(members, list) or all(isinstance(member, str) for member in members):
        return 0
    return sum(map(_weight, members))


def _weight(member: Any) -> int:
    """Measured: 15 ns a text, 250 ns a whole number, 150 ns a container and what it holds, 1.4 us a fraction."""
    if isinstance(member, dict | list):
        inside = member.values() if isinstance(member, dict) else member
        return 3 + sum(map(_weight, inside))
    if isinstance(member, str | bool) or member is None:
        return 1
    if isinstance(member, int) and -(1 << 63) <= member < 1 << 63:
        return 5
    return 28 + len(str(member))


def _level(
    edges: list[list[Edge]], order: list[int], below: list[int], kind: str, most: int, own: list[int] | None = None
) -> list[int]:
    """What each node can meet at an object ("{") or an array ("["), from what each can meet one level below. ``own``:
    what it is itself, if not one.
    """
    here = [0] * len(edges)
    for node in order:
        itself = 1 if own is None else own[node]
        here[node] = min(itself + _met(edges[node], here, below, kind), most + 1)
    return here


def _met(edges: list[Edge], here: list[int], below: list[int], kind: str) -> int:
    """How many subschemas one node leads to: those in place, and those for the child that costs most."""
    met = of_any = 0
    of_one: dict[str, int] = {}
    for label, target in edges:
        if label is None:
            met += here[target]
        elif label == kind:
            of_any += below[target]
        elif label[0] == kind:
            of_one[label] = of_one.get(label, 0) + below[target]
    return met + of_any + max(of_one.values(), default=0)


def _in_place_order(edges: list[list[Edge]]) -> list[int]:
    """Every node after those that it leads to in place."""
    order: list[int] = []
    state = [0] * len(edges)  # 1: begun, 2: done
    for first in range(len(edges)):
        stack = [first]
        while stack:
            node = stack[-1]
            if state[node] == 0:
                state[node] = 1
                waiting = [target for label, target in edges[node] if label is None and state[target] != 2]
                if any(state[target] == 1 for target in waiting):
                    raise CostlyError("a subschema leads back to itself")
                stack += waiting
                continue
            stack.pop()
            if state[node] == 1:
                state[node] = 2
                order.append(node)
    return order


class _Graph:
    """The subschemas that can be reached from the top, which is node 0."""

    def __init__(self, schema: Any) -> None:
        self.edges: list[list[Edge]] = []
        self.nodes: list[dict[str, Any]] = []
        self._schema = schema
        self._numbers: dict[int, int] = {}
        self._waiting: list[dict[str, Any]] = []
        self._anchors = _anchors(schema)
        self._number(schema if isinstance(schema, dict) else {})
        while self._waiting:
            node = self._waiting.pop()
            self.edges[self._numbers[id(node)]] = self._edges_of(node)

    def _number(self, node: dict[str, Any]) -> int:
        number = self._numbers.get(id(node))
        if number is None:
            if len(self.edges) == MAX_SUBSCHEMAS:
                raise CostlyError("too many subschemas")
            number = self._numbers[id(node)] = len(self.edges)
            self.edges.append([])
            self.nodes.append(node)
            self._waiting.append(node)
        return number

    def _edges_of(self, node: dict[str, Any]) -> list[Edge]:
        found: list[tuple[str | None, Any]] = [(None, node.get(name)) for name in _ONE_IN_PLACE]
        found += [(None, child) for name in _MANY_IN_PLACE for child in _elements(node.get(name))]
        found += [(None, child) for name in _NAMED_IN_PLACE for _, child in _named(node.get(name))]
        found += [(None, child) for name in _REFERENCES for child in self._targets(node.get(name))]
        found += [("{" + name, child) for name, child in _named(node.get("properties"))]
        found += [("{", child) for _, child in _named(node.get("patternProperties"))]
        found += [("{", node.get(name)) for name in _OF_ANY_MEMBER]
        found += [("[", node.get(name)) for name in _OF_ANY_ELEMENT]
        for name in ("prefixItems", "items"):  # ``items`` was a list of schemas up to 2019-09
            found += [(f"[{index}", child) for index, child in enumerate(_elements(node.get(name)))]
        return [(label, self._number(child)) for label, child in found if isinstance(child, dict)]

    def _targets(self, reference: Any) -> list[Any]:
        if not isinstance(reference, str):
            return []
        if not reference.startswith("#"):
            raise CostlyError("a reference leads out of the schema")
        fragment = _ESCAPED.sub(_unescaped, reference[1:])
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment, [])
        return [self._at(fragment)]

    def _at(self, pointer: str) -> Any:
        value = self._schema
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
                value = value[int(name)]
            else:
                return None  # the validator refuses it by itself
        return value


def _unescaped(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _anchors(schema: Any) -> dict[str, list[Any]]:
    """Every subschema with an anchor. A schema within the schema, with an ``$id`` of its own, is not followed."""
    found: dict[str, list[Any]] = {}
    for value in objects(schema):
        if value is not schema and isinstance(value.get("$id"), str):
            raise CostlyError("a schema within the schema")
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(value.get(name), str):
                found.setdefault(value[name], []).append(value)
    return found


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema, whatever it stands for there."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield value
            waiting += value.values()
