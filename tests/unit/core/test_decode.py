import jiter
import pytest

from doorward.core.decode import UndecodableError, decode
from doorward.core.envelope import READER_REASONS

LARGE = b" " * 20_000
"""Pushes a text over the size up to which brackets are counted."""


@pytest.fixture
def padded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is read as one that may be nested too deep."""
    monkeypatch.setattr("doorward.core.decode._is_shallow", lambda *_: False)


def reason(raw: bytes, depth: int = 64) -> str:
    with pytest.raises(UndecodableError) as caught:
        decode(raw, depth)
    assert caught.value.reason in READER_REASONS
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


HOSTILE = [
    (b"", "message.invalid_json"),
    (b"nul", "message.invalid_json"),
    (b"TRUE", "message.invalid_json"),
    (b"-Infinity", "message.invalid_json"),
    (b"[NaN]", "message.invalid_json"),
    (b"[1,]", "message.invalid_json"),
    (b"[,1]", "message.invalid_json"),
    (b"[1 2]", "message.invalid_json"),
    (b'{"a" 1}', "message.invalid_json"),
    (b'{"a":1,}', "message.invalid_json"),
    (b"{a:1}", "message.invalid_json"),
    (b"{'a':1}", "message.invalid_json"),
    (b"{1:1}", "message.invalid_json"),
    (b"[01]", "message.invalid_json"),
    (b"[-01]", "message.invalid_json"),
    (b"[+1]", "message.invalid_json"),
    (b"[1.]", "message.invalid_json"),
    (b"[.5]", "message.invalid_json"),
    (b"[1e]", "message.invalid_json"),
    (b"[0x1]", "message.invalid_json"),
    (b"[1_0]", "message.invalid_json"),
    (b"[--1]", "message.invalid_json"),
    (b'["\\x41"]', "message.invalid_json"),
    (b'["\\u12"]', "message.invalid_json"),
    (b'["\\u00zz"]', "message.invalid_json"),
    (b'["\\"]', "message.invalid_json"),
    (b'["a\nb"]', "message.invalid_json"),
    (b'["a\x00b"]', "message.invalid_json"),
    (b"[1]\x00", "message.invalid_json"),
    (b"[1]]", "message.invalid_json"),
    (b"[1] // no", "message.invalid_json"),
    (b"/**/[1]", "message.invalid_json"),
    (b"\x0b[1]", "message.invalid_json"),
    (b"\xc2\xa0[1]", "message.invalid_json"),
    (b"[1][2]", "message.invalid_json"),
    (b"[1],[2]", "message.invalid_json"),
    (b"1]],[[2", "message.invalid_json"),
    (b"],[", "message.invalid_json"),
    (b"1,2", "message.invalid_json"),
    (b"]", "message.invalid_json"),
    (b"\xef\xbb\xbf[1]", "message.bom"),
    (b"[\xef\xbb\xbf1]", "message.invalid_json"),
    (b'["\xc0\x80"]', "message.invalid_utf8"),
    (b'["\xed\xa0\x80"]', "message.invalid_utf8"),
    (b'["\xf4\x90\x80\x80"]', "message.invalid_utf8"),
    (b'["\xff"]', "message.invalid_utf8"),
    (b'{"\xff":1}', "message.invalid_utf8"),
    (b'["\\ud800"]', "message.lone_surrogate"),
    (b'["\\udc00"]', "message.lone_surrogate"),
    (b'["\\ud800x"]', "message.lone_surrogate"),
    (b'["\\ud800\\ud800\\udc00"]', "message.lone_surrogate"),
    (b'{"\\uDFFF":1}', "message.lone_surrogate"),
    (b'{"a":1,"a":1}', "message.duplicate_key"),
    (b'{"a":1,"\\u0061":1}', "message.duplicate_key"),
    (b'{"":1,"":1}', "message.duplicate_key"),
    ('{"é":1,"\\u00e9":2}'.encode(), "message.duplicate_key"),
    (b'{"recursion limit exceeded":1,"recursion limit exceeded":1}', "message.duplicate_key"),
    (b"[" + b"1" * 4301 + b"]", "message.number_too_long"),
    (b"[-" + b"1" * 1_000_000 + b"]", "message.number_too_long"),
    (b"[1." + b"1" * 4300 + b"]", "message.number_too_long"),
    (b"[0." + b"0" * 1_000_000 + b"]", "message.number_too_long"),
    (b"[1e" + b"1" * 1_000_000 + b"]", "message.number_too_long"),
    (b'{"a":[{"b":-0.' + b"1" * 4298 + b"E+1}]}", "message.number_too_long"),
]


@pytest.mark.parametrize(("raw", "expected"), HOSTILE)
def test_hostile_text_is_refused(raw: bytes, expected: str):
    assert reason(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), HOSTILE)
def test_hostile_text_is_refused_in_a_large_text(raw: bytes, expected: str):
    assert reason(raw + LARGE) == expected


@pytest.mark.usefixtures("padded")
@pytest.mark.parametrize(("raw", "expected"), HOSTILE)
def test_hostile_text_is_refused_where_the_parse_is_padded(raw: bytes, expected: str):
    assert reason(raw) == reason(raw + LARGE) == expected
    assert reason(raw, depth=0) in (expected, "message.too_deep")


CLEAR = [
    (b" 1 ", 1),
    (b"-0", 0),
    (b"null", None),
    (b'"\\/\\b\\u0000\\ud83d\\ude00\x7f"', "/\b\0\U0001f600\x7f"),
    (b'{"a":{"a":1},"A":2}', {"a": {"a": 1}, "A": 2}),
    (b"[123456789012345678901234567890]", [123456789012345678901234567890]),
    (b"[" + b"1" * 4300 + b"]", [int("1" * 4300)]),
    (b'["' + b"1" * 1_000_000 + b'"]', ["1" * 1_000_000]),
    ('["\u2028\ufffe"]'.encode(), ["\u2028\ufffe"]),
]


@pytest.mark.parametrize(("raw", "value"), CLEAR)
def test_clear_text_is_decoded(raw: bytes, value: object):
    assert decode(raw, 64) == value
    assert decode(raw + LARGE, 64) == value


@pytest.mark.usefixtures("padded")
@pytest.mark.parametrize(("raw", "value"), CLEAR)
def test_clear_text_is_decoded_where_the_parse_is_padded(raw: bytes, value: object):
    assert decode(raw, 64) == value


def test_floats_keep_their_spelling_up_to_the_limit():
    spelt = "1." + "1" * 4298
    for raw in (f"[{spelt}]", f'["{spelt}1",{spelt}]'):
        number = decode(raw.encode(), 64)[-1]
        assert type(number) is jiter.LosslessFloat
        assert str(number) == spelt


@pytest.mark.parametrize("raw", [b'{"a":[1]}', b'{"a":[]}', b'[{"a":1}]', b"[{}]", b'[[],[],{"b":[]}][', b"[[1],[[]]]"])
def test_every_depth_around_the_limit(raw: bytes):
    closed = raw.rstrip(b"[")
    levels = 3 if b"b" in raw or b"[[]]" in raw else 2
    for text in (closed, closed + LARGE):
        decode(text, levels)
        assert reason(text, levels - 1) == "message.too_deep"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_large_text_may_open_as_many_as_may_be_nested(opening: bytes):
    deepest = opening * 64 + b"1" + (b"]" if opening == b"[" else b"}") * 64 + LARGE
    decode(deepest, 64)
    assert reason(deepest, 63) == "message.too_deep"
    rows = b"[" + b",".join([b'{"a":[1]}'] * 100) + b"]" + LARGE
    assert len(decode(rows, 3)) == 100
    assert reason(rows, 2) == "message.too_deep"


@pytest.mark.parametrize("one", [b"[]", b"{}", b"0", b'""', b'{"a":1}'])
def test_a_body_of_very_many_values_is_refused_before_it_becomes_one(one: bytes):
    assert reason(b"[" + (one + b",") * 1_000_000 + b"0]") == "message.too_large"


def test_text_full_of_commas_and_brackets_is_one_value():
    text = ",[{" * 500_000
    assert decode(b'["' + text.encode() + rb"\\" + b'"]', 64) == [text + "\\"]


def test_many_values_below_the_limit_are_read():
    assert decode(b"[" + b"0      ," * 200_000 + b"0]", 64) == [0] * 200_001


@pytest.mark.parametrize(
    "name", ["m\\u0065thod", "\\u0041", "\\u007a", "a\\u005f", "\\u0030", "\\\\\\u0061", '\\"\\u004F', "\\n\\u005A"]
)
def test_a_name_with_an_escaped_letter_is_refused(name: str):
    for text in (f'{{"{name}":1}}', f'[{{"a":"x","b":{{"{name}" \n: []}}}}]'):
        assert reason(text.encode()) == "message.escaped_name"


@pytest.mark.parametrize(
    "text",
    [
        '["\\u0061"]',
        '{"a":"\\u0061","b":["\\u0061"]}',
        '{"a\\\\u0061":1}',
        '{"\\u00e9":1,"\\u003c":2,"\\u0022":3,"io.x\\/y":4,"\\n":5,"\\u0000":6,"\\u0060":7,"\\u007b":8}',
        '{"a":"\\"\\u0061\\":","b":1}',
    ],
)
def test_other_escapes_are_read(text: str):
    assert decode(text.encode(), 64) is not None
