"""Children that come and go leave nothing behind: no process, no descriptor, no task."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable

import pytest
from tests.functional.stdio.conftest import Host, call_of, modern, tool
from tests.functional.stdio.processes import CHILDREN, descriptors
from tests.processes import children_of
from tests.waiting import until

from doorward.core.snapshot import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Make = Callable[..., Host]
AT_ONCE = 8
LIMITS = Limits(children_per_server=2 * AT_ONCE, children_per_principal=2 * AT_ONCE)


async def legacy(host: Host, number: int) -> None:
    session = await host.open()
    stream = await host.legacy(b"", session, verb="GET")
    if number % 2:
        stream.abort()
    assert (await host.legacy(b"", session, verb="DELETE")).status == 200


async def stateless(host: Host, number: int) -> None:
    answer = await host.modern(modern(tool("echo")), owner=f"user-{number}")
    assert answer.status == 200


async def vanishing(host: Host, number: int) -> None:
    """The client goes away before the child has answered."""
    task = asyncio.create_task(host.legacy(call_of("initialize", {})))
    for _ in range(number % 5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def come_and_go(host_of: Make, count: int) -> None:
    host = host_of(command="/bin/sh", script=str(CHILDREN / "tiny.sh"), limits=LIMITS)
    await legacy(host, 0)  # what is made once and kept is made now
    await host.modern(modern(tool("echo")))
    await until(lambda: len(host.upstream.nursery) == 1)
    gc.collect()
    before = descriptors(), len(asyncio.all_tasks()), len(children_of(os.getpid()))
    for start in range(0, count, AT_ONCE):
        kinds = (legacy, stateless, vanishing)
        work = [kinds[number % 3](host, number) for number in range(start, min(start + AT_ONCE, count))]
        await asyncio.gather(*work)
        await until(lambda: not any(peer.stopping for peer in host.upstream.nursery))
    for peer in host.upstream.nursery:
        await peer.close()
    await host.modern(modern(tool("echo")))  # the one child that was there before
    gc.collect()
    await until(lambda: (descriptors(), len(asyncio.all_tasks()), len(children_of(os.getpid()))) == before)
    assert host.upstream._sessions == {}
    assert list(host.upstream._pool) == ["alice"]


@pytest.mark.leaks
async def test_1000_children_leave_nothing(host_of: Make) -> None:
    await come_and_go(host_of, 1000)
