"""However grants are handed on: a child never widens, never outlives, never survives the revocation of its parent."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.tokens import ISSUER, NOW, URLS

from doorward.control.jose.claims import OAuthRefusal
from doorward.control.tokens.grants import DEEPEST, chain, claims, narrow, to_grant
from doorward.control.tokens.rights import Asked, within
from doorward.core.identity import Grant
from doorward.core.shared import Revocations

IDS = {url: name for name, url in URLS.items()}
TOOLS = ("get", "get_a", "get_b", "set_a", "a", "")
globs = st.sampled_from(("*", "get*", "get_*", "get_a", "get_?", "get_[ab]", "*_a", "[!g]*", "set_a", "a?"))
holdings = st.dictionaries(st.sampled_from(sorted(URLS)), st.lists(globs, max_size=3).map(tuple), max_size=3)
wishes = st.builds(
    Asked,
    st.none() | st.lists(st.sampled_from((*URLS.values(), f"{ISSUER}/mcp/other")), min_size=1, max_size=2).map(tuple),
    st.none() | st.lists(st.tuples(st.sampled_from(sorted(URLS)), globs), min_size=1, max_size=3).map(tuple),
)
steps = st.lists(
    st.tuples(wishes, holdings, st.floats(0, 1000), st.floats(1, 5000)),
    max_size=6,
)


def reach(grant: Grant) -> set[tuple[str, str]]:
    """All that a grant lets through: the server's URL must be in ``aud``, and the tool be listed."""
    assert grant.audience is not None
    return {
        (server, tool)
        for server in grant.audience & grant.servers.keys()
        for tool in TOOLS
        if tool in grant.servers[server]
    }


def family(held: dict[str, tuple[str, ...]], asked: Asked, taken: list[Any]) -> list[dict[str, Any]]:
    """A first grant and whatever the steps make of it; refused ones are left out, later ones go on from the last."""
    try:
        rights = within(asked, (held,), URLS)
    except OAuthRefusal:
        return []
    made = [
        claims(
            issuer=ISSUER, subject="agent:0", client_id="agent:0", rights=rights, token_id="t0", grant_id="g", now=NOW,
            lifetime=900,
        )
    ]  # fmt: skip
    for number, (wish, own, later, lifetime) in enumerate(taken, 1):
        now = min(NOW + later, made[-1]["exp"] - 1)
        try:
            made.append(
                narrow(
                    made[-1], wish, client_id=f"agent:{number}", held=own, urls=URLS, token_id=f"t{number}", now=now,
                    lifetime=lifetime,
                )
            )  # fmt: skip
        except OAuthRefusal:
            continue
    return made


@given(holdings, wishes, steps)
def test_no_sequence_of_exchanges_widens(held: dict[str, tuple[str, ...]], asked: Asked, taken: list[Any]) -> None:
    made = family(held, asked, taken)
    for parent, child in pairwise(made):
        before, after = to_grant(parent, IDS), to_grant(child, IDS)
        assert before.audience is not None
        assert after.audience is not None
        assert after.audience <= before.audience
        assert after.servers.keys() <= before.servers.keys()
        assert reach(after) <= reach(before)
        assert child["exp"] <= parent["exp"]
        assert (child["grant_id"], child["sub"]) == (parent["grant_id"], parent["sub"])
        assert len(chain(child)) <= DEEPEST


@given(holdings, wishes, steps)
def test_nobody_gets_by_exchange_what_it_may_not_have_itself(
    held: dict[str, tuple[str, ...]], asked: Asked, taken: list[Any]
) -> None:
    for child in family(held, asked, taken)[1:]:
        own = taken[int(child["client_id"].removeprefix("agent:")) - 1][1]
        allowed = to_grant({**child, "servers": own, "aud": list(URLS.values())}, IDS)
        assert reach(to_grant(child, IDS)) <= reach(allowed)


@given(holdings, wishes, steps, st.data())
def test_nothing_survives_the_revocation_of_an_ancestor(
    held: dict[str, tuple[str, ...]], asked: Asked, taken: list[Any], data: st.DataObject
) -> None:
    made = family(held, asked, taken)
    if not made:
        return
    place = data.draw(st.integers(0, len(made) - 1))
    revocations = Revocations(tokens=frozenset({made[place]["jti"]}))
    assert [revocations.hit(to_grant(one, IDS)) for one in made] == [number >= place for number in range(len(made))]
    whole = Revocations(grants=frozenset({"g"}))
    assert all(whole.hit(to_grant(one, IDS)) for one in made)


def test_the_families_are_not_all_empty() -> None:
    everything = dict.fromkeys(URLS, ("*",))
    steps_down = [(Asked(None, (("files", "get*"),)), everything, 1.0, 900.0), (Asked(), everything, 2.0, 60.0)]
    made = family(everything, Asked(), steps_down)
    assert [len(reach(to_grant(one, IDS))) for one in made] == [18, 3, 3]
