"""Arrays of pairs of a name and a value."""

import json
from typing import Any

import pytest

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection.walk import leaves

LEE = [["surname", "Lee"], ["city", "Graz"], ["ssn", "123 45 6789"]]
MOSS = [["city", "Linz"], ["surname", "Moss"], ["ssn", "123 45 6780"]]


def texts(value: Any, pointer: str = "") -> list[Text]:
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in texts(inner, f"{pointer}/{name}")]
    if isinstance(value, list):
        return [one for index, inner in enumerate(value) for one in texts(inner, f"{pointer}/{index}")]
    return [Text(pointer, value)]


def both(value: Any) -> list[list[Leaf]]:
    """As members of the message, and as JSON in a text."""
    return [leaves(texts(value)), leaves([Text("/t", json.dumps(value))])]


@pytest.mark.parametrize("value", [{"result": LEE}, {"result": [LEE]}, {"result": [LEE, MOSS]}])
def test_values_have_the_names_beside_them(value: Any) -> None:
    for made in both(value):
        found = {leaf.string: leaf for leaf in made if not leaf.name}
        assert found["Lee"].names[:2] == ("surname", "result")
        assert found["123 45 6789"].names[0] == "ssn"
        assert found["Lee"].record is found["Graz"].record
        if "Moss" in found:
            assert found["Moss"].names[0] == "surname"
            assert found["Moss"].column is found["Lee"].column
            assert found["Moss"].record is found["Linz"].record is not found["Lee"].record


@pytest.mark.parametrize(
    "value",
    [
        {"result": [["surname", "city"], ["Lee", "Graz"]]},  # heads, and a row
        {"result": [["alpha", "beta"], ["gamma", "delta"]]},
        {"result": [["surname", "Lee"], ["surname", "Moss"]]},
        {"result": [["surname", "Lee", "x"], ["city", "Graz", "y"]]},
        {"required": [["owner", "name"], ["phone", "city"]]},
    ],
)
def test_other_arrays_are_no_pairs(value: Any) -> None:
    for made in both(value):
        assert not [leaf for leaf in made if leaf.string in ("Lee", "beta") and leaf.names[0] == "surname"] or (
            value["result"][0][1] == "city"
        )
        assert not [leaf for leaf in made if leaf.string == "name" and leaf.names[0] == "owner"]


def test_many_pairs() -> None:
    value = {"result": [[f"phone {index:c}{index // 26}", "+43 1 5"] for index in range(97, 123)]}
    for made in both(value):
        assert sum(leaf.names[0].startswith("phone") for leaf in made if leaf.names) == 26
