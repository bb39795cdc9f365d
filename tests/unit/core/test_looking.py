import pytest

from doorward.core.looking import Action, Allow, Looking, LookRule, default_action, looking, strictest
from doorward.core.policy import names

PLACE = ("PERSON", "results")


@pytest.mark.parametrize(
    ("entity", "direction", "effect", "severity"),
    [
        ("PERSON", "results", "redact", 3),
        ("PERSON", "arguments", "detect", 3),
        ("SECRET", "results", "redact", 4),
        ("SECRET", "arguments", "block", 4),
    ],
)
def test_what_holds_where_nothing_is_set(entity: str, direction: str, effect: str, severity: int) -> None:
    assert default_action(entity, direction) == Action(effect, severity)
    assert Looking().action(entity, direction) == Action(effect, severity)


def rule(effect: str, *globs: str, severity: int = 3, threshold: float = 0.5, binary: str | None = None) -> LookRule:
    action = Action(effect, severity, threshold)
    return LookRule(names(globs) if globs else None, {PLACE: action}, binary=binary)


@pytest.mark.parametrize(
    ("rules", "effect"),
    [
        ([], "block"),
        ([rule("detect")], "detect"),
        ([rule("detect"), rule("redact", "read_*")], "redact"),
        ([rule("redact"), rule("detect", "read_*")], "detect"),
        ([rule("redact"), rule("detect", "write_*")], "redact"),
        ([rule("detect", "*"), rule("redact", "read_*")], "redact"),
        ([rule("redact", "*"), rule("detect", "read_*")], "redact"),
    ],
)
def test_the_nearest_wins_and_of_two_globs_the_stricter(rules: list[LookRule], effect: str) -> None:
    whole = Looking({PLACE: Action("block")})
    assert looking(whole, rules, "read_all").action(*PLACE).effect == effect


def test_stricter_is_worse_and_then_sooner() -> None:
    rules = [rule("block", "a*", severity=2, threshold=0.9), rule("block", "*", severity=2, threshold=0.6)]
    assert looking(Looking(), rules, "ab").action(*PLACE) == Action("block", 2, 0.6)


def test_no_tool_is_no_glob() -> None:
    assert looking(Looking(), [rule("block", "*")], None).action(*PLACE).effect == "redact"


@pytest.mark.parametrize(
    ("rules", "binary"),
    [
        ([], "strip"),
        ([rule("detect", binary="pass")], "pass"),
        (
            [rule("detect", binary="pass"), rule("detect", "*", binary="strip"), rule("detect", "r*", binary="block")],
            "block",
        ),
        ([rule("detect", binary="block"), rule("detect", "*")], "block"),
    ],
)
def test_binary_alike(rules: list[LookRule], binary: str) -> None:
    assert looking(Looking(binary="strip"), rules, "read").binary == binary


def test_allowed_adds_up() -> None:
    found = looking(
        Looking(allow=Allow(frozenset({"ann lee"}))),
        [LookRule(None, allow=Allow(frozenset({"bob"}))), LookRule(names(["x"]), allow=Allow(frozenset({"eve"})))],
        "read",
    )
    assert [value for value in ("Ann Lee ", "BOB", "eve") if value in found.allow] == ["Ann Lee ", "BOB"]


@pytest.mark.parametrize(
    ("rules", "effect"),
    [
        ([], "redact"),
        ([rule("detect")], "detect"),
        ([rule("detect"), rule("block", "read_*")], "block"),
        ([rule("redact"), rule("detect", "read_*")], "redact"),
        ([rule("detect", "read_*")], "redact"),
        ([rule("detect"), rule("detect", "*"), rule("redact", "a")], "redact"),
    ],
)
def test_for_what_may_be_any_tools_the_strictest_of_all_holds(rules: list[LookRule], effect: str) -> None:
    assert strictest(Looking(), rules).action(*PLACE).effect == effect


def test_and_of_what_is_allowed_what_is_allowed_to_all() -> None:
    mine = LookRule(names(["a"]), allow=Allow(frozenset({"mine"})), binary="strip")
    all_of_it = LookRule(None, allow=Allow(frozenset({"ours"})), binary="pass")
    found = strictest(Looking(allow=Allow(frozenset({"anybody"})), binary="block"), [mine, all_of_it])
    assert found.allow.values == {"anybody", "ours"}
    assert found.binary == "strip"
