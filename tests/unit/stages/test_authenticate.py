import pytest

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import NOTHING, Grant, Principal
from doorward.core.shared import NONE_REVOKED, Revocations
from doorward.core.snapshot import Server, Target
from doorward.stages.authenticate import authenticate

FIXED = Grant(Principal("agent:a"), {})
SHORT = Grant(Principal("agent:b"), {}, expires=100.0)


def server(anonymous: bool = False) -> Server:
    return Server("s", Target(), anonymous=anonymous)


def test_a_known_token_is_worth_its_grant() -> None:
    assert authenticate(True, False, FIXED, server(), 1e12) is FIXED
    assert authenticate(True, False, SHORT, server(), 99.9) is SHORT


@pytest.mark.parametrize("anonymous", [True, False])
@pytest.mark.parametrize(
    ("present", "ambiguous", "found", "now", "reason"),
    [
        (True, False, None, 0.0, "auth.invalid"),
        (True, False, SHORT, 100.0, "auth.expired"),
        (False, True, None, 0.0, "auth.ambiguous"),
        (True, True, FIXED, 0.0, "auth.ambiguous"),
    ],
)
def test_a_token_that_is_present_and_bad_is_never_let_through(
    anonymous: bool, present: bool, ambiguous: bool, found: Grant | None, now: float, reason: str
) -> None:
    decision = authenticate(present, ambiguous, found, server(anonymous), now)
    assert isinstance(decision, Decision)
    assert decision.effect is Effect.DENY
    assert decision.reason == reason
    assert decision.remedy


def test_no_token_is_anonymous_where_the_server_allows_it() -> None:
    assert authenticate(False, False, None, server(True), 0.0) is NOTHING
    refused = authenticate(False, False, None, server(False), 0.0)
    assert isinstance(refused, Decision)
    assert refused.reason == "auth.required"


# -- grants that a verifier looked into

VERIFIED = Grant(Principal("agent:c"), {}, expires=100.0, token_id="t1", ancestors=("t0",), audience=frozenset({"s"}))


@pytest.mark.parametrize("anonymous", [True, False])
def test_what_the_verifier_refused_is_refused(anonymous: bool) -> None:
    refused = Decision(Effect.DENY, Reason.AUTH_KIND)
    assert authenticate(True, False, refused, server(anonymous), 0.0) is refused


@pytest.mark.parametrize(
    ("revocations", "now", "place", "reason"),
    [
        (NONE_REVOKED, 100.0, "s", "auth.expired"),
        (NONE_REVOKED, 0.0, "other", "auth.audience"),
        (Revocations(tokens=frozenset({"t1"})), 0.0, "s", "auth.revoked"),
        (Revocations(tokens=frozenset({"t0"})), 0.0, "s", "auth.revoked"),
    ],
)
def test_a_verified_grant_that_does_not_hold_here_and_now(
    revocations: Revocations, now: float, place: str, reason: str
) -> None:
    decision = authenticate(True, False, VERIFIED, Server(place, Target()), now, revocations)
    assert isinstance(decision, Decision)
    assert decision.reason == reason
