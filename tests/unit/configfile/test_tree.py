"""YAML text into plain data with places."""

import pytest

from doorward.configfile.tree import MAX_DEPTH, Tree, parse
from doorward.configtypes import InvalidConfiguration, Problem


def refused(text: str) -> Problem:
    with pytest.raises(InvalidConfiguration) as caught:
        parse(text, "d.yaml")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("0755", "0755"),
        ("0x1f", "0x1f"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("2026-11-22", "2026-11-22"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("tRuE", "tRuE"),
        ("|\n 12\n", "12\n"),
        ("[1, [a]]", [1, ["a"]]),
        ('{"a":\n\t["\\/", 1]}', {"a": ["/", 1]}),
    ],
)
def test_scalars_are_read_as_yaml_1_2_does(text: str, value: object) -> None:
    read = parse(text, "d.yaml").value
    assert read == value
    assert type(read) is type(value)


def test_an_empty_file_is_nothing() -> None:
    assert parse("# only a comment\n", "d.yaml").value is None


def test_a_byte_order_mark_of_an_editor_is_dropped() -> None:
    assert parse("\ufeffa: 1", "d.yaml").value == {"a": 1}


def test_every_key_and_element_has_its_place() -> None:
    tree = parse("a:\n  b: [x,\n      {c: 1}]\n", "d.yaml")
    assert (tree.place("a"), tree.place("a.b"), tree.place("a.b[1]"), tree.place("a.b[1].c")) == (
        (1, 1),
        (2, 3),
        (3, 7),
        (3, 8),
    )


def test_what_is_not_there_is_placed_at_what_is_above_it() -> None:
    tree = parse("a:\n  b: [x]\n", "d.yaml")
    assert tree.place("a.b[7].c") == (2, 3)
    assert tree.place("z.y") == (1, 1)
    assert Tree(None, {}).place("z") == (1, 1)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 1\nb: 2\na: 3", (3, 1), "there twice (first in line 1)"),
        ("{a: {x: 1, 'x': 2}}", (1, 12), "there twice"),
        ("a: !!python/object:os.system x", (1, 4), "tags are not accepted"),
        ("a: !secret x", (1, 4), "tags are not accepted"),
        ("a: !!str 5", (1, 4), "tags are not accepted"),
        ("a: &x {b: 1}\nc:\n  <<: *x", (3, 3), "merge keys"),
        ("a: 1\n---\nb: 2", (2, 1), "second document"),
        ("? [a]\n: 1", (1, 3), "a key must be text"),
        ("a: b: c", (1, 5), "this is not YAML"),
        ("a: [1", (2, 1), "this is not YAML"),
        ("a: *nope", (1, 4), "this is not YAML"),
        ("a: \x01", (0, 0), "this is not YAML"),
        ("a: \ud800", (0, 0), "this is not YAML"),
        ("[" * 100_000, (1, MAX_DEPTH + 1), "nested deeper"),
        ("{a: " * 50 + "1" + "}" * 50, (1, 129), "nested deeper"),
        ("a: &x [*x]", (1, 4), "aliases make this too large"),
        ("x" * (1 << 21), (0, 0), "larger than 1 MiB"),
    ],
)
def test_refused_with_the_place(text: str, where: tuple[int, int], what: str) -> None:
    problem = refused(text)
    assert what in problem.message
    assert (problem.file, problem.line, problem.column) == ("d.yaml", *where)
    assert problem.remedy


def test_aliases_work() -> None:
    assert parse("a: &x [1]\nb: *x", "d.yaml").value == {"a": [1], "b": [1]}


def test_aliases_that_multiply_are_cut_off() -> None:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [
        f"{name}: &{name} [{','.join(['*' + before] * 10)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    assert "aliases" in refused("\n".join(lines)).message


def test_the_parser_s_words_do_not_repeat_the_file() -> None:
    assert "hunter2" not in str(refused("key: hunter2\n  other: 'hunter2\n"))
