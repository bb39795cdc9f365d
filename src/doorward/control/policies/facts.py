"""``facts.yaml``: names of tests on arguments, compiled (docs/policies.md, "Facts")."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from doorward.configfile.tree import Tree, parse
from doorward.configtypes import InvalidConfiguration, Problem, Refused
from doorward.control.policies.files import FACTS, PolicyFiles
from doorward.core.facts import Fact, UnreadableFact, exact_number, resolved

_TESTS = ("matches", "equals", "less_than", "longer_than", "under_path")
_KEYS = ("pointer", "not", *_TESTS)
_REGEX_MEMORY = 8 << 20


def compile_facts(files: PolicyFiles) -> tuple[dict[str, Fact], list[Problem]]:
    """The facts by name, and every problem with its place."""
    text = files.files.get(FACTS)
    if text is None:
        return {}, []
    place = files.place(FACTS)
    try:
        tree = parse(text, place)
    except InvalidConfiguration as invalid:
        return {}, invalid.problems
    if tree.value is None:
        return {}, []
    if not isinstance(tree.value, dict):
        return {}, [_problem(tree, place, "", Refused("expected names with tests", "write NAME: {pointer: …, …}"))]
    made: dict[str, Fact] = {}
    problems: list[Problem] = []
    for name, written in tree.value.items():
        try:
            made[name] = _fact(name, written)
        except Refused as refused:
            problems.append(_problem(tree, place, name, refused))
    return made, problems


def _problem(tree: Tree, file: str, path: str, refused: Refused) -> Problem:
    line, column = tree.place(path)
    return Problem(path=path, message=refused.message, remedy=refused.remedy, file=file, line=line, column=column)


def _fact(name: str, written: Any) -> Fact:
    if not isinstance(written, dict):
        raise Refused("expected a test", "write {pointer: /path, under_path: /data} or the like")
    unknown = [key for key in written if key not in _KEYS]
    tests = [key for key in _TESTS if key in written]
    if unknown:
        raise Refused(f"the key {unknown[0]!r} is not known", f"known are {', '.join(_KEYS)}")
    if len(tests) != 1:
        raise Refused("needs exactly one test", f"one of {', '.join(_TESTS)}")
    negated = written.get("not", False)
    if not isinstance(negated, bool):
        raise Refused("not: is true or false", "not: true means: true where the test is false")
    return Fact(name, _pointer(written.get("pointer")), negated, **_test(tests[0], written[tests[0]]))


def _pointer(written: Any) -> tuple[str, ...]:
    """RFC 6901 §3, with ``*`` for each member or element."""
    if not isinstance(written, str) or (written and not written.startswith("/")):
        raise Refused("pointer: expected a JSON pointer", "for example /path or /rows/*/email; '' is the whole")
    steps = written.split("/")[1:]
    if any("~" in step.replace("~0", "").replace("~1", "") for step in steps):
        raise Refused("pointer: a ~ is not escaped", "write ~0 for ~ and ~1 for /")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _test(kind: str, value: Any) -> Mapping[str, Any]:
    match kind:
        case "matches":
            return {kind: _pattern(value)}
        case "equals":
            if isinstance(value, dict | list):
                raise Refused("equals: expected one value", "a text, a number, true, false or null")
            return {kind: (_number(kind, value) if _is_number(value) else value,)}
        case "less_than":
            return {kind: _number(kind, value)}
        case "longer_than":
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise Refused("longer_than: expected a count of characters", "a whole number from 0")
            return {kind: value}
        case _:
            return {kind: _root(value)}


def _pattern(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        raise Refused("matches: expected a regular expression", "in RE2 syntax, in quotes")
    import re2  # most configurations have no facts, and it is 2 MB

    options = re2.Options()
    options.max_mem = _REGEX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(value, options)
    except re2.error:
        raise Refused(
            "matches: this is no regular expression in RE2 syntax", "RE2 has no look-around and no back-references"
        ) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(kind: str, value: Any) -> Decimal:
    if not _is_number(value):
        raise Refused(f"{kind}: expected a number", "without quotes")
    try:
        number = exact_number(value)
    except UnreadableFact:
        raise Refused(f"{kind}: the number is too large or too exact", "at most 2^53-1, 17 digits") from None
    assert number is not None
    return number


def _root(value: Any) -> str:
    refusal = Refused("under_path: expected a directory", "absolute, as /data, or relative to where the server works")
    if not isinstance(value, str) or not value:
        raise refusal
    try:
        root = resolved(value)
    except UnreadableFact:
        raise refusal from None
    if not root:
        raise refusal
    return root
