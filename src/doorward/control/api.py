"""``/api/v1``: what is granted, revoked, excepted and decided, to read only (docs/api.md). Changes go through the CLI.

Nothing here is a secret: the store holds no token, and records hold no payload.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from doorward.control.audit.events import Events
from doorward.control.journal_view import Position, recent
from doorward.control.store import Issued, StoreFault
from doorward.control.store.rows import FOR_GOOD, Granted, Revoked
from doorward.core.audit import timestamp

T = TypeVar("T")

USUAL, MOST = 100, 500
"""Entries of a page: without ``limit``, and at most."""

FILTERS = ("identity", "server", "tool", "decision", "would_have", "reason", "mode", "kind", "exchange_id")
"""What ``/api/v1/decisions`` can be narrowed to: exact values."""

_NAMES = {"server": "mcp_server", "tool": "tool_name"}

SHOWN = (
    "timestamp",
    "kind",
    "phase",
    "exchange_id",
    "identity",
    "client",
    "act",
    "grant_id",
    "client_ip",
    "mcp_server",
    "method",
    "tool_name",
    "decision",
    "reason",
    "rules",
    "mode",
    "would_have",
    "severity",
    "override",
    "facts",
    "entities",
    "redaction_count",
    "policy_digest",
    "latency_ms",
    "gateway_ms",
    "detail",
    "writer",
    "seq",
)
"""Fields of a record that a page shows (docs/records.md)."""


class Shelf(Protocol):
    """The store, as far as it is needed here."""

    def grants_page(self, now: float, *, after: int = 0, limit: int = ...) -> list[tuple[int, Issued]]: ...

    def revocations(self, now: float, *, after: int = 0, limit: int = ...) -> list[tuple[int, Revoked]]: ...

    def overrides_page(self, now: float, *, after: int = 0, limit: int = ...) -> list[tuple[int, Granted]]: ...


class Api:
    """``audit`` is where the journals are; ``modes`` gives ``rollout.Modes`` or the like, ready for JSON."""

    def __init__(
        self, store: Shelf, audit: Path, modes: Callable[[], Mapping[str, Any]], now: Callable[[], float]
    ) -> None:
        self._store = store
        self._audit = audit
        self._modes = modes
        self._now = now
        self._events = Events(audit, now)

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/grants", self.grants),
            Route("/api/v1/revocations", self.revocations),
            Route("/api/v1/overrides", self.overrides),
            Route("/api/v1/modes", self.modes),
            Route("/api/v1/decisions", self.decisions),
            *self._events.routes(),
        ]

    def close(self) -> None:
        """End what goes on beside requests: live streams, and the index being built."""
        self._events.close()

    async def grants(self, request: Request) -> Response:
        return await self._page(request, self._store.grants_page, _grant)

    async def revocations(self, request: Request) -> Response:
        return await self._page(request, self._store.revocations, _revoked)

    async def overrides(self, request: Request) -> Response:
        return await self._page(request, self._store.overrides_page, override_shown)

    async def modes(self, request: Request) -> Response:
        _parameters(request, ())
        return JSONResponse(dict(self._modes()))

    async def decisions(self, request: Request) -> Response:
        given = _parameters(request, ("limit", "cursor", *FILTERS))
        limit, before = _limit(given), _position(given.get("cursor"))
        filters = {_NAMES.get(name, name): given[name] for name in FILTERS if name in given}

        def wanted(record: dict[str, Any]) -> bool:
            if record.get("phase") == "intent":  # its outcome says what was decided
                return False
            return all(record.get(name) == value for name, value in filters.items())

        found = await asyncio.to_thread(recent, self._audit, limit, before=before, wanted=wanted)
        items = [{name: record.get(name) for name in SHOWN} for record in found.records]
        cursor = ",".join(map(str, found.next)) if found.next is not None else None
        return JSONResponse({"items": items, "next": cursor, "whole": found.whole})

    async def _page(
        self,
        request: Request,
        read: Callable[..., list[tuple[int, T]]],
        show: Callable[[T], dict[str, Any]],
    ) -> Response:
        given = _parameters(request, ("limit", "cursor"))
        limit, after = _limit(given), _place(given.get("cursor"))
        try:
            rows = await asyncio.to_thread(read, self._now(), after=after, limit=limit + 1)
        except StoreFault as fault:
            return JSONResponse({"error": fault.code, "detail": fault.detail}, 503)
        following = str(rows[limit - 1][0]) if len(rows) > limit else None
        return JSONResponse({"items": [show(row) for _, row in rows[:limit]], "next": following})


def _grant(grant: Issued) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(grant)
    return shown | {"issued": _time(grant.issued), "expires": _time(grant.expires)}


def _revoked(revoked: Revoked) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(revoked)
    return shown | {"until": _time(revoked.until), "at": _time(revoked.at)}


def override_shown(granted: Granted) -> dict[str, Any]:
    """One override as ``/api/v1/overrides`` and ``doorward override list --json`` show it."""
    shown: dict[str, Any] = msgspec.to_builtins(granted.override)
    return shown | {
        "until": _time(granted.override.until),
        "why": granted.why,
        "by": granted.by,
        "created": _time(granted.created),
    }


def _time(seconds: float) -> str:
    """The calendar ends before numbers do: who revokes something for good may have written any."""
    return timestamp(min(seconds, FOR_GOOD))


def _parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The query, each parameter known and there once: a filter that is misspelt would show everything."""
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= set(known):
        raise HTTPException(400, f"known parameters, each once: {', '.join(known) or 'none'}")
    return given


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(USUAL))
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= MOST:
        raise HTTPException(400, f"limit is a number from 1 to {MOST}")
    return int(text)


def _place(text: str | None) -> int:
    if text is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise HTTPException(400, "cursor is what next said")
    return int(text)


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9TZ:.-]{1,32}),([0-9a-f]{1,64}),([0-9]{1,18})", text, re.ASCII)
    if found is None:
        raise HTTPException(400, "cursor is what next said")
    return found[1], found[2], int(found[3])
