import gc
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.decode import decode
from doorward.core.message import Response, read
from doorward.stages import schema_quick
from doorward.stages.schema import Schema, compile_schema
from doorward.stages.schema_quick import MAX_PARTS, quick


def compiled(value: Any) -> Schema:
    found = compile_schema(json.dumps(value).encode())
    assert isinstance(found, Schema), found
    return found


def answer(content: str) -> bytes:
    """A response as a server writes it, of which the strict reader takes one reading."""
    raw = ('{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":' + content + "}}").encode()
    assert isinstance(read(raw), Response)
    return raw


def says(of: Any, content: str) -> bool:
    """What is said at once; and it is never a yes to what the validator refuses."""
    check = compiled(of)
    said = check.surely_fits(answer(content))
    assert not said or check.failure(decode(content.encode(), 64)) is None
    return said


NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
ROW = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


@pytest.mark.parametrize(
    ("of", "yes", "no"),
    [
        ({"type": "string"}, ['"a"', '""', '"\\u0061"'], ["1", "null", "[]", "{}", "true"]),
        ({"type": "string", "minLength": 2, "maxLength": 2}, ['"ab"', '"😀😀"', '"e\u0301"'], ['"😀"', '"abc"', '""']),
        ({"type": "integer"}, ["1", "-0", "9" * 40], ["true", '"1"', "1.5", "1.00000000000000000001", "null"]),
        ({"type": "integer", "minimum": 1, "maximum": 3}, ["1", "3"], ["0", "4", "9" * 40, "-" + "9" * 40, "true"]),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 3}, ["2"], ["1", "3"]),
        ({"type": "integer", "minimum": 1.0, "exclusiveMinimum": 2}, ["3"], ["2", "1", "0"]),
        ({"type": "number"}, ["1", "1.5", "-1e-7", "9" * 40], ["true", '"1"', "null"]),
        ({"type": "number", "minimum": 0}, ["0", "0.0", "0.5", "7"], ["-0.5", "-1", "-1e-999", f"-0.{0:0400}1"]),
        ({"type": "number", "minimum": 1, "maximum": 3}, ["1", "3", "1.5"], ["0.99999999999999999999", "4", "3.5"]),
        ({"type": "number", "exclusiveMinimum": 0}, ["0.1", "1"], ["0", "0.0", "-1"]),
        ({"type": "number", "exclusiveMaximum": 3}, ["2.9", "2"], ["3", "3.0", "3.00000000000000000000000001"]),
        ({"type": "number", "maximum": 3}, ["3"], ["3.0000000000000000000000001"]),
        ({"type": "boolean"}, ["true", "false"], ["0", "1", "null", '"true"']),
        ({"type": "null"}, ["null"], ["0", "false", '""', "{}"]),
        ({"type": ["string", "null"]}, ['"a"', "null"], ["1", "false"]),
        ({"type": ["integer", "number", "string"]}, ["1", "1.5", '"a"'], ["null", "true"]),
        (NULLABLE, ['"a"', "null"], ["1", "false"]),
        ({"anyOf": [ROW, {"type": "null"}]}, ['{"id":1}', "null"], ['{"id":"1"}', "{}"]),
        ({"enum": ["a", "b", None]}, ['"a"', '"\\u0062"', "null"], ['"A"', '""', "0"]),
        ({"type": "string", "enum": ["a"]}, ['"a"'], ['"b"', "null"]),
        ({"const": "a"}, ['"a"'], ['"A"', "null"]),
        ({"type": "array"}, ["[]", "[1,[]]"], ["{}", '"a"']),
        ({"type": "array", "items": {"type": "integer"}}, ["[]", "[1,2]"], ['[1,"2"]', "[1.5]", "{}"]),
        ({"items": {"type": "string"}}, ['["a"]'], ["[1]"]),
        ({"type": "array", "minItems": 1, "maxItems": 2}, ["[1]", "[1,2]"], ["[]", "[1,2,3]"]),
        ({"type": "object"}, ["{}", '{"a":1}'], ["[]", "null", '"a"']),
        (ROW, ['{"id":1}', '{"x":[{}],"id":1}'], ["{}", '{"id":"1"}', '{"ID":1}', "[1]"]),
        ({"properties": {"a": {"type": "string"}}}, ["{}", '{"a":"x"}', '{"b":1}'], ['{"a":1}', '{"a":null}']),
        ({"required": ["a", "b"]}, ['{"a":1,"b":null}'], ['{"a":1}', "{}"]),
        ({**ROW, "additionalProperties": False}, ['{"id":1}'], ['{"id":1,"x":1}', '{"id":1,"Id":1}']),
        ({**ROW, "additionalProperties": True}, ['{"id":1,"x":1}'], ["{}"]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, ["{}", '{"a":1}'], ['{"a":1,"b":"c"}']),
        ({"properties": {"é ü": ROW}, "additionalProperties": False}, ['{"\\u00e9 ü":{"id":1}}'], ['{"é":{"id":1}}']),
        ({"type": "array", "items": {"$ref": "#/$defs/row"}, "$defs": {"row": ROW}}, ['[{"id":1}]'], ['[{"id":"1"}]']),
        ({"$ref": "#/definitions/row", "definitions": {"row": ROW}}, ['{"id":1}'], ["{}"]),
        ({"type": "string", "format": "date", "title": "t", "description": "d"}, ['"no date"'], ["1"]),
        (True, ["1", "{}", "null"], []),
        ({"description": "anything"}, ["1", "{}", "null"], []),
    ],
)  # fmt: skip
def test_it_says_yes_to_what_fits_and_to_nothing_else(of: Any, yes: list[str], no: list[str]) -> None:
    for content in yes:
        assert says(of, content), content
    for content in no:
        assert not says(of, content), content


@pytest.mark.parametrize("dialect", ["draft-04", "draft-06", "draft-07"])
def test_older_drafts_are_told_the_same(dialect: str) -> None:
    stated = {"$schema": f"http://json-schema.org/{dialect}/schema#"}
    assert says({**stated, **ROW}, '{"id":1}')
    assert not says({**stated, "type": "integer"}, "1.0")  # in draft 4 that is no integer
    assert not says({**stated, "const": "a"}, '"b"')  # which is no keyword in draft 4
    if dialect == "draft-04":
        assert not says({**stated, "type": "number", "minimum": 1, "exclusiveMinimum": True}, "2")


@pytest.mark.parametrize(
    "of",
    [
        False,
        {"pattern": "a"},
        {"type": "string", "pattern": "a"},
        {"type": "string", "contentEncoding": "base64"},
        {"type": "string", "nullable": True},
        {"type": "string", "minLength": 1.0},
        {"type": "number", "multipleOf": 2},
        {"type": "number", "minimum": 0.5},
        {"type": "number", "minimum": 2**53},
        {"type": "number", "minimum": 1e300},
        {"minimum": 0},
        {"enum": [1]},
        {"enum": ["a", True]},
        {"const": 1.5},
        {"const": {}},
        {"enum": []},
        {"type": "string", "enum": ["a", None]},
        {"type": "string", "enum": ["a"], "minLength": 2},
        {"type": []},
        {"type": "array", "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "array", "items": False},
        {"type": "array", "contains": {"type": "string"}},
        {"type": "object", "minProperties": 1},
        {"type": "object", "patternProperties": {"a": {}}},
        {"type": "object", "propertyNames": {"maxLength": 1}},
        {"type": "object", "unevaluatedProperties": False},
        {"type": "object", "dependentRequired": {"a": ["b"]}},
        {"type": "object", "properties": {"a": False}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"type": "object", "properties": {"": {"type": "string"}}},
        {"type": "object", "properties": {'a"b': {"type": "string"}}},
        {"type": "object", "properties": {"a\\b": {"type": "string"}}},
        {"allOf": [{"type": "string"}]},
        {"oneOf": [{"type": "string"}, {"type": "null"}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "type": "string"},
        {"not": {"type": "string"}},
        {"if": {"type": "string"}, "then": {"maxLength": 1}},
        {"$ref": "#"},
        {"$ref": "#/$defs/a%62", "$defs": {"ab": {}}},
        {"$ref": "#/$defs/a", "type": "string", "$defs": {"a": {}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
        {"$id": "https://example.com/a", "type": "string"},
        {"type": "object", "properties": {"a": {"$defs": {}, "type": "string"}}},
        {"$anchor": "a", "type": "string"},
        {"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a"}}},
        {"x-own": 1, "type": "string"},
    ],
)
def test_what_is_not_certain_has_no_type(of: Any) -> None:
    assert quick(decode(json.dumps(of).encode(), 64)) is None


@pytest.mark.parametrize("number", ["1e99999", "0e99999", "1e-99999", "1e00000001"])
@pytest.mark.parametrize("of", [{"properties": {"a": {"type": "number"}}}, {"type": "object"}, {"required": ["a"]}])
def test_a_number_that_the_validator_is_not_asked_about_has_no_yes(of: Any, number: str) -> None:
    content = f'{{"a":{number}}}'
    assert compiled(of).failure(decode(content.encode(), 64)) == ("", "number")
    assert not compiled(of).surely_fits(answer(content))


def test_what_may_ask_for_much_work_is_left_to_the_validator() -> None:
    defs: dict[str, Any] = {"a0": {"type": "integer"}}
    for at in range(1, 26):
        defs[f"a{at}"] = {"items": {"anyOf": [{"$ref": f"#/$defs/a{at - 1}"}, {"type": "null"}]}}
    assert says({"$ref": "#/$defs/a15", "$defs": defs}, "[[[null]]]")
    check = compiled({"$ref": "#/$defs/a25", "$defs": defs})
    assert max(check.costs.levels) > 64
    assert not check.surely_fits(answer("[[[null]]]"))


def test_where_it_never_says_yes_it_is_given_up() -> None:
    check = compiled({"type": "integer"})
    for _ in range(3):
        assert not any(check.surely_fits(answer("1.0")) for _ in range(15))
        assert check.surely_fits(answer("1"))
    assert not any(check.surely_fits(answer("1.0")) for _ in range(16))
    assert not check.surely_fits(answer("1"))


def test_only_the_structured_content_is_judged() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"structuredContent":{"id":1},"result":{"structuredContent":{"id":"x"}}}'
    assert not compiled(ROW).surely_fits(raw)
    assert not compiled(ROW).surely_fits(
        b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"structuredContent":{"id":1}}]}}'
    )
    assert not compiled(ROW).surely_fits(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}')


def test_what_types_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert quick({"properties": {str(at): {"type": "string"} for at in range(MAX_PARTS)}}) is None
    assert quick({"enum": [str(at) for at in range(MAX_PARTS)]}) is None
    double: Any = {"$defs": {"a0": ROW}, "$ref": "#/$defs/a20"}  # a type is made once, however often it is named
    for at in range(1, 21):
        named = {"$ref": f"#/$defs/a{at - 1}"}
        double["$defs"][f"a{at}"] = {"properties": {"x": named, "y": named}}
    assert quick(double) is not None
    gc.collect()
    held = sum(each.parts for each in schema_quick._alive)
    first = quick(ROW)
    assert first is not None
    monkeypatch.setattr(schema_quick, "MAX_ALIVE", held + first.parts)
    assert quick(ROW) is None
    del first
    gc.collect()
    assert quick(ROW) is not None  # what was given up makes room


# --- schemas of the plain kind, or nearly, and values near and far

NAMES = st.sampled_from(["a", "b", "é", "a b", "id", "~/", ""])
TEXTS = st.one_of(
    st.sampled_from(["", "a", "ab", "b", "😀", "😀a", "null", "1", "\n", '"', "1e999"]), st.text(max_size=3)
)
SMALL = st.integers(-3, 3)
INTEGERS = st.one_of(SMALL, st.sampled_from([2**53, 2**53 + 1, -(2**53), 2**63, 2**64, -(2**63) - 1, 10**40]))
SPELT = (
    *("0.0", "-0.0", "1.0", "2.0", "3.0", "0.5", "2.5", "-1.5", "1e0", "10e-1", "2E0", "1e2", "-1e-99", "1e400"),
    *(
        "-1e-400",
        "1e-400",
        "1e-5000",
        "0e5000",
        "1.00000000000000000001",
        "0.99999999999999999999",
        "9007199254740993.0",
    ),
    *("-0.99999999999999999999", "-2.00000000000000000001", f"-0.{0:0400}1", f"0.{0:0400}1", "1.99999999999999999999"),
)
FRACTIONS = st.sampled_from(SPELT)
BOUNDS = st.one_of(SMALL, st.sampled_from([0.0, 1.0, 0.5, 2**53 - 1, 2**53]))
EXTRA = st.sampled_from(
    [
        {},
        {},
        {},
        {"format": "date-time"},
        {"pattern": "^a"},
        {"title": "t", "default": 1},
        {"multipleOf": 2},
        {"uniqueItems": True},
        {"minProperties": 1},
        {"not": {"const": "a"}},
    ]
)


def some(of: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=of)


PLAIN = st.one_of(
    st.tuples(st.just({"type": "string"}), some({"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3)})),
    st.tuples(
        st.sampled_from([{"type": "integer"}, {"type": "number"}, {"type": ["number", "null", "integer"]}]),
        some(dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], BOUNDS)),
    ),
    st.tuples(st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["boolean", "null"]}, {}]), st.just({})),
    st.tuples(
        st.sampled_from([{}, {"type": "string"}, {"type": ["string", "null"]}]),
        some({"enum": st.lists(st.one_of(TEXTS, st.none(), SMALL), min_size=1, max_size=3)}),
    ),
    st.tuples(st.just({}), some({"const": st.one_of(TEXTS, st.none(), SMALL)})),
    st.tuples(st.just({}), st.just({"$ref": "#/$defs/leaf"})),
)  # fmt: skip
LEAVES = st.tuples(PLAIN, EXTRA).map(lambda held: {**held[0][0], **held[0][1], **held[1]})


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = some({"items": inner, "minItems": st.integers(0, 2), "maxItems": st.integers(1, 3)})
    objects = some(
        {
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": st.one_of(st.booleans(), inner),
        }
    )
    typed = st.sampled_from([{}, {"type": "object"}, {"type": ["object", "array", "null"]}, {"type": "array"}])
    return st.one_of(
        st.tuples(typed, arrays).map(lambda held: {**held[0], **held[1]}),
        st.tuples(typed, objects).map(lambda held: {**held[0], **held[1]}),
        st.tuples(typed, objects, arrays, EXTRA).map(lambda held: {**held[0], **held[1], **held[2], **held[3]}),
        st.tuples(inner, st.sampled_from(["anyOf", "oneOf"])).map(lambda held: {held[1]: [held[0], {"type": "null"}]}),
    )


SCHEMAS = st.recursive(LEAVES, around, max_leaves=6)


@st.composite
def texts_near(draw: st.DrawFn, schema: Any, depth: int = 0) -> str:
    """JSON that the schema may well take: mostly by its own words, now and then by none."""
    if depth > 4 or not isinstance(schema, dict) or draw(st.integers(0, 9)) == 0:
        return draw(far())
    if "anyOf" in schema or "oneOf" in schema:
        branches = schema.get("anyOf", schema.get("oneOf"))
        return draw(texts_near(draw(st.sampled_from(branches)), depth + 1))
    listed = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if listed:
        return json.dumps(draw(st.sampled_from(listed)), ensure_ascii=draw(st.booleans()))
    stated = schema.get(
        "type", "object" if {"properties", "required", "additionalProperties"} & schema.keys() else "array"
    )
    kind = stated if isinstance(stated, str) else draw(st.sampled_from(stated))
    if kind == "array":
        held = [draw(texts_near(schema.get("items", True), depth + 1)) for _ in range(draw(st.integers(0, 3)))]
        return f"[{','.join(held)}]"
    if kind == "object":
        known = schema.get("properties", {})
        names = [*schema.get("required", ()), *known, *draw(st.lists(NAMES, max_size=1))]
        kept = [name for name in dict.fromkeys(names) if draw(st.integers(0, 9))]
        others = schema.get("additionalProperties", True)
        held = [
            json.dumps(name, ensure_ascii=draw(st.booleans()))
            + ":"
            + draw(texts_near(known.get(name, others), depth + 1))
            for name in draw(st.permutations(kept))
        ]
        return f"{{{','.join(held)}}}"
    if kind == "string":
        return json.dumps(draw(TEXTS), ensure_ascii=draw(st.booleans()))
    if kind in ("integer", "number"):
        return draw(st.one_of(INTEGERS.map(str), FRACTIONS))
    return {"null": "null", "boolean": draw(st.sampled_from(["true", "false"]))}[kind]


def far() -> st.SearchStrategy[str]:
    scalars = st.one_of(
        TEXTS.map(json.dumps), INTEGERS.map(str), FRACTIONS, st.sampled_from(["null", "true", "false", "{}", "[]"])
    )
    return st.one_of(scalars, scalars.map("[{}]".format), scalars.map('{{"a":{}}}'.format))


DIALECTS = st.sampled_from(
    [
        {},
        {},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$schema": "https://json-schema.org/draft/2019-09/schema"},
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.data(), SCHEMAS, LEAVES, DIALECTS)
def test_a_quick_yes_is_always_a_yes_of_the_validator(data: Any, schema: Any, leaf: Any, dialect: Any) -> None:
    found = compile_schema(json.dumps({**schema, **dialect, "$defs": {"leaf": leaf}}).encode())
    if not isinstance(found, Schema):
        return
    for _ in range(3):
        content = data.draw(texts_near(schema))
        raw = ('{"jsonrpc":"2.0","id":1,"result":{"structuredContent":' + content + "}}").encode()
        message = read(raw)
        if isinstance(message, Response) and found.surely_fits(raw):
            assert found.failure(message.result["structuredContent"]) is None


WHOLE = (
    *map(str, range(-3, 5)),
    *(str(sign * (2**53 + more)) for sign in (1, -1) for more in (-1, 0, 1)),
    "1" + "0" * 40,
)


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("dialect", ["draft-04", "draft-07"])
def test_every_spelling_of_a_number_at_every_bound(kind: str, dialect: str) -> None:
    stated = {"$schema": f"http://json-schema.org/{dialect}/schema#", "type": kind}
    bounds: list[dict[str, Any]] = [{}, {"minimum": 0, "maximum": 2}, {"minimum": 1, "exclusiveMinimum": 1}]
    bounds += [{word: at} for word in ("minimum", "maximum") for at in (-2, -1, 0, 1, 2, 0.0, 2**53 - 1)]
    bounds += [{"exclusive" + word: at} for word in ("Minimum", "Maximum") for at in (-1, 0, 1, 2)]
    for bound in bounds:
        check = compile_schema(json.dumps(stated | bound).encode())
        if isinstance(check, Schema):  # in draft 4 some are none
            for content in (*WHOLE, *SPELT):
                value = decode(content.encode(), 9)
                assert not check.surely_fits(answer(content)) or check.failure(value) is None, (bound, content)
