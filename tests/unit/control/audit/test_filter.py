import re
from pathlib import Path
from typing import Any

import pytest

from doorward.control.audit.fields import FIELDS, KINDS
from doorward.control.audit.filter import LONGEST, MOST_TERMS, MOST_VALUES, FilterError, parse
from doorward.core.audit import AuditRecord

NOW = 1_795_000_000.0  # 2026-11-18T11:06:40Z

RECORD: dict[str, Any] = {
    "timestamp": "2026-11-18T10:00:00.000Z",
    "kind": "exchange",
    "phase": "outcome",
    "identity": "corp|alice",
    "client": "agent:sales",
    "client_ip": "10.1.2.3",
    "mcp_server": "crm",
    "tool_name": "get_customer",
    "decision": "deny",
    "reason": "policy.denied",
    "rules": ["default-deny", "rule-7"],
    "would_have": None,
    "severity": "high",
    "entities": {"US_SSN": 2, "PERSON": 1},
    "latency_ms": 12.5,
    "upstream_status": None,
    "exchange_id": "x1",
    "grant_id": "fixed:agent:sales",
    "writer": "a" * 32,
    "seq": 7,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "who=corp|alice",
        "who=agent:sales",
        "who=agent:*",
        "who!=agent:ops",
        "server=crm tool=get_*",
        "server=wiki,crm",
        "tool=*_customer,search",
        "tool=*cust*",
        "tool!=search,list_*",
        "rule=default-deny",
        "rule=rule-*",
        "rule!=other",
        "entity=US_SSN",
        "entity!=CREDIT_CARD",
        "entity=*",
        "severity>=medium",
        "severity<critical",
        "severity!=low",
        "latency_ms>12",
        "latency_ms>=12.5",
        "latency_ms<=12.5",
        "latency_ms=12.5,13",
        "latency_ms!=13",
        "upstream_status!=200",
        'would_have=""',
        "since=2h",
        "since=2026-11-18",
        "since=2026-11-18T10:00Z",
        "since=2026-11-18T11:00+01:00",
        "until=2026-11-18T10:00:01",
        "until=5m",
        'identity="corp|alice"',
        'identity="corp|"*',
        "mcp_server=crm tool_name=get_customer entities=PERSON rules=rule-7",
        "exchange=x1 grant=fixed:* writer=aaaa* seq=7 ip=10.1.*",
    ],
)
def test_what_fits(text: str) -> None:
    assert parse(text, NOW).matches(RECORD)


@pytest.mark.parametrize(
    "text",
    [
        "who=alice",
        "who!=agent:sales",
        "server=crm tool=search",
        "server=CRM",
        'tool="get_*"',
        "tool=get",
        "tool=get_*r_customer",
        "rule!=rule-7",
        "entity!=PERSON",
        "would_have=*",
        'would_have!=""',
        "latency_ms>12.5",
        "latency_ms!=12.5",
        "upstream_status=200",
        "upstream_status>0",
        "since=10m",
        "until=2026-11-18T10:00",
        "fact=*",
    ],
)
def test_what_does_not_fit(text: str) -> None:
    assert not parse(text, NOW).matches(RECORD)


@pytest.mark.parametrize("record", [{}, dict.fromkeys(RECORD, 5), {name: [[]] for name in RECORD}])
def test_nothing_in_a_record_raises(record: dict[str, Any]) -> None:
    for name in FIELDS:
        value = {"since": "1h", "until": "1h"}.get(name)
        value = value or (FIELDS[name].known[0] if FIELDS[name].known else "1")
        assert parse(f"{name}={value}", NOW).matches(record) in (True, False)


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("srever=crm", 1, "did you mean server?"),
        ("server=crm tol=x", 12, "did you mean tool?"),
        ("zzz=1", 1, "known: who, identity"),
        ("decision=denied", 1, "decision is never denied; did you mean deny?"),
        ("kind=foo", 1, f"known: {', '.join(KINDS)}"),
        ("severity>hihg", 1, "did you mean high?"),
        ("severity>critical", 1, "nothing is > critical"),
        ("crm", 1, "a term is FIELD=VALUE"),
        ("who=a b", 7, 'a value with spaces is quoted: who="b"'),
        ("who=", 1, 'what is empty is who=""'),
        ("who=a,,b", 1, "a value is missing"),
        ('who="a', 1, "the quotation is not closed"),
        ("who>a", 1, "who is text: it takes = and !="),
        ("latency_ms>fast", 1, "latency_ms is a number"),
        ("latency_ms>1,2", 1, "> takes one value"),
        ("latency_ms=1*", 1, "is a number"),
        ("since=yesterday", 1, "expected a duration"),
        ("since=2026-13-01", 1, "expected a time: write it as 2026-11-01"),
        ("since>1h", 1, "it is since=24h"),
        ("since=1h,2h", 1, "with one value"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, position: int, said: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, NOW)
    assert refused.value.position == position
    assert refused.value.term in text
    assert said in str(refused.value)


def test_filters_are_bounded() -> None:
    for text in ("a" * (LONGEST + 1), "seq=1 " * (MOST_TERMS + 1), "seq=" + ",".join("1" * (MOST_VALUES + 1))):
        with pytest.raises(FilterError, match="at most"):
            parse(text, NOW)


def test_a_pattern_with_many_stars_takes_no_time() -> None:
    long = {"tool_name": "a" * 100_000}
    assert not parse("tool=" + "*a" * 200 + "*b", NOW).matches(long)


def test_what_is_known_roughly_narrows_the_shapes() -> None:
    assert parse("uninspected>0", NOW).sql().shape == ("rough_uninspected >= ?", (1,))
    assert parse("latency_ms>=1000", NOW).sql().shape == ("rough_latency_ms >= ?", (4,))
    assert parse("latency_ms<1000", NOW).sql().shape == ("rough_latency_ms <= ?", (3,))
    assert parse("latency_ms!=3", NOW).sql().shape == ("1", ())


def test_every_field_is_a_member_of_a_record() -> None:
    members = {member for field in FIELDS.values() for member in field.members}
    assert members <= set(AuditRecord.__struct_fields__)


def test_the_page_of_docs_names_every_field() -> None:
    page = (Path(__file__).parents[4] / "docs" / "query.md").read_text(encoding="utf-8")
    table = page.partition("## Fields")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)`", table, re.M)) == set(FIELDS)


def test_the_examples_of_the_docs_can_be_read() -> None:
    page = (Path(__file__).parents[4] / "docs" / "query.md").read_text(encoding="utf-8")
    examples = re.findall(r"audit (?:query|tail -f|export --format \w+) '([^']*)'", page)
    assert len(examples) > 5
    for example in examples:
        parse(example, NOW)
