import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.clocks import Clock

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event, Outbound
from doorward.core.identity import NO_CREDENTIAL, Credential
from doorward.core.snapshot import Keys, Limits, Server, Snapshot, Target
from doorward.gateway.upstreams import Guarded, Upstreams

OUT = Outbound("POST", b"", (), "", False, "")
CRM = Server("crm", Target("http://127.0.0.1:1/mcp"))


class Fake:
    def __init__(self) -> None:
        self.code: str | None = None
        self.calls = 0
        self.closed = 0

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        self.calls += 1
        if self.code is not None:
            raise UpstreamFault("x", code=self.code)
        return Answer(200, ())

    async def close(self) -> None:
        self.closed += 1


async def code_of(guarded: Guarded) -> str:
    try:
        await guarded.forward(OUT, NO_CREDENTIAL)
    except UpstreamFault as fault:
        return fault.code
    return ""


@pytest.mark.parametrize("code", ["upstream.unreachable", "upstream.timeout"])
async def test_five_failures_in_a_row_open_the_breaker_for_ten_seconds(code: str) -> None:
    fake, clock = Fake(), Clock(0.0)
    guarded = Guarded(fake, clock)
    fake.code = code
    assert [await code_of(guarded) for _ in range(6)] == [code] * 5 + ["upstream.breaker"]
    clock.now = 9.9
    assert await code_of(guarded) == "upstream.breaker"
    clock.now = 10.0
    assert [await code_of(guarded) for _ in range(2)] == [code, "upstream.breaker"]  # one may try
    clock.now = 20.0
    fake.code = None
    assert [await code_of(guarded) for _ in range(2)] == ["", ""]
    assert fake.calls == 8


async def test_an_answer_in_between_begins_anew() -> None:
    fake = Fake()
    guarded = Guarded(fake, Clock(0.0))
    for _ in range(3):
        fake.code = "upstream.unreachable"
        assert [await code_of(guarded) for _ in range(4)] == ["upstream.unreachable"] * 4
        fake.code = None
        assert await code_of(guarded) == ""


@pytest.mark.parametrize("code", ["upstream.unauthorized", "upstream.garbage", "upstream.closed", "limit.overload"])
async def test_a_server_that_answers_badly_is_still_there(code: str) -> None:
    fake = Fake()
    fake.code = code
    guarded = Guarded(fake, Clock(0.0))
    assert {await code_of(guarded) for _ in range(9)} == {code}


def snapshot(version: int, *servers: Server, **more: Any) -> Snapshot:
    return Snapshot(version, "", {s.id: s for s in servers}, {}, Keys(b"", "", ()), **more)


async def test_one_upstream_a_server_made_when_first_needed() -> None:
    made: list[str] = []

    def make(server: Server, _: Snapshot) -> Fake:
        made.append(server.id)
        return Fake()

    upstreams = Upstreams(make, Clock(0.0), snapshot(1, CRM))
    assert made == []
    assert upstreams.get(CRM) is upstreams.get(CRM)
    assert made == ["crm"]
    await upstreams.close()


@pytest.mark.parametrize(
    ("after", "closed"),
    [
        (snapshot(2, CRM), False),
        (snapshot(2, msgspec.structs.replace(CRM, sensitivity="high")), False),
        (snapshot(2), True),
        (snapshot(2, msgspec.structs.replace(CRM, target=Target("http://127.0.0.1:2/mcp"))), True),
        (snapshot(2, msgspec.structs.replace(CRM, response_headers=frozenset({b"x"}))), True),
        (snapshot(2, CRM, limits=Limits(response_bytes=1)), True),
    ],
)
async def test_a_new_snapshot_closes_what_it_changes(after: Snapshot, closed: bool) -> None:
    fakes: list[Fake] = []

    def make(*_: Any) -> Fake:
        fakes.append(Fake())
        return fakes[-1]

    upstreams = Upstreams(make, Clock(0.0), snapshot(1, CRM))
    first = upstreams.get(CRM)
    upstreams.apply(after)
    for _ in range(20):
        await asyncio.sleep(0)
    assert fakes[0].closed == closed
    if after.servers:
        assert (upstreams.get(after.servers["crm"]) is first) != closed
    await upstreams.close()
    assert all(fake.closed == 1 for fake in fakes)


MOVED = msgspec.structs.replace(CRM, target=Target("http://127.0.0.1:2/mcp"))


class Holding(Fake):
    """Answers when it is let go, with a stream if it was told so."""

    def __init__(self, stream: bool) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.stream = stream

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        await self.free.wait()
        return Answer(200, (), events=_none() if self.stream else None)


async def _none() -> AsyncIterator[Event]:
    for event in ():
        yield event


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_replaced_is_closed_when_its_last_call_is_over(stream: bool) -> None:
    fakes = [Holding(stream), Holding(stream)]
    upstreams = Upstreams(lambda *_: fakes.pop(0), Clock(0.0), snapshot(1, CRM))
    first = fakes[0]
    call = asyncio.ensure_future(upstreams.get(CRM).forward(OUT, NO_CREDENTIAL))
    await settle()
    upstreams.apply(snapshot(2, MOVED))
    await settle()
    assert first.closed == 0
    first.free.set()
    answer = await call
    await settle()
    if stream:
        assert first.closed == 0
        answer.abort()
        answer.abort()
        await settle()
    assert first.closed == 1
    await upstreams.close()


async def test_a_call_of_an_older_snapshot_takes_nothing_from_those_of_the_new_one() -> None:
    made: list[Fake] = []

    def make(*_: Any) -> Fake:
        made.append(Fake())
        return made[-1]

    upstreams = Upstreams(make, Clock(0.0), snapshot(1, CRM))
    upstreams.apply(snapshot(2, MOVED))
    new = upstreams.get(MOVED)
    await upstreams.get(CRM).forward(OUT, NO_CREDENTIAL)
    await settle()
    assert upstreams.get(MOVED) is new
    assert [fake.closed for fake in made] == [0, 1]
    await upstreams.close()


async def test_at_the_end_nobody_is_waited_for() -> None:
    held = Holding(False)
    upstreams = Upstreams(lambda *_: held, Clock(0.0), snapshot(1, CRM))
    call = asyncio.ensure_future(upstreams.get(CRM).forward(OUT, NO_CREDENTIAL))
    await settle()
    upstreams.apply(snapshot(2))
    await settle()
    assert held.closed == 0
    await asyncio.wait_for(upstreams.close(), 5)
    assert held.closed == 1
    call.cancel()
