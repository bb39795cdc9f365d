"""What is split over blocks is joined with its parts; what belongs to two values is not."""

import pytest

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection.split import Split, joined


def blocks(*strings: str, pointer: str = "/result/content/{}/text") -> list[Leaf]:
    leaves = []
    for i, string in enumerate(strings):
        leaves.append(Leaf(Text(f"/result/content/{i}/type", "text"), "text", ("type",)))
        leaves.append(Leaf(Text(pointer.format(i), string), string, ("text",)))
    return leaves


def strings(*blocks_: str) -> list[str]:
    return [split.string.strip() for split in joined(blocks(*blocks_))]


FOUR = "4" + "1" * 3
ONES = "1" * 4


@pytest.mark.parametrize(
    ("parts", "string"),
    [
        ((f"Card {FOUR} {ONES}", f"{ONES} {ONES} ok"), f"{FOUR} {ONES} {ONES} {ONES}"),
        ((f"x {FOUR} ", f"{ONES} {ONES} {ONES}"), f"{FOUR} {ONES} {ONES} {ONES}"),
        ((FOUR, ONES, ONES, ONES), FOUR + ONES * 3),
        (("ssn 123-45", "-6789."), "123-45-6789."),
        (("ssn 123-45", "6789"), "123-45-6789"),
        (("mail jo@", "example.com now"), "jo@example.com"),
        (("mail jo", "@example.com now"), "jo@example.com"),
        (("jo", "@", "example.com"), "jo@example.com"),
        (("key tok_aB3dE", "fGh1Jk"), "tok_aB3dEfGh1Jk"),
    ],
)
def test_a_value_goes_on_in_the_next_block(parts: tuple[str, ...], string: str) -> None:
    assert string in strings(*parts)


@pytest.mark.parametrize(
    "parts",
    [
        ("Hello", "World"),
        ("Hello there.", "World 5"),
        ("Room 5", "is free"),
        ("12", "34"),
        ("jo@example.com", "ann@example.com"),
        ("4155550123", "4155550124"),
        ("one",),
        ("", ""),
        ("4111 1111\n", "1111 1111"),
    ],
)
def test_two_values_stay_two(parts: tuple[str, ...]) -> None:
    assert strings(*parts) == []


def test_spans_lead_back_to_the_blocks() -> None:
    leaves = blocks(f"Card {FOUR} {ONES}", f"{ONES} {ONES} ok")
    found = [split for split in joined(leaves) if split.string.startswith(f"{FOUR} {ONES} {ONES}")]
    assert len(found) == 1
    spans = found[0].spans(0, 19)
    assert [(leaf.text.pointer, leaf.string[start:end]) for leaf, start, end in spans] == [
        ("/result/content/0/text", f"{FOUR} {ONES}"),
        ("/result/content/1/text", f"{ONES} {ONES}"),
    ]
    assert len(found[0].spans(0, 4)) == 1
    assert found[0].spans(9, 10) == []  # the separator that was set between


def test_blocks_have_to_follow_each_other() -> None:
    one, two = (Leaf(Text(f"/result/content/{i}/text", s), s) for i, s in ((0, FOUR), (2, ONES * 3)))
    assert joined([one, two]) == []


def test_strings_of_one_array_join_digits_only() -> None:
    digits = [Leaf(Text(f"/a/{i}", s), s) for i, s in enumerate((FOUR, ONES, ONES, ONES))]
    assert FOUR + ONES * 3 in [split.string for split in joined(digits)]
    assert joined([Leaf(Text(f"/a/{i}", s), s) for i, s in enumerate(("tok_1", "tok_2"))]) == []


def test_only_leaves_at_the_edge_of_their_text_count() -> None:
    first = Text("/c/0/text", f"a: {FOUR} {ONES}; b: 1")
    second = Text("/c/1/text", f"{ONES} {ONES}")
    leaves = [Leaf(first, f"{FOUR} {ONES}", start=3), Leaf(first, "x", start=17), Leaf(second, second.string)]
    assert joined(leaves) == []
    ending = Text("/c/0/text", f"a: {FOUR} {ONES}")
    assert joined([Leaf(ending, f"{FOUR} {ONES}", start=3), Leaf(second, second.string)]) != []
    assert joined([Leaf(ending, f"{FOUR} {ONES}", token=(3, 12)), Leaf(second, second.string)]) == []


def test_names_numbers_and_other_members_are_not_joined() -> None:
    for make in (
        lambda i, s: Leaf(Text(f"/c/{i}/text", s, key=True), s, name=True),
        lambda i, s: Leaf(Text(f"/c/{i}/text", s, number=True), s, number=True),
        lambda i, s: Leaf(Text(f"/c/{i}/phone", s), s),
    ):
        assert joined([make(0, f"{FOUR}{ONES}"), make(1, f"{ONES}{ONES}")]) == []


def test_many_blocks_end() -> None:
    found = joined(blocks(*["1"] * 300))
    assert all(isinstance(split, Split) and len(split.pieces) <= 32 for split in found)
    assert found


def test_the_end_of_a_long_block_is_enough() -> None:
    assert strings("x" * 10_000 + " 123-45", "-6789" + " y" * 10_000) == ["123-45-6789"]


def test_members_of_which_one_is_called_text_are_no_blocks() -> None:
    one, two = (Leaf(Text(f"/a/text/{i}", s), s) for i, s in ((0, FOUR), (2, ONES * 3)))
    other = Leaf(Text("/a/1/text", ONES * 3), ONES * 3)
    assert joined([one, other, two]) == []


def test_the_second_way_sets_a_gap_that_belongs_to_no_block() -> None:
    leaves = blocks(f"{FOUR} {ONES}", f"{ONES} {ONES}", "x")
    whole, apart = joined(leaves)[:2]
    assert (len(apart.string), len(whole.string)) == (19, 18)
    for split in (whole, apart):
        text = "".join(leaf.string[start:end] for leaf, start, end in split.spans(0, len(split.string)))
        assert text == f"{FOUR} {ONES}{ONES} {ONES}"
