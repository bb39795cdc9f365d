"""Tables that only spaces draw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Text
from doorward.detection import aligned
from doorward.detection.walk import leaves


def named(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for leaf in leaves([Text("/t", text)]):
        start, end = leaf.locate(0, len(leaf.string))
        assert text[start:end] == leaf.string
        if len(leaf.names) > 1 and not leaf.name:
            found.setdefault(leaf.names[0], []).append(leaf.string)
    return found


ROWS = [
    ("surname", "city", "sum"),
    ("Lee", "St. Pölten", "120.00"),
    ("van der Berg", "", "4.50"),
    ("Moss", "Wels", "7"),
]
EXPECTED = {"surname": ["Lee", "van der Berg", "Moss"], "city": ["St. Pölten", "Wels"], "sum": ["120.00", "4.50", "7"]}
LEFT = [f"{a:<14}{b:<12}{c:<8}" for a, b, c in ROWS]
MIXED = [f"{a:<14}{b:<12}{c:>8}" for a, b, c in ROWS]
RIGHT = [f"{a:>14}  {b:>12}  {c:>8}" for a, b, c in ROWS]


@pytest.mark.parametrize("lines", [LEFT, MIXED, RIGHT, [line.rstrip() for line in LEFT]])
@pytest.mark.parametrize("rule", ["", "-" * 34, "------------  ----------  --------"])
def test_cells_stand_under_their_heads(lines: list[str], rule: str) -> None:
    text = "\n".join([lines[0], *([rule] if rule else []), *lines[1:]])
    assert named(text) == EXPECTED
    assert named(f"Two rows:\n\n{text}\n\nThat is all.") == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        "The name.  The city\nis a thing of the past and goes on\nfor lines",
        "name  city\nThis paragraph is long enough to fill what is below",
        "alpha  beta\n1      2\n3      4",  # names of nothing
        "name  city",
        "name  name\nAnn   Graz\nBob   Linz",
        "surname     city\n\nLee         Graz",
    ],
)
def test_other_lines_are_no_table(text: str) -> None:
    assert aligned.find(text, lambda: None) == []


def test_it_ends_where_a_row_does_not_fit() -> None:
    text = "\n".join([*LEFT, "And then a line of prose that goes over all of it"])
    assert aligned.find(text, lambda: None) == [(0, len("\n".join(LEFT)))]


def test_many_rows() -> None:
    lines = [LEFT[0], *(f"{'Lee' + 'e' * (n % 9):<14}{'Graz':<12}{n:<8}" for n in range(200))]
    found = aligned.find("\n".join(lines), lambda: None)
    assert found == [(0, len("\n".join(lines)))]
    assert len(list(aligned.rows("\n".join(lines), lambda: None))) == 201


@given(st.text("ab  \n-=name", max_size=200))
def test_any_text_is_read(text: str) -> None:
    for begin, end in aligned.find(text, lambda: None):
        for row in aligned.rows(text[begin:end], lambda: None):
            assert all(0 <= first <= last <= end - begin for first, last, _ in row)


_PIECES = st.sampled_from(["name", "é", "x.", "(id)", "9", " ", "  ", "   ", "\t", "\n", "\r\n", "-", "_a", "#", ":"])


@given(st.lists(_PIECES, max_size=24))
def test_lines_without_a_gap_between_names_are_no_heads(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert [line.span() for line in aligned._heads(text)] == [line.span() for line in aligned._HEADS.finditer(text)]


def test_four_names_as_programs_write_them_are_heads_whatever_they_say() -> None:
    text = "zeta    kappa   probe    nu  \nR17     447812  Ag Wire  x-4\nR18     998120  Pb Wire  x-5"
    assert named(text)["kappa"] == ["447812", "998120"]
    assert named(text.replace("kappa", "Kappa")) == {}


def test_heads_may_have_signs_that_are_no_letters() -> None:
    assert named("nom     n°_lot\nRoche   17\nPetit   18")["n°_lot"] == ["17", "18"]
