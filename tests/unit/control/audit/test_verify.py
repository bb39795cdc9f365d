"""Clean logs in every state that they can be in, and what a log must not lack."""

import fcntl
import json
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest
from tests.audit_logs import Key, Log, Writer, random_log

from doorward.control.audit.verify.places import Unreadable
from doorward.control.audit.verify.public_keys import NoKeys, PublicKeys
from doorward.control.audit.verify.report import Report
from doorward.control.audit.verify.telling import as_json, as_text, coloured
from doorward.control.audit.verify.whole import verify

KEYS = PublicKeys(Key().pem)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit", exported=tmp_path / "exported")


def verified(log: Log, *, exported: bool = False, strict: bool = False, jobs: int = 1) -> Report:
    return verify(log.directory, KEYS, exported=log.exported if exported else None, strict=strict, jobs=jobs)


def test_no_false_alarm_in_a_thousand_clean_logs(tmp_path: Path) -> None:
    for seed in range(1000):
        log = random_log(tmp_path / str(seed), seed, exported=seed % 4 > 0)
        report = verified(log, exported=seed % 4 > 1)
        assert report.faults == [], seed
        assert report.records == sum(writer.count for writer in log.writers)
        assert report.writers == len(log.writers)


def test_writers_that_live(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    writer.intent()
    with (writer.place / "lock").open("r+b") as lock, writer.segments()[0].open("ab") as segment:
        fcntl.flock(lock, fcntl.LOCK_EX)
        segment.write(b'{"v":1,"event')
        segment.flush()
        report = verified(log, strict=True)
        assert report.complete
        assert [(pending.live, pending.open, pending.torn) for pending in report.pending] == [(True, 1, 13)]
        assert "1 writer at work, 1 exchange under way" in as_text(report, log.now)
    report = verified(log)  # as in a copy of it
    assert report.complete
    assert "not closed yet: 1 exchange without an outcome, 13 bytes of a torn line" in as_text(report, log.now)
    assert not verified(log, strict=True).complete


def test_a_log_that_grows_meanwhile_is_never_too_short(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written between two looks: here, more at each segment that is measured."""
    from doorward.control.audit.verify import whole

    writers = [log.writer() for _ in range(3)]

    def measure(place: object) -> None:
        for writer in writers:
            writer.call()
            writer.checkpoint()
        log.writer()
        measured(place)  # type: ignore[arg-type]

    measured = whole.measure
    monkeypatch.setattr(whole, "measure", measure)
    for exported in (False, True):
        report = verified(log, exported=exported)
        assert report.faults == []


def test_an_exchange_without_an_end(log: Log) -> None:
    writer = log.writer()
    exchange = writer.intent()
    writer.call()
    writer.close()
    fault = verified(log).faults[0]
    assert (fault.promise, fault.first) == ("complete", 1)
    assert f"the exchange {exchange} of record 1 has no end" in fault.what


def test_a_stream_without_an_end(log: Log) -> None:
    writer = log.writer()
    writer.record("stream", "opened")
    writer.record("stream", "opened")
    writer.close()
    assert "and so have 1 more" in verified(log).faults[0].what


def test_the_end_of_an_exchange_is_not_the_end_of_a_stream(log: Log) -> None:
    writer = log.writer()
    exchange = writer.intent()
    writer.record("stream", "opened", exchange_id=exchange)
    writer.outcome(exchange)
    writer.close()
    assert "the stream" in verified(log).faults[0].what


def test_only_an_interruption_ends_an_exchange_of_another_writer(log: Log) -> None:
    killed = log.writer()
    exchange = killed.intent()
    killed.kill()
    killed.mark_closed("00" * 16)
    other = log.writer()
    other.outcome(exchange)
    other.close()
    assert verified(log).faults[0].first == 1
    third = log.writer()
    third.outcome(exchange, decision="error", reason="journal.interrupted")
    third.close()
    assert verified(log).complete


def test_what_was_set_aside_must_be_told(log: Log) -> None:
    killed = log.writer()
    killed.kill(b"{")
    third = log.writer()
    third.recover(killed)
    third.close()
    assert verified(log).complete
    (killed.place / "torn-000001-999").write_bytes(b"{")
    assert "offset 999, was set aside, and no record says so" in verified(log).faults[0].what


def test_gaps_without_end_do_not_hide_what_was_set_aside(log: Log) -> None:
    killed = log.writer()
    killed.kill(b"{")
    third = log.writer()
    for _ in range(1200):
        third.record("gap", reason="edge.host", detail="2 requests were not recorded singly")
    third.recover(killed)
    third.close()
    report = verified(log)
    assert report.complete
    assert report.gaps == 1201


def test_records_behind_the_last_checkpoint_of_more_than_a_minute(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit", step=5.0)
    writer = log.writer()
    writer.call()
    writer.checkpoint()
    for _ in range(5):
        writer.call()
    writer.kill()
    assert verified(log).complete
    assert verified(log).uncovered == {writer.name: 10}
    for _ in range(3):
        writer.call()
    fault = verified(log).faults[0]
    assert (fault.promise, fault.first, fault.last) == ("complete", 3, 18)
    assert "checkpoints are missing" in fault.what


def test_a_long_pause_before_the_last_record_is_no_sign_of_missing_checkpoints(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    log.now += 86_400
    writer.call()
    writer.kill()
    assert verified(log).complete


def test_a_clock_that_goes_back(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    log.now -= 3600
    writer.call()
    writer.close()
    assert verified(log).complete


def test_a_piece_that_could_not_be_cut_off_stands_before_the_gap_that_tells_of_it(log: Log) -> None:
    writer = log.writer(segment_records=3)
    writer.call()
    with writer.segments()[0].open("ab") as opened:
        opened.write(b'{"v":1,')
    writer.record("gap", decision="error", reason="journal.torn", detail="7 bytes could not be cut off")
    writer.close()
    assert verified(log).complete


def test_a_segment_that_was_begun_and_never_written(log: Log) -> None:
    writer = log.writer(segment_records=3)
    writer.call()
    (writer.place / "journal-000002.jsonl").touch()
    writer.checkpoint()
    writer.kill()
    assert verified(log).complete


def test_a_killed_writer_without_its_first_record(log: Log) -> None:
    place = log.directory / ("e5" * 16)
    place.mkdir()
    (place / "lock").touch()
    (place / "journal-000001.jsonl").write_bytes(b'{"v":1')
    report = verified(log)
    assert report.complete
    assert report.pending[0].torn == 6


def test_a_first_record_that_is_no_opening(log: Log) -> None:
    writer = log.writer()
    writer.kill()
    record = json.loads(writer.lines()[0]) | {"kind": "admin"}
    writer.segments()[0].write_text(json.dumps(record, separators=(",", ":")) + "\n")
    assert "its first line is not right" in verified(log).faults[0].what


@pytest.mark.parametrize("heads", [{"x": [1, ""]}, {"00" * 16: [True, ""]}, {"00" * 16: 1}, {"00" * 16: [1, 1]}, []])
def test_heads_that_are_not_right(log: Log, heads: object) -> None:
    writer = log.writer()
    writer.kill()
    record = json.loads(writer.lines()[0]) | {"heads": heads}
    writer.segments()[0].write_text(json.dumps(record, separators=(",", ":")) + "\n")
    assert not verified(log).intact


def test_a_directory_without_writers_is_not_complete(log: Log) -> None:
    assert verified(log).intact
    assert not verified(log).complete


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        verify(tmp_path / "nothing", KEYS)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no key",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA" + b"A" * 43 + b"=\n-----END PUBLIC KEY-----\n",  # X25519
    ],
)
def test_keys_that_are_none(text: bytes) -> None:
    with pytest.raises(NoKeys):
        PublicKeys(text)
    with pytest.raises(NoKeys):
        PublicKeys()


def test_several_keys_in_one_file_or_several(log: Log) -> None:
    writer = log.writer()
    writer.checkpoint()
    writer.call()
    writer.checkpoint(key=Key("the next one"))
    writer.close()
    both = Key().pem + b"since then:\n" + Key("the next one").pem
    assert verify(log.directory, PublicKeys(both)).complete
    assert verify(log.directory, PublicKeys(Key("the next one").pem, Key().pem)).complete
    assert not verified(log).intact


def test_the_last_checkpoint_of_a_key_is_verified_before_the_next_key_takes_over(log: Log) -> None:
    """Who has the next key cannot make up what the one before it signed."""
    writer = log.writer()
    forger = Key("a forger's")
    forger.key_id = Key().key_id
    writer.checkpoint(key=forger)
    writer.checkpoint(key=Key("the next one"))
    writer.close()
    report = verify(log.directory, PublicKeys(Key().pem, Key("the next one").pem))
    assert report.faults[0].what.startswith("line 1 of its checkpoints: its signature is not by the key")


def test_several_processes_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.control.audit.verify import chains

    monkeypatch.setattr(chains, "_WORTH_IT", 0)
    log = Log(tmp_path / "audit")
    for _ in range(3):
        writer = log.writer(segment_records=5)
        for _ in range(20):
            writer.call()
        writer.close()
    assert as_json(verified(log, jobs=2)) == as_json(verified(log))
    log.writers[1].segments()[3].unlink()
    report = verified(log, jobs=2)
    assert as_json(report) == as_json(verified(log))
    assert (report.faults[0].writer, report.faults[0].first) == (log.writers[1].name, 15)


def test_a_process_that_is_killed_meanwhile_is_no_word_on_the_log(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.control.audit.verify import chains

    class Killed:
        def __init__(self, jobs: int) -> None:
            pass

        def submit(self, *_: object) -> Future[None]:
            future: Future[None] = Future()
            future.set_exception(BrokenExecutor("terminated abruptly"))
            return future

        def shutdown(self, *, cancel_futures: bool) -> None:
            pass

    monkeypatch.setattr(chains, "_WORTH_IT", 0)
    monkeypatch.setattr(chains, "ProcessPoolExecutor", Killed)
    _busy(log.writer()).close()
    with pytest.raises(Unreadable, match=r"killed \(terminated abruptly\); try --jobs 1"):
        verified(log, jobs=2)


def test_progress_is_told(log: Log) -> None:
    _busy(log.writer(segment_records=4)).close()
    told: list[tuple[int, int]] = []
    verify(log.directory, KEYS, advanced=lambda done, size: told.append((done, size)))
    size = sum(path.stat().st_size for path in log.writers[0].segments())
    assert told[-1] == (size, size)
    assert told == sorted(told)


def _busy(writer: Writer) -> Writer:
    for _ in range(5):
        writer.call()
    return writer


def test_what_an_auditor_reads(log: Log) -> None:
    _busy(log.writer()).close()
    log.writers[0].record("gap", reason="journal.unavailable", detail="3 records \033[2Jcould not be kept")
    said = as_text(verified(log, exported=True), log.now + 7200, coloured)
    assert "1 writer, 12 records" in said
    assert "\033[31mNOT COMPLETE\033[0m" in said
    assert "\033[32mINTACT\033[0m" in said
    assert "3 records ?[2Jcould not be kept" in said
    assert "2 hours ago" in said
    assert "exported checkpoints of 1 of 1 writer, covering 11 of 12 records" in said
    told = json.loads(as_json(verified(log)))
    assert (told["intact"], told["complete"]) == (True, False)
    assert told["faults"][0]["first"] == 11


def test_many_faults_are_not_all_printed(log: Log) -> None:
    for _ in range(29):
        writer = log.writer()
        writer.intent()
        writer.close()
    said = as_text(verified(log), log.now)
    assert "… and 9 more (--json lists them)" in said
