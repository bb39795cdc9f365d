"""What holds for every format and any record."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.formats import reading_cef

from doorward.core.audit import AuditRecord
from doorward.core.delivery import LARGEST_EVENT
from doorward.formats import FORMATS
from doorward.sinks.options import Format

HOSTILE = [
    "a\nb",
    "a\r\nb",
    "a\u2028b\u2029c\u0085d",
    "a\0b\x07\x1b[31m\x7f",
    "a|b\\|c\\",
    "a=b\\=c cs2=forged",
    'a"b',
    '"a"',
    " a ",
    "a cn1=7 x",
    "\ud800 half",
    "half \udfff",
    "\x0b\x0c\x1c\x1d\x1e",
    "\U0001f4a9 \u202e",
    "=",
    "\\n",
    "CEF:0|x|y|",
    '{"a":1}',
]
NAMES = st.text(st.characters(codec=None), max_size=256)
TEXTS = st.text(st.characters(codec=None), max_size=40)
LISTS = st.lists(TEXTS, max_size=4)
RECORDS = st.fixed_dictionaries(
    {
        "event_id": st.text("0123456789abcdef-", min_size=1, max_size=60),
        "exchange_id": TEXTS,
        "kind": st.sampled_from(["exchange", "message", "stream", "gap", "alert", "checkpoint", "token", "admin", ""]),
        "phase": st.sampled_from(["", "outcome", "signed"]),
        "timestamp": st.datetimes().map(lambda at: f"{max(at.year, 1970):04d}-01-01T00:00:00.000Z"),
        "tool_name": st.none() | NAMES,
        "method": st.none() | TEXTS,
        "identity": TEXTS,
        "client_ip": TEXTS | st.ip_addresses().map(str),
        "groups": LISTS,
        "rules": LISTS,
        "decision": st.sampled_from(["allow", "redact", "deny", "error", ""]),
        "reason": TEXTS | st.sampled_from(["injection.x", "pii.blocked"]),
        "detail": TEXTS,
        "trace_id": TEXTS,
        "mcp_server": TEXTS,
        "would_have": st.none() | TEXTS,
        "severity": st.sampled_from(["", "low", "medium", "high", "critical", "dire"]),
        "entities": st.dictionaries(TEXTS, st.integers(0, 9), max_size=3),
        "findings": st.lists(st.fixed_dictionaries({"entity": TEXTS, "pointer": TEXTS, "rule": TEXTS}), max_size=3),
        "latency_ms": st.none() | st.floats(0, 1e9),
        "upstream_status": st.none() | st.integers(100, 999),
        "sampled": st.sampled_from([1.0, 10.0]),
    }
)


def record(**fields: Any) -> dict[str, Any]:
    given = {"event_id": "e1", "exchange_id": "x1", "kind": "exchange", "timestamp": "2026-11-22T19:49:49.064Z"}
    return json.loads(msgspec.json.encode(AuditRecord(**given))) | fields


def tools(name: str, line: bytes) -> Any:
    """The tool's name, as a strict reader finds it."""
    if name == "cef":
        return reading_cef.read(line)[1].get("cs1")
    event = json.loads(line)
    return {
        "native": lambda: event.get("tool_name"),
        "ecs": lambda: event["doorward"].get("tool_name"),
        "ocsf": lambda: event["api"]["operation"],
    }[name]()


def check(name: str, given: dict[str, Any]) -> None:
    made = FORMATS[name](given)
    assert made
    for line in made:
        assert len(line) <= LARGEST_EVENT
        assert len(line.decode().splitlines()) == 1
        assert b"\n" not in line
        assert b"\0" not in line
    if given.get("tool_name"):
        assert tools(name, made[0]) == given["tool_name"]
    if name != "cef":
        assert all(isinstance(json.loads(line), dict) for line in made)


@pytest.mark.parametrize("tool", HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_a_hostile_name_is_one_line_and_stays_what_it_is(name: str, tool: str) -> None:
    check(name, record(tool_name=tool))
    check(name, record(tool_name=tool, detail=tool, identity=tool, method=tool, reason=tool, client_ip=tool))


@pytest.mark.parametrize("name", FORMATS)
@given(given=RECORDS)
@settings(max_examples=60, deadline=None)
def test_any_record_is_one_line_in_any_format_and_holds_the_tools_name(name: str, given: dict[str, Any]) -> None:
    check(name, record(**given))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_record_is_the_same_line(name: str) -> None:
    given = record(tool_name="t", entities={"B": 1, "A": 2})
    assert FORMATS[name](given) == FORMATS[name](dict(given))


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_that_is_too_large_loses_its_findings_and_says_so(name: str) -> None:
    finding = {"entity": "US_SSN", "pointer": "/result/" + "a" * 3000, "rule": "r"}
    check(name, given := record(tool_name="t", findings=[finding] * 100, entities={"US_SSN": 100}))
    line = FORMATS[name](given)[0]
    if name == "cef":
        assert "cfp2" not in reading_cef.read(line)[1]  # nothing was too large: findings are not in it
        return
    event = json.loads(line)
    cut = {"native": event.get("cut"), "ocsf": event.get("unmapped", {}).get("cut")}.get(
        name, event.get("doorward", {}).get("cut")
    )
    assert cut == ["findings"]
    if name == "ocsf":
        assert event["metadata"]["is_truncated"] is True


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_that_is_too_large_in_all_its_texts_is_cut_but_for_its_ids(name: str) -> None:
    long = "\u0001" * 200_000
    given = record(
        tool_name="t", detail=long, identity=long, rules=["r" * 5000] * 100, groups=[long], checkpoint="c" * 1000
    )
    check(name, given)
    line = FORMATS[name](given)[0]
    if name == "native":
        event = json.loads(line)
        assert set(event["cut"]) == {"detail", "identity", "rules", "groups"}
        assert (len(event["identity"]), len(event["rules"])) == (256, 10)
        assert (event["checkpoint"], event["event_id"]) == (given["checkpoint"], "e1")
    if name == "cef":
        assert reading_cef.read(line)[1]["cfp2"] == "4.0"


def test_these_are_the_formats_that_a_sink_can_be_told() -> None:
    assert tuple(FORMATS) == get_args(Format)


def test_the_native_form_is_the_record() -> None:
    given = record(tool_name="é\u2028x", entities={"A": 1})
    (line,) = FORMATS["native"](given)
    assert json.loads(line) == given
    assert line.decode().count("\\u2028") == 1


@pytest.mark.parametrize("name", ["ocsf", "ecs", "cef"])
@pytest.mark.parametrize("time", ["", "now", "2026-11-22T19:49:49Z"])
def test_what_has_no_time_is_no_event(name: str, time: str) -> None:
    with pytest.raises(ValueError):
        FORMATS[name](record(timestamp=time))


def test_a_signed_checkpoint_is_an_event_too() -> None:
    """It has few members, and an id that is longer than others."""
    given = {
        "event_id": "f" * 32 + "-checkpoint-12",
        "kind": "checkpoint",
        "phase": "signed",
        "timestamp": "2026-11-22T19:49:49.064Z",
        "writer": "f" * 32,
        "checkpoint": '{"signature":"x"}',
    }
    for name in FORMATS:
        check(name, given)
        (line,) = FORMATS[name](given)
        assert ("f" * 32 + "-checkpoint-12").encode() in line
        assert name == "cef" or b"signature" in line
