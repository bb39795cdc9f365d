from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Finding, Text
from doorward.core.looking import Action, Allow, Looking
from doorward.core.message import read
from doorward.core.methods import method_entry
from doorward.stages.inspect import HELD, Judged, judge, texts


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


def test_numbers_long_enough_to_say_something() -> None:
    value = read(b'{"jsonrpc":"2.0","id":1,"result":{"a":123456789,"b":12345,"c":-4.50000e2,"d":true,"e":null}}').value
    assert [(t.pointer, t.string) for t in texts(value) if t.number] == [
        ("/result/a", "123456789"),
        ("/result/c", "-4.50000e2"),
    ]


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=3),
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


def judged(
    findings: list[Finding], direction: str, actions: dict[tuple[str, str], Action], opaque: Any = never, **more: Any
) -> Judged:
    return judge(findings, direction, Looking(actions, **more), opaque)


@pytest.mark.parametrize(
    ("effect", "outcome"), [("detect", "allow"), ("redact", "redact"), ("block", "deny"), (None, "redact")]
)
def test_the_action_decides(effect: str | None, outcome: str) -> None:
    actions = {("E", "results"): Action(effect, 4)} if effect else {}
    decision, counted, redacted = judged([finding()], "results", actions)
    assert decision.effect == outcome
    assert len(counted) == 1
    assert len(redacted) == (effect in ("redact", None))
    if outcome == "deny":
        assert (decision.reason, decision.severity, decision.rules) == ("pii.blocked", 4, ("E",))


def test_the_action_of_the_other_direction_does_not_count() -> None:
    assert judged([finding()], "arguments", {("E", "results"): Action("block")})[0].effect == "allow"


def test_under_its_threshold_a_finding_is_nothing() -> None:
    decision, counted, _ = judged([finding(score=0.59)], "results", {("E", "results"): Action("block", 3, 0.6)})
    assert (decision.effect, counted) == ("allow", [])
    assert judged([finding(score=0.6)], "results", {("E", "results"): Action("block", 3, 0.6)})[1]


def test_what_must_come_back_exactly_is_counted_and_never_redacted() -> None:
    opaque = method_entry("tools/call").is_opaque
    actions = {("E", "results"): Action("redact")}
    decision, counted, redacted = judged([finding("/result/requestState")], "results", actions, opaque)
    assert (decision.effect, len(counted), redacted) == ("allow", 1, [])
    blocked = judged([finding("/result/requestState")], "results", {("E", "results"): Action("block")}, opaque)
    assert (blocked.decision.effect, len(blocked.counted)) == ("allow", 1)
    # A key at such a place is not the value.
    assert judged([finding("/result/requestState", key=True)], "results", actions, opaque)[2]


def test_a_block_beats_a_redaction_with_the_worst_severity() -> None:
    actions = {
        ("A", "results"): Action("redact"),
        ("B", "results"): Action("block", 2),
        ("C", "results"): Action("block", 4),
    }
    decision, _, redacted = judged([finding(entity=e) for e in "ABC"], "results", actions)
    assert (decision.effect, decision.severity, decision.rules) == ("deny", 4, ("B", "C"))
    assert [f.entity for f in redacted] == ["A"]


HELD_FINDING = Finding(Text("/result/requestState", "xxxx"), 0, 4, "SECRET", 0.1, HELD)


def test_a_credential_that_we_hold_never_passes() -> None:
    """Whatever the settings say: redacted where that can be, blocked where the value must stay as it is, and blocked on
    the way to a server.
    """
    opaque = method_entry("tools/call").is_opaque
    lax = {("SECRET", direction): Action("detect", 1, 1.0) for direction in ("arguments", "results")}
    allow = Allow(frozenset({"xxxx"}))
    plain = Finding(Text("/result/content", "xxxx"), 0, 4, "SECRET", 0.1, HELD)
    assert judged([plain], "results", lax, opaque, allow=allow).redacted == [plain]
    for direction, finding_ in (("results", HELD_FINDING), ("arguments", plain)):
        decision = judged([finding_], direction, lax, opaque, allow=allow).decision
        assert (decision.reason, decision.severity) == ("pii.blocked", 4)


@pytest.mark.parametrize(("value", "counts"), [("xxxx", False), ("Xxxx", False), ("yyyy", False), ("xxyy", True)])
def test_what_is_allowed_is_no_finding(value: str, counts: bool) -> None:
    class Wholly:
        def fullmatch(self, text: str) -> bool:
            return text == "yyyy"

    found = Finding(Text("/a", value), 0, 4, "E", 1.0, "d")
    allow = Allow(frozenset({"xxxx"}), (Wholly(),))
    assert bool(judged([found], "results", {}, allow=allow).counted) is counts
