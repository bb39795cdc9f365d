import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.core.decode import decode
from doorward.stages.schema import MAX_PATTERNS, MAX_SCHEMA_BYTES, Schema, Unusable, compile_schema


def schema(value: Any) -> Schema:
    found = compile_schema(json.dumps(value).encode())
    assert isinstance(found, Schema), found
    return found


def unusable(value: Any) -> Unusable:
    found = compile_schema(json.dumps(value).encode())
    assert isinstance(found, Unusable)
    return found


def decoded(text: str) -> Any:
    return decode(text.encode(), 200)


def failure(of: Any, text: str) -> tuple[str, str] | None:
    return schema(of).failure(decoded(text))


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("of", "text", "found"),
    [
        (CITY, '{"city":1}', ("/city", "type")),
        (CITY, "{}", ("/city", "required")),
        (CITY, '{"city":"x","secret":1}', ("", "additionalProperties")),
        ({"additionalProperties": {"type": "string"}}, '{"secret":1}', ("/*", "type")),
        ({"properties": {"a/b": {"items": {"maxLength": 1}}}}, '{"a/b":["x","secret"]}', ("/a~1b/*", "maxLength")),
        ({"properties": {"a": False}}, '{"a":"secret"}', ("/a", "false")),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "1", ("", "anyOf")),
        ({"enum": ["a"]}, '"secret"', ("", "enum")),
        (False, "{}", ("", "false")),
    ],
)
def test_no_value_and_no_unlisted_name_is_in_the_place(of: Any, text: str, found: tuple[str, str]) -> None:
    assert failure(of, text) == found


@pytest.mark.parametrize(
    ("of", "good", "bad"),
    [
        ({"type": "number"}, "1.5", '"1.5"'),
        ({"type": "integer"}, "1.0", "1.5"),
        ({"type": "integer"}, "1e3", "1e-3"),
        ({"multipleOf": 0.1}, "0.3", "0.35"),
        ({"const": 1.5}, "1.50", "1.51"),
        ({"const": 0.1}, "0.1000000000000000000", "0.1000000000000000001"),
        ({"maximum": 10**30}, "1000000000000000000000000000000", "1000000000000000000000000000001"),
        ({"items": {"maximum": 2.5}}, "[1, 2.5]", "[1, 2.50000000000000000000000000001]"),
        ({"properties": {"a": {"items": {"minimum": 0.5}}}}, '{"a":[0.5]}', '{"a":[1, 0.4]}'),
        ({"uniqueItems": True}, "[1.5, 2.5]", "[1.5, 1.50]"),
    ],
)
def test_numbers_are_compared_as_they_are_spelt(of: Any, good: str, bad: str) -> None:
    assert failure(of, good) is None
    assert failure(of, bad) is not None


@pytest.mark.parametrize("number", ["1e4301", "-1.5E-4301", "1e99999999999999999999"])
def test_a_number_that_arithmetic_cannot_bear_does_not_fit(number: str) -> None:
    assert failure({"multipleOf": 0.1}, number) == ("", "number")
    assert failure({}, f'{{"a":[{number}]}}') == ("", "number")
    assert isinstance(compile_schema(f'{{"maximum":{number}}}'.encode()), Unusable)


def test_the_value_that_was_read_is_not_changed() -> None:
    value = decode(b'{"a":[1.50,{"b":2}]}', 10)
    assert schema({"type": "object"}).failure(value) is None
    assert [str(value["a"][0]), value["a"][1]] == ["1.50", {"b": 2}]


@pytest.mark.parametrize(
    ("dialect", "good", "bad"),
    [
        ("https://json-schema.org/draft/2020-12/schema", "[1]", '["x"]'),
        ("https://json-schema.org/draft/2019-09/schema", '["x"]', '[1,"x"]'),
        ("http://json-schema.org/draft-07/schema#", '["x"]', '[1,"x"]'),
        ("http://json-schema.org/draft-04/schema", '["x"]', '[1,"x"]'),
    ],
)
def test_the_stated_dialect_is_followed(dialect: str, good: str, bad: str) -> None:
    """``items`` as a list of schemas went in 2020-12, which has ``prefixItems``."""
    tuples = {"items": [{"type": "string"}], "additionalItems": False}
    of = {"prefixItems": [{"type": "integer"}]} if "2020" in dialect else tuples
    assert failure({"$schema": dialect, **of}, good) is None
    assert failure({"$schema": dialect, **of}, bad) is not None


def test_without_a_dialect_it_is_2020_12_and_format_is_no_test() -> None:
    assert failure({"prefixItems": [{"type": "integer"}]}, '["x"]') is not None
    assert failure({"format": "email"}, '"x"') is None
    assert failure({"$schema": "http://json-schema.org/draft-07/schema#", "format": "email"}, '"x"') is None


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "https://example.com/schema"},
        {"$ref": "file:///etc/hosts"},
        {"$ref": "other.json"},
        {"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}},
        {"$defs": {"unused": {"$id": "http://127.0.0.1:9/x", "$ref": "y"}}},
        {"$schema": "https://example.com/dialect"},
        {"$schema": 3},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"pattern": "(?=a)b"},
        {"pattern": "(a)\\1"},
        {"pattern": "("},
        {"pattern": "(?:\\w{1,900}){1,900}"},
        {"type": "strin"},
        {"properties": {f"p{number}": {"pattern": "a"} for number in range(MAX_PATTERNS + 1)}},
        {"patternProperties": {f"p{number}": {} for number in range(MAX_PATTERNS + 1)}},
        {"description": "x" * MAX_SCHEMA_BYTES},
        [],
        3,
        None,
    ],
)
def test_a_schema_that_cannot_be_used_says_so_and_repeats_nothing(value: Any) -> None:
    found = unusable(value)
    assert found.reason
    assert not any(text in found.reason for text in ("example.com", "127.0.0.1", "strin", "(?"))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"type":"string","type":"number"}', b'{"a":"\xff"}', b'{"not":' * 70 + b"{}" + b"}" * 70]
)
def test_a_schema_without_a_single_reading_is_unusable(raw: bytes) -> None:
    assert isinstance(compile_schema(raw), Unusable)


OBJECTS = [{"a": number} for number in range(4000)]


def test_what_a_long_enum_is_compared_with_is_bounded() -> None:
    """The validator compares each value with each member, one by one, where not all of them are texts."""
    of = schema({"items": {"enum": OBJECTS}})
    assert of.failure([OBJECTS[-1]] * 500) is None
    assert of.failure([OBJECTS[-1]] * 4000) == ("", "enum")
    assert of.failure([{"a": 1}, {"a": -1}]) == ("/*", "enum")
    texts = schema({"items": {"enum": [f"v{number}" for number in range(4000)]}})
    assert texts.failure(["v3999"] * 20_000) is None
    codes = schema({"items": {"properties": {"code": {"enum": list(range(100))}}}})
    assert codes.failure([{"code": 99, "name": "x"}] * 10_000) is None


LONG = ["1" * 30, "0." + "1" * 30, "1e310", "3e-400", str(1 << 63), str(-(1 << 63) - 1)]


@pytest.mark.parametrize("number", LONG)
def test_numbers_beyond_64_bit_are_compared_with_each_other_within_bounds(number: str) -> None:
    """To the validator all of them look alike at first, so it compares all with all."""
    of = schema({"uniqueItems": True})
    head, _, tail = number.partition("e")
    some = [f"{head}{'' if '.' in head else '.'}{index:05d}e{tail or 0}" for index in range(2000)]
    assert of.failure(decoded(f"[{number},{number}]")) == ("", "uniqueItems")
    assert of.failure(decoded(f"[{','.join(some[:8])}]")) is None
    assert of.failure(decoded(f"[{','.join(some)}]")) == ("", "number")
    if "e" not in number:
        assert schema({"items": {"type": "number"}}).failure(decoded(f"[{','.join(some)}]")) is None


def test_floats_as_programs_write_them_are_no_long_numbers() -> None:
    many = [
        0.1 + 0.2,
        1e22,
        5e-324,
        *(index / 3 for index in range(20_000)),
        *(1.5e-9 * index for index in range(1, 9)),
    ]
    assert schema({"uniqueItems": True}).failure(decoded(json.dumps(many))) is None


def test_how_much_is_calculated_with_single_long_numbers_is_bounded() -> None:
    of = schema({"items": {"multipleOf": 3}})
    assert of.failure([int("3" * 4000)] * 3) is None
    assert of.failure([int("3" * 4000)] * 100) == ("", "number")
    assert of.failure([3 * 10**25] * 1000) is None
    assert of.misfits([int("3" * 4000)] * 100) == [([], "number")]


def test_up_to_the_bound_patterns_are_run_in_linear_time() -> None:
    of = {"properties": {f"p{number}": {"pattern": "^(a+)+$"} for number in range(MAX_PATTERNS)}}
    assert failure(of, json.dumps({"p1": "a" * 50_000 + "!"})) == ("/p1", "pattern")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"x": value}
    return value


def test_a_schema_that_doubles_with_every_level_judges_no_deep_value() -> None:
    both = [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]
    doubling = schema({"$defs": {"a": {"type": "object", "properties": {"x": {"anyOf": both}}}}, "$ref": "#/$defs/a"})
    assert doubling.failure(nested(3)) == ("/x", "anyOf")
    assert doubling.failure(nested(7)) == ("", "schema")  # wrong, and where would cost more than it is worth
    assert doubling.failure(nested(60)) == ("", "depth")
    assert doubling.failure([nested(9)] * 1000) == ("", "depth")


def test_a_tree_is_judged_to_its_leaves() -> None:
    tree = schema({"type": "object", "properties": {"x": {"$ref": "#"}}})
    assert tree.failure(nested(40)) is not None
    assert tree.failure({"x": {"x": {}}}) is None


def test_the_validator_is_not_loaded_before_it_is_needed() -> None:
    """`doorward run` starts with this module, and validates nothing."""
    code = "import sys, doorward.stages.schema; sys.exit('jsonschema_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "items", "prefixItems", "additionalProperties", "patternProperties", "required"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs", "$dynamicRef", "$anchor", "$id"),
        *("enum", "const", "pattern", "minLength", "multipleOf", "maximum", "minItems", "uniqueItems", "contains"),
        *("minContains", "dependentSchemas", "dependentRequired", "propertyNames", "unevaluatedProperties"),
        *("unevaluatedItems", "format", "$schema", "a", "b"),
    ]
)
WORDS = st.sampled_from(["string", "object", "array", "number", "a", "b", "#", "#/$defs/a", "#a", "(", "a+", "é"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYWORDS, JSON, max_size=5), JSON)
def test_no_schema_and_no_value_raises(of: Any, value: Any) -> None:
    found = compile_schema(json.dumps(of).encode())
    if isinstance(found, Schema):
        decoded = decode(json.dumps(value).encode(), 200)
        place = found.failure(decoded)
        assert place is None or place[1]
    else:
        assert found.reason
