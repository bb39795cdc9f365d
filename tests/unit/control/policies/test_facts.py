from decimal import Decimal

import pytest

from doorward.control.policies.facts import compile_facts
from doorward.control.policies.files import PolicyFiles
from doorward.core.facts import true_facts


def problem(text: str) -> str:
    facts, problems = compile_facts(PolicyFiles({"facts.yaml": text}, "policies"))
    assert facts == {}
    [only] = problems
    assert only.remedy
    return str(only)


def test_facts_are_compiled() -> None:
    text = """
outside: {pointer: /to/*, matches: "@example[.]org$", not: true}
cheap: {pointer: /a~1b/m~0n, less_than: 10.5}
same: {pointer: "", equals: true}
"""
    facts, problems = compile_facts(PolicyFiles({"facts.yaml": text}))
    assert problems == []
    assert facts["cheap"].pointer == ("a/b", "m~n")
    assert facts["cheap"].less_than == Decimal("10.5")
    assert facts["same"].pointer == ()
    assert true_facts(facts, ["outside"], {"to": ["a@example.org", "b@evil.org"]}) == ("outside",)
    assert true_facts(facts, ["outside"], {"to": ["a@example.org"]}) == ()


def test_no_file_and_an_empty_one_hold_no_facts() -> None:
    assert compile_facts(PolicyFiles()) == ({}, [])
    assert compile_facts(PolicyFiles({"facts.yaml": "# nothing\n"})) == ({}, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "expected names"),
        ("a: text", "expected a test"),
        ("a: {pointer: /x}", "exactly one test"),
        ("a: {pointer: /x, equals: 1, less_than: 2}", "exactly one test"),
        ("a: {pointer: /x, like: y}", "'like' is not known"),
        ("a: {equals: 1}", "JSON pointer"),
        ("a: {pointer: x, equals: 1}", "JSON pointer"),
        ("a: {pointer: /x~2, equals: 1}", "not escaped"),
        ("a: {pointer: /x, equals: [1]}", "one value"),
        ("a: {pointer: /x, not: 1, equals: 1}", "not:"),
        ("a: {pointer: /x, less_than: '5'}", "a number"),
        ("a: {pointer: /x, less_than: true}", "a number"),
        ("a: {pointer: /x, less_than: 9007199254740993}", "too large"),
        ("a: {pointer: /x, longer_than: -1}", "count"),
        ("a: {pointer: /x, longer_than: 1.5}", "count"),
        ("a: {pointer: /x, matches: '(?=x)'}", "RE2"),
        ("a: {pointer: /x, matches: ''}", "regular expression"),
        ("a: {pointer: /x, under_path: ''}", "directory"),
        ("a: {pointer: /x, under_path: ../up}", "directory"),
        ("a: {pointer: /x, under_path: .}", "directory"),
        ("a: {pointer: /x, under_path: 5}", "directory"),
        ("a: {pointer: /x, equals: 1}\na: {pointer: /x, equals: 2}", "twice"),
        ("a: [", "YAML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(text: str, words: str) -> None:
    said = problem(text)
    assert said.startswith("policies/facts.yaml:")
    assert words in said
