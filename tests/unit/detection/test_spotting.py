"""Words that every match of an expression holds: found wherever the expression is."""

import re
import sys
import tracemalloc

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doorward.detection import spotting
from doorward.detection.naming import PERSONAL
from doorward.detection.spotting import spots
from doorward.detection.trigger import Triggers

PARTS = [
    "invoice",
    "(?i:Voucher|receipt)",
    "ab",
    "(?:cd|efg)",
    "[a-z]",
    r"\s",
    r"\S",
    r"\W",
    "x?",
    "[^q]*",
    "(?:^|[ -])",
]
PARTS += [
    "(?:z|$)",
    "(?:kl){2}",
    "(?:mn)?",
    ".",
    "(?i:k)",
    "(?i:[^k-l])",
    "(?i:é)",
    "q{1,2}",
    r"\b",
    "(?i:pq|[rs]t)",
    "-",
    "[ _]?",
    "(?i:[k_])?",
    ".{0,3}",
]


def spotted(words: tuple[str, ...]) -> Triggers:
    return Triggers(words, engine="hyperscan")


def found(expression: str, raw: bytes) -> bool:
    """As the pass looks for it."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(expression.encode(), options).search(raw) is not None


@settings(max_examples=400, deadline=None)
@given(st.data(), st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=5), min_size=1, max_size=3))
def test_what_is_found_holds_a_word(data: st.DataObject, ways: list[list[str]]) -> None:
    expression = "|".join("".join(way) for way in ways)
    words = spots(expression)
    made = data.draw(st.from_regex(re.compile(expression.encode())))
    if words and found(expression, made):
        assert spotted(words).fires(made), words


NUMBERS = PERSONAL[-1]
NUMBER_WORDS = spotted(spots(NUMBERS))


@settings(max_examples=300, deadline=None)
@given(st.from_regex(re.compile(NUMBERS.encode())))
@example(b'"nationalId": "X 12')
@example(b"ph=1")
def test_words_of_the_longest_list(raw: bytes) -> None:
    assert not found(NUMBERS, raw) or NUMBER_WORDS.fires(raw)


@pytest.mark.parametrize(
    ("expression", "words", "others"),
    [
        ("(?:invoice|Bill)[0-9]*", [b"an invoice", b"Bill"], [b"an order", b"INVOICE", b"bill"]),
        ("(?i:invoice)[0-9]", [b"INVOICE "], [b"voice"]),
        ("(?:^|[^a-z])(?i:tax)[:=]", [b"tax:", b" TAX="], [b"syntax:", b"tax "]),
        ("(?:^|[^a-z])q(?:[0-9]|$)", [b"q", b" q1"], [b"qa", b"aq"]),
        ("[0-9]+ (?:of )?invoices? [a-z]+", [b"3 invoice x"], [b"3 of x"]),
        ("(?:read|sent)[ _]?(?:by|to)[:=]", [b"read_by", b"a sentto"], [b"read, by", b"sent", b"to by", b"Read by"]),
        ("(?i:name.{1,4}on.{1,4}card)", [b"Name on", b"NAME--on"], [b"name", b"nameon", b"on card"]),
    ],
)
def test_words_and_what_stands_beside_short_ones(expression: str, words: list[bytes], others: list[bytes]) -> None:
    triggers = spotted(spots(expression))
    assert [triggers.fires(raw) for raw in words] == [True] * len(words)
    assert [triggers.fires(raw) for raw in others] == [False] * len(others)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "[0-9]{7}",
        "(?:invoice)?",
        "(?:invoice|[0-9])",
        "(?:invoice|)",
        "(?:invoice)*",
        "q",
        r"--",
        "é{3}ééé",
        "(?m)^invoice",
        "(?m:^)[a-z]",
        "[[:alpha:]]invoice",
        "invoice{,2}",
        r"\Qinvoice\E",
        r"\pLinvoice",
        "(?:a|e|i)(?:n|r|s)",
    ],
)
def test_what_has_no_word_to_look_for(expression: str) -> None:
    assert spots(expression) == ()


def test_words_that_are_everywhere_are_not_looked_for() -> None:
    assert spots("(?:in|to|of|at|on|by|or|an|as|it|is|be|he|we|me|no|so|up|us|am|my|do|go)") == ()


def test_long_lists_are_read_in_little_memory() -> None:
    tracemalloc.start()
    try:
        assert spots(NUMBERS)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_without_a_reader_of_expressions_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spots("invoice")
    monkeypatch.setattr(spotting, "_parser", None)
    assert spots("invoice") == ()


def test_a_long_list_is_asked_where_one_of_its_words_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = ["|".join(f"{kind}{i:06}[:=]{kind}" for i in range(700)) for kind in ("word", "item")]
    messages = [
        b"a word000699:word",
        b"word000699 word",
        b"item000001=item",
        b"ITEM000001=item",
        b"item",
        b"secret9",
        b"",
    ]
    expected = [True, False, True, False, False, True, False]
    both = Triggers([*lists, "secret[0-9]"])
    assert len(both._spotted) == 2
    assert [both.fires(raw) for raw in messages] == expected
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    alone = Triggers([*lists, "secret[0-9]"])
    assert alone._spotted == {}
    assert [alone.fires(raw) for raw in messages] == expected


def test_a_list_whose_words_hyperscan_refuses_is_always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "doorward.detection.trigger.spots", lambda _: ("ok", "|".join(f"word{i:09}" for i in range(2000)))
    )
    triggers = Triggers(["|".join(f"word{i:06}[:=]" for i in range(900)), "secret"])
    assert triggers._spotted == {}
    assert triggers.fires(b"word000899:")
    assert triggers.fires(b"secret")
    assert not triggers.fires(b"ok word000899")
