import random
from typing import Any

import pytest

from doorward.control.audit.tree import DEEPEST, Node, as_json, tree
from doorward.core.audit import timestamp
from doorward.core.tracing import span_id_of

BASE = 1_795_000_000.0


def call(
    exchange: str, who: str, begin: int, end: int | None, *, parent: str = "", act: tuple[str, ...] = (), **fields: Any
) -> dict[str, Any]:
    """``begin`` and ``end`` in milliseconds; ``parent``: the exchange whose span it names, or a span id."""
    at = begin if end is None else end
    return {
        "kind": "exchange",
        "phase": "intent" if end is None else "outcome",
        "exchange_id": exchange,
        "identity": who,
        "act": list(act),
        "span_id": parent if len(parent) == 16 else span_id_of(parent) if parent else "",
        "timestamp": timestamp(BASE + at / 1000),
        "latency_ms": None if end is None else float(end - begin),
        **fields,
    }


def shape(top: list[Node]) -> list[Any]:
    return [(node.record["exchange_id"], node.by, *shape(node.below)) for node in top]


CHAIN = [
    call("a", "agent:boss", 0, 1000),
    call("b", "agent:researcher", 100, 900, parent="a", act=("agent:boss",)),
    call("c", "agent:crm", 200, 800, parent="b", act=("agent:researcher", "agent:boss")),
]


def test_a_chain_hangs_together_by_its_spans_in_any_order() -> None:
    expected = [("a", "", ("b", "span", ("c", "span")))]
    for seed in range(6):
        shuffled = CHAIN.copy()
        random.Random(seed).shuffle(shuffled)
        assert shape(tree(shuffled)) == expected


def test_without_spans_it_hangs_by_whom_each_acts_for() -> None:
    bare = [record | {"span_id": ""} for record in CHAIN]
    assert shape(tree(bare)) == [("a", "", ("b", "act", ("c", "act")))]
    spans_of_their_own = [record | {"span_id": f"{number:016x}"} for number, record in enumerate(CHAIN, 1)]
    assert shape(tree(spans_of_their_own)) == [("a", "", ("b", "act", ("c", "act")))]


def test_without_either_it_hangs_by_time() -> None:
    bare = [record | {"span_id": "", "act": []} for record in CHAIN]
    assert shape(tree(bare)) == [("a", "", ("b", "time", ("c", "time")))]


def test_by_act_it_is_the_latest_that_was_under_way() -> None:
    records = [
        call("ended", "agent:boss", 0, 50),
        call("first", "agent:boss", 60, 1000),
        call("second", "agent:boss", 80, 1000),
        call("later", "agent:boss", 200, 1000),
        call("x", "agent:researcher", 100, 900, act=("agent:boss",)),
    ]
    assert shape(tree(records)) == [
        ("ended", ""),
        ("first", ""),
        ("second", "", ("x", "act")),
        ("later", ""),
    ]


def test_one_who_does_two_things_at_a_time_calls_neither_of_the_other() -> None:
    records = [call("a", "agent:one", 0, 100), call("b", "agent:one", 10, 90), call("c", "agent:two", 20, 80)]
    assert shape(tree(records)) == [("a", ""), ("b", "", ("c", "time"))]


def test_what_overlaps_without_being_inside_hangs_nowhere_by_time() -> None:
    assert shape(tree([call("a", "agent:one", 0, 100), call("b", "agent:two", 50, 150)])) == [("a", ""), ("b", "")]


def test_a_call_that_is_open_may_hold_others() -> None:
    records = [call("a", "agent:one", 0, None), call("b", "agent:two", 50, 150), call("c", "agent:two", 160, None)]
    assert shape(tree(records)) == [("a", "", ("b", "time"), ("c", "time"))]


def test_of_an_exchange_the_outcome_counts_and_nothing_else_is_a_call() -> None:
    records = [
        call("a", "agent:one", 0, None),
        call("a", "agent:one", 0, 100, decision="deny"),
        call("a", "agent:one", 0, None),
        call("n", "agent:one", 5, 6) | {"kind": "message"},
        call("z", "agent:one", 5, 6) | {"timestamp": "never"},
    ]
    (node,) = tree(records)
    assert node.record["decision"] == "deny"


def test_a_span_is_believed_before_anything_else_even_against_the_clock() -> None:
    """Two gateways have two clocks."""
    records = [call("a", "agent:one", 500, 900), call("b", "agent:two", 100, 1200, parent="a", act=("agent:three",))]
    assert shape(tree(records)) == [("a", "", ("b", "span"))]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_ring_of_made_up_spans_ends(size: int) -> None:
    records = [call(f"x{n}", "agent:one", n, 100, parent=f"x{(n + 1) % size}") for n in range(size)]
    top = tree(records)

    def count(nodes: list[Node]) -> int:
        return sum(1 + count(node.below) for node in nodes)

    assert count(top) == size
    assert len(top) == 1


def test_a_chain_that_nobody_believes_is_cut_into_pieces() -> None:
    size = 2 * DEEPEST + 7
    records = [call("x0", "agent:one", 0, 9000)]
    records += [call(f"x{n}", f"agent:{n}", n, 9000 - n, parent=f"x{n - 1}") for n in range(1, size)]
    top, seen = tree(records), []
    for node in top:
        level = [node]
        while level:
            (found,) = level
            seen.append(found.record["exchange_id"])
            level = found.below
    assert [node.record["exchange_id"] for node in top] == ["x0", f"x{DEEPEST}", f"x{2 * DEEPEST}"]
    assert seen == [f"x{n}" for n in range(size)]
    assert {node.by for node in top} == {""}


def test_as_data() -> None:
    records = [record | {"decision": "redact", "redaction_count": 2, "tool_name": "t"} for record in CHAIN]
    (top,) = as_json(tree(records))
    assert (top["exchange_id"], top["span_id"], top["by"]) == ("a", span_id_of("a"), "")
    (below,) = top["calls"]
    assert (below["identity"], below["by"], below["latency_ms"]) == ("agent:researcher", "span", 800.0)
    assert (below["redaction_count"], below["tool_name"]) == (2, "t")
    assert below["calls"][0]["calls"] == []
