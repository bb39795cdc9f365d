"""A fleet whose processes cannot be started; the rest is in tests/functional."""

import asyncio
from pathlib import Path

import pytest
from tests.waiting import until

from doorward.supervisor.child import StartFault
from doorward.supervisor.fleet import Fleet
from doorward.supervisor.pace import Pace
from doorward.worker.service import Start
from doorward.worker.sockets import Place

NOWHERE = ("/nonexistent/program",)


def start(number: int) -> Start:
    return Start(number, 1, Path("x"), "", Place(2, "127.0.0.1", 0), Path("keys"), Path("audit"))


async def test_workers_that_cannot_be_started_end_it() -> None:
    with pytest.raises(StartFault, match="cannot be started: No such file"):
        await Fleet(NOWHERE, 2, start, Pace(attempts=1)).run()


async def test_what_no_call_needs_is_tried_again_for_ever() -> None:
    fleet = Fleet(NOWHERE, 1, start, Pace(attempts=1), "shipper", aside=True)
    running = asyncio.create_task(fleet.run())
    await until(lambda: fleet.restarts() >= 2)
    assert not running.done()
    assert fleet.status()[0]["reasons"] == ["not running: waits for its next start"]
    await fleet.stop(0.0)
    await running
