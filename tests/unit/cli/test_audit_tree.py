import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.audit_logs import Log

from doorward.cli.audit import command, drawn, query
from doorward.cli.audit.shown import Lines
from doorward.core.tracing import span_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def log(file: Path) -> Log:
    return Log(file.parent / ".doorward" / "audit", step=1)


def asked(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["query", "-c", str(file), *arguments])


def chain(log: Log) -> list[str]:
    """An orchestrator, a researcher and a CRM agent; the outcomes come the other way round."""
    writer = log.writer()
    seen = {"trace_id": TRACE}
    first = {"identity": "agent:orchestrator", "mcp_server": "research", "tool_name": "investigate", **seen}
    a = writer.intent(**first)
    second = {"identity": "agent:researcher", "mcp_server": "crm", "tool_name": "ask", "act": ("agent:orchestrator",)}
    second |= seen | {"span_id": span_id_of(a)}
    b = writer.intent(**second)
    third = {"identity": "agent:crm", "mcp_server": "records", "tool_name": "get_customer", **seen}
    third |= {"act": ("agent:researcher", "agent:orchestrator")}
    c = writer.intent(**third)
    found = {"decision": "redact", "redaction_count": 2, "entities": {"US_SSN": 2}}
    writer.outcome(c, **(third | found), latency_ms=1000.0)
    writer.outcome(b, **second, latency_ms=3000.0)
    writer.outcome(a, **first, latency_ms=5000.0)
    writer.call(identity="agent:other", trace_id="f" * 32)
    return [a, b, c]


def test_a_tree(file: Path, log: Log) -> None:
    chain(log)
    done = asked(file, "--trace", TRACE, "--tree")
    assert done.exit_code == 0, done.output
    who = [line.partition("  ")[2] for line in done.stdout.splitlines()]
    assert who == [
        "allow     agent:orchestrator  research/investigate  5000.0 ms",
        "allow     └─ agent:researcher  crm/ask  3000.0 ms",
        "redact       └─ agent:crm  records/get_customer  US_SSN:2  2 redacted  1000.0 ms  (by whom it acts for)",
    ]


def test_forks_are_drawn(file: Path, log: Log) -> None:
    writer = log.writer()
    a = writer.intent(trace_id=TRACE, identity="agent:boss")
    for name in ("one", "two"):
        below = writer.intent(trace_id=TRACE, identity=f"agent:{name}", span_id=span_id_of(a))
        writer.call(trace_id=TRACE, identity="agent:deep", span_id=span_id_of(below))
    done = asked(file, "--trace", TRACE, "--tree")
    who = [line.partition("  ")[2][10:].partition("  crm/")[0] for line in done.stdout.splitlines()]
    assert who == [
        "agent:boss",
        "├─ agent:one",
        "│  └─ agent:deep",
        "└─ agent:two",
        "   └─ agent:deep",
    ]


def test_a_tree_as_json(file: Path, log: Log) -> None:
    a, b, c = chain(log)
    done = asked(file, "--trace", TRACE, "--tree", "--json")
    (top,) = json.loads(done.stdout)["calls"]
    assert (top["exchange_id"], top["by"]) == (a, "")
    assert (top["calls"][0]["exchange_id"], top["calls"][0]["by"]) == (b, "span")
    (last,) = top["calls"][0]["calls"]
    assert (last["exchange_id"], last["by"], last["redaction_count"]) == (c, "act", 2)


def test_a_trace_without_a_tree_is_a_term(file: Path, log: Log) -> None:
    chain(log)
    assert asked(file, "--trace", TRACE).stdout == asked(file, f"trace={TRACE}").stdout
    done = asked(file, "--trace", TRACE, "--tree", "who=agent:crm")
    assert len(done.stdout.splitlines()) == 1


def test_a_trace_that_nobody_has_seen(file: Path, log: Log) -> None:
    chain(log)
    done = asked(file, "--trace", "a" * 32, "--tree")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no record fits" in done.output
    assert asked(file, "--trace", "a" * 32, "--tree", "--json").stdout == '{"calls":[]}\n'


@pytest.mark.parametrize("arguments", [["--tree"], ["--trace", "x y", "--tree"], ["--trace", "A" * 32]])
def test_wrong_use(file: Path, log: Log, arguments: list[str]) -> None:
    chain(log)
    assert asked(file, *arguments).exit_code == 2


def test_it_says_so_where_there_may_be_more(file: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(log)
    for module in (drawn, query):
        monkeypatch.setattr(module, "MOST_CALLS", 2)
    done = asked(file, "--trace", TRACE, "--tree")
    assert len(done.stdout.splitlines()) == 2
    assert "newest 2 calls" in done.output


def test_nothing_in_a_record_does_anything_to_a_terminal() -> None:
    bad = "\x1b[2J"
    names = ("identity", "tool_name", "mcp_server", "decision", "reason", "would_have", "redaction_count")
    record = dict.fromkeys(names, bad) | {"entities": {bad: bad}, "detail": 7, "kind": "exchange", "phase": "outcome"}
    raw = json.dumps(record | {"timestamp": "2026-01-01T00:00:00.000Z", "exchange_id": "e"}).encode()
    (line,) = drawn.told_tree([raw], Lines(io.StringIO(), open_intents=True), as_json=False)
    assert "\x1b" not in line
    assert "redacted, 7" in line
