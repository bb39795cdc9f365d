"""``/api/v1/events``: questions to the log, by the page and as they come (docs/api.md).

A page is answered by the index, which is brought up to date in a thread before. Live events are read from the ends of
the journals by one follower for all streams.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from doorward.control.audit.filter import Filter, FilterError, parse
from doorward.control.audit.index import Hit, Index, IndexDamaged, IndexFault
from doorward.control.audit.index_build import milliseconds
from doorward.control.audit.index_query import Key
from doorward.control.audit.live import Broadcast, LiveResponse, Stream
from doorward.core.audit import timestamp

USUAL, MOST = 100, 500
"""Events of a page: without ``limit``, and at most."""

PATIENCE = 5.0
"""Seconds that a page waits for the index to be brought up to date."""

SECONDS = 10.0
"""Seconds that one question to the index may take."""

MOST_STREAMS = 16

BACK = 5000
"""Milliseconds before the last event that a client has seen, from which it is told again: writers are not in step."""


class Events:
    """The routes of the log at ``directory``. ``now``: seconds since the epoch, for ``since=24h``."""

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        self._directory = directory
        self._index = Index(directory)
        self._now = now
        self._updating: asyncio.Task[bool] | None = None
        self._complete = False
        self._progress = 0.0
        self._closing = False
        self._broadcast = Broadcast(directory, MOST_STREAMS)

    def routes(self) -> list[Route]:
        return [Route("/api/v1/events", self.page), Route("/api/v1/events/live", self.live)]

    def close(self) -> None:
        """End all streams, and what is building; their clients are told."""
        self._closing = True
        self._broadcast.close()

    async def page(self, request: Request) -> Response:
        given = _parameters(request, ("filter", "limit", "cursor", "all"))
        asked, limit, before = self._filter(given), _limit(given), _cursor(given.get("cursor"))
        try:
            fresh = await self._fresh()
            if not self._complete:
                detail = f"the index is being made: {self._progress:.0%} of the log is read; ask again"
                return _unavailable("index.building", detail)
            found = await self._asked(asked, limit + 1, before, _flag(given))
        except IndexFault as fault:
            return _unavailable("index.unavailable", str(fault))
        return _page(found[:limit], more=len(found) > limit, fresh=fresh)

    async def live(self, request: Request) -> Response:
        given = _parameters(request, ("filter", "all"))
        asked, all_records = self._filter(given), _flag(given)
        last = _last_event(request)
        stream = await self._broadcast.join(asked, all_records=all_records)
        if stream is None:
            return _unavailable("events.too_many", f"there are {MOST_STREAMS} live streams already")
        missed = None if last is None else partial(self._missed, stream, last, asked)
        return LiveResponse(self._broadcast, stream, missed)

    async def _missed(self, stream: Stream, last: tuple[str, int], asked: Filter) -> bool:
        """Give the stream what came since the last event that its client has seen; False: that is not known."""
        await self._fresh()  # it may have begun before the stream did
        if not await self._fresh():
            return False
        seen = await asyncio.to_thread(self._index.key, *last)
        if seen is None:
            return False
        after: Key = (seen[0] - BACK, "", -1)
        while True:
            found = await asyncio.to_thread(self._index.oldest, asked, MOST, after=after, all_records=True)
            await stream.give([hit for hit in found if (hit.key[1], hit.key[2]) != last])
            if len(found) < MOST:
                return True
            after = found[-1].key

    async def _asked(self, asked: Filter, limit: int, before: Key | None, all_records: bool) -> list[Hit]:
        for last in (False, True):
            try:
                return await asyncio.to_thread(
                    self._index.newest, asked, limit, before=before, all_records=all_records, seconds=SECONDS
                )
            except IndexDamaged:
                if last:
                    raise
                await self._fresh(rebuild=True)
        raise AssertionError

    async def _fresh(self, *, rebuild: bool = False) -> bool:
        """Bring the index up to date. False where it is not: that takes longer than ``PATIENCE`` and goes on, or
        another process is at it. Raises ``IndexFault``.
        """
        if self._updating is None or self._updating.done():
            self._updating = asyncio.create_task(asyncio.to_thread(self._update, rebuild))
        updating = self._updating
        await asyncio.wait({updating}, timeout=PATIENCE)
        if not updating.done():
            return False
        fresh = updating.result()
        self._complete = True
        return fresh

    def _update(self, rebuild: bool) -> bool:
        """In a thread. Where another process is at it, what is there is used."""

        def told(done: int, whole: int) -> None:
            self._progress = done / max(whole, 1)

        return self._index.update(rebuild=rebuild, wait=not self._complete, told=told, stopped=lambda: self._closing)

    def _filter(self, given: dict[str, str]) -> Filter:
        try:
            return parse(given.get("filter", ""), self._now())
        except FilterError as fault:
            raise HTTPException(400, f"filter: {fault}") from None


def _page(found: list[Hit], *, more: bool, fresh: bool) -> Response:
    """The records as they are in the journal: each is JSON already."""
    following = "null"
    if more:
        ts, writer, seq = found[-1].key
        following = f'"{timestamp((ts + 0.5) / 1000)},{writer},{seq}"'
    items = b",".join(hit.raw for hit in found)
    rest = f'],"next":{following},"fresh":{"true" if fresh else "false"}}}'.encode()
    return Response(b'{"items":[' + items + rest, media_type="application/json")


def _unavailable(error: str, detail: str) -> Response:
    return JSONResponse({"error": error, "detail": detail}, 503, {"Retry-After": "5"})


def _parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The query, each parameter known and there once: a filter that is misspelt would show everything."""
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= set(known):
        raise HTTPException(400, f"known parameters, each once: {', '.join(known)}")
    return given


def _limit(given: dict[str, str]) -> int:
    text = given.get("limit", str(USUAL))
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= MOST:
        raise HTTPException(400, f"limit is a number from 1 to {MOST}")
    return int(text)


def _flag(given: dict[str, str]) -> bool:
    text = given.get("all", "false")
    if text not in ("true", "false"):
        raise HTTPException(400, "all is true or false")
    return text == "true"


def _cursor(text: str | None) -> Key | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9TZ:.-]{24}),([0-9a-f]{32}),([0-9]{1,15})", text, re.ASCII)
    try:
        if found is not None:
            return milliseconds(found[1]), found[2], int(found[3])
    except ValueError:
        pass
    raise HTTPException(400, "cursor is what next said")


def _last_event(request: Request) -> tuple[str, int] | None:
    """``WRITER:SEQ`` of a client that was here before."""
    text = request.headers.get("last-event-id")
    if text is None:
        return None
    found = re.fullmatch(r"([0-9a-f]{32}):([0-9]{1,15})", text, re.ASCII)
    if found is None:
        raise HTTPException(400, "Last-Event-ID is the id of an event")
    return found[1], int(found[2])
