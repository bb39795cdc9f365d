import re
from decimal import Decimal
from typing import Any

import pytest

from doorward.core.decode import decode
from doorward.core.facts import Fact, UnreadableFact, exact_number, resolved, true_facts


def holds(fact: Fact, arguments: str | Any) -> bool:
    decoded = decode(arguments.encode(), 64) if isinstance(arguments, str) else arguments
    return true_facts({fact.name: fact}, [fact.name], decoded) == (fact.name,)


def under(root: str, path: str, *, negated: bool = False) -> bool:
    return holds(Fact("f", ("path",), negated, under_path=root), {"path": path})


@pytest.mark.parametrize(
    "path",
    [
        "/data",
        "/data/",
        "/data/x",
        "//data//x",
        "/data/./x",
        "/data/a/../x",
        "/../data/x",
        "/%64ata/x",
        "/data%2Fx",
        "\\data\\x",
        "file:///data/x",
        "FILE://localhost/data/x",
        "file:/data/x",
        "%66ile:///data/x",
    ],
)
def test_a_path_below_the_root(path: str) -> None:
    assert under("/data", path)


@pytest.mark.parametrize(
    "path",
    [
        "/database/x",
        "/data/../etc/passwd",
        "/data/%2e%2e/etc",
        "/data/..%2fetc",
        "/data/%252e%252e/etc",
        "/data/..\\etc",
        "/data/%5c..%5c..%5cetc",
        "data/x",
        "../data/x",
        "",
        "file:///data/../etc",
        "x file:///data/x",
    ],
)
def test_a_path_that_leads_elsewhere(path: str) -> None:
    assert not under("/data", path)
    assert under("/data", path, negated=True)


def test_a_relative_root() -> None:
    assert under("reports", "reports/../reports/x")
    assert not under("reports", "reports/../../reports/x")
    assert not under("reports", "/reports/x")


@pytest.mark.parametrize(
    "path", ["/data/x\0/../../etc", "/data/%00", "/data/" + "%25" * 3 + "25" * 30, "/data/" + "%2e" * 10_001]
)
def test_a_path_that_readers_cut_or_decode_differently_is_refused(path: str) -> None:
    with pytest.raises(UnreadableFact) as raised:
        under("/data", path)
    assert raised.value.reason == "policy.unreadable_argument"


def test_the_end_of_decoding_must_be_in_sight() -> None:
    text = "%"
    for _ in range(20):
        text = text.replace("%", "%25")
    with pytest.raises(UnreadableFact):
        resolved(text)


def test_the_root_holds_every_absolute_path() -> None:
    assert under("/", "/etc/passwd")
    assert not under("/", "etc/passwd")


@pytest.mark.parametrize(
    ("pointer", "arguments", "found"),
    [
        (("a",), '{"a": "x"}', True),
        (("a",), '{"b": "x"}', False),
        (("a",), '{"a": "y"}', False),
        (("*",), '{"b": "x"}', True),
        (("rows", "*", "a"), '{"rows": [{"a": "y"}, {"a": "x"}]}', True),
        (("rows", "1"), '{"rows": ["y", "x"]}', True),
        (("rows", "01"), '{"rows": ["y", "x"]}', False),
        (("rows", "2"), '{"rows": ["y", "x"]}', False),
        (("rows", "²"), '{"rows": ["y", "x"]}', False),
        (("a",), '{"a": ["y", {"deep": "x"}]}', True),  # wrapping it hides nothing
        ((), '{"a": {"b": "x"}}', True),
        (("a", "b"), '{"a": null}', False),
        (("a",), "[]", False),
    ],
)
def test_pointers(pointer: tuple[str, ...], arguments: str, found: bool) -> None:
    assert holds(Fact("f", pointer, equals=("x",)), arguments) is found


@pytest.mark.parametrize(
    ("pointer", "arguments"),
    [
        (("a", "*"), '{"a": "x"}'),
        (("a", "b"), '{"a": "x"}'),
        (("a", "0"), '{"a": 5}'),
        (("a", "*", "b"), '{"a": [{"b": "y"}, true]}'),
    ],
)
def test_a_value_where_the_pointer_leads_on_is_not_absent(pointer: tuple[str, ...], arguments: str) -> None:
    """Or one text would pass a forbid that means each of a list, where a server takes both."""
    for negated in (False, True):
        with pytest.raises(UnreadableFact) as raised:
            holds(Fact("f", pointer, negated, equals=("y",)), arguments)
        assert raised.value.reason == "policy.unreadable_argument"


@pytest.mark.parametrize(
    "arguments", ['{"Path": "x"}', '{"path": "y", "PATH": "x"}', '{"PATH": "x", "path": "y"}', '{"patK": "x"}']
)
def test_a_name_that_differs_in_case_alone_is_not_absent(arguments: str) -> None:
    """Some servers read it as the name that was meant."""
    step = "patk" if "K" in arguments else "path"
    with pytest.raises(UnreadableFact) as raised:
        holds(Fact("f", (step,), equals=("x",)), arguments)
    assert raised.value.reason == "policy.unreadable_argument"
    assert not holds(Fact("f", ("pat",), equals=("x",)), arguments)


@pytest.mark.parametrize(
    ("wanted", "leaf", "equal"),
    [
        ("1", "1", False),
        (True, "1", False),
        (True, "true", True),
        (None, "null", True),
        (None, "false", False),
        (Decimal(1), "1", True),
        (Decimal(1), "1.0", True),
        (Decimal(1), "1e0", True),
        (Decimal(1), "true", False),
        (Decimal("0.1"), "0.1", True),
        (Decimal("0.1"), "0.10000000000000001", False),
    ],
)
def test_equals_is_strict_about_kinds_and_exact_about_numbers(wanted: Any, leaf: str, equal: bool) -> None:
    assert holds(Fact("f", ("a",), equals=(wanted,)), f'{{"a": {leaf}}}') is equal


@pytest.mark.parametrize(
    ("leaf", "less"), [("9.99", True), ("10", False), ("1e1", False), ("-5", True), ('"5"', False), ("true", False)]
)
def test_less_than(leaf: str, less: bool) -> None:
    assert holds(Fact("f", ("a",), less_than=Decimal(10)), f'{{"a": {leaf}}}') is less


def test_a_negated_test_is_true_of_the_wrong_kind_too() -> None:
    expensive = Fact("f", ("a",), negated=True, less_than=Decimal(10))
    assert holds(expensive, '{"a": "5"}')
    assert not holds(expensive, '{"a": 5}')
    assert not holds(expensive, "{}")


@pytest.mark.parametrize(
    "leaf",
    ["9007199254740992", "-9007199254740993", "1e300", "0.123456789012345678", "1e-400", "1e99999999999999999999"],
)
def test_a_number_that_readers_differ_on_is_refused(leaf: str) -> None:
    with pytest.raises(UnreadableFact) as raised:
        holds(Fact("f", ("a",), less_than=Decimal(10)), f'{{"a": {leaf}}}')
    assert raised.value.reason == "message.ambiguous_number"


def test_it_is_refused_behind_a_value_that_counts_already() -> None:
    fact = Fact("f", ("a",), less_than=Decimal(10))
    for arguments in ('{"a": [1, 9007199254740993]}', '{"a": [9007199254740993, 1]}'):
        with pytest.raises(UnreadableFact):
            holds(fact, arguments)


def test_numbers_keep_their_spelling() -> None:
    assert exact_number(decode(b"0.1000", 8)) == Decimal("0.1")
    assert exact_number(2**53 - 1) == 2**53 - 1
    assert exact_number("1") is None


def test_longer_than_and_matches_look_at_text_only() -> None:
    assert holds(Fact("f", ("a",), longer_than=2), {"a": "abc"})
    assert not holds(Fact("f", ("a",), longer_than=3), {"a": "abc"})
    assert not holds(Fact("f", ("a",), longer_than=0), {"a": 12})
    assert holds(Fact("f", ("a",), matches=re.compile("b")), {"a": "abc"})
    assert not holds(Fact("f", ("a",), matches=re.compile("1")), {"a": 1})


def test_only_facts_that_are_wanted_are_tested() -> None:
    class Trap:
        def search(self, text: str, /) -> object:
            raise AssertionError(text)

    facts = {"trap": Fact("trap", ("a",), matches=Trap()), "x": Fact("x", ("a",), equals=("x",))}
    assert true_facts(facts, ["x"], {"a": "x"}) == ("x",)
    assert true_facts({"x": facts["x"]}, [None], {"a": "x"}) == ("x",)
    with pytest.raises(AssertionError):
        true_facts(facts, [None], {"a": "x"})
