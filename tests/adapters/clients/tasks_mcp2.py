"""The official SDK 2.x, asking for the state of tasks too (see dialogue.py), in the era that the target's `mode`
names."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import mcp_types as types
import play_mcp2
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError


class GetTask(types.GetTaskRequest):
    """With the header that the tasks extension of the modern era wants (SEP-2663); the SDK knows older tasks only."""

    name_param = "taskId"


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    async with Client(play_mcp2.transport(target), mode=target["mode"], cache=None) as client:

        async def task(task_id: str) -> types.GetTaskResult:
            request = GetTask(params=types.GetTaskRequestParams(task_id=task_id))
            return await client.session.send_request(request, types.GetTaskResult)

        about = {"protocolVersion": client.protocol_version}
        yield about, {**dialogue.requests(client, types, heard), "task": task}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    dialogue.run(connect, MCPError)
