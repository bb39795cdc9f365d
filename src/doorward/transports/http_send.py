"""What the pipeline sends, as one HTTP answer: JSON, or server-sent events."""

import asyncio
from collections.abc import Sequence

from doorward.core.exchange import Headers, Reply
from doorward.transports.http1 import Responder

_KEEP_ALIVE = 15.0  # seconds of silence on an open stream until a comment goes out, well under common idle limits


class HttpSend:
    """``Send`` over one HTTP answer, with comments on a stream that idles so that nothing on the way gives it up."""

    __slots__ = ("_cors", "_loop", "_responder", "_timer", "_touched")

    def __init__(self, responder: Responder, cors: Headers) -> None:
        self._responder = responder
        self._cors = cors
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._touched = 0.0

    async def whole(self, reply: Reply) -> None:
        headers = (*reply.headers, *self._cors) if self._cors else reply.headers
        self._responder.whole_now(reply.status, headers, reply.body)

    async def open(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        await self._responder.start(status, (*headers, *self._cors))
        self._loop = asyncio.get_running_loop()
        self._touched = self._loop.time()
        self._timer = self._loop.call_later(_KEEP_ALIVE, self._idle)

    async def event(self, raw: bytes) -> None:
        if self._loop is not None:
            self._touched = self._loop.time()
        await self._responder.write(raw)

    async def close(self) -> None:
        self.stop()
        await self._responder.end()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _idle(self) -> None:
        """A comment after a silence (MCP 2026-07-28, streamable HTTP: comments as keep-alive MUST be accepted)."""
        assert self._loop is not None
        quiet = self._loop.time() - self._touched
        if quiet >= _KEEP_ALIVE:
            quiet = 0.0
            self._touched = self._loop.time()
            self._responder.comment(b":\n\n")
        self._timer = self._loop.call_later(_KEEP_ALIVE - quiet, self._idle)
