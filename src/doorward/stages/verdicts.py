"""What the engine says in the end: one constructor for each kind of verdict that is no plain allow.

None repeats a caller's text; what they name are rules, and what they advise comes from the operator or from here.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.policy import Mode, Severity, strictness
from doorward.core.question import Observed, Verdict
from doorward.core.rules import DEFAULT_DENY, POLICY_ERROR, UNKNOWN_TOOL, UNREADABLE, Rule

_ASK = "ask the operator for a policy that permits it, or use a tool that tools/list offers"

_WORDS: Mapping[Reason, tuple[str, str, str]] = {
    Reason.POLICY_ERROR: (
        POLICY_ERROR,
        "a policy could not be evaluated for this",
        "tell the operator: the policy that failed is named in the gateway's record",
    ),
    Reason.POLICY_UNREADABLE_ARGUMENT: (
        UNREADABLE,
        "an argument that a policy reads is not of its declared type and name",
        "send it as the tool's inputSchema says, its name spelt alike; whole numbers without a fraction, and no null",
    ),
    Reason.MESSAGE_AMBIGUOUS_NUMBER: (
        UNREADABLE,
        "a number that a policy reads is larger or more exact than all readers agree on",
        "send numbers within ±(2^53-1) and with at most 17 digits",
    ),
}


def denied(reason: Reason, also: Sequence[str] = ()) -> Verdict:
    """A deny for which no policy decided; ``also`` are ids of policies that had a part in it."""
    rule, what, remedy = _WORDS[reason]
    rules = (rule, *also)
    decision = Decision(Effect.DENY, reason, Severity.HIGH, rules, what, remedy)
    return Verdict(decision, upper=False, lower=False, rules=rules)


def forbidden(forbids: Sequence[Rule], *, permitted: bool) -> Verdict:
    """A deny by these forbids, and by ``default-deny`` where nothing permits."""
    names = tuple(rule.id for rule in forbids) + (() if permitted else (DEFAULT_DENY,))
    worst = max([rule.severity for rule in forbids] + ([] if permitted else [Severity.HIGH]))
    messages = [rule.message for rule in sorted(forbids, key=lambda rule: -rule.severity) if rule.message]
    if forbids:
        listed = ", ".join(rule.id for rule in forbids)
        what = f"forbidden by the policy {listed}" if len(forbids) == 1 else f"forbidden by the policies {listed}"
    else:
        what = "no policy permits this"
    decision = Decision(Effect.DENY, Reason.POLICY_DENIED, worst, names, what, "; ".join(messages) or _ASK)
    modes = [rule.mode for rule in forbids if rule.mode is not None]
    mode = (Mode.ENFORCE if Mode.ENFORCE in modes else modes[0]) if modes else None
    mixed = mode is not None and len(modes) < len(names)
    return Verdict(decision, upper=False, lower=False, rules=names, mode=mode, mixed=mixed)


def enforced(verdict: Verdict, rules: Iterable[Rule]) -> Verdict:
    """A deny in the stricter of two modes: the tool's, and that of those among ``rules`` that bring an enforcing one.
    Where such a rule cannot be asked, or might have stopped it too, a tool in audit must not let it pass.
    """
    modes = [rule.mode for rule in rules if rule.mode is not None and rule.mode.enforcing]
    return msgspec.structs.replace(verdict, mode=max(modes, key=strictness), mixed=True) if modes else verdict


def seen(rule: Rule) -> Observed:
    """What is recorded of a ``forbid`` in audit or warn mode."""
    assert rule.mode is not None
    return Observed(rule.id, rule.mode, rule.severity, rule.message)


FAILED = denied(Reason.POLICY_ERROR)
BLOCKED = Verdict(
    Decision(
        Effect.DENY,
        Reason.POLICY_DENIED,
        Severity.HIGH,
        (UNKNOWN_TOOL,),
        "a policy is about this tool, and the tool's schema is not known",
        "let the server list its tools once through the gateway, or correct the tool's name in the policy",
    ),
    upper=False,
    lower=False,
    rules=(UNKNOWN_TOOL,),
)
