"""`doorward run` without the gateway: the wire alone, with a handler that lets everything pass. Started as a program.

python passthrough.py CMD ARGS...; limits in bytes from LINE_LIMIT. What is no line of the protocol goes to stderr. With
PROMPT_CHILD set, the child has ended before the call that signals it returns, as on a busy machine.
"""

import asyncio
import os
import sys

from doorward.transports.child import Child, child_environment, spawn
from doorward.transports.stdio import Overlong
from doorward.transports.stdio_run import StdioRun


class PassThrough:
    def __init__(self, wire: StdioRun) -> None:
        self.wire = wire

    async def from_client(self, line: bytes) -> None:
        await self.wire.to_server(line)

    async def from_server(self, line: bytes) -> None:
        await self.wire.to_client(line)

    async def closed(self, *, in_order: bool) -> None:
        print("server gone, in order" if in_order else "server gone", file=sys.stderr, flush=True)

    async def left(self) -> None:
        print("client gone", file=sys.stderr, flush=True)


async def overlong(side: str, line: Overlong) -> None:
    print("overlong:", side, line.nbytes, file=sys.stderr, flush=True)


def prompt(child: Child) -> None:
    signalled = child.signal

    def signal(number: int) -> None:
        signalled(number)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    child.signal = signal  # type: ignore[method-assign]


async def main() -> int:
    child = spawn(sys.argv[1:], child_environment(os.environ))
    if "PROMPT_CHILD" in os.environ:
        prompt(child)
    limit = int(os.environ.get("LINE_LIMIT", 1 << 20))
    wire = StdioRun(
        child,
        request_bytes=limit,
        response_bytes=limit,
        on_overlong=overlong,
    )
    return await wire.run(PassThrough(wire))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
