import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from doorward.bootstrap.admin_records import admin_record
from doorward.cli.audit import command
from doorward.configfile import load
from doorward.control.keys import audit_keys
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.audit_layout import segment


def report(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["report", "--pii", "-c", str(file), *arguments])


W1, W2, W3 = ("1" * 32, "2" * 32, "3" * 32)


def write(file: Path, *records: AuditRecord, writer: str = W1) -> None:
    directory = file.parent / ".doorward" / "audit" / writer
    directory.mkdir(parents=True)
    lines = [msgspec.json.encode(record) + b"\n" for record in records]
    (directory / segment(1)).write_bytes(b"".join(lines))


def record(ago: float = 60, **fields: Any) -> AuditRecord:
    """An outcome of a call, some seconds ago."""
    usual: dict[str, Any] = {"kind": "exchange", "phase": "outcome", "mcp_server": "crm", "tool_name": "get_customer"}
    made = {"event_id": "e", "exchange_id": "x", "timestamp": timestamp(time.time() - ago)}
    return AuditRecord(**(usual | made | fields))


def finding(entity: str, direction: str = "results") -> dict[str, Any]:
    return {
        "entity": entity,
        "direction": direction,
        "pointer": "/result/*",
        "score": 1.0,
        "detector": "d",
        "rule": "r",
    }


def passed(ago: float = 60) -> AuditRecord:
    return record(ago, entities={"PERSON": 2}, findings=[finding("PERSON"), finding("PERSON", "arguments")])


def test_what_passed_is_said_first(file: Path) -> None:
    redacted = record(decision="redact", redaction_count=3, entities={"US_SSN": 3}, findings=[finding("US_SSN")] * 3)
    refused = record(decision="deny", entities={"SECRET": 1}, findings=[finding("SECRET", "arguments")])
    write(file, passed(), redacted, refused, record(uninspected=4))
    done = report(file)
    assert done.exit_code == 0
    first, second, empty, head, *rows = done.stdout.splitlines()
    assert first.startswith("2 instances of unredacted personal data or secrets since ")
    assert first.endswith(", in 4 records.")
    assert second == "Found 6: redacted 3, in refused messages 1, passed 2. Not looked into: 4."
    assert empty == ""
    assert head.split() == ["day", "server", "tool", "entity", "direction", "count"]
    assert [row.split()[1:] for row in rows] == [
        ["crm", "get_customer", "PERSON", "arguments", "1"],
        ["crm", "get_customer", "PERSON", "results", "1"],
        ["crm", "get_customer", "SECRET", "arguments", "1"],
        ["crm", "get_customer", "US_SSN", "results", "3"],
    ]
    assert len({len(row) for row in (head, *rows)}) == 1


def test_one_is_no_plural_and_thousands_are_parted(file: Path) -> None:
    write(file, record(entities={"PERSON": 1}, findings=[finding("PERSON")]))
    assert report(file).stdout.startswith("1 instance of unredacted")
    write(file, record(entities={"PERSON": 846}, findings=[finding("PERSON")] * 100), passed(), writer=W2)
    write(file, record(entities={"US_SSN": 1234567}), writer=W3)
    said = report(file).stdout
    assert said.startswith("1,235,416 instances of unredacted")
    assert "more: a record lists at most 100 places; its counts are whole." in said


def test_json_has_the_same_numbers(file: Path) -> None:
    write(file, passed())
    told = json.loads(report(file, "--json").stdout)
    assert {name: told[name] for name in ("unredacted", "found", "redacted", "refused", "uninspected", "records")} == {
        "unredacted": 2,
        "found": 2,
        "redacted": 0,
        "refused": 0,
        "uninspected": 0,
        "records": 1,
    }
    assert [(row["entity"], row["direction"], row["count"]) for row in told["rows"]] == [
        ("PERSON", "arguments", 1),
        ("PERSON", "results", 1),
    ]


@pytest.mark.parametrize(("since", "found"), [([], 2), (["--since", "30m"], 2), (["--since", "60d"], 6)])
def test_only_what_is_young_enough_counts(file: Path, since: list[str], found: int) -> None:
    write(file, passed(40 * 86400), passed(8 * 86400), passed())
    assert json.loads(report(file, "--json", *since).stdout)["found"] == found


def test_the_longest_time_is_no_fault(file: Path) -> None:
    write(file, passed())
    assert json.loads(report(file, "--json", "--since", "999999999d").stdout)["found"] == 2


def test_what_is_no_record_is_left_out(file: Path) -> None:
    write(file, passed())
    with (file.parent / ".doorward/audit" / W1 / segment(1)).open("ab") as journal:
        journal.write(b"{}\n")
    assert json.loads(report(file, "--json").stdout)["found"] == 2


def test_a_log_with_nothing_in_it(file: Path) -> None:
    write(file, record())
    first, second = report(file).stdout.splitlines()
    assert first.startswith("0 instances of unredacted")
    assert second == "Found 0: redacted 0, in refused messages 0, passed 0. Not looked into: 0."


def test_without_a_log_nobody_is_told_that_nothing_was_found(file: Path) -> None:
    done = report(file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"there is no log at {file.parent / '.doorward' / 'audit'}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "soon"], "--since: expected a duration: write a whole number and a unit"),
        (["--until", "2026-13-01"], "--until: expected a time: write it as 2026-11-01"),
        (["--since", "1h", "--until", "2h"], "--since: the time ends before it begins: --until is now, unless given"),
        (["--html", "page.html"], "--pii is text or JSON alone"),
        (["--verify"], "--pii is text or JSON alone"),
        (["-c", "/no/such/file"], "does not exist"),
    ],
)
def test_wrong_use(file: Path, arguments: list[str], said: str) -> None:
    done = report(file, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_configuration_that_cannot_be_read(file: Path) -> None:
    file.write_text("foo: 1\n")
    done = report(file)
    assert done.exit_code == 2
    assert f"doorward: {file}:1:1: foo: unknown key" in done.stderr


def whole(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["report", "-c", str(file), *arguments])


def test_the_whole_report_is_text(file: Path) -> None:
    write(file, passed(), record(decision="deny", reason="policy.denied", rules=("default-deny",)))
    done = whole(file)
    assert done.exit_code == 0
    assert "2 calls ended, 0 of them tool calls: 1 allowed, 0 redacted, 1 refused, 0 failed." in done.stdout
    assert "default-deny" in done.stdout
    assert "Not verified" in done.stdout


def test_the_whole_report_as_json(file: Path) -> None:
    write(file, passed(), record(would_have="deny", reason="policy.denied"))
    told = json.loads(whole(file, "--json").stdout)
    assert told["calls"] == {"allowed": 1, "watched": 1, "redacted": 0, "refused": 0, "failed": 0}
    assert told["findings"]["found"] == 2
    assert told["verification"] == {"done": False, "intact": False, "complete": False, "lines": []}


def test_the_page_is_for_its_owner_and_replaces_the_one_before(file: Path) -> None:
    write(file, passed())
    page = file.parent / "report.html"
    page.write_text("before")
    done = whole(file, "--html", str(page))
    assert (done.exit_code, done.stdout) == (0, f"{page}: 1 call, 1 record\n")
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir() if "report" in path.name] == ["report.html"]


def test_a_page_that_cannot_be_written(file: Path) -> None:
    write(file, passed())
    to = file.parent / "no" / "such" / "report.html"
    done = whole(file, "--html", str(to))
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"{to}: No such file or directory" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is Linux that has /dev/full")
def test_a_page_on_a_full_disk(file: Path) -> None:
    write(file, passed())
    done = whole(file, "--html", "/dev/full")
    assert (done.exit_code, done.stderr) == (3, "doorward: /dev/full: No space left on device\n")


def test_only_what_is_old_enough_counts(file: Path) -> None:
    write(file, passed(3 * 86400), passed())
    assert json.loads(whole(file, "--until", "2d", "--json").stdout)["calls"]["allowed"] == 1
    assert json.loads(whole(file, "--since", "1970-01-01", "--json").stdout)["calls"]["allowed"] == 2


def test_verifying_without_a_key_is_wrong_use(file: Path) -> None:
    write(file, passed())
    done = whole(file, "--verify")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no public key" in done.stderr


def test_a_log_that_does_not_verify_is_reported_and_the_answer_is_no(file: Path) -> None:
    write(file, passed(), passed())
    audit_keys.load(file.parent / ".doorward" / "keys", rotate=86400.0, now=time.time())
    done = whole(file, "--verify")
    assert done.exit_code == 1
    assert "Verified with the public keys" in done.stdout
    assert "Not intact: writer 11111111" in done.stdout
    assert "2 calls ended" in done.stdout


def test_a_log_that_verifies_is_reported_so(file: Path) -> None:
    """Written by the journal itself."""
    loaded = load(file)
    admin_record(loaded, what="override grant", detail="ovr-1", user="os:ines")
    admin_record(loaded, what="override revoke", detail="ovr-1", user="os:ines")
    done = whole(file, "--verify", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["verification"] | {"lines": []} == {"done": True, "intact": True, "complete": True, "lines": []}
    assert [change["what"] for change in told["changes"]] == ["override grant", "override revoke"]
    course = told["continuity"]
    assert (course["records"], course["unreadable"], course["without_checkpoint"]) == (4, 0, 0)
    assert [writer["closed"] for writer in course["writers"]] == [True, True]
    assert course["last_checkpoint"] != ""
