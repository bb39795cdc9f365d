"""How long the audit log's index takes to build, and what ten usual questions cost: `python -m bench.audit_index`.

Records are made up: four writers at a time, 40 agents, 15 servers with 12 tools each, 1 in 20 calls refused, 1 in 50
with a finding, 15 minutes a grant. They are written as the journal writes them, intents and outcomes, so that their
sizes are right; their chain is not. What is in the directory already is used again.
"""

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

from doorward.control.audit.filter import parse
from doorward.control.audit.index import Index
from doorward.core import audit_layout
from doorward.core.audit import AuditRecord, timestamp

BEGAN = 1_780_000_000.0
WRITERS = 4
A_SEGMENT = 250_000

QUESTIONS = (
    "",
    "server=crm-3",
    "who=agent:7 decision=deny",
    "tool=get_* would_have=*",
    "reason=policy.denied since={hour}",
    "entity=US_SSN identity!=agent:7",
    "latency_ms>400",
    "exchange={exchange}",
    "trace={trace}",
    "grant={grant} decision!=allow",
    "severity>=high until={hour}",
    "who=agent:39 server=crm-14 tool=tool_11 decision=error",
)


def written(directory: Path, events: int) -> tuple[str, str, str]:
    """Make ``events`` records; an exchange, a trace and a grant out of the middle."""
    dice = random.Random(5)
    some = ("", "", "")
    for number in range(WRITERS):
        writer = f"{number:032x}"
        place = directory / writer
        place.mkdir(parents=True, exist_ok=True)
        records = _records(dice, writer, events // WRITERS)
        seq = 0
        for segment in range(1, events // WRITERS // A_SEGMENT + 2):
            with (place / audit_layout.segment(segment)).open("wb") as opened:
                for _ in range(min(A_SEGMENT, events // WRITERS - seq)):
                    line, named = next(records)
                    opened.write(line)
                    seq += 1
                    if number == WRITERS // 2 and seq == events // WRITERS // 2:
                        some = named
    return some


def _records(dice: random.Random, writer: str, many: int) -> Iterator[tuple[bytes, tuple[str, str, str]]]:
    made = AuditRecord(event_id="@event", exchange_id="@exchange", kind="exchange", phase="@phase", timestamp="@time")
    made.trace_id, made.identity, made.client, made.client_ip = "@trace", "@who", "@client", "@ip"
    made.grant_id, made.mcp_server, made.tool_name, made.method = "@grant", "@server", "@tool", "tools/call"
    made.protocol, made.transport, made.args_hash, made.response_hash = "2025-11-25", "http", "a" * 64, "b" * 64
    made.hash_key_id, made.decision, made.reason, made.rules = "c" * 16, "@decision", "@reason", ("@rule",)
    made.mode, made.severity, made.sensitivity, made.policy_digest = "audit", "@severity", "medium", "d" * 64
    made.entities, made.bytes_in, made.bytes_out, made.upstream_status = {"@entity": 1}, 126, 578, 200
    made.latency_ms, made.gateway_ms = 1.2345, 0.64
    text = made.line(writer, 111, "e" * 64).decode().replace("%", "%%").replace('"seq":111', '"seq":%(seq)d')
    for name in ("event", "exchange", "phase", "time", "trace", "who", "client", "ip", "grant", "server", "tool"):
        text = text.replace(f'"@{name}"', f'"%({name})s"')
    for name in ("decision", "reason", "rule", "severity"):
        text = text.replace(f'"@{name}"', f'"%({name})s"')
    text = text.replace('{"@entity":1}', "%(entities)s").replace("1.2345", "%(latency).3f")
    seq = 0
    while seq < many:
        at = BEGAN + seq * 0.8 + dice.random()
        agent, server, tool = dice.randrange(40), dice.randrange(15), dice.randrange(12)
        refused, found = dice.random() < 0.05, dice.random() < 0.02
        exchange, trace = f"{dice.getrandbits(128):032x}", f"{dice.getrandbits(128):032x}"
        grant = f"{agent:08x}{int(at) // 900:08x}"
        values = {
            "event": f"{exchange[:24]}{seq:08x}",
            "exchange": exchange,
            "trace": trace,
            "who": f"agent:{agent}",
            "client": f"agent:{agent}",
            "ip": f"10.0.{agent}.{dice.randrange(4)}",
            "grant": grant,
            "server": f"crm-{server}",
            "tool": f"{'get' if tool < 4 else 'tool'}_{tool}",
            "rule": f"rule-{tool}",
            "entities": '{"US_SSN":2}' if found else "{}",
            "latency": dice.expovariate(1 / 30),
        }
        ended = {"phase": "outcome", "decision": "deny" if refused else "allow", "severity": "high" if refused else ""}
        ended["reason"] = "policy.denied" if refused else ""
        opened = {"phase": "intent", "decision": "allow", "severity": "", "reason": ""}
        for more in (ended,) if refused else (opened, ended):
            if seq < many:
                values |= more
                line = text % (values | {"seq": seq, "time": timestamp(at)})
                yield line.encode(), (exchange, trace, grant)
                seq += 1


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("directory", type=Path)
    options.add_argument("--events", type=int, default=1_000_000)
    given = options.parse_args()
    begun = time.perf_counter()
    exchange, trace, grant = written(given.directory, given.events)
    size = sum(file.stat().st_size for file in given.directory.glob("*/journal-*"))
    print(f"{given.events:,} records, {size / 1e9:.2f} GB, made in {time.perf_counter() - begun:.0f} s")
    index = Index(given.directory)
    begun, cpu = time.perf_counter(), time.process_time()
    index.update(rebuild=True)
    took, used = time.perf_counter() - begun, time.process_time() - cpu
    size = sum(file.stat().st_size for file in given.directory.glob("index.db*"))
    print(f"built in {took:.1f} s ({used:.1f} s CPU), {given.events / took:,.0f} records/s, {size / 1e9:.2f} GB")
    begun = time.perf_counter()
    index.update()
    print(f"nothing new: {1000 * (time.perf_counter() - begun):.1f} ms")
    hour = timestamp(BEGAN + given.events / WRITERS * 0.4)
    for question in QUESTIONS:
        question = question.format(hour=hour, exchange=exchange, trace=trace, grant=grant)
        asked = parse(question, time.time())
        begun = time.perf_counter()
        found = index.newest(asked, 50)
        print(f"{1000 * (time.perf_counter() - begun):9.1f} ms  {len(found):3} found  {question or '(all)'}")


if __name__ == "__main__":
    main()
