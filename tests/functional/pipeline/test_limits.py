"""How much one caller, and all of them, may have under way."""

import asyncio
from typing import Any

import pytest
from tests.functional.pipeline.bench import OTHER, Bench, call, server
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.policy import Mode
from doorward.core.snapshot import Limits


def hold(bench: Bench) -> asyncio.Event:
    release = asyncio.Event()

    async def script(outbound: Any) -> Any:
        await release.wait()
        return bench.server.json(b'{"jsonrpc":"2.0","id":1,"result":{}}')

    bench.server.script = script
    return release


@pytest.mark.parametrize("mode", list(Mode))
async def test_calls_in_flight_of_one_identity_and_of_all(mode: Mode) -> None:
    bench = Bench(mode, limits=Limits(in_flight=3, in_flight_per_identity=2))
    release = hold(bench)
    tasks = [bench.start(call(1))[1] for _ in range(2)]
    await until(lambda: len(bench.server.seen) == 2)
    mine = await bench.modern("tools/call", {"name": "find"})
    assert (mine.status, mine.reason) == (503, "limit.overload")
    tasks.append(bench.start(call(1), token=OTHER)[1])
    await until(lambda: len(bench.server.seen) == 3)
    theirs = await bench.send(call(1), token=OTHER)
    assert (theirs.status, theirs.reason) == (200, "limit.overload")
    release.set()
    await asyncio.gather(*tasks)
    assert bench.idle()
    assert (await bench.send(call(1))).json["result"] == {}


async def test_callers_without_a_token_are_counted_by_their_address() -> None:
    """A whole team may be behind the gateway before anybody has one (``anonymous: true``)."""
    limits = Limits(in_flight_per_identity=1, streams_per_identity=1)
    bench = Bench(crm=server(Mode.AUDIT, anonymous=True), limits=limits)
    release = hold(bench)
    tasks = []
    for number, address in enumerate(("192.0.2.1", "192.0.2.2", "2001:db8::1"), 1):
        tasks += [bench.start(call(1), token=None, client_ip=address)[1]]
        tasks += [bench.start(verb="GET", token=None, client_ip=address)[1]]
        await until(lambda number=number: len(bench.server.seen) == 2 * number)
    for address in ("192.0.2.1", "2001:db8::2"):  # of an IPv6 network too there is one
        assert (await bench.send(call(1), token=None, client_ip=address)).reason == "limit.overload"
        assert (await bench.send(verb="GET", token=None, client_ip=address)).reason == "limit.streams"
    release.set()
    await asyncio.gather(*tasks)
    assert bench.idle()


async def test_streams_of_one_identity() -> None:
    bench = Bench(limits=Limits(streams_per_identity=1))
    release = hold(bench)
    _, task = bench.start(verb="GET")
    await until(lambda: len(bench.server.seen) == 1)
    second = await bench.send(verb="GET")
    assert (second.status, second.reason) == (429, "limit.streams")
    assert second.header(b"retry-after") == b"5"
    _, other = bench.start(verb="GET", token=OTHER)
    await until(lambda: len(bench.server.seen) == 2)
    release.set()
    await asyncio.gather(task, other)
    assert bench.idle()


async def test_the_breaker_leaves_a_dead_server_alone_and_tries_again() -> None:
    bench = Bench()

    def dead(_: Any) -> Any:
        raise UpstreamFault("refused", code="upstream.unreachable")

    alive = bench.server.script
    bench.server.script = dead
    for _ in range(5):
        assert (await bench.send(call(1))).reason == "upstream.unreachable"
    assert (await bench.send(call(1))).reason == "upstream.breaker"
    modern = await bench.modern("tools/call", {"name": "find"})
    assert (modern.status, modern.header(b"retry-after")) == (503, b"2")
    assert len(bench.server.seen) == 5
    bench.server.script = alive
    bench.clock.now += 10
    assert (await bench.send(call(1))).json["result"] == {}
    assert (await bench.send(call(1))).json["result"] == {}


async def test_a_refused_call_counts_against_nobody() -> None:
    bench = Bench(tools=[], limits=Limits(in_flight=1, streams_per_identity=1))
    for _ in range(3):
        assert (await bench.send(call(1))).reason == "policy.denied"
        await bench.send(verb="GET", session=b"forged")
    assert bench.idle()
