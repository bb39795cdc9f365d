"""The challenge for a missing scope comes once; after it the refusal is an answer."""

import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.functional.pipeline.bench import server, snapshot

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.exchange import Exchange, Inbound
from doorward.core.identity import Grant, Principal
from doorward.core.message import read
from doorward.core.policy import names
from doorward.gateway import step_up
from doorward.gateway.call import Call
from doorward.gateway.step_up import StepUp

GRANT = Grant(
    Principal("joe", "app", "idp"),
    {"crm": names(["find"])},
    audience=frozenset({"crm"}),
    scopes=frozenset({"crm:find", "openid"}),
    step_up=True,
)
REFUSED = Decision(Effect.DENY, Reason.POLICY_DENIED, rules=("grant",))


def call(name: Any = "a b:c", method: str = "tools/call", transport: str = "http", grant: Grant = GRANT) -> Call:
    made = Call(snapshot(server()), Inbound(transport, "POST", "crm"))
    message = read(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": name}}).encode())
    made.server, made.grant, made.owner = made.snapshot.servers["crm"], grant, grant.principal.key
    made.exchanges.append(Exchange("e", made.inbound, message=message, name=name))  # type: ignore[arg-type]
    return made


def test_the_challenge_names_what_the_token_has_and_what_is_missing() -> None:
    asked = call()
    decision = StepUp().instead(asked, REFUSED)
    assert decision.reason is Reason.AUTH_SCOPE
    assert asked.scopes == "crm:find openid crm:a%20b%3Ac"


def test_it_comes_once_for_a_caller_and_a_scope_whatever_the_token() -> None:
    state = StepUp()
    assert state.instead(call(), REFUSED).reason is Reason.AUTH_SCOPE
    assert state.instead(call(grant=replace(GRANT, token_id="another")), REFUSED) is REFUSED
    assert state.instead(call("other"), REFUSED).reason is Reason.AUTH_SCOPE
    somebody = replace(GRANT, principal=Principal("ann", "app", "idp"))
    assert state.instead(call(grant=somebody), REFUSED).reason is Reason.AUTH_SCOPE


def test_who_came_back_with_the_scope_is_told_again_in_the_next_session() -> None:
    """Else a machine that starts anew with a token of few scopes would be told on its first day, and never again."""
    state = StepUp()
    assert state.instead(call(), REFUSED).reason is Reason.AUTH_SCOPE
    state.given(call("other"))
    state.given(call(grant=replace(GRANT, principal=Principal("ann", "app", "idp"))))
    assert state.instead(call(), REFUSED) is REFUSED
    state.given(call())
    assert state.instead(call(), REFUSED).reason is Reason.AUTH_SCOPE


@pytest.mark.parametrize(
    "asked",
    [
        call(method="prompts/get"),
        call(name=7),
        call(name=""),
        call(transport="stdio"),
        call(grant=replace(GRANT, step_up=False)),
        call(grant=replace(GRANT, scopes=None)),
    ],
)
def test_where_no_scope_would_help_there_is_none(asked: Call) -> None:
    assert StepUp().instead(asked, REFUSED) is REFUSED
    assert not asked.scopes


def test_what_a_policy_denies_no_scope_allows() -> None:
    denied = replace(REFUSED, rules=("no-deletes",))
    assert StepUp().instead(call(), denied) is denied


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_up, "REMEMBERED", 1)
    state = StepUp()
    for name in ("one", "two", "one"):
        assert state.instead(call(name), REFUSED).reason is Reason.AUTH_SCOPE
