import json

import cedarpy
import pytest

from doorward.core.rules import NO_ARGUMENTS, PRINCIPALS, RESOURCES, Shape, Uid
from doorward.stages.cedar_schema import request_schema

SHAPE = Shape("Record", members={"x": Shape("Set", "Long"), "y": Shape("Record", members={"z": Shape("Boolean")})})


@pytest.mark.parametrize("principal", PRINCIPALS)
@pytest.mark.parametrize("resource", RESOURCES)
def test_cedar_takes_it_for_every_kind(principal: str, resource: str) -> None:
    cedarpy.Schema.from_json_str(request_schema(principal, Uid("Action", "other"), resource, NO_ARGUMENTS))


def test_a_tools_action_is_in_the_group() -> None:
    written = json.loads(request_schema("Agent", Uid("Action", "tools/call/f/x"), "Tool", SHAPE))
    actions = written["Doorward"]["actions"]
    assert actions["tools/call/f/x"]["memberOf"] == [{"id": "tools/call"}]
    assert "appliesTo" not in actions["tools/call"]


def test_cedar_checks_the_request_against_it() -> None:
    """The last line of defence: what was copied in a wrong type is refused there too."""
    schema = cedarpy.Schema.from_json_str(request_schema("Agent", Uid("Action", "tools/call/f/x"), "Tool", SHAPE))

    def errors(**arguments: object) -> list[str]:
        request = {
            "principal": {"type": "Doorward::Agent", "id": "a"},
            "action": {"type": "Doorward::Action", "id": "tools/call/f/x"},
            "resource": {"type": "Doorward::Tool", "id": "f/x"},
            "context": {"arguments": arguments},
        }
        return cedarpy.is_authorized(request, "permit(principal, action, resource);", "[]", schema).diagnostics.errors

    assert errors(x=[1], y={"z": True}) == []
    for wrong in ({"x": ["1"]}, {"x": 1}, {"y": {"z": 1}}, {"other": 1}):
        assert errors(**wrong)
