from typing import Any

import pytest

from doorward.core.decode import decode
from doorward.core.rules import Shape
from doorward.stages.arguments import MAX_ELEMENTS, UnreadableArgument, copied, wanted

SHAPE = Shape(
    "Record",
    members={
        "path": Shape("String"),
        "n": Shape("Long"),
        "on": Shape("Boolean"),
        "tags": Shape("Set", "String"),
        "opts": Shape("Record", members={"deep": Shape("String"), "n": Shape("Long")}),
    },
)


def copy(text: str, *paths: tuple[str, ...]) -> dict[str, Any]:
    return copied(decode(text.encode(), 64), SHAPE, wanted((path, True) for path in paths))


def test_only_what_is_read_is_copied() -> None:
    text = '{"path": "x", "n": null, "opts": {"deep": "y", "n": 1.5, "more": {}}, "tags": ["a", "a"], "other": 1e400}'
    assert copy(text, ("path",), ("opts", "deep"), ("tags",)) == {
        "path": "x",
        "opts": {"deep": "y"},
        "tags": ["a"],  # a set
    }
    assert copy(text) == {}


def test_an_array_with_very_many_elements_is_unreadable() -> None:
    many = ", ".join(f'"{index}"' for index in range(MAX_ELEMENTS))
    assert len(copy(f'{{"tags": [{many}, {many}, "0"]}}', ("tags",))["tags"]) == MAX_ELEMENTS
    with pytest.raises(UnreadableArgument):
        copy(f'{{"tags": [{many}, "more"]}}', ("tags",))
    assert copy(f'{{"tags": [{many}, "more"]}}', ("path",)) == {}


def test_what_is_absent_stays_absent() -> None:
    assert copy("{}", ("path",), ("opts", "deep")) == {}
    assert copy('{"opts": {}}', ("opts", "deep")) == {"opts": {}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("path", "null"),
        ("path", "1"),
        ("path", '["x"]'),
        ("path", '{"__entity": {"type": "Doorward::Agent", "id": "agent:a"}}'),
        ("path", '{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}'),
        ("path", '{"__expr": "1"}'),
        ("n", "null"),
        ("n", "1.0"),
        ("n", "1e2"),
        ("n", '"1"'),
        ("n", "true"),
        ("n", "9223372036854775808"),
        ("n", "-9223372036854775809"),
        ("n", "1" + "0" * 50),
        ("on", "0"),
        ("on", '"true"'),
        ("tags", '"a"'),
        ("tags", "[null]"),
        ("tags", '["a", 1]'),
        ("tags", '[["a"]]'),
        ("opts", '"x"'),
        ("opts", "[]"),
        ("opts", '{"deep": 1}'),
        ("opts", '{"deep": "x", "__entity": {}}'),
        ("opts", '{"undeclared": 1}'),
        ("undeclared", "1"),
    ],
)
def test_what_is_there_and_cannot_be_represented_is_never_absent(path: str, value: str) -> None:
    with pytest.raises(UnreadableArgument) as raised:
        copy(f'{{"{path}": {value}}}', (path,))
    assert raised.value.reason == "policy.unreadable_argument"


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63 - 1, -(2**63)])
def test_between_53_and_64_bit_servers_differ(number: int) -> None:
    with pytest.raises(UnreadableArgument) as raised:
        copy(f'{{"n": {number}}}', ("n",))
    assert raised.value.reason == "message.ambiguous_number"


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0])
def test_numbers_that_all_agree_on(number: int) -> None:
    assert copy(f'{{"n": {number}}}', ("n",)) == {"n": number}


@pytest.mark.parametrize("name", ["__entity", "__extn", "__expr"])
def test_members_that_cedar_gives_a_meaning_are_refused_wherever_a_policy_reads(name: str) -> None:
    for text in (f'{{"{name}": 1, "path": "x"}}', f'{{"opts": {{"{name}": 1}}}}'):
        with pytest.raises(UnreadableArgument):
            copy(text, ("path",), ("opts", "deep"))


@pytest.mark.parametrize(
    "text", ['{"PATH": "x"}', '{"path": "x", "Path": "y"}', '{"opts": {"DEEP": "y"}}', '{"OPTS": {"deep": "y"}}']
)
def test_a_name_that_differs_in_case_alone_is_not_absent(text: str) -> None:
    """Some servers read it as the name that was declared."""
    with pytest.raises(UnreadableArgument) as raised:
        copy(text, ("path",), ("opts", "deep"))
    assert raised.value.reason == "policy.unreadable_argument"
    assert copy(text, ("n",)) == {}


def test_names_that_differ_in_case_and_are_both_declared() -> None:
    shape = Shape("Record", members={"id": Shape("Long"), "ID": Shape("String")})
    assert copied({"id": 1, "ID": "x"}, shape, wanted([(("id",), True)])) == {"id": 1}


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "1"])
def test_arguments_that_are_no_object(text: str) -> None:
    with pytest.raises(UnreadableArgument):
        copy(text, ("path",))


def test_a_policy_that_asks_only_for_presence_reads_no_deeper() -> None:
    value = decode(b'{"opts": {"undeclared": 1}}', 64)
    assert copied(value, SHAPE, wanted([(("opts",), False)])) == {"opts": {}}
    with pytest.raises(UnreadableArgument):
        copied(value, SHAPE, wanted([(("opts",), False), (("opts",), True)]))


def test_all_of_the_arguments() -> None:
    assert copied({"path": "x", "opts": {"n": 1}}, SHAPE, wanted([((), True)])) == {"path": "x", "opts": {"n": 1}}
    with pytest.raises(UnreadableArgument):
        copied({"path": "x", "undeclared": 1}, SHAPE, wanted([((), True)]))
