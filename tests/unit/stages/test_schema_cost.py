from typing import Any

import pytest

from doorward.stages.schema_cost import CostlyError, comparisons, costs

MOST = 1000


def refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def test_a_plain_schema_costs_one_subschema_a_level() -> None:
    found = costs({"properties": {"a": {"properties": {"b": {"type": "string"}}}, "c": {}}}, 64, MOST)
    assert [found.at(depth) for depth in (0, 1, 2, 3, 50, 500)] == [1, 2, 3, 3, 3, 3]
    assert found.converged


def test_a_list_that_holds_lists_grows_with_its_depth_alone() -> None:
    found = costs({"items": {"$ref": "#"}}, 64, MOST)
    assert [found.at(depth) for depth in (0, 1, 2, 10)] == [1, 3, 5, 21]
    assert found.at(65) is None


def test_objects_and_arrays_do_not_add_up() -> None:
    """The schema of any JSON value, as generators write it."""
    either: dict[str, Any] = {"anyOf": [{"items": refer("any")}, {"additionalProperties": refer("any")}]}
    found = costs({"$defs": {"any": either}, **refer("any")}, 64, MOST)
    assert found.at(64) == 4 + 64 * 4


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_two_ways_down_double_with_every_level(keyword: str) -> None:
    node = {"properties": {"x": {keyword: [refer("a"), refer("a")]}}}
    found = costs({"$defs": {"a": node}, **refer("a")}, 64, MOST)
    assert [found.at(depth) for depth in (0, 1, 2, 3)] == [2, 7, 17, 37]
    assert found.at(20) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"properties": {"x": {"$ref": "#"}}}, {"patternProperties": {"": {"$ref": "#"}}}),
        ({"properties": {"x": {"$ref": "#"}}}, {"additionalProperties": {"$dynamicRef": "#top"}}),
        ({"prefixItems": [{"$ref": "#top"}]}, {"contains": {"$ref": "#"}}),
        ({"items": [{"$ref": "#"}]}, {"unevaluatedItems": {"$recursiveRef": "#"}}),
        ({"if": {"items": {"$ref": "#"}}}, {"not": {"items": {"$ref": "#"}}}),
        ({"dependentSchemas": {"a": {"items": {"$ref": "#"}}}}, {"then": {"items": {"$ref": "#"}}}),
    ],
)
def test_every_pair_of_keywords_that_meet_at_one_child_is_counted(first: Any, second: Any) -> None:
    one = costs({"$dynamicAnchor": "top", **first}, 3, 10**9)
    both = costs({"$dynamicAnchor": "top", **first, **second}, 3, 10**9)
    assert (both.at(3) or 0) > (one.at(3) or 0)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"$defs": {"a": refer("b"), "b": refer("a")}, **refer("a")},
        {"$ref": "https://example.com/other"},
        {"$ref": "other.json#/a"},
        {"properties": {"a": {"$id": "https://example.com/inner", "$ref": "#"}}},
        {"properties": {f"p{number}": {} for number in range(5000)}},
    ],
)
def test_what_has_no_bound_is_said_so(schema: Any) -> None:
    with pytest.raises(CostlyError):
        costs(schema, 64, MOST)


def test_doubling_without_going_down_is_too_much_for_any_value() -> None:
    doubling: dict[str, Any] = {f"d{n}": {"allOf": [refer(f"d{n + 1}"), refer(f"d{n + 1}")]} for n in range(20)}
    with pytest.raises(CostlyError):
        costs({"$defs": doubling | {"d20": {}}, **refer("d0")}, 64, MOST)


@pytest.mark.parametrize("schema", [True, False, {}, {"$ref": "#/none"}, {"$ref": "#/$defs/a~1b/0", "$defs": {}}])
def test_what_holds_no_subschema_costs_next_to_nothing(schema: Any) -> None:
    assert costs(schema, 64, MOST).at(64) == 1


def test_a_reference_may_be_escaped_twice_over() -> None:
    found = costs({"$ref": "#/$defs/a%7E1%C3%A9", "$defs": {"a/é": {"allOf": [{}]}}}, 64, MOST)
    assert found.at(0) == 3


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"enum": ["a", "b"]}, 0),
        ({"enum": ["a", None]}, 2),
        ({"enum": [1, 2, 3]}, 15),
        ({"enum": [{"a": 1}, ["b"]]}, 12),
        ({"enum": [1.5]}, 31),
        ({"properties": {"a": {"enum": [1]}, "b": {"enum": [1, 2]}}}, 10),
        ({"anyOf": [{"enum": [1]}, {"enum": [1, 2]}]}, 15),
        ({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"enum": [1]}, "unused": {"enum": [1, 2]}}}, 5),
        ({"enum": [1], "items": {"$ref": "#"}}, 5 * 65),
    ],
)
def test_what_one_path_can_be_compared_with(schema: Any, found: int) -> None:
    assert comparisons(schema, 64) == found
