"""What crosses beside the messages, or is hard to read as one: each row of ``fields.EDGES`` has its test."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.functional.matrix.fields import EDGES
from tests.functional.matrix.world import Log, detectors, everywhere, listening
from tests.functional.pipeline.bench import JSON, LEGACY, Bench, Client, body, call, event, result

from doorward.core.errors import DetectorFault
from doorward.core.policy import Mode
from doorward.gateway.conversations import Conversations
from doorward.gateway.edge_records import EdgeRecords
from doorward.gateway.stderr import Stderr

CANARY = "canary.edge@corp-edge.example.org"
RAW = CANARY.encode()
CARD = 4117220000079196
ON_THE_WIRE = {"not-forwarded", "not-returned", "garbage"}
"""Shown on sockets and pipes alone (test_wire.py)."""


def bench(mode: Mode = Mode.ENFORCE, effect: str = "redact", **settings: Any) -> Bench:
    return Bench(mode, scanner=detectors(), actions=everywhere(effect), **settings)


def kept(of: Bench) -> str:
    return repr(of.records) + json.dumps(of.meter.export())


def entities(of: Bench) -> dict[str, int]:
    return of.records[-1].entities


def delivered(client: Client) -> bytes:
    assert client.reply is not None
    return client.reply.body


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    with listening() as heard:
        yield heard
    assert CANARY not in "\n".join(heard.lines)


def test_every_edge_is_shown() -> None:
    shown = {name.removeprefix("test_edge_").replace("_", "-") for name in globals() if name.startswith("test_edge_")}
    assert shown | ON_THE_WIRE == {edge.key for edge in EDGES}


async def test_what_is_refused_before_it_is_looked_into_is_not_told_either() -> None:
    of = bench(tools=["find"])
    for name in (CANARY, f"get_{CANARY}", "get_123-45-6789"):
        client = await of.send(call(1, name))
        assert client.reason == "policy.denied"
    assert of.server.seen == []
    assert [record.tool_name for record in of.records] == ["*", "*", "get_*"]
    assert "get_" not in delivered(client).decode()


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_edge_batch(mode: Mode) -> None:
    of = bench(mode)
    answers = b"[" + result(1, {"text": CANARY}) + b", " + result(2, {"text": "hello"}) + b"]"
    of.server.script = lambda _: of.server.json(answers)
    asked = b"[" + call(1, arguments={"to": CANARY}) + b" ," + call(2) + b"]"
    client = await of.send(asked, session=of.sealed(version="2025-03-26"))
    if mode is Mode.AUDIT:
        assert (of.server.seen[0].body, delivered(client)) == (asked, answers)
    else:
        assert RAW not in of.server.seen[0].body
        assert of.server.seen[0].body.endswith(b" ," + call(2) + b"]")
        assert RAW not in delivered(client)
    by_request = {record.exchange_id: record.entities for record in of.records if record.phase == "outcome"}
    assert sorted(found.get("EMAIL_ADDRESS", 0) for found in by_request.values()) == [0, 2]
    assert CANARY not in kept(of)


async def test_edge_replay() -> None:
    of = bench()
    late = [event(result(7, {"text": CANARY}), b"id: 8"), event(body(None, "notifications/x", {"note": CANARY}))]
    of.server.script = lambda _: of.server.stream(*late)
    client = await of.send(verb="GET", session=of.sealed(), last_event_id=b"7")
    assert [RAW in data for data in client.data] == [False, False]
    assert client.events[0].startswith(b"id: 8\n")
    assert entities(of) == {"EMAIL_ADDRESS": 2}
    assert CANARY not in kept(of)


async def test_edge_mcp_name() -> None:
    of = bench()
    await of.modern("resources/read", {"uri": f"crm://people/{CANARY}"})
    seen = of.server.seen[0]
    assert dict(seen.headers)[b"mcp-name"].decode() == json.loads(seen.body)["params"]["uri"]
    assert CANARY not in repr(seen.headers) + kept(of)


async def test_edge_mcp_param() -> None:
    of = bench()
    sentinel = b"=?base64?" + base64.b64encode(f"é {CANARY}".encode()) + b"?="
    arguments = {"plain": CANARY, "coded": f"é {CANARY}", "card_number": CARD}
    mirrors = ((b"mcp-param-plain", RAW), (b"mcp-param-coded", sentinel), (b"mcp-param-card", b"%d" % CARD))
    await of.modern("tools/call", {"name": "find", "arguments": arguments}, more=mirrors)
    seen = of.server.seen[0]
    redacted = json.loads(seen.body)["params"]["arguments"]
    headers = dict(seen.headers)
    assert headers[b"mcp-param-plain"].decode() == redacted["plain"]
    assert base64.b64decode(headers[b"mcp-param-coded"][9:-2]).decode() == redacted["coded"]
    assert int(headers[b"mcp-param-card"]) == redacted["card_number"] != CARD
    assert sentinel not in headers.values()
    assert CANARY not in kept(of) + repr(headers)


async def test_edge_header() -> None:
    of = bench()
    fields = ((b"baggage", b"user=" + RAW), (b"user-agent", RAW), (b"mcp-acme", RAW))
    await of.send(call(1), headers=(*JSON, *fields), mirrors=fields[-1:])
    assert set(fields) <= set(of.server.seen[0].headers)
    assert CANARY not in kept(of)


async def test_edge_session() -> None:
    of = bench()
    await of.send(verb="GET", session=of.sealed(CANARY), last_event_id=RAW)
    assert (of.server.seen[0].session, of.server.seen[0].last_event_id) == (CANARY, RAW)
    of.server.script = lambda _: of.server.json(result(1), session=CANARY)
    client = await of.send(body(1, "initialize", {"protocolVersion": LEGACY}))
    assert RAW not in client.header(b"mcp-session-id")  # type: ignore[operator]
    assert CANARY not in kept(of)


async def test_edge_event_lines() -> None:
    of = bench()
    lines = (b"id: " + RAW, b": " + RAW, b"retry: 10")
    of.server.script = lambda _: of.server.stream(event(result(1, {"text": CANARY}), *lines))
    client = await of.send(call(1))
    assert client.events[0].split(b"\n")[:3] == list(lines)
    assert RAW not in client.data[0]
    assert CANARY not in kept(of)


PAGES = {
    "text": f"no mailbox {CANARY}",
    "html": f"<h1>Sorry</h1><a href='mailto:{CANARY}'>ask</a>",
    "json": json.dumps({"detail": f"é {CANARY}"}),
    "escaped": json.dumps({"detail": CANARY}).replace("@", "\\u0040"),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_edge_error_page(mode: Mode, page: str) -> None:
    of = bench(mode)
    data = PAGES[page].encode()
    of.server.script = lambda _: of.server.json(data, 500, headers=((b"content-type", b"text/html"),))
    client = await of.send(call(1))
    assert entities(of)["EMAIL_ADDRESS"] >= 1
    assert CANARY not in kept(of)
    if mode is Mode.AUDIT:
        assert (client.status, delivered(client)) == (500, data)
    else:
        assert RAW not in delivered(client)
        assert RAW.replace(b"@", b"\\u0040") not in delivered(client)


async def test_edge_error_status() -> None:
    of = bench()
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": CANARY, "data": {"who": [CANARY]}}}
    of.server.script = lambda _: of.server.json(json.dumps(error).encode(), 400)
    client = await of.send(call(1))
    assert client.status == 400
    assert RAW not in delivered(client)
    assert entities(of) == {"EMAIL_ADDRESS": 2}
    assert CANARY not in kept(of)


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_edge_unreadable(mode: Mode) -> None:
    twice = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%b","name":"find"}}' % RAW
    of = bench(mode)
    client = await of.send(twice)
    assert len(of.server.seen) == (mode is Mode.AUDIT)
    assert RAW not in delivered(client)
    answer = b'{"jsonrpc":"2.0","id":1,"result":{"text":"%b","text":""}}' % RAW
    of.server.script = lambda _: of.server.json(answer)
    client = await of.send(call(1))
    assert (delivered(client) == answer) == (mode is Mode.AUDIT)
    assert of.records[-1].uninspected == 1
    assert CANARY not in kept(of)


IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0" + RAW + b"\0\xff").decode()


@pytest.mark.parametrize("binary", ["pass", "strip", "block"])
@pytest.mark.parametrize(
    "content", [{"type": "image", "data": IMAGE}, {"type": "resource", "resource": {"blob": IMAGE}}]
)
async def test_edge_binary(content: dict[str, Any], binary: str) -> None:
    of = bench(binary=binary)
    of.server.script = lambda _: of.server.json(result(1, {"content": [content]}))
    client = await of.send(call(1))
    assert (IMAGE.encode() in delivered(client)) == (binary == "pass")
    assert of.records[-1].uninspected == (1 if binary == "pass" else 0)
    assert ("isError" in client.json["result"]) == (binary == "block")
    assert CANARY not in kept(of)


async def test_edge_endpoint() -> None:
    of = bench()
    there = f"event: endpoint\ndata: /messages?user={CANARY}\n\n".encode()
    of.server.script = lambda _: of.server.stream(there, event(body(None, "notifications/x", {"text": CANARY})))
    client = Client(of.log)
    await Conversations(of.pipeline, of.sealer).open(of.inbound(verb="GET", transport="sse"), client)
    assert client.events[0].startswith(b"event: endpoint\ndata: /sse/crm/messages?session=")
    assert RAW not in b"".join(client.events)
    assert CANARY not in kept(of)


async def test_edge_stderr() -> None:
    of = bench()
    ids = iter(map(str, range(100)))
    stderr = Stderr(of.live, EdgeRecords(of.journal, of.clock, ids.__next__))
    said = await stderr("crm", b"cannot reach " + RAW)
    assert CANARY not in said
    assert said.startswith("cannot reach ")
    assert (of.records[-1].entities, of.records[-1].detail) == ({"EMAIL_ADDRESS": 1}, "stderr")
    assert CANARY not in kept(of)


async def test_a_line_of_standard_error_that_cannot_be_looked_through_is_not_logged() -> None:
    class Broken:
        def quiet(self, raw: bytes, direction: str) -> bool:
            return False

        async def scan_text(self, *_: Any) -> list[Any]:
            raise DetectorFault("it broke")

    of = Bench(Mode.ENFORCE, scanner=Broken())
    ids = iter(map(str, range(100)))
    said = await Stderr(of.live, EdgeRecords(of.journal, of.clock, ids.__next__))("crm", RAW)
    assert said == "a line that could not be looked through"
