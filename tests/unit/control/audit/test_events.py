import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.audit_logs import Log, Writer
from tests.unit.control.test_admin import Board, get
from tests.waiting import PATIENCE

from doorward.control.admin import application
from doorward.control.audit import events, live
from doorward.control.audit.events import MOST_STREAMS, Events
from doorward.control.audit.index import Index, IndexFault


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit")


@pytest.fixture
def asked(log: Log, monkeypatch: pytest.MonkeyPatch) -> Events:
    monkeypatch.setattr(live, "PAUSE", 0.01)
    return Events(log.directory, lambda: log.now)


async def page(asked: Events, question: str = "", expected: int = 200) -> Any:
    status, _, body = await get(f"/api/v1/events{question}", b"localhost", routes=asked.routes())
    assert status == expected, body
    return json.loads(body)


async def test_a_page_is_whole_records_the_newest_first(log: Log, asked: Events) -> None:
    writer = log.writer()
    for number in range(5):
        writer.call(tool_name=f"t{number}")
    found = await page(asked, "?filter=" + quote("tool=t* server=crm") + "&limit=2")
    assert [item["tool_name"] for item in found["items"]] == ["t4", "t3"]
    assert found["items"][0] == json.loads(writer.lines()[-1])
    assert found["fresh"] is True
    rest = await page(asked, f"?filter={quote('tool=t*')}&limit=3&cursor={found['next']}")
    assert [item["tool_name"] for item in rest["items"]] == ["t2", "t1", "t0"]
    assert rest["next"] is None
    writer.call(tool_name="t5")
    assert (await page(asked, "?limit=1"))["items"][0]["tool_name"] == "t5"


async def test_intents_are_shown_while_open_and_with_all(log: Log, asked: Events) -> None:
    writer = log.writer()
    writer.call()
    writer.intent()
    assert [item["phase"] for item in (await page(asked))["items"]] == ["intent", "outcome", "opened"]
    assert len((await page(asked, "?all=true"))["items"]) == 4


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("?filter=srever%3Dx", "did you mean server?"),
        ("?limit=0", "limit is a number"),
        ("?limit=501", "limit is a number"),
        ("?cursor=x", "cursor is what next said"),
        ("?cursor=2026-13-01T00:00:00.000Z," + "a" * 32 + ",1", "cursor is what next said"),
        ("?all=yes", "all is true or false"),
        ("?filtre=x", "known parameters"),
        ("?limit=1&limit=2", "each once"),
    ],
)
async def test_bad_questions(asked: Events, question: str, said: str) -> None:
    assert said in (await page(asked, question, 400))["detail"]


async def test_while_the_index_is_made_it_is_said_how_far(
    log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.writer().call()
    monkeypatch.setattr(events, "PATIENCE", 0.0)
    said = await page(asked, "", 503)
    assert said["error"] == "index.building"
    monkeypatch.setattr(events, "PATIENCE", PATIENCE)
    assert len((await page(asked))["items"]) == 2


async def test_a_damaged_index_is_made_anew(log: Log, asked: Events) -> None:
    writer = log.writer()
    writer.call()
    await page(asked)
    file = writer.segments()[0]
    file.write_bytes(file.read_bytes().replace(b'"seq":2', b'"seq":9'))
    assert [item["seq"] for item in (await page(asked))["items"]] == [9, 0]


async def test_where_no_index_can_be_made_it_is_said(log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bool:
        raise IndexFault("index.db: No space left on device")

    monkeypatch.setattr(Index, "update", full)
    assert (await page(asked, "", 503))["error"] == "index.unavailable"


class Client:
    """One that reads ``/api/v1/events/live``. ``held``: it does not."""

    def __init__(self) -> None:
        self.status = 0
        self.text = ""
        self.ended = False
        self.news = asyncio.Event()
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            await self.reads.wait()
            self.text += message["body"].decode()
            self.ended = not message.get("more_body", False)
        self.news.set()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def seen(self) -> list[tuple[str, dict[str, Any]]]:
        found = re.findall(r"id: (\S+)\nevent: record\ndata: (.*)\n\n", self.text)
        return [(name, json.loads(data)) for name, data in found]

    async def until(self, what: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not what():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def listening(asked: Events, question: str = "", *headers: tuple[bytes, bytes]) -> AsyncIterator[Client]:
    client = Client()
    scope = {"type": "http", "method": "GET", "path": "/api/v1/events/live", "scheme": "http"}
    scope |= {"headers": [(b"host", b"localhost"), *headers], "query_string": question.encode()}
    task = asyncio.create_task(application(Board(), (), asked.routes())(scope, client.receive, client.send))
    try:
        await client.until(lambda: client.text)
        yield client
    finally:
        client.gone.set()
        client.reads.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def test_what_comes_is_sent_with_its_id(log: Log, asked: Events) -> None:
    writer = log.writer()
    writer.call(tool_name="before")
    async with listening(asked, "filter=" + quote("tool=t*")) as client:
        assert client.status == 200
        writer.call(tool_name="t1")
        writer.call(tool_name="other")
        log.writer().call(tool_name="t2")
        await client.until(lambda: len(client.seen) == 2)
        assert [(record["tool_name"], record["phase"]) for _, record in client.seen] == [
            ("t1", "outcome"),
            ("t2", "outcome"),
        ]
        assert client.seen[0][0] == f"{writer.name}:4"


async def test_a_line_that_somebody_else_wrote_is_one_event(log: Log, asked: Events) -> None:
    """In JSON a carriage return may stand between members; in an event stream it ends a line."""
    writer = log.writer()
    async with listening(asked) as client:
        line = writer.lines()[0].replace(b'"seq":0,', b'"seq":1,\r\r')
        with writer.segments()[0].open("ab") as opened:
            opened.write(line)
        await client.until(lambda: client.seen)
        assert "\r" not in client.text


async def test_a_follower_that_breaks_at_once_keeps_nobody_waiting(
    log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(directory: Path) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(live, "Follower", broken)
    async with listening(asked) as client:
        await client.until(lambda: client.ended)
        assert client.text.endswith('event: end\ndata: {"reason":"unavailable"}\n\n')


async def test_all_sends_intents_too(log: Log, asked: Events) -> None:
    writer = log.writer()
    async with listening(asked, "all=true") as every, listening(asked, "filter=phase%3Dintent") as intents:
        writer.call()
        await every.until(lambda: len(every.seen) == 2)
        await intents.until(lambda: len(intents.seen) == 1)


async def test_who_comes_back_gets_what_was_missed_and_then_what_comes(log: Log, asked: Events) -> None:
    writers = [log.writer(), log.writer()]
    async with listening(asked, "filter=decision%3Ddeny") as client:
        writers[0].refusal(tool_name="seen")
        await client.until(lambda: client.seen)
        last = client.seen[-1][0]
    log.now += 60
    for number in range(3):
        writers[number % 2].refusal(tool_name=f"missed-{number}")
    async with listening(asked, "filter=decision%3Ddeny", (b"last-event-id", last.encode())) as client:
        await client.until(lambda: len(client.seen) >= 3)
        writers[1].refusal(tool_name="new")
        await client.until(lambda: client.seen[-1][1]["tool_name"] == "new")
        names = [record["tool_name"] for _, record in client.seen]
        assert names == ["missed-0", "missed-1", "missed-2", "new"]


@pytest.mark.parametrize("last", ["a" * 32 + ":7", "0" * 32 + ":0"])
async def test_who_comes_back_with_what_is_not_known_is_told(log: Log, asked: Events, last: str) -> None:
    log.writer()
    async with listening(asked, "", (b"last-event-id", last.encode())) as client:
        await client.until(lambda: client.ended)
        assert client.text.endswith('event: end\ndata: {"reason":"unknown"}\n\n')


async def test_a_bad_id_is_refused(asked: Events) -> None:
    async with listening(asked, "", (b"last-event-id", b"x")) as client:
        assert client.status == 400


async def test_a_silent_log_is_a_comment_now_and_then(log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)
    async with listening(asked) as client:
        await client.until(lambda: client.text.count(": nothing new\n\n") >= 2)


async def test_who_reads_too_slowly_is_cut_and_others_are_not(
    log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_WAITING", 10)
    writer = log.writer()
    async with listening(asked) as slow, listening(asked) as quick:
        slow.reads.clear()
        told = 0
        while not any(stream.ended for stream in asked._broadcast._streams):
            writer.refusal()
            told += 1
            await quick.until(lambda: len(quick.seen) == told)  # noqa: B023
        slow.reads.set()
        await slow.until(lambda: slow.ended)
        assert slow.text.endswith('event: end\ndata: {"reason":"slow"}\n\n')
        assert len(slow.seen) <= 12
        assert not quick.ended


async def test_who_takes_nothing_at_all_is_let_go(log: Log, asked: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SEND", 0.01)
    writer = log.writer()
    async with listening(asked) as client:
        client.reads.clear()
        writer.refusal()
        async with asyncio.timeout(PATIENCE):
            while asked._broadcast._streams:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)


async def test_streams_are_counted(log: Log, asked: Events) -> None:
    log.writer()
    asked._broadcast._most = 2
    async with listening(asked), listening(asked), listening(asked) as third:
        assert third.status == 503
        assert "events.too_many" in third.text
    async with listening(asked) as again:
        assert again.status == 200
    assert not asked._broadcast._streams
    assert MOST_STREAMS == 16


async def test_streams_end_with_the_server(log: Log, asked: Events) -> None:
    log.writer()
    async with listening(asked) as client:
        asked.close()
        await client.until(lambda: client.ended)
        assert client.text.endswith('event: end\ndata: {"reason":"closing"}\n\n')
    async with listening(asked) as late:
        assert late.status == 503


async def test_the_follower_is_there_as_long_as_somebody_listens(log: Log, asked: Events) -> None:
    writer: Writer = log.writer()
    for _ in range(3):
        async with listening(asked) as client:
            writer.refusal()
            await client.until(lambda: client.seen)
        assert asked._broadcast._following is None
