"""One exchange, explained from its records: who, what, which rules, and what enforcement would have done."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.parse import AGENTS_PREFIX, parse_files
from doorward.control.rollout import UNWAIVABLE
from doorward.core.audit import AuditRecord
from doorward.core.rules import BUILT_IN, Rule

_FIRST_PHASES = ("intent", "opened")
_LAST_PHASES = ("outcome", "closed")


class RuleFound(msgspec.Struct, frozen=True):
    """A rule that decided. ``origin``: "file", "agents" (a list in the configuration), "built in" or "gone".

    ``file`` and ``line`` are those of the set that decided then; ``text`` is the policy.
    """

    id: str
    origin: str
    file: str = ""
    line: int = 0
    text: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else _PLACES[self.origin]


class Explanation(msgspec.Struct, frozen=True):
    """What the records say; members that are those of a record bear its names.

    ``enforcement``: what an enforcing mode would have done: "allow", "redact" or "deny". ``finished``: there is an
    outcome. ``policies_known``: the set of then is in the store.
    """

    exchange_id: str
    timestamp: str
    identity: str
    client: str
    groups: tuple[str, ...]
    act: tuple[str, ...]
    grant_id: str
    client_ip: str
    mcp_server: str
    method: str | None
    tool_name: str | None
    mode: str
    decision: str
    reason: str
    severity: str
    enforcement: str
    override: str | None
    rules: tuple[RuleFound, ...]
    facts: tuple[str, ...]
    entities: Mapping[str, int]
    findings: tuple[Mapping[str, Any], ...]
    finished: bool
    policy_digest: str
    policies_known: bool


def explain(records: Sequence[AuditRecord], files: Mapping[str, str] | None) -> Explanation | None:
    """``records`` of one exchange, the first first; ``files`` of the policy set with its digest, None: not kept.

    None if there is no record.
    """
    if not records:
        return None
    last = next((each for each in reversed(records) if each.phase in _LAST_PHASES), records[-1])
    known = _rules(files)
    return Explanation(
        exchange_id=last.exchange_id,
        timestamp=last.timestamp,
        identity=last.identity,
        client=last.client,
        groups=last.groups,
        act=last.act,
        grant_id=last.grant_id,
        client_ip=last.client_ip,
        mcp_server=last.mcp_server,
        method=last.method,
        tool_name=last.tool_name,
        mode=last.mode,
        decision=last.decision,
        reason=last.reason,
        severity=last.severity,
        enforcement=last.would_have or last.decision,
        override=last.override,
        rules=tuple(_found(name, known, last.entities) for name in last.rules),
        facts=last.facts,
        entities=last.entities,
        findings=tuple(last.findings),
        finished=last.phase not in _FIRST_PHASES,
        policy_digest=last.policy_digest,
        policies_known=files is not None,
    )


_OURS = BUILT_IN | UNWAIVABLE
_PLACES = {"agents": "identity.agents", "built in": "built in", "gone": "its text was not kept", "file": ""}


def _rules(files: Mapping[str, str] | None) -> dict[str, Rule]:
    """The rules of a kept set, which was valid when it was kept."""
    if files is None:
        return {}
    parsed, _, _ = parse_files(PolicyFiles(files))
    return {each.rule.id: each.rule for each in parsed}


def _found(name: str, known: Mapping[str, Rule], found: Mapping[str, int]) -> RuleFound:
    """``found``: entities, for what blocks a message is named by its kind."""
    rule = known.get(name)
    if rule is not None:
        return RuleFound(name, "file", rule.file, rule.line, rule.text)
    if name.startswith(AGENTS_PREFIX):
        return RuleFound(name, "agents")
    return RuleFound(name, "built in" if name in _OURS or name in found else "gone")


def lines(explanation: Explanation) -> list[str]:
    """The same for people."""
    shown = explanation
    what = shown.method or "a message that was not read"
    where = f"{what} {shown.tool_name} on {shown.mcp_server}" if shown.tool_name else f"{what} on {shown.mcp_server}"
    through = f", acting for: {', '.join(shown.act)}" if shown.act else ""
    pairs = [
        ("exchange", f"{shown.exchange_id} at {shown.timestamp}" + ("" if shown.finished else ", without an outcome")),
        ("who", f"{shown.identity or 'unknown'}, client {shown.client or 'unknown'}, from {shown.client_ip}{through}"),
        ("groups", ", ".join(shown.groups)),
        ("grant", shown.grant_id),
        ("what", where),
        ("mode", shown.mode),
        ("decided", " ".join(part for part in (shown.decision, shown.reason, shown.severity) if part)),
        ("enforcement", _enforcement(shown)),
        ("override", shown.override or ""),
        *(("rule", f"{rule.id} ({rule.place})") for rule in shown.rules),
        ("facts", ", ".join(shown.facts)),
        ("findings", ", ".join(f"{entity} x {number}" for entity, number in shown.entities.items())),
        *(("", f"{found.get('entity')} at {found.get('pointer')}") for found in shown.findings),
        ("policies", shown.policy_digest + ("" if shown.policies_known else ", whose text was not kept")),
    ]
    return [f"{label:<12} {text}" for label, text in pairs if text]


def _enforcement(shown: Explanation) -> str:
    if shown.enforcement == shown.decision:
        return "would have done the same"
    return f"would have done: {shown.enforcement}"
