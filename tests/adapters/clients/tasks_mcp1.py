"""The official SDK 1.x, asking for the state of tasks too (see dialogue.py)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import play_mcp1
from mcp import McpError, types
from mcp.client.session import ClientSession


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    async with (
        play_mcp1.until_closed(target) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        about = dialogue.plain(await session.initialize())

        async def task(task_id: str) -> types.GetTaskResult:
            params = types.GetTaskRequestParams(taskId=task_id)
            return await session.send_request(
                types.ClientRequest(types.GetTaskRequest(params=params)), types.GetTaskResult
            )

        yield about, {**dialogue.requests(session, types, heard), "task": task}


if __name__ == "__main__":
    dialogue.run(connect, McpError)
