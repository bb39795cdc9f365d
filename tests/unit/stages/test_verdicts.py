import pytest

from doorward.core.decision import Effect, Reason
from doorward.core.policy import Mode, Severity
from doorward.core.question import Verdict
from doorward.core.rules import BUILT_IN
from doorward.stages.verdicts import BLOCKED, FAILED, denied, forbidden


@pytest.mark.parametrize(
    "verdict",
    [
        BLOCKED,
        FAILED,
        denied(Reason.POLICY_UNREADABLE_ARGUMENT),
        denied(Reason.MESSAGE_AMBIGUOUS_NUMBER),
        forbidden([], permitted=False),
    ],
)
def test_every_built_in_deny_is_one_and_says_what_to_do(verdict: Verdict) -> None:
    decision = verdict.decision
    assert decision.effect is Effect.DENY
    assert decision.severity is Severity.HIGH
    assert set(decision.rules) <= BUILT_IN
    assert decision.rules == verdict.rules
    assert decision.what
    assert decision.remedy
    assert (verdict.upper, verdict.lower) == (False, False)


def test_without_a_forbid_the_mode_is_the_tools() -> None:
    verdict = forbidden([], permitted=False)
    assert verdict.mode is None
    assert verdict.mode_over(Mode.AUDIT) is Mode.AUDIT
