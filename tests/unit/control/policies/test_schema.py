import json
from typing import Any

import cedarpy
import pytest

from doorward.control.policies.schema import KnownTool, shape_of, validation_schema
from doorward.core.rules import NO_ARGUMENTS, Shape, tool_action


def members(properties: dict[str, Any], **more: Any) -> dict[str, Shape]:
    return dict(shape_of(json.dumps({"type": "object", "properties": properties, **more}).encode()).members)


STRING = Shape("String")


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, STRING),
        ({"type": "integer"}, Shape("Long")),
        ({"type": "boolean"}, Shape("Boolean")),
        ({"type": "array", "items": {"type": "integer"}}, Shape("Set", "Long")),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, Shape("Record", members={"a": STRING})),
        ({"type": ["string", "null"]}, STRING),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, STRING),
        ({"enum": ["a", "b"]}, STRING),
        ({"$ref": "#/$defs/S"}, STRING),
    ],
)
def test_what_cedar_can_type(schema: dict[str, Any], shape: Shape) -> None:
    assert members({"x": schema}, **{"$defs": {"S": {"type": "string"}}}) == {"x": shape}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number"},
        {"type": "null"},
        {},
        True,
        {"type": ["string", "integer"]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "array"},
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        {"type": "array", "items": {"type": "object"}},
        {"enum": ["a", 1]},
        {"$ref": "#/$defs/loop"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/$defs/none"},
    ],
)
def test_what_it_cannot_is_left_out(schema: Any) -> None:
    assert members({"x": schema}, **{"$defs": {"loop": {"$ref": "#/$defs/loop"}}}) == {}


@pytest.mark.parametrize("name", ["__entity", "__extn", "__expr"])
def test_names_that_mean_something_to_cedar_are_left_out(name: str) -> None:
    assert members({name: {"type": "string"}}) == {}


@pytest.mark.parametrize("raw", [b"", b"[]", b"nonsense", b"[" * 5000, b'{"properties": 1}', b'"text"'])
def test_a_schema_that_is_none_has_no_arguments(raw: bytes) -> None:
    assert shape_of(raw) == NO_ARGUMENTS


def test_depth_and_size_are_bounded() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(50):
        deep = {"type": "object", "properties": {"a": deep}}
    shape, levels = shape_of(json.dumps(deep).encode()), 0
    while shape.members:
        shape, levels = shape.members["a"], levels + 1
    assert levels < 10
    assert len(members({f"p{number}": {"type": "string"} for number in range(5000)})) < 1000


def test_a_recursive_schema_ends() -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}}
    assert "root" in members({"root": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": node}})


def test_cedar_takes_the_schema() -> None:
    schema = b'{"properties": {"a b\\"c": {"type": "string"}, "x": {"type": "object", "properties": {}}}}'
    tool = KnownTool("f", 'odd"name\n', schema)
    written = validation_schema([(tool_action("f", tool.name), tool.facts().shape)])
    cedarpy.Schema.from_json_str(written)
