"""A task is its maker's: whoever shows its id must be the caller whose call made it, on every worker."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import body, call, result
from tests.functional.pipeline.policed import SECOND, Policed

from doorward.core.policy import Mode

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

    async def owner(server: str, task_id: str) -> str | None:
        asked.append(task_id)
        return MINE if task_id == "t" else None

    bench.catalogue.owner = owner  # type: ignore[method-assign]
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

    async def owner(server: str, task_id: str) -> str | None:
        return {"elsewhere": MINE, "theirs": "somebody"}.get(task_id)

    bench.catalogue.owner = owner  # type: ignore[method-assign]
    data = result(1, {"tasks": [{"taskId": each} for each in ("t", "theirs", "elsewhere", "nobody")]})
    bench.server.script = lambda _: bench.server.json(data)
    client = await bench.send(body(1, "tasks/list"))
    shown = [each["taskId"] for each in client.json["result"]["tasks"]]
    assert shown == (["t", "elsewhere"] if mode.enforcing else ["t", "theirs", "elsewhere", "nobody"])
    theirs = (await bench.send(body(1, "tasks/list"), token=SECOND)).json["result"]["tasks"]
    assert bool(theirs) is not mode.enforcing
