import json

import pytest

from doorward.core.envelope import READER_REASONS
from doorward.core.message import Batch, Message, Notification, Request, Response, Unreadable, read

EXACT = 2**53 - 1


def refused(raw: bytes, **options: object) -> Unreadable:
    found = read(raw, **options)  # type: ignore[arg-type]
    assert isinstance(found, Unreadable), found
    assert found.reason in READER_REASONS
    assert found.detail == READER_REASONS[found.reason]
    return found


def accepted(raw: bytes, **options: object) -> Message:
    found = read(raw, **options)  # type: ignore[arg-type]
    assert isinstance(found, Request | Notification | Response), found
    assert found.raw is raw
    return found


def body(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def call(params: str, method: str = "tools/call") -> bytes:
    return f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'.encode()


def test_a_request_is_read_with_its_parts():
    raw = body(id="a", method="tools/call", params={"name": "x", "arguments": {"n": 1}})
    assert accepted(raw) == Request(raw, "a", "tools/call", {"name": "x", "arguments": {"n": 1}}, json.loads(raw))


def test_params_that_are_absent_are_empty():
    message = accepted(body(id=1, method="ping"))
    assert isinstance(message, Request)
    assert message.params == {}


def test_a_message_without_an_id_is_a_notification():
    raw = body(method="notifications/initialized")
    assert accepted(raw) == Notification(raw, "notifications/initialized", {}, json.loads(raw))


@pytest.mark.parametrize("result", [{}, {"content": []}, [1], "text", 0, False, None])
def test_any_json_value_is_a_result(result: object):
    message = accepted(body(id=1, result=result))
    assert isinstance(message, Response)
    assert (message.id, message.result, message.error, message.is_error) == (1, result, None, False)


def test_an_error_is_a_response_without_a_result():
    message = accepted(body(id=1, error={"code": -32601, "message": "no", "data": [1]}))
    assert isinstance(message, Response)
    assert message.is_error
    assert message.error == {"code": -32601, "message": "no", "data": [1]}
    assert message.result is not None  # UNSET: a result of null is another thing


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}',
        b'{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":null}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","future":{"ID":1,"id":2},"Extra":[]}',
        b'{"jsonrpc":"2.0","id":1,"method":"acme/new","params":{"Name":1,"name":2,"URI":3}}',
        b' \t\r\n{"jsonrpc" : "2.0", "id" : 1 , "method" : "ping" } \n',
        b'{"jsonrpc":"2.0","id":"","method":""}',
        b'{"jsonrpc":"2.0","id":1,"result":{"structuredContent":[{"id":1,"ID":2,"\xc5\xbf":3,"s":4}]}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":1e999,"b":-0.0,"c":1234567890123456789012345678901234567890}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud83d\\ude00\\u0000"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"_meta":{"acme/ID":1,"acme/id":2,"Other":3}}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"_meta":[1]}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/later":1}}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":null,"message":"x","more":1}}',
        call('{"name":"x","arguments":{"Name":1,"name":2,"NAME":3,"_META":4}}'),
        call('{"name":"x","_meta":{"progressToken":null}}'),
        call('{"name":"x","unknown":1,"Unknown":2}'),
        b'{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":["Type"],"context":{"Name":1}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"acme":{"TaskIds":[]}}}}',
    ],
)
def test_what_is_unusual_but_clear_passes(raw: bytes):
    accepted(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "message.invalid_json"),
        (b" \n", "message.invalid_json"),
        (b"{", "message.invalid_json"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}x', "message.invalid_json"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}{}', "message.invalid_json"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping",}', "message.invalid_json"),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', "message.invalid_json"),
        (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}', "message.bom"),
        ('{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"), "message.invalid_utf8"),
        ('{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16-le"), "message.invalid_json"),
        (b'{"jsonrpc":"2.0","id":"\xff","method":"ping"}', "message.invalid_utf8"),
        (b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}', "message.lone_surrogate"),
        (b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', "message.duplicate_key"),
        (b'{"jsonrpc":"2.0","id":1,"method":"a","m\\u0065thod":"b"}', "message.duplicate_key"),
        (call('{"name":"a","arguments":{"x":[{"y":1,"y":1}]}}'), "message.duplicate_key"),
        (b'{"\\u006asonrpc":"2.0","id":1,"method":"ping"}', "message.escaped_name"),
        (call('{"n\\u0061me":"a"}'), "message.escaped_name"),
        (b"1", "message.not_an_object"),
        (b'"2.0"', "message.not_an_object"),
        (b"null", "message.not_an_object"),
        (b"[]", "message.batch_not_allowed"),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "message.batch_not_allowed"),
        (b"{}", "message.invalid_envelope"),
        (b'{"id":1,"method":"ping"}', "message.invalid_envelope"),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', "message.invalid_envelope"),
        (b'{"jsonrpc":2.0,"id":1,"method":"ping"}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"error":null}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"error":"x"}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"method":null}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"method":["ping"]}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","error":null}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1}}', "message.invalid_envelope"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":[]}}', "message.invalid_envelope"),
        (call("[]"), "message.invalid_params"),
        (call("null"), "message.invalid_params"),
        (call('"x"'), "message.invalid_params"),
        (call('{"_meta":{"progressToken":true}}'), "message.invalid_params"),
        (call('{"requestId":{}}', "notifications/cancelled"), "message.invalid_params"),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', "message.invalid_id"),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', "message.invalid_id"),
        (b'{"jsonrpc":"2.0","id":[1],"method":"ping"}', "message.invalid_id"),
        (b'{"jsonrpc":"2.0","result":{}}', "message.invalid_id"),
        (b'{"jsonrpc":"2.0","id":null,"result":{}}', "message.invalid_id"),
        (b'{"jsonrpc":"2.0","id":{},"error":{"code":1}}', "message.invalid_id"),
    ],
)
def test_what_is_not_one_clear_message_is_refused(raw: bytes, reason: str):
    assert refused(raw).reason == reason


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"METHOD":"tools/call"}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","param\xc5\xbf":{}}',  # U+017F
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","param\\u017f":{}}',
        b'{"jsonrpc":"2.0","id":1,"re\xc5\xbfult":{},"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"Code":2}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"MESSAGE":"x"}}',
        call('{"name":"a","Name":"b"}'),
        call('{"name":"a","ARGUMENTS":{}}'),
        call('{"name":"a","_Meta":{}}'),
        call('{"ta\u017fk":{}}'),
        call('{"uri":"a","URI":"b"}', "resources/read"),
        call('{"taskId":"a","tas\u212aId":"b"}', "tasks/get"),
        call('{"taskid":"a"}', "tasks/get"),
        call('{"_META":{}}', "acme/unknown"),
        call('{"ref":{"type":"ref/prompt","name":"a","Type":"ref/resource","URI":"b"}}', "completion/complete"),
        call('{"argument":{"name":"a","value":"b","Value":"c"}}', "completion/complete"),
        call('{"notifications":{"resourceSubscriptions":[],"ResourceSubscriptions":["a"]}}', "subscriptions/listen"),
        call('{"notifications":{"taskids":["a"]}}', "subscriptions/listen"),
        call('{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"a","TaskId":"b"}}}'),
        call('{"_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}'),
        call('{"_meta":{"IO.modelcontextprotocol/later":"2026-07-28"}}'),
        call('{"_meta":{"io.modelcontextprotocol/later":1,"io.modelcontextprotocol/Later":1}}'),
        b'{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/serverinfo":{}}}}',
    ],
)
def test_protocol_members_have_no_second_spelling(raw: bytes):
    assert refused(raw).reason == "message.case_variant"


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1.0", "1e0", "1E400", "-0.0"])
@pytest.mark.parametrize(
    "template",
    [
        '{"jsonrpc":"2.0","id":N,"method":"ping"}',
        '{"jsonrpc":"2.0","id":N,"result":{}}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":N,"message":""}}',
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":N}}}',
        '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":N}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":N}}',
        '{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":N}}}',
    ],
)
def test_numbers_that_identify_are_exact_integers(template: str, number: str):
    assert refused(template.replace("N", number).encode()).reason == "message.ambiguous_number"
    for exact in (EXACT, -EXACT, 0):
        accepted(template.replace("N", str(exact)).encode())


@pytest.mark.parametrize("reason_and_raw", [("message.invalid_json", b"{"), ("message.bom", b"\xef\xbb\xbf{}")])
def test_unreadable_text_is_a_parse_error(reason_and_raw: tuple[str, bytes]):
    found = refused(reason_and_raw[1])
    assert (found.reason, found.rpc_code) == (reason_and_raw[0], -32700)


def test_readable_text_that_is_no_message_is_an_invalid_request():
    assert refused(b"{}").rpc_code == -32600
    assert refused(b'{"a":1,"a":2}').rpc_code == -32600


@pytest.mark.parametrize(
    ("raw", "ident"),
    [
        (b'{"id":7,"method":"ping"}', 7),
        (b'{"jsonrpc":"2.0","id":"x","method":"a","params":[]}', "x"),
        (b'{"jsonrpc":"2.0","id":7,"method":"a","Method":"b"}', 7),
        (b'{"jsonrpc":"2.0","id":7,"Id":8,"method":"a"}', None),
        (b'{"jsonrpc":"2.0","ID":8,"method":"a"}', None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"a"}', None),
        (b'{"jsonrpc":"2.0","id":7,"method":"a","method":"b"}', 7),
        (b'{"jsonrpc":"2.0","id":7,"id":7,"method":"a"}', None),
    ],
)
def test_a_refusal_carries_the_id_only_where_it_is_clear(raw: bytes, ident: object):
    assert refused(raw).id == ident


@pytest.mark.parametrize("depth", [1, 2, 5, 64, 199, 200])
@pytest.mark.parametrize("padding", [0, 20_000])
@pytest.mark.parametrize("inner", ["", "1"])
def test_the_nesting_limit_is_exact(depth: int, padding: int, inner: str):
    def nested(levels: int) -> bytes:
        lists = levels - 1
        filler = " " * padding
        return f'{{"jsonrpc":"2.0","id":1,"x":"]}}{{["{filler},"method":{"[" * lists}{inner}{"]" * lists}}}'.encode()

    assert refused(nested(depth + 1), depth=depth).reason == "message.too_deep"
    if depth > 1:
        assert refused(nested(depth), depth=depth).reason == "message.invalid_envelope"


def test_brackets_in_strings_nest_nothing():
    text = json.dumps('[{"' * 5000 + "\\")
    accepted(f'{{"jsonrpc":"2.0","id":1,"result":{{"text":{text}}}}}'.encode(), depth=2)


# --- batches


def batch(*elements: bytes) -> bytes:
    return b" [" + b" , ".join(elements) + b"]\n"


PING = b'{"jsonrpc":"2.0", "id":1, "method":"ping"}'
NOTE = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
ANSWER = b'{"jsonrpc":"2.0","id":5,"result":{}}'
INITIALIZE = b'{"jsonrpc":"2.0","id":2,"method":"initialize","params":{}}'


def test_a_batch_holds_its_messages_with_their_bytes():
    raw = batch(PING, NOTE, ANSWER)
    found = read(raw, batches=True)
    assert isinstance(found, Batch)
    assert found.raw is raw
    assert [message.raw for message in found.messages] == [PING, NOTE, ANSWER]
    assert [type(message) for message in found.messages] == [Request, Notification, Response]


@pytest.mark.parametrize(
    ("raw", "reason", "requests"),
    [
        (b"[]", "message.batch_empty", ()),
        (batch(*[PING] * 101), "message.batch_too_large", ()),
        (batch(PING, INITIALIZE), "message.initialize_in_batch", (1, 2)),
        (batch(PING, INITIALIZE.replace(b"initialize", b"Initiali\\u007ae")), "message.initialize_in_batch", (1, 2)),
        (batch(PING, b"1"), "message.not_an_object", (1,)),
        (batch(PING, b"[" + PING + b"]"), "message.not_an_object", (1,)),
        (batch(PING, NOTE, ANSWER, b"{}"), "message.invalid_envelope", (1,)),
        (batch(PING, PING.replace(b'"id":1', b'"id":2,"Method":"x"')), "message.case_variant", (1, 2)),
        (batch(PING, PING.replace(b'"id":1', b'"id":2,"x":1,"x":1'), ANSWER), "message.duplicate_key", (1, 2)),
        (batch(PING, PING.replace(b'"id":1', b'"id":2,"id":2')), "message.duplicate_key", (1,)),
        (batch(PING, b"{"), "message.invalid_json", ()),
    ],
)
def test_a_batch_is_refused_whole_and_every_request_is_named(raw: bytes, reason: str, requests: tuple[int, ...]):
    found = refused(raw, batches=True)
    assert (found.reason, found.id, found.requests) == (reason, None, requests)


def test_a_batch_of_100_is_read():
    found = read(batch(*[PING] * 100), batches=True)
    assert isinstance(found, Batch)
    assert len(found.messages) == 100


@pytest.mark.parametrize("padding", [0, 20_000])
def test_a_batchs_own_array_does_not_count_as_depth(padding: int):
    deep = b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 4 + b"]" * 4 + b" " * padding + b"}"
    assert isinstance(read(batch(deep), depth=5, batches=True), Batch)
    assert refused(batch(deep), depth=4, batches=True).reason == "message.too_deep"


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
@pytest.mark.parametrize("batches", [False, True])
def test_hostile_depth_is_refused(raw: bytes, batches: bool):
    assert refused(raw, batches=batches).reason == "message.too_deep"
