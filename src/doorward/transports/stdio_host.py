"""A stdio server behind ``serve``: towards the client we are the HTTP server, towards the child we are its client.

    legacy   one child a session: `initialize` starts it, DELETE, idleness or its own end ends both
    modern   a pool of children for each owner; one request at a time on each, `subscriptions/listen` keeps its own

Ids are never renumbered: that is why nobody shares a child with somebody else at the same time. An owner is a principal
with all for whom it acts (``Principal.holder``): what an agent told a child for one person, it gets back for no other.
"""

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from secrets import token_urlsafe

import msgspec

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Answer, Event, Outbound, message_event
from doorward.core.identity import Credential, key_of
from doorward.core.message import Response, read
from doorward.core.snapshot import Limits, Server, Timeouts
from doorward.stages.mirrors import ParamMap, param_map
from doorward.transports import stdio_law as law
from doorward.transports.child import served_environment
from doorward.transports.stdio_backoff import Backoff
from doorward.transports.stdio_messages import Id, Line, read_line
from doorward.transports.stdio_nursery import Nursery
from doorward.transports.stdio_peer import Peer
from doorward.transports.stdio_turn import Mailbox, Turn

log = logging.getLogger(__name__)

_IDLE = 900.0  # seconds without a call until a child is ended
_CANCEL_GRACE = 2.0  # seconds that a cancelled modern request has to end before its child does
_STOP_GRACE = 2.0  # seconds for each step of the stop order
_SCHEMAS = 4096  # tools whose mirrored parameters are remembered


async def as_it_is(server_id: str, line: bytes) -> str:
    """What may be logged of a line where nobody looks into it: all."""
    return line.decode("utf-8", "backslashreplace")


class StdioUpstream:
    """``core.ports.Upstream`` for one server with a command. Lives in one worker: the children are its own.

    ``on_garbage(server_id, nbytes)`` is called for each line of a child that belongs to nobody, so that it is recorded.
    ``on_stderr(server_id, line)`` for each line of its standard error; it returns what may be logged of it.
    ``environ`` is what the children may inherit from (``child.served_environment`` chooses).
    """

    def __init__(
        self,
        server: Server,
        limits: Limits,
        timeouts: Timeouts,
        *,
        on_garbage: Callable[[str, int], None] = lambda server_id, nbytes: None,
        on_stderr: Callable[[str, bytes], Awaitable[str]] = as_it_is,
        environ: Mapping[str, str] | None = None,
        idle: float = _IDLE,
        backoff: Backoff | None = None,
        cancel_grace: float = _CANCEL_GRACE,
        stop_grace: float = _STOP_GRACE,
    ) -> None:
        self._timeouts = timeouts
        self._cancel_grace = cancel_grace
        self._sessions: dict[str, Peer] = {}
        self._pool: dict[str, list[Peer]] = {}  # owner -> idle modern children, the freshest last
        self._params: OrderedDict[tuple[str, str], ParamMap] = OrderedDict()  # by Principal.key and tool
        self._background: set[asyncio.Task[None]] = set()
        self.nursery = Nursery(
            server.id,
            server.target,
            served_environment(os.environ if environ is None else environ, server.target.env),
            limits,
            idle=idle,
            backoff=backoff or Backoff(),
            stop_grace=stop_grace,
            on_garbage=on_garbage,
            on_stderr=on_stderr,
            spare=lambda peer: peer.modern,
            gone=self._gone,
        )

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        """Answer as an HTTP server would. ``credential`` is not used: a child gets its secrets from its environment.

        Raises ``UpstreamFault``: ``upstream.crashed``,
        ``.timeout``, ``.unreachable``, ``.too_large``; ``limit.overload``.
        """
        if outbound.verb != "POST":
            return law.refuse_verb(outbound) or await self._bodyless(outbound)
        line = read_line(outbound.body)
        refused = law.refuse_post(outbound, line)
        if refused is not None or line is None:
            return refused or law.error(400, law.INVALID_REQUEST, "the body is not one JSON-RPC message")
        if outbound.modern and isinstance(line, Line):
            return await self._modern(outbound, line)
        return await self._legacy(outbound, (line,) if isinstance(line, Line) else line)

    async def close(self) -> None:
        """End every child in order; returns when all are gone."""
        await self.nursery.close()
        await asyncio.gather(*self._background, return_exceptions=True)

    # -- legacy: sessions

    async def _legacy(self, outbound: Outbound, lines: tuple[Line, ...]) -> Answer:
        if outbound.session is None:
            if len(lines) == 1 and lines[0].kind == "request" and lines[0].method == "initialize":
                return await self._initialize(outbound, lines[0])
            return law.error(400, law.INVALID_REQUEST, "a session id is required; send initialize first", lines[0].id)
        peer = self._session(outbound)
        if peer is None:
            return law.error(404, law.INVALID_REQUEST, "this session has ended or never was", lines[0].id)
        return await self._exchange(peer, outbound, lines, outbound.session)

    async def _initialize(self, outbound: Outbound, line: Line) -> Answer:
        peer = await self.nursery.start(outbound.owner, modern=False)
        session = token_urlsafe(24)
        self._sessions[session] = peer
        try:
            answer = await self._exchange(peer, outbound, (line,), session)
        except BaseException:
            self.nursery.end_soon(peer)  # nobody learnt the session id
            raise
        if answer.events is None and _failed(answer.body):
            self.nursery.end_soon(peer)  # no session came of it
            answer.session = None
        return answer

    async def _bodyless(self, outbound: Outbound) -> Answer:
        if outbound.session is None:
            return law.error(400, law.INVALID_REQUEST, "a session id is required")
        peer = self._session(outbound)
        if peer is None:
            return law.error(404, law.INVALID_REQUEST, "this session has ended or never was")
        if outbound.verb == "DELETE":
            self._sessions.pop(outbound.session, None)
            self.nursery.end_soon(peer)
            return Answer(200, ())
        if outbound.verb != "GET":
            return law.error(405, law.INVALID_REQUEST, "POST, GET and DELETE are known", headers=((b"allow", _VERBS),))
        box = peer.stand()
        return Answer(200, law.SSE, events=_standing(peer, box), abort=lambda: peer.leave(box))

    def _session(self, outbound: Outbound) -> Peer | None:
        peer = self._sessions.get(outbound.session or "")
        if peer is None or peer.stopping or peer.ended.is_set() or peer.owner != outbound.owner:
            return None
        return peer

    # -- modern: the pool

    async def _modern(self, outbound: Outbound, line: Line) -> Answer:
        tool = law.tool_name(outbound)
        params = self._params.get((key_of(outbound.owner), tool)) if tool is not None else None
        refused = law.refuse_modern(outbound, line, params)
        if refused is not None:
            return refused
        if line.kind == "notification":
            return await self._notify(outbound, line)
        peer = await self._acquire(outbound.owner)
        return await self._exchange(peer, outbound, (line,), None)

    async def _acquire(self, owner: str) -> Peer:
        idle = self._pool.get(owner, [])
        while idle:
            peer = idle.pop()
            if not (peer.stopping or peer.ended.is_set()):
                return peer
        return await self.nursery.start(owner, modern=True)

    async def _notify(self, outbound: Outbound, line: Line) -> Answer:
        """2026-07-28 defines no notification to a server over HTTP; an idle child gets it, if there is one.

        A `notifications/cancelled` is not passed on: over HTTP it is the closing of the stream that cancels.
        """
        idle = self._pool.get(outbound.owner, [])
        if idle and line.method != "notifications/cancelled":
            await idle[-1].send(outbound.body)
        return Answer(202, ())

    def _release(self, peer: Peer) -> None:
        if not (peer.stopping or peer.ended.is_set()):
            self._pool.setdefault(peer.owner, []).append(peer)

    def _gone(self, peer: Peer) -> None:
        idle = self._pool.get(peer.owner)
        if idle is not None:
            if peer in idle:
                idle.remove(peer)
            if not idle:
                del self._pool[peer.owner]
        for session in [session for session, held in self._sessions.items() if held is peer]:
            del self._sessions[session]

    # -- one POST

    async def _exchange(self, peer: Peer, outbound: Outbound, lines: tuple[Line, ...], session: str | None) -> Answer:
        requests = [line for line in lines if line.kind == "request"]
        if not requests:
            await peer.send(outbound.body)
            return Answer(202, (), session=session)
        turn = peer.open(requests, lambda turn: self._release(peer) if peer.modern else None)
        if turn is None:
            return law.error(400, law.INVALID_REQUEST, "a request with this id is under way already", requests[0].id)
        if turn.method == "tools/list" and peer.modern:
            turn.observe = lambda raw: self._learn(key_of(outbound.owner), raw)
        abort = _once(lambda: self._abort(peer, turn, requests))
        try:
            async with asyncio.timeout(self._timeouts.first_byte):
                await peer.send(outbound.body)
                first = await turn.box.take()
        except TimeoutError:
            abort()
            raise UpstreamFault("the server did not answer in time", code="upstream.timeout") from None
        except BaseException:
            abort()
            raise
        return self._answer(turn, first or b"", outbound, session, abort)

    def _answer(
        self, turn: Turn, first: bytes, outbound: Outbound, session: str | None, abort: Callable[[], None]
    ) -> Answer:
        """JSON if the first thing that came is the whole answer, else a stream that begins with it."""
        if turn.single:
            status = law.status_of(turn.code) if outbound.modern else 200
            return Answer(status, law.JSON, first, session=session, abort=abort)
        events = self._events(turn, first, outbound.endless, abort)
        return Answer(200, law.SSE, events=events, session=session, abort=abort)

    async def _events(self, turn: Turn, first: bytes, endless: bool, abort: Callable[[], None]) -> AsyncIterator[Event]:
        line: bytes | None = first
        whole = None if endless else self._timeouts.total
        idle = None if endless else self._timeouts.idle
        deadline = None if whole is None else asyncio.get_running_loop().time() + whole
        try:
            while line is not None:
                yield Event(message_event(line), line, None, b"message")
                async with asyncio.timeout_at(deadline), asyncio.timeout(idle):
                    line = await turn.box.take()
        except TimeoutError:
            raise UpstreamFault("the server did not answer in time", code="upstream.timeout") from None
        finally:
            abort()

    def _abort(self, peer: Peer, turn: Turn, requests: list[Line]) -> None:
        """The client has left, or everything is said. What leaving means is for a legacy server to say; a modern one on
        stdio is told, for it has no stream to see closed (MCP 2026-07-28 basic/utilities/cancellation)."""
        turn.box.abandon()
        if peer.modern and not turn.box.ended and not peer.stopping:
            task = asyncio.create_task(self._cancel(peer, turn, requests[0].id))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _cancel(self, peer: Peer, turn: Turn, identifier: Id | None) -> None:
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": identifier}}
        try:
            async with asyncio.timeout(self._cancel_grace):
                await peer.send(msgspec.json.encode(note))
                await turn.over.wait()
        except (TimeoutError, UpstreamFault):
            await self.nursery.end(peer)

    def _learn(self, caller: str, raw: bytes) -> None:
        """Remember which arguments of which tool are mirrored in headers, as this principal was told."""
        if b"x-mcp-header" not in raw and not self._params:
            return
        reading = read(raw)
        result = reading.result if isinstance(reading, Response) and isinstance(reading.result, dict) else {}
        tools = result.get("tools")
        for tool in tools if isinstance(tools, list) else []:
            if isinstance(tool, dict) and isinstance(name := tool.get("name"), str):
                self._params[caller, name] = param_map(tool.get("inputSchema"))
                self._params.move_to_end((caller, name))
        while len(self._params) > _SCHEMAS:
            self._params.popitem(last=False)


_VERBS = b"GET, POST, DELETE"


async def _standing(peer: Peer, box: Mailbox) -> AsyncIterator[Event]:
    try:
        while (line := await box.take()) is not None:
            yield Event(message_event(line), line, None, b"message")
    finally:
        peer.leave(box)


def _failed(body: bytes) -> bool:
    line = read_line(body)
    return isinstance(line, Line) and line.code is not None


def _once(act: Callable[[], None]) -> Callable[[], None]:
    done: list[bool] = []

    def once() -> None:
        if not done:
            done.append(True)
            act()

    return once
