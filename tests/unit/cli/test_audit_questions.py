import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.audit_logs import Log

from doorward.cli.audit import command, tail
from doorward.cli.audit.asking import progress
from doorward.cli.audit.shown import Lines
from doorward.control.audit.index import Index


@pytest.fixture
def log(file: Path) -> Log:
    return Log(file.parent / ".doorward" / "audit", step=1)


def asked(file: Path, verb: str, *arguments: str, **more: str) -> Result:
    return CliRunner().invoke(command, [verb, "-c", str(file), *arguments], env=more)


def test_query_shows_an_exchange_a_line_the_newest_first(file: Path, log: Log) -> None:
    writer = log.writer()
    writer.call()
    writer.refusal(entities={"US_SSN": 2}, would_have=None)
    writer.intent(tool_name="slow")
    done = asked(file, "query", "kind=exchange")
    assert done.exit_code == 0, done.output
    newest, refused, answered = done.stdout.splitlines()
    assert newest.split() == ["2026-11-18T11:06:45.000Z", "open", "agent:sales", "crm/slow"]
    assert refused.split()[1:] == ["deny", "agent:sales", "crm/get_customer", "policy.denied", "US_SSN:2"]
    assert answered.split()[1:] == ["allow", "agent:sales", "crm/get_customer", "5.2", "ms"]
    assert len(asked(file, "query", "--all").stdout.splitlines()) == 5
    assert len(asked(file, "query", "-n", "1").stdout.splitlines()) == 1


def test_query_as_json_is_the_lines_of_the_journal(file: Path, log: Log) -> None:
    writer = log.writer()
    writer.refusal()
    done = asked(file, "query", "--json", "decision=deny", "tool=get_*")
    assert done.stdout.encode() == writer.lines()[-1]


def test_query_makes_its_index_anew_when_it_is_told_to(file: Path, log: Log) -> None:
    log.writer().refusal()
    asked(file, "query")
    index = Index(log.directory)
    with sqlite3.connect(index.file) as connection:
        connection.execute("DELETE FROM record")
    connection.close()
    assert asked(file, "query").stdout == ""
    assert len(asked(file, "query", "--rebuild").stdout.splitlines()) == 2


def test_without_an_index_the_journals_are_read_and_it_is_said(
    file: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.writer().refusal()

    def no(*_: object) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr(Index, "_opened", no)
    done = asked(file, "query", "decision=deny")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("verb", ["query", "tail", "export"])
def test_wrong_questions(file: Path, log: Log, verb: str) -> None:
    done = asked(file, verb, "server=crm", "tol=x")
    assert done.exit_code == 2
    assert "tol=x (at 12): there is no field tol; did you mean tool?" in done.output


@pytest.mark.parametrize("verb", ["query", "tail", "export"])
def test_no_log_and_no_configuration(file: Path, verb: str) -> None:
    done = asked(file, verb)
    assert done.exit_code == 2
    assert "there is no log at" in done.output
    file.write_text("servres: {}\n")
    assert asked(file, verb).exit_code == 2


def test_nothing_fits(file: Path, log: Log) -> None:
    log.writer()
    done = asked(file, "query", "tool=x")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no record fits\n")


def test_tail_shows_the_newest_the_oldest_of_them_first(file: Path, log: Log) -> None:
    writer = log.writer()
    for number in range(30):
        writer.call(tool_name=f"t{number}")
    lines = asked(file, "tail", "-n", "3").stdout.splitlines()
    assert [line.split()[3] for line in lines] == ["crm/t27", "crm/t28", "crm/t29"]
    assert len(asked(file, "tail").stdout.splitlines()) == 20
    assert asked(file, "tail", "-n", "0").stdout == ""
    phases = [json.loads(line)["phase"] for line in asked(file, "tail", "--all", "--json", "-n2").stdout.splitlines()]
    assert phases == ["intent", "outcome"]
    assert not Index(log.directory).file.exists()


def test_tail_follows_until_it_is_interrupted(file: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = log.writer()
    writer.call(tool_name="before")
    turns = iter(range(3))

    def slept(_: float) -> None:
        turn = next(turns)
        if turn == 0:
            writer.call(tool_name="t1")
            writer.call(tool_name="other")
        elif turn == 1:
            log.writer().call(tool_name="t2")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(tail.time, "sleep", slept)
    done = asked(file, "tail", "-f", "tool=before,t*")
    assert done.exit_code == 0
    assert [line.split()[3] for line in done.stdout.splitlines()] == ["crm/before", "crm/t1", "crm/t2"]


def test_tail_in_a_process_of_its_own(file: Path, log: Log) -> None:
    writer = log.writer()
    arguments = [sys.executable, "-m", "doorward", "audit", "tail", "-f", "-n", "1", "--json", "-c", str(file)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["phase"] == "opened"
        writer.refusal()
        assert json.loads(child.stdout.readline())["decision"] == "deny"
        child.terminate()


def test_export_writes_a_file_for_its_owner_alone(file: Path, log: Log) -> None:
    log.writer().refusal(identity="=cmd()")
    to = file.parent / "out.csv"
    assert asked(file, "export", "--format", "csv", "-o", str(to)).exit_code == 0
    assert to.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(to.read_text(), newline="")))
    assert [row["identity"] for row in rows] == ["", "'=cmd()"]
    events = [
        json.loads(line) for line in asked(file, "export", "--format", "ocsf", "decision=deny").stdout.splitlines()
    ]
    assert [event["class_uid"] for event in events] == [6003]
    assert len(asked(file, "export").stdout.splitlines()) == 2


def test_export_fails_where_a_line_is_no_record_or_the_file_cannot_be_written(file: Path, log: Log) -> None:
    writer = log.writer()
    done = asked(file, "export", "-o", str(file.parent / "gone" / "out"))
    assert done.exit_code == 3
    with writer.segments()[0].open("ab") as opened:
        opened.write(b"not json\n")
    done = asked(file, "export")
    assert done.exit_code == 3
    assert "audit verify" in done.stderr


def test_an_export_that_fails_leaves_the_one_before_as_it_was(file: Path, log: Log) -> None:
    writer = log.writer()
    to = file.parent / "out.jsonl"
    assert asked(file, "export", "-o", str(to)).exit_code == 0
    before = to.read_bytes()
    writer.refusal()
    with writer.segments()[0].open("ab") as opened:
        opened.write(b"not json\n")
    assert asked(file, "export", "-o", str(to)).exit_code == 3
    assert to.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir() if "out" in path.name) == ["out.jsonl"]


def test_an_export_replaces_what_others_could_read(file: Path, log: Log) -> None:
    log.writer()
    to = file.parent / "out.jsonl"
    to.touch(mode=0o644)
    link = file.parent / "link"
    link.symlink_to(to)
    assert asked(file, "export", "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert (to.stat().st_mode & 0o777, len(to.read_bytes().splitlines())) == (0o600, 1)


def test_a_file_that_cannot_be_written_is_the_one_that_was_named(file: Path, log: Log) -> None:
    log.writer().refusal()
    to = file.parent / "no" / "such" / "export.jsonl"
    done = asked(file, "export", "-o", str(to))
    assert (done.exit_code, done.stderr) == (3, f"error: {to}: No such file or directory\n")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_for_what_takes_more_than_one_look_and_ends_full(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress("reading") as told:  # nothing new
        assert told is not None
    with progress("reading") as told:
        assert told is not None
        told(7, 7)
    assert screen.getvalue() == ""
    with progress("reading") as told:
        assert told is not None
        told(1, 2)
        told(2, 2)
    assert "reading" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_export_into_a_pipe(file: Path, log: Log) -> None:
    writer = log.writer()
    to = file.parent / "pipe"
    os.mkfifo(to)
    reading = os.open(to, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert asked(file, "export", "-o", str(to)).exit_code == 0
        assert os.read(reading, 1 << 16) == writer.lines()[0]
    finally:
        os.close(reading)


def test_colours_on_a_terminal_alone_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    record = {"timestamp": "t", "decision": "deny", "kind": "exchange", "method": "tools/list"}
    coloured = Lines(Terminal(), open_intents=False).line(record)
    assert coloured != click.unstyle(coloured) == Lines(io.StringIO(), open_intents=False).line(record)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Lines(Terminal(), open_intents=False).colours


def test_nothing_in_a_record_does_anything_to_a_terminal() -> None:
    record = {
        "timestamp": "\x1b[2J",
        "identity": "a\nb\u202e",
        "kind": "exchange",
        "tool_name": "\x9b31m",
        "detail": "\a",
    }
    line = Lines(io.StringIO(), open_intents=True).line(record)
    assert line.isprintable()
