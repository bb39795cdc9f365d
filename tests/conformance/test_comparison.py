"""The comparison itself: what it must call a loss."""

import pytest
from tests.conformance.suite import Check, worse


def check(status: str, name: str = "One") -> Check:
    return Check("a-scenario", "an-id", name, status, "")


PASSED, FAILED, SKIPPED, WARNED = map(check, ("SUCCESS", "FAILURE", "SKIPPED", "WARNING"))


@pytest.mark.parametrize(
    ("direct", "through", "lost"),
    [
        ([PASSED], [PASSED], 0),
        ([PASSED], [], 1),
        ([PASSED], [SKIPPED], 1),
        ([PASSED], [FAILED], 2),
        ([PASSED], [PASSED, check("FAILURE", "Another")], 1),
        ([PASSED, PASSED], [PASSED], 1),
        ([SKIPPED], [WARNED], 1),
        ([FAILED], [FAILED], 0),
        ([FAILED], [PASSED], 0),
    ],
)
def test_a_loss_is_seen(direct: list[Check], through: list[Check], lost: int) -> None:
    assert len(worse({"a-scenario": direct}, {"a-scenario": through})) == lost


def test_a_scenario_that_did_not_run_is_a_loss() -> None:
    assert len(worse({"a-scenario": [PASSED]}, {})) == 1
