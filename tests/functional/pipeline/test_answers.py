"""Whole answers: what a server may say, and what it may not."""

import base64
import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import JSON, LEGACY, SECRET, Bench, Literal, actions, body, call, result, server

from doorward.core import decode
from doorward.core.policy import Mode, ToolRule, names
from doorward.core.snapshot import Limits
from doorward.gateway import screen

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
HTML = ((b"content-type", b"text/html"),)
BAD = [
    b"not json",
    b'{"jsonrpc":"2.0","id":1,"result":{},"result":{}}',
    b"\xef\xbb\xbf" + result(1),
    b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN}}',
    result(1) + b"x",
    b'{"jsonrpc":"2.0","id":1}',
    result(2),
]


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("mode", ENFORCING)
async def test_garbage_and_foreign_ids_become_one_clean_error(mode: Mode, data: bytes) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(call(1))
    assert client.reason == "upstream.garbage"
    assert client.json["id"] == 1
    assert bench.records[-1].decision == "error"
    assert len([r for r in bench.records if r.phase == "outcome"]) == 1


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("mode", WATCHING)
async def test_audit_passes_them_byte_for_byte(mode: Mode, data: bytes) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(call(1))
    assert client.reply is not None
    assert client.reply.body == data
    assert bench.records[-1].would_have == "deny"
    assert [r.phase for r in bench.records].count("outcome") == 1


@pytest.mark.parametrize(("data", "headers"), [(b"", JSON), (b"<h1>hi</h1>", HTML)])
async def test_a_success_without_an_answer(data: bytes, headers: Any) -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.json(data, headers=headers)
    assert (await bench.send(call())).reason == ("upstream.garbage" if data else "upstream.no_answer")
    bench = Bench(Mode.AUDIT)
    bench.server.script = lambda _: bench.server.json(data, headers=headers)
    client = await bench.send(call())
    assert client.reply is not None
    assert client.reply.body == data


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("status", "data", "headers"),
    [
        (404, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}', JSON),
        (400, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"v","data":{"supported":[]}}}', JSON),
        (404, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}', JSON),
        (404, b'{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Session terminated"}}', JSON),
        (404, b'{"error":"no such session"}', JSON),
        (500, b"<h1>oops</h1>", HTML),
        (405, b"", ()),
        (406, b"Not Acceptable", ((b"content-type", b"text/plain"),)),
    ],
)
@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
async def test_status_codes_and_error_bodies_are_kept(
    mode: Mode, verb: str, status: int, data: bytes, headers: Any
) -> None:
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(data, status, headers=headers)
    client = await bench.send(call(1) if verb == "POST" else b"", verb=verb, session=bench.sealed())
    assert client.reply is not None
    assert (client.status, client.reply.body) == (status, data)
    assert bench.records[-1].decision == "allow"
    assert bench.idle()


@pytest.mark.parametrize("mode", ENFORCING)
async def test_an_answer_to_what_asked_nothing_does_not_pass(mode: Mode) -> None:
    """A response smuggled into the answer to a notification could be taken for that of another request."""
    bench = Bench(mode)
    bench.server.script = lambda _: bench.server.json(result(1, {"text": "smuggled"}))
    for client in (
        await bench.send(body(None, "notifications/initialized")),
        await bench.modern("notifications/x", {}, None),
        await bench.send(verb="DELETE", session=bench.sealed()),
        await bench.send(result("s-1"), session=bench.sealed()),
    ):
        assert client.reply is not None
        assert client.reply.body == b""
        assert bench.records[-1].reason == "upstream.unsolicited"


async def test_a_202_passes() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.json(b"", 202, headers=())
    client = await bench.send(body(None, "notifications/initialized"))
    assert client.reply is not None
    assert (client.status, client.reply.body) == (202, b"")


async def test_an_error_page_is_looked_through_too() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    bench.server.script = lambda _: bench.server.json(f"failed for {SECRET}".encode(), 500, headers=HTML)
    client = await bench.send(call())
    assert client.reply is not None
    assert client.reply.body == b"failed for <US_SSN>"
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    bench.server.script = lambda _: bench.server.json(f"failed for {SECRET}".encode(), 500, headers=HTML)
    assert SECRET not in str((await bench.send(call())).reply)


@pytest.mark.parametrize("identifier", ["1", "null", '"server-error"'])
async def test_an_error_body_is_looked_through_whatever_its_id(identifier: str) -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    data = f'{{"jsonrpc":"2.0","id":{identifier},"error":{{"code":-1,"message":"{SECRET}"}}}}'.encode()
    bench.server.script = lambda _: bench.server.json(data, 400)
    client = await bench.send(call(1))
    assert client.status == 400
    assert client.json["error"]["message"] == "<US_SSN>"


# -- initialize


@pytest.mark.parametrize("sse", [False, True])
async def test_initialize_seals_the_session_with_the_negotiated_version(sse: bool) -> None:
    bench = Bench()
    answer = result(0, {"protocolVersion": "2025-06-18", "capabilities": {}})
    bench.server.script = lambda _: (
        bench.server.stream(b"id: 1\ndata: \n\n", b"event: message\ndata: " + answer + b"\n\n", session="up")
        if sse
        else bench.server.json(answer, session="up")
    )
    client = await bench.send(body(0, "initialize", {"protocolVersion": LEGACY, "capabilities": {}}))
    sealed = client.header(b"mcp-session-id")
    assert sealed is not None
    assert sealed.isascii()
    assert b"up" not in base64.urlsafe_b64decode(sealed + b"==")
    opened = bench.sealer.open(sealed, "crm", "doorward\0agent:one\0")
    assert opened == ("2025-06-18", "up")
    if sse:
        assert b"".join(client.events) == b"id: 1\ndata: \n\nevent: message\ndata: " + answer + b"\n\n"
    else:
        assert client.reply is not None
        assert client.reply.body == answer
    assert bench.records[-1].protocol == "2025-06-18"


@pytest.mark.parametrize("first", [b"{garbage", result(5)])
async def test_what_comes_before_the_answer_to_initialize_is_not_its_answer(first: bytes) -> None:
    bench = Bench(Mode.AUDIT)
    answer = result(0, {"protocolVersion": "2025-06-18", "capabilities": {}})
    raws = [b"data: " + data + b"\n\n" for data in (first, answer)]
    bench.server.script = lambda _: bench.server.stream(*raws, session="up")
    client = await bench.send(body(0, "initialize", {"protocolVersion": LEGACY, "capabilities": {}}))
    assert client.events == raws
    sealed = client.header(b"mcp-session-id")
    assert sealed is not None
    assert bench.sealer.open(sealed, "crm", "doorward\0agent:one\0") == ("2025-06-18", "up")
    assert bench.records[-1].protocol == "2025-06-18"


async def test_the_id_that_a_server_repeats_stays_the_one_that_the_client_knows() -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.json(result(), session="upstream-1")
    sealed = bench.sealed()
    assert (await bench.send(call(), session=sealed)).header(b"mcp-session-id") == sealed


async def test_an_initialize_that_never_comes_to_its_answer_is_not_held_for_ever() -> None:
    bench = Bench(limits=Limits(response_bytes=1000))
    note = b"data: " + body(None, "notifications/message", {"data": "x" * 100}) + b"\n\n"
    bench.server.script = lambda _: bench.server.stream(*[note] * 50, session="up")
    client = await bench.send(body(0, "initialize", {"protocolVersion": LEGACY}))
    assert client.reason == "upstream.too_large"
    assert client.header(b"mcp-session-id") is None
    assert len([1 for entry in bench.log if entry[0] == "server"]) < 15


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
async def test_escapes_hide_nothing_in_an_error_page(mode: Mode) -> None:
    bench = Bench(mode, scanner=Literal(PERSON="José"), actions=actions("redact", entity="PERSON"))
    data = b'{"detail":"no such customer: Jos\\u00e9"}'
    bench.server.script = lambda _: bench.server.json(data, 404)
    client = await bench.send(call(1))
    assert client.reply is not None
    if mode is Mode.AUDIT:
        assert (client.status, client.reply.body) == (404, data)
        assert bench.records[-1].would_have == "redact"
    else:
        assert b"00e9" not in client.reply.body
        assert client.reason == "upstream.garbage"
    assert bench.records[-1].entities == {"PERSON": 1}


async def test_nor_where_the_same_stands_there_in_plain() -> None:
    bench = Bench(Mode.ENFORCE, scanner=Literal(PERSON="José"), actions=actions("redact", entity="PERSON"))
    bench.server.script = lambda _: bench.server.json('["José", "Jos\\u00e9"]'.encode(), 404)
    client = await bench.send(call(1))
    assert client.reply is not None
    assert b"Jos" not in client.reply.body
    assert client.reason == "upstream.garbage"


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
async def test_an_error_page_with_too_many_values_to_look_at(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_MAX_VALUES", 10)
    bench = Bench(mode, scanner=Literal(PERSON="José"), actions=actions("redact", entity="PERSON"))
    data = b'["Jos\\u00e9"' + b',"a"' * 20 + b"]"
    bench.server.script = lambda _: bench.server.json(data, 404)
    client = await bench.send(call(1))
    assert client.reply is not None
    if mode is Mode.AUDIT:
        assert (client.status, client.reply.body) == (404, data)
        assert (bench.records[-1].would_have, bench.records[-1].uninspected) == ("deny", 1)
    else:
        assert client.reason == "upstream.garbage"


def test_many_escapes_in_an_error_page_are_found_in_one_go() -> None:
    """Each string was looked for in the whole page: half a megabyte stopped the worker for a quarter of a minute."""
    page = [f"Jos\u00e9 {number}" for number in range(100_000)]
    found = screen._hidden(json.dumps({"a": page, "b\u00e9": "plain", "c": "plain"}).encode())
    assert [text.string for text in found] == ["b\u00e9", *page]
    assert (found[0].key, found[1].pointer) == (True, "/a/0")


@pytest.mark.parametrize("enforced", [True, False])
async def test_one_enforced_tool_makes_the_whole_server_strict(enforced: bool) -> None:
    """An answer nobody can read may not pass by a tool in audit where another tool of the server is enforced."""
    tools = (ToolRule("write_*", names(["write_*"]), Mode.ENFORCE),) if enforced else ()
    bench = Bench(crm=server(Mode.AUDIT, tools=tools))
    data = b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}'
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(call(1, "read_it"))
    if enforced:
        assert client.reason == "upstream.garbage"
    else:
        assert client.reply is not None
        assert client.reply.body == data
