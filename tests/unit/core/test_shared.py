"""What revokes whom, and which override covers what."""

import pytest

from doorward.core.identity import Grant, Principal
from doorward.core.shared import NONE_REVOKED, Override, Revocations, Shared

OURS = Grant(Principal("agent:a", client="agent:a"), {}, grant_id="g", token_id="t2", ancestors=("t1", "t0"))
THEIRS = Grant(Principal("joe", client="app", issuer="corp"), {}, grant_id="ext:1", external=("corp", "j"))


@pytest.mark.parametrize("token", ["t0", "t1", "t2"])
def test_a_token_dies_with_any_of_its_ancestors(token: str) -> None:
    assert Revocations(tokens=frozenset({token})).hit(OURS)


def test_a_family_dies_together() -> None:
    assert Revocations(grants=frozenset({"g"})).hit(OURS)
    assert not Revocations(grants=frozenset({"h"})).hit(OURS)


@pytest.mark.parametrize("entry", [("corp", "sub", "joe"), ("corp", "jti", "j"), ("corp", "client", "app")])
def test_an_external_identity_is_revoked_by_subject_token_or_client(entry: tuple[str, str, str]) -> None:
    assert Revocations(external=frozenset({entry})).hit(THEIRS)
    assert not Revocations(external=frozenset({("other", *entry[1:])})).hit(THEIRS)
    assert not Revocations(external=frozenset({entry})).hit(OURS)


def test_a_grant_without_ids_is_not_revoked_by_an_empty_one() -> None:
    assert not Revocations(tokens=frozenset({""})).hit(THEIRS)
    assert not NONE_REVOKED.hit(OURS)


COVER = Override("o1", "default-deny", "agent:a", "crm", "delete", until=100.0)


def over(*overrides: Override) -> Shared:
    return Shared(overrides=overrides)


def test_an_override_covers_one_rule_agent_server_and_tool() -> None:
    assert over(COVER).overridden(("default-deny",), "agent:a", "crm", "delete", 99.0) == "o1"


@pytest.mark.parametrize(
    ("rules", "agent", "server", "tool", "now"),
    [
        (("other",), "agent:a", "crm", "delete", 0.0),
        (("default-deny", "other"), "agent:a", "crm", "delete", 0.0),
        ((), "agent:a", "crm", "delete", 0.0),
        (("default-deny",), "agent:b", "crm", "delete", 0.0),
        (("default-deny",), "agent:a", "erp", "delete", 0.0),
        (("default-deny",), "agent:a", "crm", "search", 0.0),
        (("default-deny",), "agent:a", "crm", None, 0.0),
        (("default-deny",), "agent:a", "crm", "delete", 100.0),
    ],
)
def test_and_nothing_else(rules: tuple[str, ...], agent: str, server: str, tool: str | None, now: float) -> None:
    assert over(COVER).overridden(rules, agent, server, tool, now) is None


def test_several_rules_need_an_override_each() -> None:
    both = over(COVER, Override("o2", "other", "agent:a", "crm", "delete", until=100.0))
    assert both.overridden(("default-deny", "other"), "agent:a", "crm", "delete", 0.0) == "o1"
