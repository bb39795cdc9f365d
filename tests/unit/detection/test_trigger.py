"""The trigger pass: it says yes wherever something is hidden, on either engine, and rarely otherwise."""

import base64
import gzip
import html
import json
import quopri
import sys
import threading
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.core.finding import Text
from doorward.core.leaf import Leaf
from doorward.detection import trigger
from doorward.detection.canonical import canonical
from doorward.detection.encodings import encoded
from doorward.detection.split import joined
from doorward.detection.trigger import DISGUISES, HIDING, Triggers

HIDDEN = Compiled(HIDING)
DISGUISE = Compiled(DISGUISES)
ENGINES = [Compiled(DISGUISES, engine="hyperscan"), Compiled(DISGUISES, engine="re2")]

WAYS: list[Callable[[str], str]] = [
    str,
    lambda s: base64.b64encode(s.encode()).decode(),
    lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    lambda s: base64.encodebytes((s * 5).encode()).decode(),
    lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    lambda s: base64.b64encode(gzip.compress(s.encode() * 9)).decode(),
    lambda s: base64.b64encode(zlib.compress(s.encode() * 9)).decode(),
    lambda s: "data:text/plain;base64," + base64.b64encode(s.encode()).decode(),
    lambda s: s.encode().hex(),
    lambda s: "0x" + s.encode().hex().upper(),
    lambda s: s.encode().hex(" "),
    lambda s: s.encode().hex(":"),
    lambda s: urllib.parse.quote(s, safe=""),
    lambda s: "".join(f"%{octet:02x}" for octet in s.encode()),
    lambda s: "".join(f"={octet:02X}" for octet in s.encode()),
    lambda s: quopri.encodestring(s.encode()).decode(),
    lambda s: "".join(f"&#{ord(c)};" for c in s),
    lambda s: "".join(f"&#x{ord(c):x}" for c in s),
    html.escape,
    lambda s: s.encode("ascii", "backslashreplace").decode(),
    lambda s: "".join(f"\\u{ord(c):04x}" for c in s if ord(c) < 65536),
    " ".join,
    "\u200b".join,
    lambda s: "".join(c + " " if c.isdigit() else c for c in s),
]
TEXTS = st.one_of(
    st.text(alphabet="abcdefghij XYZ019@.-_", min_size=4, max_size=40),
    st.text(alphabet="0123456789 -+().", min_size=4, max_size=24),
    st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Zs"]), min_size=4, max_size=30),
    st.text(alphabet="абвгд 日本語 éß 😀", min_size=4, max_size=30),
)


@settings(max_examples=600, deadline=None)
@given(
    text=TEXTS,
    way=st.sampled_from(WAYS),
    before=st.sampled_from(["", "is ", "see\n", "k=", "a/", '\t"', "id_", "\\"]),
    behind=st.sampled_from(["", " y", "\n", "/z", ".", '"']),
    depth=st.integers(0, 3),
    plain=st.booleans(),
    slashes=st.booleans(),
)
def test_whatever_is_hidden_fires(
    text: str, way: Callable[[str], str], before: str, behind: str, depth: int, plain: bool, slashes: bool
) -> None:
    string = before + way(text) + behind
    value = string
    for _ in range(depth):
        value = json.dumps({"k": value, "n": [1]}, ensure_ascii=not plain)
    message = json.dumps({"jsonrpc": "2.0", "result": {"t": value}}, ensure_ascii=not plain)
    if slashes:
        message = message.replace("/", "\\/")
    raw = message.encode(errors="surrogatepass")
    fired = DISGUISE.fires(raw)
    assert [engine.fires(raw) for engine in ENGINES] == [fired, fired]
    if canonical(string) is not None or encoded(string):
        assert fired


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_hidden_in_any_text_fires(string: str) -> None:
    if canonical(string) is not None or encoded(string):
        assert DISGUISE.fires(json.dumps({"t": string}).encode())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet="0123456789 -.@ab_(", max_size=12), min_size=2, max_size=4), st.booleans())
def test_whatever_is_split_fires(strings: list[str], compact: bool) -> None:
    content = [{"type": "text", "text": string, "annotations": {"priority": 1}} for string in strings]
    leaves = [Leaf(Text(f"/content/{i}/text", string), string) for i, string in enumerate(strings)]
    if joined(leaves):
        raw = json.dumps({"content": content}, separators=(",", ":") if compact else None).encode()
        assert HIDDEN.fires(raw) or any("@" in string for string in strings)


@pytest.mark.parametrize(
    "value",
    [
        "4155550123",
        "415-555-0123",
        "(415) 555-0123",
        "415.555.0123",
        "+33 1 34 16 85 87",
        "123-45-6789",
        "+49 171 9547165",
        "4111 1111 1111 1111",
        "1234-567890-12345",
        "943 476 5919",
        "0171/9547165",
        "call 4155550123.",
        "id 12345678-x",
        "12 34 56 78",
        "555-0123",
        "12 345 67 89",
        "+44 7911 123456",
        "+49 30 123456",
        "020 7946 0958",
    ],
)
def test_numbers_of_people_fire(value: str) -> None:
    assert HIDDEN.fires(json.dumps({"v": value}).encode())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "structuredContent io.modelcontextprotocol/protocolVersion 2025-06-18",
        "2026-01-31T10:20:30.123456Z",
        "2026-01-31 10:20:30",
        0.8444218515250481,
        -98.25,
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-41d4-a716-446655440000",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "v1.2.3 10.20.30.40",
        "SKU-1234 costs 12.50 & more",
        "src/core/decode.py:123 return x == y",
        "C:\\users\\xavier",
        "100 % = all",
    ],
)
def test_ordinary_values_do_not_fire(value: object) -> None:
    assert not HIDDEN.fires(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"v": value}}).encode())
    assert not HIDDEN.fires(json.dumps({"result": {"v": json.dumps({"v": value})}}).encode())


def test_letters_between_digits_that_are_set_apart_are_not_counted() -> None:
    assert DISGUISE.fires((("q" * 90 + "1 ") * 6).encode())
    assert DISGUISE.fires(b"q1 " + b"q" * 90 + b"2 ")


def test_blocks_of_prose_do_not_fire() -> None:
    content = [{"type": "text", "text": text} for text in ("All is well.", "Nothing to do.", "Bye!")]
    assert not HIDDEN.fires(json.dumps({"content": content}).encode())


@pytest.mark.parametrize("engine", ["both", "hyperscan", "re2"])
def test_engines_take_the_same_expressions(engine: str) -> None:
    triggers = Triggers(["(?i)secret", "[0-9]{3}", r"\x00", "k.y", "zz+"], engine=engine)  # type: ignore[arg-type]
    assert [triggers.fires(raw) for raw in (b"a SeCrEt", b"12 123", b"a\x00", b"k\xffy", b"", b"nothing 12")] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("secret", True),
        (r"sk\-[a-z]{8}", True),  # a mark that is escaped is a letter like others
        (r"v1\.0", True),
        (r"(?i:tokens)[ :]", True),  # the flags of a group end at its colon
        ("(?:acme|b)[0-9]", True),
        (r"[a-z]{4}\.[a-z]{27}", True),  # a long count
        (r"[a-z]{20,}\.", True),
        (r"[0-9]{7}", False),
        (r"[a-z]{0,62}\.", False),
        (r"[0-9].[a-z]..x", False),  # a point that is none
        (r"\d\w\s", False),
        (r"[0-9] (?:[a-z]* )+(?:road|way)[^a-z]", False),  # it would be followed through all of a text
        (r"road (?:[a-z]* )+(?:west|east)", True),
    ],
)
def test_hyperscan_gets_what_has_a_literal_or_a_long_count(expression: str, taken: bool) -> None:
    triggers = Triggers([expression])
    assert (triggers.size > 0) is taken
    assert (triggers.automata == []) is taken


def test_no_expression_never_fires() -> None:
    assert not Triggers([]).fires(b"anything")


def test_what_re2_does_not_accept_is_refused() -> None:
    with pytest.raises(ValueError, match="RE2"):
        Triggers(["ok", "(?=look)ahead"])


def test_what_hyperscan_refuses_is_looked_for_all_the_same() -> None:
    many = "|".join(f"word{i:06}" for i in range(1500))  # above Hyperscan's bound of 16,000 characters
    triggers = Triggers([many, "secret"], engine="hyperscan")
    assert triggers.fires(b"a word001499 b")
    assert triggers.fires(b"a secret b")
    assert not triggers.fires(b"a word b")
    assert triggers.size > 0


def test_without_hyperscan_all_go_to_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    triggers = Triggers(["secret", "[0-9]{3}"])
    assert triggers.size == 0
    assert triggers.fires(b"a secret")
    assert triggers.fires(b"123")
    assert not triggers.fires(b"12")


def test_expressions_too_large_for_one_automaton_are_looked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "_MEMORY", 1 << 16)
    triggers = Triggers([f"[a-z]{{20}}x{i}y" for i in range(60)], engine="re2")
    assert triggers.fires(b"a" * 20 + b"x59y")
    assert not triggers.fires(b"a" * 20 + b"x60y")


def test_the_short_way_into_re2_is_there() -> None:
    compiled = re2.compile(b"a")
    assert compiled._regexp.Match(re2._Anchor.UNANCHORED, b"xa", 0, 2)[0] == (1, 2)
    assert compiled._regexp.Match(re2._Anchor.UNANCHORED, b"x", 0, 1)[0] == (-1, -1)


def test_without_it_re2_is_asked_in_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(re2, "_Anchor")
    triggers = Triggers(["[0-9]{3}"], engine="re2")
    monkeypatch.undo()  # what it calls itself has to be there
    assert triggers.fires(b"a 123")
    assert not triggers.fires(b"a 12")


def test_a_list_whose_words_are_everywhere_is_asked_along_with_the_shapes() -> None:
    often = "|".join(["from[0-9]", *["to[0-9]", "on[0-9]"] * 600])
    seldom = "|".join(f"(?:^|[^a-z])seldom{'x' * at}[0-9]" for at in range(130))
    triggers = Triggers(["[0-9]{7}", often, seldom])
    assert len(triggers.automata) == 2
    assert not triggers.fires(b"to from seldom 123456")
    assert all(triggers.fires(raw) for raw in (b"1234567", b"to7", b"from1", b"seldomxx7"))


@pytest.mark.parametrize(
    ("raw", "fires"),
    [
        (b"12", True),
        (b"a\n12", False),  # the begin of a line is not that of the text
        (b"\xff\n\x00 34", True),
        (b"34\n", False),
        (b"5Q\n", True),
        (b"q\n5q", True),
        (b"", False),
    ],
)
def test_marks_of_the_begin_and_the_end_are_those_of_the_text(raw: bytes, fires: bool) -> None:
    assert Triggers(["^1[0-9]", "3[0-9]$", r"(?i)[0-9]q\b"], engine="re2").fires(raw) is fires


def test_threads_scan_at_once() -> None:
    triggers = Triggers(["needle", "(?i)other word"], engine="hyperscan")
    hay = b"hay " * 5000
    wrong: list[bytes] = []

    def scan(raw: bytes, expected: bool) -> None:
        for _ in range(200):
            if triggers.fires(raw) is not expected:
                wrong.append(raw)

    threads = [threading.Thread(target=scan, args=(hay + b"needle" * (i % 2), bool(i % 2))) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
