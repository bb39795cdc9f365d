import pytest

from doorward.core.policy import Mode, Severity, names


def test_the_enforcing_modes() -> None:
    assert [mode for mode in Mode if mode.enforcing] == [Mode.SOFT, Mode.ENFORCE]


def test_severities_are_ordered() -> None:
    assert sorted(Severity) == [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]


@pytest.mark.parametrize(
    ("entries", "inside", "outside"),
    [
        (["find"], ["find"], ["Find", "find ", "finder", "", None, 1]),
        (["get_*"], ["get_", "get_a", "get_a\nb"], ["xget_a", "get", None]),
        (["*"], ["", "anything", "a\nb"], [None, 1]),
        (["a?c", "x[12]"], ["abc", "x1", "x2"], ["ac", "x3", "x12"]),
        (["a.c", "*.d"], ["a.c", ".d", "e.d"], ["abc", "ed"]),
        ([], [], ["", "a", None]),
    ],
)
def test_names_and_globs(entries: list[str], inside: list[object], outside: list[object]) -> None:
    compiled = names(entries)
    assert [name for name in inside if name not in compiled] == []
    assert [name for name in outside if name in compiled] == []
