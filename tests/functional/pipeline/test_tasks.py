"""A task is its maker's: whoever shows its id must be the caller whose call made it, on every worker."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import SECRET, Literal, actions, body, call, event, result, server
from tests.functional.pipeline.policed import EVERYTHING, SECOND, Policed

from doorward.core.policy import Mode, ToolRule, names
from doorward.gateway.task_owners import Task

MINE = "\0agent:a\0agent:a"
USES = [
    ("tasks/get", {"taskId": "t"}),
    ("tasks/cancel", {"taskId": "t"}),
    ("tasks/result", {"taskId": "t"}),
    ("tasks/update", {"taskId": "t", "inputResponses": {}}),
    ("tools/call", {"name": "find", "_meta": {"io.modelcontextprotocol/related-task": {"taskId": "t"}}}),
    ("subscriptions/listen", {"notifications": {"taskIds": ["t"]}}),
]


async def made(bench: Policed, value: Any = None) -> None:
    data = result(1, value or {"task": {"taskId": "t", "status": "working"}})
    before = bench.server.script
    bench.server.script = lambda _: bench.server.json(data)
    await bench.send(call(1, task={}))
    bench.server.script = before
    bench.server.seen.clear()
    bench.records.clear()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(("method", "params"), USES)
@pytest.mark.parametrize(
    "shape", [{"task": {"taskId": "t", "status": "working"}}, {"resultType": "task", "taskId": "t"}]
)
async def test_another_callers_task(mode: Mode, method: str, params: Any, shape: Any) -> None:
    bench = Policed(mode)
    await made(bench, shape)
    theirs = await bench.send(body(1, method, params), token=SECOND)
    if mode.enforcing:
        assert theirs.reason == "policy.task"
        assert not bench.server.seen
    else:
        assert theirs.json == json.loads(result(1))
        assert {record.would_have for record in bench.records} == {"deny"}
    assert bench.records[-1].reason == "policy.task"
    bench.server.seen.clear()
    assert (await bench.send(body(1, method, params))).json == json.loads(result(1))
    assert bench.server.seen


@pytest.mark.parametrize("mode", [Mode.SOFT, Mode.ENFORCE])
async def test_a_task_that_nobody_knows(mode: Mode) -> None:
    bench = Policed(mode)
    assert (await bench.send(body(1, "tasks/get", {"taskId": "made up"}))).reason == "policy.task"
    assert not bench.server.seen


async def test_the_store_knows_what_another_worker_saw() -> None:
    bench = Policed()
    asked: list[str] = []

    async def task(server: str, task_id: str) -> Task | None:
        asked.append(task_id)
        return Task(server, task_id, MINE) if task_id == "t" else None

    bench.catalogue.task = task  # type: ignore[method-assign]
    for _ in range(2):
        assert (await bench.send(body(1, "tasks/get", {"taskId": "t"}))).json == json.loads(result(1))
    assert (await bench.send(body(1, "tasks/get", {"taskId": "t"}), token=SECOND)).reason == "policy.task"
    assert asked == ["t"]


async def test_looking_at_a_task_makes_nobody_its_owner() -> None:
    bench = Policed(Mode.AUDIT)
    await made(bench)
    bench.server.script = lambda _: bench.server.json(result(1, {"task": {"taskId": "t"}}))
    await bench.send(body(1, "tasks/get", {"taskId": "t"}), token=SECOND)
    await bench.send(call(1), token=SECOND)  # the server says so, but it was another's first
    assert bench.catalogue.tasks.known("crm", "t") == MINE


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_list_of_tasks_shows_the_callers_own_also_those_of_another_worker(mode: Mode) -> None:
    bench = Policed(mode)
    await made(bench)

    async def task(server: str, task_id: str) -> Task | None:
        owner = {"elsewhere": MINE, "theirs": "somebody"}.get(task_id)
        return None if owner is None else Task(server, task_id, owner)

    bench.catalogue.task = task  # type: ignore[method-assign]
    data = result(1, {"tasks": [{"taskId": each} for each in ("t", "theirs", "elsewhere", "nobody")]})
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(body(1, "tasks/list"))
    shown = [each["taskId"] for each in client.json["result"]["tasks"]]
    assert shown == (["t", "elsewhere"] if mode.enforcing else ["t", "theirs", "elsewhere", "nobody"])
    theirs = (await bench.send(body(1, "tasks/list"), token=SECOND)).json["result"]["tasks"]
    assert bool(theirs) is not mode.enforcing


# -- where the tool alone is enforced, so is what becomes of its tasks


def kept_to_find(**more: Any) -> Policed:
    rules = (ToolRule("find", names(["find"]), mode=Mode.ENFORCE),)
    crm = server(Mode.AUDIT, tools=rules, strict_reading=True)
    return Policed(crm=crm, scanner=Literal(US_SSN=SECRET), actions=actions("redact"), **more)


@pytest.mark.parametrize(("method", "params"), USES[:4])
async def test_a_task_of_an_enforced_tool_is_its_makers_where_the_server_is_watched(method: str, params: Any) -> None:
    bench = kept_to_find()
    await made(bench)
    assert (await bench.send(body(1, method, params), token=SECOND)).reason == "policy.task"
    assert (await bench.send(body(1, method, {**params, "taskId": "made up"}))).reason == "policy.task"
    assert not bench.server.seen
    await bench.send(body(1, method, params))
    assert (len(bench.server.seen), bench.records[-1].tool_name) == (1, "find")


@pytest.mark.parametrize("method", ["tasks/result", "tasks/get"])
async def test_the_result_of_a_task_is_screened_as_its_tools(method: str) -> None:
    bench = kept_to_find()
    await made(bench)
    data = result(1, {"content": [{"type": "text", "text": f"ssn {SECRET}"}]})
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(body(1, method, {"taskId": "t"}))
    assert client.json["result"]["content"][0]["text"] == "ssn <US_SSN>"
    bench.catalogue.tasks.remember("crm", "of-another-tool", MINE, "read")
    client = await bench.send(body(1, method, {"taskId": "of-another-tool"}))
    assert client.reply is not None
    assert client.reply.body == data
    bench.catalogue.tasks.remember("crm", "of-whichever", MINE, "")
    client = await bench.send(body(1, method, {"taskId": "of-whichever"}))
    assert client.json["result"]["content"][0]["text"] == "ssn <US_SSN>"


async def test_a_policy_about_tasks_holds_for_those_of_an_enforced_tool() -> None:
    text = f'{EVERYTHING} @id("no") forbid(principal, action == Doorward::Action::"tasks", resource);'
    bench = kept_to_find(text=text)
    await made(bench)
    bench.catalogue.tasks.remember("crm", "of-another-tool", MINE, "read")
    assert (await bench.send(body(1, "tasks/get", {"taskId": "t"}))).reason == "policy.denied"
    assert (await bench.send(body(1, "tasks/get", {"taskId": "of-another-tool"}))).json == json.loads(result(1))


async def test_the_state_of_a_task_on_an_open_stream_is_screened_as_its_tools() -> None:
    bench = kept_to_find()
    await made(bench)
    bench.catalogue.tasks.remember("crm", "of-another-tool", MINE, "read")
    told = [
        body(None, "notifications/tasks", {"taskId": each, "status": "completed", "result": {"content": [SECRET]}})
        for each in ("t", "of-another-tool", "nobody-knows")
    ]
    bench.server.script = lambda _: bench.server.stream(*(event(each) for each in told))
    client = await bench.send(verb="GET", session=bench.sealed())
    shown = [json.loads(each)["params"]["result"]["content"][0] for each in client.data]
    assert shown == ["<US_SSN>", SECRET, "<US_SSN>"]


async def test_a_list_shows_other_callers_tasks_of_tools_alone_that_are_watched() -> None:
    bench = kept_to_find()
    await made(bench)
    bench.catalogue.tasks.remember("crm", "of-another-tool", MINE, "read")
    data = result(1, {"tasks": [{"taskId": each} for each in ("t", "of-another-tool", "nobody-knows")]})
    bench.server.script = lambda _: bench.server.json(data)
    theirs = await bench.send(body(1, "tasks/list"), token=SECOND)
    assert theirs.json["result"]["tasks"] == [{"taskId": "of-another-tool"}]
    mine = await bench.send(body(1, "tasks/list"))
    assert [each["taskId"] for each in mine.json["result"]["tasks"]] == ["t", "of-another-tool"]
