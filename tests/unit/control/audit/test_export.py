import csv
import io
import json
from pathlib import Path

import pytest
from tests.audit_logs import Log, random_log
from tests.unit.formats.ocsf_schema import SCHEMA, faults_of

from doorward.control.audit.export import COLUMNS, FORMATS, Unreadable, fitting
from doorward.control.audit.filter import Filter, parse
from doorward.control.audit.read import LONGEST_LINE
from doorward.core.audit import AuditRecord


def exported(log: Log, form: str, text: str = "") -> bytes:
    return b"".join(FORMATS[form](fitting(log.directory, parse(text, 0))))


def test_json_lines_are_the_lines_of_the_journal_in_the_order_of_time(tmp_path: Path) -> None:
    log = random_log(tmp_path, 7)
    lines = exported(log, "jsonl").splitlines(keepends=True)
    whole = [line for writer in log.writers for line in writer.lines() if line.endswith(b"\n")]
    assert sorted(lines) == sorted(whole)
    times = [json.loads(line)["timestamp"] for line in lines]
    assert times == sorted(times)


def test_a_filter_and_its_times(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit", step=60)
    writer = log.writer()
    for number in range(10):
        writer.call(tool_name=f"t{number}")
    records = [json.loads(line) for line in writer.lines()]
    middle = records[10]["timestamp"]
    found = [json.loads(line) for line in exported(log, "jsonl", f"since={middle} phase=outcome").splitlines()]
    assert [record["seq"] for record in found] == [10, 12, 14, 16, 18, 20]
    found = [json.loads(line) for line in exported(log, "jsonl", f"until={middle} tool=t1").splitlines()]
    assert [record["seq"] for record in found] == [3, 4]


def test_a_line_that_is_no_record_is_not_passed_over(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    writer = log.writer()
    with writer.segments()[0].open("ab") as opened:
        opened.write(b"not json\n")
    with pytest.raises(Unreadable, match=f"writer {writer.name}, segment 1, offset"):
        exported(log, "jsonl")


@pytest.mark.parametrize("form", FORMATS)
def test_a_segment_that_cannot_be_read_is_not_passed_over(tmp_path: Path, form: str) -> None:
    log = Log(tmp_path / "audit")
    writer = log.writer(segment_records=2)
    writer.call()
    writer.segments()[1].unlink()
    (writer.place / "journal-000002.jsonl").mkdir()
    with pytest.raises(OSError, match="journal-000002"):
        exported(log, form)


def test_a_line_that_is_too_long_is_not_passed_over(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    writer = log.writer()
    writer.refusal(detail="x" * LONGEST_LINE)
    writer.refusal()
    with pytest.raises(Unreadable, match=f"writer {writer.name}, segment 1, offset"):
        exported(log, "jsonl")


def test_csv_has_a_header_and_a_row_for_each_record(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    log.writer().refusal(rules=("r1", "r2"), detail='two\nlines, "quoted"', entities={"US_SSN": 2})
    head, _, row = csv.reader(io.StringIO(exported(log, "csv").decode(), newline=""))
    assert tuple(head) == COLUMNS == AuditRecord.__struct_fields__
    cells = dict(zip(head, row, strict=True))
    assert cells["rules"] == "r1;r2"
    assert cells["detail"] == 'two\nlines, "quoted"'
    assert cells["entities"] == '{"US_SSN":2}'
    assert (cells["latency_ms"], cells["pii_redacted"], cells["seq"], cells["findings"]) == ("", "false", "1", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\xa0=1", "\uff1d1"])
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    log = Log(tmp_path / "audit")
    log.writer().refusal(identity=text, rules=(text,), upstream_status=-5)
    *_, row = csv.reader(io.StringIO(exported(log, "csv").decode(), newline=""))
    cells = dict(zip(COLUMNS, row, strict=True))
    assert cells["identity"] == cells["rules"] == f"'{text}"
    assert cells["upstream_status"] == "-5"


def test_no_cell_becomes_two_of_which_one_is_a_formula(tmp_path: Path) -> None:
    """Where a comma is the decimal sign, spreadsheets part cells at semicolons."""
    log = Log(tmp_path / "audit")
    log.writer().refusal(identity="a;=1+1;b; @x;c-d", rules=("r1", "=r2", "r3"))
    *_, row = csv.reader(io.StringIO(exported(log, "csv").decode(), newline=""))
    cells = dict(zip(COLUMNS, row, strict=True))
    assert cells["identity"] == "a;'=1+1;b;' @x;c-d"
    assert cells["rules"] == "r1;'=r2;r3"


@pytest.mark.parametrize("seed", range(10))
def test_whole_logs_are_events(tmp_path: Path, seed: int) -> None:
    log = random_log(tmp_path, seed)
    lines = exported(log, "ocsf").splitlines()
    assert len(lines) == len(list(fitting(log.directory, Filter())))
    for line in lines:
        event = json.loads(line)
        assert faults_of(event, SCHEMA["classes"][str(event["class_uid"])], "event") == []
