"""Tables as text."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import tables
from doorward.detection.shape import Shape
from doorward.detection.walk import leaves


def cells(text: str) -> list[tuple[str, str]]:
    made = [leaf for leaf in leaves([Text("/t", text)]) if len(leaf.names) > 1]
    for leaf in made:
        start, end = leaf.locate(0, len(leaf.string))
        assert leaf.offsets is not None or text[start:end] == leaf.string
    return [(leaf.names[0], leaf.string) for leaf in made]


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_cells_have_the_names_of_their_columns(mark: str) -> None:
    text = "id,name,e-mail\n1,Ann Lee,ann@mail.example\n2,,bea@mail.example\n".replace(",", mark)
    assert cells(text) == [
        ("id", "1"),
        ("name", "Ann Lee"),
        ("e-mail", "ann@mail.example"),
        ("id", "2"),
        ("e-mail", "bea@mail.example"),
    ]


def test_rows_are_records_and_heads_are_in_no_column() -> None:
    made = {leaf.string: leaf for leaf in leaves([Text("/t", "id,name,mail\n1,Ann,a\n2,Bea,b\n")])}
    assert made["1"].record is made["Ann"].record is not made["Bea"].record
    assert made["Ann"].column is made["Bea"].column
    assert made["Ann"].column is not None
    assert [leaf.string for leaf in made["Ann"].column.leaves] == ["Ann", "Bea"]


@pytest.mark.parametrize(
    "text",
    [
        "| id | name |\n|---|:-:|\n| 1 | Ann Lee |\n| 2 | Bea |",
        " id | name\n----+-----\n 1  | Ann Lee\n 2  | Bea\n",
        "+----+---------+\n| id | name    |\n+----+---------+\n| 1  | Ann Lee |\n| 2  | Bea     |\n+----+---------+\n",
    ],
)
def test_tables_that_are_drawn(text: str) -> None:
    assert cells(text) == [("id", "1"), ("name", "Ann Lee"), ("id", "2"), ("name", "Bea")]


def test_a_table_among_prose() -> None:
    text = "The list is:\n\nid,name,mail\n1,Ann,a@mail.example\n2,Bea,b@mail.example\n\nThat is all, I think.\n"
    assert ("mail", "b@mail.example") in cells(text)
    strings = [leaf.string.strip() for leaf in leaves([Text("/t", text)])]
    assert "The list is:" in strings
    assert "That is all, I think." in strings


@pytest.mark.parametrize(
    "text",
    [
        "Hello Ann, how are you\nFine, thanks a lot",
        "Dear Ann,\nthank you for the call, it was good,\nbye",
        "First we met, then we talked.\nLater we ate, and slept.\nThen we left, at last.",
        "a | b",
        "one, two, three",
    ],
)
def test_prose_with_commas_stays_prose(text: str) -> None:
    assert text in [leaf.string for leaf in leaves([Text("/t", text)])]


_CELL = st.text(st.sampled_from('ab ,"\n;|é1'), max_size=6).map(lambda cell: f"x{cell}x")


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=2, max_size=5))
def test_quoted_cells_are_read_as_a_writer_wrote_them(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("one", "two", "three"))
    writer.writerows(rows)
    text = out.getvalue()
    made = tables.read(Leaf(Text("/t", text), text), Shape(()), ",", lambda: None).leaves[3:]
    assert [leaf.string for leaf in made] == [cell for row in rows for cell in row]
    assert [leaf.names for leaf in made] == [("one",), ("two",), ("three",)] * len(rows)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ('"Ann, Lee",x,"y"', ["Ann, Lee", "x", "y"]),
        (' "Ann" , x ,y', ["Ann", "x", "y"]),
        ('Ann "A" Lee,x,y', ['Ann "A" Lee', "x", "y"]),
        ('"",x,y', ["x", "y"]),
        ('"a""",x,""', ['a"', "x"]),
        ('"a" b,x,y', ['"a" b', "x", "y"]),
    ],
)
def test_rows_with_quotes(row: str, found: list[str]) -> None:
    assert [string for _, string in cells(f"one,two,three\n1,2,3\n{row}\n")] == ["1", "2", "3", *found]


def test_a_doubled_quote_is_located() -> None:
    text = 'id,name,x\n1,"Ann ""A"" Lee",y\n'
    [leaf] = [leaf for leaf in leaves([Text("/t", text)]) if leaf.string == 'Ann "A" Lee']
    start = leaf.string.index("Lee")
    begin, end = leaf.locate(start, start + 3)
    assert text[begin:end] == "Lee"


@pytest.mark.parametrize(
    "text",
    [
        "| | |\n|---|---|\n| **Full name** | Ann Lee |\n| **Phone** | 555 |\n| Tier | gold |",
        "Full name\tAnn Lee\nPhone\t555\nTier\tgold",
        "-[ RECORD 1 ]----\nFull name | Ann Lee\nPhone     | 555\nTier      | gold\n",
    ],
)
def test_names_may_stand_in_the_first_column(text: str) -> None:
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)]) if not leaf.name}
    assert [made[value].names[0] for value in ("Ann Lee", "555", "gold")] == ["Full name", "Phone", "Tier"]
    assert made["Ann Lee"].record is made["555"].record


def test_records_below_each_other() -> None:
    text = "-[ RECORD 1 ]-\nname | Ann\nmail | a\n-[ RECORD 2 ]-\nname | Bea\nmail | b\n"
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)])}
    assert made["Ann"].record is made["a"].record is not made["Bea"].record
    assert made["Ann"].column is made["Bea"].column


def test_frames_and_marks_that_are_no_part_of_a_cell() -> None:
    text = "┌────┬─────┐\n│ id │ who │\n├────┼─────┤\n│ 1  │ Ann │\n│ 2  │ Bea │\n└────┴─────┘"
    assert cells(text) == [("id", "1"), ("who", "Ann"), ("id", "2"), ("who", "Bea")]
    assert cells("\ufeffid;who\n1;Ann\n2;Bea") == [("id", "1"), ("who", "Ann"), ("id", "2"), ("who", "Bea")]


@pytest.mark.parametrize("heads", ["row,fullName", "Id,full_name", "rowId,FullName"])
def test_one_row_of_two_columns_whose_heads_are_of_a_program(heads: str) -> None:
    assert cells(f"{heads}\n91,Ann Lee")[1] == (heads.split(",")[1], "Ann Lee")
    assert cells("Dear Ann,hello\nsee you,Bea") == []


@pytest.mark.parametrize(
    "message",
    [
        {"schema": {"fields": [{"name": "who"}]}, "rows": [["x1"], ["x2"]]},
        {"cols": [{"name": "who"}], "data": {"rows": [["x1"], ["x2"]]}},
        {"metaData": [{"name": "who"}], "rows": [["x1"], ["x2"]]},
    ],
)
def test_names_of_columns_may_stand_further_away(message: Any) -> None:
    made = {leaf.string: leaf for leaf in leaves([Text("/t", json.dumps(message))])}
    assert made["x1"].names[0] == made["x2"].names[0] == "who"


_NAMES = st.sampled_from(["name", "full name", "é", "mail:", "Id", "a-b", "x@y", "12", "\u00a0z", "q|r", '"s"', ""])
_WORDS = st.sampled_from(["Ann Lee", "a@b", "<x>", "12", ""])


@given(
    st.integers(1, 3).flatmap(
        lambda size: st.tuples(
            st.lists(_NAMES, min_size=size, max_size=size),
            st.lists(st.lists(_WORDS, min_size=size, max_size=size), min_size=2, max_size=4),
        )
    ),
    st.sampled_from([", ", "; ", ",", " ,", "\t", " | "]),
)
@example((["name", "full name"], [["Ann Lee", "a@b"]] * 3), ", ")
@example((["name", "x@y", "Id"], [["Ann Lee", "a@b", "12"]] * 3), "; ")
def test_a_line_that_is_a_sentence_begins_no_table(rows: tuple[list[str], list[list[str]]], mark: str) -> None:
    text = "\n".join(map(mark.join, [rows[0], *rows[1]]))
    found = [tables._find(text, lambda: None)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "_is_sentence", lambda _, __: False)
        found.append(tables._find(text, lambda: None))
    assert found[0] == found[1]


def test_lists_of_contacts_are_not_cut_into_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[str] = []
    monkeypatch.setattr(tables, "_cells_of", lambda text, begin, end, _: cut.append(text[begin:end]))
    assert not tables.find(
        "".join(f"Ann Lee <ann{n}@example.com>, +1 212; 12 Oak Street, Hull\n" for n in range(9)), list
    )
    assert not cut


def test_a_line_above_one_with_other_marks_is_not_cut_into_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[str] = []
    monkeypatch.setattr(tables, "_cells_of", lambda text, begin, end, _: cut.append(text[begin:end]))
    assert not tables.find('  File "/app/m.py", line 3, in run\n    total = run(items)\n' * 9, list)
    assert not cut


@given(st.text(st.sampled_from("│┃║─━═┌╪╡┛ a|+-\né"), max_size=40))
def test_frames_are_read_as_bars(text: str) -> None:
    assert tables._unframed("│" + text) == ("│" + text).translate(str.maketrans(tables._FRAMES))


def test_heads_may_have_signs_that_are_no_letters() -> None:
    assert cells("nom,n°_client,N°\nRoche,17,2\nPetit,18,3\n")[:3] == [
        ("nom", "Roche"),
        ("n°_client", "17"),
        ("N°", "2"),
    ]
    for heads in ("שם,דוא״ל", "नाम,फ़ोन नंबर", "ชื่อ,ที่อยู่"):
        first, second = heads.split(",")
        assert cells(f"{first}\t{second}\nx7\ty7\nx8\ty8\n")[:2] == [(first, "x7"), (second, "y7")]
