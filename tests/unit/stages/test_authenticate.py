import hashlib

import pytest

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import NOTHING, Grant, Principal
from doorward.core.shared import NONE_REVOKED, Revocations
from doorward.core.snapshot import Keys, Server, Snapshot, Target
from doorward.stages.authenticate import authenticate

FIXED = Grant(Principal("agent:a"), {})
SHORT = Grant(Principal("agent:b"), {}, expires=100.0)
SNAPSHOT = Snapshot(
    1,
    "",
    {},
    {hashlib.sha256(b"fixed").digest(): FIXED, hashlib.sha256(b"short").digest(): SHORT},
    Keys(b"", "", ()),
)


def server(anonymous: bool = False) -> Server:
    return Server("s", Target(), anonymous=anonymous)


def test_a_known_token_is_worth_its_grant() -> None:
    assert authenticate(b"fixed", False, SNAPSHOT, server(), 1e12) is FIXED
    assert authenticate(b"short", False, SNAPSHOT, server(), 99.9) is SHORT


@pytest.mark.parametrize("anonymous", [True, False])
@pytest.mark.parametrize(
    ("token", "ambiguous", "now", "reason"),
    [
        (b"wrong", False, 0.0, "auth.invalid"),
        (b"", False, 0.0, "auth.invalid"),
        (b"short", False, 100.0, "auth.expired"),
        (None, True, 0.0, "auth.ambiguous"),
        (b"fixed", True, 0.0, "auth.ambiguous"),
    ],
)
def test_a_token_that_is_present_and_bad_is_never_let_through(
    anonymous: bool, token: bytes | None, ambiguous: bool, now: float, reason: str
) -> None:
    decision = authenticate(token, ambiguous, SNAPSHOT, server(anonymous), now)
    assert isinstance(decision, Decision)
    assert decision.effect is Effect.DENY
    assert decision.reason == reason
    assert decision.remedy


def test_no_token_is_anonymous_where_the_server_allows_it() -> None:
    assert authenticate(None, False, SNAPSHOT, server(True), 0.0) is NOTHING
    refused = authenticate(None, False, SNAPSHOT, server(False), 0.0)
    assert isinstance(refused, Decision)
    assert refused.reason == "auth.required"


# -- grants that a verifier looked into

VERIFIED = Grant(Principal("agent:c"), {}, expires=100.0, token_id="t1", ancestors=("t0",), audience=frozenset({"s"}))


def test_what_the_verifier_found_is_what_the_token_is_worth() -> None:
    assert authenticate(b"jwt", False, SNAPSHOT, server(), 99.0, verified=VERIFIED) is VERIFIED


def test_a_fixed_token_is_never_looked_into() -> None:
    assert authenticate(b"fixed", False, SNAPSHOT, server(), 99.0, verified=VERIFIED) is FIXED


@pytest.mark.parametrize("anonymous", [True, False])
def test_what_the_verifier_refused_is_refused(anonymous: bool) -> None:
    refused = Decision(Effect.DENY, Reason.AUTH_KIND)
    assert authenticate(b"jwt", False, SNAPSHOT, server(anonymous), 0.0, verified=refused) is refused


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
    decision = authenticate(
        b"jwt", False, SNAPSHOT, Server(place, Target()), now, verified=VERIFIED, revocations=revocations
    )
    assert isinstance(decision, Decision)
    assert decision.reason == reason
