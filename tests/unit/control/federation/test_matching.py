from typing import Any

import pytest

from doorward.config import Match
from doorward.control.federation.matching import Matcher, faults
from doorward.control.jose.claims import InvalidToken

CI = "https://ci.example.com"


def matched(claims: dict[str, Any], *matches: Match, issuer: str = CI) -> str | None:
    named = {f"agent:{number}": match for number, match in enumerate(matches)}
    try:
        return Matcher(named).agent(issuer, claims)
    except InvalidToken:
        return None


def subject(pattern: str, sub: Any) -> bool:
    return matched({"sub": sub}, Match(issuer=CI, sub=pattern)) is not None


@pytest.mark.parametrize(
    ("pattern", "sub"),
    [
        ("alice", "alice"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/web:ref:refs/heads/main"),
        ("repo:acme/web:ref:refs/heads/**", "repo:acme/web:ref:refs/heads/feature/x"),
        ("**@acme.example", "a/b:c@acme.example"),
        ("build-?", "build-7"),
        ("a[b]c", "a[b]c"),
        ("a.c", "a.c"),
        ("*", "anything"),
        ("x*", "x\ny"),
    ],
)
def test_what_a_pattern_means(pattern: str, sub: str) -> None:
    assert subject(pattern, sub)


@pytest.mark.parametrize(
    ("pattern", "sub"),
    [
        ("alice", "Alice"),
        ("alice", "alice "),
        ("alice", "malice"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/web:environment:x:ref:refs/heads/main"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/web/evil:ref:refs/heads/main"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/web:ref:refs/heads/main2"),
        ("repo:acme/*:ref:refs/heads/main", "xrepo:acme/web:ref:refs/heads/main"),
        ("build-?", "build-"),
        ("build-?", "build-/"),
        ("a.c", "abc"),
        ("a[b]c", "abc"),
        ("(a|b)", "a"),
        ("alice", "alice\n"),
    ],
)
def test_what_a_pattern_does_not_mean(pattern: str, sub: str) -> None:
    assert not subject(pattern, sub)


@pytest.mark.parametrize("sub", [None, 7, True, {"alice": 1}, ["alice", 7], [], ["bob"], "a" * 1025])
def test_a_claim_is_a_text_or_a_list_of_texts(sub: object) -> None:
    assert not subject("a*", sub)


def test_one_of_a_list_is_enough() -> None:
    assert subject("alice", ["bob", "alice"])


def test_every_claim_has_to_match() -> None:
    match = Match(issuer=CI, sub="repo:*/*", claims={"environment": "prod", "repository_id": "7"})
    good = {"sub": "repo:acme/web", "environment": "prod", "repository_id": "7"}
    assert matched(good, match) == "agent:0"
    for name in good:
        assert matched({**good, name: "other"}, match) is None
        assert matched({key: value for key, value in good.items() if key != name}, match) is None


def test_the_issuer_is_compared_byte_for_byte() -> None:
    assert matched({"sub": "alice"}, Match(issuer=CI, sub="alice"), issuer=f"{CI}/") is None


def test_two_agents_are_none() -> None:
    one, other = Match(issuer=CI, sub="repo:acme/*"), Match(issuer=CI, sub="repo:*/web")
    assert matched({"sub": "repo:acme/api"}, one, other) == "agent:0"
    assert matched({"sub": "repo:evil/web"}, one, other) == "agent:1"
    assert matched({"sub": "repo:acme/web"}, one, other) is None


def test_why_nobody_was_found_repeats_nothing_of_the_token() -> None:
    with pytest.raises(InvalidToken) as caught:
        Matcher({}).agent(CI, {"sub": "alice"})
    assert "alice" not in caught.value.detail


def test_a_hostile_claim_costs_linear_time() -> None:
    assert not subject("a*a*a*a*a*a*a*a*a*a*a*a*a*b", "a" * 1000)  # a back-tracking engine would not come back


# --- what `check` finds


def paths(match: Match) -> list[str]:
    return [problem.path for problem in faults(match, "m", [CI])]


@pytest.mark.parametrize("bare", ["*", "**", "***", "?", "?*", "*:*", "*/*", "**/*:?"])
def test_a_bare_star_is_refused(bare: str) -> None:
    assert paths(Match(issuer=CI, sub=bare)) == ["m.sub"]
    assert paths(Match(issuer=CI, sub="alice", claims={"environment": bare})) == ["m.claims.environment"]


def test_something_has_to_say_who_it_is() -> None:
    assert paths(Match(issuer=CI)) == ["m"]
    assert paths(Match(issuer=CI, claims={"environment": "prod"})) == ["m"]
    assert paths(Match(issuer=CI, claims={"repository": "acme/web"})) == []
    assert paths(Match(issuer=CI, sub="repo:acme/*")) == []


def test_an_issuer_without_keys_is_refused() -> None:
    assert paths(Match(issuer="https://other.example", sub="alice")) == ["m.issuer"]


def test_sub_is_written_once() -> None:
    assert paths(Match(issuer=CI, sub="alice", claims={"sub": "bob"})) == ["m.claims.sub"]
