import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.functional.pipeline.on_behalf import ALICE, BOB, acting
from tests.tokens import HELPER, SALES

from doorward.control.jose.claims import InvalidToken
from doorward.control.tokens.grants import chain
from doorward.core.identity import ANONYMOUS, Principal, key_of

# Few letters, so that texts which differ only in where they are cut come up; no claim and no id may hold a NUL.
part = st.text("ab|\1", max_size=3) | st.text(st.characters(exclude_characters="\0"), max_size=6)
principals = st.builds(
    Principal, subject=part, client=part, issuer=part, groups=st.tuples(part), act=st.lists(part, max_size=5).map(tuple)
)


@given(principals, principals)
def test_no_two_chains_have_one_holder(one: Principal, other: Principal) -> None:
    def said(who: Principal) -> tuple[object, ...]:
        return who.issuer, who.subject, who.client, who.act

    assert (one.holder == other.holder) == (said(one) == said(other))
    assert (one.key == other.key) == (said(one)[:3] == said(other)[:3])


@given(principals)
def test_the_key_is_in_the_holder(who: Principal) -> None:
    assert key_of(who.holder) == key_of(who.key) == who.key


@given(principals)
def test_who_acts_for_nobody_holds_by_its_key(who: Principal) -> None:
    assert (who.holder == who.key) == (who.act == ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Principal("s", "c", act=("a", "b")), Principal("s", "c", act=("ab",))),
        (Principal("s", "c", act=("a", "b")), Principal("s", "c", act=("b", "a"))),
        (Principal("s", "c", act=("",)), Principal("s", "c")),
        (Principal("s", "c", act=("", "")), Principal("s", "c", act=("",))),
        (Principal("s", act=("c",)), Principal("s", "c")),
        (Principal("s", "c", act=("idp|a",)), Principal("s", "c", act=("idp", "a"))),
    ],
)
def test_chains_that_are_nearly_alike(one: Principal, other: Principal) -> None:
    assert one.holder != other.holder


def test_a_renewed_grant_has_the_same_holder_and_another_chain_has_not() -> None:
    first, again = acting(ALICE, HELPER), acting(ALICE, HELPER, now=1_800_002_000.0)
    assert (first.token_id, first.grant_id, first.expires) != (again.token_id, again.grant_id, again.expires)
    assert first.principal.holder == again.principal.holder
    chains = ([ALICE, HELPER], [BOB, HELPER], [ALICE, SALES, HELPER], [SALES, HELPER], [HELPER])
    grants = [acting(*each) for each in chains]
    assert len({each.principal.holder for each in grants}) == len(chains)
    assert len({each.principal.key for each in grants}) == 1  # one caller, so one set of limits


def test_what_groups_it_is_in_makes_no_other_holder() -> None:
    assert Principal("s", groups=("a",), act=("b",)).holder == Principal("s", act=("b",)).holder


def test_without_a_chain_the_text_is_what_it_was() -> None:
    """Stored tasks and sealed session ids of such callers are theirs across an upgrade."""
    assert Principal("alice", client="app", issuer="idp").holder == "idp\0alice\0app"
    assert ANONYMOUS.holder == "\0anonymous\0"


def test_nobody_in_a_chain_has_a_nul_in_its_name() -> None:
    with pytest.raises(InvalidToken):
        chain({"act": {"sub": "agent:a", "act": {"sub": "agent:b\0agent:c"}}})
