"""Writes the example of ``docs/traces.md``: three agents in a chain, through the real pipeline and the real sink.

python -m tests.functional.pipeline.chain
"""

import asyncio
import base64
import gzip
import hashlib
import io
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.functional.pipeline.bench import LEGACY, SECRET, Bench, Client, Literal, Scripted, actions, call, result

from doorward.cli.audit.drawn import told_tree
from doorward.cli.audit.shown import Lines
from doorward.configtypes import Secret
from doorward.core.audit import AuditRecord
from doorward.core.delivery import Event
from doorward.core.exchange import Answer, Outbound
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Mode, names
from doorward.core.snapshot import Server, Target
from doorward.sinks.posting import Answer as Posted
from doorward.sinks.traces import Traces

DOCUMENT = Path(__file__).parents[3] / "docs" / "traces.md"
BEGIN, END = "<!-- made by tests/functional/pipeline/chain.py: {} -->\n", "<!-- end of {} -->\n"
SHOWN = (
    *("kind", "phase", "timestamp", "exchange_id", "trace_id", "span_id", "identity", "act", "mcp_server"),
    *("tool_name", "decision", "reason", "entities", "redaction_count", "latency_ms"),
)

ORCHESTRATOR, RESEARCHER, CRM = "agent:orchestrator", "agent:researcher", "agent:crm"
GRANTS = {
    ORCHESTRATOR: ((), {"research": ["investigate"]}),
    RESEARCHER: ((ORCHESTRATOR,), {"crm-agent": ["ask"]}),
    CRM: ((RESEARCHER, ORCHESTRATOR), {"records": ["get_customer"]}),
}
CUSTOMER = {"content": [{"type": "text", "text": f"Ada Example, SSN {SECRET}"}]}
_FLAT = r"\{[^{}]*\}"
_NESTED = rf"\{{(?:[^{{}}]|{_FLAT})*\}}"
_ATTRIBUTE = re.compile(rf'\{{\n *"key": "[^"]+",\n *"value": \{{(?:[^{{}}]|{_NESTED})*\}}\n *\}}')
"""One attribute in JSON, over several lines."""


class Chain:
    """The gateway, and the agents on both sides of it."""

    def __init__(self) -> None:
        with patch("doorward.gateway.call.token_hex", lambda _: "5fe2a0c41b7d93860f15"):
            self.bench = Bench(
                make=lambda server, *_: self.servers[server.id],
                scanner=Literal(US_SSN=SECRET),
                actions=actions("redact"),
            )
        self.bench.clock.now = 0.0
        grants = {
            hashlib.sha256(who.encode()).digest(): Grant(
                Principal(who, act=act), {server: names(tools) for server, tools in held.items()}
            )
            for who, (act, held) in GRANTS.items()
        }
        servers = {
            name: Server(name, Target(f"http://127.0.0.1:1/{name}"), Mode.ENFORCE, strict_reading=True, propagate=True)
            for name in ("research", "crm-agent", "records")
        }
        self.bench.live.swap(msgspec.structs.replace(self.bench.snapshot, version=2, agents=grants, servers=servers))
        self.servers = {name: Scripted(self.bench.log) for name in servers}
        self.servers["research"].script = self._researcher
        self.servers["crm-agent"].script = self._crm
        self.servers["records"].script = self._records

    async def run(self) -> list[AuditRecord]:
        await self._call(ORCHESTRATOR, "research", "investigate", None)
        return self.bench.records

    async def _call(self, who: str, server: str, tool: str, context: str | None) -> Client:
        """One agent calls a tool; it hands on the context that it was given."""
        meta = {} if context is None else {"_meta": {"traceparent": context}}
        self._took(4)
        data = call(1, tool, {"customer": "C-1001"}, **meta)
        return await self.bench.send(data, token=who.encode(), server=server, version=LEGACY.encode())

    async def _researcher(self, outbound: Outbound) -> Answer:
        await self._call(RESEARCHER, "crm-agent", "ask", _context(outbound))
        return self._answer("research", {"content": [{"type": "text", "text": "a customer since 2019"}]})

    async def _crm(self, outbound: Outbound) -> Answer:
        await self._call(CRM, "records", "get_customer", _context(outbound))
        await self._call(CRM, "records", "delete_customer", _context(outbound))
        return self._answer("crm-agent", {"content": [{"type": "text", "text": "found, and left as it is"}]})

    async def _records(self, outbound: Outbound) -> Answer:
        return self._answer("records", CUSTOMER)

    def _answer(self, server: str, value: Any) -> Answer:
        self._took(38)
        return self.servers[server].json(result(1, value))

    def _took(self, milliseconds: int) -> None:
        self.bench.clock.now += milliseconds / 1000


def _context(outbound: Outbound) -> str:
    context: str = json.loads(outbound.body)["params"]["_meta"]["traceparent"]
    return context


class Sent:
    """In the place of a collector."""

    def __init__(self) -> None:
        self.body = b""

    def post(self, body: bytes, headers: Any, path: str) -> Posted:
        self.body = gzip.decompress(body)
        return Posted(200)

    def close(self) -> None: ...


def spans(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What the sink sends of them, in OTLP's JSON: ids are hexadecimal there, and not base64."""
    traces, sent = Traces(Traces.Options(url=Secret("http://127.0.0.1:4318"))), Sent()
    traces._exporter._poster = sent  # type: ignore[assignment]
    traces.deliver([Event(record["event_id"], 0.0, "", record, b"") for record in records])
    made: dict[str, Any] = MessageToDict(ExportTraceServiceRequest.FromString(sent.body), use_integers_for_enums=True)
    for scope in made["resourceSpans"][0]["scopeSpans"]:
        for span in scope["spans"]:
            span.pop("flags", None)  # of the library, by its version
            if not span["status"]:
                del span["status"]
            for name in ("traceId", "spanId", "parentSpanId"):
                if name in span:
                    span[name] = base64.b64decode(span[name]).hex()
    return made


Make = Callable[[list[dict[str, Any]]], str]


def _tree(records: list[dict[str, Any]]) -> str:
    raws = [msgspec.json.encode(record) for record in records]
    told = "\n".join(told_tree(raws, Lines(io.StringIO(), open_intents=True), as_json=False))
    trace = records[0]["trace_id"]
    return f"```\n$ doorward audit query --trace {trace} --tree\n{told}\n```\n"


def _events(records: list[dict[str, Any]]) -> str:
    lines = [
        json.dumps({name: record[name] for name in SHOWN if record[name] not in ("", None, [], {}, 0)})
        for record in records
        if record["phase"] == "outcome"
    ]
    return "```\n" + "\n".join(lines) + "\n```\n"


def _spans(records: list[dict[str, Any]]) -> str:
    made = spans(records)
    (scope,) = made["resourceSpans"][0]["scopeSpans"]
    scope["spans"] = [scope["spans"][0], scope["spans"][-1]]
    text = json.dumps(made, indent=1)
    text = _ATTRIBUTE.sub(lambda found: json.dumps(json.loads(found[0])), text)
    return f"```json\n{text}\n```\n"


PARTS: dict[str, Make] = {"tree": _tree, "events": _events, "spans": _spans}


def written(text: str, run: Callable[[Awaitable[Any]], Any] = asyncio.run) -> str:
    """The document with its example as it must be."""
    records = json.loads(msgspec.json.encode(run(Chain().run())))
    for name, make in PARTS.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}{make(records)}{end}{tail}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
