import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Finding, Text
from doorward.core.message import Response, read
from doorward.stages.inspect import texts
from doorward.stages.redact import mark, redact, replacement

KEY = b"k"


def findings(raw: bytes, literal: str) -> list[Finding]:
    return [
        Finding(t, at, at + len(literal), "E", 1.0, "d")
        for t in texts(json.loads(raw))
        if (at := t.string.find(literal)) >= 0
    ]


def test_only_the_found_spans_differ() -> None:
    raw = b'{ "a" : ["x 123 y", 1.50],\t"123":"\\u0041" , "b":"\\u00e9123"}'
    assert redact(raw, findings(raw, "123"), {}, KEY) == (
        b'{ "a" : ["x <E> y", 1.50],\t"<E>":"\\u0041" , "b":"' + "é".encode() + b'<E>"}'
    )


def test_several_findings_in_one_text() -> None:
    text = Text("/a", "12 and 34")
    found = [Finding(text, 7, 9, "B", 1.0, "d"), Finding(text, 0, 2, "A", 1.0, "d")]
    assert redact(b'{"a":"12 and 34"}', found, {}, KEY) == b'{"a":"<A> and <B>"}'


def key(name: str) -> Finding:
    return Finding(Text(f"/{name}", name, True), 0, len(name), "E", 1.0, "d")


def test_two_members_never_get_one_name() -> None:
    assert redact(b'{"a1":1,"a2":2}', [key("a1"), key("a2")], {}, KEY) == b'{"<E>":1,"<E>_2":2}'


def test_what_cannot_be_done_is_not_half_done() -> None:
    with pytest.raises(ValueError):
        redact(b'{"a1":1,"<E>":2}', [key("a1")], {}, KEY)


@pytest.mark.parametrize(
    ("style", "value", "expected"),
    [
        ("placeholder", "4111", "<E>"),
        ("mask", "4111", "****"),
        ("last4", "41111234", "****1234"),
        ("last4", "1234", "****"),
        ("last4", "", ""),
        ("hash", "4111", f"<E:{hmac.new(KEY, b'4111', hashlib.sha256).hexdigest()[:16]}>"),
    ],
)
def test_styles(style: str, value: str, expected: str) -> None:
    assert replacement(value, "E", {"E": style}, KEY) == expected
    assert replacement(value, "E", {"default": style}, KEY) == expected


@pytest.mark.parametrize(
    ("raw", "marked"),
    [
        (b'{"id":1,"result":{}}', b'{"id":1,"result":{"_meta":{M}}}'),
        (b'{"id":1,"result": { "a":1}}', b'{"id":1,"result": {"_meta":{M}, "a":1}}'),
        (b'{"result":{"a":1,"_meta":{ }}}', b'{"result":{"a":1,"_meta":{M }}}'),
        (b'{"result":{"_meta":{"x":[1]}}}', b'{"result":{"_meta":{M,"x":[1]}}}'),
        (b'{"result":{"_meta":{"io.doorward/redaction" : [9] ,"x":1}}}', b'{"result":{"_meta":{m ,"x":1}}}'),
        (b'{"result":{"_meta":7}}', b'{"result":{"_meta":7}}'),
        (b'{"result":"text"}', b'{"result":"text"}'),
        (b'{"error":{"code":1}}', b'{"error":{"code":1}}'),
        (b'{"a":{"result":{}},"result":{}}', b'{"a":{"result":{}},"result":{"_meta":{M}}}'),
    ],
)
def test_the_mark(raw: bytes, marked: bytes) -> None:
    note = b'{"count":3,"entities":["A","B"]}'
    expected = marked.replace(b"M", b'"io.doorward/redaction":' + note)
    expected = expected.replace(b"{m", b'{"io.doorward/redaction" : ' + note)
    assert mark(raw, {"B": 1, "A": 2}) == expected
    json.loads(mark(raw, {"B": 1, "A": 2}))


values = st.recursive(
    st.none() | st.integers(-5, 5) | st.text(st.sampled_from('1a"\\é'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from("_ab"), max_size=3), inner),
    max_leaves=10,
)


@given(values, st.booleans())
def test_redacted_and_marked_it_is_still_one_clear_message(value: object, escaped: bool) -> None:
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}, ensure_ascii=escaped).encode()
    found = [f for f in findings(raw, "1") if not f.text.key]
    out = mark(redact(raw, found, {}, KEY), {"E": len(found)})
    reading = read(out)
    assert isinstance(reading, Response)
    assert len(findings(out, "<E>")) == len(found)
