"""kill -9 at any moment, under load: what a client was told is in the log, and the log says so itself (G1, G2, G5).

``DOORWARD_CHAOS=100`` makes a hundred rounds, with other moments each time (`make chaos`).
"""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from tests.chaos.running import Load, Running, Told, running, trace_of
from tests.hostile.scripted import Asked, Line
from tests.waiting import until

ROUNDS = int(os.environ.get("DOORWARD_CHAOS", "3"))
FEW, MANY = 0, 120
"""Answers between a gateway that is ready and the kill."""


class Silent:
    """An upstream that has calls and never answers: they are under way when everything is killed."""

    def __init__(self) -> None:
        self.traces: list[str] = []

    async def __call__(self, asked: Asked, line: Line) -> None:
        self.traces.append(trace_of(asked))
        await line.gone()


async def test_kills_of_one_worker_and_of_everything(tmp_path: Path) -> None:
    silent = Silent()
    with running(tmp_path, {"silent": silent}, workers=2) as chaos:
        gateway = chaos.gateway
        async with Load.on(gateway) as load:
            for number in range(ROUNDS):
                await load.answers(random.randint(FEW, MANY))
                os.kill(random.choice(gateway.workers), signal.SIGKILL)
                await gateway.ready(2)
                with load.slower():
                    await chaos.verify()
                await load.answers(random.randint(FEW, MANY))
                under_way = asyncio.create_task(chaos.call("silent"))
                await until(lambda number=number: len(silent.traces) > number)
                await gateway.kill()
                with pytest.raises((EOFError, ConnectionError)):
                    await under_way
                await asyncio.to_thread(gateway.start)
                with load.slower():
                    await chaos.verify()
        gateway.stop()
        told = await _all_is_told(chaos, load)
        for trace in silent.traces:
            assert told.phases(trace) == [("intent", "allow"), ("outcome", "error")]
        assert told.reasons("exchange") == {"journal.interrupted"}


async def _all_is_told(chaos: Running, load: Load) -> Told:
    await chaos.verify("--strict")
    told = chaos.told()
    assert load.refused == []
    assert told.unrecorded(set(chaos.forwarded.traces)) == set()  # not one was forwarded without an intent
    assert load.answered - told.passed() == set()  # not one was answered without an outcome
    assert told.unended() == []
    return told
