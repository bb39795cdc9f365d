"""Rows that SQL puts into a table."""

import json

import pytest

from doorward.core.finding import Text
from doorward.detection import sql
from doorward.detection.walk import leaves


def cells(text: str) -> list[tuple[str, str]]:
    return [(leaf.names[0], leaf.string) for leaf in leaves([Text("/t", text)]) if len(leaf.names) > 1]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO staff (id, full_name) VALUES (7, 'Ann Lee'), (8, 'O''Neil, Bob (Jr)');",
        'insert into "hr"."staff" ("id", "full_name")\nvalues\n  (7, \'Ann Lee\'),\n  (8, \'O\'\'Neil, Bob (Jr)\');',
        "INSERT INTO `staff` (`id`,`full_name`) VALUES (7,N'Ann Lee'), (8,upper('O''Neil, Bob (Jr)'))",
        "INSERT INTO staff (id, full_name) VALUES\n(7, 'Ann Lee'),\n(8, 'O''Neil, Bob (Jr)');",
        "COPY hr.staff (id, full_name) FROM stdin;\n7\tAnn Lee\n8\tO''Neil, Bob (Jr)\n\\.\n",
    ],
)
def test_values_have_the_names_of_their_columns(text: str) -> None:
    assert cells(text) == [("id", "7"), ("full_name", "Ann Lee"), ("id", "8"), ("full_name", "O''Neil, Bob (Jr)")]


def test_rows_are_records_and_what_is_around_is_kept() -> None:
    text = "-- by Ann\nINSERT INTO t4111 (id, name) VALUES (1, 'Bea'), (2, now()); SELECT 'x9'"
    made = {leaf.string: leaf for leaf in leaves([Text("/t", text)])}
    assert made["1"].record is made["Bea"].record is not made["2"].record
    assert "now()" in made
    for seen in ("by Ann", "t4111", "x9"):
        assert any(seen in string for string in made)


@pytest.mark.parametrize("text", ["The values (a, b) of it", "INSERT INTO t (a, b) VALUES (1, 'never closed"])
def test_what_is_no_row_stays_whole(text: str) -> None:
    assert text in [leaf.string for leaf in leaves([Text("/t", text)])]


def test_what_a_column_is_called_behind_a_token() -> None:
    token = b"Ann Lee of Graz".hex()
    made = leaves([Text("/t", f"SELECT unhex('{token}') AS guest_name")])
    assert [leaf.names[0] for leaf in made if leaf.string == "Ann Lee of Graz"] == ["guest_name"]


def test_rows_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    row = sql._row
    monkeypatch.setattr(sql, "_row", lambda text, position: read.append(position) or row(text, position))
    assert cells("INSERT INTO t (a, b) VALUES (1, 'x');\nINSERT INTO t (a, b) VALUES (2, f('y')), (3, NULL );")
    assert len(read) == len(set(read)) == 5  # with what follows each statement, and is no row


@pytest.mark.parametrize("before", ["", "x; ", "\u00e9 \\n"])
def test_values_stand_where_they_are_in_escaped_texts_too(before: str) -> None:
    text = before + "INSERT INTO t (a, who) VALUES (17, 'Ann Lee'), (18, N'Bea Ray' );\nSELECT 1"
    for given in (text, json.dumps({"x": 1, "q": text})):
        made = {leaf.string: leaf for leaf in leaves([Text("/t", given)])}
        for value in ("17", "Ann Lee", "Bea Ray"):
            start, end = made[value].locate(0, len(value))
            assert given[start:end] == value
            assert made[value].names[0] in ("a", "who")
