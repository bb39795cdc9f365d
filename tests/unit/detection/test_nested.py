"""JSON inside strings: values, names and numbers with exact places."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import nested
from doorward.detection.shape import Shape, is_plain
from doorward.detection.walk import leaves


def unread(spelling: str, depth: int) -> str:
    """What a piece of text in JSON, inside ``depth`` strings of JSON, stands for."""
    for _ in range(depth):
        spelling = json.loads(f'"{spelling}"')
    return spelling


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def expected(value: Any, strings: list[str], names: list[str], numbers: list[str]) -> None:
    if isinstance(value, str):
        strings.append(value)
    elif isinstance(value, dict):
        for name, child in value.items():
            names.append(name)
            expected(child, strings, names, numbers)
    elif isinstance(value, list):
        for child in value:
            expected(child, strings, names, numbers)
    elif not isinstance(value, bool) and value is not None:
        spelling = json.dumps(value)
        if sum(map(str.isdigit, spelling)) >= 6:
            numbers.append(spelling)


@given(_VALUES, st.integers(0, 2), st.booleans(), st.sampled_from([None, 0, 2, "\t"]))
def test_every_value_stands_where_its_leaf_says(value: Any, depth: int, ascii_only: bool, indent: Any) -> None:
    text = json.dumps({"": value}, ensure_ascii=ascii_only, indent=indent)
    for _ in range(depth):
        text = json.dumps(text, ensure_ascii=ascii_only)
    whole = Text("/t", text)
    leaf = Leaf(whole, text)
    draft = None
    for _ in range(depth):
        inside = nested.quoted(leaf, Shape(()))
        assert inside is not None
        [leaf] = inside.leaves
    draft = nested.whole(leaf, Shape(()), lambda: None, every_name=True)
    assert draft is not None
    strings: list[str] = []
    names: list[str] = []
    numbers: list[str] = []
    expected({"": value}, strings, names, numbers)
    assert [leaf.string for leaf in draft.leaves if leaf.name] == names
    assert [leaf.string for leaf in draft.leaves if leaf.number] == numbers
    assert [leaf.string for leaf in draft.leaves if not leaf.name and not leaf.number] == strings
    for leaf in draft.leaves:
        start, end = leaf.locate(0, len(leaf.string))
        assert unread(text[start:end], depth if leaf.number else depth + 1) == leaf.string


_ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "mail", "note", "Full name", "n\u00e9e", 'a"b']),
        _TEXT
        | st.sampled_from(
            [None, True, False, -0.0, 0, 7, 123456, 1234567, 1.5, 123456.25, "", '"', "id", ', "mail": "']
        )
        | st.lists(_TEXT | st.integers(0, 10**7), max_size=2)
        | st.dictionaries(st.sampled_from(["id", "note"]), _TEXT, max_size=2),
        max_size=5,
    ),
    max_size=8,
)
_SPACES = [(",", ":"), (", ", ": "), (" ,", " :"), (",\n  ", ":")]


@given(st.lists(st.tuples(_ROWS, st.sampled_from(_SPACES)), min_size=1, max_size=3), st.booleans())
def test_rows_that_are_written_alike_or_not_stand_where_their_leaves_say(
    runs: list[tuple[list[Any], tuple[str, str]]], ascii_only: bool
) -> None:
    written = [json.dumps(row, ensure_ascii=ascii_only, separators=by) for rows, by in runs for row in rows]
    text = f"[{', '.join(written)}]"
    draft = nested.whole(Leaf(Text("/t", text), text), Shape(()), lambda: None)
    assert draft is not None
    strings: list[str] = []
    every: list[str] = []
    numbers: list[str] = []
    expected([row for rows, _ in runs for row in rows], strings, every, numbers)
    assert [leaf.string for leaf in draft.leaves if leaf.number] == numbers
    assert [leaf.string for leaf in draft.leaves if not leaf.name and not leaf.number] == strings
    for leaf in draft.leaves:
        start, end = leaf.locate(0, len(leaf.string))
        assert unread(text[start:end], 0 if leaf.number else 1) == leaf.string
        assert leaf.number or text[start - 1] == '"' == text[end]
    names = [leaf.string for leaf in draft.leaves if leaf.name]
    assert [name for name in names if is_plain(name)] == list(dict.fromkeys(filter(is_plain, every)))
    assert [name for name in names if not is_plain(name)] == [name for name in every if not is_plain(name)]


def test_a_part_of_a_string_with_escapes_is_located() -> None:
    text = '{"a": "x\\n\\u00e9 \\ud83d\\ude00 ann"}'
    [leaf] = [leaf for leaf in leaves([Text("/t", text)]) if not leaf.name]
    start = leaf.string.index("ann")
    begin, end = leaf.locate(start, start + 3)
    assert text[begin:end] == "ann"
    smile = leaf.string.index("\U0001f600")
    begin, end = leaf.locate(smile, smile + 1)
    assert text[begin:end] == "\\ud83d\\ude00"


def values(text: str) -> list[tuple[str, tuple[str, ...]]]:
    made = leaves([Text("/t", text)])
    for leaf in made:
        start, end = leaf.locate(0, len(leaf.string))
        assert leaf.offsets is not None or text[start:end] == leaf.string
    return [(leaf.string, leaf.names[:-1]) for leaf in made if not leaf.name]


@pytest.mark.parametrize("text", ['{"123456": [123456]}', '[{"123456": 1}, 123456]', '{"\\u0031 123456": 123456}'])
def test_a_number_is_not_taken_for_a_name_of_the_same_digits(text: str) -> None:
    [leaf] = [leaf for leaf in leaves([Text("/t", text)]) if leaf.number]
    assert leaf.locate(0, 6)[0] == text.rindex("123456")


def test_lines_of_json() -> None:
    text = '{"name":"Ann"}\n{"name":"Bea"}\n'
    assert values(text) == [("Ann", ("name",)), ("Bea", ("name",))]
    first, second = (leaf for leaf in leaves([Text("/t", text)]) if not leaf.name)
    assert first.column is second.column
    assert first.record is not second.record


def test_json_in_prose_and_in_fences() -> None:
    assert values('Got {"user": {"mail": "x@y.example"}}, fine.') == [
        ("Got ", ()),
        ("x@y.example", ("mail", "user")),
        (", fine.", ()),
    ]
    fenced = values('Here:\n```json\n{"mail": "x@y.example"}\n```\nBye')
    assert ("x@y.example", ("mail",)) in fenced
    assert ("Bye", ()) in [(string.strip("`\n"), names) for string, names in fenced]


def test_brackets_in_prose_are_prose() -> None:
    text = "see [1] and {x} or [link](there), f[0] = {} [a, b]"
    assert next(string for string, _ in values(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{'mail': 'x', 'n': None, 'o': {'p': \"q's\"}}", [("x", ("mail",)), ("None", ("n",)), ("q's", ("p", "o"))]),
        ('{"mail": "x", "rows": [{"z": "tru', [("x", ("mail",)), ('"tru', ("z", "rows"))]),
        ('{"mail": "x", "mail": "y",}', [("x", ("mail",)), ("y", ("mail",))]),
        ('{"mail": "x", // why\n "n": 1234567}', [("x", ("mail",)), ("// why", ()), ("1234567", ("n",))]),
    ],
)
def test_what_is_nearly_json_is_read_too(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert set(found) <= set(values(text))


def test_too_deep_for_a_parser_is_read_all_the_same() -> None:
    text = '{"a":' * 300 + '"x"' + "}" * 300
    [(_string, names)] = [pair for pair in values(text) if pair[0] == "x"]
    assert len(names) < 300


def test_a_string_that_is_no_json_string_is_none() -> None:
    for text in ('"', '"a" b"', '"a\\"', "a"):
        assert nested.quoted(Leaf(Text("/t", text), text), Shape(())) is None


@pytest.mark.parametrize(
    "text",
    [
        "const user = {\n  name: 'Ann Lee',\n  mail: `a@mail.example`,\n};",
        'user {\n  name: "Ann Lee"\n  mail: "a@mail.example"\n}',
        "Found { name: 'Ann Lee', mail: 'a@mail.example' } today",
        "{name: Ann Lee, mail: a@mail.example}",
    ],
)
def test_names_without_quotes(text: str) -> None:
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)]) if not leaf.name}
    assert made["Ann Lee"].names[0] == "name"
    assert made["a@mail.example"].names[0] == "mail"


@pytest.mark.parametrize("text", ["[10:00] Ann [x]", "{ return x; }", "f(a) { b = c }"])
def test_what_is_only_in_brackets_stays_whole(text: str) -> None:
    assert text in [leaf.string for leaf in leaves([Text("/t", text)])]


def test_names_of_what_is_not_quite_json_are_read_without_escapes() -> None:
    text = '{"n\\u00e9": "a7"}\n{"n\\u00e9": "b7"}'
    named = {leaf.string: leaf.names[0] for leaf in leaves([Text("/t", text)])}
    assert named["a7"] == named["b7"] == "n\u00e9"
