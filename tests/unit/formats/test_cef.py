import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.formats import reading_cef
from tests.unit.formats.reading_cef import Wrong, read

from doorward.core.audit import AuditRecord
from doorward.formats import cef

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"


def record(**fields: Any) -> dict[str, Any]:
    given = {"event_id": "e1", "exchange_id": "x1", "kind": "exchange", "timestamp": "2026-11-22T19:49:49.064Z"}
    return msgspec.to_builtins(AuditRecord(**(given | fields)))


FULL: dict[str, Any] = {
    "phase": "outcome",
    "writer": "w",
    "trace_id": "4bf9",
    "identity": "corp|alice",
    "client_ip": "10.1.2.3",
    "mcp_server": "crm",
    "tool_name": "get_customer",
    "method": "tools/call",
    "transport": "http",
    "args_hash": "808f",
    "decision": "deny",
    "reason": "policy.denied",
    "severity": "high",
    "would_have": "deny",
    "entities": {"US_SSN": 2, "PERSON": 1},
    "redaction_count": 2,
    "latency_ms": 5.6,
    "upstream_status": 200,
    "detail": "a=b",
}


def test_a_record() -> None:
    (line,) = cef.lines(record(**FULL))
    fields, extension = read(line)
    assert fields[:3] == ["CEF:0", "Doorward", "Doorward"]
    assert fields[4:] == ["policy.denied", "tools/call deny", "8"]
    labels = {name.removesuffix("Label"): value for name, value in extension.items() if name.endswith("Label")}
    custom = {label: extension[key] for key, label in labels.items()}
    plain = {key: value for key, value in extension.items() if key not in labels and not key.endswith("Label")}
    assert plain == {
        "rt": "1795376989064",
        "externalId": "e1",
        "act": "deny",
        "reason": "policy.denied",
        "msg": "a=b",
        "suser": "corp|alice",
        "src": "10.1.2.3",
        "app": "http",
        "requestMethod": "tools/call",
        "cat": "exchange/outcome",
        "deviceExternalId": "w",
        "deviceProcessName": "doorward",
    }
    assert custom == {
        "tool": "get_customer",
        "server": "crm",
        "argsHash": "808f",
        "traceId": "4bf9",
        "exchangeId": "x1",
        "entities": "US_SSN:2,PERSON:1",
        "redactionCount": "2",
        "latencyMs": "6",
        "upstreamStatus": "200",
        "wouldHave": "deny",
        "weight": "1.0",
    }
    assert b"suser=corp|alice " in line  # a pipe is nothing special there
    assert b"msg=a\\=b " in line


def test_a_header_escapes_what_parts_it_and_nothing_else() -> None:
    (line,) = cef.lines(record(reason="a|b\\c=d", method="x\ny\u2028", decision="deny"))
    assert line.startswith(b"CEF:0|Doorward|Doorward|")
    assert rb"|a\|b\\c=d|" in line
    assert read(line)[0][5] == "x\ufffdy\ufffd deny"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a\\b", r"a\\b"),
        ("a=b", r"a\=b"),
        ("a\nb\rc", r"a\nb\rc"),
        ("a|b", "a|b"),
        ("a\tb", r'"a\\tb"'),
        ("a\u2028=", r'"a\\u2028\="'),
        ("\0", r'"\\u0000"'),
        ('"', r'"\\""'),
        (" a", '" a"'),
        ("é ü", "é ü"),
    ],
)
def test_how_values_are_written(value: str, written: str) -> None:
    (line,) = cef.lines(record(detail=value))
    assert f" msg={written} ".encode() in line
    assert read(line)[1]["msg"] == value


@pytest.mark.parametrize(
    ("address", "key"), [("10.0.0.1", "src"), ("2001:db8::1", "c6a2"), ("somebody", "shost"), ("", "")]
)
def test_where_an_address_goes(address: str, key: str) -> None:
    extension = read(cef.lines(record(client_ip=address))[0])[1]
    assert {name for name in ("src", "c6a2", "shost") if name in extension} == ({key} if key else set())
    assert not key or extension[key] == address


@pytest.mark.parametrize(("said", "severity"), [("", "1"), ("low", "3"), ("critical", "10"), ("dire", "5")])
def test_severities(said: str, severity: str) -> None:
    assert read(cef.lines(record(severity=said))[0])[0][6] == severity


def test_an_id_that_is_too_long_for_its_field_is_in_another_one_whole() -> None:
    extension = read(cef.lines(record(event_id="f" * 45))[0])[1]
    assert "externalId" not in extension
    assert (extension["flexString1"], extension["flexString1Label"]) == ("f" * 45, "eventId")


def test_the_page_names_every_key() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for given in (FULL, FULL | {"client_ip": "::1", "event_id": "f" * 45, "cut": ["x"]}):
        for key in read(cef.lines(record() | given)[0])[1]:
            assert key.endswith("Label") or f"`{key}`" in page, key


@pytest.mark.parametrize(
    "line",
    [
        b"CEF:0|a|b|c|d|e|5|x=1\ny=2",
        b"CEF:0|a|b|c|d\\n|e|5|x=1",
        b"CEF:0|a|b|c|d|e|11|x=1",
        b"CEF:1|a|b|c|d|e|5|x=1",
        b"CEF:0|a|b|c|d|e|5|x=1=2",
        b"CEF:0|a|b|c|d|e|5|x=\\t",
        b"CEF:0|a|b|c|d|e|5|x=1\\",
        b"CEF:0|a|b|c|d|e|5|x=1  y=2",
        b"CEF:0|a|b|c|d|e|5|x=1 x=2",
        b"CEF:0|a|b|c|d|e|5|1 2",
        b"CEF:0|a|b|c|d|e|5|x=a\xe2\x80\xa8b",
        b"CEF:0|a|b|c|d|e|5|x=a\0b",
        b'CEF:0|a|b|c|d|e|5|x="a',
    ],
)
def test_the_reader_is_strict(line: bytes) -> None:
    with pytest.raises((Wrong, ValueError)):
        read(line)


def test_the_reader_knows_no_escape_of_ours() -> None:
    assert not re.search(r"\\u", str(reading_cef._ESCAPES))
