"""What an expression of a policy reads, whether it can fail, and what is left of it without the arguments.

Works on Cedar's JSON policy format. What is not recognized here counts as reading everything, or as able to fail.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from doorward.core.rules import NAMESPACE, TOOL_CALL, Path, Reads, Uid

Node = Any  # an expression of the JSON policy format: a dict with one key, the operator

_MEMBERS = frozenset({"subject", "chain", "time", "source_ip", "client_id"})
_EVERYTHING = Reads(frozenset({((), True)}), frozenset({None}), _MEMBERS)
_OVER_SETS = ("contains", "containsAll", "containsAny")
# Overflow, and tags that may be missing. Constructors (ip, decimal, …) take literals only, which validation has read.
_FAILING = frozenset({"+", "-", "*", "neg", "offset", "durationSince", "toDate", "getTag"})
_TOTAL = frozenset({
    "Value", "Var", "!", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "has", "like", "is", "if-then-else",
    "contains", "containsAll", "containsAny", "isEmpty", "Set", "Record", ".", "ip", "decimal", "datetime", "duration",
    "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "isIpv4", "isIpv6", "isLoopback",
    "isMulticast", "isInRange", "toTime", "toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays",
})  # fmt: skip


def reads(node: Node) -> Reads:
    """What of the context an expression looks at."""
    path = _chain(node)
    if path is not None:
        return _read(path, deep=True)
    operator, operand = next(iter(node.items()))
    if operator == "has":
        base = _chain(operand["left"])
        if base is not None:
            return _read((*base, operand["attr"]), deep=False)
    if operator in _OVER_SETS and _chain(operand["left"]) == ("facts",):
        return Reads(facts=_literals(operand["right"]) or frozenset({None})) | reads(operand["right"])
    found = Reads()
    for child in _children(node):
        found = found | reads(child)
    return found


def _read(path: Path, *, deep: bool) -> Reads:
    if not path:
        return _EVERYTHING
    if path[0] == "arguments":
        return Reads(frozenset({(path[1:], deep and len(path) > 1)} if path[1:] or not deep else {((), True)}))
    if path[0] == "facts":
        return Reads(facts=frozenset({None}))
    return Reads(context=frozenset({path[0]}))


def _chain(node: Node) -> Path | None:
    """``context.a.b`` as ("a", "b"); None for anything else."""
    steps: list[str] = []
    while "." in node:
        steps.append(node["."]["attr"])
        node = node["."]["left"]
    return tuple(reversed(steps)) if node == {"Var": "context"} else None


def _literals(node: Node) -> frozenset[str | None]:
    """The strings of a literal, or of a set of literals; empty where it is neither."""
    elements = node.get("Set", [node])
    values = [element.get("Value") for element in elements]
    return frozenset(values) if all(isinstance(value, str) for value in values) else frozenset()


def can_fail(node: Node) -> bool:
    """Whether evaluation may end in an error although the policy is valid: overflow, an entity that is not there."""
    operator, operand = next(iter(node.items()))
    if operator in _FAILING or operator not in _TOTAL:
        return True
    if operator == "." and not _is_rooted(operand["left"]):
        return True  # an attribute of an entity that is named, and may not exist
    return any(can_fail(child) for child in _children(node))


def _is_rooted(node: Node) -> bool:
    while "." in node:
        node = node["."]["left"]
    return "Var" in node


def conjuncts(conditions: list[Any]) -> Iterator[Node]:
    """The expressions that all must be true for a policy to apply, in order."""
    for condition in conditions:
        if condition["kind"] == "when":
            yield from _split(condition["body"])
        else:
            yield {"!": {"arg": condition["body"]}}


def _split(node: Node) -> Iterator[Node]:
    if "&&" in node:
        yield from _split(node["&&"]["left"])
        yield from _split(node["&&"]["right"])
    else:
        yield node


def without_arguments(parts: list[Node]) -> list[Node]:
    """The parts that can be asked before the arguments are known, without an error that the others would prevent.

    The address may be missing, and what asks for it first may be a part that is left out.
    """
    return [
        part
        for part in parts
        if not (read := reads(part)).caller_text and not can_fail(part) and "source_ip" not in read.context
    ]


def widened(node: Node) -> Node:
    """``action == Action::"tools/call"`` as ``action in``: a tool with a known schema has an action below it."""
    if not isinstance(node, dict):
        return [widened(item) for item in node] if isinstance(node, list) else node
    for operator in ("==", "!="):
        sides = node.get(operator)
        if isinstance(sides, dict) and {"Var": "action"} in sides.values():
            other = sides["right"] if sides["left"] == {"Var": "action"} else sides["left"]
            if entity(other) == _GROUP:
                inside = {"in": {"left": {"Var": "action"}, "right": other}}
                return inside if operator == "==" else {"!": {"arg": inside}}
    if "Value" in node:
        return node
    return {key: widened(child) for key, child in node.items()}


_GROUP = Uid("Action", TOOL_CALL)


def compares_group(node: Node, *, inside: bool = False) -> bool:
    """Whether ``Action::"tools/call"`` stands anywhere but on the right of ``in``, where it would miss its children."""
    if entity(node) == _GROUP:
        return not inside
    if "in" in node and isinstance(node["in"], dict) and "right" in node["in"]:
        return compares_group(node["in"]["left"]) or compares_group(node["in"]["right"], inside=True)
    kept = inside and "Set" in node
    return any(compares_group(child, inside=kept) for child in _children(node))


def prefix_patterns(node: Node) -> bool:
    """Whether an argument is compared with ``like "PREFIX*"``, which ``PREFIX/../elsewhere`` matches too."""
    like = node.get("like")
    if like is not None:
        path, pattern = _chain(like["left"]), like["pattern"]
        return path is not None and path[:1] == ("arguments",) and pattern[:1] != ["Wildcard"] and "Wildcard" in pattern
    return any(prefix_patterns(child) for child in _children(node))


def unguarded_names(nodes: Iterable[Node]) -> bool:
    """Whether the resource's name is compared with ``like "PLACE/*"``, and nothing looks for dots or escapes in it."""
    patterns = [pattern for node in nodes for pattern in _name_patterns(node)]
    placed = any("/" in pattern.partition(_ANYTHING)[0] for pattern in patterns if _ANYTHING in pattern)
    return placed and not all(any(mark in pattern for pattern in patterns) for mark in ("..", "%"))


_ANYTHING = "\0"  # no literal of Cedar's holds it that anybody would write


def _name_patterns(node: Node) -> Iterator[str]:
    like = node.get("like")
    if like is not None and like["left"] == {".": {"left": {"Var": "resource"}, "attr": "name"}}:
        yield "".join(_ANYTHING if part == "Wildcard" else part["Literal"] for part in like["pattern"])
    for child in _children(node):
        yield from _name_patterns(child)


def entities(node: Node) -> Iterator[Uid]:
    """Every entity that an expression names."""
    found = entity(node)
    if found is not None:
        yield found
    for child in _children(node):
        yield from entities(child)


def entity(node: Node) -> Uid | None:
    value = node.get("Value")
    return uid(value["__entity"]) if isinstance(value, dict) and "__entity" in value else None


def uid(written: Any) -> Uid:
    """``{"type": "Doorward::Tool", "id": …}`` as ours; a type of another namespace keeps its whole name."""
    inner = written.get("__entity", written)
    return Uid(inner["type"].removeprefix(f"{NAMESPACE}::"), inner["id"])


def _children(node: Node) -> Iterator[Node]:
    """The expressions right below one."""
    for operator, operand in node.items():
        if operator in ("Value", "Var", "Slot"):
            continue
        if operator == "Record":
            yield from operand.values()
        elif isinstance(operand, list):
            yield from operand
        elif isinstance(operand, dict):
            for name, child in operand.items():
                if name not in ("attr", "pattern", "entity_type"):
                    yield child
