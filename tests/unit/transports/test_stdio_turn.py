"""The bounded way of lines from a child to one client."""

import asyncio
from contextlib import suppress

import pytest
from tests.garbage import uncollected

from doorward.core.errors import UpstreamFault
from doorward.transports.stdio_messages import Line
from doorward.transports.stdio_turn import Mailbox, Turn

BIG = b"x" * 200_000


async def test_lines_come_in_order_and_then_the_end() -> None:
    box = Mailbox()
    for line in (b"1", b"2"):
        assert await box.put(line)
    box.end()
    assert [await box.take(), await box.take(), await box.take()] == [b"1", b"2", None]
    assert not await box.put(b"3")


async def test_a_reader_waits_for_a_line() -> None:
    box = Mailbox()
    reader = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    await box.put(b"1")
    assert await reader == b"1"


async def test_a_fault_comes_after_the_lines_before_it() -> None:
    box = Mailbox()
    await box.put(b"1")
    box.end(UpstreamFault(code="upstream.crashed"))
    box.end()
    assert await box.take() == b"1"
    with pytest.raises(UpstreamFault) as found:
        await box.take()
    assert found.value.code == "upstream.crashed"


async def test_who_met_a_fault_is_not_left_to_the_garbage_collector() -> None:
    with uncollected() as found:
        box = Mailbox()
        box.end(UpstreamFault(code="upstream.crashed"))
        with suppress(UpstreamFault):
            await box.take()
        del box
    assert not found


async def test_a_writer_waits_while_it_is_full() -> None:
    box = Mailbox()
    await box.put(BIG)
    await box.put(BIG)
    writer = asyncio.create_task(box.put(BIG))
    await asyncio.sleep(0)
    assert not writer.done()
    await box.take()
    assert await writer
    assert box.count == 3


async def test_a_writer_is_released_when_the_reader_leaves() -> None:
    box = Mailbox()
    await box.put(BIG)
    await box.put(BIG)
    writer = asyncio.create_task(box.put(BIG))
    await asyncio.sleep(0)
    assert len(box.abandon()) == 2
    assert not await writer
    assert await box.take() is None


async def test_a_turn_is_over_once() -> None:
    over: list[Turn] = []
    turn = Turn([Line(b"", "request", 1, "ping"), Line(b"", "request", "1", "ping", token=5)], over.append)
    assert (turn.ids, turn.tokens, turn.method) == ({1, "1"}, {5}, "")
    seen: list[bytes] = []
    turn.observe = seen.append
    turn.answered(Line(b"answer", "response", 1, code=-1), 1)
    assert (turn.ids, turn.code, seen) == ({"1"}, -1, [b"answer"])
    turn.finish()
    turn.finish(UpstreamFault())
    assert over == [turn]
    assert turn.over.is_set()
    assert not turn.single
