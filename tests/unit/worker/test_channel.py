import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from doorward.worker.channel import Channel, ChannelClosed, Fields, Handle

Said = list[tuple[str, Fields]]


async def nothing(what: str, fields: Fields) -> Fields | None:
    return None


@asynccontextmanager
async def pair(handle: Handle) -> AsyncIterator[tuple[Channel, Callable[[], Awaitable[None]]]]:
    """An asking end, and how to end the answering one."""
    ours, theirs = socket.socketpair()
    asking, answering = await Channel.over(ours, nothing), await Channel.over(theirs, handle)
    tasks = [asyncio.create_task(channel.run()) for channel in (asking, answering)]

    async def ended() -> None:
        answering.close()
        await asyncio.wait(tasks)

    yield asking, ended
    asking.close()
    await asyncio.wait(tasks, timeout=5)


async def test_an_ask_gets_its_answer_also_a_large_one() -> None:
    async def echo(what: str, fields: Fields) -> Fields:
        return {"what": what, **fields}

    async with pair(echo) as (channel, _):
        text = "é\n" * 200_000
        assert await channel.ask("prepare", within=10, text=text) == {"what": "prepare", "text": text}
        answers = await asyncio.gather(*(channel.ask("n", within=10, n=n) for n in range(20)))
        assert [answer["n"] for answer in answers] == list(range(20))


async def test_what_is_told_arrives_in_order() -> None:
    said: Said = []

    async def listen(what: str, fields: Fields) -> Fields:
        said.append((what, fields))
        return {}

    async with pair(listen) as (channel, _):
        channel.tell("a", x=1)
        channel.tell("b")
        await channel.ask("c", within=10)
    assert said == [("a", {"x": 1}), ("b", {}), ("c", {})]


async def test_no_answer_in_time_is_a_timeout_and_a_late_one_harms_nobody() -> None:
    late = asyncio.Event()

    async def wait(what: str, fields: Fields) -> Fields:
        if what == "slow":
            await late.wait()
        return {"to": what}

    async with pair(wait) as (channel, _):
        with pytest.raises(TimeoutError):
            await channel.ask("slow", within=0.01)
        late.set()
        assert await channel.ask("quick", within=10) == {"to": "quick"}


async def test_the_end_of_the_other_side_ends_what_waits_and_what_comes_later() -> None:
    async def never(what: str, fields: Fields) -> Fields:
        await asyncio.Event().wait()
        return {}

    asked = asyncio.Event()

    async def note(what: str, fields: Fields) -> Fields:
        asked.set()
        return {}

    async with pair(note) as (channel, ended):
        channel.tell("x")
        await asked.wait()
        waiting = asyncio.create_task(channel.ask("y", within=10))
        await waiting
        await ended()
        with pytest.raises(ChannelClosed):
            await channel.ask("z", within=10)
        channel.tell("nobody hears this")


async def test_an_ask_under_way_fails_when_the_other_process_dies() -> None:
    ours, theirs = socket.socketpair()
    channel = await Channel.over(ours, nothing)
    reading = asyncio.create_task(channel.run())
    waiting = asyncio.create_task(channel.ask("pulse", within=10))
    await asyncio.sleep(0)
    theirs.close()
    with pytest.raises(ChannelClosed):
        await waiting
    await reading
