"""A peer that floods us has a share of the event loop, and no more than that."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from doorward.transports import http_upstream, turns
from doorward.transports.http_upstream import EventStream
from doorward.transports.pipes import LineSource
from doorward.transports.stdio_turn import Mailbox

SEVERAL = 20


class Flood:
    """An answer whose next bytes are always here already."""

    ready = True

    def __init__(self, piece: bytes) -> None:
        self._piece = piece

    async def chunk(self) -> bytes:
        return self._piece

    def abort(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _a_clock_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at it takes a tenth of a millisecond."""
    looks = count()
    monkeypatch.setattr(turns, "monotonic", lambda: next(looks) / 10_000)


async def taken_until_others_had_turns(messages: AsyncIterator[object]) -> int:
    """How many messages somebody takes until another task was served a few times."""
    served = 0

    async def another() -> None:
        nonlocal served
        while True:
            served += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    taken = 0
    async for _ in messages:
        taken += 1
        if served >= SEVERAL or taken > 100_000:
            break
    task.cancel()
    return taken


@pytest.mark.parametrize("piece", [b"\n" * 65536, b":\n\n" * 20000, b"data: {}\n\n" * 6000])
async def test_a_flood_of_events_leaves_the_loop_to_others(piece: bytes) -> None:
    stream = EventStream(Flood(piece), 1 << 20)  # type: ignore[arg-type]  # all of an answer that it asks for
    assert await taken_until_others_had_turns(stream) < 1000


async def test_a_flood_of_lines_leaves_the_loop_to_others() -> None:
    source = LineSource(1 << 20)
    source.data_received(b"{}\n" * 100_000)
    source.connection_lost(None)
    assert await taken_until_others_had_turns(source) < 1000


async def test_lines_that_wait_for_a_client_leave_the_loop_to_others() -> None:
    box = Mailbox()
    for _ in range(100_000):
        box.put_now(b"{}")
    box.end()

    async def lines() -> AsyncIterator[bytes]:
        while (line := await box.take()) is not None:
            yield line

    assert await taken_until_others_had_turns(lines()) < 1000


async def test_little_is_cut_at_a_time_where_there_are_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutting is a turn too, and nothing interrupts it."""
    longest = 0

    class Watched(http_upstream.SseReader):
        def feed(self, data: bytes) -> list[http_upstream.Event]:
            nonlocal longest
            events = super().feed(data)
            longest = max(longest, len(events))
            return events

    monkeypatch.setattr(http_upstream, "SseReader", Watched)
    stream = EventStream(Flood(b"\n" * 65536), 1 << 20)  # type: ignore[arg-type]
    await taken_until_others_had_turns(stream)
    assert 0 < longest <= 512


async def test_a_long_event_is_cut_in_few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = 0

    class Watched(http_upstream.SseReader):
        def feed(self, data: bytes) -> list[http_upstream.Event]:
            nonlocal fed
            fed += 1
            return super().feed(data)

    monkeypatch.setattr(http_upstream, "SseReader", Watched)
    event = b'data: "' + b"x" * 65_000 + b'"\n\n'
    stream = EventStream(Flood(event), 1 << 20)  # type: ignore[arg-type]
    for _ in range(10):
        assert (await anext(stream)).raw == event
    assert fed < 150
