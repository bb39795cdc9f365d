import pytest

from doorward.core.decision import ALLOW
from doorward.core.identity import NOTHING, Grant, Principal
from doorward.core.policy import names
from doorward.core.snapshot import Server, Target
from doorward.stages.authorize import authorize

CRM, OTHER = Server("crm", Target()), Server("other", Target())
GRANT = Grant(Principal("agent:a"), {"crm": names(["find", "get_*"])})


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("tools/call", "find"),
        ("tools/call", "get_x"),
        ("tools/list", None),
        ("vendor/new", "anything"),
        ("resources/read", "wipe"),
        (None, None),  # a body that audit passes unread, a GET, a response
    ],
)
def test_what_the_grant_names_is_allowed(method: str | None, name: str | None) -> None:
    assert authorize(GRANT, CRM, method, name) is ALLOW


@pytest.mark.parametrize(
    ("server", "method", "name"),
    [
        (CRM, "tools/call", "wipe"),
        (CRM, "tools/call", "Find"),
        (CRM, "tools/call", None),  # a call that names no tool
        (OTHER, "tools/call", "find"),
        (OTHER, "tools/list", None),
        (OTHER, None, None),
    ],
)
def test_everything_else_is_denied_by_default(server: Server, method: str | None, name: str | None) -> None:
    decision = authorize(GRANT, server, method, name)
    assert (decision.effect, decision.reason, decision.rules) == ("deny", "policy.denied", ("default-deny",))
    assert "wipe" not in decision.what + decision.remedy  # nothing that a caller chose is repeated


def test_who_did_not_say_who_it_is_holds_nothing() -> None:
    assert authorize(NOTHING, CRM, "tools/list", None).reason == "auth.required"
