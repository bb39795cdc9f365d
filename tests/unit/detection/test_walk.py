"""Leaves of whole messages: names, records, columns; nothing is unseen, nothing is raised."""

import base64
import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import shape
from doorward.detection.walk import leaves
from doorward.stages.inspect import texts


def found(value: Any) -> dict[str, Leaf]:
    """The values of a message by their strings."""
    return {leaf.string: leaf for leaf in leaves(texts(value)) if not leaf.name}


def test_names_are_those_of_the_pointer_the_nearest_first_without_indices() -> None:
    leaf = found({"rows": [{"a/b~c": "x"}]})["x"]
    assert leaf.names == ("a/b~c", "rows")


def test_a_member_whose_name_is_a_number_is_no_index() -> None:
    leaf = found({"people": {"17": {"name": "x"}}})["x"]
    assert leaf.names == ("name", "17", "people")


def test_members_of_one_object_share_a_record_and_those_of_the_next_do_not() -> None:
    by = found({"rows": [{"a": "1", "b": "2", "c": {"d": "3"}}, {"a": "4"}]})
    assert by["1"].record is by["2"].record is not by["4"].record
    assert by["3"].record is not None
    assert by["3"].record.parent is by["1"].record
    assert by["1"].record is not None
    assert by["1"].record.leaves == [by["1"], by["2"]]


def test_the_same_member_of_following_objects_is_a_column() -> None:
    by = found({"rows": [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], "list": ["5", "6"]})
    assert by["1"].column is by["3"].column is not by["2"].column
    assert by["5"].column is by["6"].column
    assert by["1"].column is not None
    assert by["1"].column.leaves == [by["1"], by["3"]]


def test_blocks_that_hold_one_object_each_have_columns_in_common() -> None:
    blocks = [{"type": "text", "text": json.dumps({"name": name})} for name in ("Ann", "Bea")]
    by = found({"result": {"content": blocks}})
    assert by["Ann"].column is by["Bea"].column
    assert by["Ann"].names == ("name", "text", "content", "result")


def test_numbers_of_six_digits_or_more_are_leaves() -> None:
    made = leaves([Text("/n", "123456", number=True), Text("/m", "-1.2e3", number=True)])
    assert [(leaf.string, leaf.number) for leaf in made] == [("123456", True)]


def test_plain_names_are_given_once_unless_every_one_is_wanted() -> None:
    message = {"rows": [{"email": "x"}, {"email": "y"}, {"ann@mail.example": "z"}, {"ann@mail.example": "z"}]}
    few = [leaf.string for leaf in leaves(texts(message)) if leaf.name]
    every = [leaf.string for leaf in leaves(texts(message), every_name=True) if leaf.name]
    assert few == ["rows", "email", "ann@mail.example", "ann@mail.example"]
    assert every == ["rows", "email", "email", "ann@mail.example", "ann@mail.example"]


def test_columns_of_arrays_are_named_by_an_array_beside_them_or_their_first_row() -> None:
    rows = [["Ann", "a@mail.example"], ["Bea", "b@mail.example"]]
    for message in ({"columns": ["name", "email"], "rows": rows}, {"data": [["name", "email"], *rows]}):
        for value in (message, {"text": json.dumps(message)}):
            by = found(value)
            assert by["Ann"].names[0] == "name"
            assert by["b@mail.example"].names[0] == "email"
            assert by["Ann"].record is by["a@mail.example"].record is not by["Bea"].record
            assert by["Ann"].column is by["Bea"].column
            assert by["Ann"].column is not None
            assert [leaf.string for leaf in by["Ann"].column.leaves] == ["Ann", "Bea"]


def test_columns_may_be_described_by_objects() -> None:
    message = {"fields": [{"name": "mail", "type": "text"}], "rows": [["a@mail.example"], ["b@mail.example"]]}
    assert found(message)["a@mail.example"].names[0] == "mail"


def test_an_encoded_token_is_a_leaf_that_is_replaced_whole() -> None:
    token = base64.b64encode(b"mail ann.lee@mail.example now").decode()
    text = Text("/t", f"see {token} there")
    inside = [leaf for leaf in leaves([text]) if leaf.layers]
    assert [(leaf.string, leaf.layers) for leaf in inside] == [("mail ann.lee@mail.example now", ("base64",))]
    assert inside[0].locate(5, 8) == (4, 4 + len(token))


@pytest.mark.parametrize(
    ("string", "inside"),
    [
        ("data:text/plain;base64,QW5uIEIu", "Ann B."),
        ("4 1 1 1-1 1 1 1", "41111111"),
        ("41 6e 6e 20 4c 65 65 2c 20 41 6e 6e", "Ann Lee, Ann"),
        ("jo4 2 @mail.example", "jo42@mail.example"),
    ],
)
def test_what_hides_beside_plain_values_is_found(string: str, inside: str) -> None:
    made = leaves([Text("/a", "plain"), Text("/b", string), Text("/c", "1")])
    assert [(leaf.string, leaf.text.pointer) for leaf in made if leaf.layers] == [(inside, "/b")]


def test_json_in_base64_has_names() -> None:
    token = base64.b64encode(json.dumps({"email": "ann.lee@mail.example"}).encode()).decode()
    by = found({"blob": token})
    assert by["ann.lee@mail.example"].names == ("email", "blob")
    assert by["ann.lee@mail.example"].token == (0, len(token))


def test_three_layers_of_encoding_and_no_more() -> None:
    token = "Ann Lee, ann.lee@mail.example"
    for _ in range(4):
        token = base64.b64encode(token.encode()).decode()
    made = leaves([Text("/t", token)])
    assert max(len(leaf.layers) for leaf in made) == 3


def test_escapes_are_undone_with_their_places() -> None:
    text = Text("/t", "to ann%40mail.example")
    [leaf] = leaves([text])
    start = leaf.string.index("ann@mail.example")
    assert leaf.locate(start, len(leaf.string)) == (3, len(text.string))


def test_what_check_raises_passes_through() -> None:
    class TooLate(Exception):
        pass

    def check() -> None:
        raise TooLate

    with pytest.raises(TooLate):
        leaves([Text("/t", "x")], check)


def test_check_is_called_inside_long_texts() -> None:
    for string in (
        json.dumps([{"a": "b"}] * 5000),
        "{'a': 'b'} " * 5000,
        "a: b\n" * 5000,
        "a,b\n1,2\n" * 5000,
        "<a>b</a>" * 5000,
        "|a|\n|-|\n" * 5000,
    ):
        calls = 0

        def check() -> None:
            nonlocal calls
            calls += 1

        leaves([Text("/t", string)], check)
        assert calls > 20


def parts(text: str) -> list[tuple[int, int]]:
    """Where the leaves of a long text begin and end."""
    return [leaf.locate(0, len(leaf.string)) for leaf in leaves([Text("/t", text)])]


@pytest.mark.parametrize("gap", ["\n\n", "\n", ". "])
def test_long_texts_are_cut_where_no_value_goes_on(gap: str) -> None:
    text = gap.join(["It was fine and then the weather changed"] * 2000)
    cuts = parts(text)
    assert [start for start, _ in cuts] == [0, *[end for _, end in cuts[:-1]]]
    assert cuts[-1][1] == len(text)
    assert all(end - start <= shape.LONG for start, end in cuts)
    assert all(text[:end].endswith(gap) for _, end in cuts[:-1])


def test_pieces_share_some_text_where_a_value_could_go_on() -> None:
    text = "a@b " * 20000
    cuts = parts(text)
    assert all(end - start <= shape.LONG for start, end in cuts)
    assert all(0 < end - start <= 256 for (_, end), (start, _) in pairwise(cuts))
    assert (cuts[0][0], cuts[-1][1]) == (0, len(text))


def test_a_text_that_can_be_cut_nowhere_stays_whole() -> None:
    text = "?" * 50000
    assert parts(text) == [(0, len(text))]


def test_lines_of_a_key_stay_together() -> None:
    key = "\n".join(["A1b2" * 16] * 40)
    text = "The key is this one\n" * 300 + key + "\nand there is more\n" * 600
    start = text.index(key)
    assert any(begin <= start and start + len(key) <= end for begin, end in parts(text))


def test_a_long_text_with_escapes_is_cut_and_located() -> None:
    text = "to ann%40mail.example it goes\n" * 1000
    made = leaves([Text("/t", text)])
    assert len(made) > 2
    for leaf in made:
        at = leaf.string.rindex("ann@mail.example")
        begin, end = leaf.locate(at, at + 16)
        assert text[begin:end] == "ann%40mail.example"


def test_what_is_read_again_once_escapes_are_undone_is_in_its_column_once() -> None:
    made = leaves([Text("/t", "mail=ann%40mail.example\nsome words\nuser: x1, mail: x2\n")])
    columns = {id(leaf.column): leaf.column for leaf in made if leaf.column is not None and len(leaf.names) > 1}
    for column in columns.values():
        assert len({leaf.locate(0, 1) for leaf in column.leaves}) == len(column.leaves)
    assert columns


def test_points_in_time_are_not_looked_into_and_tokens_beside_them_are() -> None:
    token = base64.b64encode(b"mail ann.lee@mail.example now").decode()
    draft = shape.Draft()
    strings = ["2026-07-11T08:10:00Z", "+1 212 555 0119", token, "x.\n" * 900, "a: b", "é", "2.0", "5", "7"]
    for string in strings:
        draft.put(Leaf(Text("/t", string), string), shape.Shape(()))
    assert [strings[index] for index in draft.deeper()] == [token, "x.\n" * 900, "a: b", "é"]


@pytest.mark.parametrize(
    "string",
    ['"it is a b c"', "it is a b c:'d'", 'it is a b c:"d"', "it is a b c:*d*", "it is a b c:_d_", "it is a b c:"],
)
@pytest.mark.parametrize("behind", [[], ["more"]])
def test_single_characters_are_looked_into_beside_what_means_more_there(string: str, behind: list[str]) -> None:
    draft = shape.Draft()
    for text in ["more", "a b c d", string, *behind]:
        draft.put(Leaf(Text("/t", text), text), shape.Shape(()))
    assert 2 in draft.deeper()


def test_single_words_between_are_not_looked_into() -> None:
    draft = shape.Draft()
    for text in ["this is a b or c", "4 5 and 6", "Ann B C Lee"]:
        draft.put(Leaf(Text("/t", text), text), shape.Shape(()))
    assert draft.deeper() == []


def test_of_pairs_of_digits_the_first_says_that_a_leaf_is_looked_into() -> None:
    pairs = "61 6e 6e 20 6c 65 65 20 68 65 72 65"
    strings = ["more", pairs, "more", f"{pairs}~~~{pairs}", "~", pairs, pairs, f"~{pairs}~"]
    draft = shape.Draft()
    for string in strings:
        draft.put(Leaf(Text("/t", string), string), shape.Shape(()))
    assert draft.deeper() == [1, 3, 5, 6, 7]
    everything = shape._BETWEEN.join(strings)
    assert len(shape._tokens(everything, everything.encode(), True)) == 6


def test_pieces_of_a_text_with_escapes_share_one_way_back() -> None:
    text = Text("/t", "caf%C3%A9\nname: Ann Lee\nmail: ann%40mail.example\n")
    made = leaves([text])
    values = {leaf.string: text.string[slice(*leaf.locate(0, len(leaf.string)))] for leaf in made}
    assert values["Ann Lee"] == "Ann Lee"
    assert values["ann@mail.example"] == "ann%40mail.example"
    assert len({id(leaf.offsets) for leaf in made}) == 1


_PIECES = st.sampled_from(
    [
        *" \n\t,;|:=<>{}[]\"'\\&%#*-_`()ab1é",
        '{"a":',
        '"b": "c"',
        "</a>",
        "<a b='",
        "```\n",
        "\\u00e9",
        "a=b",
        "- ",
        "|--|\n",
        "null",
        "k: v\n",
        "QW5uIExlZSwgYW5uQG1haWwuZXhhbXBsZQ==",
        "%41",
        "&lt;",
        "�",
        "\u200b",
        "1234567",
    ]
)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=60).map("".join))
def test_any_text_is_covered_and_raises_nothing(string: str) -> None:
    made = leaves([Text("/t", string)], every_name=True)
    seen = [False] * len(string)
    for leaf in made:
        start, end = leaf.locate(0, len(leaf.string))
        assert 0 <= start <= end <= len(string)
        seen[start:end] = [True] * (end - start)
    unseen = "".join(character for character, was in zip(string, seen, strict=True) if not was)
    assert not set(unseen) - _SYNTAX, unseen


# What JSON, tables, pairs and tags consist of beside their values: also plain names of tags and literals.
_SYNTAX = set("\u200b \n\t,;|:=<>{}[]\"'\\&%#*-_`()!/ab1nulk")


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{",
        '{"a":',
        '[{"a":',
        ",",
        "<",
        "<b>",
        "</b>",
        '"',
        "'",
        "\\",
        "a: ",
        "a: b\n",
        "a=b ",
        "|",
        "|\n",
        "|-\n",
        "a,b\n",
        'a,"b\n',
        "<!--",
        "```\n",
        '{"a": ',
        '["a"] ',
        '[["',
        "\t\n",
        '<a b="',
        "\\u0041",
        "%41",
        "&amp;",
    ],
)
def test_hostile_repetition_is_read(unit: str) -> None:
    string = unit * (20_000 // len(unit))
    made = leaves([Text("/t", string)])
    assert sum(len(leaf.string) for leaf in made) <= 8 * len(string)


def test_decoding_is_bounded() -> None:
    token = base64.b64encode(base64.b64encode(b"Ann Lee, ann.lee@mail.example. " * 50)).decode()
    string = " ".join([token] * 40)
    made = leaves([Text("/t", string)])
    assert sum(len(leaf.string) for leaf in made if leaf.layers) <= 4 * len(string) + 65536


DECIMALS = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True)
# Digits that are hexadecimal of digits, as nothing else is that short.
HEXED = st.builds(
    lambda text, code: text.encode(code).hex(),
    st.text(alphabet="0123456789 ()", min_size=4, max_size=10),
    st.sampled_from(["ascii", "utf-16-le"]),
)
UUIDS = st.uuids().map(str) | st.from_regex(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", fullmatch=True)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.one_of(DECIMALS, HEXED, HEXED.map("0.{}".format), UUIDS), max_size=6), st.booleans())
def test_numbers_and_uuids_that_are_not_looked_into_hold_nothing(strings: list[str], number: bool) -> None:
    is_number = re.compile(r"-?[0-9]+(?:\.[0-9]+)?").fullmatch
    given = [Text(f"/v/{i}", text, number=number and is_number(text) is not None) for i, text in enumerate(strings)]
    quick = leaves(given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "_BARE", lambda _: None)
        whole = leaves(given)
    assert [(leaf.string, leaf.token, leaf.layers) for leaf in quick] == [
        (leaf.string, leaf.token, leaf.layers) for leaf in whole
    ]


def test_numbers_and_uuids_are_not_looked_into() -> None:
    draft = shape.Draft()
    for number in ("756.1234567890123", "0.8444218515250481", "-12.34567890123456789", "1767225600123456789"):
        draft.add(Leaf(Text("/n", number, number=True), number, number=True), shape.Shape(()))
    for string in ("756.1234567890123", "0be2c1f4-e7a0-4d21-9b55-81d2a3cf0f9e"):
        draft.add(Leaf(Text("/n", string), string), shape.Shape(()))
    assert draft.deeper() == []


RUNS = st.one_of(
    st.from_regex(r"[0-9A-Za-z]{12,40}", fullmatch=True),
    st.text(alphabet="abcdefgh ijk@.é1", min_size=9, max_size=24).map(lambda text: text.encode().hex()),
    st.text(min_size=9, max_size=24).map(lambda text: base64.b64encode(text.encode()).decode().rstrip("=")),
)


_AROUND = st.sampled_from(
    [
        "",
        "",
        "-",
        "_",
        "/",
        "+",
        "=",
        "==",
        " ",
        "  ",
        "~",
        ":",
        ": ",
        '"',
        "'",
        "*",
        "**",
        "** -",
        "___",
        "....",
        "a.b",
        "@",
    ]
)
MARKED_RUNS = st.lists(st.one_of(RUNS, UUIDS, _AROUND), min_size=1, max_size=5).map("".join)


def _every_run(string: str, runs: bytes, check: Callable[[], None]) -> list[int]:
    return [match.start() for match in re.finditer(b"a{12,}", runs)]


@settings(deadline=None, max_examples=500)
@given(st.lists(st.one_of(RUNS, MARKED_RUNS), min_size=1, max_size=4))
@example(["**Owner** - aLongNameOfAnOwner"])
@example(["aLongNameOfAnOwner....b"])
def test_words_are_looked_into_where_they_stand_for_a_text(strings: list[str]) -> None:
    given = [Text(f"/v/{i}", text) for i, text in enumerate(strings)]
    quick = leaves(given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "is_token", lambda _: True)
        patch.setattr(shape, "tokens", _every_run)
        whole = leaves(given)
    assert [(leaf.names, leaf.string, leaf.token, leaf.layers) for leaf in quick] == [
        (leaf.names, leaf.string, leaf.token, leaf.layers) for leaf in whole
    ]


def test_words_that_stand_for_nothing_are_not_looked_into() -> None:
    draft = shape.Draft()
    for string in (
        "averyLongNameCount",
        "0123456789abcdef0123456789abcdef",
        b"Ann Lee of Graz".hex(),
        "/srv/a/report-17",
    ):
        draft.add(Leaf(Text("/n", string), string), shape.Shape(()))
    assert draft.deeper() == [2]


def test_plain_names_of_what_is_almost_json_are_given_once_too() -> None:
    text = "[{'name': 'Ann', 'x y': 1}, {'name': 'Bea', 'x y': 2}]"
    assert [leaf.string for leaf in leaves([Text("/t", text)]) if leaf.name] == ["name", "x y", "x y"]
    assert [leaf.string for leaf in leaves([Text("/t", text)], every_name=True) if leaf.name] == ["name", "x y"] * 2


def test_plain_names_in_lines_are_given_once_for_each_place() -> None:
    text = "pods:\n  - name: a\n    Name: b\n    x y: c\n  - name: d\n    Name: e\n    x y: f\nname: g\n"
    few = [leaf.string for leaf in leaves([Text("/t", text)]) if leaf.name]
    every = [leaf.string for leaf in leaves([Text("/t", text)], every_name=True) if leaf.name]
    assert few == ["name", "Name", "x y", "Name", "x y"]
    assert every == ["name", "Name", "x y"] * 2
