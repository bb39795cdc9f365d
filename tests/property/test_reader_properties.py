"""What holds for every message that JSON can spell, however it is spelt."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.core.decode import UndecodableError, decode
from doorward.core.message import (
    Batch,
    Edit,
    LosslessFloat,
    Message,
    Notification,
    Request,
    Response,
    Unreadable,
    read,
    span,
    splice,
)

STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding: nothing here is timed."""


class Spelt(str):
    """A number in one exact spelling."""

    __slots__ = ()


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NUMBERS = st.from_regex(r"-?(?:0|[1-9][0-9]{0,25})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?", fullmatch=True).map(
    Spelt
)
SCALARS = st.none() | st.booleans() | TEXT | NUMBERS
# "~" keeps the names off the protocol's own; "/", "~" and the empty name try the pointers.
NAMES = TEXT.map(lambda name: "~" + name)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXT, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
IDS = st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
SPACE = st.text(" \t\r\n", max_size=2)


@st.composite
def spelt(draw: st.DrawFn, value: Any) -> str:
    """`value` as JSON text with arbitrary whitespace and escapes."""
    before, after = draw(SPACE), draw(SPACE)
    if isinstance(value, Spelt):
        inner = str(value)
    elif isinstance(value, str):
        inner = draw(quoted(value))
    elif isinstance(value, dict):
        members = [
            draw(SPACE) + draw(quoted_name(name)) + draw(SPACE) + ":" + draw(spelt(of)) for name, of in value.items()
        ]
        inner = "{" + (",".join(members) or draw(SPACE)) + "}"
    elif isinstance(value, list):
        inner = "[" + (",".join(draw(spelt(of)) for of in value) or draw(SPACE)) + "]"
    else:
        inner = json.dumps(value)
    return before + inner + after


@st.composite
def quoted(draw: st.DrawFn, text: str) -> str:
    """A JSON string: plain, ASCII only, or every character escaped."""
    style = draw(st.sampled_from(("plain", "ascii", "all")))
    if style == "all":
        units = text.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)) + '"'
    return json.dumps(text, ensure_ascii=style == "ascii")


WORD = re.compile(r"\\u00(?:3[0-9]|[46][1-9a-f]|5[0-9af]|7[0-9a])")


@st.composite
def quoted_name(draw: st.DrawFn, name: str) -> str:
    """A member name in any spelling that is accepted: its letters, digits and underscores stand for themselves."""
    if "\\" in name:
        return json.dumps(name)
    return WORD.sub(lambda found: chr(int(found[0][2:], 16)), draw(quoted(name)))


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    value: dict[str, Any] = {"jsonrpc": "2.0"}
    kind = draw(st.sampled_from(("request", "notification", "result", "error")))
    if kind in ("request", "notification"):
        value["method"] = draw(st.sampled_from(("tools/call", "ping", "acme/new")) | TEXT)
        if draw(st.booleans()):
            value["params"] = draw(OBJECTS) | ({"arguments": draw(OBJECTS)} if draw(st.booleans()) else {})
    elif kind == "result":
        value["result"] = draw(VALUES)
    else:
        value["error"] = {"code": draw(st.integers(-40000, 40000)), "message": draw(TEXT), "data": draw(VALUES)}
    if kind != "notification":
        value["id"] = draw(IDS)
    value |= draw(OBJECTS)
    return dict(draw(st.permutations(list(value.items()))))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    value = draw(messages())
    return value, draw(spelt(value)).encode()


def plain(value: Any) -> Any:
    """A value with its numbers as spellings, so that two readings can be compared exactly."""
    if isinstance(value, dict):
        return {name: plain(of) for name, of in value.items()}
    if isinstance(value, list):
        return [plain(of) for of in value]
    if isinstance(value, Spelt):
        return ("number", "0" if value == "-0" else str(value))
    if type(value) is int or type(value) is LosslessFloat:
        return ("number", str(value))
    return value


def respelt(raw: bytes) -> Any:
    """`raw` as the standard library reads it, numbers by spelling."""
    return json.loads(raw, parse_int=Spelt, parse_float=Spelt)


def accepted(raw: bytes) -> Message:
    found = read(raw)
    assert isinstance(found, Request | Notification | Response), found
    return found


@STEADY
@given(bodies())
def test_every_message_is_read_as_what_it_says(body: tuple[dict[str, Any], bytes]):
    value, raw = body
    message = accepted(raw)
    assert message.raw is raw
    assert plain(message.value) == plain(value)
    if isinstance(message, Response):
        assert message.id == value["id"]
        assert plain(message.error) == plain(value.get("error"))
        assert message.is_error == ("error" in value)
        if "result" in value:
            assert plain(message.result) == plain(value["result"])
    else:
        assert message.method == value["method"]
        assert plain(message.params) == plain(value.get("params", {}))
        assert isinstance(message, Request) == ("id" in value)


@STEADY
@given(bodies())
def test_spans_are_the_bytes_of_the_values(body: tuple[dict[str, Any], bytes]):
    value, raw = body
    message = accepted(raw)
    for part in ("params", "result", "error"):
        found = bytes(span(message, part))  # type: ignore[arg-type]
        assert (found != b"") == (part in value)
        if found:
            assert found == found.strip(b" \t\r\n")
            assert found in raw
            assert plain(respelt(found)) == plain(value[part])
    arguments = bytes(span(message, "arguments"))
    wanted = value.get("params", {}).get("arguments", value.get("params"))
    assert (plain(respelt(arguments)) if arguments else None) == plain(wanted)


@STEADY
@given(st.lists(bodies(), min_size=1, max_size=4), SPACE)
def test_a_batch_is_its_messages(parts: list[tuple[dict[str, Any], bytes]], space: str):
    raw = b"[" + (space.encode() + b",").join(text for _, text in parts) + b"]"
    found = read(raw, batches=True)
    assert isinstance(found, Batch)
    assert [message.raw for message in found.messages] == [text.strip(b" \t\r\n") for _, text in parts]
    assert [plain(message.value) for message in found.messages] == [plain(value) for value, _ in parts]


def places(value: Any, pointer: str = "") -> list[tuple[str, bool, Any]]:
    """(pointer, is a key, old value) of everything that an edit can change."""
    found: list[tuple[str, bool, Any]] = []
    if isinstance(value, dict):
        for name, of in value.items():
            below = pointer + "/" + name.replace("~", "~0").replace("/", "~1")
            found += [(below, True, name), *places(of, below)]
    elif isinstance(value, list):
        for index, of in enumerate(value):
            found += places(of, f"{pointer}/{index}")
    elif isinstance(value, str) or type(value) is int:
        found.append((pointer, False, value))
    return found


def applied(value: Any, edits: dict[tuple[str, bool], Edit], pointer: str = "") -> Any:
    """The edits on the value, by a second and simpler way than splicing."""
    edit = edits.get((pointer, False))
    if edit is not None:
        return Spelt(edit.new) if edit.literal else edit.new
    if isinstance(value, list):
        return [applied(of, edits, f"{pointer}/{index}") for index, of in enumerate(value)]
    if isinstance(value, dict):
        result = {}
        for name, of in value.items():
            below = pointer + "/" + name.replace("~", "~0").replace("/", "~1")
            rename = edits.get((below, True))
            result[rename.new if rename else name] = applied(of, edits, below)
        return result
    return value


@st.composite
def edited(draw: st.DrawFn) -> tuple[dict[str, Any], bytes, list[Edit]]:
    value, raw = draw(bodies())
    chosen = draw(st.lists(st.sampled_from(places(value)), max_size=6, unique_by=lambda place: place[:2]))
    edits = []
    for number, (pointer, key, old) in enumerate(chosen):
        literal = not key and (isinstance(old, Spelt) or type(old) is int) and draw(st.booleans())
        new = draw(NUMBERS) if literal else draw(TEXT)
        # A new name starts unlike all others and carries its number: it meets no sibling.
        edits.append(Edit(pointer, f"={number}{new}" if key else str(new), key=key, literal=literal))
    return value, raw, edits


@STEADY
@given(edited())
def test_a_splice_changes_what_was_edited_and_nothing_else(case: tuple[dict[str, Any], bytes, list[Edit]]):
    value, raw, edits = case
    siblings = {place[2] for place in places(value) if place[1]}
    if any(edit.key and edit.new in siblings for edit in edits):
        return
    spliced = splice(raw, edits)
    expected = applied(value, {(edit.pointer, edit.key): edit for edit in edits})
    assert plain(decode(spliced, 64)) == plain(expected)
    assert plain(respelt(spliced)) == plain(respelt(spelling(expected)))
    assert outside(raw, value, edits) == outside(spliced, expected, edits_back(value, edits))


def spelling(value: Any) -> bytes:
    """A plain JSON text of a value that holds spelt numbers."""
    if isinstance(value, dict):
        return b"{" + b",".join(json.dumps(n).encode() + b":" + spelling(of) for n, of in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(spelling, value)) + b"]"
    return str(value).encode() if isinstance(value, Spelt) else json.dumps(value).encode()


TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[-+.0-9a-zA-Z]+|[ \t\r\n]+|[\[\]{},:]', re.DOTALL)


def outside(raw: bytes, value: Any, edits: list[Edit]) -> list[bytes]:
    """The tokens of `raw`, those at the edits left out."""
    gone = {(edit.pointer, edit.key) for edit in edits}
    order = iter(places_in_order(value))
    kept = []
    for token in TOKEN.findall(raw):
        scalar = token[:1] not in b"[]{},:" and not token.isspace()
        kept.append(b"?" if scalar and next(order) in gone else token)
    return kept


def places_in_order(value: Any, pointer: str = "") -> list[tuple[str, bool]]:
    """The place of every string, name, number and literal, as the text has them."""
    if isinstance(value, dict):
        found = []
        for name, of in value.items():
            below = pointer + "/" + name.replace("~", "~0").replace("/", "~1")
            found += [(below, True), *places_in_order(of, below)]
        return found
    if isinstance(value, list):
        return [place for index, of in enumerate(value) for place in places_in_order(of, f"{pointer}/{index}")]
    return [(pointer, False)]


def edits_back(value: Any, edits: list[Edit]) -> list[Edit]:
    """The same edits, by the names that the message has after them."""
    renamed = {edit.pointer: str(edit.new).replace("~", "~0").replace("/", "~1") for edit in edits if edit.key}

    def moved(pointer: str) -> str:
        steps = pointer.split("/")
        here = ["/".join(steps[: i + 1]) for i in range(1, len(steps))]
        return "".join("/" + renamed.get(whole, step) for whole, step in zip(here, steps[1:], strict=True))

    return [Edit(moved(edit.pointer), edit.new, key=edit.key, literal=edit.literal) for edit in edits]


FRAGMENTS = st.sampled_from(
    (
        *(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"',
            "\\",
            "1",
            "-",
            "e",
            ".",
            "0",
            " ",
            "\\u",
            "d800",
            "\\ud800",
            "\n",
            "null",
        ),
        *('"id"', '"method"', '"params"', '"jsonrpc":"2.0"', '"result":{}', '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    )
)


@STEADY
@given(st.binary(max_size=200) | st.lists(FRAGMENTS, max_size=40).map(lambda parts: "".join(parts).encode()))
def test_any_bytes_get_an_answer(raw: bytes):
    for batches in (False, True):
        found = read(raw, batches=batches)
        assert isinstance(found, Request | Notification | Response | Batch | Unreadable)
        if not isinstance(found, Unreadable):
            json.loads(raw)


@STEADY
@given(bodies(), st.data())
def test_a_damaged_message_never_raises(body: tuple[dict[str, Any], bytes], data: st.DataObject):
    raw = bytearray(body[1])
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(raw) - 1))
        raw[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        if not raw:
            break
    found = read(bytes(raw))
    if not isinstance(found, Unreadable):
        assert plain(decode(bytes(raw), 64)) == plain(respelt(bytes(raw)))


def nesting(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(nesting, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(nesting, value), default=0)
    return 0


NESTED = st.recursive(
    st.sampled_from(("]", "{", 1)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab[{"), inner, max_size=3),
    max_leaves=30,
)


@pytest.mark.parametrize("padding", [b"", b" " * 10_000])
@STEADY
@given(value=NESTED, depth=st.integers(1, 8))
def test_the_nesting_limit_is_what_nesting_means(value: Any, depth: int, padding: bytes):
    raw = json.dumps(value).encode() + padding
    if nesting(value) <= depth:
        assert decode(raw, depth) == value
    else:
        with pytest.raises(UndecodableError, match=r"message\.too_deep"):
            decode(raw, depth)


@STEADY
@given(NAMES, TEXT)
def test_a_name_that_is_taken_is_never_given(name: str, other: str):
    raw = msgspec.json.encode({name: 1, "=" + other: 2})
    with pytest.raises(ValueError):
        splice(raw, [Edit("/=" + other.replace("~", "~0").replace("/", "~1"), name, key=True)])
