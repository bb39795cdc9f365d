"""The official SDK at both ends, `doorward run` between them."""

import os
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

RUN = ["-m", "doorward", "run", "--"]
CRM = [sys.executable, "-m", "doorward.demo.crm", "--stdio"]


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_a_client_cannot_tell_the_difference(mode: str, tmp_path: Path) -> None:
    seen = []
    for wrapper in ([], RUN):
        args = [*wrapper, *CRM] if wrapper else CRM[1:]
        env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
        with open(os.devnull, "w") as errors:
            transport = stdio_client(StdioServerParameters(command=sys.executable, args=args, env=env), errlog=errors)
            async with Client(transport, mode=mode) as client:
                tools = await client.list_tools()
                name = next(tool.name for tool in tools.tools if "list" in tool.name or "search" in tool.name)
                result = await client.call_tool(name, {"query": "a"})
                seen.append((client.protocol_version, tools.model_dump(), result.model_dump()))
    assert seen[0] == seen[1]
    assert list((tmp_path / "doorward" / "audit").glob("*/journal-*.jsonl"))
