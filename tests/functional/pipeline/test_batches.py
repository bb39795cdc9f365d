"""Arrays (MCP 2025-03-26, basic, "Batching"): both ways up to that revision, all or nothing, byte for byte."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import META, SECRET, Bench, Literal, actions, body, call, result

from doorward.core.policy import Mode

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
OLD = "2025-03-26"


def answers(bench: Bench, *identifiers: Any) -> None:
    data = b"[" + b" ,\n".join(result(i) for i in identifiers) + b"]"
    bench.server.script = lambda _: bench.server.json(data)


@pytest.mark.parametrize("version", ["2024-11-05", OLD])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_batch_goes_and_comes_byte_for_byte(mode: Mode, version: str) -> None:
    bench = Bench(mode)
    answers(bench, 1, "two")
    data = b"[ " + call(1) + b" ,\t" + body(None, "notifications/x") + b"," + body("two", "ping") + b" ]"
    client = await bench.send(data, session=bench.sealed(version=version))
    assert bench.server.seen[0].body == data
    assert bench.server.seen[0].message is None
    assert client.reply is not None
    assert client.reply.body == b"[" + result(1) + b" ,\n" + result("two") + b"]"
    assert sorted(bench.shape()) == sorted(
        [("exchange", "intent")] * 2 + [("message", "")] + [("exchange", "outcome")] * 2
    )
    assert len({r.batch_id for r in bench.records}) == 1
    assert bench.records[0].batch_id


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
@pytest.mark.parametrize("mode", ENFORCING)
async def test_later_revisions_have_none(mode: Mode, version: str) -> None:
    bench = Bench(mode)
    client = await bench.send(b"[" + call(1) + b"]", session=bench.sealed(version=version))
    assert client.status == 400
    assert client.json["error"]["code"] == -32600
    assert client.reason == "message.batch_not_allowed"
    client = await bench.send(b"[" + call(1) + b"]", version=version.encode())
    assert client.status == 400
    assert bench.server.seen == []


@pytest.mark.parametrize("mode", ENFORCING)
async def test_one_refused_refuses_all_and_each_request_gets_an_error(mode: Mode) -> None:
    bench = Bench(mode, tools=["find"])
    data = b"[" + b",".join([call(1), call(2, "wipe"), body(None, "notifications/x"), body(3, "ping")]) + b"]"
    client = await bench.send(data, session=bench.sealed(version=OLD))
    assert bench.server.seen == []
    assert client.status == 200
    first, second, third = client.json
    assert (first["id"], first["error"]["data"]["reason"]) == (1, "message.batch_refused")
    assert (second["id"], second["result"]["_meta"]["io.doorward/decision"]["reason"]) == (2, "policy.denied")
    assert (third["id"], third["error"]["data"]["reason"]) == (3, "message.batch_refused")
    assert [r.decision for r in bench.records] == ["deny"] * 4
    assert bench.idle()


async def test_a_finding_in_one_refuses_all_each_with_its_own_reason() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("block"))
    client = await bench.send(b"[" + call(1) + b"," + call(2, "find", {"a": SECRET}) + b"]")
    assert bench.server.seen == []
    assert client.json[0]["error"]["data"]["reason"] == "message.batch_refused"
    assert client.json[1]["result"]["_meta"]["io.doorward/decision"]["reason"] == "pii.blocked"
    assert [r.reason for r in bench.records] == ["message.batch_refused", "pii.blocked"]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("inside", ["duplicate ids", "modern"])
async def test_two_requests_of_one_id_or_a_modern_one_inside(mode: Mode, inside: str) -> None:
    bench = Bench(mode)
    data = b"[" + call(1) + b"," + (call(1) if inside == "duplicate ids" else call(2, _meta=META)) + b"]"
    answers(bench, 1, 2)
    client = await bench.send(data)
    if mode.enforcing:
        assert bench.server.seen == []
        assert {e["error"]["data"]["reason"] for e in client.json} == {"message.batch_not_allowed"}
    else:
        assert bench.server.seen[0].body == data  # byte for byte, whatever the rules say
        assert "message.batch_not_allowed" in {r.reason for r in bench.records}


@pytest.mark.parametrize("mode", ENFORCING)
async def test_initialize_inside_and_a_broken_element_refuse_all_with_their_ids(mode: Mode) -> None:
    bench = Bench(mode)
    for bad, reason in (
        (body(2, "initialize"), "message.initialize_in_batch"),
        (b'{"jsonrpc":"2.0","id":2,"method":"a","method":"b"}', "message.duplicate_key"),
    ):
        client = await bench.send(b"[" + call(1) + b"," + bad + b"]")
        assert client.status == 400
        assert sorted(e["id"] for e in client.json) == [1, 2]
        assert {e["error"]["data"]["reason"] for e in client.json} == {reason}
    assert bench.server.seen == []


async def test_a_batch_of_one_stays_an_array() -> None:
    bench = Bench(tools=["find"], scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    answers(bench, 1)
    await bench.send(b"[ " + call(1, "find", {"a": SECRET}) + b" ]")
    assert bench.server.seen[0].body == b"[ " + call(1, "find", {"a": "<US_SSN>"}) + b" ]"
    refused = await bench.send(b"[" + call(1, "wipe") + b"]")
    assert refused.json[0]["id"] == 1


async def test_redaction_changes_nothing_between_the_elements_either_way() -> None:
    bench = Bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    bench.server.script = lambda _: bench.server.json(b"[\n" + result(1) + b"\t,\n" + result(2, {"a": SECRET}) + b" ]")
    client = await bench.send(b"[ " + call(1) + b" ,\n" + call(2, "find", {"a": SECRET}) + b"]")
    assert bench.server.seen[0].body == b"[ " + call(1) + b" ,\n" + call(2, "find", {"a": "<US_SSN>"}) + b"]"
    assert client.reply is not None
    assert client.reply.body.startswith(b"[\n" + result(1) + b"\t,\n{")
    assert client.json[1]["result"]["a"] == "<US_SSN>"


async def test_an_answer_that_leaves_one_out_gets_its_outcome_all_the_same() -> None:
    bench = Bench()
    answers(bench, 1)
    await bench.send(b"[" + call(1) + b"," + call(2) + b"]")
    assert [r.phase for r in bench.records].count("outcome") == 2


async def test_a_fault_answers_every_request() -> None:
    bench = Bench()

    def script(_: Any) -> Any:
        raise RuntimeError

    bench.server.script = script
    client = await bench.send(b"[" + call(1) + b"," + call(2) + b"]", session=bench.sealed(version=OLD))
    assert client.status == 200
    assert [e["id"] for e in client.json] == [1, 2]


async def test_more_than_a_hundred_are_refused() -> None:
    bench = Bench()
    client = await bench.send(b"[" + b",".join(body(i, "ping") for i in range(101)) + b"]")
    assert client.status == 400
    assert b"message.batch_too_large" in json.dumps(client.json).encode()
