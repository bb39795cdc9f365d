"""Bodies with no single reading, and headers that say something else than the body, through a real gateway.

Enforcing: refused with the protocol's own error, and the connection goes on. Audit: passed byte for byte, and recorded.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from tests.gateway import Mode
from tests.hostile.raw import Fields, Raw, post
from tests.hostile.scripted import Asked, Line
from tests.hostile.setting import IDENTIFIED, Setting, message, reason_of, setting, sink
from tests.hostile.watch import MIB, resident, spent, worker_of

MODERN = "2026-07-28"
LEGACY = "2025-06-18"
BATCHES = "2025-03-26"
PARSE, INVALID, MISMATCH = -32700, -32600, -32020


async def session(asked: Asked, line: Line) -> bool:
    """Gives a session to `initialize`, at the version that was asked for."""
    told = json.loads(asked.body)
    if told.get("method") != "initialize":
        return await sink(asked, line)
    result = {
        "protocolVersion": told["params"]["protocolVersion"],
        "capabilities": {},
        "serverInfo": {"name": "s", "version": "1"},
    }
    body = json.dumps({"jsonrpc": "2.0", "id": told["id"], "result": result}).encode()
    await line.whole(body, more="Mcp-Session-Id: upstream-session\r\n")
    return True


@pytest.fixture(scope="module", params=["enforce", "audit"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def hostile(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with setting(tmp_path_factory.mktemp(f"messages-{mode}"), {"sink": sink, "session": session}, mode=mode) as running:
        yield running


def call(arguments: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":%b}}' % arguments


def batch(*parts: bytes) -> bytes:
    return b"[" + b",".join(parts) + b"]"


PING = b'{"jsonrpc":"2.0","id":7,"method":"ping"}'
INITIALIZE = (
    b'{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},'
    b'"clientInfo":{"name":"c","version":"1"}}}'
)


class Body(NamedTuple):
    body: bytes
    reason: str
    code: int = INVALID
    version: str = LEGACY
    everywhere: bool = False  # refused in audit too: sizes and depth (docs/transparency.md)


UNREADABLE: dict[str, Body] = {
    "nothing": Body(b"", "message.invalid_json", PARSE),
    "blanks": Body(b"  \r\n", "message.invalid_json", PARSE),
    "half a message": Body(PING[:-5], "message.invalid_json", PARSE),
    "two messages": Body(PING + PING, "message.invalid_json", PARSE),
    "a message and a byte": Body(PING + b"\0", "message.invalid_json", PARSE),
    "NaN": Body(call(b'{"a":NaN}'), "message.invalid_json", PARSE),
    "Infinity": Body(call(b'{"a":-Infinity}'), "message.invalid_json", PARSE),
    "a comment": Body(b"/* */" + PING, "message.invalid_json", PARSE),
    "a trailing comma": Body(call(b'{"a":1,}'), "message.invalid_json", PARSE),
    "single quotes": Body(PING.replace(b'"', b"'"), "message.invalid_json", PARSE),
    "a raw line end in a string": Body(call(b'{"a":"x\ny"}'), "message.invalid_json", PARSE),
    "a leading zero": Body(call(b'{"a":01}'), "message.invalid_json", PARSE),
    "a form": Body(b"method=ping&id=7", "message.invalid_json", PARSE),
    "invalid UTF-8": Body(call(b'{"a":"\xff"}'), "message.invalid_utf8", PARSE),
    "overlong UTF-8": Body(call(b'{"a":"\xc0\xaf"}'), "message.invalid_utf8", PARSE),
    "a surrogate in UTF-8": Body(call(b'{"a":"\xed\xa0\x80"}'), "message.invalid_utf8", PARSE),
    "UTF-16": Body(PING.decode().encode("utf-16-le"), "message.invalid_json", PARSE),
    "a BOM": Body(b"\xef\xbb\xbf" + PING, "message.bom", PARSE),
    "half a surrogate pair": Body(call(b'{"a":"\\ud800"}'), "message.lone_surrogate", PARSE),
    "half a pair in a name": Body(call(b'{"\\udc00":1}'), "message.lone_surrogate", PARSE),
    "a number of 10^6 digits": Body(call(b'{"a":' + b"9" * 10**6 + b"}"), "message.number_too_long", PARSE),
    "a fraction of 10^6 digits": Body(call(b'{"a":0.' + b"9" * 10**6 + b"}"), "message.number_too_long", PARSE),
    "a method twice": Body(PING[:-1] + b',"method":"tools/call"}', "message.duplicate_key"),
    "an id twice": Body(PING[:-1] + b',"id":8}', "message.duplicate_key"),
    "a tool twice": Body(
        b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","name":"b"}}', "message.duplicate_key"
    ),
    "an argument twice": Body(call(b'{"a":1,"a":2}'), "message.duplicate_key"),
    "an argument twice, deep": Body(call(b'{"x":[{"a":1,"a":2}]}'), "message.duplicate_key"),
    "an argument twice, escaped": Body(call(b'{"a":1,"\\u0061":2}'), "message.duplicate_key"),
    "an escaped name": Body(PING.replace(b'"method"', b'"m\\u0065thod"'), "message.escaped_name"),
    "Method": Body(PING[:-1] + b',"Method":"tools/call"}', "message.case_variant"),
    "ID instead of id": Body(b'{"jsonrpc":"2.0","ID":7,"method":"ping"}', "message.case_variant"),
    "paramſ": Body('{"jsonrpc":"2.0","id":7,"method":"ping","paramſ":{}}'.encode(), "message.case_variant"),
    "Name": Body(call(b"{}").replace(b'"name"', b'"Name":"b","name"'), "message.case_variant"),
    "a variant in _meta": Body(
        b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/ProtocolVersion":"x"}}}',
        "message.case_variant",
    ),
    "a variant in what is listened to": Body(
        b'{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{"TaskIds":["x"]}}}',
        "message.case_variant",
    ),
    "65 levels": Body(call(b"[" * 63 + b"]" * 63), "message.too_deep", everywhere=True),
    "100,000 levels": Body(call(b"[" * 100_000 + b"]" * 100_000), "message.too_deep", everywhere=True),
    "100,000 levels, open": Body(b'{"a":' * 100_000, "message.too_deep", everywhere=True),
    "a million values": Body(call(b"[" + b"1," * 1_000_000 + b"1]"), "message.too_large", everywhere=True),
    "an id beyond 2^53": Body(b'{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', "message.ambiguous_number"),
    "an id with an exponent": Body(b'{"jsonrpc":"2.0","id":1e3,"method":"ping"}', "message.ambiguous_number"),
    "an id with a fraction": Body(b'{"jsonrpc":"2.0","id":7.5,"method":"ping"}', "message.ambiguous_number"),
    "a token with a fraction": Body(
        b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"progressToken":1.5}}}', "message.ambiguous_number"
    ),
    "a string": Body(b'"ping"', "message.not_an_object"),
    "a number": Body(b"5", "message.not_an_object"),
    "null": Body(b"null", "message.not_an_object"),
    "a batch where there are none": Body(batch(PING), "message.batch_not_allowed"),
    "an empty batch": Body(b"[]", "message.batch_empty", version=BATCHES),
    "a batch of 101": Body(
        batch(*[PING.replace(b"7", b"%d" % n) for n in range(101)]), "message.batch_too_large", version=BATCHES
    ),
    "a batch with a number": Body(batch(PING, b"5"), "message.not_an_object", version=BATCHES),
    "a batch with initialize": Body(
        batch(PING, INITIALIZE.replace(b":7", b":8")), "message.initialize_in_batch", version=BATCHES
    ),
    "a batch in a batch": Body(batch(PING, batch(PING)), "message.not_an_object", version=BATCHES),
    "no jsonrpc": Body(b'{"id":7,"method":"ping"}', "message.invalid_envelope"),
    "jsonrpc 1.0": Body(PING.replace(b'"2.0"', b'"1.0"'), "message.invalid_envelope"),
    "jsonrpc as a number": Body(PING.replace(b'"2.0"', b"2.0"), "message.invalid_envelope"),
    "a method that is a number": Body(PING.replace(b'"ping"', b"5"), "message.invalid_envelope"),
    "a request with a result": Body(PING[:-1] + b',"result":{}}', "message.invalid_envelope"),
    "neither request nor response": Body(b'{"jsonrpc":"2.0","id":7}', "message.invalid_envelope"),
    "a result and an error": Body(
        b'{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"x"}}', "message.invalid_envelope"
    ),
    "an error that is text": Body(b'{"jsonrpc":"2.0","id":7,"error":"x"}', "message.invalid_envelope"),
    "an id that is true": Body(PING.replace(b"7", b"true"), "message.invalid_id"),
    "an id that is null": Body(PING.replace(b"7", b"null"), "message.invalid_id"),
    "an id that is a list": Body(PING.replace(b"7", b"[7]"), "message.invalid_id"),
    "params that are a list": Body(PING[:-1] + b',"params":[1]}', "message.invalid_params"),
    "params that are null": Body(PING[:-1] + b',"params":null}', "message.invalid_params"),
    "a token that is a list": Body(PING[:-1] + b',"params":{"_meta":{"progressToken":[]}}}', "message.invalid_params"),
}


def said(hostile: Setting, body: bytes, version: str | None, fields: Fields = ()) -> bytes:
    return post("/mcp/sink", body, port=hostile.port, fields=IDENTIFIED + fields, version=version)


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_body_without_a_single_reading(hostile: Setting, mode: Mode, name: str) -> None:
    case = UNREADABLE[name]
    before = hostile.upstream.asked["sink"]
    hostile.new_records()
    async with Raw.to(hostile.port) as raw:
        await raw.say(said(hostile, case.body, case.version))
        found = await raw.answer()
        recorded = hostile.new_records()
        await hostile.good_call(raw)
    assert all(entry["reason"] == case.reason for entry in recorded), recorded
    assert all(entry["method"] is None and entry["uninspected"] == 1 for entry in recorded), recorded
    if mode == "enforce" or case.everywhere:
        assert found.status in (400, 413), found
        for error in found.messages():
            assert error["error"]["code"] == case.code
            assert error["error"]["data"]["reason"] == case.reason
            assert error["id"] in (None, *range(101))
        assert [entry["decision"] for entry in recorded] == ["deny"]
        assert hostile.upstream.asked["sink"] == before
    else:
        assert (found.status, found.body) == (200, b'{"jsonrpc":"2.0","id":7,"result":{}}')
        assert hostile.upstream.last["sink"].body == case.body
        assert {entry["decision"] for entry in recorded} == {"allow"}
        assert {entry["would_have"] for entry in recorded} == {"deny"}


@pytest.mark.parametrize("name", ["an argument twice", "half a surrogate pair", "a number of 10^6 digits", "Method"])
async def test_the_error_carries_the_id_that_is_clear(hostile: Setting, mode: Mode, name: str) -> None:
    """An error without an id can end a client's whole session (SDK 1.x)."""
    found = await hostile.ask(said(hostile, UNREADABLE[name].body, LEGACY))
    assert found.json()["id"] == 7


async def test_every_request_of_a_refused_batch_gets_an_error(hostile: Setting, mode: Mode) -> None:
    if mode == "audit":
        return
    parts = [PING, PING.replace(b"7", b'"b"'), b'{"jsonrpc":"2.0","id":9,"method":"ping","Method":"x"}']
    found = await hostile.ask(said(hostile, batch(*parts), BATCHES))
    assert {error["id"] for error in found.json()} >= {7, "b"}
    assert all("error" in error for error in found.json())


META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
}
METHOD = ("Mcp-Method", "tools/call")
NAME = ("Mcp-Name", "echo")


def modern(**meta: Any) -> bytes:
    params = {"name": "echo", "arguments": {}, "_meta": META | meta}
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}).encode()


class Head(NamedTuple):
    fields: Fields
    reason: str
    version: str | None = MODERN
    body: bytes = modern()


UNLIKE: dict[str, Head] = {
    "no Mcp-Method": Head((NAME,), "header.missing"),
    "no Mcp-Name": Head((METHOD,), "header.missing"),
    "neither": Head((), "header.missing"),
    "another method": Head((("Mcp-Method", "ping"), NAME), "header.mismatch"),
    "the method in another case": Head((("Mcp-Method", "Tools/Call"), NAME), "header.mismatch"),
    "another name": Head((METHOD, ("Mcp-Name", "wipe")), "header.mismatch"),
    "another name, coded": Head((METHOD, ("Mcp-Name", "=?base64?d2lwZQ==?=")), "header.mismatch"),
    "a name that is coded badly": Head((METHOD, ("Mcp-Name", "=?base64?****?=")), "header.malformed"),
    "a name that is not canonical": Head((METHOD, ("Mcp-Name", "=?base64?ZWNobx==?=")), "header.malformed"),
    "a name that is no ASCII": Head((METHOD, ("Mcp-Name", "ech\xf6")), "header.malformed"),
    "two methods": Head((METHOD, METHOD, NAME), "header.duplicate"),
    "two names": Head((METHOD, NAME, ("mcp-name", "wipe")), "header.duplicate"),
    "two parameters": Head((METHOD, NAME, ("Mcp-Param-A", "1"), ("Mcp-Param-A", "2")), "header.duplicate"),
    "no version": Head((METHOD, NAME), "header.missing", None),
    "two versions": Head((METHOD, NAME, ("MCP-Protocol-Version", MODERN)), "header.duplicate"),
    "an older version": Head((METHOD, NAME), "header.mismatch", LEGACY),
    "a version that is none": Head((METHOD, NAME), "header.mismatch", "tomorrow"),
    "another method, legacy": Head((("Mcp-Method", "ping"),), "header.mismatch", LEGACY, message()),
    "another name, legacy": Head(((*NAME[:1], "wipe"),), "header.mismatch", LEGACY, message()),
}


@pytest.mark.parametrize("name", UNLIKE)
async def test_headers_that_differ_from_the_body(hostile: Setting, mode: Mode, name: str) -> None:
    case = UNLIKE[name]
    before = hostile.upstream.asked["sink"]
    hostile.new_records()
    async with Raw.to(hostile.port) as raw:
        await raw.say(said(hostile, case.body, case.version, case.fields))
        found = await raw.answer()
        recorded = hostile.new_records()
        await hostile.good_call(raw)
    assert {entry["reason"] for entry in recorded} == {case.reason}
    if mode == "enforce":
        assert found.status == 400
        assert (found.json()["error"]["code"], reason_of(found), found.json()["id"]) == (MISMATCH, case.reason, 7)
        assert [entry["decision"] for entry in recorded] == ["deny"]
        assert hostile.upstream.asked["sink"] == before
    else:
        assert found.status == 200
        assert hostile.upstream.last["sink"].body == case.body
        assert {entry["would_have"] for entry in recorded} == {"deny"}


CHARSETS = ["utf-7", "utf-16", "shift_jis", "utf-8; charset=utf-7"]


@pytest.mark.parametrize("name", CHARSETS)
async def test_a_body_that_its_header_makes_another(hostile: Setting, mode: Mode, name: str) -> None:
    """To a server that believes the header, `+ACI-` is a quote: what we have judged is not what it does."""
    body = call(b'{"a":"+ACIAfQ-"}')
    data = post("/mcp/sink", body, port=hostile.port, fields=IDENTIFIED)
    await assert_by_mode(hostile, mode, data.replace(b"json\r\n", b"json; charset=%b\r\n" % name.encode(), 1), body)


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_a_body_that_nobody_reads(hostile: Setting, mode: Mode, verb: str) -> None:
    body = b'{"a":"123-45-6789"}'
    data = post("/mcp/sink", body, port=hostile.port, fields=IDENTIFIED).replace(b"POST", verb.encode(), 1)
    await assert_by_mode(hostile, mode, data, body, "message.invalid_envelope")


async def assert_by_mode(
    hostile: Setting, mode: Mode, data: bytes, body: bytes, reason: str = "message.invalid_utf8"
) -> None:
    """Refused, or passed as it came and recorded as what has no single reading."""
    before = hostile.upstream.asked["sink"]
    hostile.new_records()
    async with Raw.to(hostile.port) as raw:
        await raw.say(data)
        found = await raw.answer()
        recorded = hostile.new_records()
        await hostile.good_call(raw)
    if mode == "enforce":
        assert (found.status, reason_of(found)) == (400, reason)
        assert hostile.upstream.asked["sink"] == before
    else:
        assert hostile.upstream.last["sink"].body == body
        assert {entry["would_have"] for entry in recorded} == {"deny"}
    assert reason in {entry["reason"] for entry in recorded}


async def test_a_session_id_in_another_spelling_reaches_no_server(hostile: Setting) -> None:
    """Behind CGI or WSGI `Mcp-Session_Id` is `Mcp-Session-Id`, and this one nobody has opened."""
    found = await hostile.ask(hostile.call("sink", fields=(("Mcp-Session_Id", "stolen"),)))
    assert found.status == 200
    assert not {name for name in hostile.upstream.last["sink"].fields if "session" in name}


async def test_headers_that_agree_pass(hostile: Setting) -> None:
    for name in (NAME, ("Mcp-Name", "=?base64?ZWNobw==?=")):
        found = await hostile.ask(said(hostile, modern(), MODERN, (METHOD, name)))
        assert found.status == 200, found


async def test_nobody_leaves_the_era_of_a_session_by_a_header(hostile: Setting, mode: Mode) -> None:
    async with Raw.to(hostile.port) as raw:
        fields = IDENTIFIED
        await raw.say(
            post("/mcp/session", INITIALIZE.replace(b"2025-03-26", b"2025-06-18"), port=hostile.port, fields=fields)
        )
        sealed = (await raw.answer())["mcp-session-id"]
        assert sealed
        assert sealed != "upstream-session"
        fields = (*IDENTIFIED, ("Mcp-Session-Id", sealed))
        for version in (BATCHES, "2025-11-25", MODERN):
            hostile.new_records()
            await raw.say(post("/mcp/session", PING, port=hostile.port, fields=fields, version=version))
            found = await raw.answer()
            assert "header.version" in {entry["reason"] for entry in hostile.new_records()}
            if mode == "enforce":
                assert (found.status, reason_of(found)) == (400, "header.version")
        await raw.say(post("/mcp/session", batch(PING), port=hostile.port, fields=fields, version=BATCHES))
        found = await raw.answer()
        assert mode == "audit" or reason_of(found) == "message.batch_not_allowed"
        # The session itself still works, and the server sees its own id.
        await raw.say(post("/mcp/session", PING, port=hostile.port, fields=fields))
        assert (await raw.answer()).status == 200
        assert hostile.upstream.last["session"].fields["mcp-session-id"] == "upstream-session"


async def test_a_session_belongs_to_one_server_and_is_not_to_be_tampered_with(hostile: Setting) -> None:
    async with Raw.to(hostile.port) as raw:
        await raw.say(post("/mcp/session", INITIALIZE, port=hostile.port, fields=IDENTIFIED))
        sealed = (await raw.answer())["mcp-session-id"]
        other = "B" if sealed[20] == "A" else "A"
        for path, ident in (
            ("/mcp/sink", sealed),
            ("/mcp/session", sealed[:20] + other + sealed[21:]),
            ("/mcp/session", sealed[:-4]),
        ):
            fields = (*IDENTIFIED, ("Mcp-Session-Id", ident))
            await raw.say(post(path, PING, port=hostile.port, fields=fields, version=BATCHES))
            found = await raw.answer()
            assert (found.status, reason_of(found)) == (404, "session.unknown")
        await hostile.good_call(raw)


async def test_the_largest_bodies_are_read_in_bounded_time_and_memory(hostile: Setting) -> None:
    """Fault 19. Each of these costs a careless reader seconds or gigabytes."""
    worker = worker_of(hostile.gateway)
    room = 4 * MIB - 200
    bodies = [
        call(b'{"a":"' + b"x" * room + b'"}'),
        call(b'{"a":"' + b"\\u0041" * (room // 6) + b'"}'),
        call(b'{"a":"' + b'\\"' * (room // 2) + b'"}'),
        call(b"{" + b",".join(b'"%d":1' % n for n in range(300_000)) + b"}"),
        call(b"[" * 30 + b"]" * 30 + b" " * room),
        b"[" * room,
        b'{"' * (room // 2),
        b"\\" * room,
        b" " * room,
        call(b'{"a":' + b"1" * room + b"}"),
    ]
    await hostile.ask(said(hostile, bodies[0], LEGACY))
    before = resident(worker)
    for body in bodies:
        begun = spent(worker)
        found = await hostile.ask(said(hostile, body, LEGACY))
        assert found.status in (200, 400, 413)
        assert spent(worker) - begun < 2.0
    assert resident(worker) - before < 64 * MIB
    assert worker_of(hostile.gateway) == worker
