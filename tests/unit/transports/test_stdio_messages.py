"""What is read of a line to bring it to the right place."""

import pytest

from doorward.transports.stdio_messages import Line, read_line


def one(raw: bytes) -> Line:
    line = read_line(raw)
    assert isinstance(line, Line)
    assert line.raw == raw
    return line


def test_a_request_has_an_id_and_perhaps_a_token() -> None:
    line = one(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"p"}}}')
    assert (line.kind, line.id, line.method, line.token) == ("request", 1, "tools/call", "p")
    assert one(b'{"id":"1","method":"ping"}').id == "1"
    assert one(b'{"id":"1","method":"ping","params":[]}').token is None
    assert one(b'{"id":"1","method":"ping","params":{"_meta":{"progressToken":{}}}}').token is None


def test_a_notification_of_progress_has_the_token_it_is_for() -> None:
    line = one(b'{"method":"notifications/progress","params":{"progressToken":7,"progress":1}}')
    assert (line.kind, line.id, line.token) == ("notification", None, 7)
    assert one(b'{"method":"notifications/other","params":{"progressToken":7}}').token is None
    assert one(b'{"method":"notifications/progress","params":{"progressToken":[]}}').token is None


def test_a_response_has_a_result_or_an_error() -> None:
    assert (one(b'{"id":1,"result":null}').kind, one(b'{"id":1,"result":{}}').code) == ("response", None)
    assert one(b'{"id":1,"error":{"code":-32601,"message":""}}').code == -32601
    assert one(b'{"id":1,"error":{"code":"odd"}}').code is None
    assert one(b'{"id":1,"error":null,"result":{}}').kind == "response"
    assert one(b'{"id":null,"error":{"code":-32700}}').id is None
    assert one(b'{"error":{"code":-32700}}').id is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Listening on port 80",
        b"1",
        b'"text"',
        b"null",
        b"{}",
        b'{"id":1}',
        b'{"id":null,"method":"ping"}',
        b'{"id":1.5,"method":"ping"}',
        b'{"id":true,"method":"ping"}',
        b'{"id":null,"result":{}}',
        b'{"result":{}}',
        b'{"id":1,"error":null}',
        b'{"id":1,"method":"ping"} trailing',
        b"[]",
        b"[1]",
        b'[{"id":1,"method":"ping"},{}]',
        b"[" + b'{"method":"x"},' * 100 + b'{"method":"x"}]',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_message(raw: bytes) -> None:
    assert read_line(raw) is None


def test_a_batch_is_read_message_by_message() -> None:
    lines = read_line(b' [{"id":1,"method":"ping"}, {"method":"x"}, {"id":2,"result":{}}]')
    assert isinstance(lines, tuple)
    assert [line.kind for line in lines] == ["request", "notification", "response"]
    assert lines[0].raw == b'{"id":1,"method":"ping"}'
