"""What one answer may hold, without the way around it (that is in tests/functional/pipeline)."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import MODERN, body, rule, server
from tests.functional.pipeline.policed import Policed, grant

from doorward.core.exchange import Exchange
from doorward.core.message import Request, Response, read
from doorward.core.policy import Mode
from doorward.core.snapshot import Server
from doorward.gateway.answers import Answers
from doorward.gateway.call import Call
from doorward.gateway.task_owners import MAX_TASKS_PER_OWNER, Task

HIDES = '@id("all") permit(principal, action, resource) unless { resource.name == "drop" };'


def response(value: Any) -> Response:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}).encode())
    assert isinstance(found, Response)
    return found


def prepared(bench: Policed, method: str = "tools/list", params: Any = None) -> tuple[Answers, Call, Exchange]:
    call = bench.pipeline.begin(bench.inbound(body(1, method, params or {})))
    call.server, call.grant, call.owner = bench.snapshot.servers["crm"], grant(), "\0agent:a\0agent:a"
    call.holder = call.owner
    asked = read(call.inbound.body)
    assert isinstance(asked, Request)
    exchange = bench.pipeline.exchanges.open(call, asked)
    return Answers(bench.catalogue, bench.pipeline.deciding, bench.clock), call, exchange


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"tools": [{"name": "drop"}, {"name": "find"}]}, ["find"]),
        ({"tools": []}, []),
    ],
)
async def test_a_list_that_nobody_is_known_to_have_asked_for_is_cut_too(value: Any, left: list[str]) -> None:
    answers, call, _ = prepared(Policed(text=HIDES))
    cut = json.loads(await answers.cut_unasked(call, response(value)))["result"]
    assert [tool["name"] for tool in cut["tools"]] == left


@pytest.mark.parametrize("value", [{"content": []}, {}])
async def test_what_holds_no_list_stays(value: Any) -> None:
    answers, call, _ = prepared(Policed(text=HIDES))
    data = response(value)
    assert await answers.cut_unasked(call, data) is data.raw


@pytest.mark.parametrize("value", [{"tools": [], "prompts": []}, {"Tools": []}])
async def test_what_could_be_the_answer_to_two_lists_is_refused(value: Any) -> None:
    answers, call, _ = prepared(Policed(text=HIDES))
    with pytest.raises(ValueError, match="list"):
        await answers.cut_unasked(call, response(value))
    watching, call, _ = prepared(Policed(Mode.AUDIT, HIDES))
    data = response(value)
    assert await watching.cut_unasked(call, data) is data.raw


async def test_an_error_and_a_server_of_which_nothing_is_enforced_stay_as_they_are() -> None:
    answers, call, _ = prepared(Policed(Mode.AUDIT, HIDES))
    data = response({"tools": [{"name": "drop"}]})
    assert await answers.cut(call, "tools/list", data) is data.raw
    error = read(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}')
    assert isinstance(error, Response)
    strict, call, _ = prepared(Policed(text=HIDES))
    assert await strict.cut(call, "tools/list", error) is error.raw


@pytest.mark.parametrize(
    ("crm", "method", "member", "private"),
    [
        (server(), "prompts/list", "prompts", True),
        (server(), "tools/list", "tools", True),
        (server(Mode.AUDIT, tools=(rule("x", Mode.ENFORCE),)), "tools/list", "tools", True),
        (server(Mode.AUDIT, tools=(rule("x", Mode.ENFORCE),)), "prompts/list", "prompts", False),
    ],
)
async def test_only_what_is_enforced_becomes_private(crm: Server, method: str, member: str, private: bool) -> None:
    answers, call, _ = prepared(Policed(text=HIDES, crm=crm))
    call.modern, call.version = True, MODERN
    data = response({member: [], "cacheScope": "public", "ttlMs": 1})
    cut = json.loads(await answers.cut(call, method, data))["result"]
    assert (cut["cacheScope"] == "private") == private


async def test_the_store_is_asked_once_for_each_unknown_task_and_for_no_more_than_one_caller_may_have() -> None:
    bench = Policed()
    answers, call, exchange = prepared(bench, "tasks/list")
    asked: list[str] = []

    async def task(server: str, task_id: str) -> Task | None:
        asked.append(task_id)
        return Task(server, task_id, call.holder)

    bench.catalogue.task = task  # type: ignore[method-assign]
    bench.catalogue.tasks.remember("crm", "t0", call.holder)
    listed = [{"taskId": f"t{number}"} for number in range(MAX_TASKS_PER_OWNER + 50)]
    await answers.learn(call, exchange, response({"tasks": [*listed, {"taskId": "t1"}, {"taskId": 7}, "x", {}]}))
    assert asked == [f"t{number}" for number in range(1, MAX_TASKS_PER_OWNER + 1)]
    for odd in ({"tasks": 7}, {}, 7):
        await answers.learn(call, exchange, response(odd))
    assert len(asked) == MAX_TASKS_PER_OWNER


async def test_a_server_that_is_only_watched_costs_no_look_into_the_store() -> None:
    bench = Policed(Mode.WARN)
    answers, call, exchange = prepared(bench, "tasks/list")

    async def task(server: str, task_id: str) -> Task | None:
        raise AssertionError("nobody needs to know")

    bench.catalogue.task = task  # type: ignore[method-assign]
    await answers.learn(call, exchange, response({"tasks": [{"taskId": "t"}]}))
    cut = await answers.cut(call, "tasks/list", response({"tasks": [{"taskId": "t"}]}))
    assert json.loads(cut)["result"]["tasks"]


def test_an_answer_to_a_question_about_a_task_makes_no_owner() -> None:
    bench = Policed()
    answers, call, exchange = prepared(bench, "tools/call", {"name": "find"})
    assert answers.judge(call, exchange, response({"task": {"taskId": "t"}})) is None
    assert bench.catalogue.tasks.known("crm", "t") == call.holder
    answers, call, exchange = prepared(bench, "tasks/get", {"taskId": "u"})
    assert answers.judge(call, exchange, response({"task": {"taskId": "u"}})) is None
    assert bench.catalogue.tasks.known("crm", "u") is None
