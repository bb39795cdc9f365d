import json
from typing import Any

from doorward.core.decision import ALLOW, Effect, Reason
from doorward.stages.schema import Schema, Unusable, compile_schema
from doorward.stages.validate import refuse_unchecked, validate_arguments, validate_result, validate_size


def schema(value: Any) -> Schema:
    found = compile_schema(json.dumps(value).encode())
    assert isinstance(found, Schema), found
    return found


def unusable(value: Any) -> Unusable:
    found = compile_schema(json.dumps(value).encode())
    assert isinstance(found, Unusable)
    return found


def test_up_to_the_limit_and_not_a_byte_more() -> None:
    assert validate_size(10, 10) is ALLOW
    assert validate_size(11, 10).reason == "message.too_large"


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city"],
    "additionalProperties": False,
}


def test_what_fits_passes_and_what_does_not_names_place_and_keyword() -> None:
    assert validate_arguments(schema(CITY), {"city": "Bonn", "days": [1, 2]}) is ALLOW
    refused = validate_arguments(schema(CITY), {"city": "Bonn", "days": [1, "secret"]})
    assert (refused.effect, refused.reason, refused.rules) == (
        Effect.DENY,
        Reason.SCHEMA_ARGUMENTS,
        ("input-schema",),
    )
    assert "at /days/* (type)" in refused.what
    assert "secret" not in refused.what + refused.remedy


def test_null_may_stand_for_an_argument_that_was_left_out() -> None:
    assert validate_arguments(schema(CITY), {"city": "Bonn", "days": None}) is ALLOW
    for wrong in ({"city": None}, {"city": "Bonn", "days": [None]}, {"city": 7, "days": None}):
        assert validate_arguments(schema(CITY), wrong).reason is Reason.SCHEMA_ARGUMENTS
    asked_for = schema({"properties": {"x": {"type": "null"}}, "required": ["x"]})
    assert validate_arguments(asked_for, {"x": None}) is ALLOW
    assert validate_result(schema(CITY), {"city": "Bonn", "days": None}).reason is Reason.SCHEMA_RESULT


def test_results_have_a_reason_of_their_own() -> None:
    assert validate_result(schema(CITY), {"city": "Bonn"}) is ALLOW
    refused = validate_result(schema(CITY), {})
    assert (refused.reason, refused.rules) == (Reason.SCHEMA_RESULT, ("output-schema",))
    assert "at /city (required)" in refused.what


def test_a_strict_tool_may_refuse_what_nobody_could_check() -> None:
    refused = refuse_unchecked(Reason.SCHEMA_ARGUMENTS, unusable({"pattern": "("}))
    assert refused.effect is Effect.DENY
    assert refused.reason is Reason.SCHEMA_ARGUMENTS
    assert refuse_unchecked(Reason.SCHEMA_RESULT, unusable({"$ref": "#"})).reason is Reason.SCHEMA_RESULT
