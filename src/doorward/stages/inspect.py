"""Every string and member name of a message -> Texts; findings -> Decision.

The walk is generic on purpose: it knows no method, so a field that a later revision adds is covered on the day it
appears. Tables (``core/methods.py``) only say which few fields must stay byte-exact.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.finding import Finding, Text
from doorward.core.policy import Severity
from doorward.core.snapshot import Action

_DETECT = Action("detect")


def texts(value: Any) -> list[Text]:
    """All strings and member names below ``value`` with their JSON pointers; an object's names come before its values.

    Works with a stack of its own: depth is bounded by the reader, but Python's stack is not the place to find out.
    """
    found: list[Text] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, str):
            found.append(Text(pointer, node))
        elif isinstance(node, dict):
            members = []
            for name, child in node.items():
                place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                found.append(Text(place, name, key=True))
                members.append((place, child))
            stack.extend(reversed(members))
        elif isinstance(node, list):
            stack.extend([(f"{pointer}/{i}", child) for i, child in enumerate(node)][::-1])
    return found


def judge(
    findings: Sequence[Finding],
    direction: str,
    actions: Mapping[tuple[str, str], Action],
    is_opaque: Callable[[str], bool],
) -> tuple[Decision, list[Finding], list[Finding]]:
    """What the findings of one message mean: the decision, those that count, and those of them to be redacted.

    ``direction`` is "arguments" (client to server) or "results". Under its threshold a finding does not count; without
    an action it is only detected. Opaque values (``requestState``, ids, cursors, tokens) are counted and never
    redacted, for they must come back as they went (MCP basic/patterns/mrtr).
    """
    counted: list[Finding] = []
    redacted: list[Finding] = []
    blocked: list[Finding] = []
    severity = Severity.LOW
    for finding in findings:
        action = actions.get((finding.entity, direction), _DETECT)
        if finding.score < action.threshold:
            continue
        counted.append(finding)
        if action.effect == "block":
            blocked.append(finding)
            severity = max(severity, Severity(action.severity))
        elif action.effect == "redact" and not (is_opaque(finding.text.pointer) and not finding.text.key):
            redacted.append(finding)
    if blocked:
        return _blocked(blocked, severity), counted, redacted
    if redacted:
        entities = tuple(sorted({f.entity for f in redacted}))
        return Decision(Effect.REDACT, Reason.PII_REDACTED, rules=entities), counted, redacted
    return ALLOW, counted, redacted


def _blocked(findings: Sequence[Finding], severity: Severity) -> Decision:
    entities = tuple(sorted({f.entity for f in findings}))
    return Decision(
        Effect.DENY,
        Reason.PII_BLOCKED,
        severity,
        rules=entities,
        what=f"it holds {', '.join(entities)}",
        remedy="leave that out and send the request again",
    )
