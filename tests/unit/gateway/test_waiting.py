import json
from typing import Any

from doorward.core.exchange import Inbound
from doorward.core.message import Notification, Request, Response, read
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway import waiting
from doorward.gateway.call import Call
from doorward.gateway.waiting import Waiting


def call() -> Call:
    return Call(Snapshot(1, "", {}, {}, Keys(b"", "", ())), Inbound("stdio", "POST", "crm"))


def request(identifier: Any, token: Any = None) -> Request:
    params = {} if token is None else {"_meta": {"progressToken": token}}
    made = read(json.dumps({"jsonrpc": "2.0", "id": identifier, "method": "tools/call", "params": params}).encode())
    assert isinstance(made, Request)
    return made


def response(identifier: Any) -> Response:
    made = read(json.dumps({"jsonrpc": "2.0", "id": identifier, "result": {}}).encode())
    assert isinstance(made, Response)
    return made


def progress(token: Any) -> Notification:
    text = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": 1}}
    made = read(json.dumps(text).encode())
    assert isinstance(made, Notification)
    return made


def test_an_answer_is_its_requests_and_progress_its_tokens() -> None:
    table, one, other = Waiting(), call(), call()
    assert table.add(request(1, "t"), one) is None
    assert table.add(request("1"), other) is None
    assert (table.of(response(1)), table.of(response("1")), table.of(response(2))) == (one, other, None)
    assert (table.of(progress("t")), table.of(progress("u")), table.of(progress(None))) == (one, None, None)
    table.forget(one)
    assert table.of(progress("t")) is None
    table.answered(1)
    assert table.of(response(1)) is None
    assert (1 in table, "1" in table, table.ids(), table.calls()) == (False, True, ["1"], {other})


def test_an_id_that_is_used_again_is_the_last_ones() -> None:
    table, first, second = Waiting(), call(), call()
    table.add(request(1), first)
    assert table.add(request(1), second) is first
    assert table.of(response(1)) is second


def test_a_cancelled_request_may_be_answered_all_the_same() -> None:
    table, one = Waiting(), call()
    table.add(request(1), one)
    assert table.cancel(2) is None
    assert table.cancel(1) is one
    assert 1 not in table
    assert table.of(response(1)) is one
    table.answered(1)
    assert table.of(response(1)) is None


def test_what_answers_a_request_whose_grant_has_ended_came_too_late() -> None:
    table, one = Waiting(), call()
    table.add(request(1), one)
    assert not table.came_too_late(response(1))
    table.end(1)
    assert table.came_too_late(response(1))
    assert not table.came_too_late(progress(1))
    table.add(request(1), one)
    assert not table.came_too_late(response(1))


def test_it_is_bounded() -> None:
    table, one = Waiting(), call()
    for number in range(waiting._MOST + 2):
        table.add(request(number), one)
        table.cancel(number)
        table.add(request(number), one)
        table.end(number)
    assert len(table._cancelled) == len(table._ended) == waiting._MOST
    assert not table.came_too_late(response(1))
    assert table.came_too_late(response(2))
