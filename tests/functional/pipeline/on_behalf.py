"""What ``agent:helper`` holds: grants as the token service narrows them, for others or for itself."""

from itertools import count

from tests.functional.pipeline.policed import Verifier
from tests.tokens import HELPER, ISSUER, SALES, URLS

from doorward.control.tokens.grants import claims, narrow, to_grant
from doorward.control.tokens.rights import Asked, within
from doorward.core.identity import Grant

ALICE, BOB = "idp|alice", "idp|bob"
FOR_ALICE, RENEWED, FOR_BOB, THROUGH_SALES, ITSELF = b"for-alice", b"renewed", b"for-bob", b"through-sales", b"itself"
ANOTHERS = (FOR_BOB, THROUGH_SALES, ITSELF)
"""Tokens of the same agent and client as ``FOR_ALICE`` that are nobody's to use what that one made."""

_ALL = {"crm": ("*",)}
_ids = count()


def acting(subject: str, *agents: str, now: float = 1_800_001_000.0) -> Grant:
    """A new grant for ``subject``: the first of ``agents`` acts for it, each later one for the one before."""
    first, *others = agents or (subject,)
    made = claims(
        issuer=ISSUER, subject=subject, client_id=first, rights=within(Asked(), (_ALL,), URLS),
        token_id=f"t{next(_ids)}", grant_id=f"g{next(_ids)}", now=now, lifetime=900, actors=(first,) if agents else (),
    )  # fmt: skip
    for agent in others:
        made = narrow(made, Asked(), client_id=agent, held=_ALL, urls=URLS, token_id=f"t{next(_ids)}", now=now)
    return to_grant(made, {URLS["crm"]: "crm"})


def verifier() -> Verifier:
    """Knows the tokens above."""
    return Verifier(
        {
            FOR_ALICE: acting(ALICE, HELPER),
            RENEWED: acting(ALICE, HELPER),
            FOR_BOB: acting(BOB, HELPER),
            THROUGH_SALES: acting(ALICE, SALES, HELPER),
            ITSELF: acting(HELPER),
        }
    )
