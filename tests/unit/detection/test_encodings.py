"""Tokens that decode to text are found with their place; what only looks like one is not."""

import base64
import gzip
import hashlib
import uuid
import zlib
from itertools import pairwise, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doorward.detection import encodings
from doorward.detection.encodings import (
    _HEX_PAIRS,
    RUNS,
    Encoded,
    _from_hex,
    _in_pairs,
    _joined,
    _set_apart,
    _text,
    _trailed,
    _trails,
    encoded,
    holding,
    may_be_apart,
)

ADDRESS = "jo.doe@example.com"
CARD = "4" + "1" * 15


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def only(string: str) -> Encoded:
    found = encoded(string)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("token", "text", "layer"),
    [
        (b64(ADDRESS), ADDRESS, "base64"),
        (b64("Ann Q Lee"), "Ann Q Lee", "base64"),
        (b64("+1-330-902-6950"), "+1-330-902-6950", "base64"),
        (b64(ADDRESS).rstrip("="), ADDRESS, "base64"),
        (base64.urlsafe_b64encode("jö?>~@ö.de ok".encode()).decode(), "jö?>~@ö.de ok", "base64"),
        (b64("Ирина Петрова"), "Ирина Петрова", "base64"),
        (base64.b64encode(ADDRESS.encode("utf-16-le")).decode(), ADDRESS, "base64"),
        (base64.b64encode(gzip.compress(ADDRESS.encode(), mtime=0)).decode(), ADDRESS, "base64"),
        (base64.b64encode(zlib.compress(ADDRESS.encode())).decode(), ADDRESS, "base64"),
        (base64.encodebytes((ADDRESS * 6).encode()).decode().strip(), ADDRESS * 6, "base64"),
        (ADDRESS.encode().hex(), ADDRESS, "hex"),
        (ADDRESS.encode().hex().upper(), ADDRESS, "hex"),
        ("0x" + ADDRESS.encode().hex(), ADDRESS, "hex"),
        (ADDRESS.encode().hex(" "), ADDRESS, "hex"),
        (ADDRESS.encode().hex(":"), ADDRESS, "hex"),
        (", ".join(f"0x{octet:02x}" for octet in ADDRESS.encode()), ADDRESS, "hex"),
        (" ".join(ADDRESS), ADDRESS, "spaced"),
        (" ".join(CARD), CARD, "spaced"),
        ("-".join(CARD), CARD, "spaced"),
        ("5 1 2 -4 6 -7 0 3 9", "512-46-" + "7039", "spaced"),
        ("4 1 1-1 1 1 1 1 - 1 1 1 1 - 1 1 1 1", "4111111111111111", "spaced"),
        ("5 1 2 - 4 6 - 7 0 3 9", "512-46-" + "7039", "spaced"),
        ("+4 4 - 2 0 - 7 9 4 6", "+442079" + "46", "spaced"),
        ("jo4 2 @example.com", "jo42@example.com", "spaced"),
        ("GB8 2 WEST1 2 3 4 5 6", "GB82WEST123456", "spaced"),
        ("tok_aB3 cdEfGhIjK4 lMnOpQrS", "tok_aB3cdEfGhIjK4lMnOpQrS", "spaced"),
        ("".join(chr(0xE0000 + ord(c)) for c in ADDRESS), ADDRESS, "invisible"),
        ("".join(chr(0xE0100 + ord(c) - 16) for c in ADDRESS), ADDRESS, "invisible"),
    ],
)
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("is ", "\nend"), ('{"k": "', '"}')])
def test_tokens(token: str, text: str, layer: str, before: str, behind: str) -> None:
    string = before + token + behind
    found = only(string)
    assert (found.string, found.layer) == (text, layer)
    assert string[found.start : found.end] == token


@pytest.mark.parametrize(
    "token",
    [
        ADDRESS.encode().hex(" "),
        ", ".join(f"0x{octet:02x}" for octet in ADDRESS.encode()),
        " ".join(ADDRESS),
        " ".join(CARD),
        "4\u00a0" + "1\u00a0" * 14 + "1",
        "jo4 2 @example.com",
        "jo@ex4 2 ample.com",
        "GB8 2 WEST1 2 3 4 5 6",
        "tok_aB3 cdEfGhIjK4 lMnOpQrS",
    ],
)
def test_what_is_set_apart_is_found_in_a_long_text_too(token: str) -> None:
    around = "the text goes on, and on. " * 40
    assert not may_be_apart(around.encode())
    assert [one.layer for one in encoded(f"{around}\n{token}\n{around}")] == [only(token).layer]


PARTS = st.sampled_from(
    [
        *"0123456789abAB@._+-:,()/x?",
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\t",
        "\u00a0",
        "é",
        "0x",
        "1 ",
        "b2 ",
        "4 1 1 ",
        "61 6e ",
    ]
)


@given(st.lists(PARTS, max_size=60).map("".join))
def test_the_automaton_misses_nothing_that_is_set_apart(string: str) -> None:
    octets = string.encode("ascii", "replace")
    if _set_apart(string, octets, octets.translate(RUNS)):
        assert may_be_apart(octets)


TRAILED = st.sampled_from(
    ["a1 ", "a1  ", "b2 ", "3 ", "4  ", "xy5 ", "xyzuvwrs", ".6 ", "c", "dd ", "7", " ", "q" * 24]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(TRAILED, max_size=14).map("".join))
@example("a1  b2  3  4  xyzuvwrs")
@example("abcdefg1  b2  3  4  ")
@example("a1 b2 c3 d4 e5 f6 g7 ")
def test_the_automaton_misses_no_digits_with_spaces_behind(string: str) -> None:
    if "@" not in string and list(_trailed(string)):
        assert _trails()(string.encode())


@given(
    st.lists(st.binary(min_size=8, max_size=24) | st.text(min_size=9, max_size=16).map(str.encode), max_size=3),
    st.sampled_from([" ", ":", "-", ", ", "  "]),
    st.sampled_from(["", "0x"]),
)
def test_pairs_of_digits_are_told_by_the_first_two_as_by_all(texts: list[bytes], between: str, before: str) -> None:
    string = " | ".join(between.join(f"{before}{octet:02x}" for octet in text) for text in texts)
    every = [(match.start(), _from_hex(_joined(match[0]))) for match in _HEX_PAIRS.finditer(string)]
    assert [(token.start, token.string) for token in _in_pairs(string)] == [one for one in every if one[1] is not None]


def test_a_data_uri_says_that_it_is_base64() -> None:
    string = f"see data:text/plain;base64,{b64('Bob')} x"
    found = only(string)
    assert found.string == "Bob"
    assert string[found.start : found.end] == b64("Bob")


def test_a_token_between_slashes_or_dashes() -> None:
    assert only(f"/users/{b64(ADDRESS)}/x").string == ADDRESS
    assert only(f"user_{b64(ADDRESS).rstrip('=')}").string == ADDRESS


def test_tokens_in_order() -> None:
    found = encoded(f"{b64(ADDRESS)} and {ADDRESS.encode().hex()}, {' '.join(CARD)}")
    assert [token.string for token in found] == [ADDRESS, ADDRESS, CARD]
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.mark.parametrize(
    "string",
    [
        "",
        "structuredContent io.modelcontextprotocol/protocolVersion get_user_by_id some-kebab-case-name",
        "src/doorward/core/decode.py https://example.com/products/warehouse-north/index.html",
        "The internationalization of telecommunications 2024-11-05T01:14:01.505240Z",
        hashlib.sha256(b"x").hexdigest(),
        hashlib.sha1(b"y").hexdigest() + " " + hashlib.md5(b"z").hexdigest(),
        str(uuid.UUID(int=0x1234567890ABCDEF1234567890ABCDEF)),
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
        "4144484267564867",  # a number whose pairs happen to be letters
        "step 1 of 2, Q1 Q2",
        "@minimax2 @other hello",
        "1.2.3, 10.20.30.40, 00:1a:2b:3c:4d:5e",
        "0 1 10 11 100",
    ],
)
def test_what_only_looks_like_a_token(string: str) -> None:
    assert encoded(string) == []


def test_random_identifiers_are_no_text() -> None:
    digests = [hashlib.sha512(b"%d" % i).digest() for i in range(2000)]
    found = [token for digest in digests for token in encoded(base64.b64encode(digest[:24]).decode())]
    found += [token for digest in digests for token in encoded(digest[:16].hex())]
    assert found == []


def test_what_was_compressed_is_bounded() -> None:
    bomb = base64.b64encode(zlib.compress(b"a bomb " * 1_000_000, 9)).decode()
    found = only(bomb)
    assert found.string.startswith("a bomb a bomb")
    assert len(found.string) <= 65536
    assert encoded(base64.b64encode(b"\x1f\x8b" + bytes(range(128, 160))).decode()) == []


def test_lines_that_decode_to_nothing_are_not_tried_again_and_again() -> None:
    line = base64.b64encode(hashlib.sha512(b"x").digest()).decode()[:76]
    assert encoded((line + "\n") * 2000) == []
    assert encoded("4a 4a 4a 4a 4a 4a 4ax " * 5000) == []


@given(st.text(max_size=80))
def test_any_text(string: str) -> None:
    end = 0
    for token in encoded(string):
        assert end <= token.start < token.end <= len(string)
        end = token.end


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd"]), min_size=9, max_size=60))
def test_text_comes_back(text: str) -> None:
    assert only(f"x {b64(text)} y").string == text
    digits = text.encode().hex()
    if not digits.isdecimal():  # else it may be a number
        assert only(f"x {digits}").string == text


def test_a_long_run_of_decimal_digits_is_hex_where_it_says_text() -> None:
    token = b"IT42A5234052132995044814228".hex()
    assert token.isdecimal()
    assert [found.string for found in encoded(token)] == ["IT42A5234052132995044814228"]
    assert encoded("4242424242424242") == []


def test_the_first_two_octets_say_only_of_what_is_no_text_that_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed = [zlib.compress(ADDRESS.encode() * 9, level) for level in range(10)]
    compressed.append(gzip.compress(ADDRESS.encode() * 9))
    beginnings = [bytes(pair) for pair in product(range(256), repeat=2)]
    octets = [first + rest for first in beginnings for rest in (b"", b"\x80 and text", b"\0a\0b\0c\0", b"ly, text")]
    quick = [_text(one) for one in (*compressed, *octets)]
    monkeypatch.setattr(encodings, "_SECOND", (b"\1" * 256,) * 5)
    assert quick == [_text(one) for one in (*compressed, *octets)]
    assert None not in quick[: len(compressed)]


def test_what_is_no_text_is_mostly_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []
    monkeypatch.setattr(encodings, "_inflated", tried.append)
    digests = [hashlib.sha256(str(number).encode()).digest() for number in range(100)]
    assert not any(map(_text, digests))
    assert len(tried) < 40


_HELD = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="ab9 -/=:.@,()", max_size=40),
        st.text(max_size=24).map(lambda text: text.encode(errors="replace").hex()),
        st.text(min_size=3, max_size=24).map(lambda text: b64(text.encode(errors="replace").decode())),
        st.sampled_from(
            [
                " ".join(CARD),
                "jo4 2 @example.com",
                "4a 6f 2e 64 6f 65 40 65 78",
                "data:;base64,QW5u",
                base64.encodebytes((ADDRESS * 6).encode()).decode(),
                "".join(chr(0xE0000 + ord(character)) for character in ADDRESS),
            ]
        ),
    ),
    max_size=8,
)


@given(_HELD)
def test_what_is_encoded_in_one_of_many_is_known_of_all_together(strings: list[str]) -> None:
    assert set(holding(strings)) >= {index for index, string in enumerate(strings) if encoded(string)}


def test_of_values_without_tokens_none_is_looked_at() -> None:
    assert (
        holding(["str = 'untitled'", "self.configuration_of_all", "9f" * 20, "", "[value for value in values]"]) == []
    )


@given(st.uuids().map(str) | st.from_regex(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", fullmatch=True))
def test_nothing_is_encoded_in_a_uuid(uuid: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_UUID", lambda *_: None)
        assert encoded(uuid) == []
        assert encoded(f"a {uuid}\n{uuid}, {uuid}") == []


def test_the_clock_is_looked_at_while_runs_are_read() -> None:
    looked: list[int] = []
    holding(["averyLongNameCount"] * 1000, lambda: looked.append(1))
    assert len(looked) > 10
