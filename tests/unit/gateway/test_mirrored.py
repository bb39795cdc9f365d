import json
from typing import Any

import pytest

from doorward.core.message import Response, read
from doorward.gateway import mirrored as module
from doorward.gateway.mirrored import Mirrored


def tool(name: Any, header: str | None = "Region") -> dict[str, Any]:
    field = {"type": "string"} | ({"x-mcp-header": header} if header else {})
    return {"name": name, "inputSchema": {"properties": {"region": field}}}


def page(*tools: Any, **more: Any) -> Response:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools, **more}}).encode())
    assert isinstance(found, Response)
    return found


REGION = {b"mcp-param-region": (("region",), "string")}


def test_what_passed_for_one_caller_says_nothing_about_another() -> None:
    mirrored = Mirrored()
    assert mirrored.params("crm", "a", "find") is None
    mirrored.learn("crm", "a", page(tool("find")))
    assert mirrored.params("crm", "a", "find") == REGION
    assert mirrored.params("crm", "b", "find") is None
    assert mirrored.params("other", "a", "find") is None
    assert mirrored.params("crm", "a", None) is None


def test_pages_add_up_and_a_new_list_replaces_what_it_names() -> None:
    mirrored = Mirrored()
    mirrored.learn("crm", "a", page(tool("find")))
    mirrored.learn("crm", "a", page(tool("other"), tool("plain", None)))
    assert mirrored.params("crm", "a", "find") == mirrored.params("crm", "a", "other") == REGION
    assert not mirrored.params("crm", "a", "plain")
    mirrored.learn("crm", "a", page(tool("find", "Zone")))
    assert mirrored.params("crm", "a", "find") == {b"mcp-param-zone": (("region",), "string")}
    mirrored.learn("crm", "a", page(tool("find", None)))  # the annotation went away with the new version
    assert not mirrored.params("crm", "a", "find")


@pytest.mark.parametrize("result", [[], "x", {"tools": 1}, {"tools": [1, {}, {"name": 1}, {"name": "x-mcp-header"}]}])
def test_what_is_no_list_of_tools_is_ignored(result: Any) -> None:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
    assert isinstance(found, Response)
    mirrored = Mirrored()
    mirrored.learn("crm", "a", found)
    assert not mirrored.params("crm", "a", "find")


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CALLERS", 2)
    monkeypatch.setattr(module, "_TOOLS", 3)
    mirrored = Mirrored()
    for owner in ("a", "b", "a", "c"):
        mirrored.learn("crm", owner, page(tool("find")))
    assert [mirrored.params("crm", owner, "find") for owner in "abc"] == [REGION, None, REGION]
    mirrored.learn("crm", "a", page(*(tool(f"t{i}") for i in range(9))))
    known = [i for i in range(9) if mirrored.params("crm", "a", f"t{i}") is not None]
    assert len(known) == 2


def test_of_a_very_long_page_the_first_ones_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 2)
    mirrored = Mirrored()
    mirrored.learn("crm", "a", page(tool("first"), tool("second"), tool("third")))
    assert mirrored.params("crm", "a", "second") == REGION
    assert mirrored.params("crm", "a", "third") is None
