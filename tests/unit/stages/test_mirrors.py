import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.decision import ALLOW
from doorward.core.exchange import Headers, Inbound
from doorward.core.message import Message, Notification, Request, Response, read
from doorward.stages.mirrors import compare, decode, encode, param_map, remirrored, stated_version, states_modern

MODERN = "2026-07-28"
META = {"_meta": {"io.modelcontextprotocol/protocolVersion": MODERN}}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find", **META}}
GOOD: Headers = ((b"mcp-method", b"tools/call"), (b"mcp-name", b"find"))


def message(value: Any) -> Message:
    found = read(json.dumps(value).encode())
    assert isinstance(found, Request | Notification | Response)
    return found


def inbound(mirrors: Headers = (), version: str | None = MODERN, count: int = 1) -> Inbound:
    return Inbound(
        "http",
        "POST",
        "s",
        mirrors=mirrors,
        version=version.encode() if version is not None else None,
        version_count=count,
    )


def reason(mirrors: Headers, value: Any = CALL, version: str | None = MODERN, sealed: str | None = None) -> str:
    return compare(inbound(mirrors, version), message(value), sealed, None).reason


# -- values


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"find", "find"),
        (b"", ""),
        (b"=?base64?bmHDr3Zl?=", "naïve"),
        (b"=?base64??=", ""),
        (b"=?BASE64?bmHDr3Zl?=", "=?BASE64?bmHDr3Zl?="),  # the sentinel is case-sensitive
        (b"=?base64?bm", "=?base64?bm"),
        (b"=?base64?bmHDr3Z?=", None),  # no padding
        (b"=?base64?bmHDr3Zm/w==?=", None),  # not UTF-8
        (b"=?base64?Zh==?=", None),  # not canonical: bits that nobody needs are set
        (b"=?base64?a b?=", None),
        (b"=?base64?Zg==?=?=", None),
        ("naïve".encode(), None),
    ],
)
def test_decode(raw: bytes, text: str | None) -> None:
    assert decode(raw) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encode_is_undone_by_decode_and_fits_into_a_header(text: str) -> None:
    raw = encode(text)
    assert decode(raw) == text
    assert all(0x20 <= byte < 0x7F for byte in raw)
    assert raw == raw.strip()


# -- versions


@pytest.mark.parametrize(
    ("version", "modern"),
    [(MODERN, True), ("2027-01-01", True), ("2025-11-25", False), ("DRAFT", False), ("9", False), (None, False)],
)
def test_what_is_modern(version: str | None, modern: bool) -> None:
    assert states_modern(version) is modern


def test_the_version_that_a_body_states() -> None:
    assert stated_version(message(CALL)) == MODERN
    assert stated_version(message({"jsonrpc": "2.0", "method": "x", "params": {"_meta": 1}})) is None
    assert stated_version(message({"jsonrpc": "2.0", "id": 1, "result": META})) is None


@pytest.mark.parametrize(
    ("header", "stated", "sealed", "expected"),
    [
        (MODERN, MODERN, None, ""),
        (None, MODERN, None, "header.missing"),
        ("2025-11-25", MODERN, None, "header.mismatch"),
        (MODERN, None, None, "header.missing"),  # then Mcp-Method is, for there are no mirrors
        ("2025-11-25", None, "2025-11-25", ""),
        (None, None, "2025-11-25", ""),
        ("2025-06-18", None, "2025-11-25", "header.version"),
        (MODERN, MODERN, "2025-11-25", "header.version"),
        (None, MODERN, "2025-11-25", "header.version"),
        ("2025-11-25", None, None, ""),
        (None, None, None, ""),
    ],
)
def test_header_body_and_session_agree_on_the_version(
    header: str | None, stated: str | None, sealed: str | None, expected: str
) -> None:
    params = {"_meta": {"io.modelcontextprotocol/protocolVersion": stated}} if stated else {}
    value = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": params}
    mirrors = ((b"mcp-method", b"ping"),) if stated else ()
    assert reason(mirrors, value, header, sealed) == expected


def test_without_a_body_the_version_is_compared_all_the_same() -> None:
    assert compare(inbound(version="2025-06-18"), None, "2025-11-25", None).reason == "header.version"
    assert compare(inbound(version="2025-11-25"), None, "2025-11-25", None) is ALLOW
    assert compare(inbound(version=MODERN), None, None, None) is ALLOW
    assert compare(inbound(version=MODERN, count=2), None, None, None).reason == "header.duplicate"


# -- names


@pytest.mark.parametrize(
    ("mirrors", "expected"),
    [
        (GOOD, ""),
        ((), "header.missing"),
        (GOOD[:1], "header.missing"),
        (GOOD[1:], "header.missing"),
        ((GOOD[0], (b"mcp-name", b"wipe")), "header.mismatch"),
        ((GOOD[0], (b"mcp-name", b"Find")), "header.mismatch"),
        (((b"mcp-method", b"tools/list"), GOOD[1]), "header.mismatch"),
        ((*GOOD, GOOD[1]), "header.duplicate"),
        ((*GOOD, GOOD[0]), "header.duplicate"),
        ((*GOOD, (b"mcp-param-a", b"1"), (b"mcp-param-a", b"1")), "header.duplicate"),
        ((GOOD[0], (b"mcp-name", b"=?base64?ZmluZA==?=")), ""),
        ((GOOD[0], (b"mcp-name", b"=?base64?ZmluZA?=")), "header.malformed"),
        ((*GOOD, (b"mcp-param-unknown", b"x")), ""),
    ],
)
def test_modern_calls(mirrors: Headers, expected: str) -> None:
    assert reason(mirrors) == expected


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("resources/read", {"uri": "a://b"}, b"a://b"),
        ("prompts/get", {"name": "p"}, b"p"),
        ("tasks/get", {"taskId": "t-1"}, b"t-1"),
    ],
)
def test_what_names_the_target_of_each_method(method: str, params: dict[str, str], name: bytes) -> None:
    value = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, **META}}
    assert reason(((b"mcp-method", method.encode()), (b"mcp-name", name)), value) == ""
    assert reason(((b"mcp-method", method.encode()), (b"mcp-name", b"other")), value) == "header.mismatch"


def test_a_name_in_the_header_alone_is_a_mismatch() -> None:
    value = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": META}
    assert reason(GOOD, value) == "header.mismatch"


def test_legacy_requests_need_no_mirrors_but_those_they_send_are_compared() -> None:
    value = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find"}}
    assert reason((), value, "2025-11-25") == ""
    assert reason(GOOD[:1], value, "2025-11-25") == ""
    assert reason(((b"mcp-name", b"wipe"),), value, "2025-11-25") == "header.mismatch"
    assert reason((GOOD[0], GOOD[0]), value, None) == "header.duplicate"


# -- parameters


SCHEMA = {
    "type": "object",
    "properties": {
        "s": {"type": "string", "x-mcp-header": "Str"},
        "n": {"type": "integer", "x-mcp-header": "Num"},
        "b": {"type": "boolean", "x-mcp-header": "Flag"},
        "o": {"type": "object", "properties": {"s": {"type": "string", "x-mcp-header": "In-Side"}}},
        "plain": {"type": "string"},
    },
}
MAP = {
    b"mcp-param-str": (("s",), "string"),
    b"mcp-param-num": (("n",), "integer"),
    b"mcp-param-flag": (("b",), "boolean"),
    b"mcp-param-in-side": (("o", "s"), "string"),
}


def test_the_annotations_of_a_schema() -> None:
    assert param_map(SCHEMA) == MAP


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        {},
        {"properties": []},
        {"properties": {"a": True}},
        {"x-mcp-header": "Root", "type": "string"},
        {"properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "not a token"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": ""}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": 1}}},
        {"properties": {n: {"type": "string", "x-mcp-header": h} for n, h in (("a", "Same"), ("b", "same"))}},
        {"items": {"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}},
    ],
)
def test_a_schema_without_valid_annotations_gives_none(schema: Any) -> None:
    assert param_map(schema) == {}


def params_reason(arguments: Any, headers: dict[bytes, bytes], version: str = MODERN) -> str:
    value = {**CALL, "params": {"name": "find", "arguments": arguments, **(META if version == MODERN else {})}}
    return compare(inbound((*GOOD, *headers.items()), version), message(value), None, MAP).reason


@pytest.mark.parametrize(
    ("arguments", "headers", "expected"),
    [
        ({}, {}, ""),
        ({"s": "x"}, {b"mcp-param-str": b"x"}, ""),
        ({"s": "x"}, {b"mcp-param-str": b"y"}, "header.mismatch"),
        ({"s": "x"}, {}, "header.missing"),
        ({}, {b"mcp-param-str": b"x"}, "header.mismatch"),
        ({"s": None}, {}, ""),
        ({"s": None}, {b"mcp-param-str": b"null"}, "header.mismatch"),
        ({"n": 5}, {b"mcp-param-num": b"5"}, ""),
        ({"n": 5}, {b"mcp-param-num": b"05"}, ""),
        ({"n": 5}, {b"mcp-param-num": b"5.00"}, ""),
        ({"n": 5.0}, {b"mcp-param-num": b"5"}, ""),
        ({"n": 5}, {b"mcp-param-num": b"5.5"}, "header.mismatch"),
        ({"n": -5}, {b"mcp-param-num": b"5"}, "header.mismatch"),
        ({"n": 10**30}, {b"mcp-param-num": str(10**30).encode()}, ""),
        ({"n": 10**30}, {b"mcp-param-num": str(10**30 + 1).encode()}, "header.mismatch"),
        ({"n": 5}, {b"mcp-param-num": b" 5"}, "header.mismatch"),
        ({"n": 1}, {b"mcp-param-num": b"true"}, "header.mismatch"),
        ({"b": True}, {b"mcp-param-flag": b"true"}, ""),
        ({"b": False}, {b"mcp-param-flag": b"false"}, ""),
        ({"b": True}, {b"mcp-param-flag": b"1"}, "header.mismatch"),
        ({"b": False}, {}, "header.missing"),
        ({"o": {"s": "x"}}, {b"mcp-param-in-side": b"x"}, ""),
        ({"o": "x"}, {b"mcp-param-in-side": b"x"}, "header.mismatch"),
        ("no object", {b"mcp-param-str": b"x"}, "header.mismatch"),
        ({"s": "é"}, {b"mcp-param-str": b"=?base64?w6k=?="}, ""),
        ({"s": "é"}, {b"mcp-param-str": b"=?base64?w6k?="}, "header.malformed"),
    ],
)
def test_mirrored_arguments(arguments: Any, headers: dict[bytes, bytes], expected: str) -> None:
    assert params_reason(arguments, headers) == expected


def test_legacy_calls_need_not_mirror_their_arguments() -> None:
    assert params_reason({"s": "x"}, {}, "2025-11-25") == ""
    assert params_reason({"s": "x"}, {b"mcp-param-str": b"y"}, "2025-11-25") == "header.mismatch"


# -- after a redaction


def test_mirrors_follow_the_redacted_strings() -> None:
    before = message({**CALL, "params": {"name": "p 7", "arguments": {"a": "x 7", "b": ["7é"], "c": "same"}}})
    after = message({**CALL, "params": {"name": "p *", "arguments": {"a": "x *", "b": ["*é"], "c": "same"}}})
    fields: Headers = (
        (b"mcp-name", b"p 7"),
        (b"mcp-param-a", b"x 7"),
        (b"mcp-param-b", encode("7é")),
        (b"mcp-param-c", b"same"),
        (b"user-agent", b"x 7"),
    )
    assert remirrored(fields, before, after) == (
        (b"mcp-name", b"p *"),
        (b"mcp-param-a", b"x *"),
        (b"mcp-param-b", encode("*é")),
        (b"mcp-param-c", b"same"),
        (b"user-agent", b"x 7"),
    )


def test_mirrors_follow_although_a_key_was_redacted_too() -> None:
    before = message({**CALL, "params": {"arguments": {"k 7": "x 7"}}})
    after = message({**CALL, "params": {"arguments": {"k *": "x *"}}})
    assert remirrored(((b"mcp-param-a", b"x 7"),), before, after) == ((b"mcp-param-a", b"x *"),)
