import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Finding, Text
from doorward.core.message import Response, read
from doorward.stages.inspect import texts
from doorward.stages.mark import mark
from doorward.stages.redact import redact, redacted_text

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
    assert redact(b'{"a1":1,"a2":2}', [key("a1"), key("a2")], {}, KEY) == b'{"<E>":1,"<E_2>":2}'


def test_nor_one_that_is_there() -> None:
    assert redact(b'{"a1":1,"<E>":2}', [key("a1")], {}, KEY) == b'{"<E_2>":1,"<E>":2}'
    assert redact(rb'{"a1":1,"\u003cE>":2}', [key("a1")], {}, KEY) == rb'{"<E_2>":1,"\u003cE>":2}'


def test_a_number_of_the_message_stays_a_number() -> None:
    found = [Finding(Text("/a", "219099999", number=True), 0, 9, "US_SSN", 1.0, "d", number=True)]
    out = redact(b'{"a": 219099999 }', found, {}, KEY)
    assert re.fullmatch(rb'\{"a": 9\d{8} \}', out)


@pytest.mark.parametrize(
    "found",
    [
        [Finding(Text("/b", "12"), 0, 2, "E", 1.0, "d")],
        [Finding(Text("/a", "12"), 0, 2, "E", 1.0, "d"), Finding(Text("/a", "12"), 1, 2, "E", 1.0, "d")],
        [Finding(Text("/a", "12", number=True), 0, 2, "E", 1.0, "d")],
    ],
)
def test_what_cannot_be_done_is_not_half_done(found: list[Finding]) -> None:
    with pytest.raises(ValueError):
        redact(b'{"a":"12"}', found, {}, KEY)


def test_a_body_that_is_no_message() -> None:
    text = Text("", "call 123 or 123")
    found = [Finding(text, 5, 8, "E", 1.0, "d"), Finding(text, 12, 15, "E", 1.0, "d")]
    assert redacted_text(text, found, {}, KEY) == "call <E> or <E>"


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


# -- JSON in text, in text: made with the places of its values known

words = st.text(st.sampled_from('ab1 "\\é\n/<'), max_size=5)
found_values = st.sampled_from(["jane@shop.org", "roe@shop.org", "219-09-9999", "Jane Roe", "r\u00f6e"])
plain = st.recursive(
    words | st.integers(-99, 99) | found_values.map(lambda v: ("value", v)) | st.just(("number", "219099999")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(words | found_values.map(lambda v: ("name", v)), inner), max_size=4).map(
            lambda members: {"members": members}
        )
    ),
    max_leaves=8,
)


class Piece(str):
    """Text that knows where the values in it stand: (start, end, value, number, name)."""

    spans: tuple[tuple[int, int, str, bool, bool], ...] = ()


def joined(pieces: list[str]) -> Piece:
    spans, at = [], 0
    for piece in pieces:
        spans += [(a + at, b + at, *rest) for a, b, *rest in getattr(piece, "spans", ())]
        at += len(piece)
    out = Piece("".join(pieces))
    out.spans = tuple(spans)  # type: ignore[assignment]
    return out


def quoted(text: str) -> Piece:
    """The text as a JSON string, its spans moved."""
    places = [0]
    for c in text:
        places.append(places[-1] + len(json.dumps(c)) - 2)
    out = Piece(json.dumps(text))
    out.spans = tuple((places[a] + 1, places[b] + 1, *rest) for a, b, *rest in getattr(text, "spans", ()))
    return out


def marked(value: str, number: bool = False, name: bool = False) -> Piece:
    out = Piece(value)
    out.spans = ((0, len(value), value, number, name),)
    return out


def spelt(value: Any) -> Piece:
    if isinstance(value, tuple):
        kind, text = value
        return marked(text, number=True) if kind == "number" else quoted(marked(text))
    if isinstance(value, list):
        return joined(["[", *commas([spelt(child) for child in value]), "]"])
    if isinstance(value, dict):
        members: dict[str, list[str]] = {}
        for name, child in value["members"]:
            key = marked(name[1], name=True) if isinstance(name, tuple) else name
            members.setdefault(str(key), [joined([quoted(key), ":", spelt(child)])])
        return joined(["{", *commas([member[0] for member in members.values()]), "}"])
    return Piece(json.dumps(value))


def commas(pieces: list[Any]) -> list[str]:
    return [part for piece in pieces for part in (",", piece)][1:]


ENTITY = {"2": "US_SSN", "j": "EMAIL_ADDRESS", "r": "EMAIL_ADDRESS", "J": "PERSON"}
STYLES = st.sampled_from(["placeholder", "mask", "hash", "last4", "surrogate"])


@given(plain, st.integers(0, 3), STYLES)
def test_json_in_text_stays_json(value: Any, depth: int, style: str) -> None:
    text = spelt(value)
    for _ in range(depth):
        text = quoted(text)
    block = Text("/result/text", str(text))
    found = [
        Finding(block, a, b, ENTITY[read[0]], 1.0, "d", value=read, number=number, name=name)
        for a, b, read, number, name in text.spans
    ]
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"text": str(text)}}).encode()
    out = json.loads(redact(raw, found, {"default": style}, KEY))["result"]["text"]
    replaced = out
    for _ in range(depth):
        replaced = json.loads(replaced)
    names: list[list[str]] = []
    after = json.loads(replaced, object_pairs_hook=lambda pairs: names.append([n for n, _ in pairs]) or dict(pairs))
    assert all(len(set(one)) == len(one) for one in names)
    assert shape(after) == shape(json.loads(str(spelt(value))))
    for finding in found:
        assert finding.read not in out
    pieces, done = [], 0  # what stands between the findings is there, in order
    for finding in found:
        pieces.append(block.string[done : finding.start])
        done = finding.end
    pieces.append(block.string[done:])
    assert re.fullmatch(".+?".join(map(re.escape, pieces)), out, re.DOTALL)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [shape(child) for child in value.values()]
    return [shape(child) for child in value] if isinstance(value, list) else type(value)


def test_a_blob_stays_base64() -> None:
    words = base64.b64encode(b"mail ann@x.example").decode()
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"contents": [{"uri": "a:b", "blob": words}]}}).encode()
    text = Text("/result/contents/0/blob", words)
    found = Finding(text, 0, len(words), "EMAIL_ADDRESS", 1.0, "d", value="ann@x.example")
    blob = json.loads(redact(raw, [found], {}, b"k"))["result"]["contents"][0]["blob"]
    assert base64.b64decode(blob, validate=True) == b"<EMAIL_ADDRESS>"
