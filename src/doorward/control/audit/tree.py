"""The calls of one trace as a tree: an agent calls a tool behind which another agent calls the next one.

A call hangs under the one whose server made it. That is known by its span, where the server handed on the context that
it was given (``servers.X.trace: propagate``, docs/traces.md); else it is the latest call that was under way then and
that the next agent in its ``act`` had made; else the shortest that another caller had under way all the while. What
hangs by its span is as good as the word of who wrote the trace context: a trace is never a proof.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from doorward.core.audit import milliseconds
from doorward.core.tracing import span_id_of

By = Literal["", "span", "act", "time"]

DEEPEST = 100
"""Levels; what would be deeper begins at the top again, for nobody's agents do that."""

_ENDLESS = 1 << 62


class Node(msgspec.Struct):
    """One call. ``by``: how it is known where it hangs; empty at the top. Times are milliseconds since the epoch."""

    record: Mapping[str, Any]
    span_id: str
    start: float
    end: float
    by: By = ""
    below: "list[Node]" = []

    @property
    def who(self) -> str:
        return _text(self.record, "identity")


def tree(records: Iterable[Mapping[str, Any]]) -> list[Node]:
    """The calls at the top, the oldest first, each with those below it. Of an exchange the outcome counts, and the
    intent where there is none yet. What is no exchange, or has no time, is left out.
    """
    nodes = sorted(_nodes(records), key=lambda node: (node.start, node.end, node.span_id))
    by_span = {node.span_id: node for node in nodes}
    parents: dict[str, Node] = {}
    top: list[Node] = []
    for node in nodes:
        parent, by = _parent(node, nodes, by_span)
        if parent is None or _hangs_under(parent, node, parents):
            top.append(node)
            continue
        parents[node.span_id] = parent
        node.by = by
        parent.below.append(node)
    return _flattened(top)


def _nodes(records: Iterable[Mapping[str, Any]]) -> Iterator[Node]:
    found: dict[str, Mapping[str, Any]] = {}
    for record in records:
        exchange_id = _text(record, "exchange_id")
        if record.get("kind") == "exchange" and (exchange_id not in found or record.get("phase") == "outcome"):
            found[exchange_id] = record
    for exchange_id, record in found.items():
        try:
            at = milliseconds(_text(record, "timestamp"))
        except ValueError:
            continue
        span_id = span_id_of(exchange_id)
        if record.get("phase") != "outcome":
            yield Node(record, span_id, at, _ENDLESS)
        else:
            took = record.get("latency_ms")
            yield Node(record, span_id, at - (took if isinstance(took, (int, float)) else 0), at)


def _parent(node: Node, nodes: Sequence[Node], by_span: Mapping[str, Node]) -> tuple[Node | None, By]:
    caller = by_span.get(_text(node.record, "span_id"))
    if caller is not None and caller is not node:
        return caller, "span"
    under_way = [other for other in nodes if other is not node and other.start <= node.start <= other.end]
    act = node.record.get("act")
    before = str(act[0]) if isinstance(act, (list, tuple)) and act else ""
    theirs = [other for other in under_way if before and other.who == before]
    if theirs:
        return max(theirs, key=lambda other: (other.start, other.span_id)), "act"
    around = [other for other in under_way if other.end >= node.end and other.who != node.who]
    if around:
        return min(around, key=lambda other: (other.end - other.start, other.span_id)), "time"
    return None, ""


def _hangs_under(node: Node, other: Node, parents: Mapping[str, Node]) -> bool:
    """Whether a call is, or hangs somewhere under, another one: whoever makes up spans could make a ring of them."""
    at: Node | None = node
    while at is not None:
        if at is other:
            return True
        at = parents.get(at.span_id)
    return False


def _flattened(top: list[Node]) -> list[Node]:
    level = top
    for _ in range(1, DEEPEST):
        level = [below for node in level for below in node.below]
    cut = [below for node in level for below in node.below]
    for node in level:
        node.below = []
    for node in cut:
        node.by = ""
    return [*top, *_flattened(cut)] if cut else top


def as_json(top: Iterable[Node]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "exchange_id": _text(node.record, "exchange_id"),
            "span_id": node.span_id,
            "by": node.by,
            **{name: node.record.get(name) for name in _TOLD},
            "calls": as_json(node.below),
        }
        for node in top
    ]


_TOLD = (
    *("timestamp", "identity", "act", "mcp_server", "tool_name", "method", "decision", "reason", "would_have"),
    *("latency_ms", "gateway_ms", "redaction_count", "entities"),
)


def _text(record: Mapping[str, Any], member: str) -> str:
    value = record.get(member)
    return value if isinstance(value, str) else ""
