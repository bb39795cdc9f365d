"""A filter means the same to the index as to whoever reads every record."""

import itertools
import random
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.control.audit import index_build, index_query
from doorward.control.audit.filter import FilterError, parse
from doorward.control.audit.index import Index
from doorward.control.audit.index_build import milliseconds
from doorward.control.audit.questions import read_newest
from doorward.core import audit_layout
from doorward.core.audit import AuditRecord, timestamp

NOW = 1_795_000_000.0
WRITERS = ("a" * 32, "b" * 32)

WORDS = ("", "a", "ab", "b", "a[b", "a[b]", "b?", "bc", "a*b", "é\U0001f600", 'x"y', "a,b", "c\\d", " ", "AB")
IDS = ("", "0" * 31 + "1", "0123456789abcdef" * 2, "0123456789ABCDEF" * 2, "x1", "fixed:a")
NUMBERS = (None, 0, 0.0, 0.5, 1, 1.0, 9.99, 10, 10.01, 200, 5e5)

words = st.sampled_from(WORDS)
several = st.lists(words, max_size=3).map(tuple)
ids = st.sampled_from(IDS)
numbers = st.sampled_from(NUMBERS)
counts = st.sampled_from((0, 1, 7))

records = st.fixed_dictionaries(
    {"exchange_id": ids, "kind": st.sampled_from(("exchange", "message", "gap"))},
    optional={
        "phase": st.sampled_from(("", "intent", "outcome")),
        **dict.fromkeys(("identity", "client", "mcp_server", "reason", "client_ip", "grant_id", "sensitivity"), words),
        **dict.fromkeys(("tool_name", "method", "override"), st.none() | words),
        **dict.fromkeys(("rules", "groups", "act", "facts"), several),
        **dict.fromkeys(("trace_id", "batch_id"), ids),
        **dict.fromkeys(("latency_ms", "gateway_ms"), numbers),
        **dict.fromkeys(("redaction_count", "uninspected", "bytes_in", "interim"), counts),
        "decision": st.sampled_from(("allow", "deny")),
        "would_have": st.sampled_from((None, "deny", "redact")),
        "severity": st.sampled_from(("", "low", "high", "critical")),
        "upstream_status": st.sampled_from((None, 200, 502)),
        "entities": st.dictionaries(words, counts, max_size=2),
    },
)
logs = st.lists(st.tuples(st.sampled_from(WRITERS), records, st.integers(-2, 3)), max_size=25)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


globs = st.lists(words, min_size=2, max_size=4).map(
    lambda parts: "*".join(quoted(part) if part else "" for part in parts)
)
values = st.lists(words.map(quoted) | ids.map(quoted) | globs | st.just("*"), min_size=1, max_size=3).map(",".join)
number = st.sampled_from(("0", "0.5", "1", "5", "10", "10.005", "150", "200", "500000"))
several_numbers = st.lists(number, min_size=1, max_size=2).map(",".join)
equal = st.sampled_from(("=", "!="))
text_fields = st.sampled_from(
    (
        "who",
        "identity",
        "client",
        "group",
        "act",
        "ip",
        "grant",
        "server",
        "tool",
        "method",
        "reason",
        "rule",
        "override",
        *("sensitivity", "fact", "entity", "exchange", "batch", "trace", "writer", "mcp_server", "rules"),
    )
)
number_fields = st.sampled_from(
    ("latency_ms", "gateway_ms", "redaction_count", "uninspected", "bytes_in", "interim", "upstream_status", "seq")
)
known = st.sampled_from(
    (
        "decision=deny",
        "decision!=deny",
        "severity>=high",
        "severity<high",
        "would_have=*",
        'would_have=""',
        "kind=gap,message",
        *("phase=intent", "phase!=intent", "kind=exchange"),
    )
)
seconds = st.integers(-3, 12).map(lambda second: timestamp(NOW + second / 2))
terms = (
    st.tuples(text_fields, equal, values)
    | st.tuples(number_fields, equal, several_numbers)
    | st.tuples(number_fields, st.sampled_from((">", ">=", "<", "<=")), number)
    | st.tuples(st.sampled_from(("since", "until")), st.just("="), seconds)
    | known.map(lambda term: (term,))
).map("".join)
filters = st.lists(terms, max_size=3).map(" ".join)


def write(directory: Path, log: list[tuple[str, dict[str, Any], int]], begin: int = 0) -> None:
    now, written = NOW, dict.fromkeys(WRITERS, 0)
    for number, (writer, fields, step) in enumerate(log):
        now += step / 2  # clocks go back, too
        record = AuditRecord(event_id=f"e{number}", timestamp=timestamp(now), **fields)
        line = record.line(writer, written[writer], "")
        written[writer] += 1
        if number >= begin:
            place = directory / writer
            place.mkdir(exist_ok=True)
            with (place / audit_layout.segment(1 + written[writer] // 4)).open("ab") as opened:
                opened.write(line)


def fitting(directory: Path, text: str, all_records: bool) -> set[str]:
    """The plain way: every record, one after the other."""
    found = []
    for segment in directory.glob("*/journal-*"):
        found += [msgspec.json.decode(line) for line in segment.read_bytes().splitlines()]
    ended = {r["exchange_id"] for r in found if r["kind"] == "exchange" and r["phase"] == "outcome"} - {""}
    asked = parse(text, NOW)
    return {
        record["event_id"]
        for record in found
        if asked.matches(record)
        and (
            all_records
            or (record["kind"], record["phase"]) != ("exchange", "intent")
            or record["exchange_id"] not in ended
        )
    }


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with every word and number in every field, and its index."""
    directory: Path = tmp_path_factory.mktemp("rich")
    dice, log = random.Random(1), []
    text = ("identity", "client", "mcp_server", "reason", "client_ip", "grant_id", "sensitivity", "tool_name", "method")
    for number in range(400):
        fields: dict[str, Any] = {name: dice.choice(WORDS) for name in (*text, "override")}
        fields |= {name: tuple(dice.sample(WORDS, dice.randrange(3))) for name in ("rules", "groups", "act", "facts")}
        fields |= {name: dice.choice(IDS) for name in ("exchange_id", "trace_id", "batch_id")}
        fields |= {name: dice.choice(NUMBERS) for name in ("latency_ms", "gateway_ms")}
        fields |= {name: dice.choice((0, 1, 7)) for name in ("redaction_count", "uninspected", "bytes_in", "interim")}
        fields |= {"kind": dice.choice(("exchange", "message", "gap")), "phase": dice.choice(("", "intent", "outcome"))}
        fields |= {"decision": dice.choice(("allow", "deny")), "would_have": dice.choice((None, "deny", "redact"))}
        fields |= {"severity": dice.choice(("", "low", "high", "critical"))}
        fields |= {"upstream_status": dice.choice((None, 200, 502)), "entities": {dice.choice(WORDS): 1}}
        log.append((WRITERS[number % 2], fields, dice.choice((0, 0, 0, 1, -1))))
    write(directory, log)
    Index(directory).update()
    return directory


ways = st.sampled_from(((0, 0), (0, 500_000), (500, 0)))
"""How many shapes are read side by side, and how many records sorted: each way of asking."""


@settings(max_examples=200, deadline=None)
@given(filters, st.booleans(), ways)
def test_the_index_finds_what_reading_everything_finds(
    rich: Path, text: str, all_records: bool, way: tuple[int, int]
) -> None:
    compare(rich, text, all_records, way)


WHOLE = st.sampled_from(("intent", "intent", "outcome", "outcome", ""))
CALLS = st.fixed_dictionaries(
    {"exchange_id": st.sampled_from(("x", "y", "0" * 32)), "kind": st.just("exchange"), "phase": WHOLE}
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(WRITERS), CALLS, st.integers(-2, 3)), min_size=2, max_size=14),
    st.sampled_from(("", "phase=intent", "exchange=x,y")),
    st.booleans(),
    st.lists(st.integers(0, 14), max_size=2).map(sorted),
    st.sampled_from((1, 3, 20_000)),
    ways,
)
def test_an_intent_is_shown_until_its_outcome_is_there_wherever_both_are_read(
    log: list[tuple[str, dict[str, Any], int]],
    text: str,
    all_records: bool,
    stops: list[int],
    batch: int,
    way: tuple[int, int],
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        directory = Path(name)
        patch.setattr(index_build, "BATCH", batch)
        for begin, end in itertools.pairwise([0, *stops, len(log)]):
            write(directory, log[:end], begin)
            Index(directory).update()
        compare(directory, text, all_records, way)


def compare(directory: Path, text: str, all_records: bool, way: tuple[int, int]) -> None:
    index, asked = Index(directory), parse(text, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_query, "MERGED", way[0])
        patch.setattr(index_query, "SORTED", way[1])
        hits = index.newest(asked, 1000, all_records=all_records)
        pages, before, size = [], None, max(1, len(hits) // 4)
        while page := index.newest(asked, size, before=before, all_records=all_records):
            pages += page
            before = page[-1].key
        oldest = index.oldest(asked, 1000, after=(0, "", 0), all_records=all_records)
    found = [msgspec.json.decode(hit.raw) for hit in hits]
    assert {record["event_id"] for record in found} == fitting(directory, text, all_records)
    assert len(found) == len({record["event_id"] for record in found})
    assert [hit.key[0] for hit in hits] == sorted((hit.key[0] for hit in hits), reverse=True)
    assert pages == hits
    assert oldest == hits[::-1]
    assert all(milliseconds(record["timestamp"]) == hit.key[0] for record, hit in zip(found, hits, strict=True))


@settings(max_examples=100, deadline=None)
@given(logs, filters)
def test_reading_the_journals_backwards_finds_the_same_where_outcomes_follow_their_intents(
    log: list[tuple[str, dict[str, Any], int]], text: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), log)
        hits = read_newest(Path(name), parse(text, NOW), all_records=True)
        assert {msgspec.json.decode(hit.raw)["event_id"] for hit in hits} == fitting(Path(name), text, True)


@given(st.text(max_size=60) | filters)
def test_anything_is_a_filter_or_refused(text: str) -> None:
    try:
        made = parse(text, NOW)
    except FilterError:
        return
    where = made.sql()
    assert made.matches({}) in (True, False)
    assert where.shape[0].count("?") == len(where.shape[1])
    assert where.record[0].count("?") == len(where.record[1])
