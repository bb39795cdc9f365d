import json
from typing import Any

import pytest

from doorward.core.decision import ALLOW, Reason
from doorward.core.message import Message, Notification, Request, Response, read
from doorward.gateway import task_owners as module
from doorward.gateway.task_owners import LONGEST_ID, Task, TaskOwners, judge, made_task, used_tasks


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode())
    assert isinstance(found, Request | Notification | Response)
    return found


def answer(result: Any) -> Response:
    found = message(id=1, result=result)
    assert isinstance(found, Response)
    return found


def test_a_task_is_its_makers_alone() -> None:
    told: list[Task] = []
    tasks = TaskOwners(told.append)
    assert tasks.known("crm", "t") is None
    tasks.remember("crm", "t", "a")
    assert tasks.known("crm", "t") == "a"
    assert tasks.known("files", "t") is None
    assert told == [Task("crm", "t", "a")]
    assert judge("a", tasks.known("crm", "t")) is ALLOW
    assert judge("b", tasks.known("crm", "t")).reason is Reason.POLICY_TASK
    assert judge("a", None).reason is Reason.POLICY_TASK


def test_the_first_owner_stays_whatever_the_server_says_later() -> None:
    told: list[Task] = []
    tasks = TaskOwners(told.append)
    tasks.remember("crm", "t", "a")
    assert tasks.remember("crm", "t", "b").owner == "a"
    assert tasks.adopt(Task("crm", "t", "b")).owner == "a"
    assert tasks.known("crm", "t") == "a"
    assert len(told) == 1


def test_what_the_store_knew_is_not_told_to_it_again() -> None:
    told: list[Task] = []
    tasks = TaskOwners(told.append)
    assert tasks.adopt(Task("crm", "t", "a", "find")) == Task("crm", "t", "a", "find")
    assert tasks.known("crm", "t") == "a"
    assert told == []


def test_a_caller_with_very_many_pushes_out_only_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TASKS_PER_OWNER", 3)
    tasks = TaskOwners()
    tasks.remember("crm", "mine", "quiet")
    for number in range(10):
        tasks.remember("crm", f"t{number}", "busy")
        assert tasks.known("crm", "t0") == "busy"
    assert tasks.known("crm", "mine") == "quiet"
    assert tasks.known("crm", "t1") is None  # t0 was asked for all the time, and stayed
    assert tasks.known("crm", "t9") == "busy"


def test_a_caller_that_acts_for_many_pushes_out_only_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TASKS_PER_OWNER", 3)
    tasks = TaskOwners()
    tasks.remember("crm", "mine", "\0quiet\0")
    for number in range(10):
        tasks.remember("crm", f"t{number}", f"\0busy\0\0idp|{number}")
    assert tasks.known("crm", "mine") == "\0quiet\0"
    assert [tasks.known("crm", f"t{number}") is not None for number in range(10)] == [False] * 7 + [True] * 3
    assert tasks.known("crm", "t9") == "\0busy\0\0idp|9"
    assert len(tasks._tasks) == sum(map(len, tasks._by_caller.values())) == 4


def test_over_the_whole_bound_the_caller_who_was_longest_away_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TASKS", 3)
    tasks = TaskOwners()
    for owner in "abc":
        tasks.remember("crm", owner, owner)
    tasks.known("crm", "a")
    tasks.remember("crm", "d", "d")
    assert [tasks.known("crm", owner) for owner in "abcd"] == ["a", None, "c", "d"]
    tasks.remember("crm", "b", "b")
    assert len(tasks._tasks) == sum(map(len, tasks._by_caller.values())) == 3


def test_an_endless_id_is_nobodys() -> None:
    tasks = TaskOwners()
    tasks.remember("crm", "x" * (LONGEST_ID + 1), "a")
    assert tasks.known("crm", "x" * (LONGEST_ID + 1)) is None


@pytest.mark.parametrize(
    ("method", "result", "made"),
    [
        ("tools/call", {"task": {"taskId": "t", "status": "working"}}, "t"),
        ("tools/call", {"resultType": "task", "taskId": "t"}, "t"),
        ("vendor/run", {"resultType": "task", "taskId": "t"}, "t"),
        (None, {"task": {"taskId": "t"}}, "t"),
        ("tools/call", {"content": [], "taskId": "t"}, None),
        ("tools/call", {"task": {"taskId": 3}}, None),
        ("tools/call", {"task": "t"}, None),
        ("tools/call", 3, None),
        ("tasks/get", {"taskId": "t", "resultType": "task"}, None),
        ("tasks/list", {"task": {"taskId": "t"}, "tasks": [{"taskId": "t"}]}, None),
    ],
)
def test_a_task_is_made_by_the_answer_to_a_call_and_not_by_looking(method: Any, result: Any, made: Any) -> None:
    assert made_task(method, answer(result)) == made


def test_an_error_makes_none() -> None:
    found = message(id=1, error={"code": 1, "message": "no"})
    assert isinstance(found, Response)
    assert made_task("tools/call", found) is None


@pytest.mark.parametrize("method", ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update", "tasks/unknown"])
def test_a_request_about_a_task_names_it(method: str) -> None:
    assert used_tasks(message(id=1, method=method, params={"taskId": "t"})) == ("t",)


@pytest.mark.parametrize(
    ("method", "params", "used"),
    [
        ("subscriptions/listen", {"notifications": {"taskIds": ["a", "b", "a", 3]}}, ("a", "b")),
        ("subscriptions/listen", {"notifications": {"taskIds": "a"}}, ()),
        ("subscriptions/listen", {"notifications": []}, ()),
        ("tools/call", {"name": "x", "_meta": {"io.modelcontextprotocol/related-task": {"taskId": "t"}}}, ("t",)),
        ("tools/call", {"name": "x", "arguments": {"taskId": "t"}, "taskId": "t"}, ()),
        ("tasks/list", {}, ()),
        ("tasks/get", {"taskId": 3}, ()),
    ],
)
def test_where_else_tasks_are_named(method: str, params: Any, used: tuple[str, ...]) -> None:
    assert used_tasks(message(id=1, method=method, params=params)) == used


def test_what_a_client_says_about_its_own_tasks_is_its_own() -> None:
    assert used_tasks(message(method="notifications/tasks/status", params={"taskId": "t"})) == ()
    assert used_tasks(message(id=1, result={"taskId": "t"})) == ()
