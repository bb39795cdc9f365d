import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from doorward.config import Config, Server, Tool
from doorward.configtypes import Refused
from doorward.control import rollout
from doorward.control.rollout import LONGEST, UNWAIVABLE, modes, override, tool_mode
from doorward.core.decision import Reason
from doorward.core.policy import Mode
from doorward.core.rules import BUILT_IN
from doorward.core.shared import Override

WHY = "CRM migration, ticket OPS-311, agreed with Ines"
GOOD: dict[str, Any] = {
    "rule": "default-deny",
    "agent": "agent:sales",
    "server": "crm",
    "tool": "delete_customer",
    "lasts": 4 * 3600.0,
    "why": WHY,
    "now": 1000.0,
}


@pytest.mark.parametrize("rule", ["default-deny", "no-export", "US_SSN", "crm/no.delete:1", "No export @ night"])
@pytest.mark.parametrize("agent", ["agent:sales", "idp|alice@example.com"])
def test_a_good_one(rule: str, agent: str) -> None:
    made = override("o1", **GOOD | {"rule": rule, "agent": agent})
    assert made == Override("o1", rule, agent, "crm", "delete_customer", 1000.0 + 4 * 3600)


def test_exactly_seven_days() -> None:
    assert override("o1", **GOOD | {"lasts": LONGEST}).until == 1000.0 + 7 * 86400


@pytest.mark.parametrize("lasts", [0.0, -1.0, LONGEST + 0.001, float("inf"), float("nan")])
def test_no_end_or_none_to_come_is_refused(lasts: float) -> None:
    with pytest.raises(Refused, match="7 days"):
        override("o1", **GOOD | {"lasts": lasts})


@pytest.mark.parametrize("field", ["rule", "agent", "server", "tool"])
@pytest.mark.parametrize("value", ["", "*", "get_*", "x?", "[a]", "{a,b}", " x", "x\n", "x\0", "y" * 257])
def test_no_wildcards_and_no_nonsense(field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        override("o1", **GOOD | {field: value})
    assert refused.value.remedy


@pytest.mark.parametrize("rule", ["all", "any"])
def test_one_rule_means_one(rule: str) -> None:
    with pytest.raises(Refused):
        override("o1", **GOOD | {"rule": rule})


@pytest.mark.parametrize("rule", sorted(UNWAIVABLE))
def test_what_holds_for_everybody_is_waived_for_nobody(rule: str) -> None:
    with pytest.raises(Refused, match="cannot be waived"):
        override("o1", **GOOD | {"rule": rule})


@pytest.mark.parametrize("rule", ["one-reading", "header-law", "auth", "relay", "limits", "calls_per_minute", "pin"])
def test_the_closed_list_holds_at_least(rule: str) -> None:
    assert rule in UNWAIVABLE


def test_a_rule_of_the_gateway_itself_is_on_the_list_or_default_deny() -> None:
    source = Path(rollout.__file__).parents[1]
    texts = [file.read_text(encoding="utf-8") for file in source.rglob("*.py")]
    found = {rule for text in texts for rule in re.findall(r'\brules=\("([^"]+)",\)', text)}
    assert len(found) > 8
    assert found | BUILT_IN <= UNWAIVABLE | {"default-deny"}
    assert "default-deny" not in UNWAIVABLE


@pytest.mark.parametrize("reason", [Reason.POLICY_DENIED, Reason.AUTH_EXPIRED, Reason.PII_BLOCKED])
def test_a_reason_is_no_rule(reason: Reason) -> None:
    with pytest.raises(Refused, match="is a reason"):
        override("o1", **GOOD | {"rule": reason.value})


def test_nobody_in_particular_gets_none() -> None:
    with pytest.raises(Refused, match="nobody in particular"):
        override("o1", **GOOD | {"agent": "anonymous"})


@pytest.mark.parametrize(
    "why", ["", "   ", "because", "x" * 40, "aa aa aa aa aa aa", "- - - - - - - - - - -", "ok ok fine fine"]
)
def test_no_justification_no_override(why: str) -> None:
    with pytest.raises(Refused, match="no justification"):
        override("o1", **GOOD | {"why": why})


@pytest.mark.parametrize("why", [WHY + " x" * 300, WHY + "\nsecond line", WHY + "\x1b[2J"])
def test_a_justification_is_one_readable_line(why: str) -> None:
    with pytest.raises(Refused, match="one line"):
        override("o1", **GOOD | {"why": why})


SERVERS = {
    "crm": Server(mode=Mode.SOFT, tools={"get_*": Tool(mode=Mode.AUDIT), "*_secret": Tool(mode=Mode.ENFORCE)}),
    "files": Server(tools={"read": Tool(sensitivity="high")}),
}


@pytest.mark.parametrize(
    ("server", "tool", "mode"),
    [
        ("crm", "delete", Mode.SOFT),
        ("crm", "get_x", Mode.AUDIT),
        ("crm", "get_secret", Mode.ENFORCE),
        ("files", "read", Mode.WARN),
    ],
)
def test_the_mode_of_a_tool(server: str, tool: str, mode: Mode) -> None:
    config = Config(mode=Mode.WARN, servers=SERVERS)
    assert tool_mode(config, config.servers[server], tool) is mode


def test_all_modes_for_people_to_see() -> None:
    assert msgspec.json.decode(msgspec.json.encode(modes(Config(mode=Mode.WARN, servers=SERVERS)))) == {
        "mode": "warn",
        "servers": [
            {"id": "crm", "mode": "soft", "tools": {"get_*": "audit", "*_secret": "enforce"}},
            {"id": "files", "mode": "warn", "tools": {}},
        ],
    }
