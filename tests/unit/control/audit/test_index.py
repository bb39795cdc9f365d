import multiprocessing
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.audit_logs import Log, Writer, random_log

from doorward.control.audit import index_build, index_query
from doorward.control.audit.filter import Filter, parse
from doorward.control.audit.index import LOCK, Hit, Index, IndexDamaged, IndexFault, TooLong
from doorward.control.audit.questions import newest, read_newest
from doorward.core import audit_layout

ALL = Filter()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit", step=1)


def shown(hits: list[Hit], *members: str) -> list[Any]:
    records = [msgspec.json.decode(hit.raw) for hit in hits]
    return [
        tuple(record[member] for member in members) if len(members) > 1 else record[members[0]] for record in records
    ]


def asked(index: Index, text: str = "", limit: int = 50, **more: Any) -> list[Hit]:
    index.update()
    return index.newest(parse(text, 0), limit, **more)


def test_an_exchange_is_its_outcome_or_an_open_intent(log: Log) -> None:
    writer = log.writer()
    done = writer.call()
    under_way = writer.intent()
    index = Index(log.directory)
    members = ("exchange_id", "phase")
    assert shown(asked(index, "kind=exchange"), *members) == [(under_way, "intent"), (done, "outcome")]
    assert len(asked(index, "kind=exchange", all_records=True)) == 3
    writer.outcome(under_way)
    assert shown(asked(index, "kind=exchange"), *members) == [(under_way, "outcome"), (done, "outcome")]
    assert len(asked(index, "kind=exchange", all_records=True)) == 4


def test_an_outcome_by_the_next_writer_closes_the_intent_whoever_is_read_first(log: Log) -> None:
    for killed, next_one in (("f" * 32, "0" * 32), ("1" * 32, "e" * 32)):
        first = log.writer(name=killed)
        exchange = first.intent()
        first.kill(b"torn")
        log.writer(name=next_one).recover(first)
        found = asked(Index(log.directory), f"exchange={exchange}")
        assert shown(found, "writer", "reason") == [(next_one, "journal.interrupted")]


@pytest.mark.parametrize("seed", range(30))
def test_it_says_what_the_journals_say(tmp_path: Path, seed: int) -> None:
    log = random_log(tmp_path, seed)
    index = Index(log.directory)
    for all_records in (False, True):
        read = list(read_newest(log.directory, ALL, all_records=all_records))
        assert sorted(hit.raw for hit in asked(index, limit=1000, all_records=all_records)) == sorted(
            hit.raw for hit in read
        )


def test_what_grows_is_read_on_from_where_it_ended(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_build, "BATCH", 2)
    writers = [log.writer(segment_records=4), log.writer(segment_records=3)]
    index = Index(log.directory)
    told: list[tuple[int, int]] = []
    for number in range(10):
        writers[number % 2].call(tool_name=f"t{number}")
        told.clear()
        index.update(told=lambda done, whole: told.append((done, whole)))
        assert told[-1][0] == told[-1][1] < 5000  # two records, and the openings the first time
        assert shown(index.newest(parse("tool=t*", 0), 1), "tool_name") == [f"t{number}"]
    told.clear()
    index.update(told=lambda done, whole: told.append((done, whole)))
    assert told == []


def test_pages_hold_each_record_once(log: Log) -> None:
    log.step = 0
    for writer in (log.writer(), log.writer()):
        for _ in range(10):
            writer.refusal()
    index = Index(log.directory)
    found, before = [], None
    while page := asked(index, "decision=deny", 3, before=before):
        found += page
        before = page[-1].key
    assert len({hit.key for hit in found}) == len(found) == 20
    assert index.oldest(parse("decision=deny", 0), 20, after=(0, "", 0)) == found[::-1]


def test_it_is_for_its_owner_alone_and_holds_no_text_of_records(log: Log) -> None:
    writer = log.writer()
    writer.refusal(detail="canary-in-detail")
    index = Index(log.directory)
    index.update()
    assert stat.S_IMODE(index.file.stat().st_mode) == 0o600
    assert stat.S_IMODE((log.directory / LOCK).stat().st_mode) == 0o600
    assert all(b"canary" not in file.read_bytes() for file in log.directory.glob("index.db*"))


def damage(index: Index) -> None:
    data = bytearray(index.file.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    index.file.write_bytes(data)


def no_database(index: Index) -> None:
    index.file.write_bytes(b"no database at all" * 100)


def other_version(index: Index) -> None:
    connection = sqlite3.connect(index.file)
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def others(index: Index) -> None:
    index.file.unlink()
    connection = sqlite3.connect(index.file)
    connection.execute("CREATE TABLE somebody (elses)")
    connection.close()


@pytest.mark.parametrize("harm", [damage, no_database, other_version, others])
def test_what_cannot_be_used_is_made_anew(log: Log, harm: Any) -> None:
    writer = log.writer()
    exchange = writer.call()
    index = Index(log.directory)
    index.update()
    harm(index)
    with pytest.raises(IndexFault):
        index.newest(ALL, 5)
    assert shown(newest(log.directory, parse("kind=exchange", 0), 5), "exchange_id") == [exchange]
    assert shown(index.newest(parse("kind=exchange", 0), 5), "exchange_id") == [exchange]


def test_a_journal_that_is_another_makes_it_anew(log: Log) -> None:
    kept, changed = log.writer(), log.writer()
    for writer in (kept, changed):
        for _ in range(5):
            writer.call()
    index = Index(log.directory)
    assert len(asked(index, "kind=exchange")) == 10
    file = changed.segments()[0]
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))  # shorter
    assert len(asked(index, "kind=exchange")) == 6
    for path in changed.place.iterdir():
        path.unlink()
    changed.place.rmdir()
    assert len(asked(index, "kind=exchange")) == 5


def test_a_line_that_was_replaced_is_noticed_when_it_is_read(log: Log) -> None:
    writer = log.writer()
    writer.call()
    index = Index(log.directory)
    index.update()
    file = writer.segments()[0]
    file.write_bytes(file.read_bytes().replace(b'"seq":2', b'"seq":9'))
    with pytest.raises(IndexDamaged, match="not what was indexed"):
        index.newest(ALL, 5)
    assert shown(newest(log.directory, ALL, 5), "seq") == [9, 0]


def test_lines_that_are_no_records_are_passed_over(log: Log) -> None:
    writer = log.writer()
    writer.call()
    bad = b'\nnot json\n[]\n{"seq":1}\n{"seq":-1,"kind":"x","timestamp":"2026-01-01T00:00:00.000Z"}\n\xff\n'
    worse = b'{"seq":99999999999999999999,"kind":"x","timestamp":"2026-01-01T00:00:00.000Z"}\n'
    text = b'{"seq":5,"kind":"x","timestamp":"no"}\n{"seq":6,"kind":"\\ud800","timestamp":"2026-01-01T00:00:00.000Z"}\n'
    with writer.segments()[0].open("ab") as opened:
        opened.write(bad + worse + text)
    assert len(asked(Index(log.directory), all_records=True)) == 3


def test_rebuilding_gives_the_same(log: Log) -> None:
    for writer in (log.writer(), log.writer()):
        for number in range(5):
            writer.call(tool_name=f"t{number}")
    index = Index(log.directory)
    before = asked(index)
    index.update(rebuild=True)
    assert index.newest(ALL, 50) == before


def test_one_builds_and_others_use_what_is_there(log: Log) -> None:
    writer = log.writer()
    writer.refusal()
    index = Index(log.directory)
    index.update()
    inside, go_on = threading.Event(), threading.Event()
    writer.refusal()

    def told(done: int, whole: int) -> None:
        inside.set()
        go_on.wait(10)

    builder = threading.Thread(target=lambda: Index(log.directory).update(told=told))
    builder.start()
    assert inside.wait(10)
    assert index.update(wait=False) is False
    assert len(index.newest(parse("decision=deny", 0), 5)) == 1
    assert index.update(stopped=lambda: True) is False
    go_on.set()
    builder.join()
    assert index.update(wait=False) is True
    assert len(index.newest(parse("decision=deny", 0), 5)) == 2


def test_processes_at_once_all_find_all(log: Log) -> None:
    writer = log.writer()
    for _ in range(50):
        writer.call()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(_count, [log.directory] * 6)
    assert found == [51] * 6


def _count(directory: Path) -> int:
    return len(newest(directory, ALL, 1000))


def test_building_can_be_stopped_and_gone_on_with(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_build, "BATCH", 1)
    monkeypatch.setattr("doorward.control.audit.index._STEPS", 1)
    writer = log.writer()
    for _ in range(20):
        writer.call()
    index = Index(log.directory)
    with pytest.raises(IndexFault, match="stopped"):
        index.update(stopped=lambda: True)
    assert len(asked(index, "kind=exchange")) == 20


def test_a_question_that_takes_too_long_is_ended(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doorward.control.audit.index._STEPS", 1)
    log.writer().call()
    index = Index(log.directory)
    index.update()
    with pytest.raises(TooLong):
        index.newest(ALL, 5, seconds=-1)


def test_where_no_index_can_be_made_the_journals_are_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = log.writer().call()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Index, "_opened", full)
    said: list[IndexFault] = []
    assert shown(newest(log.directory, parse("kind=exchange", 0), 5, without=said.append), "exchange_id") == [exchange]
    assert "No space left" in str(said)


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("exchange={}", "record_exchange_id"),
        ("trace=t1 server=crm", "record_trace_id"),
        ("server=crm tool=get_*", "record_shape"),
        ("grant=fixed:agent:one decision=allow", "record_grant_id"),
        ("ip=10.0.0.1", "record_client_ip"),
    ],
)
def test_questions_go_by_an_index_and_sort_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch, text: str, by: str
) -> None:
    writer = log.writer()
    exchange = writer.call(trace_id="t1", grant_id="fixed:agent:one", client_ip="10.0.0.1")
    fill(writer)
    index = Index(log.directory)
    index.update()
    plans: list[str] = []
    run = index_query._Query._run

    def watched(self: Any, *given: Any) -> sqlite3.Cursor:
        statements: list[str] = []
        self.connection.set_trace_callback(statements.append)
        cursor = run(self, *given)
        self.connection.set_trace_callback(None)
        plans.extend(str(row[3]) for row in self.connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
        return cursor

    monkeypatch.setattr(index_query._Query, "_run", watched)
    assert index.newest(parse(text.format(exchange), 0), 5)
    assert any(f"USING INDEX {by}" in plan for plan in plans), plans
    assert not any("SCAN record" in plan or "TEMP B-TREE" in plan for plan in plans) or "exchange" in text, plans


def fill(writer: Writer) -> None:
    for number in range(30):
        writer.call(
            identity=f"agent:{number}", grant_id=f"g{number % 3}", client_ip="10.9.9.9", tool_name=f"tool{number}"
        )


def test_the_key_of_a_record(log: Log) -> None:
    writer = log.writer()
    writer.call()
    index = Index(log.directory)
    last = asked(index, limit=1)[0]
    assert index.key(writer.name, 2) == last.key
    assert index.key(writer.name, 3) is None
    assert index.key("f" * 32, 0) is None
    assert index.file.name == audit_layout.INDEX
