"""Records as server-sent events: one follower of the journals, any number of filters, bounded queues."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from doorward.control.audit.filter import Filter
from doorward.control.audit.index import Hit
from doorward.control.audit.questions import placed
from doorward.control.audit.read import Follower

T = TypeVar("T")

PAUSE = 0.2
"""Seconds between two looks at the journals."""

HEARTBEAT = 15.0
"""Seconds without an event after which a comment is sent."""

MOST_WAITING = 1000
"""Events that wait for a reader; who is further behind is cut."""

SEND = 30.0
"""Seconds that a reader may take for what was sent."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Stream:
    """What one client is waiting for. All of it runs on the loop but ``fits``."""

    def __init__(self, asked: Filter, *, all_records: bool) -> None:
        self._asked = asked
        self._intents = all_records or asked.asks_for("phase")
        self._waiting: deque[bytes] = deque()
        self._given: dict[str, int] = {}  # of each writer the last that was missed and is told now
        self._live: dict[str, int] = {}  # and the first that came live
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self.ended = ""

    def fits(self, record: Mapping[str, Any]) -> bool:
        return (self._intents or record.get("phase") != "intent") and self._asked.matches(record)

    def offer(self, hits: Iterable[Hit]) -> None:
        """What just came. It never waits: a reader that is too slow is cut."""
        for hit in hits:
            _, writer, seq = hit.key
            if seq <= self._given.get(writer, -1) or self.ended:
                continue
            if len(self._waiting) >= MOST_WAITING:
                self.end("slow")
                return
            self._live.setdefault(writer, seq)
            self._waiting.append(_event(hit))
            self._news.set()

    async def give(self, hits: Sequence[Hit]) -> None:
        """What was missed, at the pace of the reader; it is not offered again."""
        for hit in hits:
            _, writer, seq = hit.key
            self._given[writer] = max(seq, self._given.get(writer, -1))
            if seq >= self._live.get(writer, seq + 1) or not self.fits(_decode(hit.raw)):
                continue
            while len(self._waiting) >= MOST_WAITING and not self.ended:
                self._room.clear()
                await self._room.wait()
            self._waiting.append(_event(hit))
            self._news.set()

    def end(self, why: str) -> None:
        """Nothing more comes, for the reason ``why``; the first one counts."""
        self.ended = self.ended or why
        self._news.set()
        self._room.set()

    async def events(self) -> bytes:
        """The next ones; empty after ``HEARTBEAT`` without one, and at the end."""
        if not self._waiting and not self.ended:
            self._news.clear()
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await self._news.wait()
            except TimeoutError:
                pass
        found = b"".join(self._waiting)
        self._waiting.clear()
        self._room.set()
        return found


class Broadcast:
    """All streams, and the follower that is there as long as one of them is."""

    def __init__(self, directory: Path, most: int) -> None:
        self._directory = directory
        self._most = most
        self._streams: set[Stream] = set()
        self._following: asyncio.Task[None] | None = None
        self._begun: asyncio.Future[None] | None = None
        self._closed = False

    async def join(self, asked: Filter, *, all_records: bool) -> Stream | None:
        """One more stream, of what comes from now on; None: there are enough. ``leave`` must follow."""
        if len(self._streams) >= self._most or self._closed:
            return None
        stream = Stream(asked, all_records=all_records)
        self._streams.add(stream)
        if self._following is None:
            self._begun = asyncio.get_running_loop().create_future()
            self._following = asyncio.create_task(self._follow(self._begun))
        assert self._begun is not None
        try:
            await asyncio.shield(self._begun)
        except BaseException:
            self.leave(stream)
            raise
        return stream

    def leave(self, stream: Stream) -> None:
        stream.end("left")
        self._streams.discard(stream)
        if not self._streams and self._following is not None:
            self._following.cancel()
            self._following = None

    def close(self) -> None:
        self._closed = True
        for stream in self._streams:
            stream.end("closing")

    async def _follow(self, begun: asyncio.Future[None]) -> None:
        try:
            follower = await _attempted(Follower, self._directory)
            begun.set_result(None)
            while True:
                await asyncio.sleep(PAUSE)
                for stream, hits in await _attempted(_sorted, follower, list(self._streams)):
                    stream.offer(hits)
        finally:
            if not begun.done():  # who joins waits for it
                begun.set_result(None)
            if self._begun is begun:
                self._following = None
                for stream in self._streams:
                    stream.end("unavailable")


async def _attempted(function: Callable[..., T], *arguments: Any) -> T:
    """In a thread; again where the journals cannot be read just now."""
    while True:
        try:
            return await asyncio.to_thread(function, *arguments)
        except OSError:
            await asyncio.sleep(PAUSE)


def _sorted(follower: Follower, streams: list[Stream]) -> list[tuple[Stream, list[Hit]]]:
    """The new records, by the stream that they are for. Runs in a thread: under load there are many."""
    found: dict[Stream, list[Hit]] = {stream: [] for stream in streams}
    for line in follower.poll():
        read = placed(line)
        if read is None:
            continue
        record, hit = read
        for stream, hits in found.items():
            if stream.fits(record):
                hits.append(hit)
    return list(found.items())


class LiveResponse(Response):
    """``text/event-stream`` of one stream. ``missed`` gives it first what its client has missed."""

    def __init__(self, broadcast: Broadcast, stream: Stream, missed: Callable[[], Awaitable[bool]] | None) -> None:
        super().__init__(media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._broadcast = broadcast
        self._stream = stream
        self._missed = missed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._stream
        tasks = [asyncio.create_task(_gone(receive, stream))]
        if self._missed is not None:
            tasks.append(asyncio.create_task(_catch_up(self._missed, stream)))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send(send, b": here is the log\n\n")
            while not stream.ended:
                found = await stream.events()
                if found or not stream.ended:
                    await self._send(send, found or b": nothing new\n\n")
            if stream.ended != "left":
                last = await stream.events() + b'event: end\ndata: {"reason":"%s"}\n\n' % stream.ended.encode()
                await self._send(send, last, more=False)
        except (TimeoutError, OSError):
            pass  # it does not read, or is gone
        finally:
            self._broadcast.leave(stream)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(SEND):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("left")


async def _catch_up(missed: Callable[[], Awaitable[bool]], stream: Stream) -> None:
    try:
        known = await missed()
    except Exception:  # noqa: BLE001 - whatever it is, the client is told to begin anew
        known = False
    if not known:
        stream.end("unknown")


def _event(hit: Hit) -> bytes:
    _, writer, seq = hit.key
    # Between the members of a line that somebody else wrote a carriage return is JSON; here it would end the line.
    return b"id: %s:%d\nevent: record\ndata: %s\n\n" % (writer.encode(), seq, hit.raw.replace(b"\r", b" "))
