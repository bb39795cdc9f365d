"""``doorward run``: one client on our stdin and stdout, one child on pipes, every line in order in each direction.

    client ──stdin──▶ from_client ─▶ to_server ──pipe──▶ child
    client ◀─stdout── to_client ◀─ from_server ◀──pipe── child

What one side does reaches the other: end of input, end of output, signals, the exit code, and slowness, for a line is
read only when the one before it was taken.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from doorward.core.errors import UpstreamFault
from doorward.transports import child_watch, pipes
from doorward.transports.child import Child
from doorward.transports.stdio import Overlong, one_line

_LEFTOVER = 0.5  # seconds that processes which outlive the child's leader get to finish their output
_TERMINATE = 1.5  # seconds from a SIGTERM to SIGKILL; clients follow theirs with SIGKILL after two
_GRACE = 2.0  # seconds for each step of the stop order when the client is gone
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class Handler(Protocol):
    """What stands between the two sides (``gateway.duplex.Duplex``)."""

    async def from_client(self, line: bytes) -> None: ...

    async def from_server(self, line: bytes) -> None: ...

    async def closed(self, *, in_order: bool) -> None:
        """The child has ended; whoever waits may still be told. ``in_order``: the client's messages ended before."""

    async def left(self) -> None:
        """The client has left."""


class StdioRun:
    """The wire of one ``run``. Make it, hand ``to_server`` and ``to_client`` to the handler, ``await run(handler)``.

    ``request_bytes`` and ``response_bytes`` bound a line; a longer one is discarded and told to
    ``on_overlong("client" | "server", line)``. ``stdin`` and ``stdout`` are our own two descriptors.
    """

    def __init__(
        self,
        child: Child,
        *,
        request_bytes: int,
        response_bytes: int,
        on_overlong: Callable[[str, Overlong], Awaitable[None]],
        stdin: int = 0,
        stdout: int = 1,
    ) -> None:
        self._child = child
        self._request_bytes = request_bytes
        self._response_bytes = response_bytes
        self._on_overlong = on_overlong
        self._descriptors = stdin, stdout
        self._server: pipes.LineSink | None = None
        self._client: pipes.LineSink | pipes.FileSink | None = None

    async def to_server(self, line: bytes) -> None:
        """Write one message to the child. Raises ``UpstreamFault`` if it reads no more."""
        try:
            assert self._server is not None
            await self._server.write(one_line(line))
        except BrokenPipeError:
            raise UpstreamFault("the server has closed its input", code="upstream.closed") from None

    async def to_client(self, line: bytes) -> None:
        """Write one message to the client. Raises ``BrokenPipeError`` if it reads no more."""
        assert self._client is not None
        await self._client.write(one_line(line))

    async def run(self, handler: Handler) -> int:
        """Carry everything until the child has ended and its output is delivered. Returns the exit code for us."""
        child = self._child
        try:
            from_server = await pipes.source(child.stdout, self._response_bytes)
            self._server = await pipes.sink(child.stdin)
            self._client = await pipes.own_stdout(self._descriptors[1], stdin=self._descriptors[0])
            from_client = await pipes.own_stdin(self._request_bytes, self._descriptors[0])
            handles = self._forward_signals()
            try:
                await self._carry(handler, from_client, from_server)
            finally:
                self._forget_signals(handles)
        finally:
            code = child.reap()
        return code if code >= 0 else 128 - code

    async def _carry(
        self, handler: Handler, from_client: AsyncIterator[bytes | Overlong], from_server: pipes.LineSource
    ) -> None:
        assert self._client is not None
        assert self._server is not None
        upward = asyncio.create_task(self._upward(handler, from_client))
        downward = asyncio.create_task(self._downward(handler, from_server))
        exited = asyncio.create_task(child_watch.exited(self._child))
        try:
            in_order = await self._first_end(upward, downward, exited)
            if self._client.lost.done():
                self._server.close()
                await child_watch.stop(self._child, _GRACE)
            else:
                await self._leftover(downward, from_server)
            await _cancel(upward, downward)
            await self._say_end(handler, in_order=in_order)
            self._client.close()
            await self._client.lost  # all of it was taken, or nobody takes it any more
            await exited  # a child that ended its output first may still be at work
        finally:
            await _cancel(upward, downward, exited)
            self._client.abort()
            self._server.abort()

    async def _say_end(self, handler: Handler, *, in_order: bool) -> None:
        assert self._client is not None
        try:
            if not self._client.lost.done():
                await handler.closed(in_order=in_order)
                return
        except BrokenPipeError:
            pass
        await handler.left()

    async def _first_end(
        self, upward: "asyncio.Task[None]", downward: "asyncio.Task[None]", exited: "asyncio.Task[None]"
    ) -> bool:
        """Return when the child or the client is gone. The end of the client's messages alone ends nothing; whether it
        came first is what is returned.
        """
        assert self._client is not None
        ends: set[asyncio.Future[None]] = {upward, downward, exited, self._client.lost}
        while True:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in done & {upward, downward}:
                task.result()
            if done != {upward}:
                return upward not in ends
            ends.discard(upward)

    async def _upward(self, handler: Handler, lines: AsyncIterator[bytes | Overlong]) -> None:
        assert self._server is not None
        try:
            async for line in lines:
                if isinstance(line, Overlong):
                    await self._on_overlong("client", line)
                else:
                    await handler.from_client(line)
        except UpstreamFault:
            pass  # the child reads no more; what it still has to say goes on
        finally:
            self._server.close()  # end of input, after all that was written
            if isinstance(lines, pipes.LineSource):
                lines.close()

    async def _downward(self, handler: Handler, lines: pipes.LineSource) -> None:
        try:
            async for line in lines:
                if isinstance(line, Overlong):
                    await self._on_overlong("server", line)
                else:
                    await handler.from_server(line)
        except BrokenPipeError:
            pass  # the client is gone; its sink says so
        finally:
            lines.close()

    async def _leftover(self, downward: "asyncio.Task[None]", lines: pipes.LineSource) -> None:
        """Deliver what the child wrote before it ended, however slow the client; then nobody of its group is left."""
        if downward.done():
            return
        assert self._client is not None
        await asyncio.wait({downward}, timeout=_LEFTOVER)
        self._child.signal(signal.SIGKILL)
        while not downward.done() and not self._client.lost.done():
            received = lines.received
            await asyncio.wait({downward, self._client.lost}, timeout=_LEFTOVER, return_when=asyncio.FIRST_COMPLETED)
            if lines.idle and lines.received == received:
                return  # a process that left the group holds the pipe open; it is no server of this client

    def _forward_signals(self) -> list[asyncio.TimerHandle]:
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []
        for number in _FORWARDED:
            loop.add_signal_handler(number, self._signalled, number, timers)
        return timers

    def _forget_signals(self, timers: list[asyncio.TimerHandle]) -> None:
        for timer in timers:
            timer.cancel()
        for number in _FORWARDED:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _signalled(self, number: signal.Signals, timers: list[asyncio.TimerHandle]) -> None:
        """Hand a signal on. After SIGTERM the end is certain: the client's next signal is one we cannot hand on."""
        late = self._child.exited()  # asked before: a child may end of this very signal, and what it says then counts
        self._child.signal(number)
        if number == signal.SIGTERM or late:
            delay = _TERMINATE if number == signal.SIGTERM else 0
            timers.append(asyncio.get_running_loop().call_later(delay, self._give_up))

    def _give_up(self) -> None:
        self._child.signal(signal.SIGKILL)
        if self._client is not None:
            self._client.abort()


async def _cancel(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
