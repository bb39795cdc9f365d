"""One child process behind ``serve``: which line of its output goes into which HTTP answer.

    a response              the POST that asked, by id
    progress                the POST that asked with this token
    everything else         the GET stream, else the oldest open POST, else a queue of 100 and 4 MiB (legacy; a modern
                            server has no business to speak unasked, and what it says then is dropped)
    no message at all       nobody; it is logged without its text and reported. But an answer that nobody can read goes
                            to the POST that asked, where its id is plain

Slowness goes back the same way: a full answer stops the reading of the child.
"""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from doorward.core.errors import UpstreamFault
from doorward.core.identity import key_of
from doorward.transports import child_watch, pipes
from doorward.transports.child import Child
from doorward.transports.complaints import Complaints
from doorward.transports.stdio import Overlong, one_line
from doorward.transports.stdio_messages import Id, Line, read_line, unclear_answer
from doorward.transports.stdio_turn import Mailbox, Turn

log = logging.getLogger(__name__)

_QUEUED = 100  # messages that wait for a GET stream
_QUEUED_BYTES = 4 * 1024 * 1024  # of theirs together; one that is larger waits alone
_OPEN = 1000  # requests under way at once, those included whose client has left
_LEFTOVER = 0.5  # seconds for output of processes that outlive the child's leader
_STDERR_LINE = 8192  # bytes of one line of stderr

CRASHED = "upstream.crashed"


class Peer:
    """A running server. ``on_garbage(nbytes)`` hears of lines that belong to nobody; ``on_stderr(line)`` of what it
    writes there, and returns what may be logged of it; ``on_end(peer)`` hears of its end.
    """

    def __init__(
        self,
        server_id: str,
        owner: str,
        child: Child,
        *,
        modern: bool,
        limit: int,
        stop_grace: float,
        on_garbage: Callable[[int], None],
        on_stderr: Callable[[bytes], Awaitable[str]],
        on_end: Callable[["Peer"], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.owner = owner
        self.caller = key_of(owner)  # whose child it counts as
        self.modern = modern
        self.stopping = False
        self.started = self.used = loop.time()
        self.ended = asyncio.Event()
        self.dropped = 0  # messages that found no reader
        self._server_id = server_id
        self._complaints = Complaints(log, server_id)
        self._child = child
        self._limit = limit
        self._stop_grace = stop_grace
        self._on_garbage = on_garbage
        self._on_stderr = on_stderr
        self._on_end = on_end
        self._begun = False
        self._turns: list[Turn] = []  # oldest first
        self._by_id: dict[Id, Turn] = {}
        self._by_token: dict[Id, Turn] = {}
        self._standing: Mailbox | None = None
        self._queue: deque[bytes] = deque()
        self._queued = 0  # bytes in it
        self._sink: pipes.LineSink | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._life: asyncio.Task[None] | None = None

    # -- life

    async def start(self) -> None:
        """Take over the child's pipes. Raises ``OSError`` if that fails; the child is gone then."""
        opened: list[pipes.LineSource | pipes.LineSink] = []
        try:
            opened.append(source := await pipes.source(self._child.stdout, self._limit))
            opened.append(sink := await pipes.sink(self._child.stdin))
            assert self._child.stderr is not None
            opened.append(stderr := await pipes.source(self._child.stderr, _STDERR_LINE))
        except BaseException:
            for end in opened:  # the loop closes its own: closed under it, their numbers would be somebody else's
                end.close()
            for pipe in (self._child.stdout, self._child.stdin, self._child.stderr)[len(opened) :]:
                if pipe is not None:
                    pipe.close()
            self._child.reap()
            raise
        self._sink = sink
        self._life = asyncio.create_task(self._live(source, stderr))

    async def close(self) -> None:
        """End the child in order (stdin, wait, SIGTERM, wait, SIGKILL) and return when it is gone."""
        self.stopping = True
        if self._stopping is None and self._sink is not None:
            self._sink.close()
            self._stopping = asyncio.create_task(child_watch.stop(self._child, self._stop_grace))
        await self.ended.wait()

    @property
    def idle(self) -> bool:
        """Whether no client waits for anything from it: it has had its first call (it was started for one), and a call
        whose client has left keeps nothing alive for ever.
        """
        return self._begun and self._standing is None and all(turn.box.abandoned for turn in self._turns)

    async def _live(self, source: pipes.LineSource, stderr: pipes.LineSource) -> None:
        reading = asyncio.create_task(self._read(source))
        telling = asyncio.create_task(self._tell(stderr))
        exited = asyncio.create_task(child_watch.exited(self._child))
        try:
            await asyncio.wait({reading, exited}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                await self._leftover(reading, source)
            else:  # it closed its output and can answer nothing any more
                assert self._sink is not None
                self._sink.close()
                await child_watch.stop(self._child, self._stop_grace)
        finally:
            for task in (reading, telling, exited, self._stopping):
                if task is not None:
                    task.cancel()
            self._gone(source, stderr)

    async def _leftover(self, reading: "asyncio.Task[None]", source: pipes.LineSource) -> None:
        """Let everything be taken that was written before the end, but wait for no process that lives on."""
        await asyncio.wait({reading}, timeout=_LEFTOVER)
        self._child.signal(signal.SIGKILL)
        while not reading.done() and not self.stopping:
            received = source.received
            await asyncio.wait({reading}, timeout=_LEFTOVER)
            if source.idle and source.received == received:
                return

    def _gone(self, *sources: pipes.LineSource) -> None:
        code = self._child.reap()
        self._complaints.finish()
        for source in sources:
            source.close()
        if self._sink is not None:
            self._sink.abort()
        if not self.stopping:
            log.warning("server %s: its process ended unasked, exit code %d", self._server_id, code)
        self.ended.set()
        for turn in list(self._turns):
            turn.finish(UpstreamFault("the server's process has ended", code=CRASHED))
        if self._standing is not None:
            self._standing.end()
        self._on_end(self)

    # -- towards the child

    def open(self, requests: Sequence[Line], over: Callable[[Turn], None] = lambda turn: None) -> Turn | None:
        """A turn for the requests of one POST, before they are sent; None if one of the ids is under way already.

        Raises ``UpstreamFault`` when too much is under way or the child is gone.
        """
        if self.ended.is_set():
            raise UpstreamFault("the server's process has ended", code=CRASHED)
        if len(self._turns) >= _OPEN:
            raise UpstreamFault("too many requests under way in one session", code="limit.overload")

        def close(turn: Turn) -> None:
            self._forget(turn)
            over(turn)

        ids = {line.id for line in requests}
        if len(ids) != len(requests) or any(identifier in self._by_id for identifier in ids):
            return None
        turn = Turn(list(requests), close)
        self._turns.append(turn)
        self._begun = True
        self._by_id.update(dict.fromkeys(turn.ids, turn))
        self._by_token.update(dict.fromkeys(turn.tokens, turn))
        return turn

    async def send(self, body: bytes) -> None:
        """Write one message or batch; waits while the child reads nothing."""
        self.used = asyncio.get_running_loop().time()
        try:
            assert self._sink is not None
            await self._sink.write(one_line(body))
        except BrokenPipeError:
            raise UpstreamFault("the server's process has closed its input", code=CRASHED) from None

    def stand(self) -> Mailbox:
        """The mailbox of a GET stream, with what has waited for one. One at a time: the newest gets everything."""
        box = Mailbox()
        if self._standing is not None:
            self._queue.extendleft(reversed(self._standing.abandon()))
        for line in self._queue:
            box.put_now(line)
        self._queue.clear()
        self._queued = 0
        if self.ended.is_set():
            box.end()
        self._standing = box
        return box

    def leave(self, box: Mailbox) -> None:
        """The reader of a GET stream has left; what it did not take waits for the next one."""
        if self._standing is box:
            self._standing = None
            self.used = asyncio.get_running_loop().time()
            for line in box.abandon():
                self._enqueue(line)

    def _forget(self, turn: Turn) -> None:
        self._turns.remove(turn)
        for table in (self._by_id, self._by_token):
            for key in [key for key, held in table.items() if held is turn]:
                del table[key]
        self.used = asyncio.get_running_loop().time()

    # -- from the child

    async def _read(self, source: pipes.LineSource) -> None:
        async for raw in source:
            if isinstance(raw, Overlong):
                self._overlong(raw)
                continue
            raw = one_line(raw)
            line = read_line(raw) or self._unclear(raw)
            if line is None:
                self._complain("a line of %d bytes on stdout is no message", len(raw))
                self._on_garbage(len(raw))
            elif isinstance(line, tuple):
                await self._batch(raw, line)
            elif line.kind == "response":
                await self._response(line)
            else:
                await self._other(line)

    def _unclear(self, raw: bytes) -> Line | None:
        line = unclear_answer(raw) if self._by_id else None
        return line if line is not None and line.id in self._by_id else None

    async def _tell(self, stderr: pipes.LineSource) -> None:
        async for line in stderr:
            if isinstance(line, Overlong):
                log.debug("server %s: stderr: a line of %d bytes", self._server_id, line.nbytes)
            else:
                said = await self._on_stderr(line)
                if log.isEnabledFor(logging.DEBUG):
                    log.debug("server %s: stderr: %s", self._server_id, _printable(said))

    async def _response(self, line: Line) -> None:
        turn = self._asked(line)
        if turn is None:
            self._complain("a response to no request that is under way")
            self._on_garbage(len(line.raw))
            return
        self._answer(turn, line)
        await turn.box.put(line.raw)
        if not turn.ids:
            turn.finish()

    async def _batch(self, raw: bytes, lines: tuple[Line, ...]) -> None:
        """An array goes whole to the POST that its first response answers."""
        turns = [turn for line in lines if line.kind == "response" and (turn := self._asked(line)) is not None]
        if not turns:
            await self._other(Line(raw, "notification"))
            return
        for line in lines:
            if line.kind == "response" and self._asked(line) is turns[0]:
                self._answer(turns[0], line)
        await turns[0].box.put(raw)
        if not turns[0].ids:
            turns[0].finish()

    def _asked(self, line: Line) -> Turn | None:
        """Who waits for this response. An error without an id answers the one request there is, if there is one."""
        if line.id is not None:
            return self._by_id.get(line.id)
        return self._turns[0] if len(self._by_id) == 1 and len(self._turns) == 1 else None

    def _answer(self, turn: Turn, line: Line) -> None:
        identifier = line.id if line.id is not None else next(iter(turn.ids))
        self._by_id.pop(identifier, None)
        turn.answered(line, identifier)

    async def _other(self, line: Line) -> None:
        if line.method == "notifications/progress" and line.token is not None:
            turn = self._by_token.get(line.token)
            if turn is not None:
                await turn.box.put(line.raw)
                return
        while (box := self._reader()) is not None:
            if await box.put(line.raw):
                return
        self._enqueue(line.raw)

    def _reader(self) -> Mailbox | None:
        if self._standing is not None and not (self._standing.abandoned or self._standing.ended):
            return self._standing
        return next((turn.box for turn in self._turns if not (turn.box.abandoned or turn.box.ended)), None)

    def _enqueue(self, raw: bytes) -> None:
        if not self.modern:
            self._queue.append(raw)
            self._queued += len(raw)
            while len(self._queue) > _QUEUED or (self._queued > _QUEUED_BYTES and len(self._queue) > 1):
                self._queued -= len(self._queue.popleft())
                self._drop()
            return
        self._drop()

    def _complain(self, text: str, *numbers: int) -> None:
        self._complaints.say(asyncio.get_running_loop().time(), text, *numbers)

    def _drop(self) -> None:
        self.dropped += 1
        self._complain("a message that nobody waits for was dropped, %d so far", self.dropped)

    def _overlong(self, line: Overlong) -> None:
        """Whose answer it was cannot be known any more, so everyone who waits gets an error instead of silence."""
        self._complain("a line of %d bytes on stdout is over the limit", line.nbytes)
        self._on_garbage(line.nbytes)
        for turn in list(self._turns):
            turn.finish(UpstreamFault("a message is larger than response_bytes", code="upstream.too_large"))


def _printable(text: str) -> str:
    """A line for the log: one line, whatever the server wrote."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
