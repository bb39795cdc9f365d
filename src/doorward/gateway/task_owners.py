"""Whose a task is: its id is a handle that anybody could present (MCP 2025-11-25 basic/utilities/tasks, SEP-2663).

A task belongs to the caller whose call made it, from the moment its id first crosses here; where the caller acts for
somebody, for that one alone. What is forgotten here is still in the store; the pipeline asks it, in a thread, for ids
that are unknown here.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.identity import key_of
from doorward.core.message import Message, Request, Response
from doorward.core.policy import Mode, Severity
from doorward.core.snapshot import Server
from doorward.stages.questions import RELATED_TASK

MAX_TASKS = 32_768
MAX_TASKS_PER_OWNER = 256
LONGEST_ID = 1024  # characters; a longer id is nobody's
LONGEST_TOOL = 256  # characters; a longer name is not remembered

ANOTHERS = Decision(
    Effect.DENY,
    Reason.POLICY_TASK,
    Severity.HIGH,
    rules=("task-owner",),
    what="this task was made by another caller, or for somebody else",
    remedy="use the tasks that your own calls made",
)
NOBODYS = Decision(
    Effect.DENY,
    Reason.POLICY_TASK,
    Severity.HIGH,
    rules=("task-owner",),
    what="this task was not made through this gateway, or is long over",
    remedy="make the call again, and use the task that it gives",
)


class Task(msgspec.Struct, frozen=True):
    """One task: ``owner`` is ``Principal.holder``, ``tool`` the one whose call made it (empty: not known)."""

    server: str
    id: str
    owner: str
    tool: str = ""


Crossed = Callable[[Task], None]
"""A task that crossed for the first time. Must not block: bootstrap writes it to the store aside."""


def ignore(task: Task) -> None:
    """Tell nobody."""


class TaskOwners:
    """The latest tasks of each caller. One who makes very many, for whomever, pushes out only tasks of their own."""

    __slots__ = ("_by_caller", "_crossed", "_tasks")

    def __init__(self, crossed: Crossed = ignore) -> None:
        self._crossed = crossed
        self._tasks: dict[tuple[str, str], Task] = {}
        self._by_caller: OrderedDict[str, OrderedDict[tuple[str, str], None]] = OrderedDict()  # by Principal.key

    def remember(self, server: str, task_id: str, owner: str, tool: str = "") -> Task:
        """A call of ``owner`` made this task. The first owner stays the owner, whatever a server says later."""
        return self._keep(Task(server, task_id, owner, tool if len(tool) <= LONGEST_TOOL else ""), is_new=True)

    def adopt(self, task: Task) -> Task:
        """What the store knew about an id that was unknown here."""
        return self._keep(task, is_new=False)

    def known(self, server: str, task_id: str) -> str | None:
        """The owner; None: unknown here, so ask the store and ``adopt`` its answer."""
        task = self.task(server, task_id)
        return None if task is None else task.owner

    def task(self, server: str, task_id: str) -> Task | None:
        """The task; one that is asked for stays longer."""
        key = (server, task_id)
        task = self._tasks.get(key)
        if task is not None:
            caller = key_of(task.owner)
            self._by_caller[caller].move_to_end(key)
            self._by_caller.move_to_end(caller)
        return task

    def _keep(self, task: Task, *, is_new: bool) -> Task:
        first = self.task(task.server, task.id)
        if first is not None or len(task.id) > LONGEST_ID:
            return first or task
        key = (task.server, task.id)
        caller = key_of(task.owner)
        own = self._by_caller.setdefault(caller, OrderedDict())
        self._by_caller.move_to_end(caller)
        own[key] = None
        self._tasks[key] = task
        if len(own) > MAX_TASKS_PER_OWNER:
            self._forget(caller)
        elif len(self._tasks) > MAX_TASKS:
            self._forget(next(iter(self._by_caller)))  # of the caller who was longest away
        if is_new:
            self._crossed(task)
        return task

    def _forget(self, caller: str) -> None:
        own = self._by_caller[caller]
        key, _ = own.popitem(last=False)
        del self._tasks[key]
        if not own:
            del self._by_caller[caller]


def task_mode(server: Server, task: Task | None) -> Mode:
    """What holds for a task: the mode of the tool that made it. Where that is not known it may be any tool's."""
    return server.mode_of(task.tool) if task is not None and task.tool else server.strictest(server.mode)


def judge(asker: str, owner: str | None) -> Decision:
    """Whether ``asker`` may use a task of ``owner``; None: neither here nor in the store."""
    if owner is None:
        return NOBODYS
    return ALLOW if asker == owner else ANOTHERS


def made_task(method: str | None, response: Response) -> str | None:
    """The id of the task that an answer to ``method`` made, if it made one.

    Answers to ``tasks/…`` make none, though they show ids: a caller must not come to own a task by looking at it.
    """
    result = response.result
    if not isinstance(result, dict) or (method or "").startswith("tasks/"):
        return None
    held = result.get("task")
    if isinstance(held, dict) and isinstance(held.get("taskId"), str):  # MCP 2025-11-25, CreateTaskResult
        return str(held["taskId"])
    if result.get("resultType") == "task" and isinstance(result.get("taskId"), str):  # SEP-2663
        return str(result["taskId"])
    return None


def used_tasks(message: Message) -> tuple[str, ...]:
    """The ids of the tasks that a client's request is about: each must be the caller's own.

    ``params.taskId``, the related task in ``_meta``, and the tasks that a ``subscriptions/listen`` names. A client's
    notifications are about tasks that the client runs for the server (MCP 2025-11-25): those are nobody else's.
    """
    if not isinstance(message, Request):
        return ()
    params = message.params
    related = _member(params.get("_meta"), RELATED_TASK)
    if message.method == "tools/call" and related is None:
        return ()
    found: list[Any] = [_member(related, "taskId")]
    if message.method.startswith("tasks/"):
        found.append(params.get("taskId"))
    elif message.method == "subscriptions/listen":
        ids = _member(params.get("notifications"), "taskIds")
        found += ids if isinstance(ids, list) else []
    return tuple(dict.fromkeys(task_id for task_id in found if isinstance(task_id, str)))


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
