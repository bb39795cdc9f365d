"""Which arguments of a tool are mirrored in headers, as its ``inputSchema`` said when ``tools/list`` passed here."""

from collections import OrderedDict
from typing import Any

from doorward.core.message import Response
from doorward.stages.listing import MOST_ENTRIES
from doorward.stages.mirrors import ParamMap, param_map

_CALLERS = 512
_TOOLS = 2048


class Mirrored:
    """One bounded table for each server and principal: what another was shown says nothing about its tools."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: OrderedDict[tuple[str, str], dict[str, ParamMap]] = OrderedDict()

    def params(self, server: str, owner: str, tool: str | None) -> ParamMap | None:
        """The mirrored arguments of a tool; None if its schema has not passed here."""
        table = self._tables.get((server, owner))
        return table.get(tool) if table is not None and tool is not None else None

    def learn(self, server: str, owner: str, response: Response) -> None:
        """Take in one page of ``tools/list``."""
        key = (server, owner)
        table = self._tables.get(key)
        if table is None and b"x-mcp-header" not in response.raw:
            return
        if table is None:
            table = self._tables[key] = {}
            if len(self._tables) > _CALLERS:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        for name, schema in _tools(response):
            if len(table) < _TOOLS or name in table:
                table[name] = param_map(schema)


def _tools(response: Response) -> list[tuple[str, Any]]:
    tools = response.result.get("tools") if isinstance(response.result, dict) else None
    if not isinstance(tools, list):
        return []
    return [
        (t["name"], t.get("inputSchema"))
        for t in tools[:MOST_ENTRIES]
        if isinstance(t, dict) and isinstance(t.get("name"), str)
    ]
