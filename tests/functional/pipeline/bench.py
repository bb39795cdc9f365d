"""The real pipeline between a scripted server, a journal in memory, a clock that stands still and a client that takes
notes. ``Bench.log`` holds what happened, in order: the proof of what came before what.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from doorward.core.audit import AuditRecord, Record
from doorward.core.errors import JournalFault
from doorward.core.exchange import Answer, Event, Headers, Inbound, Outbound, Reply
from doorward.core.finding import Finding, Text
from doorward.core.identity import Credential, Grant, Principal
from doorward.core.looking import Action
from doorward.core.policy import Mode, ToolRule, names
from doorward.core.snapshot import Keys, Server, Snapshot, Target
from doorward.gateway.live import Live
from doorward.gateway.meter import Meter
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.sessions import Sealer
from doorward.gateway.upstreams import Make, Upstreams
from doorward.stages.inspect import texts
from doorward.transports.sse import parse

TOKEN, OTHER = b"one-of-ours", b"another-of-ours"
SECRET = "123-45-6789"
JSON: Headers = ((b"content-type", b"application/json"),)
SSE: Headers = ((b"content-type", b"text/event-stream"),)
HASHING = b"h" * 32
LEGACY, MODERN = "2025-11-25", "2026-07-28"
CALLER = Principal("agent:one", issuer="doorward")
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def body(identifier: Any, method: str, params: Any = None, **more: Any) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": identifier, "method": method, **more}
    if params is not None:
        message["params"] = params
    if identifier is None:
        del message["id"]
    return json.dumps(message).encode()


def call(identifier: Any = 1, name: str = "find", arguments: Any = None, **params: Any) -> bytes:
    return body(identifier, "tools/call", {"name": name, "arguments": arguments or {}, **params})


def result(identifier: Any = 1, value: Any = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "result": value if value is not None else {}}).encode()


def event(data: bytes, *lines: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines) + b"data: " + data + b"\n\n"


class StoppedClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_800_000_000.0 + self.now


class MemoryJournal:
    """``fails``: called with each record; True says that the disk is full. ``fails_later``: that it is full by the time
    that the record is written.
    """

    def __init__(self, log: list[Any]) -> None:
        self._records: list[AuditRecord] = []
        self.fails: Callable[[AuditRecord], bool] = lambda _: False
        self.fails_later: Callable[[AuditRecord], bool] = lambda _: False
        self.synced_by: list[int] = []
        self.hold: asyncio.Event | None = None  # writes nothing before it is set
        self._log = log
        self._lost: set[int] = set()
        self._tickets = 0
        self._waiting: list[tuple[int, AuditRecord]] = []

    def append(self, taken: Record, *, early: bool = False) -> int:
        record = msgspec.json.decode(taken.line("writer", 0, ""), type=AuditRecord)
        if self.fails(record):
            raise JournalFault("no space left")
        self._tickets += 1
        self._waiting.append((self._tickets, record))
        asyncio.get_running_loop().call_soon(self.write)
        return self._tickets

    @property
    def records(self) -> list[AuditRecord]:
        self.write()
        return self._records

    def write(self) -> None:
        """What another thread does a moment later."""
        waiting, self._waiting = self._waiting, []
        for ticket, record in waiting:
            if self.fails_later(record):
                self._lost.add(ticket)
                continue
            self._records.append(record)
            self._log.append(("record", record.kind, record.phase))

    async def written(self, ticket: int | None = None) -> None:
        await asyncio.sleep(0)  # the loop goes on meanwhile
        if self.hold is not None:
            await self.hold.wait()
        self.write()
        if (self._tickets if ticket is None else ticket) in self._lost:
            raise JournalFault("no space left")

    async def synced(self, ticket: int | None = None) -> None:
        await self.written(ticket)
        self.synced_by.append(len(self.records))

    def close(self) -> None:
        pass


class Client:
    """What a client got. ``block`` holds the next event back until it is set."""

    def __init__(self, log: list[Any]) -> None:
        self._log = log
        self.reply: Reply | None = None
        self.status = 0
        self.headers: Headers = ()
        self.events: list[bytes] = []
        self.closed = False
        self.gone = False

    async def whole(self, reply: Reply) -> None:
        self._log.append(("whole", reply.status))
        if self.gone:
            raise ConnectionResetError("gone")
        assert self.reply is None
        assert not self.status
        self.reply, self.status, self.headers = reply, reply.status, reply.headers

    async def open(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._log.append(("open", status))
        assert not self.status
        self.status, self.headers = status, tuple(headers)

    async def event(self, raw: bytes) -> None:
        self._log.append(("event", raw))
        if self.gone:
            raise ConnectionResetError("gone")
        assert self.status
        assert not self.closed
        self.events.append(raw)

    async def close(self) -> None:
        self._log.append(("close",))
        assert self.status
        assert not self.closed
        self.closed = True

    @property
    def json(self) -> Any:
        assert self.reply is not None, "the answer is a stream"
        return json.loads(self.reply.body)

    @property
    def reason(self) -> str:
        """The stable reason, wherever the refusal puts it."""
        return reason_of(self.json)

    @property
    def data(self) -> list[bytes]:
        """The messages on the stream."""
        return [found for raw in self.events if (found := parse(raw).data)]

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)


def reason_of(answer: Any) -> str:
    if "error" in answer:
        return str(answer["error"]["data"]["reason"])
    return str(answer["result"]["_meta"]["io.doorward/decision"]["reason"])


Script = Callable[[Outbound], Answer | Awaitable[Answer]]


class Scripted:
    """A server: answers as it is told, and remembers what it saw."""

    def __init__(self, log: list[Any]) -> None:
        self._log = log
        self.seen: list[Outbound] = []
        self.credentials: list[Credential] = []
        self.aborted = 0
        self.script: Script = lambda outbound: self.json(result(_id_of(outbound)))

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        self._log.append(("forward", outbound.verb))
        self.seen.append(outbound)
        self.credentials.append(credential)
        answer = self.script(outbound)
        return answer if isinstance(answer, Answer) else await answer

    async def close(self) -> None:
        pass

    def json(self, data: bytes, status: int = 200, session: str | None = None, headers: Headers = JSON) -> Answer:
        return Answer(status, headers, data, session=session, abort=self._abort)

    def stream(self, *raws: bytes | BaseException, session: str | None = None) -> Answer:
        """Events, each of exactly these bytes; an exception is raised where it stands."""

        async def events() -> AsyncIterator[Event]:
            for raw in raws:
                if isinstance(raw, BaseException):
                    raise raw
                self._log.append(("server", raw))
                yield parse(raw)

        return Answer(200, SSE, events=events(), session=session, abort=self._abort)

    def _abort(self) -> None:
        self.aborted += 1


def _id_of(outbound: Outbound) -> Any:
    try:
        return json.loads(outbound.body).get("id")
    except (ValueError, AttributeError):
        return None


class Literal:
    """A scanner that finds literals. ``fault`` is raised instead."""

    def __init__(self, **literals: str) -> None:
        self.literals = literals
        self.fault: Exception | None = None
        self.seen: list[Text] = []

    def quiet(self, raw: bytes, direction: str) -> bool:
        return False

    def passes(self, raw: bytes, direction: str) -> bool:
        return False

    async def scan(self, raw: bytes, value: Any, direction: str) -> list[Finding]:
        return await self.scan_text(raw, texts(value), direction)

    async def scan_text(self, raw: bytes, texts: Sequence[Text], direction: str) -> list[Finding]:
        if self.fault is not None:
            raise self.fault
        self.seen.extend(texts)
        found = []
        for text in texts:
            for entity, literal in self.literals.items():
                at = text.string.find(literal)
                while at >= 0:
                    found.append(Finding(text, at, at + len(literal), entity, 1.0, "literal"))
                    at = text.string.find(literal, at + 1)
        return found


def rule(glob: str, mode: Mode) -> ToolRule:
    return ToolRule(glob, names([glob]), mode)


def actions(effect: str, severity: int = 3, entity: str = "US_SSN") -> Mapping[tuple[str, str], Action]:
    return {(entity, "arguments"): Action(effect, severity), (entity, "results"): Action(effect, severity)}


QUESTIONS = frozenset({"sampling", "elicitation", "roots", "tasks", "other"})
"""What a server may ask of clients here, and "other": answers of made-up shapes."""


def server(mode: Mode = Mode.ENFORCE, **settings: Any) -> Server:
    settings.setdefault("server_requests", QUESTIONS)
    settings.setdefault("strict_reading", mode.enforcing or any(r.mode for r in settings.get("tools", ())))
    return Server("crm", Target("http://127.0.0.1:1/mcp"), mode, **settings)


def snapshot(crm: Server, *, tools: Sequence[str] = ("*",), **settings: Any) -> Snapshot:
    rights = {"crm": names(tools)}
    agents = {
        hashlib.sha256(TOKEN).digest(): Grant(CALLER, rights, "grant-1"),
        hashlib.sha256(OTHER).digest(): Grant(Principal("agent:two", issuer="doorward"), {"crm": names(["*"])}),
    }
    keys = Keys(HASHING, "key-1", (b"s" * 32,))
    other = Server("other", Target("http://127.0.0.1:2/mcp"), crm.mode, strict_reading=crm.strict_reading)
    settings.setdefault("public_url", "https://mcp.example.com")
    return Snapshot(1, "digest", {"crm": crm, "other": other}, agents, keys, **settings)


class Bench:
    """One worker's pipeline. ``send`` plays a client's request and returns what the client got."""

    def __init__(
        self,
        mode: Mode = Mode.ENFORCE,
        *,
        crm: Server | None = None,
        make: Make | None = None,
        parts: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.log: list[Any] = []
        self.clock = StoppedClock()
        self.journal = MemoryJournal(self.log)
        self.server = Scripted(self.log)
        self.snapshot = snapshot(crm or server(mode), **settings)
        self.live = Live(self.snapshot)
        self.sealer = Sealer(self.snapshot.keys.sealing)
        self.upstreams = Upstreams(make or (lambda *_: self.server), self.clock, self.snapshot)
        self.meter = Meter()
        self.pipeline = Pipeline(
            self.live, self.journal, self.upstreams, self.clock, self.meter, self.sealer, **(parts or {})
        )

    def inbound(self, data: bytes = b"", **fields: Any) -> Inbound:
        fields.setdefault("verb", "POST")
        fields.setdefault("token", TOKEN)
        fields.setdefault("received", self.clock.now)
        fields.setdefault("transport", "http")
        fields.setdefault("server", "crm")
        if "mirrors" in fields:
            fields.setdefault("headers", (*JSON, *fields["mirrors"]))
        fields.setdefault("traceparent", dict(fields.get("headers", ())).get(b"traceparent"))
        return Inbound(body=data, version_count=fields.pop("version_count", 1), **fields)

    async def send(self, data: bytes = b"", **fields: Any) -> Client:
        client = Client(self.log)
        await self.pipeline.serve(self.inbound(data, **fields), client)
        return client

    async def modern(self, method: str, params: dict[str, Any], identifier: Any = 1, **fields: Any) -> Client:
        """A request of 2026-07-28 with everything that belongs to it."""
        data = body(identifier, method, {**params, "_meta": {**META, **params.get("_meta", {})}})
        mirrors = [(b"mcp-method", method.encode())]
        name = params.get("name", params.get("uri"))
        if name is not None:
            mirrors.append((b"mcp-name", name.encode()))
        fields.setdefault("mirrors", (*mirrors, *fields.pop("more", ())))
        fields.setdefault("version", MODERN.encode())
        return await self.send(data, **fields)

    def sealed(self, upstream_id: str = "upstream-1", version: str = LEGACY, who: str | None = None) -> bytes:
        return self.sealer.seal("crm", who or CALLER.key, version, upstream_id)

    def start(self, data: bytes = b"", **fields: Any) -> tuple[Client, "asyncio.Task[None]"]:
        """The same, under way."""
        client = Client(self.log)
        return client, asyncio.ensure_future(self.pipeline.serve(self.inbound(data, **fields), client))

    @property
    def records(self) -> list[AuditRecord]:
        return self.journal.records

    def shape(self) -> list[tuple[str, str]]:
        return [(record.kind, record.phase) for record in self.records]

    def idle(self) -> bool:
        """Nothing is counted any more."""
        return self.pipeline.flow.calls == 0 and self.pipeline.flow.streams == 0
