from typing import Any

import pytest

from doorward.config import Agent
from doorward.control.policies.compile import compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.replay import Replayed, lines, replay
from doorward.control.policies.schema import KnownTool
from doorward.core.audit import AuditRecord
from doorward.core.policy import Mode
from doorward.core.snapshot import Server, Target

POLICY = """
@id("all-of-crm")
permit (principal, action, resource in Doorward::Server::"crm");

@id("no-export")
@severity("medium")
forbid (principal, action, resource == Doorward::Tool::"crm/export");

@id("soft-wipe")
@mode("enforce")
forbid (principal, action, resource == Doorward::Tool::"crm/wipe");

@id("no-big-limit")
forbid (principal, action == Doorward::Action::"tools/call/crm/list", resource)
when { context.arguments has limit && context.arguments.limit > 100 };

@id("not-from-there")
forbid (principal, action, resource == Doorward::Tool::"crm/near")
when { context has source_ip && !context.source_ip.isInRange(ip("10.0.0.0/8")) };

@id("not-for-corp")
forbid (principal in Doorward::Group::"corp|temps", action, resource == Doorward::Tool::"crm/hire");
"""
TOOLS = [
    KnownTool("crm", "list", b'{"properties":{"limit":{"type":"integer"}}}'),
    *(KnownTool("crm", name) for name in ("find", "export", "wipe", "near", "hire")),
]
SERVERS = {"crm": Server("crm", Target()), "files": Server("files", Target())}
AGENTS = (Agent(id="agent:ops", servers={"files": ("read",)}),)
ENGINE = compile_policies(PolicyFiles({"crm.cedar": POLICY}), AGENTS, SERVERS, TOOLS).engine


def record(number: int = 0, **members: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": "e",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "identity": "agent:sales",
        "client": "agent:sales",
        "client_ip": "10.0.0.1",
        "grant_id": "g1",
        "mcp_server": "crm",
        "tool_name": "find",
        "method": "tools/call",
        "mode": "audit",
    }
    return AuditRecord(**{**usual, **members})


def replayed(*records: AuditRecord, mode: Mode | None = None) -> Replayed:
    return replay(records, ENGINE, SERVERS, mode)


def change(taken: AuditRecord, mode: Mode | None = None) -> tuple[str, tuple[str, ...]] | None:
    found = replayed(taken, mode=mode)
    assert (found.calls, found.skipped) == (1, {})
    if not found.rows:
        assert found.same == 1
        return None
    (row,) = found.rows
    return row.change, row.rules


DENIED = {"decision": "deny", "reason": "policy.denied"}
WOULD_HAVE = {"decision": "allow", "reason": "policy.denied", "would_have": "deny"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, None),
        ({"tool_name": "export"}, ("to deny", ("no-export",))),
        ({"tool_name": "export", **DENIED}, None),
        ({"tool_name": "export", **WOULD_HAVE}, None),
        (DENIED, ("to allow", ("all-of-crm",))),
        (WOULD_HAVE, ("to allow", ("all-of-crm",))),
        ({"tool_name": "list"}, ("depends on arguments", ("all-of-crm",))),
        ({"tool_name": "list", **DENIED}, ("depends on arguments", ("all-of-crm",))),
        ({"mcp_server": "files", "tool_name": "read"}, ("to deny", ("default-deny",))),
        ({"mcp_server": "files", "tool_name": "read", "identity": "agent:ops"}, None),
        ({"method": "tools/list", "tool_name": None}, None),
        ({"method": "initialize", "tool_name": None, "mcp_server": "files"}, None),  # needs no permit
        (
            {"method": "initialize", "tool_name": None, "mcp_server": "files", "identity": "anonymous", "grant_id": ""},
            ("to deny", ("default-deny",)),
        ),
        ({"tool_name": "near"}, None),
        ({"tool_name": "near", "client_ip": "192.0.2.1"}, ("to deny", ("not-from-there",))),
        ({"tool_name": "hire", "identity": "corp|u1", "groups": ("temps",)}, ("to deny", ("not-for-corp",))),
        ({"tool_name": "hire", "identity": "other|u1", "groups": ("temps",)}, None),
        ({"tool_name": "hire", "identity": "agent:a|b", "groups": ("temps",)}, None),
        ({"identity": "anonymous", "grant_id": ""}, None),
        ({"decision": "redact", "reason": "pii.redacted"}, None),
    ],
)
def test_judgement_against_judgement(members: dict[str, Any], expected: tuple[str, tuple[str, ...]] | None) -> None:
    assert change(record(**members)) == expected


@pytest.mark.parametrize(
    ("members", "mode", "expected"),
    [
        # what was let pass with an alert, and would be refused
        ({"tool_name": "export", **WOULD_HAVE}, Mode.ENFORCE, ("to deny", ("no-export",))),
        ({"tool_name": "export", **WOULD_HAVE}, Mode.SOFT, None),  # of medium severity
        ({"tool_name": "export", **WOULD_HAVE}, Mode.WARN, None),
        ({"tool_name": "export", **DENIED}, Mode.ENFORCE, None),
        ({"tool_name": "export", **DENIED}, Mode.AUDIT, ("to allow", ("no-export",))),
        # the rule's own mode goes before
        ({"tool_name": "wipe"}, Mode.AUDIT, ("to deny", ("soft-wipe",))),
        ({"tool_name": "list"}, Mode.ENFORCE, ("depends on arguments", ("all-of-crm",))),
        ({"tool_name": "list"}, Mode.AUDIT, None),
        (WOULD_HAVE, Mode.ENFORCE, None),
    ],
)
def test_what_was_done_against_what_a_mode_would_do(
    members: dict[str, Any], mode: Mode, expected: tuple[str, tuple[str, ...]] | None
) -> None:
    assert change(record(**members), mode) == expected


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"decision": "deny", "reason": "auth.invalid"}, "ended for another reason"),
        ({"decision": "deny", "reason": "pii.blocked"}, "ended for another reason"),
        ({"decision": "error", "reason": "upstream.timeout"}, "ended for another reason"),
        ({"mcp_server": "gone"}, "the server is gone"),
        ({"method": None, "tool_name": None}, "not read"),
        ({"method": "resources/read", "tool_name": None}, "its name is not in the journal"),
        ({"method": "tasks/get", "tool_name": None}, "its name is not in the journal"),
        ({"tool_name": None}, "its name is not in the journal"),
        ({"tool_name": "x" * 256}, "its name is not in the journal"),
    ],
)
def test_what_cannot_be_judged_again_is_counted_with_its_why(members: dict[str, Any], why: str) -> None:
    found = replayed(record(**members))
    assert (found.calls, found.rows, found.skipped) == (0, (), {why: 1})


@pytest.mark.parametrize(
    "members",
    [{"phase": "intent"}, {"kind": "message", "phase": ""}, {"kind": "stream", "phase": "closed"}, {"kind": "alert"}],
)
def test_other_records_are_no_calls(members: dict[str, Any]) -> None:
    if members.get("kind") == "alert":
        members = {**members, "phase": ""}
    assert replayed(record(**members)) == Replayed(0, 0, (), {})


def test_alike_calls_are_one_row_with_a_few_examples() -> None:
    taken = [record(number, tool_name="export") for number in range(5)]
    taken += [record(9, tool_name="export", identity="agent:ops"), record(10), record(11, **DENIED)]
    found = replayed(*taken)
    assert (found.calls, found.same) == (8, 1)
    assert [(row.change, row.identity, row.tool, row.calls) for row in found.rows] == [
        ("to allow", "agent:sales", "find", 1),
        ("to deny", "agent:sales", "export", 5),
        ("to deny", "agent:ops", "export", 1),
    ]
    assert found.rows[1].exchanges == ("x0", "x1", "x2")
    assert (found.total("to deny"), found.total("to allow"), found.total("depends on arguments")) == (6, 1, 0)


def test_for_people() -> None:
    found = replayed(record(1, tool_name="export"), record(2, tool_name="list"), record(3, method=None))
    assert list(lines(found)) == [
        "depends on arguments       1  agent:sales  crm/list by all-of-crm  (x2)",
        "to deny                    1  agent:sales  crm/export by no-export  (x1)",
        "2 calls, 0 the same, 0 to allow, 1 to deny, 1 depends on arguments",
        "not judged: 1 (not read)",
    ]
