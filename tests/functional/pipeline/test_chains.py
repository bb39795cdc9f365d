"""One agent that acts for several people: what it made for one of them is of no use to it for another."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import body, call, result
from tests.functional.pipeline.on_behalf import ALICE, ANOTHERS, FOR_ALICE, FOR_BOB, ITSELF, RENEWED, acting, verifier
from tests.functional.pipeline.policed import Policed
from tests.tokens import HELPER

from doorward.core.policy import Mode
from doorward.core.snapshot import Limits
from doorward.gateway.task_owners import Task


def bench_of(mode: Mode = Mode.ENFORCE, **settings: Any) -> Policed:
    return Policed(mode, worth=verifier().worth, **settings)


async def opened(bench: Policed, token: bytes = FOR_ALICE) -> bytes:
    """A session, as ``initialize`` gives one."""
    before = bench.server.script
    data = result(1, {"protocolVersion": "2025-11-25"})
    bench.server.script = lambda _: bench.server.json(data, session="upstream-1")
    client = await bench.send(body(1, "initialize", {"protocolVersion": "2025-11-25"}), token=token)
    bench.server.script = before
    bench.server.seen.clear()
    session = client.header(b"mcp-session-id")
    assert session is not None
    return session


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("token", ANOTHERS)
async def test_a_session_is_of_one_chain_alone(mode: Mode, token: bytes) -> None:
    bench = bench_of(mode)
    session = await opened(bench)
    for verb, data in (("POST", call(2)), ("GET", b""), ("DELETE", b"")):
        client = await bench.send(data, verb=verb, session=session, token=token)
        assert (client.status, client.reason) == (404, "session.unknown")  # as for one that never was
    assert not bench.server.seen
    assert (await bench.send(call(3), session=session, token=FOR_ALICE)).json == json.loads(result(3))
    assert bench.server.seen[0].session == "upstream-1"


async def test_a_session_of_the_agent_itself_is_not_for_those_it_acts_for() -> None:
    bench = bench_of()
    session = await opened(bench, ITSELF)
    assert (await bench.send(call(2), session=session, token=FOR_ALICE)).reason == "session.unknown"
    assert (await bench.send(call(2), session=session, token=ITSELF)).json == json.loads(result(2))


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_renewed_grant_of_the_same_chain_goes_on(mode: Mode) -> None:
    bench = bench_of(mode)
    session = await opened(bench)
    assert (await bench.send(call(2), session=session, token=RENEWED)).json == json.loads(result(2))
    assert bench.server.seen[0].session == "upstream-1"


@pytest.mark.parametrize("token", ANOTHERS)
async def test_a_task_is_of_one_chain_alone(token: bytes) -> None:
    bench = bench_of()
    data = result(1, {"task": {"taskId": "t", "status": "working"}})
    bench.server.script = lambda _: bench.server.json(data)
    await bench.send(call(1, task={}), token=FOR_ALICE)
    listed = result(2, {"tasks": [{"taskId": "t"}]})
    bench.server.script = lambda _: bench.server.json(listed)
    assert (await bench.send(body(2, "tasks/get", {"taskId": "t"}), token=token)).reason == "policy.task"
    assert (await bench.send(body(2, "tasks/list"), token=token)).json["result"]["tasks"] == []
    for mine in (FOR_ALICE, RENEWED):
        assert (await bench.send(body(2, "tasks/get", {"taskId": "t"}), token=mine)).json == json.loads(listed)
        assert (await bench.send(body(2, "tasks/list"), token=mine)).json == json.loads(listed)


@pytest.mark.parametrize(
    ("stored", "may"),
    [
        (acting(ALICE, HELPER).principal.holder, {FOR_ALICE, RENEWED}),
        (acting(HELPER).principal.holder, {ITSELF}),  # as all of this agent's were kept before chains counted
    ],
)
async def test_what_the_store_keeps_is_of_one_chain_alone(stored: str, may: set[bytes]) -> None:
    bench = bench_of()

    async def task(server: str, task_id: str) -> Task | None:
        return Task(server, task_id, stored)

    bench.catalogue.task = task  # type: ignore[method-assign]
    for token in (FOR_ALICE, RENEWED, *ANOTHERS):
        client = await bench.send(body(1, "tasks/get", {"taskId": "t"}), token=token)
        assert client.json == json.loads(result(1)) if token in may else client.reason == "policy.task"


async def test_the_server_hears_whose_it_is() -> None:
    bench = bench_of()
    for token in (FOR_ALICE, RENEWED, *ANOTHERS):
        await bench.send(call(1), token=token)
    first, renewed, *others = [sent.owner for sent in bench.server.seen]
    assert first == renewed
    assert len({first, *others}) == 1 + len(others)


async def test_limits_are_of_the_agent_for_whomever_it_acts() -> None:
    bench = bench_of(limits=Limits(calls_per_minute=3))
    for number, token in enumerate((FOR_ALICE, FOR_BOB, ITSELF)):
        assert (await bench.send(call(number), token=token)).json == json.loads(result(number))
    for token in (FOR_ALICE, *ANOTHERS):
        assert (await bench.send(call(9), token=token)).reason == "limit.rate"


async def test_streams_are_counted_for_the_agent_for_whomever_it_acts() -> None:
    bench = bench_of(limits=Limits(streams_per_identity=0))
    for token in (FOR_ALICE, *ANOTHERS):
        assert (await bench.send(verb="GET", token=token)).reason == "limit.streams"
    assert bench.idle()
