"""Lines over pipes on the event loop, with back-pressure both ways; and our own stdin and stdout as such pipes."""

import asyncio
import os
import stat
import sys
from collections import deque
from collections.abc import AsyncIterator
from typing import IO

from doorward.transports.stdio import LineReader, Overlong
from doorward.transports.turns import Turn

_HELD = 64 * 1024  # bytes of finished lines that nobody has taken yet; above, the pipe is not read
_CHUNK = 64 * 1024


class LineSource(asyncio.Protocol):
    """The lines of one pipe, read no faster than they are taken. Iterate over it once; it ends with the pipe."""

    def __init__(self, limit: int) -> None:
        self._reader = LineReader(limit)
        self._lines: deque[bytes | Overlong] = deque()
        self._held = 0
        self._paused = False
        self._ended = False
        self._taker: asyncio.Future[None] | None = None
        self._transport: asyncio.ReadTransport | None = None
        self._turn = Turn()
        self.received = 0  # bytes; lets a watcher tell a quiet pipe from a busy one

    @property
    def idle(self) -> bool:
        """Whether the taker waits for a line and there is none."""
        return self._taker is not None and not self._lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's class does not derive from ReadTransport

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self._add(self._reader.feed(data))
        if self._held > _HELD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._ended:
            self._ended = True
            self._add(self._reader.finish())
            self._wake()

    def close(self) -> None:
        """Read no more. Lines that are here already can still be taken."""
        if self._transport is not None:
            self._transport.close()

    def __aiter__(self) -> AsyncIterator[bytes | Overlong]:
        return self

    async def __anext__(self) -> bytes | Overlong:
        if self._lines and self._turn.over:
            await asyncio.sleep(0)
            self._turn.begin()
        while not self._lines:
            if self._ended:
                raise StopAsyncIteration
            self._resume()
            self._taker = asyncio.get_running_loop().create_future()
            try:
                await self._taker
            finally:
                self._taker = None
            self._turn.begin()
        line = self._lines.popleft()
        if isinstance(line, bytes):
            self._held -= len(line)
        return line

    def _add(self, lines: list[bytes | Overlong]) -> None:
        if lines:
            self._lines.extend(lines)
            self._held += sum(len(line) for line in lines if isinstance(line, bytes))
            self._wake()

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()


class LineSink(asyncio.BaseProtocol):
    """Writes lines to one pipe. ``lost`` is done when the other side reads no more, or the sink was closed."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def write(self, line: bytes) -> None:
        """Send one line; returns when the pipe can take more. Raises ``BrokenPipeError`` if nobody reads.

        The line is handed over whole before anything is waited for, so a cancelled write cannot tear the framing.
        """
        if self._transport is None or self._transport.is_closing():
            raise BrokenPipeError
        self._transport.write(line + b"\n")
        if not self._room.is_set():
            await self._room.wait()
            if self.lost.done():
                raise BrokenPipeError

    def close(self) -> None:
        """Send what is pending, then end the stream."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop what is pending."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's class does not derive from WriteTransport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()


class FileSink:
    """stdout that no pipe transport can serve: a regular file, or one socket for both directions."""

    def __init__(self, descriptor: int) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._descriptor = descriptor

    async def write(self, line: bytes) -> None:
        """Send one line; returns when all of it was taken. Raises ``BrokenPipeError`` if nobody reads."""
        rest = memoryview(line + b"\n")
        while rest:
            if self.lost.done():
                raise BrokenPipeError
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await self._writable()
            except (BrokenPipeError, ConnectionResetError):
                self.close()

    def close(self) -> None:
        """Close the file."""
        if not self.lost.done():
            self.lost.set_result(None)
            os.close(self._descriptor)

    abort = close

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._descriptor)


async def source(pipe: IO[bytes], limit: int) -> LineSource:
    """The lines of a pipe that is ours to close. ``limit`` is the longest line in bytes."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.connect_read_pipe(lambda: LineSource(limit), pipe)
    return protocol


async def sink(pipe: IO[bytes]) -> LineSink:
    """A writer for a pipe that is ours to close."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.connect_write_pipe(LineSink, pipe)
    return protocol


async def file_lines(descriptor: int, limit: int) -> AsyncIterator[bytes | Overlong]:
    """The lines of a descriptor that the event loop cannot watch (a regular file, /dev/null)."""
    loop = asyncio.get_running_loop()
    reader = LineReader(limit)
    try:
        while data := await loop.run_in_executor(None, os.read, descriptor, _CHUNK):
            for line in reader.feed(data):
                yield line
        for line in reader.finish():
            yield line
    finally:
        os.close(descriptor)


async def own_stdin(limit: int, descriptor: int = 0) -> AsyncIterator[bytes | Overlong]:
    """Our own stdin as lines. Afterwards ``descriptor`` itself reads /dev/null."""
    ours = _own(descriptor, os.O_RDONLY)
    _replace(descriptor, os.open(os.devnull, os.O_RDONLY))
    if _watchable(ours):
        return await source(os.fdopen(ours, "rb", buffering=0), limit)
    return file_lines(ours, limit)


async def own_stdout(descriptor: int = 1, *, stdin: int = 0, stray: int = 2) -> LineSink | FileSink:
    """Our own stdout as a sink. Afterwards whatever prints goes to ``stray``: only messages may stand on stdout.

    ``stdin`` is looked at, before ``own_stdin`` takes it: a pipe transport that writes takes arriving bytes for an end.
    """
    both_ways = _one_socket(stdin, descriptor)
    ours = _own(descriptor, os.O_WRONLY)
    _replace(descriptor, os.dup(stray))
    if _watchable(ours) and not both_ways:
        return await sink(os.fdopen(ours, "wb", buffering=0))
    return FileSink(ours)


def _one_socket(first: int, second: int) -> bool:
    return stat.S_ISSOCK(os.fstat(first).st_mode) and os.path.sameopenfile(first, second)


def _watchable(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _own(descriptor: int, flags: int) -> int:
    """A descriptor for the same pipe that we may set non-blocking.

    O_NONBLOCK belongs to the open file, which stdout often shares with stderr, and stderr with the child: there it
    would make writes fail. Opening the pipe or terminal anew gives an open file of our own; others stay shared.
    """
    mode = os.fstat(descriptor).st_mode
    if sys.platform == "linux" and (stat.S_ISFIFO(mode) or os.isatty(descriptor)):
        try:
            return os.open(f"/proc/self/fd/{descriptor}", flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            pass  # somebody else's pipe, no /proc, or no reader: then the shared one
    return os.dup(descriptor)


def _replace(descriptor: int, by: int) -> None:
    os.dup2(by, descriptor, inheritable=True)
    os.close(by)
