import pytest

from doorward.core.message import (
    LosslessFloat,
    Message,
    Notification,
    Request,
    Response,
    is_exact_integer,
    read,
    span,
)


def message(raw: bytes) -> Message:
    found = read(raw)
    assert isinstance(found, Request | Notification | Response)
    return found


CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params" : {"name":"x", "arguments":\t{ "b":1.0,"a": [] } } }'
ANSWER = b'{"id":1,"jsonrpc":"2.0","result":\n[ 1E2 , "\\u00e9"]\r,"error":null}'
FAILURE = b'{"id":1,"jsonrpc":"2.0","error": {"code":-1} }'


@pytest.mark.parametrize(
    ("raw", "part", "expected"),
    [
        (CALL, "arguments", b'{ "b":1.0,"a": [] }'),
        (CALL, "params", b'{"name":"x", "arguments":\t{ "b":1.0,"a": [] } }'),
        (CALL, "result", b""),
        (CALL.replace(b'"arguments"', b'"other"'), "arguments", b'{"name":"x", "other":\t{ "b":1.0,"a": [] } }'),
        (b'{"jsonrpc":"2.0","method":"x"}', "arguments", b""),
        (b'{"jsonrpc":"2.0","method":"x"}', "params", b""),
        (ANSWER, "result", b'[ 1E2 , "\\u00e9"]'),
        (ANSWER, "error", b"null"),
        (ANSWER, "arguments", b""),
        (FAILURE, "error", b'{"code":-1}'),
        (FAILURE, "result", b""),
        (b'{"jsonrpc":"2.0","id":7,"result":{"a":[]}}', "result", b'{"a":[]}'),
        (b'{"jsonrpc":"2.0","id":-7,"result":"}"}', "result", b'"}"'),
        (b'{"jsonrpc":"2.0","id":7,"result": {"a":[]} }', "result", b'{"a":[]}'),
        (b'{"jsonrpc":"2.0","id":7,"result":[1] }\n', "result", b"[1]"),
        (b'{"jsonrpc":"2.0","id":7,"result":[1]\t}', "result", b"[1]"),
        (b'{"jsonrpc":"2.0","id":7,"result":{"b":1},"x":{"result":2}}', "result", b'{"b":1}'),
        (b'{"jsonrpc":"2.0","id":7,"result":{},"error":null}', "result", b"{}"),
        (b'{"jsonrpc":"2.0","result":{},"id":7}', "result", b"{}"),
        (b'{"jsonrpc":"2.0","id":"7","result":{}}', "result", b"{}"),
        (b'{"result":{"a":[]},"jsonrpc":"2.0","id":7}', "result", b'{"a":[]}'),
        (b'{"result": {"a":[]} ,"jsonrpc":"2.0","id":7}', "result", b'{"a":[]}'),
        (
            b'{"result":",\\"jsonrpc\\":\\"2.0\\",\\"id\\":7}","jsonrpc":"2.0","id":7}',
            "result",
            b'",\\"jsonrpc\\":\\"2.0\\",\\"id\\":7}"',
        ),
        (b'{"result":{},"id":7,"jsonrpc":"2.0"}', "result", b"{}"),
    ],
)
def test_a_span_is_the_received_bytes(raw: bytes, part: str, expected: bytes):
    assert bytes(span(message(raw), part)) == expected  # type: ignore[arg-type]


def test_floats_keep_their_spelling():
    found = message(b'{"jsonrpc":"2.0","id":1,"result":[1.50,1E400,0.1e-7]}')
    assert isinstance(found, Response)
    assert all(type(number) is LosslessFloat for number in found.result)
    assert [str(number) for number in found.result] == ["1.50", "1E400", "0.1e-7"]


def test_messages_are_frozen():
    with pytest.raises(AttributeError):
        message(CALL).raw = b""  # type: ignore[misc]


def test_exact_integers():
    assert is_exact_integer(2**53 - 1)
    assert is_exact_integer(-(2**53) + 1)
    assert not any(map(is_exact_integer, (2**53, -(2**53), 1.0, True, "1", None)))
