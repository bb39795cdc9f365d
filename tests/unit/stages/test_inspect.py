from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Finding, Text
from doorward.core.methods import method_entry
from doorward.core.snapshot import Action
from doorward.stages.inspect import judge, texts


def test_every_string_and_key_with_its_pointer() -> None:
    value = {"a": ["x", {"b/c~d": "y", "": 1}], "z": "w", "n": None, "t": True}
    assert [(t.pointer, t.string, t.key) for t in texts(value)] == [
        ("/a", "a", True),
        ("/z", "z", True),
        ("/n", "n", True),
        ("/t", "t", True),
        ("/a/0", "x", False),
        ("/a/1/b~1c~0d", "b/c~d", True),
        ("/a/1/", "", True),
        ("/a/1/b~1c~0d", "y", False),
        ("/z", "w", False),
    ]


def test_depth_is_no_danger() -> None:
    value: Any = "deep"
    for _ in range(5000):
        value = [value]
    assert [t.string for t in texts(value)] == ["deep"]


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=15,
)


@given(trees)
def test_each_text_is_what_stands_at_its_pointer(value: Any) -> None:
    found = texts(value)
    assert len({(t.pointer, t.key) for t in found}) == len(found)
    for text in found:
        node = value
        steps = [s.replace("~1", "/").replace("~0", "~") for s in text.pointer.split("/")[1:]]
        for step in steps[:-1] if text.key else steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        assert text.string == (steps[-1] if text.key else node)
        assert not text.key or steps[-1] in node


def finding(pointer: str = "/a", score: float = 1.0, key: bool = False, entity: str = "E") -> Finding:
    return Finding(Text(pointer, "xxxx", key), 0, 4, entity, score, "d")


def never(_: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("effect", "outcome"), [("detect", "allow"), ("redact", "redact"), ("block", "deny"), (None, "allow")]
)
def test_the_action_decides(effect: str | None, outcome: str) -> None:
    actions = {("E", "results"): Action(effect, 4)} if effect else {}
    decision, counted, redacted = judge([finding()], "results", actions, never)
    assert decision.effect == outcome
    assert len(counted) == 1
    assert len(redacted) == (effect == "redact")
    if outcome == "deny":
        assert (decision.reason, decision.severity, decision.rules) == ("pii.blocked", 4, ("E",))


def test_the_action_of_the_other_direction_does_not_count() -> None:
    assert judge([finding()], "arguments", {("E", "results"): Action("block")}, never)[0].effect == "allow"


def test_under_its_threshold_a_finding_is_nothing() -> None:
    decision, counted, _ = judge([finding(score=0.59)], "results", {("E", "results"): Action("block", 3, 0.6)}, never)
    assert (decision.effect, counted) == ("allow", [])
    assert judge([finding(score=0.6)], "results", {("E", "results"): Action("block", 3, 0.6)}, never)[1]


def test_what_must_come_back_exactly_is_counted_and_never_redacted() -> None:
    opaque = method_entry("tools/call").is_opaque
    actions = {("E", "results"): Action("redact")}
    decision, counted, redacted = judge([finding("/result/requestState")], "results", actions, opaque)
    assert (decision.effect, len(counted), redacted) == ("allow", 1, [])
    blocked = judge([finding("/result/requestState")], "results", {("E", "results"): Action("block")}, opaque)
    assert blocked[0].effect == "deny"
    # A key at such a place is not the value.
    assert judge([finding("/result/requestState", key=True)], "results", actions, opaque)[2]


def test_a_block_beats_a_redaction_with_the_worst_severity() -> None:
    actions = {
        ("A", "results"): Action("redact"),
        ("B", "results"): Action("block", 2),
        ("C", "results"): Action("block", 4),
    }
    decision, _, redacted = judge([finding(entity=e) for e in "ABC"], "results", actions, never)
    assert (decision.effect, decision.severity, decision.rules) == ("deny", 4, ("B", "C"))
    assert [f.entity for f in redacted] == ["A"]
