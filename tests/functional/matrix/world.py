"""A message on its way through the real pipeline with the real detectors: over HTTP, as a whole body or as an event of
a stream, and over a pipe.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import msgspec
from tests.functional.matrix.canaries import IDENTIFIER, Canary, asking, canary, carrying
from tests.functional.matrix.fields import UNKNOWN, Row
from tests.functional.pipeline.bench import CALLER, QUESTIONS, Bench, event, result, server

from doorward.core.looking import Action
from doorward.core.methods import is_modern, method_entry
from doorward.core.policy import Mode
from doorward.detection.secrets.held import Held
from doorward.detectors.patterns import Patterns
from doorward.detectors.secrets import Secrets
from doorward.gateway.catalogue import NoCatalogue
from doorward.gateway.duplex import Duplex
from doorward.gateway.scanning import Detectors

ENTITIES = ("EMAIL_ADDRESS", "CREDIT_CARD", "SECRET")
Wire = Literal["body", "event", "pipe"]


@cache
def detectors() -> Detectors:
    """The real ones, made once. Their deadline is for busy machines: what is late is another test's."""
    return Detectors([Patterns(Patterns.Options()), Secrets(Secrets.Options())], base=30.0, most=30.0)


def everywhere(effect: str) -> Mapping[tuple[str, str], Action]:
    """The same for each entity and both directions."""
    return {(entity, way): Action(effect) for entity in ENTITIES for way in ("arguments", "results")}


class Seen:
    """What came of one message. ``out``: what went on in its place, b"" for nothing; ``told``: all other bytes that
    either side got.
    """

    def __init__(self, row: Row, hidden: Canary, message: bytes, out: bytes, told: bytes, bench: Bench) -> None:
        self.row, self.hidden, self.message, self.out, self.told = row, hidden, message, out, told
        self.records = bench.records
        self.meters = json.dumps(bench.meter.export())

    def kept(self) -> str:
        """Everything that the gateway wrote down."""
        return "\n".join([*(msgspec.json.encode(record).decode() for record in self.records), self.meters])


class World:
    """One worker for one message."""

    def __init__(self, row: Row, number: int, version: str, wire: Wire, mode: Mode, **settings: Any) -> None:
        self.row, self.version, self.wire = row, version, wire
        self.hidden = canary(row, number)
        if settings.pop("held", False):
            settings["held"] = Held(self.hidden.spellings)
        asks = QUESTIONS | {UNKNOWN, str(self.hidden.value)}
        catalogue = NoCatalogue()
        self.bench = Bench(
            crm=server(mode, server_requests=asks),
            parts={"catalogue": catalogue, "alert": lambda record: None},
            scanner=settings.pop("scanner", detectors()),
            **settings,
        )
        for task in ("t-0", str(self.hidden.value)):
            catalogue.tasks.remember("crm", task, CALLER.key)

    async def run(self) -> Seen:
        message = json.dumps(carrying(self.row, self.hidden, self.version)).encode()
        if self.wire == "pipe":
            out, told = await self._through_a_pipe(message)
        elif self.row.sender == "client":
            out, told = await self._to_the_server(message)
        else:
            out, told = await self._to_the_client(message)
        return Seen(self.row, self.hidden, message, out, told, self.bench)

    # -- over HTTP

    async def _send(self, message: dict[str, Any]) -> Any:
        data = json.dumps(message).encode()
        if is_modern(self.version):
            method, params = str(message["method"]), message.get("params", {})
            mirrors = [(b"mcp-method", method.encode())]
            parameter = method_entry(method).name_param
            if parameter is not None and isinstance(params.get(parameter), str):
                mirrors.append((b"mcp-name", params[parameter].encode()))
            return await self.bench.send(data, mirrors=tuple(mirrors), version=self.version.encode())
        if message.get("method") == "initialize":
            return await self.bench.send(data)
        return await self.bench.send(data, session=self.bench.sealed(version=self.version))

    async def _to_the_server(self, message: bytes) -> tuple[bytes, bytes]:
        client = await self._send(json.loads(message))
        seen = self.bench.server.seen
        told = client.reply.body if client.reply is not None else b""
        if not seen:
            return b"", told
        told += b"".join(sent.body for sent in seen[1:]) + repr([sent.headers for sent in seen]).encode()
        # A refusal that is posted to a server that waits for an answer is no message of the client's.
        is_refusal = b"Refused by the security gateway" in seen[0].body
        return (b"", told + seen[0].body) if is_refusal else (seen[0].body, told)

    async def _to_the_client(self, message: bytes) -> tuple[bytes, bytes]:
        upstream, answers = self.bench.server, self.row.kind in ("result", "error")
        if answers and self.wire == "body":
            upstream.script = lambda _: upstream.json(message)
        else:
            events = [event(message)] if answers else [event(message), event(result(IDENTIFIER))]
            upstream.script = lambda sent: upstream.stream(*events) if sent is upstream.seen[0] else upstream.json(b"")
        client = await self._send(asking(self.row.method if answers else "tools/call", self.version))
        told = b"".join(sent.body for sent in upstream.seen)
        if client.reply is not None:
            return client.reply.body, told
        if answers:
            return b"".join(client.data), told
        passed = client.data[:-1]
        return b"".join(passed), told + b"".join(client.data[len(passed) :])

    # -- over a pipe

    async def _through_a_pipe(self, message: bytes) -> tuple[bytes, bytes]:
        to_server: list[bytes] = []
        to_client: list[bytes] = []

        async def there(data: bytes) -> None:
            to_server.append(data)

        async def back(data: bytes) -> None:
            to_client.append(data)

        version = None if is_modern(self.version) else self.version.encode()
        template = self.bench.inbound(transport="stdio", version=version)
        duplex = Duplex(self.bench.pipeline, template, there, back)
        if self.row.sender == "client":
            await duplex.from_client(message)
            mine, others = to_server, to_client
            mine = [data for data in mine if b"Refused by the security gateway" not in data]
            others = [*others, *(data for data in to_server if data not in mine)]
        else:
            if self.row.kind in ("result", "error"):
                await duplex.from_client(json.dumps(asking(self.row.method, self.version)).encode())
            await duplex.from_server(message)
            mine, others = to_client, to_server
        await duplex.left()
        return b"".join(mine), b"".join(others)


class Log(logging.Handler):
    """Everything that the product logs, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[Log]:
    """All that is logged meanwhile."""
    handler, root = Log(), logging.getLogger("doorward")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
