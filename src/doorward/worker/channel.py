"""The line between the supervisor and one worker: newline-delimited JSON over an inherited socket pair.

Either side may *ask* (and gets an answer, or a deadline) or *tell*. When one process ends, however it ends, the other
reads the end of the stream: that is how neither outlives the other by accident.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import msgspec

LONGEST_LINE = 64 << 20
"""Bytes. A line carries a whole configuration text or all metrics of a worker."""

Fields = dict[str, Any]
Handle = Callable[[str, Fields], Awaitable[Fields | None]]
"""(what, fields) -> the answer's fields. Asks are handled one after the other, in the order they came."""


class ChannelClosed(Exception):
    """The other process is gone."""


class Channel:
    """One end. ``handle`` gets what the other side asks or tells; ``run`` reads until the other side is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Fields]] = {}
        self._encode = msgspec.json.Encoder().encode
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode

    @classmethod
    async def over(cls, end: socket.socket, handle: Handle) -> "Channel":
        """A channel over one end of a ``socket.socketpair()``, which it then owns."""
        end.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LONGEST_LINE)
        return cls(reader, writer, handle)

    async def ask(self, what: str, *, within: float, **fields: Any) -> Fields:
        """The other side's answer. Raises TimeoutError after ``within`` seconds, ChannelClosed when nobody is there."""
        if self._writer.is_closing():
            raise ChannelClosed
        number = next(self._numbers)
        answer: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._write({"ask": number, "what": what, "fields": fields})
        try:
            async with asyncio.timeout(within):
                return await answer
        finally:
            self._waiting.pop(number, None)

    def tell(self, what: str, **fields: Any) -> None:
        """Say something that needs no answer."""
        self._write({"ask": 0, "what": what, "fields": fields})

    async def run(self) -> None:
        """Serve the line until it ends; what still waits for an answer then gets ChannelClosed."""
        try:
            while line := await self._reader.readline():
                await self._take(self._decode(line))
        except ConnectionError:
            pass
        finally:
            self.close()

    async def flush(self) -> None:
        """Wait until what was written has left this process, if the other side still reads."""
        try:
            await self._writer.drain()
        except ConnectionError:
            pass

    def close(self) -> None:
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ChannelClosed())

    async def _take(self, line: Any) -> None:
        if "answer" in line:
            waiting = self._waiting.get(line["answer"])
            if waiting is not None and not waiting.done():
                waiting.set_result(line["fields"])
            return
        answer = await self._handle(line["what"], line["fields"])
        if line["ask"]:
            self._write({"answer": line["ask"], "fields": answer or {}})

    def _write(self, line: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(self._encode(line) + b"\n")
