"""Every string and member name of a message -> Texts; findings -> Decision.

The walk is generic on purpose: it knows no method, so a field that a later revision adds is covered on the day it
appears. Tables (``core/methods.py``) only say which few fields must stay byte-exact.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.finding import Finding, Text
from doorward.core.looking import ARGUMENTS, Looking
from doorward.core.policy import Severity


def texts(value: Any) -> list[Text]:
    """All strings, member names and longer numbers below ``value`` with their JSON pointers, in the order in which they
    stand, but that an object's names come before its values.

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
                place = (
                    f"{pointer}/{name.replace('~', '~0').replace('/', '~1') if '~' in name or '/' in name else name}"
                )
                found.append(Text(place, name, key=True))
                members.append((place, child))
            stack.extend(reversed(members))
        elif isinstance(node, list):
            stack.extend([(f"{pointer}/{i}", child) for i, child in enumerate(node)][::-1])
        elif node is not None and node is not True and node is not False:
            spelling = str(node)  # integers, and floats as they were spelt
            if len(spelling) >= SHORTEST_NUMBER:
                found.append(Text(pointer, spelling, number=True))
    return found


SHORTEST_NUMBER = 6
"""Characters; a shorter number says nothing about a person."""


class Judged(NamedTuple):
    """What the findings of one message mean: the decision, those that count, and those of them to be redacted."""

    decision: Decision
    counted: list[Finding]
    redacted: list[Finding]


def judge(findings: Sequence[Finding], direction: str, looking: Looking, is_opaque: Callable[[str], bool]) -> Judged:
    """``direction`` is "arguments" (client to server) or "results". Under its threshold, or allowed, a finding does not
    count. Opaque values (``requestState``, ids, cursors, tokens) are counted and never redacted, for they must come
    back as they went (MCP basic/patterns/mrtr): they are blocked where they hold a credential that the gateway itself
    holds (``HELD``), and pass otherwise.
    """
    counted: list[Finding] = []
    redacted: list[Finding] = []
    blocked: list[Finding] = []
    severity = Severity.LOW
    for finding in findings:
        action = looking.action(finding.entity, direction)
        held = finding.detector == HELD
        if not held and (finding.score < action.threshold or finding.read in looking.allow):
            continue
        counted.append(finding)
        exact = is_opaque(finding.text.pointer) and not finding.text.key
        if held and (exact or direction == ARGUMENTS):
            blocked.append(finding)
            severity = Severity.CRITICAL
        elif exact:
            continue
        elif action.effect == "block" and not held:
            blocked.append(finding)
            severity = max(severity, Severity(action.severity))
        elif action.effect == "redact" or held:
            redacted.append(finding)
    if blocked:
        return Judged(_blocked(blocked, severity), counted, redacted)
    if redacted:
        entities = tuple(sorted({f.entity for f in redacted}))
        return Judged(Decision(Effect.REDACT, Reason.PII_REDACTED, rules=entities), counted, redacted)
    return Judged(ALLOW, counted, redacted)


HELD = "held"
"""The detector of credentials that the gateway itself holds: no setting lets one pass, and no override."""
HELD_RULE = "held-credential"


def _blocked(findings: Sequence[Finding], severity: Severity) -> Decision:
    entities = tuple(sorted({f.entity for f in findings}))
    held = (HELD_RULE,) if any(finding.detector == HELD for finding in findings) else ()
    return Decision(
        Effect.DENY,
        Reason.PII_BLOCKED,
        severity,
        rules=entities + held,
        what=f"it holds {', '.join(entities)}",
        remedy="leave that out and send the request again",
    )
