"""One pipe, both ways: stdio ``run``."""

import asyncio
import json
import tracemalloc
from typing import Any

import pytest
from tests.functional.pipeline.bench import SECRET, Bench, Literal, actions, body, call, result
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.policy import Mode
from doorward.core.snapshot import Timeouts
from doorward.gateway.duplex import Duplex

CANCELLED = body(None, "notifications/cancelled", {"requestId": 1})


class Pipe:
    def __init__(self, mode: Mode = Mode.ENFORCE, **settings: Any) -> None:
        self.bench = Bench(mode, **settings)
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.broken = False
        self.duplex = Duplex(self.bench.pipeline, self.bench.inbound(transport="stdio"), self._server, self._client)

    async def _server(self, data: bytes) -> None:
        if self.broken:
            raise UpstreamFault("gone", code="upstream.crashed")
        self.to_server.append(data)

    async def _client(self, data: bytes) -> None:
        self.to_client.append(data)

    @property
    def last(self) -> Any:
        return json.loads(self.to_client[-1])

    def outcomes(self) -> list[tuple[str, str]]:
        return [(r.decision, r.reason) for r in self.bench.records if r.phase == "outcome"]


async def test_everything_goes_through_in_order_and_byte_for_byte() -> None:
    pipe = Pipe()
    there = [b' {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}', call(1)]
    there += [body(None, "notifications/x"), result("s-1"), call(2)]
    for data in there:
        await pipe.duplex.from_client(data)
    back = [
        result(0, {"protocolVersion": "2025-06-18"}),
        body("s-1", "roots/list"),
        body(None, "notifications/message"),
        result(2),
        result(1),
    ]
    for data in back:
        await pipe.duplex.from_server(data)
    assert pipe.to_server == there
    assert pipe.to_client == back
    assert len(pipe.outcomes()) == 3
    await pipe.duplex.left()
    assert pipe.bench.idle()
    assert pipe.bench.records[-1].protocol == "2025-06-18"
    assert ("stream", "closed") in pipe.bench.shape()
    assert len(pipe.bench.server.seen) == 0


async def test_intent_before_the_server_and_outcome_before_the_client() -> None:
    pipe = Pipe()
    seen: list[int] = []

    async def count(data: bytes) -> None:
        seen.append(len(pipe.bench.records))

    pipe.duplex = Duplex(pipe.bench.pipeline, pipe.bench.inbound(transport="stdio"), count, count)
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_server(result(1))
    assert pipe.bench.shape() == [("exchange", "intent"), ("stream", "opened"), ("exchange", "outcome")]
    assert seen == [1, 3]


async def test_refusals_go_to_the_client_as_json_rpc_errors() -> None:
    pipe = Pipe(tools=["find"])
    await pipe.duplex.from_client(call(1, "wipe"))
    assert pipe.to_server == []
    assert pipe.last["error"]["data"]["reason"] == "policy.denied"
    await pipe.duplex.from_client(b"{not json")
    assert pipe.last["error"]["code"] == -32700
    assert pipe.last["id"] is None
    assert pipe.bench.idle()


@pytest.mark.parametrize("wrap", [False, True])
async def test_refused_notifications_and_responses_are_dropped_in_silence(wrap: bool) -> None:
    pipe = Pipe(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    for data in (body(None, "notifications/x", {"a": SECRET}), result("s-1", {"a": SECRET})):
        await pipe.duplex.from_client(b"[" + data + b"]" if wrap else data)
    assert pipe.to_client == []
    assert SECRET.encode() not in b"".join(pipe.to_server)
    assert [r.decision for r in pipe.bench.records] == ["deny", "deny"]
    if not wrap:  # a server whose question was answered must not wait for ever
        (told,) = pipe.to_server
        assert json.loads(told)["id"] == "s-1"
        assert json.loads(told)["error"]["data"]["reason"] == "pii.blocked"


async def test_a_cancelled_request_ends_there_and_a_late_answer_reaches_nobody() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_client(CANCELLED)
    assert pipe.to_server == [call(1), CANCELLED]
    assert pipe.outcomes() == [("allow", "client.cancelled")]
    assert pipe.bench.idle()
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client == []
    assert len(pipe.outcomes()) == 1


async def test_the_time_that_the_server_takes_is_not_ours() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    pipe.bench.clock.now += 5.0
    await pipe.duplex.from_server(result(1))
    (outcome,) = [record for record in pipe.bench.records if record.phase == "outcome"]
    assert (outcome.latency_ms, outcome.gateway_ms) == (5000.0, 0.0)


@pytest.mark.parametrize("cancelled", [True, False])
@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_what_was_sent_is_not_kept_until_it_is_answered(mode: Mode, cancelled: bool) -> None:
    """A thousand cancelled requests of 4 MiB each would be 4 GiB; and here nothing else bounds what waits."""
    pipe = Pipe(mode)
    tracemalloc.start()
    try:
        for number in range(20):
            await pipe.duplex.from_client(call(number, arguments={"text": "x" * 100_000, "more": ["y" * 1000] * 100}))
            pipe.to_server.clear()
            if cancelled:
                await pipe.duplex.from_client(body(None, "notifications/cancelled", {"requestId": number}))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000  # one of them is 200,000
    for number in range(20):
        await pipe.duplex.from_server(result(number))
    assert len(pipe.to_client) == (0 if cancelled and mode is Mode.ENFORCE else 20)
    assert len(pipe.outcomes()) == 20
    assert len({record.args_hash for record in pipe.bench.records if record.phase == "outcome"}) == 1
    assert pipe.bench.idle()


async def test_progress_is_counted_with_the_request_of_its_token() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1, _meta={"progressToken": "t"}))
    note = body(None, "notifications/progress", {"progressToken": "t", "progress": 1})
    await pipe.duplex.from_server(note)
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client == [note, result(1)]
    assert [r.interim for r in pipe.bench.records if r.phase == "outcome"] == [1]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("line", [b"hello", result(77), b'{"jsonrpc":"2.0","id":77,"result":1,"result":2}'])
async def test_what_nobody_asked_and_what_is_no_message(mode: Mode, line: bytes) -> None:
    pipe = Pipe(mode)
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_server(line)
    assert pipe.to_client == ([] if mode.enforcing else [line])
    assert {"upstream.garbage", "upstream.unsolicited"} & {r.reason for r in pipe.bench.records}
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client[-1] == result(1)


UNCLEAR = [
    b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"rate":NaN}}',
    b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"a":1,"a":2}}',
    b'{"jsonrpc":"2.0","id":1,"result":{"text":"caf\xe9"}}',
    b'{"jsonrpc":"2.0","id":1,"result":{"text":"\\ud83d"}}',
    b'{"jsonrpc":"2.0","id":1,"result":{},"Result":{}}',
]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("line", UNCLEAR)
async def test_an_answer_that_is_not_clear_ends_its_request(mode: Mode, line: bytes) -> None:
    """Nothing else will: the client would wait for ever, and the request would count as under way as long."""
    pipe = Pipe(mode)
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_client(call(2))
    await pipe.duplex.from_server(line)
    if mode.enforcing:
        assert (pipe.last["id"], pipe.last["error"]["data"]["reason"]) == (1, "upstream.garbage")
        assert pipe.outcomes() == [("error", "upstream.garbage")]
    else:
        assert pipe.to_client == [line]
        assert pipe.outcomes() == [("allow", "upstream.garbage")]
    await pipe.duplex.from_server(result(2))
    assert pipe.to_client[-1] == result(2)
    assert pipe.bench.pipeline.flow.calls == 0


NO_ANSWERS = [
    b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":NaN}}',
    b'{"id":1,"result":NaN} {}',
    b'{"id":1,"level":"info","message":"a line of a log"}',
]


@pytest.mark.parametrize("line", NO_ANSWERS)
async def test_what_is_no_answer_ends_nothing(line: bytes) -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_server(line)
    assert pipe.to_client == []
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client == [result(1)]


async def test_a_request_that_is_never_answered_ends_in_bounded_time() -> None:
    pipe = Pipe(timeouts=Timeouts(total=0.1))
    await pipe.duplex.from_client(call(1))
    await asyncio.sleep(0.05)
    pipe.bench.clock.now += 0.06
    await pipe.duplex.from_client(call(2))
    pipe.bench.clock.now += 0.06
    await until(lambda: bool(pipe.to_client))
    assert (pipe.last["id"], pipe.last["error"]["data"]["reason"]) == (1, "upstream.timeout")
    assert pipe.outcomes() == [("error", "upstream.timeout")]
    assert pipe.bench.pipeline.flow.calls == 1
    await pipe.duplex.from_server(result(1))  # too late: it has been told
    assert len(pipe.to_client) == 1
    pipe.bench.clock.now += 0.06
    await until(lambda: len(pipe.to_client) == 2)
    assert (pipe.last["id"], pipe.last["error"]["data"]["reason"]) == (2, "upstream.timeout")
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client[-1] == result(1)
    await pipe.duplex.left()
    assert pipe.bench.idle()


async def test_the_servers_end_answers_what_waits() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_client(body("two", "ping"))
    await pipe.duplex.closed()
    errors = [json.loads(data) for data in pipe.to_client]
    assert [(e["id"], e["error"]["data"]["reason"]) for e in errors] == [
        (1, "upstream.crashed"),
        ("two", "upstream.crashed"),
    ]
    assert pipe.outcomes() == [("error", "upstream.crashed")] * 2
    assert pipe.bench.idle()


async def test_the_clients_end_is_recorded() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.left()
    assert pipe.outcomes() == [("allow", "client.disconnected")]
    assert pipe.bench.idle()


async def test_a_server_that_does_not_take_it() -> None:
    pipe = Pipe()
    pipe.broken = True
    await pipe.duplex.from_client(call(1))
    assert pipe.last["id"] == 1
    assert pipe.last["error"]["data"]["reason"] == "upstream.crashed"
    assert pipe.outcomes() == [("error", "upstream.crashed")]
    await pipe.duplex.from_client(body(None, "notifications/x"))
    assert len(pipe.to_client) == 1
    assert pipe.bench.idle()


async def test_an_id_that_is_used_twice_at_once_leaves_nothing_behind() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_server(result(1))
    assert len(pipe.outcomes()) == 2
    assert pipe.bench.idle()


async def test_the_servers_refused_question_is_answered_into_the_pipe() -> None:
    pipe = Pipe(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    await pipe.duplex.from_server(body("s-1", "elicitation/create", {"message": SECRET}))
    assert pipe.to_client == []
    (told,) = pipe.to_server
    assert json.loads(told)["id"] == "s-1"
    assert json.loads(told)["error"]["data"]["reason"] == "pii.blocked"
    assert pipe.bench.server.seen == []  # not by some other way to a server of that name


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("phase", ["opened", "outcome"])
async def test_no_record_no_answer(phase: str, later: bool) -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    setattr(pipe.bench.journal, "fails_later" if later else "fails", lambda record: record.phase == phase)
    await pipe.duplex.from_server(result(1, {"text": "withheld"}))
    assert b"withheld" not in b"".join(pipe.to_client)
    assert pipe.last["id"] == 1
    assert pipe.last["error"]["data"]["reason"] == "journal.unavailable"
    assert pipe.bench.idle()


async def test_a_pipe_whose_beginning_was_lost_begins_again() -> None:
    pipe = Pipe()
    pipe.bench.journal.fails_later = lambda record: record.phase == "opened"
    note = body(None, "notifications/message", {"data": "a"})
    await pipe.duplex.from_server(note)
    assert pipe.to_client == []
    pipe.bench.journal.fails_later = lambda _: False
    await pipe.duplex.from_server(note)
    assert pipe.to_client == [note]
    assert pipe.bench.shape() == [("stream", "opened")]


async def test_batches_both_ways() -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(b"[" + call(1) + b"," + call(2) + b"]")
    answer = b"[ " + result(2) + b",\n" + result(1) + b"]"
    await pipe.duplex.from_server(answer)
    assert pipe.to_client == [answer]
    assert len(pipe.outcomes()) == 2
    assert pipe.bench.idle()


async def test_results_are_redacted_on_a_pipe_too() -> None:
    pipe = Pipe(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    await pipe.duplex.from_client(call(1, "find", {"a": SECRET}))
    assert pipe.to_server == [call(1, "find", {"a": "<US_SSN>"})]
    await pipe.duplex.from_server(result(1, {"text": SECRET}))
    assert pipe.last["result"]["text"] == "<US_SSN>"
    assert b"\n" not in pipe.to_client[0]


@pytest.mark.parametrize(
    ("head", "failed"),
    [
        (b'{"jsonrpc":"2.0","id":2,"result":{"text":"xxx', {2}),
        (b'{"id": 1, "result":{"text":"xxx', {1}),
        (b'{"result":{"text":"xxx', {1, 2}),
        (b'{"jsonrpc":"2.0","method":"notifications/message","params":{', set()),
    ],
)
async def test_an_answer_that_is_too_long_to_be_read_is_one_clean_error(head: bytes, failed: set[int]) -> None:
    pipe = Pipe()
    await pipe.duplex.from_client(call(1))
    await pipe.duplex.from_client(call(2))
    await pipe.duplex.too_large(head)
    told = [json.loads(line) for line in pipe.to_client]
    assert {answer["id"] for answer in told} == failed
    assert all(answer["error"]["data"]["reason"] == "upstream.too_large" for answer in told)
    assert pipe.outcomes() == [("error", "upstream.too_large")] * len(failed)
    for identifier in {1, 2} - failed:
        await pipe.duplex.from_server(result(identifier, {}))
    assert pipe.bench.idle()
