"""W3C trace context towards the server: as it came, or ours where `servers.X.trace` says `propagate`."""

import json
from typing import Any

import pytest
from tests.functional.pipeline import chain
from tests.functional.pipeline.bench import (
    JSON,
    META,
    SECRET,
    Bench,
    Literal,
    actions,
    body,
    call,
    event,
    result,
    server,
)

from doorward.core.audit import digest
from doorward.core.policy import Mode
from doorward.core.tracing import span_id_of, trace_id_of
from doorward.gateway.duplex import Duplex

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OLD = "2025-03-26"


def parent(flags: str = "01", trace: str = TRACE) -> str:
    return f"00-{trace}-{SPAN}-{flags}"


def bench(mode: Mode = Mode.ENFORCE, *, propagate: bool = True, **settings: Any) -> Bench:
    return Bench(crm=server(mode, propagate=propagate), **settings)


def ours(bench: Bench, number: int = 0, trace: str = TRACE, flags: str = "01") -> str:
    record = bench.records[number]
    return f"00-{trace}-{span_id_of(record.exchange_id)}-{flags}"


def sent(bench: Bench) -> Any:
    return json.loads(bench.server.seen[-1].body)


def header(bench: Bench) -> list[bytes]:
    return [value for name, value in bench.server.seen[-1].headers if name == b"traceparent"]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("flags", ["00", "01", "03"])
async def test_the_server_hangs_under_our_span_and_every_other_byte_stays(mode: Mode, flags: str) -> None:
    world = bench(mode)
    data = call(1, _meta={"a": "1", "traceparent": parent(flags), "tracestate": "v=1", "z": [1.50]}, arguments={"x": 1})
    headers = (*JSON, (b"traceparent", b"other"), (b"tracestate", b"w=2"), (b"traceparent", b"twice"), (b"x", b"y"))
    await world.send(data, headers=headers)
    mine = ours(world, flags=flags)
    assert world.server.seen[0].body == data.replace(parent(flags).encode(), mine.encode())
    assert world.server.seen[0].headers == (
        *JSON,
        (b"traceparent", mine.encode()),
        (b"tracestate", b"w=2"),
        (b"x", b"y"),
    )
    record = world.records[-1]
    assert (record.trace_id, record.span_id) == (TRACE, SPAN)
    assert record.args_hash == digest(world.snapshot.keys.hashing, b'{"x": 1}')
    assert record.forwarded_hash == ""


async def test_the_modern_era() -> None:
    world = bench()
    client = await world.modern("tools/call", {"name": "find", "arguments": {}, "_meta": {"traceparent": parent()}})
    assert client.status == 200
    assert sent(world)["params"]["_meta"] == {**META, "traceparent": ours(world)}
    assert header(world) == [ours(world).encode()]
    await world.modern("subscriptions/listen", {"notifications": {}, "_meta": {"traceparent": parent()}})
    assert sent(world)["params"]["_meta"]["traceparent"] == ours(world, 2)


@pytest.mark.parametrize(
    ("there", "after"),
    [
        ('"params":{"name":"find","_meta":{}}', '"params":{"name":"find","_meta":{"traceparent":"%s"}}'),
        ('"params":{"_meta":{"q":1 },"name":"find"}', '"params":{"_meta":{"q":1,"traceparent":"%s" },"name":"find"}'),
        ('"params":{"name":"find" }', '"params":{"name":"find","_meta":{"traceparent":"%s"} }'),
    ],
)
async def test_what_is_not_there_is_put_in_where_the_context_came_with_the_header(there: str, after: str) -> None:
    world = bench()
    frame = '{"jsonrpc":"2.0","id":1,"method":"tools/call",%s}'
    await world.send((frame % there).encode(), headers=(*JSON, (b"traceparent", parent("00").encode())))
    mine = ours(world, flags="00")
    assert world.server.seen[0].body.decode() == frame % (after % mine)
    assert header(world) == [mine.encode()]


async def test_a_request_without_params_gets_some() -> None:
    world = bench()
    await world.send(b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
    mine = ours(world, trace=trace_id_of(world.records[0].exchange_id))
    assert sent(world)["params"] == {"_meta": {"traceparent": mine}}


@pytest.mark.parametrize("meta", [{}, {"traceparent": "00-xyz"}, {"traceparent": parent(trace="0" * 32)}])
async def test_a_trace_begins_here_where_the_caller_is_in_none(meta: dict[str, Any]) -> None:
    world = bench()
    await world.send(call(1, _meta=meta))
    mine = ours(world, trace=trace_id_of(world.records[0].exchange_id))
    assert sent(world)["params"]["_meta"]["traceparent"] == mine
    assert header(world) == [mine.encode()]
    assert {(record.trace_id, record.span_id) for record in world.records} == {
        (trace_id_of(world.records[0].exchange_id), "")
    }


@pytest.mark.parametrize("meta", [{"traceparent": 7}, {"traceparent": None}, {"traceparent": {"a": "b"}}])
async def test_what_may_not_stand_there_is_left_to_the_server(meta: Any) -> None:
    world = bench()
    data = call(1, _meta=meta)
    await world.send(data)
    assert world.server.seen[0].body == data
    assert len(header(world)) == 1


async def test_a_batch_has_a_span_for_each_request_and_the_header_of_the_first() -> None:
    world = bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    note = body(None, "notifications/x", {"_meta": {"traceparent": parent()}})
    first, last = call(1, _meta={"traceparent": parent()}, arguments={"q": SECRET}), body("two", "ping")
    answer = b"[" + result(1) + b"," + result("two") + b"]"
    world.server.script = lambda _: world.server.json(answer)
    client = await world.send(b"[ " + note + b" ,\t" + first + b"," + last + b" ]", session=world.sealed(version=OLD))
    assert client.status == 200
    got = sent(world)
    by_method = {record.method: record for record in world.records if record.phase != "outcome"}
    assert got[0] == json.loads(note)
    assert got[1]["params"]["_meta"]["traceparent"] == (
        f"00-{TRACE}-{span_id_of(by_method['tools/call'].exchange_id)}-01"
    )
    assert SECRET not in world.server.seen[0].body.decode()
    ping = by_method["ping"].exchange_id
    assert got[2]["params"]["_meta"]["traceparent"] == f"00-{trace_id_of(ping)}-{span_id_of(ping)}-01"
    assert header(world) == [got[1]["params"]["_meta"]["traceparent"].encode()]
    raw = world.server.seen[0].body
    assert raw.startswith(b"[ " + note + b" ,\t{")
    assert raw.endswith(b" ]")


async def test_redaction_and_its_hash_are_as_without() -> None:
    world = bench(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    await world.send(call(1, _meta={"traceparent": parent()}, arguments={"q": SECRET}))
    assert sent(world)["params"]["_meta"]["traceparent"] == ours(world)
    arguments = json.dumps(sent(world)["params"]["arguments"]).encode()
    assert world.records[-1].forwarded_hash == digest(world.snapshot.keys.hashing, arguments)


@pytest.mark.parametrize(
    "data",
    [
        body(None, "notifications/x", {"_meta": {"traceparent": parent()}}),
        result("s-1", {"_meta": {"traceparent": parent()}}),
    ],
)
async def test_only_requests(data: bytes) -> None:
    world = bench()
    headers = (*JSON, (b"traceparent", parent().encode()))
    await world.send(data, headers=headers)
    assert world.server.seen[0].body is data
    assert world.server.seen[0].headers == headers


async def test_a_stream_keeps_its_header() -> None:
    world = bench()
    world.server.script = lambda _: world.server.stream(event(b"{}"))
    await world.send(verb="GET", session=world.sealed(), headers=((b"traceparent", parent().encode()),))
    assert header(world) == [parent().encode()]


async def test_a_body_that_nobody_could_read_is_not_written_to() -> None:
    world = bench(Mode.AUDIT)
    data = b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'
    await world.send(data, headers=JSON)
    assert world.server.seen[0].body is data
    assert world.server.seen[0].headers == JSON


async def test_without_it_nothing_changes() -> None:
    world = bench(propagate=False)
    data = call(1, _meta={"traceparent": parent()})
    headers = (*JSON, (b"traceparent", parent().encode()))
    await world.send(data, headers=headers)
    assert world.server.seen[0].body is data
    assert world.server.seen[0].headers is headers
    await world.send(call(2))
    assert world.records[-1].trace_id == ""


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
async def test_a_pipe_too(mode: Mode) -> None:
    world = bench(mode)
    to_server: list[bytes] = []
    to_client: list[bytes] = []

    async def write(data: bytes) -> None:
        to_server.append(data)

    async def read(data: bytes) -> None:
        to_client.append(data)

    duplex = Duplex(world.pipeline, world.inbound(transport="stdio"), write, read)
    data, note = call(1, _meta={"traceparent": parent()}), body(None, "notifications/x", {"_meta": {}})
    await duplex.from_client(data)
    await duplex.from_client(note)
    assert to_server == [data.replace(parent().encode(), ours(world).encode()), note]
    await duplex.from_server(result(1))
    assert to_client == [result(1)]
    await duplex.left()
    assert world.idle()


def test_the_example_in_the_documentation_is_what_happens() -> None:
    text = chain.DOCUMENT.read_text("utf-8")
    assert text == chain.written(text), "run: python -m tests.functional.pipeline.chain"
    assert text.count("made by tests/functional/pipeline/chain.py") == len(chain.PARTS)
    assert SECRET not in text
