import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.audit_logs import Log, random_log

from doorward.control.audit import ocsf
from doorward.control.audit.export import COLUMNS, FORMATS, Unreadable, fitting
from doorward.control.audit.filter import Filter, parse
from doorward.control.audit.read import LONGEST_LINE
from doorward.core.audit import AuditRecord

SCHEMA = json.loads((Path(__file__).parent / "ocsf-1.8.0.json").read_text(encoding="utf-8"))


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


# OCSF against the official schema, as far as it is needed


def faults(value: Any, kind: str, where: str) -> list[str]:
    """What the schema objects to in one value."""
    base = kind
    while "type" in SCHEMA["types"].get(base, {}):
        base = SCHEMA["types"][base]["type"]
    plain = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool, "float_t": (int, float)}
    if base in plain:
        fits = isinstance(value, plain[base]) and (base == "boolean_t" or not isinstance(value, bool))
        longest = SCHEMA["types"][kind].get("max_len")
        return [] if fits and (longest is None or len(value) <= longest) else [f"{where}: {value!r} is no {kind}"]
    if kind in ("json_t", "object"):
        return []
    if kind not in SCHEMA["objects"]:
        return [f"{where}: nothing is known of {kind}"]
    return faults_of(value, SCHEMA["objects"][kind], where)


def faults_of(value: Any, rules: dict[str, Any], where: str) -> list[str]:
    """The same of an event or an object."""
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    attributes = rules["attributes"]
    found = [f"{where}.{name}: not in the schema" for name in value if name not in attributes]
    found += [
        f"{where}.{name}: required"
        for name, rule in attributes.items()
        if rule["requirement"] == "required" and name not in value
    ]
    one_of = rules.get("constraints", {}).get("at_least_one")
    if one_of and not any(name in value for name in one_of):
        found.append(f"{where}: none of {one_of}")
    for name, given in value.items():
        rule = attributes.get(name)
        if rule is None:
            continue
        if rule.get("is_array") and not isinstance(given, list):
            found.append(f"{where}.{name}: no array")
            continue
        for each in given if rule.get("is_array") else [given]:
            found += faults(each, rule["type"], f"{where}.{name}")
            if "enum" in rule and str(each) not in rule["enum"]:
                found.append(f"{where}.{name}: {each!r} is none of {rule['enum']}")
    return found


def events(record: dict[str, Any]) -> list[dict[str, Any]]:
    made = list(ocsf.events(record))
    for event in made:
        rules = SCHEMA["classes"][str(event["class_uid"])]
        assert faults_of(event, rules, rules["name"]) == []
        assert event["category_uid"] == rules["category_uid"]
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["metadata"]["version"] == SCHEMA["version"] == ocsf.VERSION
    return json.loads(msgspec.json.encode(made))


def record(**fields: Any) -> dict[str, Any]:
    usual = {"event_id": "e1", "exchange_id": "x1", "kind": "exchange", "phase": "outcome"}
    made = AuditRecord(timestamp="2026-11-22T19:49:49.064Z", **(usual | fields))
    return msgspec.to_builtins(made)


def test_a_call_is_an_api_activity() -> None:
    (event,) = events(
        record(
            identity="corp|alice",
            client="ide",
            groups=("staff",),
            client_ip="2001:db8::1",
            grant_id="g1",
            mcp_server="crm",
            tool_name="get_customer",
            method="tools/call",
            trace_id="4bf9",
            decision="deny",
            reason="policy.denied",
            rules=("default-deny",),
            severity="high",
            latency_ms=5.6,
            upstream_status=200,
            detail="a word",
        )
    )
    assert event["type_uid"] == 600399
    assert event["activity_name"] == "tools/call"
    assert event["time"] == 1795376989064
    assert event["duration"] == 6
    assert event["actor"] == {
        "user": {"uid": "corp|alice", "groups": [{"name": "staff"}]},
        "app_uid": "ide",
        "session": {"uid": "g1"},
    }
    assert event["src_endpoint"] == {"ip": "2001:db8::1"}
    assert event["api"] == {
        "operation": "get_customer",
        "service": {"name": "crm"},
        "request": {"uid": "x1"},
        "response": {"code": 200},
    }
    assert (event["status_id"], event["status_code"], event["status_detail"]) == (2, "policy.denied", "a word")
    assert (event["action_id"], event["disposition_id"], event["severity_id"]) == (2, 2, 4)
    assert (event["metadata"]["uid"], event["metadata"]["correlation_uid"]) == ("e1", "4bf9")
    assert event["unmapped"]["rules"] == ["default-deny"]


@pytest.mark.parametrize(
    ("method", "activity"),
    [
        ("tools/list", (2, "Read")),
        ("resources/read", (2, "Read")),
        ("tools/call", (99, "tools/call")),
        ("made/up", (99, "made/up")),
        (None, (99, "exchange")),
    ],
)
def test_activities(method: str | None, activity: tuple[int, str]) -> None:
    (event,) = events(record(method=method))
    assert (event["activity_id"], event["activity_name"]) == activity


@pytest.mark.parametrize(
    ("decision", "status", "action", "disposition"),
    [
        ("allow", 1, 1, 1),
        ("redact", 1, 1, 11),
        ("deny", 2, 2, 2),
        ("error", 2, 99, 27),
        ("new", 99, 99, 99),
        ("", 0, 0, 0),
    ],
)
def test_decisions_known_and_not(decision: str, status: int, action: int, disposition: int) -> None:
    (event,) = events(record(decision=decision))
    assert (event["status_id"], event["action_id"], event["disposition_id"]) == (status, action, disposition)
    if status == 99:
        assert event["status"] == event["action"] == event["disposition"] == "new"


def test_what_enforcement_would_have_done_is_detected() -> None:
    (event,) = events(record(decision="allow", would_have="deny"))
    assert (event["action_id"], event["disposition"]) == (1, "Detected")
    assert event["unmapped"]["would_have"] == "deny"


@pytest.mark.parametrize(("said", "severity"), [("", 1), ("low", 2), ("medium", 3), ("high", 4), ("critical", 5)])
def test_severities(said: str, severity: int) -> None:
    assert events(record(severity=said))[0]["severity_id"] == severity


def test_a_severity_that_is_not_known_is_other_and_named() -> None:
    (event,) = events(record(severity="dire"))
    assert (event["severity_id"], event["severity"]) == (99, "dire")


def test_what_was_found_is_a_finding_beside_it() -> None:
    found = {"entity": "US_SSN", "direction": "results", "pointer": "/result/*", "score": 0.85, "detector": "patterns"}
    call, finding = events(record(entities={"US_SSN": 2}, findings=[found], decision="redact", severity="high"))
    assert finding["type_uid"] == 200401
    assert finding["metadata"]["uid"] == finding["finding_info"]["uid"] != call["metadata"]["uid"]
    assert finding["finding_info"]["types"] == ["US_SSN"]
    assert finding["evidences"][0]["data"] == found
    assert finding["evidences"][0]["api"] == call["api"]
    assert finding["is_alert"] is True


@pytest.mark.parametrize("kind", ["gap", "alert", "checkpoint", "token", "admin", "stream", "message"])
def test_every_kind_of_record_is_an_event(kind: str) -> None:
    assert events(record(kind=kind, phase=""))


@pytest.mark.parametrize("seed", range(10))
def test_whole_logs_are_events(tmp_path: Path, seed: int) -> None:
    log = random_log(tmp_path, seed)
    lines = exported(log, "ocsf").splitlines()
    assert len(lines) == len(list(fitting(log.directory, Filter())))
    for line in lines:
        event = json.loads(line)
        assert faults_of(event, SCHEMA["classes"][str(event["class_uid"])], "event") == []


def test_every_member_of_a_record_is_mapped_or_in_unmapped() -> None:
    full: dict[str, Any] = {name: f"<{name}>" for name in AuditRecord.__struct_fields__}
    full |= {"timestamp": "2026-11-22T19:49:49.064Z", "seq": 7, "groups": ["<groups>"], "latency_ms": 3.0}
    full |= {"upstream_status": 418, "client_ip": "<client_ip>", "entities": {"<entities>": 1}, "findings": []}
    (event, _) = ocsf.events(full)
    text = json.dumps(event)
    for name, value in full.items():
        said = {"timestamp": "1795376989064", "seq": '"sequence": 7', "latency_ms": '"duration": 3', "findings": "{"}
        assert said.get(name, "418" if name == "upstream_status" else f"<{name}>") in text, (name, value)


def test_the_page_of_docs_names_every_attribute_that_is_filled() -> None:
    page = (Path(__file__).parents[4] / "docs" / "ocsf.md").read_text(encoding="utf-8")
    full = record(entities={"US_SSN": 1}, trace_id="t", reason="r", detail="d", latency_ms=1.0, mode="audit")
    for event in events(full):
        assert all(f"`{name}" in page for name in event), set(event)


def test_the_checker_finds_what_is_wrong() -> None:
    rules = SCHEMA["classes"]["6003"]
    (event,) = events(record())
    for change in (
        {"new": 1},
        {"severity_id": 17},
        {"severity_id": "4"},
        {"time": "now"},
        {"api": {}},
        {"actor": {}},
        {"src_endpoint": {"ip": "x" * 41}},
        {"actor": {"user": {"groups": {}, "uid": "u"}}},
    ):
        assert faults_of(event | change, rules, "event"), change
    assert faults_of({name: event[name] for name in event if name != "time"}, rules, "event")
