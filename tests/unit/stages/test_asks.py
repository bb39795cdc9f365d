import json
from typing import Any

import pytest

from doorward.core.decision import ALLOW, Act, Effect, Reason, under
from doorward.core.message import Message, Notification, Request, Response, read
from doorward.core.policy import Mode
from doorward.stages.asks import answers, asked, decide

ALL = frozenset({"sampling", "elicitation", "roots"})


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode())
    assert isinstance(found, Request | Notification | Response)
    return found


def result(value: Any) -> Message:
    return message(id=1, result=value)


@pytest.mark.parametrize(
    ("method", "kinds"),
    [
        ("sampling/createMessage", ["sampling"]),
        ("elicitation/create", ["elicitation"]),
        ("roots/list", ["roots"]),
        ("tasks/get", ["tasks"]),
        ("ping", []),
        ("vendor/ask", ["vendor/ask"]),
    ],
)
def test_a_legacy_request_asks_what_its_method_says(method: str, kinds: list[str]) -> None:
    assert asked(message(id=1, method=method)) == kinds


def test_the_questions_inside_a_result_are_seen() -> None:
    held = {"a": {"method": "elicitation/create", "params": {}}, "b": {"method": "sampling/createMessage"}}
    assert asked(result({"resultType": "input_required", "inputRequests": held})) == ["elicitation", "sampling"]


@pytest.mark.parametrize("place", ["task", "result"])
def test_and_those_in_the_state_of_a_task(place: str) -> None:
    held = {"inputRequests": {"a": {"method": "roots/list"}}}
    assert asked(result(held)) == ["roots"]
    assert asked(result({place: held})) == ["roots"]
    assert asked(message(method="notifications/tasks", params=held)) == ["roots"]


@pytest.mark.parametrize(
    "value",
    [
        {"inputRequests": [{"method": "roots/list"}]},
        {"inputRequests": {"a": "roots/list"}},
        {"inputRequests": {"a": {}}},
        {"inputRequests": {"a": {"method": "roots/list", "Method": "sampling/createMessage"}}},
        {"InputRequests": {"a": {"method": "roots/list"}}},
        {"resultType": "input_required"},
    ],
)
def test_a_question_that_cannot_be_read_is_one_all_the_same(value: Any) -> None:
    assert "other" in asked(result(value))
    assert decide(asked(result(value)), ALL, "crm").reason is Reason.POLICY_SERVER_REQUEST


@pytest.mark.parametrize(
    "value", [{}, [], 3, {"content": [], "structuredContent": {"inputRequests": {"a": {"method": "roots/list"}}}},
              {"resultType": "input_required", "requestState": "x"}, {"inputRequests": {}}]
)  # fmt: skip
def test_other_results_ask_for_nothing(value: Any) -> None:
    assert asked(result(value)) == []


def test_the_error_that_wants_a_url_visited_is_a_question() -> None:
    assert asked(message(id=1, error={"code": -32042, "message": "x"})) == ["elicitation"]
    assert asked(message(id=1, error={"code": -32603, "message": "x"})) == []


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ({"action": "accept", "content": {"name": "x"}}, ["elicitation"]),
        ({"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}, ["sampling"]),
        ({"roots": []}, ["roots"]),
        ({"task": {"taskId": "t"}}, ["tasks"]),
        ({"taskId": "t", "status": "working"}, ["tasks"]),
        ({"tasks": []}, ["tasks"]),
        ({"action": "accept", "roots": []}, ["elicitation", "roots"]),
        ({"what": 1}, ["other"]),
        ([], ["nothing"]),
        (7, ["nothing"]),
        ({}, []),
        ({"_meta": {}}, []),
    ],
)
def test_an_answer_is_known_by_its_shape_in_both_eras(answer: Any, kinds: list[str]) -> None:
    assert answers(result(answer)) == kinds
    later = message(id=2, method="tools/call", params={"name": "t", "inputResponses": {"q": answer}})
    assert answers(later) == kinds
    assert answers(message(id=2, method="tasks/update", params={"taskId": "t", "inputResponses": {"q": answer}})) == (
        kinds
    )


def test_a_refusing_client_answers_nothing_and_a_strange_map_is_no_answer_of_any_kind() -> None:
    assert answers(message(id=1, error={"code": -1, "message": "no"})) == []
    assert answers(message(id=1, method="tools/call", params={"name": "t"})) == []
    assert answers(message(id=1, method="tools/call", params={"name": "t", "inputResponses": ["x"]})) == ["nothing"]
    assert answers(message(id=1, method="tools/call", params={"name": "t", "inputResponses": None})) == ["nothing"]


def test_what_is_no_answer_is_left_to_a_server_that_may_ask_everything() -> None:
    assert decide(["nothing"], ALL, "crm") is ALLOW
    for allowed in (None, *(ALL - {kind} for kind in ALL)):
        assert decide(["nothing"], allowed, "crm").reason is Reason.POLICY_SERVER_REQUEST
    assert decide(["other"], ALL, "crm").reason is Reason.POLICY_SERVER_REQUEST


@pytest.mark.parametrize("kind", ["sampling", "elicitation", "roots"])
def test_what_is_configured_is_allowed_and_nothing_else(kind: str) -> None:
    assert decide([kind], frozenset({kind}), "crm") is ALLOW
    assert decide([kind], ALL - {kind}, "crm").reason is Reason.POLICY_SERVER_REQUEST
    assert decide([kind], None, "crm").reason is Reason.POLICY_SERVER_REQUEST
    assert decide([], None, "crm") is ALLOW


def test_one_question_too_many_refuses_all_of_them() -> None:
    refused = decide(["roots", "sampling"], frozenset({"roots"}), "crm")
    assert refused.effect is Effect.DENY
    assert "sampling" in refused.what
    assert "roots" not in refused.what
    assert "sampling to servers.crm.server_requests" in refused.remedy


def test_a_method_of_the_servers_own_needs_to_be_configured_and_is_not_repeated() -> None:
    refused = decide(["vendor/ask"], ALL, "crm")
    assert refused.reason is Reason.POLICY_SERVER_REQUEST
    assert "vendor" not in refused.what + refused.remedy
    assert decide(["vendor/ask"], frozenset({"vendor/ask"}), "crm") is ALLOW


def test_tasks_follow_the_questions_that_made_them() -> None:
    assert decide(["tasks"], frozenset({"sampling"}), "crm") is ALLOW
    assert decide(["tasks"], frozenset({"roots"}), "crm").reason is Reason.POLICY_SERVER_REQUEST


def test_audit_and_warn_let_it_pass_and_say_what_would_have_been() -> None:
    refused = decide(["roots"], None, "crm")
    assert under(Mode.AUDIT, refused).act is Act.PASS
    assert under(Mode.AUDIT, refused).would_have is Effect.DENY
    assert under(Mode.SOFT, refused).act is Act.REFUSE
