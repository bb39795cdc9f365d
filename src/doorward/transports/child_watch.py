"""Waiting for a child process on the event loop, and ending one in order."""

import asyncio
import os
import signal

from doorward.transports.child import Child

_POLL = 0.05  # seconds; only where the system has no pidfd


async def exited(child: Child) -> None:
    """Return when the leader has ended; it is not reaped yet (Linux), so its group can still be signalled safely."""
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # no Linux, an old kernel, or already reaped
        while not child.exited():  # noqa: ASYNC110  (nothing else tells of it here)
            await asyncio.sleep(_POLL)
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def stop(child: Child, grace: float) -> None:
    """The rest of the stop order (MCP basic/lifecycle, "Shutdown"), once the caller has closed the child's stdin.

    Wait ``grace`` seconds, SIGTERM to the group, wait again, SIGKILL to the group. Returns when the leader has ended.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            async with asyncio.timeout(grace):
                await exited(child)
                return
        except TimeoutError:
            child.signal(number)
    await exited(child)
