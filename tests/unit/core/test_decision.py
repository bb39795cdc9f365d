import re

import pytest

from doorward.core.decision import ALLOW, Act, Decision, Effect, Reason, under
from doorward.core.message import READER_REASONS
from doorward.core.policy import Mode, Severity

PASS, REDACT, REFUSE = Act.PASS, Act.REDACT, Act.REFUSE
LOW, HIGH = (Severity.LOW, Severity.MEDIUM), (Severity.HIGH, Severity.CRITICAL)

# contract.md, "Modes", cell by cell: (act, alert, what enforcement would have done)
TABLE = {
    (Mode.AUDIT, "allow"): (PASS, False, None),
    (Mode.AUDIT, "redact"): (PASS, False, Effect.REDACT),
    (Mode.AUDIT, "low"): (PASS, False, Effect.DENY),
    (Mode.AUDIT, "high"): (PASS, False, Effect.DENY),
    (Mode.WARN, "allow"): (PASS, False, None),
    (Mode.WARN, "redact"): (PASS, True, Effect.REDACT),
    (Mode.WARN, "low"): (PASS, True, Effect.DENY),
    (Mode.WARN, "high"): (PASS, True, Effect.DENY),
    (Mode.SOFT, "allow"): (PASS, False, None),
    (Mode.SOFT, "redact"): (REDACT, False, None),
    (Mode.SOFT, "low"): (PASS, True, Effect.DENY),
    (Mode.SOFT, "high"): (REFUSE, False, None),
    (Mode.ENFORCE, "allow"): (PASS, False, None),
    (Mode.ENFORCE, "redact"): (REDACT, False, None),
    (Mode.ENFORCE, "low"): (REFUSE, False, None),
    (Mode.ENFORCE, "high"): (REFUSE, False, None),
}


def decisions(column: str) -> list[Decision]:
    if column == "allow":
        return [ALLOW, Decision(Effect.ALLOW, Reason.NONE)]
    if column == "redact":
        return [Decision(Effect.REDACT, Reason.PII_REDACTED, severity) for severity in Severity]
    return [Decision(Effect.DENY, Reason.POLICY_DENIED, severity) for severity in (LOW if column == "low" else HIGH)]


@pytest.mark.parametrize(("mode", "column"), TABLE)
def test_every_cell_of_the_mode_table(mode: Mode, column: str) -> None:
    for decision in decisions(column):
        ruling = under(mode, decision)
        assert (ruling.act, ruling.alert, ruling.would_have) == TABLE[mode, column]


@pytest.mark.parametrize(("mode", "column"), TABLE)
def test_an_override_matters_for_severe_denials_in_soft_alone(mode: Mode, column: str) -> None:
    for decision in decisions(column):
        ruling = under(mode, decision, overridden=True)
        if (mode, column) == (Mode.SOFT, "high"):
            assert (ruling.act, ruling.alert, ruling.would_have) == (PASS, True, Effect.DENY)
        else:
            assert ruling == under(mode, decision)


def test_the_table_is_whole() -> None:
    assert len(TABLE) == len(Mode) * 4


def test_a_fault_is_refused_like_a_severe_denial() -> None:
    fault = Decision(Effect.ERROR, Reason.GATEWAY_FAULT, Severity.CRITICAL)
    assert under(Mode.SOFT, fault).act is REFUSE
    assert under(Mode.ENFORCE, fault).act is REFUSE


def test_reasons_are_stable_codes_of_an_area_and_a_problem() -> None:
    codes = [reason.value for reason in Reason if reason is not Reason.NONE]
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9_]+", code) for code in codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("reason", READER_REASONS)
def test_every_reason_of_the_reader_is_one(reason: str) -> None:
    assert Reason(reason) == reason
