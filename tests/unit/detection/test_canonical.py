"""The canonical copy: what is undone, what stays, and that its offsets lead back."""

import base64
import html
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection import canonical as canonical_module
from doorward.detection.canonical import ROUNDS, canonical
from doorward.detection.offsets import Offsets

ADDRESS = "jo.doe@example.com"


def read(string: str) -> str:
    """The canonical copy, or the string itself."""
    result = canonical(string)
    return string if result is None else result[0]


def spread(text: str, joiner: str) -> str:
    return "".join(character + joiner for character in text)


@pytest.mark.parametrize(
    ("string", "copy"),
    [
        ("４１１１ １１１１", "4111 1111"),
        ("ｊｏ＠ｅｘ．ｃｏｍ", "jo@ex.com"),
        ("𝟒𝟏 ①② ⁴₅ ❸", "41 12 45 3"),
        ("٤١١١ ४१", "4111 41"),
        ("𝕁𝒐𝓱𝔫 🄰🅐🅰", "John AAA"),
        ("ﬁne", "fine"),
        ("ᴊᴏʜɴ", "JOHN"),
        ("a\u00a0b\u2009c\u3000d", "a b c d"),
        ("555\u2010010\u2212123\u2014x", "555-010-123-x"),
        ("jo@example\u3002com", "jo@example.com"),
        ("e\u0301te\u0301", "été"),
        ("e\u0323\u0302", "ệ"),
        ("n\u0336o\u0336", "no"),
        ("jo\x00hn\x07", "john"),
    ],
)
def test_characters_read_as_what_they_show(string: str, copy: str) -> None:
    assert read(string) == copy


@pytest.mark.parametrize("joiner", ["\u200b", "\u200d", "\u2060", "\u00ad", "\ufe0f", "\u202e", "\ufeff", "\U000e0041"])
def test_what_cannot_be_seen_is_dropped_and_belongs_to_the_character_before(joiner: str) -> None:
    string = f"is {spread('Ann', joiner)} x"
    result = canonical(string)
    assert result is not None
    copy, offsets = result
    assert copy == "is Ann x"
    assert string[offsets[3] : offsets[6]] == spread("Ann", joiner)


@pytest.mark.parametrize(
    "string",
    [
        "",
        "plain text, 100% & a = b \\ c",
        "Привет, Москва",
        "Καλημέρα",
        "José Müller, Łódź, nº 5, 3ª",
        "日本語のテキスト",
        "हिन्दी",
        "phone=4155551234&qty=49&w=40%",
        "x=20, y=41",
        "a =\n b",
        "C:\\users\\xavier\\Ufa",
        "100%zz %4 &nosuch; &# \\u12 \\ud800 \\x07",
        "word\n\ttab",
        "iPhone\u043e\u043c",  # a Latin word with a Cyrillic ending that looks like none
    ],
)
def test_what_hides_nothing_stays(string: str) -> None:
    assert canonical(string) is None


@pytest.mark.parametrize(
    ("string", "copy"),
    [
        ("Ph\u0456l\u0456\u0440 H\u0435ss", "Philip Hess"),
        ("\u0441\u043e\u0441\u043e@example.com", "coco@example.com"),
        ("G\u0435r\u0430ld \u0410\u0441\u0430", "Gerald Aca"),  # beside a word that poses, a word of look-alikes too
        ("\u0391nn\u0430 \u0555z", "Anna Oz"),
    ],
)
def test_look_alikes_are_read_as_latin_where_they_pose_as_such(string: str, copy: str) -> None:
    result = canonical(string)
    assert result is not None
    assert result[0] == copy
    assert list(result[1]) == list(range(len(string) + 1))


@pytest.mark.parametrize(
    ("string", "copy"),
    [
        ("jo%40example.com", "jo@example.com"),
        ("%6a%C3%B6", "jö"),
        ("%FFj%6F", "%FFjo"),
        ("pass%11word", "pass%11word"),
        ("&#106;&#x6F;&#0000064;&commat;&amp;", "jo@@&"),
        ("&#64x", "@x"),
        ("\\u006a\\x6f\\U00000040\\u{78}", "jo@x"),
        ("\\ud83d\\ude00!", "😀!"),
        ("\\\\u0040", "@"),
        ("jo=40example=2Ecom", "jo@example.com"),
        ("Ann=20Lee", "Ann Lee"),
        ("=4A=C3=B6rg", "Jörg"),
        ("=4A=6F is at lo=\nng", "Jo is at long"),
        ("=FF=FE", "=FF=FE"),
    ],
)
def test_escapes_are_undone_in_place(string: str, copy: str) -> None:
    assert read(string) == copy


def test_layers_are_undone_up_to_the_bound() -> None:
    string = "a@b"
    for _ in range(ROUNDS):
        string = urllib.parse.quote(string)
    result = canonical(string)
    assert result is not None
    assert result[0] == "a@b"
    assert string[result[1][1] : result[1][2]] == string[1:-1]
    assert read(urllib.parse.quote(string)) == "a%40b"


def test_layers_of_different_kinds() -> None:
    assert read("&amp;#x25;34&#49;") == "41"
    assert read("%EF%BC%94\\u200b1") == "41"


def test_every_way_to_write_an_address_reads_the_same() -> None:
    ways = [
        "".join(f"%{ord(c):02X}" for c in ADDRESS),
        "".join(f"&#{ord(c)};" for c in ADDRESS),
        "".join(f"\\u{ord(c):04x}" for c in ADDRESS),
        "".join(f"={ord(c):02X}" for c in ADDRESS),
        "".join(chr(ord(c) + 0xFEE0) for c in ADDRESS),
        spread(ADDRESS, "\u200b"),
    ]
    for way in ways:
        result = canonical(f"to {way} now")
        assert result is not None
        copy, offsets = result
        assert copy == f"to {ADDRESS} now"
        assert f"to {way} now"[offsets[3] : offsets[3 + len(ADDRESS)]] == way


PIECES = st.sampled_from(
    [
        "a",
        "Z",
        "4",
        " ",
        "@",
        "é",
        "e\u0301",
        "日",
        "\u0430",
        "\u200b",
        "\U0001d7d8",
        "ﬁ",
        "%",
        "%41",
        "%C3%A9",
        "%FF",
        "&",
        "&amp;",
        "&#64;",
        "=",
        "=4A=6F",
        "=\n",
        "\\",
        "\\u0041",
        "\\ud83d",
        "\\ude00",
        "\n",
        "\x00",
        "\ud800",
        "u0041",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=30))
def test_offsets_lead_back(string: str) -> None:
    result = canonical(string)
    if result is None:
        return
    copy, offsets = result
    assert copy != string
    assert len(offsets) == len(copy) + 1
    assert offsets[len(copy)] == len(string)
    assert all(0 <= a <= b for a, b in zip(offsets, list(offsets)[1:], strict=False))
    assert isinstance(offsets, Offsets)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_text_survives_being_escaped(text: str) -> None:
    plain = read(text)
    if plain == text:
        assert read(html.escape(text)) == read(html.unescape(html.escape(text)))
        assert read("".join(f"\\u{ord(c):04x}" for c in text)) == text


def test_base64_is_not_touched() -> None:
    assert canonical(base64.b64encode(ADDRESS.encode()).decode()) is None


@pytest.mark.parametrize(
    "unit", ["\\", "%4", "&#", "&#0", "=4", "a=\n", "e\u0301\u0323", "\u0936\u0301", "&amp", "\u0430a ", "\u200b"]
)
def test_long_runs_end(unit: str) -> None:
    result = canonical(unit * 20_000)
    assert result is None or len(result[1]) == len(result[0]) + 1


class Always:
    def any(self, string: str) -> bool:
        return True


@given(
    st.lists(PIECES, max_size=30).map("".join)
    | st.text(max_size=30)
    | st.text("=%&\\<uxU{#;!-wbrWBR2040 \r\nAz", max_size=30)
)
def test_the_gate_keeps_no_escape_from_being_undone(string: str) -> None:
    undone = canonical_module._unescaped(string)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical_module, "_ESCAPED", Always())
        ungated = canonical_module._unescaped(string)
    assert (undone is None) is (ungated is None)
    if undone is not None and ungated is not None:
        assert (undone[0], list(undone[1])) == (ungated[0], list(ungated[1]))


def test_a_text_without_escapes_is_not_searched_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_module, "_is_quoted", lambda string: pytest.fail(string))
    assert canonical("100 % = R&D && C:\\users\\x; a=b&c=d<br>") is None


@given(st.text(alphabet=st.sampled_from("ab1\t\x00\x7f\u00a0\u2009é–—‐１２ｊо\u0301\u200b"), max_size=60))
def test_characters_are_exchanged_as_by_translation(string: str) -> None:
    table = {character: canonical_module._CHARACTERS[ord(character)] for character in set(string)}
    changed = {character: text for character, text in table.items() if len(text) == 1 and text != character}
    every = {ord(character): text for character, text in changed.items()}
    assert canonical_module._exchanged(string, changed) == string.translate(every)


def test_an_octet_that_is_printed_may_be_escaped_in_small_letters_or_capitals() -> None:
    for octet in range(0x80):
        printed = 0x20 <= octet < 0x7F
        assert (f"%{octet:02x}" in canonical_module._PERCENT) is printed
        assert (f"%{octet:02X}" in canonical_module._PERCENT) is printed
        if printed and chr(octet) not in "%0123456789abcdefABCDEF":
            copy, offsets = canonical(f"a%{octet:02x}b%{octet:02X}") or ("", [])
            assert copy == f"a{chr(octet)}b{chr(octet)}"
            assert list(offsets) == [0, 1, 4, 5, 8]
