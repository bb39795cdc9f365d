import json
from typing import Any

import cedarpy
import pytest

from doorward.control.policies.expressions import can_fail, conjuncts, entities, reads, without_arguments
from doorward.core.rules import Reads, Uid


def parts(condition: str) -> list[Any]:
    text = f"permit(principal, action, resource) when {{ {condition} }};"
    [policy] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    return list(conjuncts(policy["conditions"]))


def read(condition: str) -> Reads:
    found = Reads()
    for part in parts(condition):
        found = found | reads(part)
    return found


ALL = Reads(
    frozenset({((), True)}),
    frozenset({None}),
    frozenset({"subject", "chain", "time", "source_ip", "client_id"}),
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('resource.name == "x"', Reads()),
        ("context.arguments has a", Reads(frozenset({(("a",), False)}))),
        ("context.arguments.a.b == 1", Reads(frozenset({(("a", "b"), True)}))),
        ('context.arguments["a b"] == 1', Reads(frozenset({(("a b",), True)}))),
        ("context.arguments has a.b", Reads(frozenset({(("a",), False), (("a", "b"), False)}))),
        ("context.arguments == {}", Reads(frozenset({((), True)}))),
        ("context has arguments", Reads(frozenset({((), False)}))),
        ('context.facts.contains("f")', Reads(facts=frozenset({"f"}))),
        ('context.facts.containsAll(["f", "g"])', Reads(facts=frozenset({"f", "g"}))),
        ("context.facts.contains(resource.name)", Reads(facts=frozenset({None}))),
        ("context.facts.isEmpty()", Reads(facts=frozenset({None}))),
        ('["f"].containsAll(context.facts)', Reads(facts=frozenset({None}))),
        ('context.subject == "x"', Reads(context=frozenset({"subject"}))),
        ("context has source_ip", Reads(context=frozenset({"source_ip"}))),
        ("{a: context} == {a: context}", ALL),
        ("(if true then context else context).arguments.a == 1", ALL),
        ("principal is Doorward::User in (if context.arguments.on then principal else principal)",
         Reads(frozenset({(("on",), True)}))),
    ],
)  # fmt: skip
def test_what_an_expression_reads(condition: str, expected: Reads) -> None:
    assert read(condition) == expected


@pytest.mark.parametrize(
    ("condition", "fails"),
    [
        ("context.arguments.n > 5", False),
        ("context.arguments.n + 1 > 5", True),
        ("-context.arguments.n > 5", True),
        ("context.arguments.n * 2 > 5", True),
        ('Doorward::Tool::"f/x".read_only', True),
        ("(if true then resource else resource).read_only", True),
        ('context.time.toTime() > duration("8h")', False),
        ('context.time.offset(duration("8h")) > context.time', True),
        ('context.source_ip.isInRange(ip("10.0.0.0/8"))', False),
        ("{a: context.arguments.n + 1}.a > 1", True),
    ],
)
def test_what_can_end_in_an_error(condition: str, fails: bool) -> None:
    assert any(can_fail(part) for part in parts(condition)) is fails


def test_an_operator_that_is_not_known_can_fail() -> None:
    assert can_fail({"brandNew": {"left": {"Value": 1}, "right": {"Value": 2}}})


def test_what_is_left_without_arguments() -> None:
    kept = without_arguments(parts('context.arguments.a == 1 && resource.read_only && context.client_id == "c"'))
    assert [next(iter(part)) for part in kept] == [".", "=="]
    # the part before it may be what makes sure that there is an address
    assert without_arguments(parts('context.source_ip.isInRange(ip("10.0.0.0/8"))')) == []


def test_unless_is_a_part_of_its_own() -> None:
    policy = "permit(principal, action, resource) when { resource.read_only } unless { resource.destructive };"
    [found] = json.loads(cedarpy.policies_to_json_str(policy))["staticPolicies"].values()
    assert [next(iter(part)) for part in conjuncts(found["conditions"])] == [".", "!"]


def test_entities_that_are_named() -> None:
    [part] = parts('resource in [Doorward::Tool::"f/x", Doorward::Tool::"f/y"]')
    assert set(entities(part)) == {Uid("Tool", "f/x"), Uid("Tool", "f/y")}
