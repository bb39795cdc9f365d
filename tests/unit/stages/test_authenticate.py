import hashlib

import pytest

from doorward.core.decision import Decision, Effect
from doorward.core.identity import NOTHING, Grant, Principal
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
