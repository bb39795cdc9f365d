import json
from typing import Any

import pytest

from doorward.core.message import Response, read
from doorward.gateway import schemas as schemas_module
from doorward.gateway.schemas import Schemas


def tool(name: Any, header: str | None = "Region") -> dict[str, Any]:
    field = {"type": "string"} | ({"x-mcp-header": header} if header else {})
    return {"name": name, "inputSchema": {"properties": {"region": field}}}


def page(*tools: Any, **more: Any) -> Response:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools, **more}}).encode())
    assert isinstance(found, Response)
    return found


REGION = {b"mcp-param-region": (("region",), "string")}


def test_what_passed_for_one_caller_says_nothing_about_another() -> None:
    schemas = Schemas()
    assert schemas.params("crm", "a", "find") is None
    schemas.learn("crm", "a", page(tool("find")))
    assert schemas.params("crm", "a", "find") == REGION
    assert schemas.params("crm", "b", "find") is None
    assert schemas.params("other", "a", "find") is None
    assert schemas.params("crm", "a", None) is None


def test_pages_add_up_and_a_new_list_replaces_what_it_names() -> None:
    schemas = Schemas()
    schemas.learn("crm", "a", page(tool("find")))
    schemas.learn("crm", "a", page(tool("other"), tool("plain", None)))
    assert schemas.params("crm", "a", "find") == schemas.params("crm", "a", "other") == REGION
    assert not schemas.params("crm", "a", "plain")
    schemas.learn("crm", "a", page(tool("find", "Zone")))
    assert schemas.params("crm", "a", "find") == {b"mcp-param-zone": (("region",), "string")}
    schemas.learn("crm", "a", page(tool("find", None)))  # the annotation went away with the new version
    assert not schemas.params("crm", "a", "find")


@pytest.mark.parametrize("result", [[], "x", {"tools": 1}, {"tools": [1, {}, {"name": 1}, {"name": "x-mcp-header"}]}])
def test_what_is_no_list_of_tools_is_ignored(result: Any) -> None:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
    assert isinstance(found, Response)
    schemas = Schemas()
    schemas.learn("crm", "a", found)
    assert not schemas.params("crm", "a", "find")


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas_module, "_CALLERS", 2)
    monkeypatch.setattr(schemas_module, "_TOOLS", 3)
    schemas = Schemas()
    for owner in ("a", "b", "a", "c"):
        schemas.learn("crm", owner, page(tool("find")))
    assert [schemas.params("crm", owner, "find") for owner in "abc"] == [REGION, None, REGION]
    schemas.learn("crm", "a", page(*(tool(f"t{i}") for i in range(9))))
    known = [i for i in range(9) if schemas.params("crm", "a", f"t{i}") is not None]
    assert len(known) == 2
